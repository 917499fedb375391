"""When a network is judged: once for each network and data, and never before what a person asks for."""

from __future__ import annotations

import pytest
from PySide6.QtWidgets import QApplication
from session_bench import Session
from survey_files import opened
from window_runs import TOY, moons, pictures

from app.engine.contract import Task, TaskEnded, TaskProgress
from app.engine.messages import Cancel, CloseNetwork, Judge, Opening, Postponed, RunStopped, StartRun
from app.session.judging import Judging
from geomodel.judgement import DENOISES, MISREAD, Judgement

KNOWN = Judgement(words=DENOISES, sentence="It knows them.")
UNKNOWN = Judgement(words=MISREAD, sentence="It does not.")


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    made.judging = Judging(made.state, made.player, made)
    run_ends(made)
    return made


def run_ends(session):
    """The newest run is over; what it leaves does not matter here."""
    session.player.receive(RunStopped(session.newest(StartRun).run_id, ""))


def judges(session):
    QApplication.processEvents()
    return [command for command in session.engine.commands if isinstance(command, Judge)]


def end(session, result=None, message=""):
    session.player.receive(TaskEnded(judges(session)[-1], result, message))


def test_an_opened_network_is_judged_by_the_open_data_when_its_run_has_ended(session):
    session.player.receive(opened())  # a small point set is computed at once
    assert judges(session) == []
    assert session.judging.verdict.waiting == "waiting"
    run_ends(session)
    (task,) = judges(session)
    assert (task.settings.network, task.settings.data_key) == ("model.pt", session.state.data.key)
    end(session, KNOWN)
    assert session.judging.verdict.judgement is KNOWN
    session.player.run()
    run_ends(session)
    assert len(judges(session)) == 1  # the same network and data


def test_other_data_and_other_answers_are_judged_anew(session):
    session.player.receive(opened())
    run_ends(session)
    end(session, KNOWN)
    session.player.receive(opened(answers={"num_heads": 2}))
    assert session.judging.verdict.judgement is None
    run_ends(session)
    end(session, UNKNOWN)
    assert session.judging.verdict.judgement is UNKNOWN
    session.player.receive(opened())
    run_ends(session)
    assert len(judges(session)) == 2
    assert session.judging.verdict.judgement is KNOWN


def test_without_data_of_its_shape_it_is_judged_without(session):
    session.player.receive(opened(shape=(1, 9, 8)))
    session.drafting.close_data()
    (task,) = judges(session)
    assert task.settings.data == ""
    end(session, KNOWN)
    session.open(pictures())
    run_ends(session)
    assert [task.settings.data for task in judges(session)] == ["", "pictures.npy"]


def test_a_run_comes_first_and_the_judgement_comes_again(session):
    session.player.receive(opened())
    run_ends(session)
    (task,) = judges(session)
    session.player.run()
    assert Cancel(task.task_id) in session.engine.commands
    end(session)  # cancelled
    assert session.judging.verdict.waiting == "waiting"
    run_ends(session)
    assert len(judges(session)) == 2


def test_another_task_comes_first(session):
    session.player.receive(opened())
    run_ends(session)
    (task,) = judges(session)
    race = Task(99, TOY)
    session.player.begin(race, "race")
    assert Cancel(task.task_id) in session.engine.commands
    session.player.receive(TaskEnded(task))
    assert len(judges(session)) == 1
    session.player.receive(TaskEnded(race))
    assert len(judges(session)) == 2


def test_it_waits_for_an_opening(session):
    session.player.receive(Opening("large.npy", 0.5))
    session.player.receive(opened())
    run_ends(session)
    assert judges(session) == []
    session.player.receive(Opening("large.npy", 1.0))
    assert len(judges(session)) == 1


def test_one_that_gave_way_comes_again_and_one_that_a_person_stopped_does_not(session):
    session.player.receive(opened())
    run_ends(session)
    end(session, Postponed())
    assert len(judges(session)) == 2
    session.player.cancel()
    end(session)
    assert session.judging.verdict.waiting == "stopped"
    assert len(judges(session)) == 2
    session.judging.again()
    assert len(judges(session)) == 3
    assert session.judging.verdict.waiting == "waiting"


def test_the_status_says_how_far_it_is(session):
    session.player.receive(opened())
    run_ends(session)
    (task,) = judges(session)
    session.player.receive(TaskProgress(task.task_id, 0, 0.43))
    assert session.player.tasks == {task.task_id: "judging the network, 43 %"}
    session.player.receive(TaskProgress(task.task_id + 1, 0, 0.9))
    assert session.player.tasks == {task.task_id: "judging the network, 43 %"}


def test_an_error_is_said_once(session):
    session.player.receive(opened())
    run_ends(session)
    end(session, message="Memory is short.")
    assert session.judging.verdict.message == "Memory is short."
    assert len(judges(session)) == 1


def test_a_closed_network_is_not_judged(session):
    session.player.receive(opened())
    run_ends(session)
    (task,) = judges(session)
    session.player.close_network()
    assert CloseNetwork("model.pt") in session.engine.commands
    assert Cancel(task.task_id) in session.engine.commands
    assert session.judging.verdict.waiting == ""
