"""The command line. `run` computes a run and writes it, and other commands experiment or make checkpoints, without a
window.
"""

from __future__ import annotations

import argparse
import sys
import time
from importlib import import_module
from itertools import takewhile
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from geomodel import __version__, classes, cli_hints, cli_settings, cli_study, console, files, runs
from geomodel.cli_settings import FIELDS as FIELDS
from geomodel.cli_settings import check_machine, opened, settings_from
from geomodel.places import absolute
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from geomodel.record import Record
    from geomodel.trajectory import Trajectory


# command with a module of its own, geomodel.cli_COMMAND → help
COMMANDS = {
    "train": "train a small denoiser and write a checkpoint",
    "convert": "write a checkpoint of any program as one of Geomodel's own format",
    "claims": "check the claims of the literature on a model and its data",
    "quality": "measure how good x and D of a run are at every level, over many samples",
    "theories": "measure which theories explain what a denoiser does, over many samples",
    "experiment": "run a race, a sweep, designed levels, jumps or the quality of a run, and write the numbers",
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
    cli_settings.add_arguments(run_parser)
    run_parser.add_argument(
        "--out", type=Path, default=Path(), help="folder for run.npz and measures.csv (default: here)"
    )
    run_parser.add_argument(
        "--figures",
        nargs="*",
        choices=("png", "svg", "pdf"),
        help="also draw the plane, the measures and whatever else the run can show, as PNG if no format is named",
    )
    cli_study.add_arguments(run_parser, keep=True)
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
        check_machine(arguments)
        if arguments.samples is not None:
            return cli_study.guarded(arguments, lambda: cli_study.run(settings, hints, arguments))
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


def _compute(settings: RunSettings, hints: dict[str, object], machine: argparse.Namespace) -> Trajectory:
    data, network = opened(settings, hints, machine)
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
