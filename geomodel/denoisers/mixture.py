"""The exact denoiser of a Gaussian mixture."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import Floats
from geomodel.denoisers.base import Denoiser, _per_sample, real

_NUMBERS_AT_ONCE = 2**22  # of the (rows, K, *shape) differences: 32 MB


def float64_queries(shape: tuple[int, ...], x: Any, sigma: Any) -> tuple[Tensor, Tensor]:
    """x (B, *shape) and sigma (B,) as float64 CPU tensors, checked as in a call of a denoiser."""
    points = real("x", x).to(device="cpu", dtype=torch.float64)
    if points.ndim != len(shape) + 1 or tuple(points.shape[1:]) != shape:
        raise ValueError(f"x has shape {tuple(points.shape)}; expected (B, {', '.join(map(str, shape))}).")
    return points, _per_sample(sigma, len(points))


class MixtureDenoiser(Denoiser):
    """D(x; σ) of p = Σ_k π_k N(m_k, v_k): the posterior mean, component by component.

    With r_k(x) = softmax_k[log π_k + log N(x; m_k, v_k + σ²)], v_k isotropic or diagonal,

        D(x; σ) = Σ_k r_k(x) [m_k + v_k/(v_k + σ²) (x − m_k)].

    K = 1 is the closed form for a Gaussian. All arithmetic is float64, and the result is differentiable in x.
    Source: Tweedie's formula on p * N(0, σ²I); Karras et al. 2022 (arXiv 2206.00364), appendix B.

    Args:
        means: (K, *shape), in the data's units.
        variances: squared standard deviations, not deviations: one float, (K,), or the shape of means (diagonal).
        weights: (K,), not negative; normalised here. Equal by default.

    Attributes:
        means, variances, weights: float64 tensors (K, *shape), (K, *shape) or (K, 1, …), and (K,).

    Raises:
        ValueError: shapes do not fit, variances are not positive, or weights are negative or all zero.
    """

    center: Tensor
    leaves_x = True

    def __init__(self, means: Any, variances: Any, weights: Any = None) -> None:
        self.means = _float64("means", means)
        if self.means.ndim < 2 or self.means.numel() == 0:
            raise ValueError(f"means has shape {tuple(self.means.shape)}; expected (K, *shape) with K at least 1.")
        count = len(self.means)
        self.shape = tuple(self.means.shape[1:])
        spread = _float64("variances", variances)
        if spread.shape not in ((), (count,), self.means.shape):
            raise ValueError(
                f"variances has shape {tuple(spread.shape)}; expected one number, ({count},) or {(count, *self.shape)}."
            )
        if not bool((spread > 0).all()):
            raise ValueError("variances must be positive; they are squared standard deviations.")
        if spread.ndim < self.means.ndim:
            spread = spread.expand(count).reshape(count, *[1] * len(self.shape))
        self.variances = spread
        raw = torch.ones(count, dtype=torch.float64) if weights is None else _float64("weights", weights)
        if raw.shape != (count,) or bool((raw < 0).any()) or not bool(raw.sum() > 0):
            raise ValueError(f"weights must be ({count},) numbers, none negative and not all zero; got {raw.tolist()}.")
        self.weights = raw / raw.sum()
        self.center = torch.einsum("k,k...->...", self.weights, self.means)

    def log_density(self, x: Any, sigma: Any) -> Any:
        """log p_σ(x) = log Σ_k π_k N(x; m_k, v_k + σ²), normalised, in nats: (B,), a tensor or an array as x is."""
        density = torch.logsumexp(self._joint(*float64_queries(self.shape, x, sigma)), dim=1)
        return density if isinstance(x, Tensor) else density.numpy()

    def responsibilities(self, x: Any, sigma: Any) -> Any:
        """r_k(x) = π_k N(x; m_k, v_k + σ²)/p_σ(x): (B, K), rows sum to 1; a tensor or an array as x is."""
        shares = torch.softmax(self._joint(*float64_queries(self.shape, x, sigma)), dim=1)
        return shares if isinstance(x, Tensor) else shares.numpy()

    def sample(self, count: int, seed: int) -> Floats:
        """Draws points from p, (count, *shape); the same seed gives the same points."""
        random = np.random.default_rng(seed)
        component = random.choice(len(self.means), size=count, p=self.weights.numpy())
        deviation = self.variances.sqrt().numpy()[component]
        noise = random.standard_normal((count, *self.shape))
        return np.asarray(self.means.numpy()[component] + deviation * noise)

    def _joint(self, x: Tensor, sigma: Tensor) -> Tensor:
        """log π_k + log N(x; m_k, v_k + σ²): (b, K)."""
        return torch.cat([self._joint_rows(x[rows], sigma[rows]) for rows in self._rows(len(x))])

    def _rows(self, batch: int) -> Iterator[slice]:
        size = max(1, _NUMBERS_AT_ONCE // self.means.numel())
        return (slice(start, start + size) for start in range(0, max(1, batch), size))

    def _joint_rows(self, x: Tensor, sigma: Tensor) -> Tensor:
        variance = self._noisy(sigma)
        square = ((x[:, None] - self.means) ** 2 / variance).flatten(2).sum(2)
        volume = (2 * math.pi * variance).log().expand(len(x), *self.means.shape).flatten(2).sum(2)
        return self.weights.log() - 0.5 * (square + volume)

    def _noisy(self, sigma: Tensor) -> Tensor:
        return self.variances + (sigma**2).reshape(-1, 1, *[1] * len(self.shape))

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        if labels is not None and bool((labels >= 0).any()):
            raise ValueError("A Gaussian mixture has no classes; leave labels out or set them to -1.")
        x = x.to(device="cpu", dtype=torch.float64)
        return torch.cat([self._denoise_rows(x[rows], sigma[rows]) for rows in self._rows(len(x))])

    def _denoise_rows(self, x: Tensor, sigma: Tensor) -> Tensor:
        shares = torch.softmax(self._joint_rows(x, sigma), dim=1)
        centres = self.means + self.variances / self._noisy(sigma) * (x[:, None] - self.means)
        return torch.einsum("bk,bk...->b...", shares, centres)


def _float64(name: str, values: Any) -> Tensor:
    tensor = real(name, values).detach().to(device="cpu", dtype=torch.float64)
    if not bool(torch.isfinite(tensor).all()):
        raise ValueError(f"{name} must be finite numbers.")
    return tensor
