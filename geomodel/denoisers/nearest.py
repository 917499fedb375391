"""The optimal denoiser of the few data points that are nearest."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.denoisers.optimal.input import check_queries, checked_count
from geomodel.denoisers.optimal.untruncated import SMALLEST_SIGMA

_NUMBERS_AT_ONCE = 2**21  # of the points that are averaged at once: 16 MB
_FEW_NUMBERS = 2**17  # points of fewer are compared by differences: ten times faster than a posterior for 1,000 × 2


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
        if math.prod(self.optimal.points.shape) <= _FEW_NUMBERS:
            return self._by_differences(x.detach().to(device="cpu", dtype=torch.float64), sigma, labels)
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

    def _by_differences(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        check_queries(x, sigma, labels)
        if labels is not None:
            self.optimal.counts(labels, len(x))  # which refuses a class without points
        points, flat = self.optimal.points[:].double(), x.flatten(1)
        precision = sigma.clamp(min=SMALLEST_SIGMA) ** -2
        means = [flat[:0]]
        for rows in torch.split(torch.arange(len(x)), max(1, _NUMBERS_AT_ONCE // points.numel())):
            away = (flat[rows, None] - points).square().sum(2)
            hidden = self.optimal._hidden(labels, rows)
            if hidden is not None:
                away.masked_fill_(hidden, math.inf)
            least, near = away.topk(self.k, dim=1, largest=False)
            weights = torch.softmax((least[:, :1] - least) * (precision[rows, None] / 2), dim=1)
            means.append(torch.einsum("bk,bkd->bd", weights, points[near]))
        return torch.cat(means).reshape(x.shape)
