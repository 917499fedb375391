"""The playhead keeps its σ, not its index, when another run is shown."""

from __future__ import annotations

import numpy as np
import pytest
from session_bench import Session
from window_runs import moons

from geomodel.schedules import nearest_level


@pytest.fixture
def session(qtbot):
    made = Session()
    made.open(moons())
    made.drafting.edit({"steps": 18, "count": 2})
    made.finish()
    return made


def _shown(session):
    state = session.state
    return state.run.sigmas[state.selection.index]


def test_other_steps_keep_the_noise_level(session):
    session.playback.go(9)
    before = _shown(session)
    session.drafting.edit({"steps": 36})
    run = session.finish()
    assert session.state.selection.run_id == run.id
    assert session.state.selection.index == nearest_level(run.sigmas, before) == 18  # karras(36) holds karras(18)
    assert _shown(session) == pytest.approx(before)


def test_the_end_stays_the_end_where_sigma_is_zero(session):
    session.drafting.edit({"final_zero": True})
    session.finish()
    session.playback.go_to_end()
    session.drafting.edit({"steps": 7})
    session.finish()
    assert session.state.selection.index == 7
    session.drafting.edit({"final_zero": False})
    session.finish()
    assert session.state.selection.index == 7


def test_the_pending_run_takes_over_when_it_has_reached_that_sigma(session):
    session.playback.go(9)
    old = session.state.run
    session.drafting.edit({"steps": 36})
    computing = session.start(levels=10)  # more levels than the old index
    assert session.state.run is old
    computing.grow(18)
    assert session.state.run is old
    computing.grow(19)
    assert session.state.run is not old
    assert session.state.selection.index == 18
    assert old.id not in session.state.runs


def test_what_is_shown_when_the_run_takes_over_decides(session):
    session.playback.go(9)
    session.drafting.edit({"steps": 36})
    computing = session.start(levels=10)
    session.playback.go(2)
    computing.grow(11)
    assert session.state.selection.index == 4


def test_a_pinned_run_and_its_successor_are_compared_at_one_sigma(session):
    first = session.state.run
    first.pinned = True
    session.playback.go(12)
    session.drafting.edit({"steps": 5})
    second = session.finish()
    at = session.state.selection.index
    assert at == nearest_level(second.sigmas, first.sigmas[12]) != 12
    session.state.select(run_id=first.id)
    assert session.state.selection.index == nearest_level(first.sigmas, second.sigmas[at])
    session.state.select(run_id=first.id, index=3)  # an index that is given holds
    session.state.select(sample=1)
    assert session.state.selection.index == 3


def test_run_plays_from_the_start(session):
    session.playback.go(9)
    session.player.run()
    session.start()
    assert session.state.selection.index == 0
    assert session.playback.playing
    session.playback.pause()
    assert np.isfinite(_shown(session))
