"""ODE-Jump, quality over σ and interpolation on the bundled network, beside the figures that were measured on it.

The ranges hold for the few samples that a test can wait for; n and the figures at larger n stand beside them.
"""

from __future__ import annotations

import numpy as np
import pytest

import geomodel as gm
import resources
from geomodel.experiments import interpolate, jump, quality_over_sigma
from geomodel.interpolation import KINDS

pytestmark = pytest.mark.slow
SHAPE, TOP = (1, 28, 28), 80.0


@pytest.fixture(scope="module")
def data():
    return gm.datasets.load("fashion-mnist")


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(str(resources.path("checkpoints", "fashion-mnist.safetensors")))


# At n = 128, measured: 0.184 → 0.140 (a ratio of 0.76), 0.100 → 0.088 (0.88), and 0.087 → 0.084 (0.96; no gain).
# The control falls like 1/√n, from 0.082 to 0.049, and lies under both.
@pytest.mark.parametrize(
    ("solver", "evaluations", "level", "least", "most"),
    [("euler", 6, 1.0, 0.70, 0.84), ("ipndm", 6, 0.2, 0.78, 0.92), ("ipndm", 10, 0.2, 0.94, 1.10)],
)
def test_a_jump_gains_where_evaluations_are_few(network, data, solver, evaluations, level, least, most):
    options = {"order": 4} if solver == "ipndm" else {}
    x = gm.noise(range(128), SHAPE, TOP)
    found = jump(
        network,
        x,
        data,
        solver=solver,
        evaluations=evaluations,
        jump_sigmas=[level, 0.002],
        sigma_max=TOP,
        options=options,
    )
    early, whole = found.curve("sliced")
    assert least < early / whole < most
    assert found.yardstick.control.sliced == pytest.approx(0.0815, abs=0.001)  # of the data alone, so always the same
    assert 0.95 * found.yardstick.control.sliced < early


def test_d_is_under_dispersed_until_late_and_x_carries_its_noise(network, data):
    """At n = 256, 18 Heun steps: the spread of D is 0.14 at σ = 14, 0.63 at 4, 0.97 at 0.47 and 1.03 at the end."""
    x = gm.noise(range(64), SHAPE, TOP)
    run = gm.sample(network, x, gm.schedules.karras(18, 0.002, TOP), solver="heun")
    found = quality_over_sigma(run, data)
    spread, noisy = (found.curve("spread", of) for of in ("denoised", "x"))
    at = [int(np.abs(np.log(run.sigmas / sigma)).argmin()) for sigma in (14, 4, 0.47, 0.002)]
    # the spread of 64 samples varies by about a tenth
    np.testing.assert_allclose(spread[at], [0.14, 0.63, 0.97, 1.03], rtol=0.25)
    # strictly down to the floor of so many samples, which it reaches one level before 0.47
    assert (np.diff(found.curve("sliced", "denoised")[: at[2] - 1]) < 0).all()
    total = float(data.points.reshape(len(data), -1).var(axis=0).sum())
    np.testing.assert_allclose(noisy[:6], 784 * run.sigmas[:6] ** 2 / total, rtol=0.1)


def test_linear_interpolation_loses_detail_and_the_other_two_differ_in_pace(network, data):
    """With ten pairs, ‖x_0 − mean‖ at the middle is 13.8 linear and 16.2 otherwise, as at the ends; the nearest data
    are 6.0 away instead of 8.5.
    """
    sigmas, optimal = gm.schedules.karras(12, 0.002, TOP), gm.OptimalDenoiser(data.points)
    away, nearest, norms = [], [], []
    for pair in range(6):
        z1, z2 = np.asarray(gm.noise([2 * pair, 2 * pair + 1], SHAPE, 1.0))
        found = interpolate(network, z1, z2, [0.0, 0.5], sigmas, mean=data.mean, optimal=optimal)
        away.append(found.away)
        nearest.append(found.nearest)
        norms.append(found.norms)
    away, nearest, norms = (np.mean(values, axis=0) for values in (away, nearest, norms))
    linear, spherical, kept = (KINDS.index(kind) for kind in ("linear", "spherical", "in-distribution"))
    np.testing.assert_allclose(norms[:, 1], [np.sqrt(0.5), 1, 1], rtol=0.03)
    assert away[spherical, 1] == pytest.approx(away[kept, 1], rel=0.02)
    assert away[linear, 1] < 0.93 * away[kept, 1]
    assert nearest[linear, 1] < 0.85 * nearest[kept, 1]
    assert away[kept, 1] == pytest.approx(away[kept, 0], rel=0.25)  # as at the ends
