"""Finds which points can be near a query, by lower bounds of distances from the leading principal components."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

_COMPONENTS = 48
_SAMPLE_NUMBERS = 2**22  # numbers of the points that the components are computed from (16 MB)
_ROUNDS = 3  # of subspace iteration; any orthonormal directions give right bounds, better ones prune more
_SINGLE = 2.0**-24
_SMALLEST, _LARGEST = 1e-15, 1e15  # products of such distances stay in the range of float32
_HOPEFUL = 0.6  # of the mean squared distance within the components; a larger window leaves too many points


class Heads:
    """Computes lower bounds of h_i = ‖x − y_i‖²/2 for every point, from k + 1 numbers a point.

    With V (d, k) orthonormal, H_i = Vᵀ(y_i − c) and t_i = ‖(y_i − c) − V H_i‖, and likewise h and t of the query,

        2 h_i ≥ ‖h − H_i‖² + (t − t_i)²,

    with equality where both lie in the span of V. Up to ‖x − c‖²/2 that is q_i − (H_i, t_i)·(h, t) with
    q_i = (‖H_i‖² + t_i²)/2: one product of a (k + 1)-column matrix, in float32.

    Args:
        points: indexable by slices, giving (n, d) tensors. blocks: slices that cover the points.
        centre, norms: (d,) c and (N,) ‖y_i − c‖, float64.
    """

    def __init__(self, points: Any, blocks: Iterable[slice], centre: Tensor, norms: Tensor) -> None:
        step = -(-len(norms) * len(centre) // _SAMPLE_NUMBERS)
        count = min(_COMPONENTS, len(centre))
        self._centre, self._directions = centre, _directions(points[::step].float() - centre.float(), count).double()
        self._heads = torch.empty(len(norms), count + 1)
        inside = 0.0
        for rows in blocks:
            head = (points[rows].double() - centre) @ self._directions
            square = head.square().sum(1)
            inside += float(square.sum())
            self._heads[rows, :count] = head.float()
            self._heads[rows, count] = (norms[rows].square() - square).clamp(min=0).sqrt().float()
        self._halves = (norms.square() / 2).float()
        self._reach = float(norms.max())
        self._inside = inside / len(norms)
        self._outside = max(float(norms.square().mean()) - self._inside, 0.0)

    def hopeful(self, sigma: Tensor, nats: float) -> Tensor:
        """Whether the bounds are likely to leave few points at σ (b,).

        Around a point of the data with noise σz the bound of the outer part is too low by about
        2 t (√(t² + σ²(d − k)) − t), with t the typical t_i. A point can only be ruled out if it is farther than that
        plus the window of the posterior, within the components, where the mean squared distance of a pair is 2·inside.
        """
        free = len(self._centre) - self._directions.shape[1]
        tail = math.sqrt(self._outside)
        slack = 2 * tail * ((self._outside + sigma.square() * free).sqrt() - tail)
        within = slack + 2 * nats * sigma.square() <= _HOPEFUL * self._inside
        return within & (_SMALLEST < self._reach < _LARGEST)

    def lower(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Lower bounds of h_i − ‖x − c‖²/2 for x (b, d) float64: (b, N) float32, and their rounding errors (b,)."""
        query = x - self._centre
        head = query @ self._directions
        length = query.norm(dim=1)
        tail = (length.square() - head.square().sum(1)).clamp(min=0).sqrt()
        found = torch.addmm(self._halves, torch.cat([head, tail[:, None]], dim=1).float(), self._heads.T, alpha=-1)
        # Covers the float32 rounding of a dot product of k + 1 numbers, its factors, q_i, and the compared number.
        return found, (self._heads.shape[1] + 10) * _SINGLE * self._reach * (length + self._reach)


def _directions(sample: Tensor, count: int) -> Tensor:
    """Orthonormal (d, count): approximately the leading principal components of the sample (n, d)."""
    random = torch.Generator().manual_seed(0)
    basis = torch.randn(sample.shape[1], count, generator=random)
    for _ in range(_ROUNDS):
        basis = torch.linalg.qr(sample.T @ (sample @ basis)).Q
    directions: Tensor = torch.linalg.qr(basis.double()).Q
    return directions
