"""Reference cycles are collected on the window's thread alone, because Qt's objects may die on no other."""

from __future__ import annotations

import gc
import os
import subprocess
import sys
import threading
import weakref
from pathlib import Path

import pytest
from PySide6.QtCore import QObject

from app.engine.messages import DataOpened, OpenData
from app.engine.thread import EngineThread
from app.shell.collecting import Collecting

pytestmark = pytest.mark.freezes
ROOT = Path(__file__).parents[2]
WAIT = 60_000  # a bound for a stuck test, not a speed


class Cycle:
    """Garbage once its name is gone, which only the collector finds."""

    def __init__(self):
        self.own = self


@pytest.fixture
def collections():
    """The threads on which Python collects, as in the program, whose tests turn the collector off."""
    threads, thresholds, was_on = [], gc.get_threshold(), gc.isenabled()

    def note(phase, _about):
        if phase == "start":
            threads.append(threading.get_ident())

    gc.enable()
    gc.callbacks.append(note)
    yield threads
    gc.callbacks.remove(note)
    gc.set_threshold(*thresholds)
    (gc.enable if was_on else gc.disable)()


def test_what_the_start_has_made_is_left_out(qtbot, collections, monkeypatch):
    monkeypatch.setattr("app.shell.collecting.FIRST_MS", 20)
    monkeypatch.setattr("app.shell.collecting.EVERY_MS", 10)
    gc.unfreeze()
    owner, early = QObject(), weakref.ref(Cycle())
    collecting = Collecting(owner)
    collections.clear()
    gc.set_threshold(5, 1000, 1000)
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=WAIT)
    assert not collections  # nothing was looked at
    late = weakref.ref(Cycle())
    qtbot.waitUntil(lambda: late() is None, timeout=WAIT)
    assert early() is not None
    collecting.release()
    gc.unfreeze()
    gc.collect()
    assert early() is None


def test_the_engine_never_collects(qtbot, collections, monkeypatch):
    monkeypatch.setattr("app.shell.collecting.FIRST_MS", 20)  # the start is over before the engine works
    owner, engine, opened = QObject(), EngineThread(), []
    collecting = Collecting(owner)
    gc.set_threshold(20, 1000, 1000)  # soon due, and quick
    engine.happened.connect(opened.append)
    engine.start()
    for seed in range(5):
        engine.submit(OpenData("two-moons", 50, seed))
    qtbot.waitUntil(lambda: sum(isinstance(event, DataOpened) for event in opened) == 5, timeout=WAIT)
    kept = []  # what is newer than the end of the start, because the older is left out
    qtbot.waitUntil(lambda: kept.append([[] for _ in range(30)]) or bool(collections), timeout=WAIT)  # somebody does
    assert engine.shut_down(WAIT)
    collecting.release()
    assert set(collections) == {threading.get_ident()}
    assert gc.isenabled()  # as before


def test_cycles_that_the_engine_leaves_are_collected(qtbot):
    gc.unfreeze()
    gc.enable()
    owner = QObject()
    collecting = Collecting(owner)
    assert not gc.isenabled()
    qtbot.waitUntil(lambda: gc.get_freeze_count() > 0, timeout=WAIT)  # the start is over
    before, kept = gc.get_stats()[0]["collections"], [Cycle() for _ in range(gc.get_threshold()[0] + 1)]
    qtbot.waitUntil(lambda: gc.get_stats()[0]["collections"] > before, timeout=WAIT)
    assert kept
    collecting.release()
    gc.unfreeze()
    assert gc.isenabled()


def test_nothing_is_collected_that_is_not_due(qtbot, monkeypatch):
    asked = []
    monkeypatch.setattr(gc, "collect", asked.append)
    monkeypatch.setattr(gc, "get_threshold", lambda: (700, 10, 10))
    owner = QObject()
    collecting = Collecting(owner)
    for counts, expected in (
        ((700, 10, 10), []),
        ((701, 10, 10), [0]),
        ((701, 11, 10), [1]),
        ((0, 0, 11), [2]),
    ):
        monkeypatch.setattr(gc, "get_count", lambda counts=counts: counts)
        collecting.collect()
        assert asked == expected
        asked.clear()
    monkeypatch.setattr(gc, "get_threshold", lambda: (0, 0, 0))  # somebody has turned the collector off
    collecting.collect()
    assert asked == []


# Timers and plots hang in cycles, as after a failed slot, while the engine imports torch.
PROGRAM = """
import sys
sys.path.insert(0, {root!r})
from PySide6.QtCore import QTimer
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
import pyqtgraph as pg
from app.main_window import MainWindow

application = QApplication([])
window = MainWindow()
ready = []
window.player.ready.connect(ready.append)
window.engine.start()
window.player.warm()
while not ready:
    for kind in (QTimer, pg.PlotWidget):
        thing = kind()
        thing.start(1) if kind is QTimer else thing.show()
        thing.own = thing
        del thing
    QTest.qWait(20)
window.close()
"""


@pytest.mark.slow
def test_the_process_survives_widgets_in_cycles(tmp_path):
    result = subprocess.run(
        [sys.executable, "-X", "faulthandler", "-c", PROGRAM.format(root=str(ROOT))],
        env={**os.environ, "GEOMODEL_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    told = [line for line in result.stderr.splitlines() if "propagateSizeHints" not in line]  # of the platform
    assert (result.returncode, told) == (0, [])
