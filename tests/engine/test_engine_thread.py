"""The engine as a thread: signals on the window's thread, one knock at a time, and always an end."""

from __future__ import annotations

import gc
import threading
import weakref
from dataclasses import replace
from itertools import pairwise

import pytest
import torch
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QThread, QTimer
from PySide6.QtWidgets import QApplication

from app.engine.library import Library
from app.engine.messages import Cancel, OpenData, Preparing, RunFinished, RunStarted, RunStopped, StartRun, Warm
from app.engine.thread import EngineThread
from app.main_window import MainWindow
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from geomodel.denoisers.base import Denoiser
from geomodel.settings import RunSettings

WAIT = 60_000  # a bound for a stuck test, not a speed
TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=3)
LONG = replace(TOY, steps=10_000, solver="euler")


class Listener(QObject):
    """Lives on the window's thread, as the player does."""

    def __init__(self, engine, *, acknowledge=False) -> None:
        super().__init__()
        self.events, self.threads, self.knocks, self.seen = [], [], 0, []
        self._engine, self._acknowledge, self._record = engine, acknowledge, None
        engine.happened.connect(self.heard)
        engine.dirty.connect(self.knocked)

    def heard(self, event):
        self.threads.append(QThread.currentThread())
        self.events.append(event)
        if isinstance(event, RunStarted):
            self._record = event.record

    def knocked(self):
        self.threads.append(QThread.currentThread())
        self.knocks += 1
        if self._acknowledge:
            self._engine.acknowledge()
            self.seen.append(self._record.committed)

    def last(self, kind):
        return bool(self.events) and isinstance(self.events[-1], kind)


def python_threads():
    """Threads that Python started. Logging from Qt's thread leaves a stand-in behind, which is no thread."""
    return {thread for thread in threading.enumerate() if not isinstance(thread, threading._DummyThread)}


@pytest.fixture
def engine(qtbot):
    before = python_threads()
    engine = EngineThread()
    engine.start()
    yield engine
    assert engine.shut_down(WAIT)
    assert (engine.isRunning(), engine.isFinished()) == (False, True)
    assert python_threads() <= before


@pytest.fixture
def listener(engine):
    return Listener(engine)


class Hooked(Denoiser):
    """D = 0 on points, calling a function in every evaluation."""

    shape = (2,)

    def __init__(self, hook) -> None:
        self._hook = hook

    def _denoise(self, x, sigma, labels):
        self._hook()
        return torch.zeros_like(x)


def drive_with(monkeypatch, hook):
    """Every run is driven by a hooked denoiser in place of D*, and measured against nothing."""
    prepare = Library.prepare

    def prepared(self, settings, *more):
        job, data = prepare(self, settings, *more)
        return replace(job, model=Hooked(hook), optimal=None), data

    monkeypatch.setattr(Library, "prepare", prepared)


# ---------------------------------------------------------------- signals


def test_events_arrive_on_the_windows_thread_in_their_order(qtbot, qapp, engine, listener):
    for command in (Warm(), OpenData("spiral", 20, 0), StartRun(1, TOY)):
        engine.submit(command)
    qtbot.waitUntil(lambda: listener.last(RunFinished), timeout=WAIT)
    engine.submit(NeighboursRequest(1, 0, 0))
    qtbot.waitUntil(lambda: listener.last(NeighboursAnswer), timeout=WAIT)
    names = [type(event).__name__ for event in listener.events if not isinstance(event, Preparing)]  # where it is slow
    assert names == ["Ready", "DataOpened", "RunStarted", "RunFinished", "NeighboursAnswer"]
    assert set(listener.threads) == {qapp.thread()}
    assert engine.thread() == qapp.thread()


def test_the_engine_works_on_a_thread_of_its_own(qtbot, monkeypatch, engine, listener):
    where = set()
    drive_with(monkeypatch, lambda: where.add((threading.get_ident(), torch.is_grad_enabled())))
    engine.submit(StartRun(1, TOY))
    qtbot.waitUntil(lambda: listener.last(RunFinished), timeout=WAIT)
    ((ident, grad),) = where
    assert ident != threading.get_ident()
    assert not grad
    assert torch.is_grad_enabled()  # here


def test_there_is_one_knock_until_it_is_acknowledged(qtbot, engine, listener):
    for _ in range(2):
        engine.submit(StartRun(1, replace(TOY, steps=50)))
        engine.submit(StartRun(2, replace(TOY, steps=50)))
    qtbot.waitUntil(lambda: len(listener.events) == 9, timeout=WAIT)  # Ready, and two of each run
    assert listener.knocks == 1
    engine.acknowledge()
    engine.submit(StartRun(3, TOY))
    qtbot.waitUntil(lambda: len(listener.events) == 11, timeout=WAIT)
    assert listener.knocks == 2


def test_who_acknowledges_first_and_then_looks_misses_no_step(qtbot, engine):
    listener = Listener(engine, acknowledge=True)
    engine.submit(StartRun(1, replace(TOY, steps=200)))
    qtbot.waitUntil(lambda: listener.last(RunFinished), timeout=WAIT)
    assert 1 <= listener.knocks <= 200
    assert listener.seen == sorted(listener.seen)
    assert listener.seen[-1] == 201


def test_keys_are_answered_between_events_that_came_together(qtbot, monkeypatch):
    monkeypatch.setattr("app.engine.thread.TURN", 0.0)
    engine, order = EngineThread(), []
    engine.happened.connect(order.append)
    engine.dirty.connect(lambda: order.append("dirty"))
    between = QTimer(interval=0)
    between.timeout.connect(lambda: order.append("another"))

    def post():
        for number in range(20):
            engine._post(number)
        engine._notify()
        engine._post(20)

    thread = threading.Thread(target=post)
    thread.start()
    thread.join()
    between.start()
    qtbot.waitUntil(lambda: 20 in order, timeout=WAIT)
    between.stop()
    assert [each for each in order if each != "another"] == [*range(20), "dirty", 20]
    places = [at for at, each in enumerate(order) if each != "another"]
    assert all(after - before > 1 for before, after in pairwise(places))


def test_a_cancel_from_the_window_stops_the_run_and_keeps_what_there_is(qtbot, engine, listener):
    engine.submit(StartRun(1, LONG))
    qtbot.waitUntil(lambda: listener.knocks == 1, timeout=WAIT)
    engine.submit(Cancel(1))
    qtbot.waitUntil(lambda: listener.last(RunStopped), timeout=WAIT)
    stopped = listener.events[-1]
    assert stopped.message == ""
    assert 1 <= stopped.trajectory.steps < 10_000


def test_a_failure_in_the_last_look_keeps_the_run_and_the_engine(qtbot, monkeypatch, caplog, engine, listener):
    calls = []

    def hook():
        calls.append(1)
        if len(calls) == 6:  # after five Euler steps: D at the end
            raise RuntimeError("out of luck")

    drive_with(monkeypatch, hook)
    engine.submit(StartRun(1, replace(TOY, solver="euler")))
    qtbot.waitUntil(lambda: listener.last(RunStopped), timeout=WAIT)
    stopped = listener.events[-1]
    assert stopped.message == "out of luck"
    assert stopped.trajectory.steps == 5
    assert stopped.trajectory.final_denoised is None
    assert "out of luck" in caplog.text
    engine.submit(StartRun(2, TOY))
    qtbot.waitUntil(lambda: listener.last(RunFinished), timeout=WAIT)


# ---------------------------------------------------------------- the end


def test_an_engine_that_never_started_is_shut_down(qtbot):
    assert EngineThread().shut_down()


def test_shutting_down_twice_is_once(engine):
    assert engine.shut_down(WAIT)
    assert engine.shut_down(WAIT)


def test_shutting_down_during_a_run_joins(qtbot, engine, listener):
    engine.submit(StartRun(1, LONG))
    engine.submit(StartRun(2, LONG))
    qtbot.waitUntil(lambda: listener.knocks == 1, timeout=WAIT)
    assert engine.shut_down(WAIT)
    qtbot.waitUntil(lambda: listener.last(RunStopped), timeout=WAIT)
    started = [event.run_id for event in listener.events if isinstance(event, RunStarted)]
    assert started == [1]  # what waited is not begun


def test_shutting_down_during_an_evaluation_waits_for_that_one_only(qtbot, monkeypatch, engine, listener):
    entered, release, calls = threading.Event(), threading.Event(), []

    def hook():
        calls.append(1)
        entered.set()
        assert release.wait(WAIT / 1000)

    drive_with(monkeypatch, hook)
    engine.submit(StartRun(1, TOY))
    assert entered.wait(WAIT / 1000)
    assert not engine.shut_down(20)  # the evaluation holds the thread, and a live thread is not dropped
    assert engine.isRunning()
    release.set()
    assert engine.shut_down(WAIT)
    assert len(calls) == 1


def test_shutting_down_before_anything_was_asked(engine):
    assert engine.shut_down(WAIT)


# ---------------------------------------------------------------- the window goes


def used_window(qtbot):
    """A window that has computed, answered and opened a sheet."""
    window = MainWindow()
    window.show()
    window.begin([])
    qtbot.waitUntil(lambda: window.state.run is not None and window.state.run.status == "complete", timeout=WAIT)
    for name in ("tool.probe", "layer.field", "inside", "keys"):
        window.actions_by_id[name].trigger()
    qtbot.waitUntil(lambda: window.views.plane.picture.probe is not None, timeout=WAIT)
    return window


def test_a_closed_window_is_let_go(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    window = used_window(qtbot)
    parts = {name: weakref.ref(value) for name, value in vars(window).items() if isinstance(value, QObject)}
    parts |= {f"views.{name}": weakref.ref(view) for name, view in window.views.items()}
    parts |= {f"rooms.{name}": weakref.ref(room) for name, room in window.rooms.items()}
    parts |= {f"panels.{name}": weakref.ref(panel) for name, panel in vars(window.panels).items()}
    parts["window"] = weakref.ref(window)
    parts["record"] = weakref.ref(window.state.run.record)
    window.close()
    window.deleteLater()
    del window
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert [name for name, part in parts.items() if part() is not None] == []
