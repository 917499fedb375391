"""The draft while data of one kind and another are opened, changed and taken back."""

from __future__ import annotations

import pytest
from session_bench import Session
from window_runs import moons, pictures

from app.engine.messages import OpenData


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    return made


def _undo(session, *, forward=False):
    """Take back a change; where it opens other data, the engine has done so."""
    before = len(session.engine.commands)
    session.drafting.undo(forward=forward)
    asked = [command for command in session.engine.commands[before:] if isinstance(command, OpenData)]
    if asked:
        session.answer_data(moons() if asked[0].name == "two-moons" else pictures())


def test_each_kind_of_data_has_a_count_of_its_own(session):
    session.drafting.edit({"count": 16})  # the usual count of the other kind
    session.open(pictures())
    assert session.state.draft.count == 16
    session.drafting.edit({"count": 5})
    session.open(moons())
    assert session.state.draft.count == 16
    session.open(pictures())
    assert session.state.draft.count == 5


def test_what_nobody_has_typed_is_the_usual_count_of_the_kind(session):
    session.drafting.edit({"count": 100})
    session.open(pictures())
    assert session.state.draft.count == 16
    session.open(moons())
    assert session.state.draft.count == 100


def test_an_undo_takes_the_count_of_its_own_kind_back(session):
    session.open(pictures())
    session.drafting.edit({"count": 5})
    session.open(moons())
    _undo(session)
    assert (session.state.draft.data, session.state.draft.count) == ("pictures.npy", 5)
    _undo(session)
    assert (session.state.draft.data, session.state.draft.count) == ("pictures.npy", 16)
    _undo(session)
    assert (session.state.draft.data, session.state.draft.count) == ("two-moons", 64)
    session.open(pictures())
    assert session.state.draft.count == 16  # the 5 was taken back


def test_a_redo_brings_the_count_again(session):
    session.open(pictures())
    session.drafting.edit({"count": 5})
    _undo(session)
    _undo(session)
    _undo(session, forward=True)
    _undo(session, forward=True)
    assert (session.state.draft.data, session.state.draft.count) == ("pictures.npy", 5)
    session.open(moons())
    session.open(pictures())
    assert session.state.draft.count == 5
