"""What drawing and drift cost: a frame of a stroke, a round of particles beside a bare one, and frames a second.

    python benchmarks/drawing.py [--seconds 4]

The real window, 1280 × 800, over a drawing of 1,000 points with density and field; then 400 particles over two moons.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time
from math import cos, sin

import numpy as np
from common import row, times
from PySide6.QtCore import QEvent, QObject, QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from watching import run_for, wait_until

from app.application import start_logging
from app.main_window import MainWindow
from app.rooms.drift.messages import DriftAnswer
from app.rooms.plane.messages import SketchAnswer
from geomodel import OptimalDenoiser, datasets, drift
from geomodel.arrays import Floats

FRAME = 16.0  # milliseconds
HERTZ = 60.0
ROUND = 1000 / HERTZ
H = 0.5


class Busy(QApplication):
    """Adds up the processor time of the window's own thread, event by event, and keeps the longest."""

    def __init__(self) -> None:
        super().__init__([])
        self.spent: list[float] = []
        self._depth = 0

    def notify(self, receiver: QObject, event: QEvent) -> bool:
        """Handle an event, and time the outermost one."""
        self._depth += 1
        before = time.thread_time()
        try:
            return super().notify(receiver, event)
        finally:
            self._depth -= 1
            if self._depth == 0:
                self.spent.append((time.thread_time() - before) * 1000)


class Answers(QObject):
    """Counts the answers of a kind."""

    def __init__(self, window: MainWindow, kind: type) -> None:
        super().__init__(window)
        self.count, self._kind = 0, kind
        window.player.answered.connect(self._answered)

    def _answered(self, answer: object) -> None:
        self.count += isinstance(answer, self._kind)


def library(repeats: int) -> None:
    """A round by the library and by bare NumPy, in processor time of this thread."""
    data = datasets.load("two-moons")
    optimal, particles = OptimalDenoiser(data.points), drift.start(data, 400)
    ours, bare, distance = [], [], []
    ruler = drift.Ruler(data.points)
    for _ in range(repeats):
        for found, action in (
            (ours, lambda: drift.field(optimal, particles, particles, H)),
            (bare, lambda: _shift(data.points, particles) - _shift(particles, particles)),
            (distance, lambda: ruler.distance(particles)),
        ):
            before = time.thread_time()
            action()
            found.append((time.thread_time() - before) * 1000)
    times("400 particles × 1,000 points, processor time")
    row("bare NumPy round", bare)
    row("drift.field", ours, ROUND)
    row("   over the bare round", [mine / float(np.median(bare)) for mine in ours], unit="times")
    row("sliced distance", distance)


def _shift(cloud: Floats, x: Floats) -> Floats:
    """D* by the plainest sum that overflows nowhere."""
    logits = ((x[:, None, 0] - cloud[None, :, 0]) ** 2 + (x[:, None, 1] - cloud[None, :, 1]) ** 2) / (-2 * H * H)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(weights @ cloud / weights.sum(1, keepdims=True))


def drawing(window: MainWindow, application: Busy, seconds: float) -> None:
    """Strokes around a circle: what the window computes while the pen moves, and when a stroke has ended."""
    window.playback.pause()
    window.actions_by_id["layer.field"].trigger()
    window.actions_by_id["tool.draw"].trigger()
    run_for(0.5)
    ground, answers = window.views.plane.ground, Answers(window, SketchAnswer)
    target = ground.viewport()

    def place(step: int) -> QPoint:
        return ground.to_widget(3 * cos(step / 20), 3 * sin(step / 20)).toPoint()

    for title in ("first stroke", "stroke over a run"):
        application.spent.clear()
        answers.count, steps, begun, processor = 0, 0, time.perf_counter(), time.process_time()
        QTest.mousePress(target, Qt.MouseButton.LeftButton, pos=place(0))
        while time.perf_counter() < begun + seconds:
            steps += 1
            QTest.mouseMove(target, place(steps))
            run_for(1 / HERTZ)
        moved, used = list(application.spent), time.process_time() - processor
        row(f"{title}: longest event while the pen moves", [max(moved)], FRAME)
        row("   all events, a picture", [sum(moved) / max(1, answers.count)], FRAME)
        row("   processor time of both threads, a picture", [1000 * used / max(1, answers.count)])
        row("   pictures a second", [answers.count / (time.perf_counter() - begun)], unit="1/s")
        application.spent.clear()
        QTest.mouseRelease(target, Qt.MouseButton.LeftButton, pos=place(steps))
        wait_until(lambda: _is_over_the_drawing(window))
        run_for(0.3)
        row("   longest event of the run that follows", [max(application.spent)], FRAME)
    window.actions_by_id["tool.select"].trigger()


def _is_over_the_drawing(window: MainWindow) -> bool:
    run, draft = window.state.run, window.state.draft
    return run is not None and run.status == "complete" and run.settings.data_key == draft.data_key


def drifting(window: MainWindow, application: Busy, seconds: float) -> None:
    """Rounds a second in the window."""
    window.player.drafting.edit({"data": "two-moons"})
    wait_until(lambda: window.state.run is not None and window.state.run.settings.data == "two-moons")
    wait_until(lambda: window.player.computing is None)
    window.actions_by_id["drift"].trigger()
    wait_until(lambda: window.views.drift.picture.particles is not None)
    run_for(0.5)
    answers = Answers(window, DriftAnswer)
    application.spent.clear()
    before, processor = time.perf_counter(), time.process_time()
    run_for(seconds)
    passed, used = time.perf_counter() - before, time.process_time() - processor
    row("drift: rounds a second", [answers.count / passed], unit="1/s")
    row("   processor time of both threads, a round", [1000 * used / max(1, answers.count)], ROUND)
    row("   longest event", [max(application.spent)], FRAME)
    row("   all events, a round", [sum(application.spent) / max(1, answers.count)], FRAME)
    window.actions_by_id["drift"].trigger()


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=4.0, help="of each stroke and of the drift (default 4)")
    arguments = parser.parse_args()
    library(30)
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        application = Busy()
        start_logging()
        application.setStyle("Fusion")
        window = MainWindow()
        window.resize(1280, 800)
        window.show()
        window.begin([])
        try:
            wait_until(lambda: window.state.run is not None and window.state.run.status == "complete")
            run_for(10)  # until the rooms that nobody sees are built
            times("window of 1280 × 800; events in processor time of its own thread")
            drawing(window, application, arguments.seconds)
            drifting(window, application, arguments.seconds)
        finally:
            window.close()  # joins the engine
    return 0


if __name__ == "__main__":
    sys.exit(main())
