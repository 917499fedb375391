"""The command ``quality``: how good x and D of a run are at every level, over many samples, beside held-out data."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, Namespace
from math import nan
from pathlib import Path

from geomodel import classes, cli_hints, cli_settings, cli_study
from geomodel.quality import CONTROL

SAMPLES = 1024


def add_arguments(parser: ArgumentParser) -> None:
    """The arguments of ``quality``."""
    parser.description = (
        "Runs the samples of these settings and writes quality.csv: Fréchet distance, spread, distance to the data and "
        "sliced distance of x and D at every level, beside as many held-out data. Only sums are kept."
    )
    cli_settings.add_arguments(parser)
    cli_study.add_arguments(parser, samples=SAMPLES)
    parser.add_argument("--out", type=Path, default=Path("quality"), help="the folder (default: quality)")


def run(arguments: Namespace) -> int:
    """Measure, and return the exit code."""
    return cli_study.guarded(arguments, lambda: _run(arguments))


def _run(arguments: Namespace) -> None:
    from geomodel.experiments.quality import write_qualities
    from geomodel.quality import Yardstick
    from geomodel.study_levels import Sums, control, qualities_in
    from geomodel.study_quality import MOST_HELD_OUT

    settings, hints = cli_settings.settings_from(arguments), cli_hints.hints(arguments)
    cli_settings.check_machine(arguments)
    cli_study.check(arguments)
    data, network = cli_settings.opened(settings, hints, arguments)
    if data is None:
        raise ValueError("Quality is a distance to data; choose reference data with --data.")
    rows = classes.rows(data, classes.asked(settings, data, network).data)
    yardstick = Yardstick.of(data.points, max(1, min(arguments.samples, MOST_HELD_OUT)), rows=rows, seed=settings.seed)
    sums = Sums(yardstick, settings.seed)
    there = cli_study.computed(settings, arguments, data, network, "quality", sums)
    if there is None:
        return
    held_out = control(yardstick)
    path = there.folder / "quality.csv"
    write_qualities([*qualities_in(there, yardstick), (CONTROL, nan, held_out)], path)
    if held_out.note:
        print(held_out.note, file=sys.stderr)
    print(path)
