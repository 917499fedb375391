"""How long the pictures of a crowded plane take to write, and how large they are; and a film of a run, drawn and
written at once.
"""

from __future__ import annotations

import argparse
import tempfile
import time
from pathlib import Path

from common import row, times

# isort: split
import numpy as np
from PySide6.QtWidgets import QApplication

import resources
from app.export import formats
from app.export.figure import Figure
from app.export.film_files import Film
from app.export.filming import Filming, Writing
from app.export.offstage import Offstage
from app.export.stage import Stage, shot
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView

POINTS, SAMPLES, LEVELS = 10_000, 250, 81  # as many samples as a plane draws
SIZE, DPI = (120.0, 120.0), 300
SECOND = 1000.0  # ms, the budget for SVG
LARGEST = 5.0  # MB, the budget for SVG
VIDEO, PACE = (1920, 1080), 1.0  # pixels of a film, and levels a second, so that each level has 30 frames of the MP4
FILM_SECONDS = 20_000.0  # ms, the budget for an MP4 of 19 levels


def crowded() -> PlanePicture:
    """A plane in which 40,000 segments and all data are drawn."""
    rng, sigmas = np.random.default_rng(0), np.geomspace(80, 0.01, LEVELS)
    data = rng.normal(size=(POINTS, 2))
    x = data[:SAMPLES] + sigmas[:, None, None] * rng.normal(size=(SAMPLES, 2))
    curves = PlaneCurves(sampling=x, denoising=0.5 * x[:-1], sigmas=sigmas, committed=LEVELS)
    return PlanePicture(title="Crowded", data=data, curves=curves, index=60, frame="run")


def filmed(kind: str, folder: str) -> tuple[float, float]:
    """Milliseconds and MB of a film of the plane of the bundled run, without a window."""
    stage = Offstage()
    room = stage.room(next(row for row in ROOMS if row.name == "plane"))
    run = stage.open(resources.path("runs", "two-moons.npz"))
    stage.services.playback.pause()
    levels = list(range(len(run.sigmas)))
    path = Path(folder, f"film.{kind}")
    writing = Writing(formats.row(kind), str(path), len(levels))
    writing.film = Film(
        frames=writing.frames(),
        size=VIDEO,
        count=len(levels),
        rate=PACE,
        hold=0.0,
        repeats=0,
        recipe="{}",
        software="Geomodel",
    )
    begin, ended = time.perf_counter(), list[str]()
    filming = Filming(Stage([shot(room, stage.services.state, levels)], VIDEO), levels, stage.services.player, writing)
    filming.ended.connect(ended.append)
    filming.begin()
    while not ended:
        stage.settle()
    assert ended == [""], ended
    room.release()
    return 1000 * (time.perf_counter() - begin), path.stat().st_size / 1e6


def main() -> None:
    """Print a table of times, and the sizes under it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    qt = QApplication.instance() or QApplication([])
    view = PlaneView(LIGHT)
    view.display(crowded())
    figure, sizes = Figure(view=view, size_mm=SIZE, dpi=DPI), {}
    times(f"{2 * SAMPLES * (LEVELS - 1):,} segments, {POINTS:,} points")
    with tempfile.TemporaryDirectory() as folder:
        for kind in map(formats.row, formats.PICTURES):
            path, found = Path(folder, f"plane{kind.suffix}"), []
            for _ in range(repeats):
                begin = time.perf_counter()
                kind.write(figure, str(path))
                found.append(1000 * (time.perf_counter() - begin))
            sizes[kind.name] = path.stat().st_size / 1e6
            row(kind.name.upper(), found, SECOND if kind.name == "svg" else None)
    print("MB: " + ", ".join(f"{name.upper()} {size:.2f}" for name, size in sizes.items()) + f"; SVG at most {LARGEST}")
    view.release()
    times(f"film of the plane, 19 levels, {VIDEO[0]:,} × {VIDEO[1]:,}")
    with tempfile.TemporaryDirectory() as folder:
        for name in formats.FILMS:
            found = [filmed(name, folder) for _ in range(repeats)]
            row(name.upper(), [taken for taken, _ in found], FILM_SECONDS if name == "mp4" else None)
            sizes[name] = found[0][1]
    print("MB: " + ", ".join(f"{name.upper()} {sizes[name]:.2f}" for name in formats.FILMS))
    qt.processEvents()


if __name__ == "__main__":
    main()
