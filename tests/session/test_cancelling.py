"""Cancel names everything that computes; a new run leaves the quick tasks about its own draft alone."""

from __future__ import annotations

import numpy as np
import pytest
from session_bench import Session
from window_runs import moons

from app.engine.contract import TaskEnded
from app.engine.messages import OPENING, Cancel, Opening, RunStarted
from app.rooms.compare.messages import RaceTask
from app.rooms.schedule.messages import EndErrorTask
from geomodel.classes import Asked
from geomodel.record import Record


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    made.finish()
    made.player.run()
    settings = made.state.draft
    made.player.begin(RaceTask(70, settings, ()), "racing")
    made.player.begin(EndErrorTask(71, settings), "")
    made.player.receive(Opening("large.npy", 0.5))
    made.engine.commands.clear()
    return made


def cancelled(session):
    return {command.run_id for command in session.engine.commands if isinstance(command, Cancel)}


def test_cancel_stops_the_run_the_opening_and_every_task(session):
    run = session.player.computing.id
    session.player.cancel()
    assert cancelled(session) == {run, 70, 71, OPENING}


def test_a_new_run_stops_what_it_would_wait_for_but_no_quick_task(session):
    run = session.player.computing.id
    session.player.run()
    assert cancelled(session) == {run, 70, OPENING}


def test_a_task_that_has_ended_is_named_no_more(session):
    session.player.receive(TaskEnded(EndErrorTask(71, session.state.draft)))
    session.player.cancel()
    assert 71 not in cancelled(session)


def test_a_run_that_begins_though_it_was_cancelled_is_cancelled_again(session):
    run, settings = session.player.computing, session.state.draft
    session.player.cancel()
    session.engine.commands.clear()
    session.player.receive(
        RunStarted(run.id, Record(np.geomspace(80, 0.002, 5), 4, (2,), "float64"), settings, Asked())
    )
    assert cancelled(session) == {run.id}
    assert session.player.computing is None
