"""Derivatives through D*: of every kind that torch knows, against central differences of D* itself."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch.autograd import forward_ad

import geomodel as gm
from geomodel.denoisers.blend import Blend
from geomodel.denoisers.network_jacobian import network_jacobian
from geomodel.denoisers.optimal import optimal as optimal_module
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance

pytestmark = pytest.mark.filterwarnings(
    "ignore::DeprecationWarning"
)  # torch's own: its first jvp uses torch.jit.script
RANDOM = np.random.default_rng(0)
POINTS, CLASSES = RANDOM.normal(size=(30, 3)), np.arange(30) % 2
X = torch.from_numpy(RANDOM.normal(size=(3, 3)))
LABELS = torch.tensor([0, 1, -1])
SIGMA = 0.7
STEP = 1e-5  # of central differences: (1e-5)² of the third derivative, about 10, and roundings 1e-16/1e-5
CLOSE = {"rtol": 0, "atol": 1e-8}


@pytest.fixture(scope="module")
def optimal():
    return gm.OptimalDenoiser(POINTS, CLASSES)


def differences(function, x, step=STEP):
    """∂f/∂x by central differences, (*f's shape, *x's shape)."""
    columns = []
    for i in range(x.numel()):
        move = torch.zeros_like(x).reshape(-1)
        move[i] = step
        ahead, behind = function(x + move.reshape(x.shape)), function(x - move.reshape(x.shape))
        columns.append((ahead - behind).detach() / (2 * step))
    return torch.stack(columns, -1).reshape(*columns[0].shape, *x.shape)


def denoisers(optimal):
    mixture = gm.MixtureDenoiser(POINTS[:4], 0.3)
    return {
        "all points": (optimal, None),
        "a class each": (optimal, LABELS),
        "guided": (gm.Guided(optimal, 2.5), LABELS),
        "guided inside": (gm.Guided(optimal, 2.5, (1.0, 2.0)), LABELS),
        "blend": (Blend(mixture, optimal, 0.25), None),
    }


@pytest.fixture(params=["all points", "a class each", "guided", "guided inside", "blend"])
def denoise(request, optimal):
    model, labels = denoisers(optimal)[request.param]
    return lambda x: model(x, SIGMA, labels)


def test_every_way_to_a_jacobian_is_that_of_central_differences(denoise):
    expected = differences(denoise, X)
    assert expected.abs().max() > 0.1
    for jacobian in (torch.func.jacrev, torch.func.jacfwd):
        torch.testing.assert_close(jacobian(denoise)(X), expected, **CLOSE)
    torch.testing.assert_close(torch.autograd.functional.jacobian(denoise, X), expected, **CLOSE)
    direction = X.flip(0)
    along = torch.tensordot(expected, direction, 2)
    torch.testing.assert_close(torch.func.jvp(denoise, (X,), (direction,))[1], along, **CLOSE)
    with forward_ad.dual_level():
        dual = denoise(forward_ad.make_dual(X, direction))
        torch.testing.assert_close(forward_ad.unpack_dual(dual).tangent, along, **CLOSE)
    torch.testing.assert_close(
        torch.func.vjp(denoise, X)[1](direction)[0], torch.tensordot(direction, expected, 2), **CLOSE
    )


def test_second_derivatives(denoise):
    def square(x):
        return denoise(x).square().sum()

    expected = differences(torch.func.grad(square), X)
    for hessian in (torch.func.hessian(square), torch.func.jacrev(torch.func.jacrev(square))):
        torch.testing.assert_close(hessian(X), expected, rtol=0, atol=1e-7)


def test_derivatives_by_sigma(optimal):
    for model, labels in denoisers(optimal).values():

        def of(sigma, model=model, labels=labels):
            return model(X, sigma, labels)

        for sigma in (torch.tensor(0.7, dtype=torch.float64), torch.tensor([0.5, 0.7, 2.0], dtype=torch.float64)):
            expected = differences(of, sigma)
            torch.testing.assert_close(torch.func.jacrev(of)(sigma), expected, **CLOSE)
            torch.testing.assert_close(torch.func.jacfwd(of)(sigma), expected, **CLOSE)


def test_one_x_at_a_time_is_mapped(optimal):
    together = optimal(X, SIGMA)
    assert torch.equal(torch.vmap(lambda x: optimal(x[None], SIGMA)[0])(X), together)
    each = torch.vmap(torch.func.jacrev(lambda x: optimal(x[None], SIGMA)[0]))(X)
    for found, x in zip(each, X, strict=True):
        torch.testing.assert_close(found, differences(lambda x: optimal(x[None], SIGMA)[0], x), **CLOSE)


def test_what_cannot_be_done_is_said_in_a_sentence(optimal):
    with pytest.raises(ValueError, match="vmap cannot map over sigma"):
        torch.vmap(lambda x, sigma: optimal(x[None], sigma)[0])(X, torch.ones(3))
    with pytest.raises(ValueError, match="vmap cannot map over labels"):
        torch.vmap(lambda x, label: optimal(x[None], 1.0, label[None])[0])(X, LABELS)
    with pytest.raises(ValueError, match="vmap cannot map over the start of a run"):
        torch.vmap(lambda x: next(gm.iterate(optimal, x[None], [3.0, 1.0])).x_next)(X)
    with pytest.raises(ValueError, match="posterior has no derivatives"):
        torch.func.jacrev(lambda x: optimal.posterior(x, SIGMA).log_density)(X)
    cube = torch.func.jacrev(torch.func.jacrev(torch.func.jacrev(lambda x: optimal(x[None], SIGMA)[0])))
    with pytest.raises(NotImplementedError, match="no higher ones"):
        cube(X[0])


def test_at_zero_it_is_the_nearest_point_which_stays(optimal):
    assert not torch.func.jacrev(lambda x: optimal(x, 0.0))(X).any()


def test_small_levels_keep_the_figures_of_the_covariance():
    # Two points 2e-6 apart at σ = 1e-6, far from the origin: half way, J = m mᵀ/σ² with m half their difference.
    points = torch.tensor([[100.0, 5.0], [100.0 + 2e-6, 5.0]], dtype=torch.float64)
    middle = points.mean(0, keepdim=True)
    found = torch.func.jacrev(lambda x: gm.OptimalDenoiser(points)(x, 1e-6)[0])(middle)[:, 0]
    half = float(points[1, 0] - points[0, 0]) / 2
    np.testing.assert_allclose(found, [[(half / 1e-6) ** 2, 0], [0, 0]], rtol=1e-6, atol=1e-12)


def test_more_than_ten_million_numbers_are_no_exception(monkeypatch):
    monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 100)
    random = np.random.default_rng(2)
    codes = random.integers(0, 256, size=(40, 1, 3, 3))
    images = (codes / 127.5 - 1).astype(np.float32)
    large = gm.OptimalDenoiser(images, CLASSES.repeat(2)[:40])
    assert large._search is not None
    x = torch.from_numpy(random.normal(size=(2, 1, 3, 3)))
    labels = torch.tensor([-1, 1])
    expected = differences(lambda x: large(x, 1.0, labels), x, 1e-3)  # the search is accurate to 1e-6
    torch.testing.assert_close(torch.func.jacrev(lambda x: large(x, 1.0, labels))(x), expected, rtol=0, atol=2e-3)
    exact = PosteriorCovariance(large, images, x[0], 1.0)
    product = torch.func.jvp(lambda x: large(x, 1.0, labels), (x,), (x,))[1][0]
    np.testing.assert_allclose(product, exact.jacobian_times(x[0].numpy()), rtol=1e-9)


@pytest.mark.parametrize("solver", ["euler", "heun", "dpmpp_2m", "unipc", "rk45", "ddim_eta"])
def test_the_gradient_of_a_runs_end(solver, optimal):
    sigmas, weights = gm.schedules.karras(4, 0.3, 3.0), torch.from_numpy(np.random.default_rng(1).normal(size=(2, 3)))
    drawn = {"noise": gm.Brownian(range(2))} if gm.solvers.row(solver).stochastic else {}
    if gm.solvers.row(solver).adaptive:  # its choice of steps moves the end within the tolerance
        drawn = {"rtol": 1e-9, "atol": 1e-9}

    def end(x):
        *_, last = gm.iterate(optimal, x, sigmas, solver=solver, **drawn)
        return (last.x_next * weights).sum()

    x = 3 * X[:2]
    expected = differences(end, x)
    assert expected.abs().max() > 0.01
    torch.testing.assert_close(torch.func.grad(end)(x), expected, rtol=1e-5, atol=1e-6)
    leaf = x.clone().requires_grad_()
    end(leaf).backward()
    torch.testing.assert_close(leaf.grad, expected, rtol=1e-5, atol=1e-6)


def test_the_jacobian_of_a_blend_counts_both_parts(optimal):
    # An independent sum: a J of the mixture, by torch through its formula, and (1 − a) Cov/σ².
    mixture = gm.MixtureDenoiser(POINTS[:4], 0.3)
    first = torch.autograd.functional.jacobian(lambda x: mixture(x[None], SIGMA)[0], X[0]).numpy()
    second = PosteriorCovariance(optimal, POINTS, X[0], SIGMA).jacobian_times(np.eye(3))
    found = network_jacobian(Blend(mixture, optimal, 0.25), X[0], SIGMA)
    whole = 0.25 * first + 0.75 * second
    np.testing.assert_allclose(found.values, np.linalg.svd(whole)[1], rtol=1e-9)
    assert found.trace == pytest.approx(np.trace(whole), rel=1e-9)


def test_calls_without_derivatives_never_meet_autograd(optimal, monkeypatch):
    monkeypatch.setattr("geomodel.denoisers.optimal.derivatives.Denoised.apply", None)
    leaf = X.clone().requires_grad_()
    assert optimal(X, SIGMA).grad_fn is None
    with torch.no_grad():
        optimal(leaf, SIGMA)
