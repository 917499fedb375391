"""A strip of a run with more levels than a form can ask for: some images, their true levels, and words for it."""

from __future__ import annotations

import numpy as np
import pytest
from parts import part, words
from PySide6.QtCore import QPoint, Qt
from saved_runs import make_run

from app.plotting.montage import Montage
from app.plotting.theme import LIGHT
from app.rooms.strip.picture import shown_levels, strip_picture
from app.rooms.strip.view import StripView
from app.session.state import Run, Selection
from geomodel import images
from geomodel.curves import MOST_LEVELS
from geomodel.settings import MAX_LEVELS, RunSettings


def run_of(levels):
    rng = np.random.default_rng(0)
    x = rng.standard_normal((levels, 1, 1, 4, 4)).astype(np.float32)
    trajectory = make_run(
        x=x, denoised=x[:-1], sigmas=np.geomspace(80.0, 0.01, levels), evaluations_at=np.arange(levels),
        final_denoised=x[-1], seeds=None, labels=None, settings={}, extras={"optimal": x[:-1]},
    )  # fmt: skip
    return Run(1, RunSettings(), "complete", trajectory=trajectory)


@pytest.fixture(scope="module")
def run():
    return run_of(MAX_LEVELS + 1)


def test_images_stand_for_evenly_chosen_levels(run):
    picture = strip_picture(run, Selection(1, 0, 777), None)
    levels = picture.levels
    assert len(levels) <= MOST_LEVELS
    assert (levels[0], levels[-1]) == (0, MAX_LEVELS)
    x, denoised, optimal = picture.rows
    assert (len(x.images), len(denoised.images), len(optimal.images)) == (len(levels), len(levels), len(levels) - 1)
    scale = 0.5  # of a run without data
    expected = images.pixels(images.shrunk(run.x[levels, 0], run.sigmas[levels], scale))
    np.testing.assert_array_equal(x.images, expected)
    np.testing.assert_array_equal(optimal.images, images.pixels(run.extras["optimal"][levels[:-1], 0]))
    assert x.note.startswith(f"{len(levels):,} of 10,002 levels")


def test_a_run_that_a_form_can_ask_for_shows_every_level():
    assert shown_levels(run_of(MAX_LEVELS)) is None
    picture = strip_picture(run_of(40), Selection(1, 0, 7), None)
    assert picture.levels is None
    assert [len(row.images) for row in picture.rows] == [40, 40, 39]


def test_the_playhead_and_the_mouse_speak_of_true_levels(qtbot, run):
    view = StripView(LIGHT)
    qtbot.addWidget(view)
    view.resize(1000, 240)
    levels = shown_levels(run)
    at = int(levels[900]) + 1  # between two images
    view.display(strip_picture(run, Selection(1, 0, at), None))
    with qtbot.waitExposed(view):
        view.show()
    montage = part(view, Montage)
    picked = []
    view.level_picked.connect(picked.append)
    place = montage.column_rect(0, 901).center().toPoint() / montage.devicePixelRatioF()
    assert montage.viewport().rect().contains(QPoint(place))  # the view follows the playhead
    qtbot.mouseClick(montage.viewport(), Qt.MouseButton.LeftButton, pos=QPoint(place))
    assert picked == [levels[901]]
    assert montage.viewport().toolTip() == f"step {levels[901]}, σ = {run.sigmas[levels[901]]:.4g}"
    assert montage._index == 900  # the last image before the playhead has the frame
    assert "They are evenly chosen from 10,002 levels." in view.describe()
    assert words(view)
