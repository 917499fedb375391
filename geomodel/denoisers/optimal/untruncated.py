"""D* over every point in float64, with a bound; the logits that decide are computed from differences."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from geomodel.datasets.common import Progress, portion, silent
from geomodel.datasets.moments import ByteSums
from geomodel.denoisers.optimal.posterior import Rows

RESIDENT_NUMBERS = 10_000_000  # N·d up to which the centred points stay in memory as float64 (80 MB)
NUMBERS_AT_ONCE = 2**21  # numbers in one temporary (16 MB): logits, gathered differences
_NUMBERS_IN_BLOCK = 2**18  # numbers of points that are read and converted to float64 at once
_LOGIT_ERROR = 1e-9  # nats, in the worst case; above it the logits that carry weight are recomputed from differences
NO_WEIGHT = 42.0  # nats below the largest logit: a weight under 6e-19
MEAN = 0.25  # of the time of building it, after which the mean is known
SMALLEST_SIGMA = 1e-150  # 1/σ² must be finite; every gap above 1e-297 has no weight there, as at σ = 0
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class Gaps:
    """What is known about a chunk of queries: gap_i = (‖x − y_i‖² − ‖x − y_j‖²)/2 for all i, for an anchor j."""

    gap: Tensor  # (b, N); inf for points of other classes
    precision: Tensor  # (b, 1): 1/σ²
    anchor: Tensor  # (b,): j
    x: Tensor  # (b, d)
    offset: Tensor  # (b, d): x − y_j
    refined: tuple[Tensor, Tensor, Tensor] | None  # rows, columns and error bounds of the gaps taken from differences
    mean: Tensor | None = None  # (b, d): D*, where the same pass computed it

    @property
    def logits(self) -> Tensor:
        return self.gap * -self.precision

    @property
    def logit_error(self) -> Tensor:
        """How far a logit with weight can be off, (b,)."""
        error = torch.full((len(self.gap),), _LOGIT_ERROR, dtype=torch.float64)
        if self.refined is not None:
            rows, columns, bounds = self.refined
            precision = self.precision[rows, 0]
            carries = (bounds - self.gap[rows, columns]) * precision > -NO_WEIGHT
            error.scatter_reduce_(0, rows[carries], (bounds * precision)[carries], "amax")
        return error


class Untruncated:
    """Computes with all points in float64. A few are kept, centred; many are read block by block for every query.

    Attributes:
        points: indexable, (N, d). centre (d,): their mean c. norms (N,): ‖y_i − c‖. reach: the largest norm.

    progress: called with the share of the work that is done. Raises ValueError for points that are not finite.
    """

    def __init__(self, points: Tensor | Rows, *, resident: bool, progress: Progress = silent) -> None:
        self.points, self._centred = points, None
        self._gamma = (points.shape[1] + 8) * _UNIT
        self.centre = self._mean(portion(progress, 0.0, MEAN))
        if resident:
            self._centred = points[:] - self.centre
        self.norms = torch.empty(len(points), dtype=torch.float64)
        for rows, block in self._blocks(portion(progress, MEAN, 1.0)):
            self.norms[rows] = block.norm(dim=1)  # a list of small tensors would fragment the memory that blocks use
        self.reach = self.norms.max()
        if not bool(torch.isfinite(self.reach**2)):
            raise ValueError("points holds numbers that are not finite or beyond 1e150; expected squares to be finite.")

    def _mean(self, progress: Progress) -> Tensor:
        stored, known = (self.points.bytes, self.points.known_mean) if isinstance(self.points, Rows) else (None, None)
        if known is not None:
            return torch.from_numpy(known.copy()).flatten()
        if stored is None:
            self.centre = torch.zeros(self.points.shape[1], dtype=torch.float64)
            return sum((block.sum(0) for _, block in self._blocks(progress)), self.centre) / len(self.points)
        sums = ByteSums(stored.shape[1:])
        for rows in self.slices(progress):
            sums.add(stored[rows])
        return torch.from_numpy(sums.mean).flatten()

    def slices(self, progress: Progress = silent) -> Iterator[slice]:
        """Slices of points that are read at once. Before each of them, `progress` is called."""
        size = len(self.points) if self._centred is not None else max(1, _NUMBERS_IN_BLOCK // self.points.shape[1])
        for start in range(0, len(self.points), size):
            progress(start / len(self.points))
            yield slice(start, min(start + size, len(self.points)))

    def _blocks(self, progress: Progress = silent) -> Iterator[tuple[slice, Tensor]]:
        """The centred points in float64: all at once where they are resident, else block by block."""
        for rows in self.slices(progress):
            yield rows, self.points[rows].double() - self.centre if self._centred is None else self._centred

    def gaps(self, x: Tensor, sigma: Tensor, hidden: Tensor | None) -> Gaps:
        """What is known about queries x (b, d), σ (b,); `hidden` (b, N) marks points that a query does not see."""
        precision = sigma.clamp(min=SMALLEST_SIGMA)[:, None] ** -2
        far = (x - self.centre).norm(dim=1, keepdim=True)
        margin = 2 * self._gamma * self.reach * (self.reach / 2 + far)
        rough = margin * precision > _LOGIT_ERROR
        gap, mean = self._all(x - self.centre, precision, hidden, together=not bool(rough.any()))
        least, anchor = gap.min(dim=1, keepdim=True)
        gap -= least
        offset, refined = x - self.points[anchor[:, 0]], None
        if bool(rough.any()):
            limit = torch.where(rough, margin + NO_WEIGHT / precision, -1.0)
            row, column = (gap <= limit).nonzero(as_tuple=True)
            gap[row, column], error = self._differences(row, column, anchor[:, 0], offset)
            refined = (row, column, error)
        anchor = anchor[:, 0]
        return Gaps(gap=gap, precision=precision, anchor=anchor, x=x, offset=offset, refined=refined, mean=mean)

    def _all(
        self, x: Tensor, precision: Tensor, hidden: Tensor | None, *, together: bool
    ) -> tuple[Tensor, Tensor | None]:
        """‖y_i − c‖²/2 − x·(y_i − c) (b, N) for centred x; and D* if `together`, where points are read in blocks.

        D* is then summed block by block with weights relative to the least gap so far; when a later block has a
        smaller gap, the sums are scaled down.
        """
        gap, together = x.new_empty(len(x), len(self.points)), together and self._centred is None
        least, total, mean = x.new_full((len(x), 1), math.inf), x.new_zeros(len(x), 1), torch.zeros_like(x)
        for columns, block in self._blocks():
            part = gap[:, columns]
            torch.addmm(self.norms[columns].square() / 2, x, block.T, alpha=-1, out=part)
            if hidden is not None:
                part.masked_fill_(hidden[:, columns], math.inf)
            if not together:
                continue
            low = least.minimum(part.amin(dim=1, keepdim=True))
            known = low < math.inf  # False until a point of the query's class has been read
            kept = torch.where(known, ((low - least) * precision).exp(), 1.0)
            weights = torch.where(known, ((low - part) * precision).exp(), 0.0)
            total, mean, least = total * kept + weights.sum(1, keepdim=True), mean * kept + weights @ block, low
        return gap, mean / total + self.centre if together else None

    def _differences(self, rows: Tensor, columns: Tensor, anchor: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """Gaps of the pairs (row, column) from Δ = y_i − y_j, and bounds on their errors."""
        gaps, errors = [], []
        size = max(1, NUMBERS_AT_ONCE // (4 * self.points.shape[1]))
        reach = offset.norm(dim=1)
        for start in range(0, max(1, len(rows)), size):
            row, column = rows[start : start + size], columns[start : start + size]
            delta = self.points[column].double() - self.points[anchor[row]]
            half = delta.square().sum(1) / 2
            gaps.append(half - (delta * offset[row]).sum(1))
            length = (2 * half).sqrt()
            errors.append(self._gamma * length * (length / 2 + reach[row]))
        return torch.cat(gaps), torch.cat(errors)

    def mean(self, gaps: Gaps) -> Tensor:
        """D* of queries, (b, d)."""
        weights = torch.softmax(gaps.logits, dim=1)
        mean = gaps.mean
        if mean is None:
            mean = weights.new_zeros(len(weights), self.points.shape[1])
            for columns, block in self._blocks():
                mean += weights[:, columns] @ block
            mean += self.centre
        certain = weights.amax(dim=1) == 1
        if bool(certain.any()):  # a point with all the weight is returned as it was given
            mean[certain] = self.points[weights[certain].argmax(dim=1)].double()
        return mean

    def bound(self, gaps: Gaps, mean: Tensor) -> Tensor:
        """A bound on ‖mean − exact‖, (b,).

        With computed logits l_i whose errors are at most δ_i, and r_i ≥ ‖y_i − mean‖, the exact mean is no farther than
        Σ e^{l_i} (e^{δ_i} − 1) r_i / Σ e^{l_i − δ_i}, nor than the largest r_i of a point that can carry weight. To
        this the rounding of the weights and of the weighted sum is added.
        """
        x, gap, precision, logits = gaps.x, gaps.gap, gaps.precision, gaps.logits
        weights = torch.softmax(logits, dim=1)
        reach = self.norms + (mean - self.centre).norm(dim=1, keepdim=True)
        size = self._gamma * self.norms * (self.norms / 2 + (x - self.centre).norm(dim=1, keepdim=True))
        error = size + size.gather(1, gaps.anchor[:, None])
        error.scatter_(1, gaps.anchor[:, None], 0.0)  # gaps are relative to the anchor's
        if gaps.refined is not None:
            rows, columns, bounds = gaps.refined
            error[rows, columns] = bounds
        far = (2 * (gap + error)).clamp(min=0) + gaps.offset.square().sum(1, keepdim=True)
        reach = reach.minimum(far.sqrt() + (x - mean).norm(dim=1, keepdim=True))
        error += 8 * _UNIT * gap.abs().clamp(max=1e300)  # 1/σ² and its product with the gap
        delta, carried = error * precision, (error - gap) * precision
        excess = torch.where(delta < 1, logits.exp() * delta.expm1(), carried.exp())
        ratio = (excess * reach).sum(1) / (logits - delta).exp().sum(1)
        farthest = torch.where(carried > -745, reach, 0.0).amax(1)
        drift = (weights * reach).sum(1) + (mean - self.centre).norm(dim=1)
        rounding = _UNIT * ((2 * len(self.points) + 100) * drift + 2 * mean.norm(dim=1))
        bound: Tensor = ratio.nan_to_num(nan=math.inf, posinf=math.inf).minimum(farthest) + rounding
        return bound
