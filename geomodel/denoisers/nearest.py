"""The optimal denoiser of the few data points that are nearest."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.denoisers.optimal.input import checked_count

_NUMBERS_AT_ONCE = 2**21  # of the points that are averaged at once: 16 MB


class NearestDenoiser(Denoiser):
    """D(x; σ) = Σ_{i ∈ k nearest} w_i y_i / Σ_{i ∈ k nearest} w_i, with the weights w of the optimal denoiser.

    k = 1 is the nearest data point at every σ, k = N the optimal denoiser. Where points tie at the k-th place, the
    answer takes some of them.

    Args:
        points, labels: as of `OptimalDenoiser`; or points is that denoiser.
        k: how many points, from 1 to their number.

    Raises:
        ValueError: k is no whole number from 1 to N; otherwise as `OptimalDenoiser`.
    """

    piece = 64  # rows

    def __init__(self, points: Any, k: int, labels: Any = None) -> None:
        self.optimal = points if isinstance(points, OptimalDenoiser) else OptimalDenoiser(points, labels)
        self.k = checked_count("k", k, 1)
        if self.k > len(self.optimal):
            raise ValueError(f"k is {self.k}; there are {len(self.optimal)} points.")
        self.shape, self.num_classes, self.center = self.optimal.shape, self.optimal.num_classes, self.optimal.center

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        found = self.optimal.posterior(x.detach(), sigma, labels, k=self.k)
        weights = found.weights / found.weights.sum(1, keepdim=True)
        size = max(1, _NUMBERS_AT_ONCE // max(1, self.k * self.optimal.points.shape[1]))
        means = []
        for start in range(0, max(1, len(x)), size):
            rows = slice(start, start + size)
            near = self.optimal.points[found.indices[rows].flatten()].double()
            near = near.reshape(*found.indices[rows].shape, -1)
            means.append(torch.einsum("bk,bkd->bd", weights[rows], near))
        return torch.cat(means).reshape(x.shape)
