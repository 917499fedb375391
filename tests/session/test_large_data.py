"""A run begins by itself over opened data where it is quick; over larger data a person starts it."""

from __future__ import annotations

import pytest
from session_bench import Session
from window_runs import moons, pictures

from app.engine.messages import StartRun
from app.session import toy
from geomodel import datasets
from geomodel.denoisers.optimal.untruncated import RESIDENT_NUMBERS


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    made.finish()
    made.awaited = []
    made.player.run_awaited.connect(made.awaited.append)
    made.engine.commands.clear()
    return made


def runs_of(session):
    return [command.settings.data for command in session.engine.commands if isinstance(command, StartRun)]


@pytest.mark.parametrize(("limit", "runs"), [(30 * 72, ["pictures.npy"]), (30 * 72 - 1, [])])
def test_the_limit_counts_the_numbers_of_the_data(session, monkeypatch, limit, runs):
    monkeypatch.setattr(toy, "QUICK_NUMBERS", limit)
    session.open(pictures())
    assert runs_of(session) == runs
    assert [event.name for event in session.awaited] == ([] if runs else ["pictures.npy"])
    assert session.state.data.name == session.state.draft.data == "pictures.npy"


def test_run_starts_one_over_large_data(session, monkeypatch):
    monkeypatch.setattr(toy, "QUICK_NUMBERS", 0)
    session.open(pictures())
    session.player.run()
    assert runs_of(session) == ["pictures.npy"]


def test_a_new_engine_begins_none_over_large_data(session, monkeypatch):
    session.open(pictures())
    session.finish()
    session.player.remove(session.state.run.id)
    assert session.state.run is None
    session.engine.commands.clear()
    monkeypatch.setattr(toy, "QUICK_NUMBERS", 0)
    session.player.play_live()
    assert runs_of(session) == []
    monkeypatch.undo()
    session.player.play_live()
    assert runs_of(session) == ["pictures.npy"]


def test_quick_is_what_d_star_answers_from_memory_and_every_bundled_set(session):
    assert toy.QUICK_NUMBERS == RESIDENT_NUMBERS
    assert all(toy.is_quick(datasets.load(name)) for name in datasets.names())
