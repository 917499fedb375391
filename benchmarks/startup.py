"""How long after the start of the process the window is painted, moves, and computes.

    python benchmarks/startup.py [--runs 5]

Starts the real program so many times, each in a process of its own, beside two bare processes: one that shows an empty
plot, and one that imports torch. A first round, which fills the byte-code cache, is not counted.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from functools import partial
from typing import Any

from common import ROOT, row, times

BUDGETS = {
    "window painted": 1500.0,
    "something moving": 2000.0,
    "torch ready": None,
    "first computed step": 4000.0,
    "live run shown": None,
    "longest stall while torch is imported": 400.0,
    "longest stall from then until the live run is shown": None,
}
BARE_PLOT = """
import json, sys, time
import numpy
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import pyqtgraph
application = QApplication([])
plot = pyqtgraph.PlotWidget()
plot.resize(1440, 900)
plot.show()
while not plot.grab().width() or not plot.windowHandle().isExposed():
    application.processEvents()
print(json.dumps({"bare": (time.time() - float(sys.argv[1])) * 1000}))
"""
BARE_TORCH = """
import json, sys, time
import torch
print(json.dumps({"bare": (time.time() - float(sys.argv[1])) * 1000}))
"""


def watched(started: float) -> int:
    """Run the program with marks on its window; print them as one line of JSON when the live run is shown."""
    from PySide6.QtCore import QEvent, QObject, QTimer
    from watching import Stalls

    from app import application, main_window

    class Watched(main_window.MainWindow):
        def __init__(self) -> None:
            super().__init__()
            self.watch = Watch(self)

    class Watch(QObject):
        def __init__(self, window: Watched) -> None:
            super().__init__(window)
            self._window = window
            self._marks: dict[str, float] = {}
            self._stalls = Stalls(self)
            self._due = "window painted"  # what the next painting of the plane shows for the first time
            window.views.plane.ground.viewport().installEventFilter(self)
            window.state.selection_changed.connect(self._selected)
            window.player.ready.connect(self._ready)
            window.engine.dirty.connect(partial(self._mark, "first computed step"))

        def _mark(self, name: str) -> None:
            self._marks.setdefault(name, (time.time() - started) * 1000)
            if name == "window painted":
                self._stalls.start()
            if name == "live run shown" and "first computed step" in self._marks:
                self._end()

        def eventFilter(self, watched: QObject, event: QEvent) -> bool:
            if event.type() == QEvent.Type.Paint and self._due:
                QTimer.singleShot(0, partial(self._mark, self._due))  # once it is painted
                self._due = ""
            return False

        def _selected(self) -> None:
            run = self._window.state.run
            if run is None or "window painted" not in self._marks:
                return
            if run.status != "recorded":
                self._due = "live run shown"
            elif self._window.state.selection.index > 0 and "something moving" not in self._marks:
                self._due = "something moving"

        def _ready(self) -> None:
            self._mark("torch ready")
            self._marks["longest stall while torch is imported"] = self._stalls.stop()[0]
            self._stalls.start()

        def _end(self) -> None:
            self._marks["longest stall from then until the live run is shown"] = self._stalls.stop()[0]
            print(json.dumps(self._marks), flush=True)
            self._window.close()

    main_window.MainWindow = Watched  # type: ignore[misc]
    return application.main([])


def start(arguments: list[str], environment: dict[str, str]) -> dict[str, float]:
    """One process and what it says."""
    command = [sys.executable, *arguments, repr(time.time())]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True)
    marks: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return marks


def measure(runs: int, environment: dict[str, str]) -> dict[str, list[dict[str, float]]]:
    """All marks of every counted round, by program; the programs take turns."""
    programs = {"geomodel": [__file__, "--watched"], "plot": ["-c", BARE_PLOT], "torch": ["-c", BARE_TORCH]}
    found: dict[str, list[dict[str, float]]] = {name: [] for name in programs}
    for at in range(runs + 1):
        for name, arguments in programs.items():
            marks = start(arguments, environment)
            if at:
                found[name].append(marks)
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5, help="starts that are counted (default 5)")
    parser.add_argument("--watched", type=float, metavar="STARTED", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.watched is not None:
        return watched(arguments.watched)
    with tempfile.TemporaryDirectory() as folder:
        environment: dict[str, Any] = {**os.environ, "GEOMODEL_HOME": folder, "PYTHONPYCACHEPREFIX": f"{folder}/cache"}
        environment.pop("PYTHONDONTWRITEBYTECODE", None)  # a person's second start has its byte code
        found = measure(arguments.runs, environment)
    times(f"After the start of the process ({arguments.runs} starts)")
    for name, budget in BUDGETS.items():
        row(name, [marks[name] for marks in found["geomodel"]], budget)
    bare = {name: [marks["bare"] for marks in found[name]] for name in ("plot", "torch")}
    row("bare process: an empty plot painted", bare["plot"])
    row("bare process: torch imported", bare["torch"])
    middle = {name: statistics.median(marks[name] for marks in found["geomodel"]) for name in BUDGETS}
    print(f"\nwindow painted / empty plot painted: {middle['window painted'] / statistics.median(bare['plot']):.2f}")
    spent = middle["torch ready"] - middle["window painted"]
    print(f"torch ready after the painting / torch imported alone: {spent / statistics.median(bare['torch']):.2f}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
