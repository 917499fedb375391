"""Runs that are moved by Gaussians fitted to their data."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from geomodel import classes, runs
from geomodel.settings import RunSettings

GAUSSIAN = RunSettings(data="gaussian-64", data_count=300, driver="gaussian", solver="rk4", steps=60, count=3)
CLASSES = RunSettings(data="clusters-64", data_count=200, driver="classes", solver="rk4", steps=60, count=3)


@pytest.fixture(scope="module")
def clusters():
    return gm.datasets.load("clusters-64", count=200)


def test_a_gaussian_carries_noise_along_its_solution():
    """RK4's error over 60 steps of ln σ is far below 1e-4 of the data's scale."""
    data = gm.datasets.load("gaussian-64", count=300)
    run = runs.compute(GAUSSIAN, data)
    exact = gm.Gaussians.fit(data.points).solution(run.x[0], float(run.sigmas[0]), float(run.sigmas[-1]))
    assert np.abs(run.x[-1] - exact).max() < 1e-4 * data.std
    assert np.isfinite(run.extras["denoiser_difference"]).all()  # D* stands beside it


def test_the_gaussian_of_a_class_is_that_of_its_points(clusters):
    run = runs.compute(replace(CLASSES, label=4), clusters)
    own = gm.Gaussians.fit(clusters.points[clusters.labels == 4])
    exact = own.solution(run.x[0], float(run.sigmas[0]), float(run.sigmas[-1]))
    assert np.abs(run.x[-1] - exact).max() < 1e-4 * clusters.std


def test_it_is_fitted_once_and_can_be_stopped(clusters):
    assert clusters.fitted(True) is clusters.fitted(True)
    assert clusters.fitted(True) is not clusters.fitted(False)

    class Stop(Exception):
        pass

    def stop():
        raise Stop

    fresh = gm.datasets.load("clusters-64", count=50)
    with pytest.raises(Stop):
        runs.prepare(replace(CLASSES, data_count=50), fresh, between=stop)
    assert fresh.fitted(True).num_classes == 10  # nothing half-made is kept


def test_classes_are_asked_for_where_there_are_some(clusters):
    moons = gm.datasets.load("checkerboard", count=40)
    assert runs.problems(CLASSES, moons) == {
        "driver": f"{moons.name} has no classes; Class Gaussians is for data with classes."
    }
    assert runs.problems(replace(CLASSES, driver="gaussian", label=1), clusters) == {
        "label": "The driver “Gaussian” has no classes."
    }
    assert classes.of_driver(CLASSES, clusters).count == 10
    with pytest.raises(ValueError, match="has no classes"):
        moons.fitted(True)
