"""The same numbers in another layout, byte order or tensor are the same numbers, wherever numbers are taken."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import collapse, density, geometry, images, projection
from geomodel.annealing import nearest_data
from geomodel.datasets import Dataset
from geomodel.denoisers.network_jacobian import network_jacobian
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance
from geomodel.regions import named_regions
from geomodel.sampling import sample

RANDOM = np.random.default_rng(0)
POINTS, LABELS = RANDOM.normal(size=(20, 2)), np.arange(20) % 2
X, CLASSES = RANDOM.normal(size=(4, 2)), np.array([0, 1, 1, 0])
SIGMAS = gm.schedules.karras(5, 0.05, 5.0)
CURVE = RANDOM.normal(size=(6, 4, 2))
DRAWS = RANDOM.normal(size=(5, 4, 2))


def turned(values):
    """Negative strides along every axis."""
    found = np.asarray(values)
    every = (slice(None, None, -1),) * found.ndim
    return np.ascontiguousarray(found[every])[every]


def with_gradients(values):
    tensor = torch.as_tensor(np.array(values))
    return tensor.requires_grad_() if tensor.is_floating_point() else tensor


KINDS = {
    "negative strides": turned,
    "fortran": np.asfortranarray,
    "big-endian": lambda values: np.asarray(values).astype(np.asarray(values).dtype.newbyteorder(">")),
    "every second": lambda values: np.repeat(values, 2, axis=-1)[..., ::2],
    "list": lambda values: np.asarray(values).tolist(),
    "tensor with gradients": with_gradients,
    "list of tensors": lambda values: [with_gradients(row) for row in values],
}


def optimal():
    return gm.OptimalDenoiser(POINTS, LABELS)


TAKES = {
    "sample: x": (lambda v: sample(optimal(), v, SIGMAS).x, X),
    "sample: sigmas": (lambda v: sample(optimal(), X, v).x, SIGMAS),
    "sample: labels": (lambda v: sample(optimal(), X, SIGMAS, labels=v).x, CLASSES),
    "sample: noise": (lambda v: sample(optimal(), X, SIGMAS, solver="ddim_eta", noise=v).x, DRAWS),
    "sample: adaptive": (lambda v: sample(optimal(), X, v, solver="rk45").x, SIGMAS),
    "iterate: x": (lambda v: [s.x_next.detach().numpy() for s in gm.iterate(optimal(), v, SIGMAS)][-1], X),
    "iterate: sigmas": (lambda v: [s.x_next.detach().numpy() for s in gm.iterate(optimal(), X, v)][-1], SIGMAS),
    "option: mean": (lambda v: sample(optimal(), X, SIGMAS, analytic_first_step=(v, 1.0)).x, X[0]),
    "schedule": (gm.schedules.custom, SIGMAS),
    "D*: points": (lambda v: gm.OptimalDenoiser(v)(X, 0.5), POINTS),
    "D*: labels": (lambda v: gm.OptimalDenoiser(POINTS, v)(X, 0.5, CLASSES), LABELS),
    "D*: x": (lambda v: plain(optimal()(v, 0.5)), X),
    "D*: sigma": (lambda v: optimal()(X, v), np.array([0.5, 1.0, 2.0, 3.0])),
    "D*: class": (lambda v: optimal()(X, 0.5, v), CLASSES),
    "posterior": (lambda v: optimal().posterior(v, 0.5).effective_neighbours.numpy(), X),
    "mixture": (lambda v: gm.MixtureDenoiser(v, 0.3)(X, 0.5), POINTS),
    "gaussians": (lambda v: gm.Gaussians.fit(v, LABELS)(X, 0.5), POINTS),
    "gaussians: labels": (lambda v: gm.Gaussians.fit(POINTS, v)(X, 0.5, CLASSES), LABELS),
    "gaussians: solution": (lambda v: plain(gm.Gaussians.fit(POINTS).solution(v, 2.0, 0.5)), X),
    "guided": (lambda v: plain(gm.Guided(optimal(), 2.0)(v, 0.5, CLASSES)), X),
    "covariance": (lambda v: PosteriorCovariance(optimal(), POINTS, v, 0.5).times(np.eye(2)), X[0]),
    "jacobian": (lambda v: network_jacobian(gm.MixtureDenoiser(POINTS, 0.3), v, 0.5).values, X[0]),
    "data set": (lambda v: gm.OptimalDenoiser(Dataset(name="d", kind="points", stored=v).points)(X, 0.5), POINTS),
    "geometry: deviation": (geometry.deviation, CURVE),
    "geometry: norm": (geometry.norm, CURVE),
    "geometry: step length": (geometry.step_length, CURVE),
    "geometry: distance": (geometry.distance_to_end, CURVE),
    "geometry: cosine": (lambda v: geometry.cosine_to_end(CURVE, v), CURVE[:-1]),
    "geometry: arc": (geometry.arc_length, CURVE),
    "collapse": (lambda v: collapse.neighbours_over_sigma(optimal(), v, [X] * 6).median, SIGMAS),
    "crossing": (lambda v: np.array(collapse.crossing(v, SIGMAS + 1)), SIGMAS),
    "regions": (lambda v: np.array([row[1:] for row in named_regions(v, [0.1, 1, 3, 2, 0.1, 0.0])]), SIGMAS),
    "images": (lambda v: images.shrunk(CURVE, v, 1.0), SIGMAS),
}


def plain(values):
    return values.detach().numpy() if isinstance(values, torch.Tensor) else values


# A data set's numbers are an array, and so are those of a file.
CASES = [
    (name, kind) for name in TAKES for kind in KINDS if name != "data set" or not kind.startswith(("list", "tensor"))
]


@pytest.mark.parametrize(("name", "kind"), CASES)
def test_the_same_numbers_give_the_same_answer(name, kind):
    take, values = TAKES[name]
    np.testing.assert_allclose(plain(take(KINDS[kind](values))), take(values), rtol=1e-12, atol=1e-12)


def test_noise_takes_a_level_with_gradients():
    level = torch.tensor(3.0, dtype=torch.float64, requires_grad=True)
    assert torch.equal(gm.noise([1, 2], (3,), level), gm.noise([1, 2], (3,), 3.0))
    assert not gm.noise([1], (3,), level).requires_grad


def test_the_projection_of_turned_points():
    np.testing.assert_allclose(
        projection.principal_components(turned(POINTS)).variances, projection.principal_components(POINTS).variances
    )
    assert density.grid_points((0, 0, 1, 1), 2, 2).shape == (4, 2)
    assert nearest_data(optimal(), turned(X)).tolist() == nearest_data(optimal(), X).tolist()


# ---------------------------------------------------------------- churn without an upper level


def test_churn_may_have_no_upper_level():
    given = {"solver": "churn", "s_churn": 5.0, "noise": gm.Brownian(range(4))}
    default = sample(optimal(), X, SIGMAS, **given)
    infinite = sample(optimal(), X, SIGMAS, s_max=float("inf"), **given)
    assert np.array_equal(default.x, infinite.x)
    assert np.array_equal(infinite.x, sample(optimal(), X, SIGMAS, s_max=1e9, **given).x)
    assert not np.array_equal(infinite.x, sample(optimal(), X, SIGMAS, s_max=1.0, **given).x)
    with pytest.raises(ValueError, match="finite"):
        sample(optimal(), X, SIGMAS, **{**given, "s_churn": float("inf")})
    with pytest.raises(ValueError, match="finite"):
        sample(optimal(), X, SIGMAS, s_max=float("nan"), **given)


# ---------------------------------------------------------------- bytes without black or white


@pytest.mark.parametrize(("low", "high"), [(0, 256), (30, 200), (0, 128), (1, 255)])
@pytest.mark.parametrize("scale", [lambda k: k / 127.5 - 1, lambda k: k / 255, lambda k: k])
def test_bytes_that_do_not_span_all_greys_are_bytes(low, high, scale, monkeypatch):
    from geomodel.denoisers.optimal import byte_products

    if not byte_products.exact_products(torch.device("cpu")):
        pytest.skip("no exact byte products here")
    codes = np.random.default_rng(1).integers(low, high, size=(60, 1, 5, 5))
    pictures = scale(codes.astype(np.float32)).astype(np.float32)
    exact = gm.OptimalDenoiser(pictures)
    monkeypatch.setattr("geomodel.denoisers.optimal.optimal.RESIDENT_NUMBERS", 0)
    searched = gm.OptimalDenoiser(pictures)
    assert searched._search._codes is not None
    reach = float(exact._all.reach)
    x = np.random.default_rng(2).normal(size=(3, 1, 5, 5)) + pictures[:3]
    for sigma in (0.05 * reach, reach):
        away = np.linalg.norm((searched(x, sigma) - exact(x, sigma)).reshape(3, -1), axis=1)
        assert away.max() <= 1e-6 * reach  # the search's own tolerance
