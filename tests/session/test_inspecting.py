"""A checkpoint from the first look until it is open: questions, answers of the last time, refusals."""

from __future__ import annotations

import pytest
from session_bench import Session
from survey_files import PRESETS, opened, survey_of
from window_runs import moons

from app.engine.messages import InspectNetwork, NetworkInspected, OpenCancelled, OpenFailed, OpenNetwork
from app.session.inspecting import Inspecting

LIKELY = dict(PRESETS[0].answers)
OTHER = {"num_heads": 2, "use_new_attention_order": True}


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    made.kept = {}
    made.inspecting = Inspecting(
        made.state, made.player, lambda sha256: made.kept.get(sha256, {}), made.kept.__setitem__, made
    )
    return made


def look(session, presets=PRESETS):
    """The engine has looked at a file that lacks answers."""
    found = survey_of({}, presets=presets)
    session.player.receive(NetworkInspected("model.pt", {}, found, opening=True, sha256="0f"))
    return session.inspecting


def tried(session):
    """The engine has looked at the file with the newest answers."""
    asked = session.newest(InspectNetwork)
    session.player.receive(NetworkInspected(asked.path, asked.answers, survey_of(asked.answers)))
    return asked.answers


def test_what_lacks_nothing_is_shown_while_it_is_read(session):
    session.player.receive(NetworkInspected("model.pt", {}, survey_of(LIKELY), opening=True))
    assert session.inspecting.found.reading
    assert not session.inspecting.ready
    session.player.receive(opened())
    assert session.inspecting.found is None
    assert session.state.network.path == "model.pt"


def test_the_one_configuration_of_these_sizes_is_proposed_and_not_opened(session):
    inspecting = look(session)
    assert tried(session) == LIKELY
    assert inspecting.found.answers == LIKELY
    assert inspecting.ready
    assert not [command for command in session.engine.commands if isinstance(command, OpenNetwork)]
    inspecting.open()
    assert session.newest(OpenNetwork) == OpenNetwork("model.pt", answers=LIKELY)
    assert inspecting.found.reading


def test_nothing_is_proposed_where_several_or_none_fit(session):
    for presets in (PRESETS[1:], (PRESETS[0], PRESETS[0])):
        assert look(session, presets).found.answers == {}
        assert not [command for command in session.engine.commands if isinstance(command, InspectNetwork)]
        assert not session.inspecting.ready


def test_answers_are_given_one_by_one_and_taken_back(session):
    inspecting = look(session, ())
    inspecting.answer({"num_heads": 4})
    assert tried(session) == {"num_heads": 4}
    assert not inspecting.ready
    inspecting.answer({"use_new_attention_order": False})
    assert tried(session) == LIKELY
    assert inspecting.ready
    inspecting.answer({"num_heads": None})
    assert tried(session) == {"use_new_attention_order": False}
    assert not inspecting.ready


def test_what_lacks_is_named_where_a_person_opens_too_early(session):
    inspecting = look(session, ())
    inspecting.open()
    assert inspecting.found.message == "Answer first: Heads, q, k, v."
    inspecting.answer({"num_heads": 4})
    assert inspecting.found.message == ""


def test_an_answer_that_is_under_way_counts_when_the_file_is_opened(session):
    inspecting = look(session, ())
    inspecting.answer(LIKELY)
    inspecting.open()
    assert not [command for command in session.engine.commands if isinstance(command, OpenNetwork)]
    tried(session)
    assert session.newest(OpenNetwork) == OpenNetwork("model.pt", answers=LIKELY)
    session.player.receive(OpenFailed("network", "model.pt", "No."))
    inspecting.answer({"num_heads": 3})
    inspecting.open()
    asked = session.newest(InspectNetwork)
    session.player.receive(NetworkInspected("model.pt", asked.answers, message="3 is wrong"))
    assert (inspecting.found.message, inspecting.found.reading) == ("3 is wrong", False)


def test_an_answer_to_an_older_question_changes_nothing(session):
    inspecting = look(session, ())
    inspecting.answer({"num_heads": 4})
    inspecting.answer({"num_heads": 2})
    session.player.receive(NetworkInspected("model.pt", {"num_heads": 4}, message="4 is wrong"))
    assert inspecting.found.message == ""
    session.player.receive(NetworkInspected("model.pt", {"num_heads": 2}, message="2 is wrong"))
    assert inspecting.found.message == "2 is wrong"
    assert inspecting.found.survey is not None  # the questions stay


def test_answers_are_remembered_once_they_have_opened_the_file(session):
    look(session)
    session.inspecting.open()
    assert session.kept == {}
    session.player.receive(opened(answers=LIKELY))
    assert session.kept == {"0f": LIKELY}
    look(session)
    assert session.newest(OpenNetwork) == OpenNetwork("model.pt", answers=LIKELY)
    assert session.inspecting.found.reading


def test_answers_of_the_last_time_that_do_not_open_it_are_asked_again(session):
    session.kept["0f"] = OTHER
    look(session)
    session.player.receive(OpenFailed("network", "model.pt", "The heads do not divide."))
    found = session.inspecting.found
    assert (found.reading, found.message, found.answers) == (False, "The heads do not divide.", OTHER)
    assert found.survey.lacks  # so that there is a form


def test_what_is_said_now_wins_over_the_answers_of_the_last_time(session):
    session.kept["0f"] = OTHER
    said = {"num_heads": 4}
    session.player.receive(NetworkInspected("model.pt", said, survey_of(said), opening=True, sha256="0f"))
    assert session.newest(OpenNetwork).answers == {**OTHER, **said}


def test_answers_that_do_not_suffice_any_more_are_tried_once(session):
    session.kept["0f"] = {"num_heads": 4}
    look(session, ())
    before = len(session.engine.commands)
    known = session.newest(OpenNetwork).answers
    found = survey_of(known, presets=())
    session.player.receive(NetworkInspected("model.pt", known, found, opening=True, sha256="0f"))
    assert len(session.engine.commands) == before
    assert (session.inspecting.found.reading, session.inspecting.found.answers) == (False, known)


def test_answers_of_an_open_network_can_be_changed(session):
    session.player.receive(opened(answers=LIKELY))
    inspecting = session.inspecting
    inspecting.change()
    assert tried(session) == LIKELY
    inspecting.answer({"num_heads": 2})
    assert tried(session) == {**LIKELY, "num_heads": 2}
    inspecting.open()
    changed = opened(answers={**LIKELY, "num_heads": 2})
    session.player.receive(changed)
    assert session.state.network is changed
    assert inspecting.found is None
    assert session.kept == {"0f": {**LIKELY, "num_heads": 2}}


def test_a_refused_file_is_shown_until_it_is_put_away(session):
    session.player.receive(OpenFailed("network", "page.pt", "It is a web page."))
    assert session.inspecting.found.message == "It is a web page."
    assert not session.inspecting.ready
    session.inspecting.dismiss()
    assert session.inspecting.found is None
    session.player.receive(OpenFailed("data", "page.csv", "It is a web page."))
    assert session.inspecting.found is None


def test_a_cancelled_reading_leaves_what_was_open(session):
    session.player.receive(opened("first.pt"))
    session.player.receive(NetworkInspected("model.pt", {}, survey_of(LIKELY), opening=True))
    session.player.receive(OpenCancelled("model.pt"))
    assert session.inspecting.found is None
    assert session.state.network.path == "first.pt"


def test_choosing_another_network_puts_the_file_away(session):
    session.player.receive(opened("first.pt"))
    session.player.receive(opened("second.pt"))
    look(session, ())
    session.drafting.edit({"steps": 5})
    assert session.inspecting.found is not None
    session.drafting.edit({"network": "first.pt"})
    assert session.inspecting.found is None


def test_a_network_of_another_shape_stays_in_the_card_until_it_has_data_or_none(session):
    session.player.receive(NetworkInspected("model.pt", {}, survey_of(LIKELY), opening=True))
    session.player.receive(opened(shape=(3, 8, 8)))
    assert session.inspecting.found.unfit
    assert session.state.network is None
    session.drafting.close_data()
    assert session.state.network.path == "model.pt"
    assert session.inspecting.found is None
