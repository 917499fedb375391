"""Finds which points can be near a query, by lower bounds of distances from the leading principal components."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from geomodel.datasets.common import Progress, silent

if TYPE_CHECKING:
    from geomodel.denoisers.optimal.byte_codes import Codes

_COMPONENTS = 48
_LEADING = 12  # of them; they are read for every point, the others only for points that these leave
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
    q_i = (‖H_i‖² + t_i²)/2: one product of a (k + 1)-column matrix, in float32. It holds for the first few of the
    directions as well, with t_i of their own.

    Args:
        points: indexable by slices, giving (n, d) tensors. blocks: slices that cover the points.
        centre, norms: (d,) c and (N,) ‖y_i − c‖, float64.
        codes: of these points, if the products are to be taken from them, which is faster. Their H_i are off by E in
            length at most, which the bounds allow for: t_i² is taken to be larger by (2 ‖y_i − c‖ + E) E.
        progress: called with the share of the points that is done.
    """

    def __init__(
        self,
        points: Any,
        blocks: Iterable[slice],
        centre: Tensor,
        norms: Tensor,
        codes: Codes | None = None,
        progress: Progress = silent,
    ) -> None:
        step = -(-len(norms) * len(centre) // _SAMPLE_NUMBERS)
        count, leading = min(_COMPONENTS, len(centre)), min(_LEADING, len(centre))
        self._centre, self._directions = centre, _directions(points[::step].float() - centre.float(), count).double()
        self._leading, self._all = torch.empty(leading + 1, len(norms)), torch.empty(len(norms), count + 1)
        inside, self._error = 0.0, 0.0
        heads: Iterable[tuple[slice, Tensor]]
        if codes is None:
            heads = ((rows, ((points[rows].double() - centre) @ self._directions).T) for rows in blocks)
        else:
            heads, written = codes.along(self._directions, centre)
            self._error = codes.error + written
        for rows, head in heads:
            progress(min(1.0, rows.start / len(norms)))  # codes are padded with points
            squares, lengths = head.square().cumsum(0), norms[rows]
            inside += float(squares[-1].sum())
            outside = lengths.square() - squares[[leading - 1, -1]] + (2 * lengths + self._error) * self._error
            tails = outside.clamp(min=0).sqrt().float()
            self._leading[:leading, rows], self._leading[leading, rows] = head[:leading].float(), tails[0]
            self._all[rows, :count], self._all[rows, count] = head.T.float(), tails[1]
        self._halves = (norms.square() / 2).float()
        self._reach = float(norms.max())
        self._inside = inside / len(norms)
        self._outside = max(float(norms.square().mean()) - self._inside, 0.0)

    def hopeful(self, sigma: float, nats: float) -> bool:
        """Whether the bounds are likely to leave few points at σ.

        Around a point of the data with noise σz the bound of the outer part is too low by about
        2 t (√(t² + σ²(d − k)) − t), with t the typical t_i. A point can only be ruled out if it is farther than that
        plus the window of the posterior, within the components, where the mean squared distance of a pair is 2·inside.
        """
        free = len(self._centre) - self._directions.shape[1]
        tail = math.sqrt(self._outside)
        slack = 2 * tail * (math.sqrt(self._outside + sigma * sigma * free) - tail)
        within = slack + 2 * nats * sigma * sigma <= _HOPEFUL * self._inside
        return within and _SMALLEST < self._reach < _LARGEST

    def lower(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Lower bounds of h_i − ‖x − c‖²/2 for x (b, d) float64, from the first few components.

        (b, N) float32, and their rounding errors (b,), which hold for `closer` as well.
        """
        query = x - self._centre
        length = query.norm(dim=1)
        found = torch.addmm(self._halves, self._seen(query, len(self._leading) - 1), self._leading, alpha=-1)
        # Covers the float32 rounding of a dot product of k + 1 numbers, its factors, q_i, and the compared number.
        rounding = (self._all.shape[1] + 10) * _SINGLE * self._reach * (length + self._reach)
        return found, rounding + self._error * length

    def closer(self, x: Tensor, index: Tensor) -> Tensor:
        """Better lower bounds of some points for one x (d,), from all components."""
        seen = self._seen(x[None] - self._centre, self._all.shape[1] - 1)
        if len(index) > len(self._all) // 2:
            return torch.addmv(self._halves, self._all, seen[0], alpha=-1)[index]
        return torch.addmv(self._halves[index], self._all.index_select(0, index), seen[0], alpha=-1)

    def _seen(self, query: Tensor, count: int) -> Tensor:
        """(h, t) of centred queries (b, d), (b, count + 1) float32."""
        head = query @ self._directions[:, :count]
        tail = (query.square().sum(1) - head.square().sum(1)).clamp(min=0).sqrt()
        return torch.cat([head, tail[:, None]], dim=1).float()


def _directions(sample: Tensor, count: int) -> Tensor:
    """Orthonormal (d, count): approximately the leading principal components of the sample (n, d), the first first."""
    random = torch.Generator().manual_seed(0)
    basis = torch.randn(sample.shape[1], count, generator=random)
    for _ in range(_ROUNDS):
        basis = torch.linalg.qr(sample.T @ (sample @ basis)).Q
    basis = torch.linalg.qr(basis.double()).Q
    _, turned = torch.linalg.eigh((sample @ basis.float()).double().T @ (sample @ basis.float()).double())
    directions: Tensor = torch.linalg.qr(basis @ turned.flip(1)).Q
    return directions
