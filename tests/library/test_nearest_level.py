"""The level of a schedule that is nearest to a noise level."""

from __future__ import annotations

import pytest

from geomodel.schedules import karras, nearest_level


@pytest.mark.parametrize(
    ("sigma", "level"),
    [(80.0, 0), (1000.0, 0), (9.0, 1), (5.0, 1), (1.01, 2), (0.99, 2), (0.5, 2), (0.2, 3), (1e-9, 3), (0.0, 4)],
)
def test_it_is_nearest_in_log_sigma(sigma, level):
    assert nearest_level([80.0, 10.0, 1.0, 0.1, 0.0], sigma) == level


def test_to_zero_the_last_level_is_nearest_whether_it_is_zero_or_not():
    assert nearest_level(karras(18), 0.0) == 18
    assert nearest_level([0.0], 3.0) == 0


def test_every_level_is_nearest_to_itself():
    levels = karras(18, final_zero=True)
    assert [nearest_level(levels, sigma) for sigma in levels] == list(range(19))
