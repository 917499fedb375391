"""Moments that are gathered part by part against NumPy over the whole cloud."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel.streamed import Moments, Variance


@pytest.mark.parametrize("shift", [0.0, 1e6])
@pytest.mark.parametrize("cuts", [(), (1,), (0, 0, 7), (1, 2, 3, 50, 199)])
def test_parts_give_what_the_whole_gives(shift, cuts):
    rows = np.random.default_rng(0).standard_normal((200, 4)) @ np.diag([3, 1, 0.1, 0]) + shift
    inside, across = Moments(4), Variance(4)
    for part in np.split(rows, cuts):
        inside.add(part)
        across.add(part)
    mean, covariance = inside()
    # a number of size 1e6 has the unit 1e-10, and its square's error is averaged over 200 rows
    np.testing.assert_allclose(mean, rows.mean(0), rtol=1e-14, atol=1e-14)
    np.testing.assert_allclose(covariance, np.cov(rows.T), rtol=0, atol=1e-9 if shift else 1e-13)
    assert across() == pytest.approx(np.trace(np.cov(rows.T)), rel=1e-9)
    assert inside.count == across.count == 200


def test_one_row_has_no_covariance_and_equal_rows_have_none_to_the_bit():
    for kind in (Moments, Variance):
        gathered = kind(2)
        gathered.add(np.full((1, 2), 1e8 + 0.1))
        found = gathered() if kind is Variance else gathered()[1]
        assert np.isnan(found).all()
        gathered.add(np.full((7, 2), 1e8 + 0.1))
        found = gathered() if kind is Variance else gathered()[1]
        assert not np.any(found)
