"""The Jacobian of a network against matrices that are known."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

import resources
from geomodel.checkpoints import load_checkpoint
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.mixture import MixtureDenoiser
from geomodel.denoisers.network_jacobian import network_jacobian
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance


class Linear(Denoiser):
    """D = A x."""

    def __init__(self, matrix, shape: tuple[int, ...]) -> None:
        self.matrix, self.shape = torch.as_tensor(matrix), shape

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        return (x.flatten(1) @ self.matrix.T).reshape(x.shape)


class _NoForward(torch.autograd.Function):
    """x ↦ 2x with a derivative in reverse mode alone."""

    @staticmethod
    def forward(ctx, x):
        return 2 * x

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient


class ReverseOnly(Linear):
    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        return _NoForward.apply(super()._denoise(x, sigma, labels))


class _WrongForward(torch.autograd.Function):
    """The same, with a forward derivative that is silently zero."""

    @staticmethod
    def forward(x):
        return 2 * x

    @staticmethod
    def setup_context(ctx, inputs, output):
        pass

    @staticmethod
    def backward(ctx, gradient):
        return 2 * gradient

    @staticmethod
    def jvp(ctx, tangent):
        return torch.zeros_like(tangent)


class CutForward(Linear):
    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        return _WrongForward.apply(super()._denoise(x, sigma, labels))


def decaying(size: int, seed: int = 0):
    """A matrix with singular values 0.8^i, not symmetric."""
    random = np.random.default_rng(seed)
    left, right = (np.linalg.qr(random.standard_normal((size, size)))[0] for _ in range(2))
    return left @ np.diag(0.8 ** np.arange(size)) @ right.T


@pytest.mark.parametrize(("size", "shape"), [(5, (5,)), (96, (1, 8, 12)), (700, (700,))])
@pytest.mark.parametrize("kind", [Linear, ReverseOnly, CutForward])
def test_a_linear_map_has_its_own_singular_values(size, shape, kind):
    matrix = decaying(size)
    with torch.no_grad():
        found = network_jacobian(kind(matrix, shape), np.ones(shape), 1.0, k=4)
    scale = 1.0 if kind is Linear else 2.0
    assert found.method == ("jvp" if kind is Linear else "double backward")
    left, values, right = np.linalg.svd(scale * matrix)
    np.testing.assert_allclose(found.values, values[:4], rtol=1e-6)  # the residual of 1e-4 enters squared, over gaps
    np.testing.assert_allclose(np.abs((found.right.reshape(4, -1) * right[:4]).sum(1)), 1, atol=1e-6)
    np.testing.assert_allclose(np.abs((found.left.reshape(4, -1) * left[:, :4].T).sum(1)), 1, atol=1e-6)
    images = found.right.reshape(4, -1) @ (scale * matrix).T
    np.testing.assert_allclose(images, found.left.reshape(4, -1) * found.values[:, None], atol=1e-12)
    assert found.residual < 1e-3
    exact = np.linalg.norm(matrix - matrix.T) / np.linalg.norm(matrix)
    assert abs(found.asymmetry - exact) <= 4 * found.asymmetry_error + 1e-12  # four standard errors
    assert abs(found.trace - scale * np.trace(matrix)) <= 4 * found.trace_error + 1e-12
    assert found.asymmetry_error < 0.1 * exact


def test_symmetric_antisymmetric_and_nothing():
    random = np.random.default_rng(1).standard_normal((80, 80))
    assert network_jacobian(Linear(random + random.T, (80,)), np.ones(80), 1.0).asymmetry < 1e-14  # rounding
    odd = network_jacobian(Linear(random - random.T, (80,)), np.ones(80), 1.0)
    np.testing.assert_allclose([odd.asymmetry, odd.trace], [2, 0], atol=1e-12)  # a_i = 4 b_i for every probe
    for size in (3, 80):
        none = network_jacobian(Linear(np.zeros((size, size)), (size,)), np.ones(size), 1.0)
        assert (none.values == 0).all()
        assert (none.asymmetry, none.residual, none.trace) == (0, 0, 0)


def test_the_errors_cover_the_estimates():
    random = np.random.default_rng(2)  # rows that decay: Σ a_i and Σ b_i vary much, and together
    matrix = 0.8 ** np.arange(80)[:, None] * np.linalg.qr(random.standard_normal((80, 80)))[0]
    exact = np.linalg.norm(matrix - matrix.T) / np.linalg.norm(matrix), np.trace(matrix)
    linear = Linear(matrix, (80,))
    runs = [network_jacobian(linear, np.ones(80), 1.0, k=1, probes=24, seed=seed) for seed in range(100)]
    scores = np.array(
        [[(r.asymmetry - exact[0]) / r.asymmetry_error, (r.trace - exact[1]) / r.trace_error] for r in runs]
    )
    # (estimate − truth)/error is about standard normal: its root mean square over 100 is 1 ± 1/√200, four of these
    np.testing.assert_allclose(np.sqrt((scores**2).mean(0)), 1, atol=0.3)


def test_a_gaussian_and_the_optimal_denoiser_have_closed_forms():
    spread = np.linspace(0.1, 2.0, 70)
    found = network_jacobian(MixtureDenoiser(np.zeros((1, 70)), spread[None] ** 2), np.ones(70), 0.5, k=3)
    expected = np.sort(spread**2 / (spread**2 + 0.25))[::-1]
    np.testing.assert_allclose(
        found.values, expected[:3], atol=1e-3
    )  # clustered at 0.94: twenty products do not part them
    np.testing.assert_allclose(found.trace, expected.sum(), rtol=1e-12)  # J is diagonal: z_i² = 1, no variance
    points = np.random.default_rng(0).standard_normal((30, 3))
    # narrow components are points: identity 33 through both modules
    exact = PosteriorCovariance(OptimalDenoiser(points), points, points[0], 0.7).spectrum(3)
    narrow = network_jacobian(MixtureDenoiser(points, 1e-14), points[0], 0.7, k=3)
    np.testing.assert_allclose(narrow.values, exact.values, rtol=1e-11)  # v/(v + σ²) = 2e-14 joins every eigenvalue
    np.testing.assert_allclose(narrow.trace, exact.trace, rtol=1e-11)
    assert narrow.asymmetry < 1e-12


@pytest.mark.parametrize("name", ["two-moons", "fashion-mnist"])
def test_bundled_networks_go_forwards(name):
    model = load_checkpoint(Path(resources.__file__).parent / "checkpoints" / f"{name}.safetensors")
    x = np.random.default_rng(0).standard_normal(model.shape)
    with torch.no_grad():
        found = network_jacobian(model, x, 1.0, 0 if model.num_classes else None, k=2, probes=4)
    assert found.method == "jvp"
    assert found.residual < 1e-2
    step = 1e-2 * found.right[0]
    label = np.zeros(2, dtype=np.int64) if model.num_classes else None
    ahead, behind = model(np.stack([x + step, x - step]), 1.0, label)
    # central differences of a float32 network: rounding 1e-7·‖D‖/0.02 ≈ 1e-4, curvature of the order of 1e-3
    np.testing.assert_allclose(np.linalg.norm(ahead - behind) / 0.02, found.values[0], rtol=1e-2)


def test_inference_mode_and_random_state_are_left_alone():
    curved, state = MixtureDenoiser(decaying(80)[:5], 0.1), torch.get_rng_state()
    expected = network_jacobian(curved, np.ones(80), 1.0)
    with torch.inference_mode():
        found = network_jacobian(curved, torch.ones(80, dtype=torch.float64), 1.0)
    assert (found.values == expected.values).all()
    assert found.trace == expected.trace
    assert torch.equal(torch.get_rng_state(), state)


def test_what_does_not_fit_is_refused():
    linear = Linear(np.eye(3), (3,))
    with pytest.raises(ValueError, match="one query"):
        network_jacobian(linear, np.ones((2, 3)), 1.0)
    with pytest.raises(ValueError, match="2 probes"):
        network_jacobian(linear, np.ones(3), 1.0, probes=1)
