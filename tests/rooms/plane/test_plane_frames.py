"""The plane view: what part of the plane is seen, and how it is scaled."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plane_pictures import (
    CENTER,
    DATA,
    PICTURE,
    SIGMAS,
    curve_of,
    divided,
    make_background,
    make_inside,
    make_probe,
    seen,
    shown,
)
from PySide6.QtWidgets import QApplication

from app.plotting.equal_scale import tick_text
from app.rooms.plane import frames


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


@pytest.mark.parametrize("size", [(640, 480), (500, 700)])
def test_the_default_frame_follows_sigma_at_equal_scale(view, size):
    view.resize(*size)
    QApplication.processEvents()
    for index, sigma in enumerate(SIGMAS):
        view.display(replace(PICTURE, index=index))
        x, y, width, height = seen(view)
        box = view.ground.box
        assert width / box.width() == pytest.approx(height / box.height(), rel=1e-12)
        assert min(width, height) == pytest.approx(6 * np.hypot(1, sigma), rel=1e-12)
        assert (x + width / 2, y + height / 2) == pytest.approx(PICTURE.center, abs=1e-12)


def test_run_and_data_frames_hold_everything(view):
    curves = PICTURE.curves
    everything = np.concatenate([curves.sampling.reshape(-1, 2), curves.denoising.reshape(-1, 2)])
    for frame, points in (("run", everything), ("data", DATA)):
        view.display(replace(PICTURE, frame=frame))
        x, y, width, height = seen(view)
        low, high = points.min(0), points.max(0)
        assert (low > (x, y)).all()
        assert (high < (x + width, y + height)).all()
        # … and no more than the padding beyond it in the tighter direction.
        assert min(width / (high - low)[0], height / (high - low)[1]) == pytest.approx(frames.PAD, rel=1e-12)
        before = seen(view)
        view.display(replace(PICTURE, frame=frame, index=3))
        assert seen(view) == before


def test_the_scaled_frame_divides_each_level_by_its_own_scale(view):
    s = 2.0
    picture = replace(PICTURE, frame="scaled", scale=s, probe=make_probe(sigma=2.0), background=make_background(2.0))
    view.display(picture)
    by = np.sqrt(1 + (SIGMAS / s) ** 2)
    x, d = PICTURE.curves.sampling, PICTURE.curves.denoising
    np.testing.assert_allclose(curve_of(view.layers.sampling.one), divided(x[:2, 2], by[:2, None]))
    np.testing.assert_allclose(curve_of(view.layers.denoising.one), divided(d[:2, 2], by[:2, None]))
    np.testing.assert_allclose(curve_of(view.layers.segment), divided([x[1, 2], d[1, 2]], by[1]))
    for item in (view.layers.data, view.layers.density):
        assert item.scale() == pytest.approx(1 / by[1])
        assert (item.pos().x(), item.pos().y()) == pytest.approx(CENTER * (1 - 1 / by[1]))
    np.testing.assert_allclose(view.layers.probe.shift.tails[0], divided((0.5, -0.5), by[1]))
    assert view.ground.left.labelText == "x₂ / √(1 + σ²/s²) about the mean"
    # What is asked for is in true coordinates.
    corner, size = np.array(seen(view))[:2], np.array(seen(view))[2:]
    np.testing.assert_allclose(view.request_rect(), [*divided(corner, 1 / by[1]), *size * by[1]])
    view.display(replace(picture, frame="sigma"))
    assert view.layers.data.scale() == 1
    assert view.ground.left.labelText == "x₂"


def test_the_exact_curve_is_scaled_by_the_levels_it_was_computed_at(view):
    inside = replace(make_inside(), sigma_next=0.0)
    levels = frames.exact_sigmas(inside, 33)
    assert levels[0] == 1
    assert levels[-1] == 0
    np.testing.assert_allclose(np.diff(np.log(levels[:-1])), np.log(1e-4) / 32)
    view.display(replace(PICTURE, frame="scaled", inside=inside))
    np.testing.assert_allclose(
        curve_of(view.layers.inside.exact), divided(inside.exact, np.sqrt(1 + levels**2)[:, None]), atol=1e-15
    )


def test_density_pixels_are_a_quarter_of_the_widgets(view):
    box = view.ground.box
    assert view.pixels() == (round(box.width() / 4), round(box.height() / 4))
    view.resize(1600, 1000)
    QApplication.processEvents()
    assert max(view.pixels()) == 256


def test_ticks_have_as_many_digits_as_tell_them_from_their_neighbours():
    assert [tick_text(v, 0.05) for v in (52.45, 52.5, -1e-17)] == ["52.45", "52.50", "0"]
    assert [tick_text(v, 500.0) for v in (5_799_500.0, 5_800_000.0, -500.0)] == ["5799500", "5800000", "−500"]
    assert [tick_text(v, 5e8) for v in (0.0, 5e8, 2.5e9)] == ["0", "5×10⁸", "2.5×10⁹"]
    assert [tick_text(v, 2e-6) for v in (-4e-6, 0.0, 1.2e-5)] == ["−4×10⁻⁶", "0", "1.2×10⁻⁵"]
