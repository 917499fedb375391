"""Extreme input of the optimal denoiser that is not wrong: it is answered, within the bound that is told."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.denoisers.optimal import byte_products, differences, untruncated
from geomodel.denoisers.optimal import optimal as optimal_module
from geomodel.denoisers.optimal.posterior import Rows

RNG = np.random.default_rng(0)
BYTES = RNG.integers(0, 256, (60, 9))
BYTES[0, 0], BYTES[-1, -1] = 0, 255


@pytest.fixture(params=["untruncated", "searched"])
def images(request, monkeypatch):
    """D* of images, either way, with its points."""
    if request.param == "searched":
        if not byte_products.exact_products(torch.device("cpu")):
            pytest.skip("no exact byte products here")
        monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
        monkeypatch.setattr(differences, "FEW", 3)
    points = (BYTES / 127.5 - 1).astype(np.float32)
    model = gm.OptimalDenoiser(points, np.arange(60) % 3)
    assert (model._search is not None) == (request.param == "searched")
    return model, points


def brute(points, x, sigma):
    """D* and by direct differences in float64."""
    rows = np.asarray(points, np.float64).reshape(len(points), -1)
    half = ((x.reshape(len(x), 1, -1) - rows) ** 2).sum(2) / 2
    gap = half - half.min(1, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(-gap / sigma / sigma)
    return (weights @ rows / weights.sum(1, keepdims=True)).reshape(x.shape)


KINDS = [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64,
         np.float16, np.float32, np.dtype(">f4"), np.dtype(">f8"), np.dtype(">i2"), np.longdouble]  # fmt: skip


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_points_of_every_kind_of_number(kind, resident, monkeypatch):
    if not resident:
        monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
    whole = RNG.integers(0, 2, (20, 4))
    x = RNG.standard_normal((5, 4))
    model = gm.OptimalDenoiser(whole.astype(kind))
    np.testing.assert_allclose(model(x, 0.5), brute(whole, x, 0.5), rtol=0, atol=1e-6 if model._search else 1e-14)
    if np.dtype(kind).isnative and kind != np.longdouble:  # torch has no others
        tensor = gm.OptimalDenoiser(torch.from_numpy(whole.astype(kind)))
        np.testing.assert_array_equal(tensor(x, 0.5), model(x, 0.5))


@pytest.mark.parametrize("x", [np.ones((2, 3), int), np.ones((2, 3), bool), torch.ones(2, 3, dtype=torch.int32)])
def test_whole_queries_are_not_answered_in_whole_numbers(x):
    model = gm.OptimalDenoiser(RNG.standard_normal((6, 3)))
    found = model(x, 0.7)
    assert type(found) is type(x)
    np.testing.assert_array_equal(found, model(np.ones((2, 3)), 0.7))
    np.testing.assert_array_equal(found, model.posterior(x, 0.7).mean)


def test_no_queries_have_no_answers(images):
    model, _ = images
    for labels in (None, [], np.empty(0, int)):
        assert model(np.empty((0, 9)), 1.0, labels).shape == (0, 9)
        assert model(np.empty((0, 9)), [], labels).shape == (0, 9)
        posterior = model.posterior(np.empty((0, 9)), 1.0, labels, k=5)
        assert posterior.weights.shape == posterior.indices.shape == (0, 5)
        assert posterior.mean.shape == (0, 9)
        for name in ("effective_neighbours", "entropy", "log_density", "bound"):
            assert getattr(posterior, name).shape == (0,)
    assert model.mean_shift_path(np.empty((0, 9)), 1.0).shape[1:] == (0, 9)


@pytest.mark.parametrize("sigma", [0.0, 1e-12, 1e-3, 1.0, 1e9, 1e150])
def test_small_and_dull_sets(sigma):
    for points in (
        np.array([[7.0]]),  # one point of one number
        np.array([[0.25, -3.0, 1e5]]),
        np.full((9, 4), 1.5),  # one point, many times
        np.array([[1.0], [2.0], [4.0]]),
        np.c_[RNG.standard_normal((20, 2)), np.zeros((20, 5))],  # constant coordinates
    ):
        model, low, high = gm.OptimalDenoiser(points), points.min(0), points.max(0)
        x = np.concatenate([points[:2], points[:1] + min(sigma, 1e9), -1e3 * np.ones((1, points.shape[1]))])
        found = model.posterior(x, sigma)
        slack = 1e-15 * np.abs(points).max()
        assert ((found.mean.numpy() >= low - slack) & (found.mean.numpy() <= high + slack)).all()
        assert not any(torch.isnan(getattr(found, name)).any() for name in ("entropy", "log_density", "bound"))
        if len(np.unique(points, axis=0)) == 1:
            np.testing.assert_allclose(found.mean, np.broadcast_to(points[0], x.shape), rtol=1e-15)
            np.testing.assert_allclose(found.effective_neighbours, len(points), rtol=1e-14)


def test_one_far_outlier():
    near = RNG.standard_normal((30, 4))
    points, x = np.concatenate([near, np.full((1, 4), 1e150)]), RNG.standard_normal((8, 4))
    model = gm.OptimalDenoiser(points)
    for sigma in (0.0, 1e-12, 1e-3, 0.5, 10.0, 1e9):
        found = model.posterior(x, sigma)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = brute(near, x, max(sigma, 1e-9))
        error = np.linalg.norm(found.mean.numpy() - expected, axis=1)
        assert (error <= found.bound.numpy() + 1e-12).all(), sigma
        assert torch.isfinite(found.bound).all()
    np.testing.assert_array_equal(model(points[-1:] * 0.999, 1.0), points[-1:])


@pytest.mark.parametrize("size", [1e30, 1e100, 1e150])
def test_queries_and_levels_of_any_finite_size(images, size):
    model, points = images
    x = np.concatenate([np.full((1, 9), size), np.full((1, 9), -size), np.zeros((1, 9))])
    for sigma in (0.0, 1.0, 1e9, size):
        found = model.posterior(x, sigma, [-1, 0, 1])
        assert ((found.mean >= points.min() - 1e-6) & (found.mean <= points.max() + 1e-6)).all()
        assert not any(torch.isnan(getattr(found, name)).any() for name in ("weights", "entropy", "bound"))
        assert not torch.isnan(found.log_density).any()


@pytest.mark.parametrize("sigma", [1e-12, 1e-6, 1e-2, 0.3, 3.0, 1e3, 1e9])
def test_levels_of_every_size(images, sigma):
    model, points = images
    x = points[:20] + min(sigma, 1e9) * RNG.standard_normal((20, 9))
    found = model.posterior(x, sigma)
    error = np.linalg.norm(found.mean.numpy() - brute(points, x, sigma), axis=1)
    # brute force has distances off by 1e-16 of their squares, over σ², where two points weigh: none does below 1e-2
    assert (error <= found.bound.numpy() + 1e-12).all()
    np.testing.assert_array_equal(found.mean, model(x, sigma))


def test_more_numbers_than_32_bits_count():
    """What is counted and where blocks begin, without going through so many numbers."""

    class Repeated:
        shape, dtype = (2**27, 4096), np.dtype(np.float32)

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, index):
            rows = range(*index.indices(len(self))) if isinstance(index, slice) else index
            seen.append((int(rows[0]), int(rows[-1])))
            return np.broadcast_to(np.float32(1), (len(rows), 4096))

    seen = []
    rows = Rows(Repeated())
    assert rows.shape == (2**27, 4096)
    assert rows[torch.tensor([2**27 - 1, 2**27 - 1])].shape == (2, 4096)
    model = object.__new__(untruncated.Untruncated)
    model.points, model._centred = rows, None
    slices = list(model.slices())
    assert len(slices) == 2**27 * 4096 // 2**18
    assert (slices[0], slices[-1]) == (slice(0, 64), slice(2**27 - 64, 2**27))
    assert rows[slices[-1]].shape == (64, 4096)
    assert seen == [(2**27 - 1, 2**27 - 1), (2**27 - 64, 2**27 - 1)]


def test_bad_queries_among_images(images):
    model, _ = images
    for value, sentence in ((math.nan, "not finite, in 1 of 40 rows"), (math.inf, "not finite"), (1e200, "up to 1e")):
        x = np.zeros((40, 9))
        x[33, 4] = value
        for ask in (model, model.posterior, model.mean_shift_path):
            with pytest.raises(ValueError, match=sentence):
                ask(x, 1.0)
