"""The end of a run is measured like its other levels: nearest data, effective neighbours, difference to D*."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
import resources
from geomodel import measures, run_files, runs
from geomodel.settings import RunSettings

SETTINGS = RunSettings(data_count=60, steps=6, count=4, solver="euler")


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(resources.path("checkpoints", "two-moons.safetensors"))


def nearest(points, x):
    return np.linalg.norm(x[:, None] - points, axis=2).min(1)


@pytest.mark.parametrize("driver", ["optimal", "network", "blend"])
def test_every_measure_has_a_row_at_the_end(driver, moons, network):
    run = runs.compute(replace(SETTINGS, driver=driver), moons, network)
    optimal, last = gm.OptimalDenoiser(moons.points), float(run.sigmas[-1])
    close = {"rtol": 0, "atol": 1e-12 if driver == "optimal" else 2e-5}  # networks are recorded in float32
    x, denoised = run.x[-1].astype(float), run.final_denoised.astype(float)
    found = {name: value[-1] for name, value in run.extras.items() if len(value) == len(run.sigmas)}
    np.testing.assert_allclose(found["nearest_x"], nearest(moons.points, x), **close)
    np.testing.assert_allclose(found["nearest_denoised"], nearest(moons.points, denoised), **close)
    squares = np.square(x[:, None] - moons.points).sum(2)
    weights = np.exp(-(squares - squares.min(1, keepdims=True)) / (2 * last**2))
    weights /= weights.sum(1, keepdims=True)
    entropy = -(weights * np.log(np.maximum(weights, 1e-300))).sum(1)
    np.testing.assert_allclose(
        found["effective_neighbours"], np.exp(entropy), rtol=1e-2 if driver != "optimal" else 1e-9
    )
    if driver == "optimal":
        assert "denoiser_difference" not in run.extras
        return
    there = np.linalg.norm(denoised - optimal(x, last), axis=1)
    settled = entropy < 1e-6  # elsewhere float32's rounding of x moves D*
    assert settled.any()
    np.testing.assert_allclose(found["denoiser_difference"][settled], there[settled], **close)
    exact = runs.compute(replace(SETTINGS, sigma_min=last, sigma_max=float(run.sigmas[0])), moons)
    end, own = exact.x[-1], exact.final_denoised
    model = network if driver == "network" else None
    if model is not None:
        apart = np.linalg.norm(model(end, last) - own, axis=1)
        np.testing.assert_allclose(found["denoiser_difference_exact"], apart, **close)
    np.testing.assert_allclose(found["exact_distance_denoised"], np.linalg.norm(denoised - own, axis=1), **close)


def test_a_run_of_d_star_is_seen_to_end_at_a_training_point(moons):
    run = runs.compute(replace(SETTINGS, final_zero=True), moons)
    found = measures.compute("nearest", run)
    assert found["x"].shape == (7, 4)
    np.testing.assert_allclose(found["x"][-1], 0, atol=1e-12)
    assert np.array_equal(measures.compute("effective_neighbours", run)[""][-1], np.ones(4))


def test_at_zero_only_x_is_measured(moons, network):
    run = runs.compute(replace(SETTINGS, driver="network", final_zero=True), moons, network)
    rows = {name: len(value) for name, value in run.extras.items()}
    whole = {"nearest_x", "effective_neighbours", "exact_distance_x"}
    assert rows == {name: 7 if name in whole else 6 for name in rows}
    assert np.array_equal(run.extras["effective_neighbours"][-1], np.ones(4))  # one point is nearest
    assert run.final_denoised is None
    header, table = measures.rows(run)
    last = list(table)[-1]
    assert last[header.index("nearest_x [data units]")] is not None
    assert last[header.index("nearest_denoised [data units]")] is None


def test_the_look_at_the_end_starts_from_the_solvers_own_x(network):
    run = runs.compute(replace(SETTINGS, driver="network", data="", beside=False), None, network)
    direct = gm.sample(network, gm.noise(range(4), (2,), float(run.sigmas[0])), run.sigmas, solver="euler")
    assert np.array_equal(run.final_denoised, direct.final_denoised)
    assert run.looks == direct.looks == 1


def test_looks_count_what_was_asked_for_display_alone(moons, network):
    alone = runs.compute(replace(SETTINGS, driver="network", beside=False), moons, network)
    beside = runs.compute(replace(SETTINGS, driver="network"), moons, network)
    zero = runs.compute(replace(SETTINGS, driver="network", final_zero=True), moons, network)
    assert (alone.looks, beside.looks, zero.looks) == (1, 1 + 7, 6)


def test_a_stopped_run_and_an_old_file_end_one_level_before(moons, tmp_path):
    job = runs.prepare(SETTINGS, moons)
    record = runs.new_record(job)
    for step in list(runs.steps_of(job, job.model))[:3]:
        record.append(step, {"nearest_x": np.zeros(4)})
    assert len(runs.finish(job, record).extras["nearest_x"]) == 3
    run = runs.compute(SETTINGS, moons)
    old = replace(run, extras={name: value[:6] for name, value in run.extras.items()})
    old.save(tmp_path / "old.npz")
    back = gm.Trajectory.load(tmp_path / "old.npz")
    assert measures.compute("nearest", back)["x"].shape == (6, 4)
    assert run_files.recognises(tmp_path / "old.npz")
    run.save(tmp_path / "new.npz")
    assert measures.compute("nearest", gm.Trajectory.load(tmp_path / "new.npz"))["x"].shape == (7, 4)
