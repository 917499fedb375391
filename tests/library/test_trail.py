"""Measures that compare neighbouring levels while a run is computed are those of the finished curves."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
import resources
from geomodel import measures, runs
from geomodel.settings import RunSettings

SETTINGS = RunSettings(data_count=60, steps=12, count=4, solver="heun")


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


def per_efold(values, sigmas):
    return values / np.log(sigmas[:-1] / sigmas[1:])[:, None]


def test_information_is_that_of_the_curve(moons):
    run = runs.compute(SETTINGS, moons)
    expected = gm.geometry.information(gm.OptimalDenoiser(moons.points), run.x, run.sigmas)
    found = measures.compute("information", run)[""]
    assert found.shape == (12, 4)
    np.testing.assert_array_equal(found, per_efold(expected, run.sigmas))
    assert found.max() > 0.5


def test_information_of_a_class_is_over_its_points_alone(moons):
    run = runs.compute(replace(SETTINGS, label=1), moons)
    own = gm.OptimalDenoiser(moons.points[moons.labels == 1])
    expected = per_efold(gm.geometry.information(own, run.x, run.sigmas), run.sigmas)
    np.testing.assert_allclose(measures.compute("information", run)[""], expected, atol=1e-4)


def test_the_exact_run_beside_a_network_turns_as_d_star_does(moons, network):
    settings = replace(SETTINGS, driver="network")
    run = runs.compute(settings, moons, network)
    alone = runs.compute(replace(settings, driver="optimal", **ends(run)), moons)
    found = measures.compute("turning", run)
    np.testing.assert_allclose(found["exact"], measures.compute("turning", alone)["x"], rtol=1e-9)
    assert np.isnan(found["exact"][0]).all()
    assert np.isfinite(found["exact"][1:]).all()
    assert measures.compute("turning", alone).keys() == {"x"}


def ends(run):
    return {"sigma_min": float(run.sigmas[-1]), "sigma_max": float(run.sigmas[0])}


def test_a_jump_to_zero_has_neither(moons, network):
    run = runs.compute(replace(SETTINGS, driver="network", final_zero=True), moons, network)
    for name, curve in (("information", ""), ("turning", "exact")):
        values = measures.compute(name, run)[curve]
        assert np.isnan(values[-1]).all(), name
        assert np.isfinite(values[1:-2]).all(), name
    assert measures.compute("turning", run)["x"].shape == (11, 4)  # D ends one level before x, its rate two


def test_one_step_has_information_and_no_turning(moons):
    run = runs.compute(replace(SETTINGS, steps=1), moons)
    assert np.isfinite(measures.compute("information", run)[""]).all()
    assert np.isnan(measures.compute("turning", run)["x"]).all()


def test_a_stopped_run_keeps_what_it_knew(moons):
    whole = runs.compute(SETTINGS, moons)
    job = runs.prepare(SETTINGS, moons)
    record = runs.new_record(job)

    class Stop(Exception):
        pass

    def stop():
        if record.committed == 6:
            raise Stop

    with pytest.raises(Stop):
        runs.advance(job, job.model, record, stop)
    found = measures.compute("information", runs.finish(job, record, display=False))[""]
    np.testing.assert_array_equal(found[:4], measures.compute("information", whole)[""][:4])
    assert np.isnan(found[4:]).all()
