"""How memory grows over thousands of random gestures, and what keeps the window from answering longest.

    python benchmarks/endurance.py [--actions 2000] [--seed 1] [--traced]

The hands of the tests work the real window. At every hundredth gesture the table gives the memory of the process, the
objects of Python and the widgets; with --traced also what Python has allocated, which slows everything down. The growth
is that of a straight line through the second half. Stalls are ordered by the time that the window's own thread
computed in them: on a shared computer, the rest is others' work.
"""

from __future__ import annotations

import argparse
import gc
import os
import subprocess
import sys
import tempfile
import threading
import time
import tracemalloc
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from types import FrameType

import numpy as np
from common import ROOT, status

SUPPORT = ROOT / "tests" / "support"
sys.path.insert(0, str(SUPPORT))

from PySide6.QtCore import QObject, Qt, QTimer  # noqa: E402
from PySide6.QtTest import QTest  # noqa: E402
from PySide6.QtWidgets import QApplication  # noqa: E402
from random_hands import Faults, Session, act  # noqa: E402
from watching import wait_until  # noqa: E402

TICK_MS = 5
LONG = 0.03  # seconds of a stall that is looked into
EVERY = 100  # gestures between two samples
MOST = 60
MB = 2**20


@dataclass
class Stall:
    """A time in which the window handled no event, and where its thread was."""

    seconds: float
    own: float  # of it, the thread computed; the rest it waited for the interpreter or a core
    gesture: str
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def cause(self) -> str:
        """Where the thread was seen most often."""
        return self.seen.most_common(1)[0][0] if self.seen else "not seen"


class Watch(QObject):
    """Ticks on the window's thread; another thread looks at its stack where the ticks stay away."""

    def __init__(self, faults: Faults) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        self._faults, self._thread = faults, threading.get_ident()
        self._last, self._own = time.perf_counter(), time.thread_time()
        self._seen: Counter[str] = Counter()
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        threading.Thread(target=self._look, daemon=True).start()

    def _tick(self) -> None:
        now, own, seen = time.perf_counter(), time.thread_time(), self._seen
        if now - self._last > LONG:
            gesture = self._faults.last[-1] if self._faults.last else ""
            self.stalls.append(Stall(now - self._last, own - self._own, gesture, seen))
        self._last, self._own, self._seen = now, own, Counter()

    def _look(self) -> None:
        while True:
            time.sleep(0.02)
            if time.perf_counter() - self._last > LONG / 2:
                self._seen[place(sys._current_frames()[self._thread])] += 1


def place(frame: FrameType | None) -> str:
    """The innermost function of the program on a stack, and the library function that it waits for."""
    innermost = "" if frame is None else frame.f_code.co_name
    while frame is not None:
        path = frame.f_code.co_filename
        if path.startswith((str(ROOT / "app"), str(ROOT / "geomodel"))):
            own = f"{Path(path).relative_to(ROOT)}:{frame.f_lineno} {frame.f_code.co_name}"
            return own if frame.f_code.co_name == innermost else f"{own} → {innermost}"
        frame = frame.f_back
    return f"Qt, from the gesture ({innermost})"


@dataclass(frozen=True)
class Sample:
    """What there was after a number of gestures."""

    gestures: int
    resident: float  # MB
    traced: float  # MB
    objects: int
    widgets: int
    runs: int

    @property
    def row(self) -> str:
        """A line of the table."""
        figures = f"{self.gestures:8} {self.resident:9.0f} {self.traced:7.1f}"
        return f"{figures} {self.objects:8} {self.widgets:8} {self.runs:5}"


def sample(session: Session, gestures: int) -> Sample:
    """Look after a full collection."""
    gc.collect()
    traced = tracemalloc.get_traced_memory()[0] / MB if tracemalloc.is_tracing() else 0.0
    widgets = len(QApplication.allWidgets())
    runs = len(session.window.state.runs)
    return Sample(gestures, status("VmRSS") / MB, traced, len(gc.get_objects()), widgets, runs)


def worked(session: Session, seed: int, actions: int) -> list[Sample]:
    """The samples of a long session."""
    found = []
    for number in range(actions):
        random = Random(f"{seed}:{number}")
        session.acting(lambda random=random: act(session.hands, random))
        QTest.qWait(random.choice((0, 0, 0, 1, 5, 20, 60)))
        if number % EVERY == EVERY - 1:
            found.append(sample(session, number + 1))
            print(found[-1].row, flush=True)
    return found


def slope(samples: list[Sample], name: str) -> float:
    """Growth over 1,000 gestures in the second half."""
    half = samples[len(samples) // 2 :]
    values = [getattr(each, name) for each in half]
    return 1000 * float(np.polyfit([each.gestures for each in half], values, 1)[0]) if len(half) > 1 else float("nan")


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--actions", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--traced", action="store_true", help="measure with tracemalloc too")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.environ["GEOMODEL_HOME"] = f"{folder}/home"
        paths = os.pathsep.join(map(str, (ROOT, SUPPORT)))
        writing = [sys.executable, str(SUPPORT / "hand_files.py"), f"{folder}/files"]
        subprocess.run(writing, env={**os.environ, "PYTHONPATH": paths}, check=True)
        if arguments.traced:
            tracemalloc.start()
        QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
        qt = QApplication([])
        qt.setStyle("Fusion")
        qt.setQuitOnLastWindowClosed(False)
        faults = Faults(quiet=True)
        faults.watch()
        session = Session(Path(folder, "files"), Path(folder), faults)
        wait_until(lambda: bool(session.window.player.device))
        watch = Watch(faults)
        print("gestures  RSS (MB)  traced  objects  widgets  runs")
        samples = worked(session, arguments.seed, arguments.actions)
        print(
            "growth over 1,000 gestures: "
            + ", ".join(f"{name} {slope(samples, name):+.1f}" for name in ("resident", "traced", "objects", "widgets"))
        )
        print(f"\n{'ms':>6} {'own':>6}  where, and the last gesture")
        for stall in sorted(watch.stalls, key=lambda each: -each.own)[:MOST]:
            print(f"{1000 * stall.seconds:6.0f} {1000 * stall.own:6.0f}  {stall.cause}   [{stall.gesture[:70]}]")
        print(f"stalls above {1000 * LONG:.0f} ms: {len(watch.stalls)}; faults: {len(faults.found)}")
        print(*faults.found[:3], sep="\n")
        sys.stdout.flush()
        session.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
