"""Ghosts of a sample: the same noise without the solver's error, and under other denoisers of the data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from geomodel import runs
from geomodel.experiments import ghost
from geomodel.settings import RunSettings

MOONS = RunSettings(data="two-moons", data_count=80, solver="heun", steps=8, count=3, seed=5)
CLUSTERS = RunSettings(data="clusters-64", data_count=100, driver="classes", solver="heun", steps=8, count=3)


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=80)


@pytest.fixture(scope="module")
def clusters():
    return gm.datasets.load("clusters-64", count=100)


def jobs(settings, data):
    return runs.prepare(settings, data), runs.compute(settings, data)


@pytest.mark.parametrize("solver", ["heun", "dpmpp_2m", "euler_ancestral"])
def test_the_ghost_of_the_runs_own_driver_is_the_run(moons, solver):
    """To the last bits: a batch of one may be summed in another order than a batch of three."""
    job, run = jobs(replace(MOONS, solver=solver), moons)
    np.testing.assert_allclose(ghost(job, "optimal", 2), run.x[:, 2], rtol=1e-12, atol=1e-12 * moons.std)


def test_the_ghost_of_each_kind_is_the_run_of_that_driver_from_the_same_noise(clusters):
    job, _ = jobs(replace(CLUSTERS, label=4), clusters)
    for kind, settings in (("optimal", replace(CLUSTERS, driver="optimal", label=4)), ("classes", job.settings)):
        run = runs.compute(settings, clusters)
        np.testing.assert_allclose(ghost(job, kind, 1), run.x[:, 1], rtol=1e-9, atol=1e-9 * clusters.std)
    job, _ = jobs(CLUSTERS, clusters)
    run = runs.compute(replace(CLUSTERS, driver="gaussian"), clusters)
    np.testing.assert_allclose(ghost(job, "gaussian", 1), run.x[:, 1], rtol=1e-9, atol=1e-9 * clusters.std)


def test_the_exact_ghost_is_the_closed_form_where_there_is_one(moons):
    """dop853 with a relative tolerance of 1e-6 and an absolute one of σmax/80 times that; ten times as much is
    allowed, because errors add up over the levels.
    """
    settings = replace(MOONS, driver="gaussian", solver="euler")
    job, run = jobs(settings, moons)
    found, sigmas = ghost(job, "ode", 0), job.sigmas
    gaussian = moons.fitted(False)
    for level in (3, len(sigmas) - 1):
        exact = gaussian.solution(run.x[0, :1], float(sigmas[0]), float(sigmas[level]))
        assert np.abs(found[level] - exact[0]).max() < 1e-5 * moons.std
        assert np.abs(run.x[level, 0] - exact[0]).max() > 1e-3 * moons.std  # Euler's own error
    np.testing.assert_array_equal(found[0], run.x[0, 0])


def test_a_jump_ends_the_ghosts_too(moons):
    job, run = jobs(replace(MOONS, jump_at=4), moons)
    assert len(ghost(job, "ode", 0)) == len(ghost(job, "optimal", 0)) == len(run.sigmas) == 6


def test_it_says_what_the_data_lack(moons, clusters):
    checkers = gm.datasets.load("checkerboard", count=40)
    job = runs.prepare(replace(MOONS, data="checkerboard", data_count=40), checkers)
    with pytest.raises(ValueError, match="has no classes"):
        ghost(job, "classes", 0)
    job = runs.prepare(replace(CLUSTERS, label=2), clusters)
    with pytest.raises(ValueError, match="One Gaussian has no classes"):
        ghost(job, "gaussian", 0)
