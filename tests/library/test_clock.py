"""Clocks: what a network is given and what its answer means, derived here in NumPy float64 from the definitions."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
import torch

from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.denoisers.noise_tables import levels_of_betas, levels_of_signals, named_levels

SIGMA = np.array([0.003, 0.02, 0.31, 1.0, 7.5, 60.0])
DATA = np.random.default_rng(1).normal(size=(len(SIGMA), 5))
NOISE = np.random.default_rng(2).normal(size=(len(SIGMA), 5))
X = DATA + SIGMA[:, None] * NOISE
CLOSE = {"rtol": 1e-10, "atol": 1e-10}  # float64 roundings, enlarged by σ


def given(clock: Clock, sigma=SIGMA, x=X):
    """What the network is given: its input, its time, and the rule from its output to D."""
    skip, out, into, time = (c.numpy() for c in clock.coefficients(torch.as_tensor(sigma)))

    def answer(output):
        return skip[:, None] * x + out[:, None] * output

    return into[:, None] * x, time, answer


# --- what a perfect network's output becomes: x_0 --------------------------------------------------------------------


def test_noise_v_and_sample_on_a_variance_preserving_table():
    levels = named_levels("linear")
    signal = np.sqrt(np.cumprod(1 - np.linspace(1e-4, 0.02, 1000)))
    times = np.array([0, 3, 250, 500, 800, 999])
    sigma = np.sqrt(1 - signal[times] ** 2) / signal[times]
    a, b = signal[times, None], sigma[:, None] * signal[times, None]
    x = DATA + sigma[:, None] * NOISE
    for prediction, target in (("epsilon", NOISE), ("v", a * NOISE - b * DATA), ("sample", DATA)):
        inputs, time, answer = given(clocks.discrete(levels, prediction), sigma, x)
        np.testing.assert_allclose(inputs, a * DATA + b * NOISE, **CLOSE)
        np.testing.assert_array_equal(time, times)
        np.testing.assert_allclose(answer(target), DATA, **CLOSE)


@pytest.mark.parametrize("path", ["linear", "gvp"])
@pytest.mark.parametrize("data_at_end", [True, False])
def test_velocities_run_either_way(path, data_at_end):
    noise_share = SIGMA / (1 + SIGMA) if path == "linear" else np.arctan(SIGMA) / (np.pi / 2)
    t = (1 - noise_share if data_at_end else noise_share)[:, None]
    s = t if data_at_end else 1 - t  # data's own time
    sign = 1 if data_at_end else -1
    if path == "linear":
        a, b, speed_a, speed_b = s, 1 - s, sign, -sign
    else:
        a, b = np.sin(np.pi / 2 * s), np.cos(np.pi / 2 * s)
        speed_a, speed_b = sign * np.pi / 2 * b, -sign * np.pi / 2 * a
    inputs, time, answer = given(clocks.flow(path, data_at_end=data_at_end))
    np.testing.assert_allclose(inputs, a * DATA + b * NOISE, **CLOSE)
    np.testing.assert_allclose(time, t[:, 0], **CLOSE)
    np.testing.assert_allclose(answer(speed_a * DATA + speed_b * NOISE), DATA, **CLOSE)


def test_scores():
    """D(x; σ) = x + σ² score, where the output is σ · score; time is σ itself."""
    inputs, time, answer = given(clocks.score(0.01, 1348))
    np.testing.assert_array_equal(inputs, X)
    np.testing.assert_array_equal(time, SIGMA)
    np.testing.assert_allclose(answer(-NOISE), DATA, **CLOSE)
    assert clocks.score(0.01, 1348).sigma_recommended == (0.01, 1348)


# --- the published preconditionings ----------------------------------------------------------------------------------

d, m = 0.5, 0.002
b_d, b_min = 19.9, 0.1
vp_time = (np.sqrt(b_min**2 + 2 * b_d * np.log1p(SIGMA**2)) - b_min) / b_d
root = np.sqrt(SIGMA**2 + d**2)
own = np.sqrt((SIGMA - m) ** 2 + d**2)
PUBLISHED = {
    "edm": (clocks.edm(), d**2 / root**2, SIGMA * d / root, 1 / root, np.log(SIGMA) / 4),
    "edm 0.7": (clocks.edm(sigma_data=0.7), 0.49 / (SIGMA**2 + 0.49), None, None, np.log(SIGMA) / 4),
    "ect": (
        clocks.edm_consistency(m, 80.0),
        d**2 / own**2,
        (SIGMA - m) * d / root,
        1 / root,
        np.log(SIGMA) / 4,
    ),
    "cm": (clocks.consistency_models(False), d**2 / root**2, SIGMA * d / root, 1 / root, 250 * np.log(SIGMA)),
    "cm distilled": (
        clocks.consistency_models(True),
        d**2 / own**2,
        (SIGMA - m) * d / root,
        1 / root,
        250 * np.log(SIGMA),
    ),
    "vp": (clocks.edm_vp(1e-3, 152.0), 1, -SIGMA, 1 / np.sqrt(SIGMA**2 + 1), 999 * vp_time),
    "ve": (clocks.edm_ve(), 1, SIGMA, 1, np.log(SIGMA / 2)),
}


@pytest.mark.parametrize("name", PUBLISHED)
def test_coefficients_are_the_published_ones(name):
    clock, *expected = PUBLISHED[name]
    for ours, theirs in zip(clock.coefficients(torch.as_tensor(SIGMA)), expected, strict=True):
        if theirs is not None:
            np.testing.assert_allclose(ours.numpy(), np.broadcast_to(theirs, SIGMA.shape), rtol=1e-12)


def test_iddpm_takes_the_nearest_level_and_rounds_to_it():
    u = np.append(np.array([90.0, 30.0, 10.0, 3.0, 1.0, 0.3, 0.1]), 0.0)
    clock = clocks.edm_iddpm(u)
    sigma = np.array([0.0, 0.04, 0.06, 0.21, 1.9, 2.1, 500.0])
    nearest = np.abs(sigma[:, None] - u).argmin(axis=1)
    _, time, answer = given(clock, sigma, np.zeros((7, 1)))
    np.testing.assert_array_equal(time, len(u) - 2 - nearest)
    np.testing.assert_allclose(answer(np.ones((7, 1)))[:, 0], -sigma)
    np.testing.assert_array_equal(clock.round_sigma(sigma), u[nearest])
    assert clock.round_sigma(2.1) == 3.0
    assert (clock.sigma_min, clock.sigma_max, clock.sigma_recommended) == (0.1, 90.0, (0.1, 80.0))


# --- tables of trained levels ----------------------------------------------------------------------------------------


def by_definition(betas):
    signal = np.cumprod(1 - betas)
    return np.sqrt((1 - signal) / signal)


def test_named_tables():
    t = np.arange(4001) / 4000
    f = np.cos((t + 0.008) / 1.008 * np.pi / 2) ** 2
    wave = 1 / (1 + np.exp(-(6 * np.arange(1001) / 1000 - 3)))
    s = (wave[-1] - wave) / (wave[-1] - wave[0])
    for found, betas in (
        (named_levels("linear"), np.linspace(1e-4, 0.02, 1000)),
        (named_levels("linear", 4000), np.linspace(0.25e-4, 0.005, 4000)),
        (named_levels("linear", 100, 1e-3, 0.3), np.linspace(1e-3, 0.3, 100)),
        (named_levels("scaled_linear"), np.linspace(0.00085**0.5, 0.012**0.5, 1000) ** 2),
        (named_levels("cosine", 4000), np.minimum(1 - f[1:] / f[:-1], 0.999)),
        (named_levels("sigmoid"), np.minimum(1 - s[1:] / s[:-1], 0.999)),
        (named_levels("sigmoid_betas"), 1e-4 + 0.0199 / (1 + np.exp(-np.linspace(-6, 6, 1000)))),
    ):
        np.testing.assert_allclose(found, by_definition(betas), rtol=1e-9)  # 1 − ᾱ loses digits in the definition


def test_ends_of_the_tables_that_people_have():
    """Known from the public codes, to the digits given."""
    for arguments, low, second, high in (
        (("linear", 1000), 0.0100, None, 157.4),
        (("linear", 4000), 0.0050, None, 153.5),
        (("cosine", 1000), None, 642, 20291),
        (("cosine", 4000), None, 2567, 81165),
        (("scaled_linear", 1000), 0.029, None, 14.6),
        (("sigmoid", 1000), 0.017, 57.7, 1825),
    ):
        levels = named_levels(*arguments)
        for found, known in ((levels[0], low), (levels[-2], second), (levels[-1], high)):
            assert known is None or found == pytest.approx(known, rel=0.02)
    assert clocks.discrete(named_levels("cosine")).sigma_recommended[1] == 160
    assert clocks.discrete(named_levels("sigmoid")).sigma_recommended[1] == pytest.approx(57.7, rel=0.01)


def test_between_trained_levels_time_is_linear_in_log_sigma():
    levels = (0.1, 0.2, 0.8, 8.0)
    clock = clocks.discrete(levels)
    sigma = np.array([0.2 * 4**0.3, 0.8 * 10**0.5, 0.1 * 2**0.25])
    np.testing.assert_allclose(given(clock, sigma, np.zeros((3, 1)))[1], [1.3, 2.5, 0.25], rtol=1e-12)
    # Beyond the ends the network is told the end.
    np.testing.assert_array_equal(given(clock, np.array([0.0, 0.01, 9.0, 1e9]), np.zeros((4, 1)))[1], [0, 0, 3, 3])
    # 0.05 % beside a trained level is that level, whose neighbours are far; 0.2 % is not.
    near = given(clock, np.array([0.2 * 1.0005, 0.8 * 0.9995, 0.2 * 1.002]), np.zeros((3, 1)))[1]
    assert near[:2].tolist() == [1, 2]
    assert near[2] == pytest.approx(1 + math.log(1.002) / math.log(4))


def test_a_rescaled_table_tells_a_thousandth_of_the_way():
    levels = named_levels("cosine", 4000)
    clock = clocks.discrete(levels, rescaled=True)
    sigma = np.array([levels[0], levels[1000], levels[3999]])
    np.testing.assert_allclose(given(clock, sigma, np.zeros((3, 1)))[1], [0, 250, 3999 / 4])


def test_tables_stored_as_signals():
    signal = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
    np.testing.assert_allclose(levels_of_signals(signal), named_levels("linear"), rtol=1e-9)
    # A table in float32 moves σ by less than what counts as the same level.
    moved = np.array(levels_of_signals(signal.astype(np.float32)))
    times = given(clocks.discrete(named_levels("linear")), moved, np.zeros((1000, 1)))[1]
    np.testing.assert_array_equal(times, np.arange(1000))


@pytest.mark.parametrize("clock", [PUBLISHED[name][0] for name in PUBLISHED], ids=list(PUBLISHED))
def test_no_noise_and_endless_noise_are_finite(clock):
    for sigma in (0.0, 1e-30, 1e30, 1e200):
        inputs, time, answer = given(clock, np.array([sigma]), np.ones((1, 2)))
        assert np.isfinite(inputs).all()
        assert np.isfinite(time).all()
        assert np.isfinite(answer(np.ones((1, 2)))).all()


@pytest.mark.filterwarnings("ignore:.*torch.jit.script:DeprecationWarning")  # torch's own, at its first jvp
def test_the_time_of_a_table_can_be_differentiated():
    clock = clocks.discrete((0.1, 0.2, 0.8, 8.0))
    for sigma, slope in ((0.5, 1 / math.log(4)), (0.8 * 1.0005, 1 / math.log(10)), (0.8 * 0.9995, 1 / math.log(4))):
        level = torch.tensor([sigma], dtype=torch.float64)
        found = torch.func.jvp(clock.network_time, (level,), (torch.ones_like(level),))[1]
        assert found.item() == pytest.approx(slope / sigma)
        level.requires_grad_()
        clock.network_time(level).sum().backward()
        assert level.grad.item() == pytest.approx(slope / sigma)


def test_levels_are_rounded_only_where_d_is_a_staircase():
    assert clocks.edm().round_sigma(1.234) == 1.234
    assert clocks.discrete(named_levels("linear")).round_sigma(1.234) == 1.234


def test_recommended_levels():
    assert clocks.edm().sigma_recommended == (0.002, 80.0)
    assert (clocks.edm().sigma_min, clocks.edm().sigma_max) == (0.0, math.inf)
    assert clocks.edm_ve().sigma_recommended == (0.02, 80.0)
    levels = named_levels("linear")
    assert clocks.discrete(levels).sigma_recommended == (levels[0], levels[-2])


@pytest.mark.parametrize(
    ("change", "fragment"),
    [
        ({"path": "other"}, "its path is 'other'; known are: edm, vp, linear, ve"),
        ({"prediction": "x" * 999}, "known are"),
        ({"time": "now"}, "its time is 'now'"),
        ({"sigma_recommended": (2.0, 1.0)}, "recommended noise levels, 2 to 1"),
        ({"sigma_recommended": (0.0, 1.0)}, "recommended"),
        ({"sigma_recommended": (1.0, math.inf)}, "recommended"),
        ({"sigma_min": 1.0}, "not inside its range, 1 to inf"),
        ({"sigma_data": 0.0}, "sigma_data is 0"),
        ({"sigma_data": math.nan}, "sigma_data is nan"),
        ({"time_scale": math.inf}, "time_scale"),
        ({"time_factor": -1.0}, "time_factor"),
        ({"time": "table"}, "do not rise"),
        ({"time": "table", "levels": (1.0, 0.5)}, "do not rise"),
        ({"time": "table", "levels": (1.0, math.nan)}, "do not rise"),
        ({"time": "table", "levels": (0.0, 1.0)}, "start above 0"),
        ({"time": "nearest", "levels": (-1.0, 1.0)}, "start above 0"),
    ],
)
def test_settings_that_make_no_clock(change, fragment):
    with pytest.raises(ValueError, match=fragment):
        replace(clocks.edm(), **change)


@pytest.mark.parametrize(
    ("arguments", "fragment"),
    [
        (("quadratic",), "'quadratic' is unknown; known are: linear, cosine"),
        (("linear", 1), "has 1 steps"),
        (("linear", 10**9), "has 1000000000 steps"),
        (("linear", 1000, 0.1, 0.01), "from β = 0.1 to 0.01"),
        (("linear", 1000, 0.1, 1.5), "from β = 0.1 to 1.5"),
        (("linear", 10), "from β = 0.01 to 2"),
    ],
)
def test_settings_that_make_no_table(arguments, fragment):
    with pytest.raises(ValueError, match=fragment):
        named_levels(*arguments)


def test_stored_numbers_that_make_no_table():
    for signals in ([], [0.5], [[0.5, 0.4]], [0.5, 0.6], [1.0, 0.5], [0.5, 0.0], [0.9, math.nan]):
        with pytest.raises(ValueError):
            levels_of_signals(signals)
    for betas in ([0.1, 1.0], [0.0, 0.5], [math.nan]):
        with pytest.raises(ValueError, match="between 0 and 1"):
            levels_of_betas(betas)
    for levels in ([], [1.0, 0.0], [3.0, 2.0, 1.0]):
        with pytest.raises(ValueError, match="fall to 0"):
            clocks.edm_iddpm(levels)
    with pytest.raises(ValueError, match="'VP'; known are: linear, gvp"):
        clocks.flow("VP", data_at_end=True)
