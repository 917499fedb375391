"""Pinned runs in the drawing of the selected one: whose curves, from how many levels, and which cannot be."""

from __future__ import annotations

import numpy as np
import pytest
from space_stage import SpaceStage

from app.plotting.theme import LIGHT
from app.rooms.space.canvas import owner_colour
from app.rooms.space.feed import NO_PINNED
from app.rooms.space.text import legend


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
        made = SpaceStage()
        yield made
        made.close()


def pin(stage, wanted=True):
    stage.run.pinned = wanted
    stage.services.state.runs_changed.emit()
    stage.settle()


def test_a_pinned_run_is_drawn_with_the_selected_one(stage):
    first = stage.compute("clusters-64")
    own = stage.picture.bundles[0].points
    box = stage.view.bar.pinned
    assert not box.isEnabled()
    assert NO_PINNED in box.toolTip()
    pin(stage)
    assert not box.isEnabled()  # it is the selected run itself
    stage.compute("clusters-64", steps=7, count=3)
    assert box.isEnabled()
    assert len(stage.picture.bundles) == 1
    box.click()
    stage.settle()
    run, pinned = stage.picture.bundles
    assert run.points.shape == (8, 3, 3)
    assert np.array_equal(pinned.points, own)  # 13 levels, 5 samples
    assert any(entry.text == pinned.name for entry in legend(stage.picture, LIGHT))
    assert owner_colour(pinned, LIGHT) != owner_colour(run, LIGHT)
    assert stage.picture.owners == ("run",)
    stage.view.grab()
    answers = len(stage.answers)
    stage.services.state.select(index=2)
    stage.settle()
    assert len(stage.answers) == answers  # nothing is asked twice
    stage.services.player.remove(first.id)
    stage.settle()
    assert len(stage.picture.bundles) == 1
    assert not box.isEnabled()


def test_samples_of_another_shape_stay_away(stage, tmp_path):
    stage.compute("clusters-64")
    pin(stage)
    np.save(tmp_path / "five.npy", np.random.default_rng(1).standard_normal((30, 5)))
    stage.compute(tmp_path / "five.npy")
    assert not stage.view.bar.pinned.isEnabled()
    assert len(stage.picture.bundles) == 1
