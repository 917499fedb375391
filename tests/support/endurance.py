"""What a long session costs: times in which the window answered nothing, and what it has more of than before."""

from __future__ import annotations

import ctypes
import faulthandler
import gc
import re
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from PySide6.QtCore import QObject, Qt, QTimer
from PySide6.QtGui import QPixmapCache
from PySide6.QtWidgets import QApplication

ROOT = Path(__file__).resolve().parents[2]
TICK_MS = 5
LOOK = 0.02  # seconds between two looks at the stack
LONG = 0.03  # seconds of a stall that is kept
KEPT = 500  # stalls
MB = 2**20


@dataclass
class Stall:
    """A time in which the window handled no event, and where its thread was."""

    seconds: float
    own: float  # of it, the thread computed; the rest it waited for the interpreter or a core
    gesture: str
    seen: Counter[str] = field(default_factory=Counter)

    @property
    def row(self) -> str:
        """A line of the table."""
        cause = self.seen.most_common(1)[0][0] if self.seen else "not seen"
        return f"{1000 * self.own:6.0f} {1000 * self.seconds:6.0f}  {cause}   [{self.gesture[:70]}]"


class StallWatch(QObject):
    """Ticks on the window's thread; another thread looks at its stack where the ticks stay away."""

    def __init__(self, last_gesture: Callable[[], str]) -> None:
        super().__init__()
        self.stalls: list[Stall] = []
        self._last_gesture, self._thread = last_gesture, threading.get_ident()
        self._clock = time.pthread_getcpuclockid(self._thread)  # its own time, for the thread that looks
        self._last, self._own = time.perf_counter(), time.thread_time()
        self._caught: list[str] = []
        self._timer = QTimer(self, interval=TICK_MS, timerType=Qt.TimerType.PreciseTimer)
        self._timer.timeout.connect(self._tick)
        self._timer.start()
        threading.Thread(target=self._look, daemon=True).start()

    def worst(self, count: int) -> list[Stall]:
        """The stalls in which the window's own thread computed longest."""
        return sorted(self.stalls, key=lambda each: -each.own)[:count]

    def rest(self) -> None:
        """Count from now: what went before was no person's doing."""
        self._last, self._own = time.perf_counter(), time.thread_time()

    def _tick(self) -> None:
        now, own, caught = time.perf_counter(), time.thread_time(), self._caught
        if own - self._own > LONG:
            seen = Counter(map(_place, caught))
            self.stalls.append(Stall(now - self._last, own - self._own, self._last_gesture(), seen))
            if len(self.stalls) > KEPT:
                self.stalls = self.worst(KEPT // 2)
        self._last, self._own, self._caught = now, own, []

    def _look(self) -> None:
        """Keep what the thread does, as text, once it has computed long enough for a stall that may be kept. To write
        a stack takes milliseconds, which are not spent while the thread waits for the engine.

        A frame must not be held here: its last holder destroys what its function had, and Qt's objects must be
        destroyed on the window's thread.
        """
        with tempfile.TemporaryFile() as file:
            while True:
                time.sleep(LOOK)
                if time.clock_gettime(self._clock) - self._own > LONG / 2:
                    file.seek(0)
                    file.truncate()
                    faulthandler.dump_traceback(file, all_threads=True)
                    file.seek(0)
                    self._caught.append(file.read().decode(errors="replace").split(f"0x{self._thread:016x}")[-1])


def _place(stack: str) -> str:
    """The innermost function of the program on a stack, and the library function that it waits for."""
    own_stack = stack.split("\n\n")[0]
    calls = re.findall(r'File "(.*)", line (\d+) in (.*)', own_stack)
    innermost = calls[0][2] if calls else ""
    for path, line, name in calls:
        if path.startswith((str(ROOT / "app"), str(ROOT / "geomodel"))):
            own = f"{Path(path).relative_to(ROOT)}:{line} {name}"
            return own if name == innermost else f"{own} → {innermost}"
    return f"Qt, from the gesture ({innermost})"


@dataclass(frozen=True)
class Sample:
    """What there was after a number of gestures."""

    gestures: int
    resident: float  # MB
    objects: int  # that Python's collector knows
    widgets: int

    @property
    def row(self) -> str:
        """A line of the table."""
        return f"{self.gestures:8} {self.resident:9.0f} {self.objects:9} {self.widgets:8}"


HEADS = "gestures  RSS (MB)   objects  widgets"


def sample(gestures: int) -> Sample:
    """Look after a full collection."""
    gc.collect()
    QPixmapCache.clear()
    objects = len(gc.get_objects()) + gc.get_freeze_count()
    return Sample(gestures, resident(), objects, len(QApplication.allWidgets()))


def resident() -> float:
    """The memory in use, in MB. What was freed is given back first: the allocator keeps it, more or less of it each
    time, wherever something that is still in use lies behind it.
    """
    ctypes.CDLL(None).malloc_trim(0)
    lines = Path("/proc/self/status").read_text(encoding="ascii").splitlines()
    return next(int(text.split()[1]) for text in lines if text.startswith("VmRSS:")) * 1024 / MB


def growth(samples: Sequence[Sample], name: str) -> float:
    """Growth over 1,000 gestures, from the least of the first half to the least of the second. What is only for a while
    there, a cache or a large run, is in some samples; what has leaked is in all that follow.
    """
    middle = len(samples) // 2
    if not middle:
        return float("nan")
    before, after = (min(getattr(each, name) for each in half) for half in (samples[:middle], samples[middle:]))
    return 1000 * (after - before) / (samples[middle].gestures - samples[0].gestures)
