"""The Brownian path of a seed: its law, and that it depends on nothing but seed, level and shape."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
import torch
from scipy import stats

import geomodel as gm
from geomodel import randomness, schedules
from geomodel.randomness import Brownian

LEVELS = [80.0, 79.9, 63.9, 8.0, 5.0, 2.0, 2.0 - 1e-8, 1.0, 0.999, 0.1, 0.01, 0.002, 1e-5, 3e-7, 0.0]


@pytest.fixture(scope="module")
def draws():
    """ξ over the intervals of LEVELS: 200 seeds of 100 numbers."""
    path = Brownian(range(200))
    return np.stack([path.xi(s, t, (100,)).numpy().ravel() for s, t in pairwise(LEVELS)])


def test_each_increment_is_standard_normal(draws):
    count = draws.shape[1]
    for i, xi in enumerate(draws):
        # Five standard errors of 20,000 draws: of the mean 0.035, of the variance 0.05.
        assert abs(xi.mean()) < 5 / np.sqrt(count), LEVELS[i]
        assert abs(xi.var() - 1) < 5 * np.sqrt(2 / count), LEVELS[i]
        assert stats.kstest(xi, "norm").pvalue > 1e-4, LEVELS[i]


def test_disjoint_increments_are_independent(draws):
    off = np.corrcoef(draws) - np.eye(len(draws))
    assert np.abs(off).max() < 5 / np.sqrt(draws.shape[1])
    squares = np.corrcoef(draws**2) - np.eye(len(draws))  # dependence that no correlation shows
    assert np.abs(squares).max() < 5 / np.sqrt(draws.shape[1])


def test_the_numbers_of_a_sample_and_the_samples_are_independent():
    xi = Brownian(range(3000)).xi(80.0, 0.5, (6,)).numpy()
    assert np.abs(np.corrcoef(xi.T) - np.eye(6)).max() < 5 / np.sqrt(3000)
    neighbours = np.corrcoef(xi[:-1].ravel(), xi[1:].ravel())[0, 1]
    assert abs(neighbours) < 5 / np.sqrt(xi.size)


def test_a_finer_schedule_splits_the_same_increments():
    fine, coarse = schedules.karras(64, final_zero=True), schedules.karras(64, final_zero=True)[::16]
    path, again = Brownian([1, 2]), Brownian([1, 2])
    parts = [path.increment(s, t, (5,)) for s, t in pairwise(fine)]
    for i, (s, t) in enumerate(pairwise(coarse)):
        whole = again.xi(s, t, (5,)) * np.sqrt(s**2 - t**2)
        # W is at most a few hundred here and its increments are differences of such numbers: 1e-13 each.
        assert torch.allclose(sum(parts[16 * i : 16 * i + 16]), whole, rtol=0, atol=1e-11)


def test_the_path_does_not_depend_on_how_it_is_asked_for():
    intervals = list(pairwise(LEVELS))
    path = Brownian([7, 8])
    first = [path.xi(s, t, (3,)) for s, t in intervals]
    backwards = [path.xi(s, t, (3,)) for s, t in reversed(intervals)][::-1]
    alone = [Brownian([7, 8]).xi(s, t, (3,)) for s, t in intervals]
    for one, two, three in zip(first, backwards, alone, strict=True):
        assert torch.equal(one, two)
        assert torch.equal(one, three)
    assert torch.equal(path.xi(80.0, 1.0, (2, 3)).reshape(2, 6), path.xi(80.0, 1.0, (6,)))


def test_a_sample_depends_on_its_own_seed_alone():
    seeds = [3, 0, 2**31, 7, 3]
    batch = Brownian(seeds).xi(5.0, 0.3, (2, 2))
    assert (batch.shape, batch.dtype, batch.device.type) == ((5, 2, 2), torch.float64, "cpu")
    for k, seed in enumerate(seeds):
        assert torch.equal(Brownian(seed).xi(5.0, 0.3, (2, 2))[0], batch[k])
    assert torch.equal(batch[0], batch[4])
    assert len({row.sum().item() for row in batch}) == 4


def test_the_path_is_not_the_noise_of_the_same_seed():
    x, xi = gm.noise(range(2000), (3,), 1.0), Brownian(range(2000)).xi(80.0, 10.0, (3,))
    assert abs(np.corrcoef(x.ravel(), xi.ravel())[0, 1]) < 5 / np.sqrt(6000)


def test_levels_an_octave_apart_and_powers_of_two_are_like_any_others():
    path = Brownian(range(400))
    for s, t in ((64.0, 32.0), (2.0, 2.0**0.5), (1.0, 0.75), (2.0**-20, 2.0**-21), (2.0**-21, 0.0)):
        xi = path.xi(s, t, (50,)).numpy()
        assert abs(xi.var() - 1) < 5 * np.sqrt(2 / xi.size), (s, t)


def test_levels_in_different_cells_have_the_exact_law(monkeypatch):
    """With an octave in two cells, nearly all of the path comes from the draw at the end of the descent."""
    monkeypatch.setattr(randomness, "DEPTH", 1)
    path = Brownian(range(400))
    squares = [3.9, 2.3, 1.8, 1.2, 0.8, 0.55]  # the cells end at 4, 3, 2, 1.5, 1, 0.75, 0.5
    draws = np.stack([path.xi(s**0.5, t**0.5, (50,)).numpy().ravel() for s, t in pairwise(squares)])
    assert np.abs(np.cov(draws) - np.eye(5)).max() < 5 * np.sqrt(2 / draws.shape[1])


def test_levels_may_be_very_close():
    for sigma in (1.7, 0.3, 33.3):
        xi = Brownian(range(400)).xi(sigma, sigma * (1 - 3e-9), (50,)).numpy()
        assert abs(xi.var() - 1) < 5 * np.sqrt(2 / xi.size), sigma


def test_the_global_generators_are_left_alone():
    state, numbers = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    Brownian(1).xi(2.0, 1.0, (4,))
    assert torch.equal(torch.get_rng_state(), state)
    assert np.array_equal(np.random.get_state()[1], numbers)  # noqa: NPY002


@pytest.mark.parametrize("seeds", [-1, [0, -2], 1.5, [], "4", None])
def test_other_seeds_are_refused(seeds):
    with pytest.raises(ValueError, match=r"[Ss]eed"):
        gm.Brownian(seeds)


@pytest.mark.parametrize("interval", [(1.0, 2.0), (1.0, 1.0), (1.0, -0.5), (float("inf"), 1.0), (float("nan"), 1.0)])
def test_an_interval_goes_down(interval):
    with pytest.raises(ValueError, match="from a level to a lower one"):
        Brownian(1).increment(*interval, (2,))
