"""Records are float64 where float32 could not hold the data, and as small as before elsewhere."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from checkpoint_files import DESCRIPTION, saved

import geomodel as gm
from geomodel import precision, run_checks, runs
from geomodel.checkpoints import load_checkpoint
from geomodel.datasets.dataset import Dataset
from geomodel.denoisers.blend import Blend
from geomodel.denoisers.guided import Guided
from geomodel.settings import RunSettings

UNIT, SIGMA_DATA = 0.0625, 0.09375
FAR = (450_000.25, 5_800_000.125)
POINTS = np.round(np.random.default_rng(0).normal(size=(64, 2)) * SIGMA_DATA * 2**20) / 2**20
SETTINGS = RunSettings(driver="network", start="exact", count=4, steps=6, sigma_min=2e-4, sigma_max=1.0, beside=False)


def network(folder, mean, unit=UNIT):
    description = replace(DESCRIPTION, mean=mean, unit=unit, sigma_data=1.5 * unit, sigma_min=1e-4, sigma_max=10.0)
    saved(folder / "net.safetensors", replace(description, sigma_recommended=(2e-4, 1.0)))
    return load_checkpoint(folder / "net.safetensors")


def points(mean):
    return Dataset(name="x", kind="points", stored=POINTS + mean)


def test_what_float32_cannot_hold_is_far():
    """At the limit, float32 rounds x by at most 2⁻²⁴ · 16 scales: a two-thousandth of the usual σ min, 0.002 scales."""
    assert 2.0**-24 * precision.FAR <= 0.002 / 2000
    assert not precision.is_far((16.0, -16.0), 1.0)
    assert precision.is_far((0.0, -16.1), 1.0)
    assert precision.is_far(np.full((1, 2, 2), 1e-3), 1e-5)
    assert not precision.is_far((), 1.0)
    assert not precision.is_far((), float("nan"))  # a network of one's own says nothing of its data


@pytest.mark.parametrize(
    ("mean", "kind"), [((), "float32"), ((0.5, 1.5), "float32"), ((52.5, 13.375), "float64"), (FAR, "float64")]
)
def test_a_network_is_recorded_in_what_its_data_need(mean, kind, tmp_path):
    model = network(tmp_path, mean)
    optimal = gm.OptimalDenoiser(POINTS)
    for each in (model, Guided(model, 2.0), Blend(model, optimal, 0.5), Blend(optimal, model, 0.5)):
        assert precision.record_dtype(each) == kind
    assert precision.record_dtype(optimal) == "float64"
    run = gm.sample(model, model.center[None], [1.0, 0.5])
    assert (run.x.dtype, run.denoised.dtype, run.final_denoised.dtype, run.settings["record"]) == (kind,) * 4
    assert gm.sample(model, np.zeros((1, 2)), [1.0, 0.5], record="float32").x.dtype == "float32"


def test_slopes_of_a_record_far_away_are_those_of_the_centred_run(tmp_path):
    """(x − D)/σ at σ = 2·10⁻⁴, from numbers of 5.8·10⁶."""
    levels = gm.schedules.karras(6, 2e-4, 1.0)
    x = torch.as_tensor(POINTS[:5])
    near = gm.sample(network(tmp_path, ()), x, levels, record="float64")
    far = gm.sample(network(tmp_path, FAR), x + torch.tensor(FAR, dtype=torch.float64), levels)
    # x and D are rounded to 2⁻³¹ each (5.8e6 < 2²³) in some twelve sums; over the smallest σ, 1e-4 of slopes of 1.
    np.testing.assert_allclose(far.slopes, near.slopes, rtol=0, atol=1e-3)
    np.testing.assert_allclose(far.x[-1] - FAR, near.x[-1], rtol=0, atol=1e-7)
    coarse = gm.sample(network(tmp_path, FAR), x + torch.tensor(FAR, dtype=torch.float64), levels, record="float32")
    assert np.abs(coarse.slopes - near.slopes).max() > 1  # what float32 would have said


@pytest.mark.parametrize("driver", ["network", "blend"])
@pytest.mark.parametrize(("mean", "kind"), [((0.0, 0.0), "float32"), (FAR, "float64")])
def test_the_windows_record_and_its_size_follow(driver, mean, kind, tmp_path):
    data, model = points(mean), network(tmp_path, mean)
    settings = replace(SETTINGS, driver=driver)
    job = runs.prepare(settings, data, model)
    run = runs.compute(settings, data, model)
    assert (job.record_dtype, run.x.dtype, run.denoised.dtype, run.extras["optimal"].dtype) == (kind,) * 4
    size = run_checks.needed_bytes(settings, data, model)
    assert size == run_checks.needed_bytes(settings, data, model.info)
    other = run_checks.needed_bytes(settings, points((0.0, 0.0)), network(tmp_path, ()))
    grown = size - other
    # x at 7 levels and D at 6, with D* beside, 4 samples of 2 numbers: 4 bytes more for each number
    assert grown == (0 if kind == "float32" else 2 * (7 + 6) * 4 * 2 * 4)


def test_data_far_away_are_recorded_in_float64_whatever_network_drives(tmp_path):
    """A network of one's own, or one that was trained elsewhere, says nothing of these data."""
    model, data = network(tmp_path, ()), points(FAR)
    assert runs.compute(SETTINGS, data, model).x.dtype == "float64"
    assert runs.compute(SETTINGS, points((0.0, 0.0)), model).x.dtype == "float32"


def test_the_measures_of_a_run_move_with_its_data(tmp_path):
    near = runs.compute(SETTINGS, points((0.0, 0.0)), network(tmp_path, (0.0, 0.0)))
    far = runs.compute(SETTINGS, points(FAR), network(tmp_path, FAR))
    np.testing.assert_allclose(far.x - FAR, near.x, rtol=0, atol=1e-6)  # near is float32: 2⁻²⁴ of up to 4
    for name in ("effective_neighbours", "nearest_x", "nearest_denoised", "denoiser_difference"):
        # The ends differ by about 1e-7 of rounding; beside σ min = 2e-4 that is 1e-3 nats at most.
        np.testing.assert_allclose(far.extras[name], near.extras[name], rtol=3e-3, atol=1e-6, err_msg=name)
