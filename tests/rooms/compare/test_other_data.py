"""A race ends when other data are open than those that it was begun with."""

from __future__ import annotations

import numpy as np
import pytest
from window_runs import moons

from app.engine.library import Library
from app.export.offstage import Offstage
from app.rooms import ROOMS
from geomodel.settings import DataKey, RunSettings


@pytest.fixture
def stage(qtbot):
    return Offstage()


def test_a_race_is_shown_over_its_own_data(stage, tmp_path):
    room = stage.room(next(row for row in ROOMS if row.name == "compare"))
    player, state = stage.services.player, stage.services.state
    state.set_draft(RunSettings(data="two-moons", data_count=60, steps=2, count=2))
    player.receive(moons())
    stage.services.lanes.add(player.drafting.filled())
    room.race()
    np.savetxt(tmp_path / "space.csv", np.random.default_rng(0).normal(size=(40, 3)), delimiter=",")
    state.set_data(Library().data(DataKey(str(tmp_path / "space.csv"), 1000, 0)).opened)
    stage.settle()
    picture = room.picture()
    assert picture.message == ""
    assert np.array_equal(picture.data, moons().plane_points)
    assert picture.scale == pytest.approx(moons().dataset.std)
    lane = picture.lanes[0]
    assert np.array_equal(lane.sampling, room.comparison.lanes[0].trajectory.x[:, 0])
    room.view.display(picture)
    room.view.grab()
    room.release()
