"""Reference data are put away and come back: a network may drive alone."""

from __future__ import annotations

import pytest
from session_bench import Session
from survey_files import opened
from window_runs import moons, pictures

from app.engine.messages import OpenData, StartRun


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    return made


def test_without_data_a_network_drives_from_noise(session):
    session.player.receive(opened())
    session.drafting.edit({"driver": "optimal", "start": "data", "start_index": 3})
    session.drafting.edit({"data": ""})
    draft = session.state.draft
    assert session.state.data is None
    assert (draft.data, draft.driver, draft.start, draft.network) == ("", "network", "noise", "model.pt")
    assert session.state.errors == {}
    session.player.run()
    assert session.newest(StartRun).settings == draft


def test_without_data_and_network_a_run_is_refused_where_the_data_are_chosen(session):
    session.drafting.edit({"data": ""})
    assert session.state.errors.keys() == {"data"}
    session.open(moons())
    assert session.state.errors == {}


def test_a_network_that_was_opened_beside_other_data_drives_when_they_are_put_away(session):
    session.player.receive(opened(shape=(1, 9, 8)))
    assert "works on shape (1, 9, 8); the data have (2,)" in session.state.errors["network"]
    assert session.state.network is None
    session.drafting.edit({"data": ""})
    assert session.state.network.path == "model.pt"
    assert session.state.draft.driver == "network"


def test_or_when_its_data_are_opened(session):
    session.player.receive(opened(shape=(1, 9, 8)))
    session.open(pictures())
    assert session.state.network.path == "model.pt"
    assert (session.state.draft.driver, session.state.draft.data) == ("network", "pictures.npy")


def test_but_not_when_other_data_were_opened_in_between(session):
    session.player.receive(opened(shape=(1, 9, 8)))
    session.open(moons())
    session.open(pictures())
    assert session.state.network is None


def test_an_undo_opens_the_data_again_and_another_puts_them_away(session):
    session.player.receive(opened())
    session.drafting.edit({"data": ""})
    while session.state.draft.data == "":
        session.drafting.undo()
    asked = session.newest(OpenData)
    assert asked.name == "two-moons"
    session.answer_data(moons())
    assert session.state.data is not None
    session.drafting.undo(forward=True)
    assert session.state.data is None


def test_settings_of_a_run_without_data_can_be_used(session):
    session.player.receive(opened())
    session.drafting.edit({"data": ""})
    alone = session.drafting.filled()
    session.open(moons())
    session.drafting.use(alone)
    assert session.state.draft.data == ""
    assert session.state.data is None


def test_a_network_that_waits_for_its_data_can_be_closed(session):
    session.player.receive(opened("first.pt"))
    session.player.receive(opened(shape=(1, 9, 8)))
    assert session.state.network.path == "first.pt"
    session.player.close_network("model.pt")
    assert session.state.networks.keys() == {"first.pt"}
    assert session.state.network.path == "first.pt"
    session.drafting.edit({"data": ""})
    assert session.state.network.path == "first.pt"
