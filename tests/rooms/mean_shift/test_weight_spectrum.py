"""The curve of all posterior weights."""

from __future__ import annotations

import numpy as np
import pytest

from app.plotting.theme import DARK, LIGHT
from app.rooms.mean_shift.weight_spectrum import WeightSpectrum


@pytest.fixture
def view(qtbot):
    made = WeightSpectrum(LIGHT)
    qtbot.addWidget(made)
    made.resize(300, 140)
    made.set_spectrum(np.array([1, 10, 100, 1000]), np.array([0.5, 1e-2, 1e-4, 1e-20]), 10.0)
    made.show()
    return made


def test_both_axes_are_logarithmic_and_what_nobody_sees_is_cut_off(view):
    places = [view.point(10.0**k, 10.0**-k) for k in range(4)]
    across, down = np.diff([p.x() for p in places]), np.diff([p.y() for p in places])
    assert np.allclose(across, across[0])
    assert np.allclose(down, down[0])
    area = view._area()
    assert view.point(1, 1).y() == pytest.approx(area.top())
    assert view.point(1000, 1e-20).y() == view.point(1000, 1e-12).y() == pytest.approx(area.bottom())
    assert view.point(1000, 1).x() == pytest.approx(area.right())


def test_it_says_how_many_matter(view):
    assert view.accessibleDescription() == "10 of 1,000 weigh more than a thousandth"


def test_it_is_painted_in_the_themes_colours(view):
    light = view.grab().toImage()
    view.set_theme(DARK)
    assert view.grab().toImage() != light
    view.set_spectrum(np.array([1]), np.array([1.0]), 1.0)  # one point: nothing to draw, nothing raised
    view.grab()
