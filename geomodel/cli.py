"""The command line. `run` computes a run and writes it, and the other commands make checkpoints, without a window."""

from __future__ import annotations

import argparse
import sys
import time
from dataclasses import replace
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING, Any, get_args

import numpy as np

from geomodel import __version__, classes, cli_hints, console, datasets, files, runs, schedules, solvers
from geomodel.compared import Compared
from geomodel.origin import MOST_THREADS
from geomodel.places import absolute
from geomodel.settings import CUSTOM, MOST_SAMPLES, Driver, Option, RunSettings, Start, limits, problems

if TYPE_CHECKING:
    from geomodel.record import Record
    from geomodel.trajectory import Trajectory


def levels(text: str) -> tuple[float, ...]:
    """Noise levels from a list as programs print it. argparse shows the sentence only of its own error."""
    try:
        return schedules.levels_from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


def coordinates(text: str) -> tuple[float, ...]:
    """The coordinates of a point, with commas between them."""
    try:
        return tuple(float(part) for part in text.split(","))
    except ValueError as error:
        raise argparse.ArgumentTypeError("write the coordinates as 1.5,-2.") from error


# option, field of RunSettings, type
FIELDS: tuple[tuple[str, str, Any], ...] = (
    ("--data", "data", str),
    ("--data-count", "data_count", int),
    ("--data-seed", "data_seed", int),
    ("--data-columns", "data_columns", str),
    ("--model", "network", str),
    ("--driver", "driver", str),
    ("--blend", "blend", float),
    ("--label", "label", int),
    ("--guidance", "guidance", float),
    ("--compared-with", "compared_with", str),
    ("--solver", "solver", str),
    ("--schedule", "schedule", str),
    ("--steps", "steps", int),
    ("--jump-at", "jump_at", int),
    ("--sigma-max", "sigma_max", float),
    ("--sigma-min", "sigma_min", float),
    ("--rho", "rho", float),
    ("--levels", "levels", levels),
    ("--start", "start", str),
    ("--start-index", "start_index", int),
    ("--start-point", "start_point", coordinates),
    ("--count", "count", int),
    ("--seed", "seed", int),
)
# command with a module of its own, geomodel.cli_COMMAND → help
COMMANDS = {
    "train": "train a small denoiser and write a checkpoint",
    "convert": "write a checkpoint of any program as one of Geomodel's own format",
    "claims": "check the claims of the literature on a model and its data",
}
CHOICES: dict[str, tuple[str, ...]] = {
    "driver": get_args(Driver),
    "compared_with": get_args(Compared),
    "solver": solvers.names(),
    "schedule": schedules.names(),
    "start": get_args(Start),
}


def parser() -> argparse.ArgumentParser:
    """The whole command line. Loads no torch."""
    top = argparse.ArgumentParser(
        prog="main.py", description="Geomodel: watch how a diffusion model moves through space while it samples."
    )
    top.add_argument("--version", action="version", version=f"Geomodel {__version__}")
    top.add_argument(
        "--open", dest="files", metavar="FILE", action="append", default=[], help="open a file in the window"
    )
    top.add_argument("--data", default="", metavar="NAME", help="a named data set or a file, in the window")
    top.add_argument("--model", dest="network", default="", metavar="FILE", help="a checkpoint, in the window")
    top.add_argument(
        "--denoiser",
        default="",
        metavar="FILE.py:FUNCTION",
        help="a denoiser of your own: runs that Python file, and takes what the function returns",
    )
    cli_hints.add_arguments(top)
    top.set_defaults(command="")
    commands = top.add_subparsers(title="without a window", metavar="COMMAND")
    run_parser = commands.add_parser("run", help="compute a run and write it as NPZ and CSV")
    run_parser.set_defaults(command="run")
    defaults = RunSettings()
    for option, name, kind in FIELDS:
        default = getattr(defaults, name)
        shown = "" if default in (None, "", ()) else f" (default {default})"
        if name == "data":
            shown = f" Named sets: {', '.join(datasets.names())}.{shown}"
        text = limits(name).help.replace("%", "%%") + shown
        run_parser.add_argument(option, dest=name, type=kind, choices=CHOICES.get(name), help=text, metavar=None)
    cli_hints.add_arguments(run_parser)
    run_parser.add_argument("--final-zero", action="store_true", help=limits("final_zero").help)
    run_parser.add_argument("--beside", action=argparse.BooleanOptionalAction, default=True, help=limits("beside").help)
    run_parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the solver, such as order=2"
    )
    run_parser.add_argument(
        "--threads", type=int, metavar="N", help="processor threads, which decide the last bits (default: PyTorch's)"
    )
    run_parser.add_argument("--device", default="cpu", help="where the network computes: cpu, cuda, mps (default: cpu)")
    run_parser.add_argument(
        "--piece", type=int, metavar="ROWS", help="how many samples the network takes at once (default: all)"
    )
    run_parser.add_argument(
        "--out", type=Path, default=Path(), help="folder for run.npz and measures.csv (default: here)"
    )
    run_parser.add_argument(
        "--figures",
        nargs="*",
        choices=("png", "svg", "pdf"),
        help="also draw the plane, the measures and whatever else the run can show, as PNG if no format is named",
    )
    for command, text in COMMANDS.items():
        command_parser = commands.add_parser(command, help=text)
        command_parser.set_defaults(command=command)
        import_module(f"geomodel.cli_{command}").add_arguments(command_parser)
    return top


def parse(arguments: list[str]) -> argparse.Namespace:
    """The parsed command line; `command` is empty for the window. Paths are absolute.

    What is printed from now on fits the console.
    """
    console.spell_out()
    parsed = parser().parse_args(_with_files(arguments))
    for name in ("data", "network", "denoiser"):
        if given := getattr(parsed, name, None):
            setattr(parsed, name, absolute(given))
    parsed.files = [absolute(file) for file in parsed.files]
    return parsed


def _with_files(arguments: list[str]) -> list[str]:
    """The arguments with --open before each file that they begin with, as in ``geomodel run.npz``."""
    files = list(takewhile(lambda argument: Path(argument).suffix or Path(argument).exists(), arguments))
    if not files or files[0].startswith("-") or files[0] in ("run", *COMMANDS):
        return arguments
    return [*(part for file in files for part in ("--open", file)), *arguments[len(files) :]]


def run(arguments: argparse.Namespace) -> int:
    """Carry out a command; returns the exit code."""
    if arguments.command in COMMANDS:
        return int(import_module(f"geomodel.cli_{arguments.command}").run(arguments))
    try:
        settings, hints = settings_from(arguments), cli_hints.hints(arguments)
        _check_machine(arguments)
        arguments.out.mkdir(parents=True, exist_ok=True)  # if this fails, it fails before the work is done
        _write(_compute(settings, hints, arguments), arguments.out)
    except OSError as error:
        print(files.write_error(arguments.out, error), file=sys.stderr)
        return 2
    except ValueError as error:
        print(error, file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("\nCancelled; nothing was written.", file=sys.stderr)
        return 130
    return 0


def settings_from(arguments: argparse.Namespace) -> RunSettings:
    """The settings that the options ask for. ValueError with the first thing that is wrong."""
    given = {name: getattr(arguments, name) for _, name, _ in FIELDS if getattr(arguments, name) is not None}
    if given.get("network") and "driver" not in given:
        given["driver"] = "network"
    if given.get("levels"):
        given["schedule"] = CUSTOM
    if given.get("start_point") and given.setdefault("start", "point") != "point":
        raise ValueError(f"The option --start-point is for the start “point”; --start says {given['start']}.")
    options = dict(_option(text) for text in arguments.option)
    switches = {"beside": arguments.beside, "final_zero": arguments.final_zero}
    settings = replace(RunSettings(), **given, **switches, options=options)
    if found := problems(settings):
        raise ValueError(next(iter(found.values())))
    allowed = tuple(option.name for option in solvers.row(settings.solver).options)
    try:
        schedules.check_keywords(f"The solver {settings.solver}", options, allowed)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return settings


def _option(text: str) -> tuple[str, Option]:
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"--option takes NAME=VALUE, such as order=2; got {text!r}.")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def _check_machine(arguments: argparse.Namespace) -> None:
    for option, given, most in (
        ("--threads", arguments.threads, MOST_THREADS),
        ("--piece", arguments.piece, MOST_SAMPLES),
    ):
        if given is not None and not 1 <= given <= most:
            raise ValueError(f"{option} lies between 1 and {most:,}; got {given:,}.")


def _compute(settings: RunSettings, hints: dict[str, object], machine: argparse.Namespace) -> Trajectory:
    name, count, seed, columns = settings.data_key
    data = datasets.load(name, count=count, seed=seed, columns=columns) if name else None
    network = None
    if settings.network:
        from geomodel.checkpoints import load_checkpoint

        network = load_checkpoint(settings.network, device=machine.device, hints=hints)
        network.piece = machine.piece
    if machine.threads is not None:
        import torch

        torch.set_num_threads(machine.threads)
    started = 0.0  # set at the first step, so that loading is not counted

    def report(record: Record) -> None:
        nonlocal started
        done, steps = record.committed - 1, len(record.sigmas) - 1
        spent, first = (int(np.max(record.evaluations_at[level])) for level in (done, 1))
        if not started:
            started = time.perf_counter()
        line = f"step {done}/{steps}  {spent} evaluations "
        if spent > first:
            line += f" {1000 * (time.perf_counter() - started) / (spent - first):.1f} ms each "
        if sys.stderr.isatty():
            print(f"\r{line}", end="\n" if done == steps else "", file=sys.stderr, flush=True)
        elif done == steps:
            print(line.rstrip(), file=sys.stderr)

    trajectory = runs.compute(settings, data, network, report)
    asked = classes.asked(settings, data, network)
    for sentence in filter(None, (asked.name and f"Class {settings.label} is {asked.name!r}.", asked.note)):
        print(sentence, file=sys.stderr)
    return trajectory


def _write(trajectory: Trajectory, out: Path) -> None:
    from geomodel import measures

    trajectory.save(out / "run.npz")
    measures.write_csv(trajectory, out / "measures.csv")
    print(out / "run.npz")
    print(out / "measures.csv")
