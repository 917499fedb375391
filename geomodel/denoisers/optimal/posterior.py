"""The answer of the optimal denoiser about a posterior, and the points that it reads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import Floats
from geomodel.datasets.points import Points


@dataclass(frozen=True, slots=True, kw_only=True)
class Posterior:
    """The posterior p(y_i | x_σ = x) of B queries over the data (of the label's class, where one is given). Float64.

    Attributes:
        weights, indices: (B, k): the largest weights, descending, and the points they belong to.
        effective_neighbours: (B,): exp(entropy), from 1 to the number of points.
        distinct_neighbours: (B,): the same over the different points, equal ones having their weights summed. It stays
            the same where every point is taken twice.
        entropy: (B,): −Σ w ln w over all weights, in nats.
        log_density: (B,): log[(1/N) Σ_i N(x; y_i, σ²I)]; at σ = 0, +inf on a data point and −inf elsewhere.
        mean: (B, *shape): D*(x; σ).
        bound: (B,): a bound on ‖mean − exact mean‖ from the rounding model of `OptimalDenoiser`.
        every: (B, N): all weights, in the order of the points; None unless every=True was passed.

    Where a search answered, the weights of points that are too far to matter are only as accurate as its tolerance.
    """

    weights: Tensor
    indices: Tensor
    effective_neighbours: Tensor
    distinct_neighbours: Tensor
    entropy: Tensor
    log_density: Tensor
    mean: Tensor
    bound: Tensor
    every: Tensor | None = None


class Rows:
    """Gives rows of points as tensors. The points, an array or an array-like over a file, are not copied."""

    def __init__(self, points: Any) -> None:
        self._points = points if hasattr(points, "shape") else np.asarray(points)
        self.shape = (len(self._points), math.prod(self._points.shape[1:]))
        dtype = getattr(self._points, "dtype", None)
        self._dtype = dtype if dtype in (np.float16, np.float32, np.float64, np.uint8) else np.float64

    @property
    def stored(self) -> Any:
        """The numbers that the rows are converted from, which are equal where the rows are."""
        return getattr(self._points, "stored", self._points)

    @property
    def bytes(self) -> Any:
        """The bytes (N, *shape) that the rows are converted from; None where they are not those of a data set."""
        points = self._points
        return points.stored if isinstance(points, Points) and points.stored.dtype == np.uint8 else None

    @property
    def known_mean(self) -> Floats | None:
        """The mean of points that are bytes of a data set, (*shape), if it was computed before."""
        points = self._points
        return points.known_mean if isinstance(points, Points) and self.bytes is not None else None

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, index: Any) -> Tensor:
        rows = self._points[index.numpy() if isinstance(index, Tensor) else index]
        writable = np.require(rows, self._dtype, ["C", "W"])  # torch warns of arrays that cannot be written
        return torch.from_numpy(writable).flatten(1)

    def index_select(self, _: int, index: Tensor) -> Tensor:
        """Rows by their indices, as a tensor gives them."""
        return self[index]


def in_memory(points: Any) -> bool:
    """Whether the points are in memory, rather than read from a file when they are used."""
    while isinstance(points, np.ndarray) and not isinstance(points, np.memmap) and points.base is not None:
        points = points.base
    return isinstance(points, Tensor | np.ndarray | bytes) and not isinstance(points, np.memmap)
