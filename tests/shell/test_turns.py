"""Work that pauses is done over turns of the event loop, and ends with its result or its error."""

from __future__ import annotations

import time

import pytest
from PySide6.QtCore import QCoreApplication, QEvent, QObject, QTimer

from app.shell.turns import TURN, Turns


@pytest.fixture
def turns(qapp):
    owner = QObject()
    made = Turns(owner)
    yield made
    made.release()


def test_events_are_handled_between_steps(qtbot, turns):
    seen = []
    timer = QTimer(interval=1)
    timer.timeout.connect(lambda: seen.append("event"))
    timer.start()

    def work():
        for step in range(3):
            seen.append(step)
            time.sleep(2 * TURN)  # as long as two turns
            yield
        return "result"

    turns.carry_out(work(), seen.append, seen.append)
    assert not turns.resting
    qtbot.waitUntil(lambda: turns.resting)
    timer.stop()
    assert [each for each in seen if each != "event"] == [0, 1, 2, "result"]
    assert all("event" in seen[seen.index(step) : seen.index(step + 1)] for step in (0, 1))


def test_an_error_of_a_step_ends_the_work(qtbot, turns):
    found = []

    def work():
        yield
        raise ValueError("too large")

    turns.carry_out(work(), found.append, lambda error: found.append(str(error)))
    qtbot.waitUntil(lambda: turns.resting)
    assert found == ["too large"]


def test_work_that_is_given_up_puts_its_things_away(turns):
    left = []

    def work():
        try:
            yield
            yield
        finally:
            left.append("put away")

    given = work()
    next(given)
    turns.carry_out(given, left.append, left.append)
    del given
    turns.release()
    assert turns.resting
    assert left == ["put away"]


def test_work_that_waits_ends_with_its_parent(qtbot):
    parent, told = QObject(), []

    def work():
        try:
            while True:
                told.append("step")
                yield
        finally:
            told.append("end")

    Turns(parent).carry_out(work(), print, print)
    qtbot.waitUntil(lambda: "step" in told)
    parent.deleteLater()
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    assert told[-1] == "end"
