"""From settings to a run: noise levels, what does not fit, start points, measures along the way, and the record."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from checkpoint_files import LABELLED, saved
from problems import CORRECTED, TABLE

import geomodel as gm
import resources
from geomodel import runs
from geomodel.settings import RunSettings

CHECKPOINT = resources.path("checkpoints", "two-moons.safetensors")
TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=4, beside=False)
MEASURED = {"effective_neighbours", "information", "nearest_x", "nearest_denoised"}
AGAINST_DATA = {"denoiser_difference", "optimal"}


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def ring():
    return gm.datasets.load("gaussian-ring", count=80)


@pytest.fixture(scope="module")
def fashion():
    return gm.datasets.load("fashion-mnist")


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(CHECKPOINT)


# ---------------------------------------------------------------- noise levels


def test_recommended_noise_levels(moons, fashion, network):
    low, high = runs.recommended_sigmas(moons)
    assert low == pytest.approx(0.002 * moons.std, rel=5e-3)
    largest = np.linalg.eigvalsh(np.cov(moons.points.T, bias=True))[-1]
    assert high == pytest.approx(10 * math.sqrt(largest), rel=5e-3)  # three digits, so that a form can show it whole
    assert float(f"{high:.3g}") == high
    assert runs.recommended_sigmas(fashion) == (0.002, 80.0)
    assert runs.recommended_sigmas(None) == (0.002, 80.0)
    assert runs.recommended_sigmas(None, network) == pytest.approx(network.sigma_recommended, rel=5e-3)
    assert runs.recommended_sigmas(moons, network) == (low, high)  # the data come first


def test_the_start_of_anisotropic_data_is_wide_against_their_widest_direction():
    """Ten deviations per coordinate (3.4) would start a run among these data, whose widest deviation is √3."""
    data = gm.datasets.load("gaussian-64", count=20_000)
    assert runs.recommended_sigmas(data)[1] == pytest.approx(10 * math.sqrt(3), rel=5 / math.sqrt(40_000))


def test_open_noise_levels_are_filled_in_and_given_ones_stay(moons):
    low, high = runs.recommended_sigmas(moons)
    assert runs.resolved(TOY, moons) == replace(TOY, sigma_min=low, sigma_max=high)
    given = replace(TOY, sigma_max=3.0)
    assert runs.resolved(given, moons) == replace(given, sigma_min=low)
    assert runs.resolved(runs.resolved(given, moons), None) == runs.resolved(given, moons)


@pytest.mark.parametrize("name", gm.schedules.names())
@pytest.mark.parametrize("final_zero", [False, True])
def test_the_schedule_of_the_settings(name, final_zero):
    settings = replace(TOY, schedule=name, sigma_min=0.1, sigma_max=9.0, rho=3.0, final_zero=final_zero)
    own = {"rho": 3.0} if gm.schedules.row(name).options else {}
    expected = getattr(gm.schedules, name)(5, 0.1, 9.0, final_zero=final_zero, **own)
    assert np.array_equal(runs.noise_levels(settings), expected)


def test_levels_that_coincide_are_refused(moons):
    too_fine = replace(TOY, steps=100, sigma_min=1.0, sigma_max=1.0 + 1e-15)
    with pytest.raises(ValueError, match="too fine"):
        runs.prepare(too_fine, moons)


# ---------------------------------------------------------------- the run


@pytest.mark.parametrize("solver", gm.solvers.names())
def test_compute_is_sample_bit_for_bit(solver, moons):
    found = runs.compute(replace(TOY, solver=solver, final_zero=solver == "heun"), moons)
    settings = runs.resolved(TOY, moons)
    direct = gm.sample(
        gm.OptimalDenoiser(moons.points, moons.labels),
        moons.mean + gm.noise(range(4), (2,), settings.sigma_max).numpy(),
        found.sigmas,
        solver=solver,
        seeds=range(4),
        noise=gm.Brownian(range(4)) if gm.solvers.row(solver).stochastic else None,
    )
    for name in ("x", "denoised", "evaluations", "evaluations_at", "seeds"):
        assert np.array_equal(getattr(found, name), getattr(direct, name))
    assert (found.final_denoised is None) == (direct.final_denoised is None) == (solver == "heun")
    if solver != "heun":
        assert np.array_equal(found.final_denoised, direct.final_denoised)
    assert (found.network_calls, found.looks) == (direct.network_calls, direct.looks)


def test_a_network_run_is_sample_in_float32(network):
    found = runs.compute(replace(TOY, driver="network", data=""), None, network)
    settings = runs.resolved(TOY, None, network)
    start = gm.noise(range(4), (2,), settings.sigma_max)
    direct = gm.sample(network, start, found.sigmas, seeds=range(4))
    assert found.x.dtype == np.float32
    assert np.array_equal(found.x, direct.x)
    assert np.array_equal(found.denoised, direct.denoised)
    assert np.array_equal(found.final_denoised, direct.final_denoised)
    assert found.extras == {}


def test_the_same_settings_give_the_same_run(moons):
    one, other = (runs.compute(TOY, moons) for _ in range(2))
    assert np.array_equal(one.x, other.x)
    assert one.settings == other.settings


def test_notify_sees_every_step(moons):
    seen = []
    runs.compute(TOY, moons, notify=lambda record: seen.append((record.committed, record.complete)))
    assert seen == [(2, False), (3, False), (4, False), (5, False), (6, True)]


def test_grad_mode_is_left_alone(moons):
    assert torch.is_grad_enabled()
    runs.compute(TOY, moons)
    assert torch.is_grad_enabled()


def test_effective_neighbours_are_those_of_the_trajectory(moons):
    found = runs.compute(TOY, moons)
    assert found.extras.keys() == MEASURED
    for i, sigma in enumerate(found.sigmas[:-1]):
        logits = -((found.x[i][:, None] - moons.points) ** 2).sum(2) / (2 * sigma**2)
        weights = np.exp(logits - logits.max(1, keepdims=True))
        weights /= weights.sum(1, keepdims=True)
        entropy = -(weights * np.log(np.clip(weights, 1e-300, None))).sum(1)
        # Logits reach 60²/(2·0.004²) at the last level, but there one weight is 1 to the last bit.
        assert np.allclose(found.extras["effective_neighbours"][i], np.exp(entropy), rtol=1e-9)


def test_a_mixture_is_measured_against_the_points_it_gave(ring):
    found = runs.compute(replace(TOY, driver="mixture", data="gaussian-ring"), ring)
    optimal = gm.OptimalDenoiser(ring.points)
    assert found.extras.keys() == MEASURED | AGAINST_DATA
    assert found.x.dtype == found.extras["optimal"].dtype == np.float64
    for i, sigma in enumerate(found.sigmas[:-1]):
        expected = optimal(found.x[i], float(sigma))
        assert np.allclose(found.extras["optimal"][i], expected, atol=1e-12)
        assert np.array_equal(found.denoised[i], ring.mixture(found.x[i], float(sigma)))
        difference = np.linalg.norm(found.denoised[i] - expected, axis=1)
        assert np.allclose(found.extras["denoiser_difference"][i], difference, atol=1e-12)
    assert found.extras["denoiser_difference"].max() > 0.01  # 80 points are not their distribution


def test_a_network_is_measured_against_the_data(moons, network):
    found = runs.compute(replace(TOY, driver="network"), moons, network)
    assert found.extras["optimal"].dtype == np.float32
    difference = np.linalg.norm(found.denoised.astype(float) - found.extras["optimal"], axis=2)
    # Both sides are rounded to float32: numbers of size 3 to 4e-7.
    assert np.allclose(found.extras["denoiser_difference"][:-1], difference, atol=1e-6)


def test_stage_points_of_images_are_kept_for_one_sample(fashion):
    settings = RunSettings(data="fashion-mnist", steps=1, count=3)
    job = runs.prepare(settings, fashion)
    assert runs.new_record(job, keep=2).samples == (2,)
    assert runs.new_record(job, keep=99).samples == (2,)  # the last there is
    assert runs.new_record(job).samples == (0,)


def test_stage_points_of_points_are_kept_for_all(moons):
    job = runs.prepare(TOY, moons)
    record = runs.new_record(job, keep=2)
    assert record.samples is None
    assert record.committed == 1
    assert np.array_equal(record.x[0], job.x)


@pytest.mark.parametrize("solver", [row.name for row in TABLE if row.name not in CORRECTED])
def test_the_analytic_first_step_has_the_datas_moments(solver, moons):
    settings = replace(TOY, solver=solver, options={"analytic_first_step": True})
    found = runs.compute(settings, moons)
    direct = gm.sample(
        gm.OptimalDenoiser(moons.points),
        found.x[0],
        found.sigmas,
        solver=solver,
        analytic_first_step=(moons.points.mean(axis=0), moons.points.var(axis=0).mean()),
    )
    plain = runs.compute(replace(TOY, solver=solver), moons)
    # std² is taken from the root of the variance: one rounding apart, carried along the trajectory.
    assert np.allclose(found.x, direct.x, rtol=0, atol=1e-11)
    assert found.evaluations == plain.evaluations - 1
    assert found.looks == 2  # D at the start for display, and D at the end
    assert not np.array_equal(found.x[1], plain.x[1])
    assert np.array_equal(found.denoised[0], plain.denoised[0])


def test_an_analytic_first_step_may_be_left_out(moons):
    plain = runs.compute(TOY, moons)
    off = runs.compute(replace(TOY, options={"analytic_first_step": False}), moons)
    assert np.array_equal(plain.x, off.x)


def test_a_run_that_stops_early_keeps_what_it_reached(moons):
    job = runs.prepare(TOY, moons)
    record = runs.new_record(job)
    whole = runs.compute(TOY, moons)

    class Enough(Exception):
        pass

    def stop():
        if record.committed == 4:
            raise Enough

    with pytest.raises(Enough):
        runs.advance(job, job.model, record, stop)
    part = runs.finish(job, record)
    assert part.x.shape == (4, 4, 2)
    assert np.array_equal(part.x, whole.x[:4])
    assert np.array_equal(part.denoised, whole.denoised[:3])
    assert np.array_equal(part.sigmas, whole.sigmas[:4])
    assert np.array_equal(part.extras["effective_neighbours"], whole.extras["effective_neighbours"][:3])
    assert part.final_denoised is None
    assert (part.looks, part.evaluations) == (0, 6)


# ---------------------------------------------------------------- classes, guidance, blends


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """A network of three classes, of which two moons have two, and a null class. Its weights are random."""
    path = tmp_path_factory.mktemp("networks") / "labelled.safetensors"
    saved(path, replace(LABELLED, label_names=("upper moon", "lower moon", "neither")))
    return gm.load_checkpoint(path)


def sampled(found, model, **labels):
    x = gm.datasets.load("two-moons", count=60).mean + gm.noise(range(4), (2,), found.sigmas[0]).numpy()
    return gm.sample(model, x, found.sigmas, record=str(found.x.dtype), **labels)


def test_with_a_class_d_star_runs_over_that_class(moons):
    found = runs.compute(replace(TOY, label=1), moons)
    of_class = gm.OptimalDenoiser(moons.points[moons.labels == 1])
    # The same sums about another centre, carried along a trajectory that contracts.
    assert np.allclose(found.x, sampled(found, of_class).x, atol=1e-9)
    assert found.labels.tolist() == [1, 1, 1, 1]
    assert found.extras["effective_neighbours"].max() <= (moons.labels == 1).sum()


@pytest.mark.parametrize("driver", ["optimal", "network"])
def test_guidance_goes_beyond_the_class(driver, moons, labelled):
    found = runs.compute(replace(TOY, driver=driver, label=1, guidance=3.0), moons, labelled)
    model = labelled if driver == "network" else gm.OptimalDenoiser(moons.points, moons.labels)
    expected = sampled(found, gm.Guided(model, 3.0), labels=[1] * 4)
    assert np.array_equal(found.x, expected.x)
    assert found.network_calls == expected.network_calls == 2 * found.evaluations
    assert found.settings["network"]["sha256"] == labelled.info.sha256


@pytest.mark.parametrize("share", [0.0, 0.25, 1.0])
def test_a_blend_lies_between_network_and_d_star(share, moons, labelled):
    settings = replace(TOY, driver="blend", blend=share, label=1)
    found = runs.compute(settings, moons, labelled)
    optimal, labels = gm.OptimalDenoiser(moons.points, moons.labels), np.full(4, 1)
    for i, sigma in enumerate(found.sigmas[:-1]):
        x = found.x[i].astype(float)
        expected = share * labelled(x, sigma, labels=labels) + (1 - share) * optimal(x, sigma, labels=labels)
        # x and D are recorded in float32: near a boundary between points D* carries that on, magnified.
        assert np.allclose(found.denoised[i], expected, atol=1e-3)
    assert found.network_calls == 2 * found.evaluations
    assert found.extras.keys() == MEASURED | AGAINST_DATA


def test_the_hook_between_pieces_reaches_what_was_opened(moons, labelled):
    job = runs.prepare(replace(TOY, driver="blend", label=1, guidance=2.0), moons, labelled)
    assert labelled in job.parts
    assert job.optimal in job.parts


# ---------------------------------------------------------------- identity


def test_a_run_says_what_it_was_made_of(moons, network, tmp_path):
    found = runs.compute(replace(TOY, driver="network", network=str(CHECKPOINT)), moons, network)
    found.save(tmp_path / "run.npz")
    settings = gm.Trajectory.load(tmp_path / "run.npz").settings
    assert settings["data"] == {"name": "two-moons", "points": 60, "fingerprint": moons.fingerprint}
    assert settings["network"] == {"name": "two-moons", "sha256": network.info.sha256}
    assert settings["geomodel"]
    again = gm.settings.from_json(settings["run"])
    assert again == runs.resolved(replace(TOY, driver="network", network=str(CHECKPOINT)), moons, network)
    assert np.array_equal(runs.compute(again, moons, network).x, found.x)


def test_nothing_is_claimed_of_what_is_not_there(moons, network):
    assert runs.identity(None).keys() == {"geomodel"}
    assert runs.identity(moons).keys() == {"geomodel", "data"}
    assert runs.identity(None, network).keys() == {"geomodel", "network"}


def test_a_network_that_drives_is_sampled_at_the_levels_it_was_trained_at(moons, network):
    low, high = runs.recommended_sigmas(None, network)
    driven = runs.resolved(replace(TOY, driver="network"), moons, network)
    assert (driven.sigma_min, driven.sigma_max) == (low, high)
    beside = runs.resolved(TOY, moons, network)
    assert (beside.sigma_min, beside.sigma_max) == runs.recommended_sigmas(moons)
