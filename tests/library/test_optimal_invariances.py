"""What D* must not depend on: order, place, scale and multiplicity of the points; and a class is its subset.

Every number is a multiple of 2⁻¹⁰ below 2¹⁶, so that moved and scaled inputs are exact and both answers are roundings
of one and the same D*. Hence they differ by no more than the sum of their bounds. Where a boundary between points lies
so near that a bound says nothing, two more facts hold on this grid: differences of points are exact, so that the
untruncated logits are good to 1e-9 nats (which moves D* by at most 2e-9 of the points' reach); and the search answers
within 1e-6 of the reach. Twice either is allowed, and some roundings.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import geomodel as gm
from geomodel.denoisers.optimal import byte_products, differences, untruncated
from geomodel.denoisers.optimal import optimal as optimal_module

WAYS = ("resident", "blocks", "searched")
ALLOWED = {"resident": 5e-9, "blocks": 5e-9, "searched": 2.1e-6}

repeated = settings(max_examples=40, deadline=None, derandomize=True, database=None)


@dataclass(frozen=True)
class Case:
    points: np.ndarray  # (N, d): bytes / 128 − 1
    labels: np.ndarray
    x: np.ndarray
    sigma: float
    random: np.random.Generator


@st.composite
def cases(draw):
    count, dimension = draw(st.integers(2, 40)), draw(st.integers(1, 6))
    random = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    stored = random.integers(0, 256, (count, dimension))
    match draw(st.sampled_from(["spread", "clusters", "duplicates"])):
        case "clusters":
            stored = np.clip(
                stored[random.integers(0, 3, count) % count] + random.integers(-2, 3, stored.shape), 0, 255
            )
        case "duplicates":
            stored = stored[random.integers(0, (count + 1) // 2, count)]
    stored[0, 0], stored[-1, -1] = 0, 255  # the range says what a byte is
    sigma = draw(st.integers(1, 7)) * 2.0 ** draw(st.integers(-12, 10))
    points = stored / 128 - 1
    x = points[random.integers(0, count, 5)] + min(sigma, 60) * random.standard_normal((5, dimension))
    return Case(points, random.integers(0, 3, count), np.round(x * 1024) / 1024, sigma, random)


@contextmanager
def through(way):
    """Every set is asked that way: in memory, read in blocks, or searched."""
    with pytest.MonkeyPatch.context() as patch:
        if way != "resident":
            patch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
        if way == "blocks":
            patch.setattr(untruncated, "_NUMBERS_IN_BLOCK", 64)
        if way == "searched":
            if not byte_products.exact_products(torch.device("cpu")):
                pytest.skip("no exact byte products here")
            patch.setattr(differences, "FEW", 3)
        yield


def denoiser(way, points, labels=None):
    return gm.OptimalDenoiser(points, labels, tolerance=1e-6 if way == "searched" else 0)


def check(way, case, other, x=None, sigma=None, back=lambda mean: mean, scale=1.0, labels=None):
    """D* of the case, and D* of the other denoiser at x and σ, brought back to the units of the case."""
    mine = denoiser(way, case.points, case.labels)
    if way == "searched":
        assert mine._search is not None
    first = mine.posterior(case.x, case.sigma, labels)
    second = other.posterior(case.x if x is None else x, case.sigma if sigma is None else sigma)
    apart = np.linalg.norm(first.mean.numpy() - back(second.mean.numpy()), axis=1)
    assert (apart <= first.bound.numpy() + second.bound.numpy() / scale + 1e-15).all()
    assert apart.max() <= ALLOWED[way] * float(mine._all.reach)


@pytest.mark.parametrize("way", WAYS)
@repeated
@given(case=cases())
def test_the_order_of_the_points(way, case):
    with through(way):
        check(way, case, denoiser(way, case.random.permutation(case.points)))


@pytest.mark.parametrize("way", WAYS)
@repeated
@given(case=cases(), shift=st.integers(-(2**15), 2**15))
def test_the_place_of_the_points(way, case, shift):
    shift = shift / 1024
    with through(way):
        moved = denoiser(way, case.points + shift)
        check(way, case, moved, x=case.x + shift, back=lambda mean: mean - shift)


@pytest.mark.parametrize("way", WAYS)
@repeated
@given(case=cases(), scale=st.sampled_from([0.5, 3.0, 2.0**-20, 2.0**20, 2.0**-200, 2.0**200]))
def test_the_scale_of_the_points(way, case, scale):
    with through(way):
        scaled = denoiser(way, scale * case.points)
        check(
            way, case, scaled, x=scale * case.x, sigma=scale * case.sigma, back=lambda mean: mean / scale, scale=scale
        )


@pytest.mark.parametrize("way", WAYS)
@repeated
@given(case=cases(), times=st.integers(2, 4))
def test_the_multiplicity_of_the_points(way, case, times):
    with through(way):
        check(way, case, denoiser(way, np.repeat(case.points, times, axis=0)))


@pytest.mark.parametrize("way", WAYS)
@repeated
@given(case=cases())
def test_a_class_is_its_subset(way, case):
    label = int(case.labels[0])
    with through(way):
        subset = denoiser(way, case.points[case.labels == label])
        check(way, case, subset, labels=np.full(len(case.x), label))
        check(way, case, denoiser(way, case.points), labels=np.full(len(case.x), -1))
