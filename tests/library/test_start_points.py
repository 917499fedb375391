"""Where the samples of a run start: noise, data with noise, a given point; each sample by its own seed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from geomodel import runs
from geomodel.settings import RunSettings

TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=4)


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def fashion():
    return gm.datasets.load("fashion-mnist")


def resolved(moons, **changes):
    return runs.resolved(replace(TOY, **changes), moons)


def test_noise_starts_are_the_seeds_noise(moons):
    settings = resolved(moons, seed=7)
    x = runs.start_points(settings, moons)
    assert (x.shape, x.dtype) == ((4, 2), np.float64)
    noise = gm.noise(range(7, 11), (2,), settings.sigma_max).numpy()
    assert np.array_equal(x, moons.mean + noise)
    assert np.array_equal(runs.start_points(replace(settings, start="origin"), moons), noise)


def test_noise_of_images_is_drawn_about_zero(fashion):
    settings = runs.resolved(RunSettings(data="fashion-mnist", count=2), fashion)
    assert np.array_equal(runs.start_points(settings, fashion), gm.noise(range(2), fashion.shape, 80.0))


@pytest.mark.parametrize("start", ["noise", "origin", "exact", "data", "point"])
def test_a_start_depends_on_its_own_seed_alone(start, moons):
    five, many = (
        runs.start_points(resolved(moons, start=start, start_point=(1.0, 2.0), count=count), moons) for count in (5, 64)
    )
    assert np.array_equal(five, many[:5])
    shifted = runs.start_points(resolved(moons, start=start, start_point=(1.0, 2.0), count=4, seed=1), moons)
    assert np.array_equal(shifted[1:], many[2:5])  # sample k has the seed `seed + k`


def test_exact_starts_are_data_points_with_noise(moons):
    settings = resolved(moons, start="exact", count=400)
    centres = runs.start_points(settings, moons) - gm.noise(range(400), (2,), settings.sigma_max).numpy()
    distance = np.linalg.norm(centres[:, None] - moons.points, axis=2)
    # (y + z) - z is y up to the rounding of numbers below 100
    assert distance.min(axis=1).max() < 1e-13
    drawn = np.bincount(distance.argmin(axis=1), minlength=60)
    # 400 draws from 60 points: each count is binomial with mean 6.7 and deviation 2.6; 20 is five deviations up.
    assert drawn.max() < 20
    assert (drawn > 0).mean() > 0.95  # a point is missed with probability e^-6.7


def test_a_data_start_is_that_point_with_noise(moons):
    settings = resolved(moons, start="data", start_index=17)
    noise = gm.noise(range(4), (2,), settings.sigma_max).numpy()
    assert np.array_equal(runs.start_points(settings, moons), noise + moons.points[17])


def test_a_point_start_places_sample_zero_only(moons):
    settings = resolved(moons, start="point", start_point=(0.25, -3.0))
    x = runs.start_points(settings, moons)
    assert x[0].tolist() == [0.25, -3.0]
    assert np.array_equal(x[1:], runs.start_points(resolved(moons), moons)[1:])


def test_images_start_in_their_shape(fashion):
    settings = runs.resolved(RunSettings(data="fashion-mnist", start="data", start_index=3, count=2), fashion)
    x = runs.start_points(settings, fashion)
    assert (x.shape, x.dtype) == ((2, 1, 28, 28), np.float64)
    assert np.array_equal(x, gm.noise(range(2), (1, 28, 28), 80.0).numpy() + fashion.points[3].astype(np.float64))
