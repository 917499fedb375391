"""The command ``theories``: which theories explain what a denoiser does along its runs, over many samples."""

from __future__ import annotations

from argparse import ArgumentParser, Namespace
from pathlib import Path

from geomodel import cli_hints, cli_settings, cli_study, theories

SAMPLES = 1024


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``theories``."""
    parser.description = (
        "Runs the samples of these settings, asks theories at every level of theirs and writes theories.csv: the share "
        "R² of the denoiser that each theory explains, its standard error over the shards, and of how many samples it "
        "is the nearest. Only sums are kept."
    )
    cli_settings.add_arguments(parser)
    parser.add_argument(
        "--theory",
        nargs="+",
        action="append",
        default=[],
        metavar=("NAME", "OPTION=VALUE"),
        help=f"one to compare with, such as --theory local patch=5: {', '.join(theories.names())} (default: all that "
        "the data allow)",
    )
    cli_study.add_arguments(parser, samples=SAMPLES)
    parser.add_argument("--out", type=Path, default=Path("theories"), help="the folder (default: theories)")


def run(arguments: Namespace) -> int:
    """Compare, and return the exit code."""
    return cli_study.guarded(arguments, lambda: _run(arguments))


def _run(arguments: Namespace) -> None:
    from geomodel.study_theories import Sums, chosen, explained_in

    settings, hints = cli_settings.settings_from(arguments), cli_hints.hints(arguments)
    cli_settings.check_machine(arguments)
    cli_study.check(arguments)
    data, network = cli_settings.opened(settings, hints, arguments)
    if data is None:
        raise ValueError("Theories are made from data; choose reference data with --data.")
    given = {name: dict(cli_settings.option_of(text, "--theory") for text in more) for name, *more in arguments.theory}
    asked = chosen(given, settings.driver, data, settings.label)
    there = cli_study.computed(settings, arguments, data, network, "theories", Sums(asked), {"theories": asked})
    if there is None:
        return
    path = there.folder / "theories.csv"
    explained_in(there).write_csv(path)
    print(path)
