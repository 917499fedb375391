"""What a move of the playhead costs, and how long the window does not answer while the engine works.

    python benchmarks/frames.py [--scale 2] [--moves 200]

The real window, 1440 × 900: a run of two moons for the moves and the probe, one of fashion-mnist for the stalls.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from math import cos, sin

from common import row, times
from PySide6.QtCore import QObject, QPointF, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from watching import Paints, Stalls, run_for, wait_until

from app.application import start_logging
from app.engine.messages import RunStopped
from app.main_window import MainWindow
from app.rooms.plane.messages import ProbeAnswer
from app.rooms.plane.pictures import PlanePicture

MOVE, STALL, CANCEL = 16.0, 50.0, 250.0  # budgets in milliseconds
REDRAW = {"1": 40.0, "2": 80.0}
IMAGES, TRAJECTORIES = "fashion-mnist", 16
HERTZ = 60
DRAG_SECONDS = 3.0
CANCELS = 8


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that the action takes."""
    before = time.perf_counter()
    action()
    return (time.perf_counter() - before) * 1000


def back_and_forth(last: int, moves: int) -> Iterator[int]:
    """0, 1, …, last, last − 1, …, 1, 0, …"""
    for at in range(moves):
        yield abs((at + last) % (2 * last) - last) if last else 0


def playhead(window: MainWindow, paints: Paints, moves: int) -> None:
    """The plane alone with one picture that differs in the level; then the selection, with all that follows it."""
    plane, state = window.views.plane, window.state
    base, last = plane.picture, len(window.state.run.sigmas) - 1
    alone, of_it, whole, selecting = [], [], [], []
    plane.blockSignals(True)  # the feed would answer a moved frame with a picture of its own
    for index in back_and_forth(last, moves):
        picture = replace(base, index=index)
        shown = timed(lambda picture=picture: plane.display(picture))
        of_it.append(shown)
        alone.append(shown + timed(paints.settle))
    plane.display(base)
    plane.blockSignals(False)
    row("plane, playhead move", alone, MOVE)
    row("   of it plane.display", of_it)
    for index in back_and_forth(last, moves):
        if index == state.selection.index:
            continue
        selected = timed(lambda index=index: state.select(index=index))
        selecting.append(selected)
        whole.append(selected + timed(paints.settle))
        run_for(0.03)  # the engine's density arrives and is painted: not part of this move, nor of the next
    row("whole window, playhead move", whole, MOVE)
    row("   of it state.select", selecting)


def redraw(window: MainWindow, paints: Paints, moves: int, scale: str) -> None:
    """The plane from an empty picture to the full one, with the density; and a painting with nothing new."""
    plane = window.views.plane
    picture = plane.picture
    full, again = [], []
    plane.blockSignals(True)
    for _ in range(max(1, moves // 5)):
        plane.display(PlanePicture())
        paints.settle()
        full.append(timed(lambda: (plane.display(picture), paints.settle())))
        again.append(timed(plane.ground.viewport().repaint))
    plane.blockSignals(False)
    size = plane.ground.size()
    row(f"plane of {size.width()} × {size.height()}, full redraw", full, REDRAW[scale])
    row("   painted again, nothing new", again)


def stall_rows(name: str, stalls: list[tuple[float, float]], budget: float | None = None) -> None:
    """The longest stalls, and the window's own work in them."""
    row(name, [stall for stall, _ in stalls], budget)
    row("      its own thread computes in one", [own for _, own in stalls])


class Drag(QObject):
    """Drags the probe along a circle with the mouse, at a fixed rate, and counts the answers."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._ground = window.views.plane.ground
        self._centre = QPointF(self._ground.to_widget(*window.state.plane_options.probe))
        self.sent = self.answers = 0
        window.player.answered.connect(self._answered)
        self._timer = QTimer(self, interval=round(1000 / HERTZ), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._move)

    def _answered(self, answer: object) -> None:
        self.answers += isinstance(answer, ProbeAnswer)

    def _place(self) -> QPointF:
        return self._centre + QPointF(80 * cos(self.sent / 20) - 80, 80 * sin(self.sent / 20))

    def _move(self) -> None:
        self.sent += 1
        QTest.mouseMove(self._ground.viewport(), self._place().toPoint())

    def start(self) -> None:
        QTest.mousePress(self._ground.viewport(), Qt.MouseButton.LeftButton, pos=self._centre.toPoint())
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        QTest.mouseRelease(self._ground.viewport(), Qt.MouseButton.LeftButton, pos=self._place().toPoint())


def probe(window: MainWindow) -> None:
    """Answers and stalls while the probe is dragged."""
    window.playback.go(9)
    window.actions_by_id["tool.probe"].trigger()
    wait_until(lambda: window.views.plane.picture.probe is not None)
    drag, stalls = Drag(window), Stalls()
    stalls.start()
    drag.start()
    run_for(DRAG_SECONDS)
    drag.stop()
    longest = [stalls.stop()]
    row("probe dragged, moves a second", [drag.sent / DRAG_SECONDS], unit="1/s")
    row("   answers a second", [drag.answers / DRAG_SECONDS], unit="1/s")
    stall_rows("   longest stall", longest, STALL)
    window.actions_by_id["tool.select"].trigger()


def idle(window: MainWindow) -> None:
    """The same stall meter while nothing happens: what the machine itself adds."""
    stalls = Stalls()
    stalls.start()
    run_for(2.0)
    stall_rows("longest stall while nothing happens (baseline)", [stalls.stop()])


def complete(window: MainWindow, data: str) -> bool:
    """A computed run of these data is shown and has ended."""
    run = window.state.run
    return run is not None and run.status == "complete" and run.settings.data == data


def images(window: MainWindow) -> None:
    """Stalls while image data open and while their run computes and plays, three times."""
    stalls = Stalls()
    stalls.start()
    window.panels.model.edited.emit({"data": IMAGES})  # as if it were chosen there
    wait_until(lambda: window.player.computing is not None)
    stall_rows(f"{IMAGES} opens, longest stall", [stalls.stop()])
    longest, seconds = [], []
    for _ in range(3):
        if window.player.computing is None:
            window.player.run()
        stalls.start()
        seconds.append(timed(lambda: wait_until(lambda: window.player.computing is None)) / 1000)
        longest.append(stalls.stop())
    assert complete(window, IMAGES)
    assert window.state.run.settings.count == TRAJECTORIES
    row(f"run of {TRAJECTORIES} images", seconds, unit="s")
    stall_rows("   longest stall of each", longest, STALL)


class Stops(QObject):
    """When the engine said that a run has stopped."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self.at: list[float] = []
        window.engine.happened.connect(self._happened)

    def _happened(self, event: object) -> None:
        if isinstance(event, RunStopped):
            self.at.append(time.perf_counter())


def cancels(window: MainWindow) -> None:
    """From cancel to the engine's word that the run has stopped, at different moments of an evaluation."""
    stops, latencies = Stops(window), []
    for at in range(CANCELS):
        window.player.run()
        wait_until(lambda: window.player.computing is window.state.run and window.state.run.committed >= 2)
        run_for(0.3 + 0.037 * at)
        before, count = time.perf_counter(), len(stops.at)
        window.player.cancel()
        wait_until(lambda count=count: len(stops.at) > count)
        latencies.append((stops.at[-1] - before) * 1000)
    row("cancel to stopped", latencies, CANCEL)


def measure(moves: int, scale: str) -> None:
    """Everything, in one window."""
    application = QApplication([])
    start_logging()
    application.setStyle("Fusion")
    window = MainWindow()
    paints = Paints(window.views.plane.ground.viewport())
    window.resize(1440, 900)
    window.show()
    window.begin([])
    try:
        wait_until(lambda: complete(window, "two-moons"))
        window.playback.go(9)
        wait_until(lambda: window.views.plane.picture.background is not None)
        run_for(0.5)
        times(f"{window.width()} × {window.height()} at scale {scale}, {moves} moves")
        playhead(window, paints, moves)
        redraw(window, paints, moves, scale)
        idle(window)
        probe(window)
        images(window)
        cancels(window)
    finally:
        window.close()  # joins the engine


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scale", choices=sorted(REDRAW), default="1", help="device pixels a pixel (default 1)")
    parser.add_argument("--moves", type=int, default=200, help="playhead moves (default 200)")
    arguments = parser.parse_args()
    if arguments.scale != os.environ.get("QT_SCALE_FACTOR", "1"):  # Qt reads it once, when it starts
        environment = {**os.environ, "QT_SCALE_FACTOR": arguments.scale}
        return subprocess.run([sys.executable, *sys.argv], env=environment, check=False).returncode
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        measure(arguments.moves, arguments.scale)
    return 0


if __name__ == "__main__":
    sys.exit(main())
