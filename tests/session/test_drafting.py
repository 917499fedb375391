"""The draft while data of one kind and another are opened, changed and taken back."""

from __future__ import annotations

from dataclasses import replace

import pytest
from session_bench import Session
from window_runs import moons, pictures

from app.engine.messages import OpenData, StartRun


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


def test_data_without_classes_are_compared_with_d_star_again(session):
    session.open(moons())
    session.drafting.edit({"driver": "mixture", "compared_with": "classes"})
    session.open(pictures())
    assert session.state.draft.compared_with == "optimal"
    session.drafting.edit({"compared_with": "gaussian"})
    session.open(moons())
    assert session.state.draft.compared_with == "gaussian"


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


def test_the_settings_of_a_run_become_the_draft_and_an_undo_takes_them_back(session):
    session.drafting.edit({"steps": 7, "solver": "euler"})
    first = session.finish()
    first.pinned = True
    session.drafting.edit({"steps": 30, "solver": "ipndm", "options": {"order": 2}})
    before = session.state.draft
    session.drafting.use(first.settings)
    assert session.state.draft == first.settings
    assert session.newest(StartRun).settings == first.settings  # a toy runs at once
    _undo(session)
    assert session.state.draft == before


def test_the_named_data_of_a_run_are_opened_again(session):
    session.drafting.edit({"count": 3, "seed": 5})
    first = session.finish()
    first.pinned = True
    session.open(pictures())
    before = session.state.draft
    session.drafting.use(first.settings)
    session.answer_data(moons())
    assert session.state.data.name == "two-moons"
    assert session.state.draft == first.settings  # nothing is proposed over it
    _undo(session)
    assert session.state.draft == before
    assert session.state.data.name == "pictures.npy"


def test_what_is_not_open_any_more_is_left_out(session):
    session.open(pictures())
    gone = replace(session.drafting.filled(), network="/gone.safetensors", driver="network", seed=9)
    session.open(moons())
    asked = len(session.engine.commands)
    session.drafting.use(gone)
    draft = session.state.draft
    assert (draft.data, draft.network, draft.driver, draft.seed) == ("two-moons", "", "optimal", 9)
    assert not any(isinstance(command, OpenData) for command in session.engine.commands[asked:])


def test_an_undo_and_a_redo_are_known_by_where_they_lead(session):
    start = session.state.draft
    assert session.state.redo_leads_to is None
    session.drafting.edit({"steps": 7})
    assert session.state.undo_leads_to == start
    _undo(session)
    assert session.state.redo_leads_to.steps == 7
    session.drafting.edit({"steps": 8})
    assert session.state.redo_leads_to is None


def test_a_network_that_is_not_the_drafts_is_forgotten_without_a_change(session, qtbot):
    session.state.networks["other.safetensors"] = object()
    before = session.state.draft
    with qtbot.assertNotEmitted(session.drafting.edited):
        session.drafting.forget_network("other.safetensors")
    assert session.state.networks == {}
    assert session.state.draft is before
