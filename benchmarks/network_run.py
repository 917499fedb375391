"""Whether the window stays at hand while a U-Net computes: stalls, scrubbing what exists, cancels.

    python benchmarks/network_run.py [--count 64] [--cancels 10]

The real window, 1440 × 900, with the bundled images and checkpoint: runs by the network, the exact run beside them.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
import time

from common import row, times
from frames import CANCEL, HERTZ, STALL, Stops, complete, idle, stall_rows, timed
from PySide6.QtCore import QObject, QPoint, Qt, QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from watching import Changes, Stalls, run_for, wait_until

import resources
from app.application import start_logging
from app.main_window import MainWindow
from app.rooms.strip.messages import NeighboursAnswer
from app.rooms.transport.scrubber import Scrubber

DATA = "fashion-mnist"
CHECKPOINT = str(resources.path("checkpoints", f"{DATA}.safetensors"))
MOVES = 20.0  # of the playhead that are answered, a second
FIRST_LEVELS = 5  # that exist before they are scrubbed


class Scrub(QObject):
    """Drags the playhead to and fro over the computed levels, at a fixed rate."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._scrubber = window, window.views.transport.findChild(Scrubber)
        self.sent = self.neighbours = 0
        self._step = 1
        window.player.answered.connect(self._answered)
        self._timer = QTimer(self, interval=round(1000 / HERTZ), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._move)

    def _answered(self, answer: object) -> None:
        self.neighbours += isinstance(answer, NeighboursAnswer)

    def _place(self, level: int) -> QPoint:
        return QPoint(round(self._scrubber.places()[level]), self._scrubber.height() // 2)

    def _move(self) -> None:
        last, level = self._window.state.run.committed - 1, self._window.state.selection.index
        if not 0 <= level + self._step <= last:
            self._step = -self._step
        self.sent += 1
        QTest.mouseMove(self._scrubber, self._place(level + self._step))

    def start(self) -> None:
        level = self._window.state.selection.index
        QTest.mousePress(self._scrubber, Qt.MouseButton.LeftButton, pos=self._place(level))
        self._timer.start()

    def stop(self) -> None:
        self._timer.stop()
        QTest.mouseRelease(self._scrubber, Qt.MouseButton.LeftButton)


def prepare(window: MainWindow, count: int) -> None:
    """Open data and network and ask for so many trajectories."""
    window.player.drafting.open_data(DATA)
    wait_until(lambda: window.state.data is not None and window.state.data.name == DATA)
    window.player.cancel()  # the run of D* that images begin with
    window.documents.open_path(CHECKPOINT)
    wait_until(lambda: window.state.network is not None)
    window.player.drafting.edit({"count": count})
    wait_until(lambda: window.player.computing is None)


def start(window: MainWindow, levels: int) -> None:
    """Press Run, and wait until so many levels are there."""
    window.actions_by_id["run"].trigger()
    wait_until(lambda: window.player.computing is window.state.run and window.state.run.committed >= levels)
    settings = window.state.run.settings
    assert settings.driver == "network"
    assert settings.beside


def whole_run(window: MainWindow, count: int) -> None:
    """A run that plays while it computes."""
    stalls = Stalls()
    stalls.start()
    start(window, 1)
    seconds = timed(lambda: wait_until(lambda: window.player.computing is None)) / 1000
    longest = stalls.stop()
    assert complete(window, DATA)
    run = window.state.run
    row(f"run of {count} images, {len(run.sigmas) - 1} steps ({run.settings.solver})", [seconds], unit="s")
    row("   of it in the network, for the run itself", [run.evaluating], unit="s")
    stall_rows("   longest stall", [longest], STALL)


def scrubbing(window: MainWindow) -> None:
    """The levels that exist are scrubbed while the others are computed."""
    start(window, FIRST_LEVELS)
    plane = window.views.plane
    shown, stalls = Changes(plane.ground.viewport(), lambda: plane.picture.index), Stalls()
    scrub = Scrub(window)
    stalls.start()
    scrub.start()
    seconds = timed(lambda: wait_until(lambda: window.player.computing is None)) / 1000
    scrub.stop()
    longest = stalls.stop()
    row("scrubbed while it computes, moves a second", [scrub.sent / seconds], unit="1/s")
    row("   levels painted a second (at least)", [shown.count / seconds], MOVES, "1/s")
    row("   neighbours answered a second, by the engine", [scrub.neighbours / seconds], unit="1/s")
    stall_rows("   longest stall", [longest], STALL)


def cancels(window: MainWindow, count: int) -> None:
    """From cancel to the engine's word that the run has stopped, at different moments of an evaluation."""
    stops, latencies = Stops(window), []
    for at in range(count):
        start(window, 2)
        run_for(0.75 * at / count)  # a step takes about so long
        before, said = time.perf_counter(), len(stops.at)
        window.actions_by_id["cancel"].trigger()
        wait_until(lambda said=said: len(stops.at) > said)
        latencies.append((stops.at[-1] - before) * 1000)
    row("cancel to stopped", latencies, CANCEL)


def measure(count: int, repeated: int) -> None:
    """Everything, in one window."""
    application = QApplication([])
    start_logging()
    application.setStyle("Fusion")
    window = MainWindow()
    window.show()
    window.begin([])
    try:
        wait_until(lambda: complete(window, "two-moons"))
        prepare(window, count)
        load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        times(f"{window.width()} × {window.height()}{load}")
        idle(window)
        whole_run(window, count)
        scrubbing(window)
        cancels(window, repeated)
    finally:
        window.close()  # joins the engine


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--count", type=int, default=64, help="trajectories (default 64)")
    parser.add_argument("--cancels", type=int, default=10, help="runs that are cancelled (default 10)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        measure(arguments.count, arguments.cancels)
    return 0


if __name__ == "__main__":
    sys.exit(main())
