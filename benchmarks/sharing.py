"""How long pictures, films and sessions take to write and to open, and how long keeping a session stalls the window.

The pictures are of a crowded plane, and PNG is their baseline. The film is of a run, drawn and written at once. The
session has three runs of images.
"""

from __future__ import annotations

import argparse
import os
import tempfile
import time
from pathlib import Path

from common import row, times
from watching import Stalls, run_for, wait_until

# isort: split
import numpy as np
from PySide6.QtCore import QCoreApplication
from PySide6.QtWidgets import QApplication

import resources
from app.export import formats
from app.export.figure import Figure
from app.export.film_files import Film
from app.export.filming import Filming, Writing
from app.export.offstage import Offstage
from app.export.stage import Stage, shot
from app.main_window import MainWindow
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView
from app.session import bundled
from geomodel.session_files import Writer

POINTS, SAMPLES, LEVELS = 10_000, 250, 81  # as many samples as a plane draws
SIZE, DPI = (120.0, 120.0), 300
SECOND = 1000.0  # ms, the budget for SVG
LARGEST = 5.0  # MB, the budget for SVG
VIDEO, PACE = (1920, 1080), 1.0  # pixels of a film, and levels a second, so that each level has 30 frames of the MP4
FILM_SECONDS = 20_000.0  # ms, the budget for an MP4 of 19 levels
SAVE, OPEN, STALL = 2000.0, 3000.0, 20.0  # ms, the budgets for a session


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


def pictures(qt: QCoreApplication, repeats: int) -> None:
    """Times and sizes of the pictures of a crowded plane."""
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


def three_runs() -> MainWindow:
    """A window with three pinned runs of the bundled network of images, which are linked and stand still."""
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.begin([])
    wait_until(lambda: window.state.run is not None and window.state.run.status == "complete")
    window.player.drafting.open_with_its_data(bundled.path("fashion-mnist"))
    wait_until(lambda: window.state.network is not None)
    for steps in (18, 17, 16):
        window.player.drafting.edit({"steps": steps})
        window.player.run()
        wait_until(lambda steps=steps: there(window, steps))
        window.state.run.pinned = True
        window.state.runs_changed.emit()
    window.playback.pause()
    for run in [run for run in window.state.runs.values() if not run.pinned]:
        window.player.remove(run.id)
    return window


def there(window: MainWindow, steps: int) -> bool:
    """Whether the run with so many steps is shown and complete."""
    run = window.state.run
    return run is not None and run.status == "complete" and run.settings.steps == steps and run.x.ndim == 5


def sessions(repeats: int) -> None:
    """A session of three runs of images: saved, kept while the window is in use, opened."""
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        window, path, saved, opened, kept = three_runs(), str(Path(folder, "three.geomodel")), [], [], []
        times(f"a session of {len(window.state.runs)} runs of {window.state.run.x.shape[1]} images")
        for _ in range(repeats):
            begin = time.perf_counter()
            formats.row("session").write(window.sessions.capture(), path)
            saved.append(1000 * (time.perf_counter() - begin))
        row("save", saved, SAVE)
        linked: list[float] = []
        window.restoring.linked.connect(lambda: linked.append(time.perf_counter()))
        for k in range(repeats):
            begin = time.perf_counter()
            window.sessions.open(path)
            wait_until(lambda k=k: len(linked) > k)
            opened.append(1000 * (linked[k] - begin))
        row("open, until its runs are linked", opened, OPEN)
        stalls = Stalls(window)
        run_for(3.0)
        stalls.start()
        run_for(2.0)
        idle = stalls.stop()
        for _ in range(repeats):
            window.autosave._writer = Writer(Path(folder, "kept.geomodel"))  # so that every run is packed anew
            window.autosave._changed = True
            stalls.start()
            window.autosave.save()
            finished: list[object] = []
            window.sessions.disk.submit(lambda: None, finished.append, finished.append)
            wait_until(lambda finished=finished: bool(finished))
            kept.append(stalls.stop()[0])
        row("longest stall while it is kept", kept, STALL)
        row("longest stall of the idle window", [idle[0]])
        print(f"MB: {Path(path).stat().st_size / 1e6:.1f}")
        window.close()


def main() -> None:
    """Print tables of times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--repeats", type=int, default=3)
    repeats = parser.parse_args().repeats
    qt = QApplication.instance() or QApplication([])
    pictures(qt, repeats)
    sessions(repeats)


if __name__ == "__main__":
    main()
