"""The options of every command that computes with settings of a run: which they are, and what they open."""

from __future__ import annotations

import argparse
from dataclasses import replace
from typing import TYPE_CHECKING, Any, get_args

from geomodel import cli_hints, datasets, schedules, solvers, theories
from geomodel.compared import Compared
from geomodel.origin import MOST_THREADS
from geomodel.settings import CUSTOM, MOST_SAMPLES, Driver, Option, RunSettings, Start, limits, problems
from geomodel.strokes import Strokes, from_text
from geomodel.together import own_device

if TYPE_CHECKING:
    from geomodel.datasets import Dataset
    from geomodel.denoisers.network import NetworkDenoiser


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


def strokes(text: str) -> Strokes:
    """The strokes of a drawing, as `geomodel.strokes.text` writes them."""
    try:
        return from_text(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error


# option, field of RunSettings, type
FIELDS: tuple[tuple[str, str, Any], ...] = (
    ("--data", "data", str),
    ("--data-count", "data_count", int),
    ("--data-seed", "data_seed", int),
    ("--data-columns", "data_columns", str),
    ("--drawing", "drawing", strokes),
    ("--drawing-width", "drawing_width", float),
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
CHOICES: dict[str, tuple[str, ...]] = {
    "driver": get_args(Driver),
    "compared_with": get_args(Compared),
    "solver": solvers.names(),
    "schedule": schedules.names(),
    "start": get_args(Start),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The settings of a run, and on what the network computes."""
    defaults = RunSettings()
    for option, name, kind in FIELDS:
        default = getattr(defaults, name)
        shown = "" if default in (None, "", ()) else f" (default {default})"
        if name == "data":
            shown = f" Named sets: {', '.join(datasets.names())}.{shown}"
        text = limits(name).help.replace("%", "%%") + shown
        parser.add_argument(option, dest=name, type=kind, choices=CHOICES.get(name), help=text, metavar=None)
    cli_hints.add_arguments(parser)
    parser.add_argument("--final-zero", action="store_true", help=limits("final_zero").help)
    parser.add_argument("--beside", action=argparse.BooleanOptionalAction, default=True, help=limits("beside").help)
    parser.add_argument(
        "--option", action="append", default=[], metavar="NAME=VALUE", help="an option of the solver, such as order=2"
    )
    parser.add_argument(
        "--driver-option",
        action="append",
        default=[],
        metavar="NAME=VALUE",
        help=f"an option of the theory that drives, such as patch=5: {_options_of_theories()}",
    )
    parser.add_argument(
        "--threads", type=int, metavar="N", help="processor threads, which decide the last bits (default: PyTorch's)"
    )
    parser.add_argument("--device", default="cpu", help="where the network computes: cpu, cuda, mps (default: cpu)")
    parser.add_argument(
        "--piece", type=int, metavar="ROWS", help="how many samples the network takes at once (default: all)"
    )


def _options_of_theories() -> str:
    """The options of every theory with their limits."""
    return "; ".join(
        f"{row.name} " + ", ".join(f"{option.name} (default {option.default})" for option in row.options)
        for row in theories.THEORIES
        if row.options
    )


def settings_from(arguments: argparse.Namespace) -> RunSettings:
    """The settings that the options ask for. ValueError with the first thing that is wrong."""
    given = {name: getattr(arguments, name) for _, name, _ in FIELDS if getattr(arguments, name) is not None}
    if given.get("network") and "driver" not in given:
        given["driver"] = "network"
    if given.get("levels"):
        given["schedule"] = CUSTOM
    if given.get("drawing"):
        given.setdefault("data", datasets.DRAWING)
    if given.get("start_point") and given.setdefault("start", "point") != "point":
        raise ValueError(f"The option --start-point is for the start “point”; --start says {given['start']}.")
    options = dict(option_of(text) for text in arguments.option)
    of_driver = dict(option_of(text, "--driver-option", "patch=5") for text in arguments.driver_option)
    switches = {"beside": arguments.beside, "final_zero": arguments.final_zero}
    settings = replace(RunSettings(), **given, **switches, options=options, driver_options=of_driver)
    if found := problems(settings):
        raise ValueError(next(iter(found.values())))
    allowed = tuple(option.name for option in solvers.row(settings.solver).options)
    try:
        schedules.check_keywords(f"The solver {settings.solver}", options, allowed)
    except TypeError as error:
        raise ValueError(str(error)) from error
    return settings


def option_of(text: str, argument: str = "--option", such_as: str = "order=2") -> tuple[str, Option]:
    """The name and the value of an option."""
    name, equals, value = text.partition("=")
    if not equals:
        raise ValueError(f"{argument} takes NAME=VALUE, such as {such_as}; got {text!r}.")
    if value.lower() in ("true", "false"):
        return name, value.lower() == "true"
    for kind in (int, float):
        try:
            return name, kind(value)
        except ValueError:
            continue
    return name, value


def check_machine(arguments: argparse.Namespace) -> None:
    for option, given, most in (
        ("--threads", arguments.threads, MOST_THREADS),
        ("--piece", arguments.piece, MOST_SAMPLES),
    ):
        if given is not None and not 1 <= given <= most:
            raise ValueError(f"{option} lies between 1 and {most:,}; got {given:,}.")


def opened(
    settings: RunSettings, hints: dict[str, object], machine: argparse.Namespace
) -> tuple[Dataset | None, NetworkDenoiser | None]:
    """The data and the network of the settings, on the machine as the options ask for it."""
    data = settings.data_key.load() if settings.data else None
    network = None
    if settings.network:
        from geomodel.checkpoints import load_checkpoint

        network = load_checkpoint(settings.network, device=own_device(machine.device), hints=hints)
        network.piece = machine.piece
    if machine.threads is not None:
        import torch

        torch.set_num_threads(machine.threads)
    return data, network
