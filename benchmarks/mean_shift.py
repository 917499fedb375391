"""The mean-shift view, live: answers a second while σ is swept, and while the probe moves between two data points.

    python benchmarks/mean_shift.py [SET] [--network FILE] [--seconds 4]

The real window, 1440 × 900, at the screen's rate; an answer counts once it is painted. Without SET the bundled images.
"""

from __future__ import annotations

import argparse
import os
import sys
import tempfile
from collections.abc import Iterator
from itertools import cycle
from typing import Any

import numpy as np
from common import row, times
from frames import HERTZ, STALL, complete, idle, stall_rows
from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtWidgets import QApplication
from watching import Changes, Stalls, run_for, wait_until

from app.application import start_logging
from app.main_window import MainWindow

ANSWERS = 30.0  # a second
BUNDLED = "fashion-mnist"


class Edits(QObject):
    """Changes the probe, as its controls do, at a fixed rate."""

    def __init__(self, window: MainWindow, values: Iterator[dict[str, Any]]) -> None:
        super().__init__(window)
        self.sent, self._view, self._values = 0, window.views.mean_shift, values
        self._timer = QTimer(self, interval=round(1000 / HERTZ), timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._edit)
        self._timer.start()

    def _edit(self) -> None:
        self.sent += 1
        self._view.probe_edited.emit(next(self._values))

    def stop(self) -> None:
        self._timer.stop()


def swept(low: float, high: float) -> Iterator[dict[str, Any]]:
    """σ from noise to data and back, in steps of a fiftieth."""
    down = np.geomspace(high, low, 50)
    return ({"sigma": float(sigma)} for sigma in cycle([*down, *down[::-1]]))


def between(sigma: float) -> Iterator[dict[str, Any]]:
    """From one data point to another and back, at one σ."""
    there = np.linspace(0, 1, 50)
    return ({"sigma": sigma, "second_index": 1, "share": float(share)} for share in cycle([*there, *there[::-1]]))


def live(window: MainWindow, name: str, values: Iterator[dict[str, Any]], seconds: float) -> None:
    """Answers that were painted, and the longest stall."""
    view = window.views.mean_shift
    changes, stalls = Changes(view, lambda: (view.picture.sigma, view.picture.share)), Stalls(window)
    edits = Edits(window, values)
    stalls.start()
    run_for(seconds)
    edits.stop()
    stall = stalls.stop()
    row(
        f"{name}: answers painted, of {edits.sent / seconds:.0f} edits a second",
        [changes.count / seconds],
        ANSWERS,
        "1/s",
    )
    stall_rows("   longest stall", [stall], STALL)


def measure(name: str, network: str, seconds: float) -> None:
    """Everything, in one window."""
    application = QApplication([])
    start_logging()
    application.setStyle("Fusion")
    window = MainWindow()
    window.resize(1440, 900)
    window.show()
    window.begin([])
    try:
        wait_until(lambda: complete(window, "two-moons"))
        window.panels.model.edited.emit({"data": name, "count": 4, "steps": 4})
        if network:
            window.documents.open_path(network)
            wait_until(lambda: window.state.network is not None)
        wait_until(lambda: window.state.data is not None and window.state.data.name == name)
        window.actions_by_id["run"].trigger()
        wait_until(lambda: complete(window, name))
        window.playback.pause()
        window.layout_of_docks.switch("mean_shift")
        window.views.mean_shift.probing_toggled.emit(True)
        load = f", load {os.getloadavg()[0]:.1f}" if hasattr(os, "getloadavg") else ""
        times(f"{len(window.state.data.dataset):,} images, {window.width()} × {window.height()}{load}")
        idle(window)
        live(window, "σ swept from 80 to 0.002", swept(0.002, 80.0), seconds)
        for sigma in (80.0, 5.0, 0.5, 0.05):
            live(window, f"x dragged at σ = {sigma:g}", between(sigma), seconds)
    finally:
        window.close()  # joins the engine


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("set", nargs="?", default=BUNDLED, help=f"a data set's name or file (default {BUNDLED})")
    parser.add_argument("--network", default="", help="a checkpoint that stands beside")
    parser.add_argument("--seconds", type=float, default=4.0, help="of each kind of edit (default 4)")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = folder
        measure(arguments.set, arguments.network, arguments.seconds)
    return 0


if __name__ == "__main__":
    sys.exit(main())
