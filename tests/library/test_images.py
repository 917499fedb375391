"""From values to pixels: one grey range for all noise levels, bytes that come back, and what a picture cannot show."""

from __future__ import annotations

import numpy as np
import pytest

from geomodel.images import clipped_share, pixels, shrunk


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_every_byte_comes_back(dtype):
    stored = np.arange(256, dtype=np.uint8).reshape(1, 1, 16, 16)
    values = stored.astype(dtype) / dtype(127.5) - dtype(1)
    shown = pixels(values)
    assert (shown.dtype, shown.shape) == (np.uint8, (1, 16, 16))
    assert np.array_equal(shown, stored[:, 0])


def test_values_outside_are_clipped_and_nan_is_black():
    values = np.array([-5.0, -1.0, 0.0, 1.0, 7.0, np.inf, -np.inf, np.nan]).reshape(1, 1, 2, 4)
    assert pixels(values).tolist() == [[[0, 0, 128, 255], [255, 255, 0, 0]]]  # 127.5 rounds to the even 128


def test_colours_come_last():
    values = np.random.default_rng(0).uniform(-1, 1, (2, 3, 4, 5))
    shown = pixels(values)
    assert shown.shape == (2, 4, 5, 3)
    assert shown.flags.c_contiguous
    for channel in range(3):
        assert np.array_equal(shown[..., channel], pixels(values[:, channel : channel + 1]))


@pytest.mark.parametrize("shape", [(3, 4, 4), (1, 2, 4, 4), (1, 4, 4, 3), (1, 1, 1, 4, 4)])
def test_other_shapes_are_refused(shape):
    with pytest.raises(ValueError, match=r"expected \(n, 1 or 3, height, width\)"):
        pixels(np.zeros(shape))


def test_no_images_are_no_pictures():
    assert pixels(np.zeros((0, 1, 4, 4))).shape == (0, 4, 4)


def test_noisy_data_shrink_to_the_spread_of_the_data():
    random = np.random.default_rng(0)
    scale, sigmas = 0.6, np.array([80.0, 3.0, 0.6, 0.01])
    noisy = scale * random.standard_normal((4, 1, 200, 200)) + sigmas.reshape(-1, 1, 1, 1) * random.standard_normal(
        (4, 1, 200, 200)
    )
    # The deviation of 40,000 normal numbers is known to 0.35 %: five standard errors.
    assert shrunk(noisy, sigmas, scale).std(axis=(1, 2, 3)) == pytest.approx(scale, rel=0.018)


def test_the_factor_is_s_over_the_root_and_one_at_zero():
    x = np.random.default_rng(0).standard_normal((3, 2, 4, 4)).astype(np.float32)
    found = shrunk(x, [4.0, 3.0, 0.0], 3.0)
    assert found.dtype == np.float64
    assert np.allclose(found[0], x[0].astype(np.float64) * 0.6, rtol=1e-15)  # 3/5: one rounding in the product
    assert np.allclose(found[1], x[1].astype(np.float64) / np.sqrt(2), rtol=1e-15)
    assert np.array_equal(found[2], x[2])


def test_the_clipped_share_counts_what_lies_beyond_half_a_grey_step():
    edge = 1 + 0.5 / 127.5
    values = np.array([0.0, 1.0, -1.0, edge - 1e-9, -(edge - 1e-9), edge + 1e-9, -(edge + 1e-9), 9.0])
    assert clipped_share(values) == 3 / 8
    inside = np.array([edge - 1e-9]).reshape(1, 1, 1, 1)
    assert pixels(inside).item() == pixels(np.ones((1, 1, 1, 1))).item()  # what is not counted looks like white
