"""How a drawing would look while a person draws: its field is D*, and its basins are known by symmetry."""

from __future__ import annotations

import numpy as np
import pytest

from app.rooms.plane.answers_drawing import sketch
from app.rooms.plane.messages import DensityRequest, SketchRequest
from geomodel import OptimalDenoiser
from geomodel.settings import RunSettings

RECT = (-3.0, -2.0, 6.0, 4.0)
SIDES = (((-2.0, -1.0), (-2.0, 1.0)), ((2.0, -1.0), (2.0, 1.0)))


def asked(strokes, **options):
    key = RunSettings(data="drawing", drawing=strokes, drawing_width=0.1, data_count=400).data_key
    shown = DensityRequest(run_id=3, sigma=0.5, rect=RECT, pixels=(24, 16), arrows=(7, 5), field="optimal")
    return SketchRequest(3, key=key, shown=shown, **options)


def test_the_field_is_the_optimal_denoiser():
    """Sums of the same positive numbers in another order: 1e-12 of the plane's size."""
    found = sketch(asked(SIDES), None)
    wanted = OptimalDenoiser(found.points)(found.background.at, 0.5)
    np.testing.assert_allclose(found.background.denoised, wanted, rtol=0, atol=1e-12)
    assert found.background.density.shape == (16, 24)
    assert found.basins is None


@pytest.mark.parametrize("order", [1, -1])
def test_each_half_of_the_plane_belongs_to_the_stroke_in_it(order):
    """The strokes mirror each other at x = 0, so the border is there, but for the spread of 400 points."""
    found = sketch(asked(SIDES[::order], basins=True), None).basins
    classes = found.basins.classes[:, [0, 1, 2, 3, -4, -3, -2, -1]]
    assert (classes[:, :4] == (order < 0)).all()
    assert (classes[:, 4:] == (order > 0)).all()
    assert {area.label for area in found.areas} == {0, 1}
    assert (found.request.run_id, found.request.sigma, found.request.rect) == (3, 0.5, RECT)


def test_strokes_beyond_the_number_of_classes_have_no_basins():
    many = tuple(((x, 0.0),) for x in np.linspace(-2, 2, 65))
    assert sketch(asked(many, basins=True), None).basins is None
