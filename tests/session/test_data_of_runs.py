"""Which data a run shows: those that the engine made it with, whatever the draft and the panel say by then."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from session_bench import Session
from window_runs import computed, moons

from app.engine.library import Library
from app.engine.messages import RunFinished, RunOpened, RunStarted, StartRun
from app.session.state import AppState, Run, Selection
from geomodel.settings import DataKey, RunSettings


@pytest.fixture
def session(qtbot):
    return Session()


def opened(tmp_path, count, name="points.csv"):
    """Other points in a file of the same name."""
    path = tmp_path / name
    np.savetxt(path, np.random.default_rng(count).normal(size=(count, 2)), delimiter=",")
    return Library().data(DataKey(str(path), 1000, 0)).opened


def test_a_run_over_data_that_are_not_open_yet_shows_those_of_the_engine(session, tmp_path):
    """Undo and Run in quick succession: the draft names the older data while the newer ones are still open."""
    few, many = opened(tmp_path, 60), opened(tmp_path, 996, "many.csv")
    session.open(few)
    session.finish()
    session.open(many)
    session.finish()
    session.drafting.undo()
    assert session.state.data is not few
    session.player.run()
    run = session.newest(StartRun)
    made = computed(few, replace(run.settings, data=few.name))
    session.player.receive(RunStarted(run.run_id, made.record, made.settings, made.asked, few))
    session.player.receive(RunFinished(run.run_id, made.trajectory, 0.1, 0.1))
    assert session.state.run.id == run.run_id
    assert session.state.run.source is few


def test_a_saved_run_takes_data_of_its_own_fingerprint_only(session, tmp_path):
    before = opened(tmp_path, 60)
    made = computed(before, RunSettings(data=before.name, steps=3, count=2))
    session.player.receive(
        RunOpened(
            run_id=70,
            path="run.npz",
            trajectory=made.trajectory,
            settings=made.settings,
            asked=made.asked,
            data=None,
            linked=False,
            missing="",
        )
    )
    run = session.state.runs[70]
    after = opened(tmp_path, 40)  # another program has written the file anew
    assert after.name == before.name
    session.player.receive(after)
    assert run.source is None
    session.player.receive(before)
    assert run.source is before


def test_the_engine_says_which_data_a_run_is_made_with(bench):
    bench.handle(StartRun(1, RunSettings(data="two-moons", data_count=60, steps=2, count=2)))
    started = bench.of(RunStarted)[0]
    assert len(started.data.dataset) == 60
    assert started.data is bench.worker.contexts[1].data.opened


@pytest.mark.parametrize("committed", [0, 2])
def test_without_its_run_the_selection_goes_to_one_that_can_be_shown(qtbot, committed):
    state = AppState()
    first, second = computed(moons()), computed(moons(), levels=2)
    second.id, second.record.committed = 2, committed
    for run in (first, second):
        state.add_run(run)
    state.select(run_id=1, sample=3, index=4)
    with qtbot.waitSignal(state.selection_changed, timeout=1000):
        state.remove_run(1)
    assert state.selection == (Selection(2) if committed else Selection())


@pytest.mark.parametrize("asked", [{"sample": 63}, {"index": 839}, {"sample": -5, "index": -1}, {"run_id": 9}])
def test_every_selection_is_within_what_is_computed(qtbot, asked):
    state = AppState()
    state.add_run(computed(moons(), levels=3))
    state.select(run_id=1, sample=1, index=1)
    state.select(**asked)
    run, now = state.run, state.selection
    assert isinstance(run, Run)
    assert 0 <= now.sample < run.x.shape[1]
    assert 0 <= now.index < run.committed
