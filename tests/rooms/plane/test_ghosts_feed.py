"""When ghosts are asked for: one after the other, once, of the selected sample, and by their eye after a cancel."""

from __future__ import annotations

from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtCore import QObject, Signal

from app.engine.contract import TaskEnded
from app.rooms.plane.ghosts_feed import CANCELLED, PENDING, UNFINISHED, UNLINKED, GhostsFeed
from app.rooms.plane.messages import GhostTask
from geomodel.settings import RunSettings

KINDS = ("optimal", "gaussian", "ode")
CURVE = np.zeros((4, 2))


class Player(QObject):
    """Takes tasks and answers nothing by itself."""

    task_event = Signal(object)

    def __init__(self):
        super().__init__()
        self.begun, self.forgotten = [], []

    def begin(self, task, name):
        self.begun.append(task)

    def forget_task(self, task_id):
        self.forgotten.append(task_id)

    def end(self, result=None, message=""):
        self.task_event.emit(TaskEnded(self.begun[-1], result, message))


def run(number=1, **more):
    return SimpleNamespace(**{"id": number, "trajectory": object(), "linked": True, "settings": RunSettings()} | more)


@pytest.fixture
def player(qapp):
    return Player()


@pytest.fixture
def feed(player):
    ids = iter(range(100))
    parent = QObject()
    made = GhostsFeed(SimpleNamespace(next_id=lambda: next(ids)), player, parent)
    yield made
    made.release()


def test_one_is_asked_for_after_the_other_and_kept(feed, player):
    feed.want(run(), 2, KINDS)
    assert [(task.kind, task.sample) for task in player.begun] == [("optimal", 2)]
    assert feed.note("optimal") == feed.note("ode") == PENDING
    player.end(CURVE)
    player.end(message="One Gaussian has no classes.")
    player.end(CURVE)
    assert [task.kind for task in player.begun] == list(KINDS)
    assert set(feed.curves) == {"optimal", "ode"}
    assert feed.note("optimal") == ""
    assert feed.note("gaussian") == "One Gaussian has no classes."
    feed.want(run(), 2, ())
    feed.want(run(), 2, ("optimal", "ode"))
    assert len(player.begun) == 3  # nothing is computed twice


def test_another_sample_stops_what_is_computed_and_forgets_the_rest(feed, player):
    feed.want(run(), 0, KINDS)
    player.end(CURVE)
    feed.want(run(), 1, KINDS)
    assert player.forgotten == [player.begun[1].task_id]
    assert feed.curves == {}
    player.task_event.emit(TaskEnded(player.begun[1], CURVE))  # of the old sample
    assert feed.curves == {}
    assert isinstance(player.begun[-1], GhostTask)
    assert player.begun[-1].sample == 1


def test_a_hidden_ghost_is_computed_no_further(feed, player):
    feed.want(run(), 0, ("optimal",))
    feed.want(run(), 0, ())
    assert player.forgotten == [player.begun[0].task_id]


def test_a_cancelled_ghost_says_so_until_its_eye_asks_again(feed, player):
    feed.want(run(), 0, ("ode",))
    player.end()
    assert feed.note("ode") == CANCELLED
    feed.want(run(), 0, ("ode",))
    assert len(player.begun) == 1
    feed.want(run(), 0, ())
    feed.want(run(), 0, ("ode",))
    assert len(player.begun) == 2


def test_it_says_what_a_ghost_waits_for(feed, player):
    feed.want(run(trajectory=None), 0, KINDS)
    assert feed.note("ode") == UNFINISHED
    feed.want(run(linked=False), 0, KINDS)
    assert feed.note("ode") == UNLINKED
    assert not player.begun
