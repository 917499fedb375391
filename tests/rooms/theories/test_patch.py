"""The patch that a person picks: what the engine answers, that the latest wins, and what stands meanwhile."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

import geomodel as gm
from app.export.offstage import Offstage
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms import ROOMS
from app.rooms.theories import feed
from app.rooms.theories.messages import PatchAnswer, PatchRequest
from app.rooms.theories.patch_feed import FIRST
from app.rooms.theories.pictures import TaughtPicture
from app.rooms.theories.taught_picture import plots_of
from app.rooms.theories.view import TheoriesView
from geomodel.experiments import Underfitting

ROW = next(row for row in ROOMS if row.name == "theories")


@pytest.fixture
def compared(qtbot, tmp_path, monkeypatch):
    """The room with a run of images that is compared with theories."""
    monkeypatch.setattr(feed, "IMAGES", (2, 3))
    stage = Offstage()
    room = stage.room(ROW)
    room.view.resize(640, 900)
    room.view.show()
    path = tmp_path / "images.npz"
    np.savez(path, x=np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8), y=np.arange(12) % 2)
    stage.services.player.drafting.edit({"data": str(path)})
    stage.settle()
    stage.services.player.drafting.edit({"steps": 3, "count": 2, "solver": "heun"})
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()
    stage.go(1)
    room.handlers()["theories"]()
    stage.settle()
    yield stage, room
    room.view.hide()
    room.release()
    room.view.deleteLater()


def test_a_key_on_the_slider_asks_for_another_patch(compared):
    stage, room = compared
    run, view = stage.services.state.run, room.view
    picture = room.picture()
    assert (picture.patch, picture.most_patch) == (FIRST, 9)  # of 5 × 4 pixels
    answer = room._patch._answer
    assert answer.request.patch == FIRST
    assert picture.panels[-1].caption == f"Patches {FIRST}"
    QTest.keyClick(view._patch._slider, Qt.Key.Key_Down)
    assert room.picture().panels[-1].caption == f"Patches {FIRST}"  # until there is a newer one
    stage.settle()
    assert room.picture().panels[-1].caption == f"Patches {FIRST - 2}"
    found = room._patch._answer
    index, sample = found.request.index, found.request.sample
    wanted = gm.LocalDenoiser(run.source.dataset.points, FIRST - 2)(
        np.asarray(run.x[index, sample], np.float64)[None], float(run.sigmas[index])
    )[0]
    np.testing.assert_allclose(found.denoised, wanted, rtol=1e-12)
    own = np.asarray(run.denoised[index, sample], np.float64)
    mean = run.source.dataset.mean
    assert np.isclose(found.share, 1 - np.square(own - wanted).sum() / np.square(own - mean).sum())
    room._answered(PatchAnswer(PatchRequest(run.id, index + 99, sample, 3), found.denoised, 0.5))
    assert room.picture().panels[-1].note == "computing"  # what is known is about another x


def test_the_axis_has_the_hue_of_the_best(compared):
    stage, room = compared
    view, plot = room.view, room.picture().plot
    items = view.chart._tints._items
    assert len(items) == len(plot.tints) > 0
    run = stage.services.state.run
    for theme in (LIGHT, DARK):
        view.set_theme(theme)
        for item, (kind, high, low) in zip(items, plot.tints, strict=True):
            assert item.brush().color().name() == theme.hue(kind).lower()
            assert run.sigmas[0] >= high > low > 0


def test_everything_fits_on_paper(compared):
    """Parts that have no room would be drawn over each other."""
    stage, room = compared
    for action in ("theories_drive", "theories_hand_over"):
        room.handlers()[action]()
        stage.settle()
    one = np.ones(3)
    plots = plots_of(stage.services.state.run, Underfitting(one, one, one, one, one, one, one), np.arange(3))
    picture = replace(room.picture(), taught=TaughtPicture(plots=plots, caption="caption", now="now"))
    assert picture.ends
    assert picture.hand_over.plot is not None
    view = TheoriesView(PRINT, print_mode=True)
    view.display(picture)
    width, height = (round(side * 96 / 25.4) for side in ROW.figure)
    assert view.page.layout().heightForWidth(width - 16) <= height - 16
    view.release()
    view.deleteLater()
