"""The measure that is computed on request: hidden it costs nothing, shown it has the library's numbers."""

from __future__ import annotations

import numpy as np
import pytest

import geomodel as gm
from app.engine.contract import TaskEnded
from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.session.facts import ON_REQUEST
from geomodel import measures
from geomodel.likelihood import kernel_gains

ROW = next(row for row in ROOMS if row.name == "measures")


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    patch = pytest.MonkeyPatch()
    patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
    made = Offstage()
    room = made.room(ROW)
    room.view.resize(420, 700)
    room.view.show()
    made.services.player.drafting.edit({"data": "two-moons", "data_count": 60})
    made.settle()
    made.services.player.drafting.edit({"count": 3, "steps": 4})
    yield made, room
    room.view.hide()
    room.release()
    room.view.deleteLater()
    patch.undo()


def run(made, **changes):
    made.services.player.drafting.edit(changes)
    made.settle()
    made.services.player.run()
    made.settle()
    made.services.playback.pause()
    return made.services.state.run


def plot_of(room):
    return next(plot for plot in room.picture().plots if plot.name == "gain")


def gain_row(room):
    return next(entry for entry in room.offers() if entry.title == "Gain beyond noise")


def test_it_is_computed_where_it_is_shown(stage):
    made, room = stage
    found = run(made)
    assert "gain_x" not in found.extras
    assert plot_of(room).waiting == ON_REQUEST
    assert "gain" not in room.view.visible_measures
    gain_row(room).act()
    assert plot_of(room).waiting == "waiting"  # the engine has not begun
    made.settle()
    found = made.services.state.run
    optimal = gm.OptimalDenoiser(found.source.dataset.points)
    gains = kernel_gains(optimal, found.x, found.denoised, found.sigmas)
    assert np.allclose(found.extras["gain_x"], gains.step - gains.step_noise[:, None])
    assert np.allclose(measures.compute("gain", found.trajectory)["denoised"], gains.denoised - 1.0)  # d/2 of d = 2
    assert [curve.kind for curve in plot_of(room).curves] == ["sampling", "denoising"]
    assert "gain_x" in run(made, seed=7).extras  # it is still shown
    gain_row(room).act()
    assert "gain_x" not in run(made, seed=8).extras


def test_a_refusal_is_said_at_the_place_and_can_be_tried_again(stage):
    made, room = stage
    run(made, seed=9)
    gain_row(room).act()
    task = room._gains._work._task
    made.services.player.receive(TaskEnded(task, message="D* needs more memory."))
    assert plot_of(room).waiting == "D* needs more memory."
    made.settle()
    gain_row(room).act()
    gain_row(room).act()
    made.settle()
    assert plot_of(room).curves
