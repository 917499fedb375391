"""The box and the camera of Space, and the slabs that draw its segments."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtGui import QColor, QImage, QPainter

from app.rooms.space.camera import ASPECT, LEAST_ZOOM, MOST_ZOOM, STEEPEST, Camera, box_of, side_that_fits
from app.rooms.space.labels import axis_text
from app.rooms.space.slabs import Slabs, mixed

BUNDLE = np.array([[[2000.0, 0.0, 0.0]], [[700.0, 20.0, -2.0]], [[0.0, 0.0, 8.0]]])  # (L, B, 3)
ANGLES = [(0.0, 0.0), (-28.0, 20.0), (130.0, -75.0)]


def camera(angles):
    return Camera(*angles)


# ---------------------------------------------------------------- box and camera


@pytest.mark.parametrize("angles", ANGLES)
def test_a_camera_only_turns(angles):
    rotation = camera(angles).rotation()
    np.testing.assert_allclose(rotation @ rotation.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(rotation) == pytest.approx(1.0)


def test_seen_from_the_front_noise_is_at_the_left_and_the_first_component_upright():
    box = box_of([BUNDLE])
    pixels, _ = Camera(0.0, 0.0).look(box.inside(BUNDLE[:, 0]), (300.0, 200.0), 400.0)
    np.testing.assert_allclose(pixels[:, 0], [100.0, 360.0, 500.0])  # 2000, 700 and 0 along
    np.testing.assert_allclose(pixels[:, 1], [300.0, 100.0, 300.0])  # half as high as long, upwards


def test_what_is_nearer_after_a_turn_to_the_right_was_at_the_left():
    box = box_of([BUNDLE])
    _, depth = Camera(90.0, 0.0).look(box.inside(BUNDLE[:, 0]), (0.0, 0.0), 1.0)
    assert depth[0] > depth[1] > depth[2]


def test_the_exaggeration_is_what_a_length_across_gains_over_one_along():
    box = box_of([BUNDLE])
    spans = np.array([2000.0, 20.0, 10.0])
    np.testing.assert_allclose(box.exaggeration, (ASPECT / spans) / (ASPECT[0] / spans[0]))
    assert axis_text(box, 0) == "along 2,000 … 0"
    assert axis_text(box, 1) == "PC 1 0 … 20, × 50"


def test_a_box_is_around_what_is_finite():
    broken = np.concatenate([BUNDLE, np.full((3, 2, 3), np.nan)], axis=1)
    np.testing.assert_array_equal(box_of([broken]).low, box_of([BUNDLE]).low)
    assert box_of([np.full((3, 2, 3), np.nan)]) is None
    assert box_of([]) is None


def test_a_straight_bundle_has_a_box_too():
    flat = BUNDLE * [1.0, 0.0, 0.0]
    box = box_of([flat])
    assert np.isfinite(box.inside(flat)).all()
    np.testing.assert_array_equal(box.high[1:] - box.low[1:], 2000.0)  # the scale of the longest


@pytest.mark.parametrize("angles", ANGLES)
@pytest.mark.parametrize("size", [(600.0, 400.0), (300.0, 700.0)])
def test_the_box_fits_as_a_camera_turns_it(size, angles):
    box = box_of([BUNDLE])
    middle = (size[0] / 2, size[1] / 2)
    pixels, _ = camera(angles).look(box.inside(box.corners()), middle, side_that_fits(*size, camera(angles)))
    assert (pixels >= -1e-9).all()
    assert (pixels <= np.array(size) + 1e-9).all()


def test_turning_and_zooming_have_ends():
    steep = Camera().turned(0.0, 1000.0)
    assert steep.tilt == STEEPEST
    assert Camera(170.0, 0.0).turned(20.0, 0.0).turn == -170.0
    assert Camera().zoomed(1e9).zoom == MOST_ZOOM
    assert Camera().zoomed(1e-9).zoom == LEAST_ZOOM


# ---------------------------------------------------------------- segments


def painted(slabs, colours, width=3.0):
    image = QImage(100, 100, QImage.Format.Format_RGB32)
    image.fill(QColor("white"))
    with QPainter(image) as painter:
        slabs.paint(painter, colours, QColor("white"), width)
    return image


def line(start, end, depth, shade):
    """Pixels (2, 2), depths (2,) and the shade of a segment."""
    return np.array([start, end], np.float64), np.full(2, depth), shade


def slabs_of(*lines):
    pixels = np.stack([pixels for pixels, _, _ in lines], axis=1)
    depth = np.stack([depth for _, depth, _ in lines], axis=1)
    return Slabs(pixels, depth, np.array([[shade for *_, shade in lines]]))


RED, BLUE = QColor("#ff0000"), QColor("#0000ff")
LEVEL, UPRIGHT = ((10, 50), (90, 50)), ((50, 10), (50, 90))


@pytest.mark.parametrize("nearest", [0, 1])
def test_the_nearest_segment_is_on_top(nearest):
    depths = (1.0, -1.0) if nearest == 0 else (-1.0, 1.0)
    image = painted(slabs_of(line(*LEVEL, depths[0], 0), line(*UPRIGHT, depths[1], 1)), [RED, BLUE])
    assert image.pixelColor(50, 50) == (RED, BLUE)[nearest]


def test_what_is_far_fades_into_the_ground():
    image = painted(slabs_of(line(*LEVEL, -1.0, 0), line(*UPRIGHT, 1.0, 0)), [RED])
    far, near = image.pixelColor(20, 50), image.pixelColor(50, 20)
    assert near == RED
    assert far.red() == 255
    assert 120 < far.green() < 160


def test_every_segment_is_drawn_once_in_its_colour():
    rows = [line((5, 4 * row + 5), (95, 4 * row + 5), row / 20, row % 3) for row in range(20)]
    colours = [QColor("#ff0000"), QColor("#00ff00"), QColor("#0000ff")]
    image = painted(slabs_of(*rows), colours, width=2.0)
    found = [image.pixelColor(50, 4 * row + 5) for row in range(20)]
    hues = [max(range(3), key=lambda channel, at=at: (at.red(), at.green(), at.blue())[channel]) for at in found]
    assert hues == [row % 3 for row in range(20)]


def test_what_is_not_finite_or_too_far_away_is_left_out():
    broken, far = line(*LEVEL, 0.0, 0), line((10, 1e9), (90, 50), 0.0, 0)
    broken[0][1, 0] = np.nan
    assert len(slabs_of(broken, far, line(*UPRIGHT, 0.0, 0))) == 1
    nothing = slabs_of(broken, far)
    assert len(nothing) == 0
    painted(nothing, [RED])


def test_a_mixture_of_two_colours():
    assert mixed(QColor(200, 0, 100), QColor(0, 100, 100), 0.25) == QColor(150, 25, 100)
