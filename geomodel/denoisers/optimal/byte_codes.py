"""Stores image data that began as bytes in integer form, so that distances and means can be computed exactly and fast.

The integers cannot hold a point exactly, so the size of what they miss is kept beside them, and a second byte for each
number (a guard digit) that holds most of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from geomodel.datasets.common import Progress, portion, silent
from geomodel.denoisers.optimal.byte_grid import Grid, Sums
from geomodel.denoisers.optimal.byte_products import LARGEST, WIDE, Base, base_of, powers
from geomodel.denoisers.optimal.byte_tables import PlainTable, Table, fastest
from geomodel.denoisers.optimal.file_codes import FileCodes, values
from geomodel.denoisers.optimal.finding import at_most

_COARSEST = 2.0**-20  # of the range: where the conversion error is larger, the points did not come from bytes
_RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))  # what the bytes 0 and 255 usually become; images need not have both
_LEAST_LOGIT = -100.0  # a smaller logit is a weight of nothing, and exp takes ten times as long where it underflows
_ENDS = 0.2  # of the time of coding points in memory, after which their range is known
_UNIT = 2.0**-53
_WIDTH = 64  # points and coordinates are padded to multiples of this, which packed products read fastest
_CELLS = 2**19  # numbers in the temporaries of one part: 4 MB, which stay in the processor's caches


class Codes:
    """N points as y_i = o + a k_i + e_i with bytes k_i from −128 to 127, and e_i = f r_i + e'_i with bytes r_i.

    The arrays are padded with points that are infinitely far away. All tensors are on `device`. Bytes that are `stored`
    in a file stay there and are read again for every query.

    Attributes:
        scale, origin: a and o.
        error, typical, finer: the largest ‖e_i‖, the root of their mean square, the largest ‖e'_i‖.
    """

    def __init__(
        self,
        points: Any,
        blocks: Iterable[slice],
        norms: Tensor,
        limits: tuple[float, float],
        device: torch.device,
        stored: Any = None,
    ) -> None:
        (low, high), (count, dimension) = limits, points.shape
        grid = Grid.between(low, high)
        self.scale, self.origin, self._fine = grid
        self.device, self._count, self._dimension = device, count, dimension
        self.base: Base = base_of(device) or WIDE
        self._filled = shape = (_filled(count), _filled(dimension))
        self._codes: Table
        sums = Sums.room(shape[0])
        if stored is None:
            codes, guards = torch.zeros(2, *shape, dtype=torch.int8)
            sums.add_points(grid, points, blocks, codes, guards)
            self._codes = fastest(codes.to(device), self.base)
            self._guards = PlainTable(guards.to(device), self.base, turned=False)
        else:
            guard = grid.digits(values()).guard.to(torch.int8)
            sums.add_bytes(grid, stored, blocks, values())
            self._codes = fastest(FileCodes(stored, shape), self.base)
            self._guards = PlainTable(FileCodes(stored, shape, guard.numpy()), self.base, turned=False)
        rounding = 4 * _UNIT * math.sqrt(dimension) * (abs(low) + abs(high))
        self.finer = float(sums.finer.max().sqrt()) + rounding
        moments = torch.zeros(3, shape[0], dtype=torch.float64)
        moments[0, :count], moments[1, :count] = 1, norms.square()
        errors = torch.add(sums.errors[:count].sqrt_(), rounding, out=moments[2, :count])
        self.error, self.typical = float(errors.max()), float(errors.square_().mean().sqrt())
        halves, totals = sums.squares.mul_(self.scale**2 / 2), sums.whole.mul_(self.scale**2)
        self._largest = float(halves.max()), float(totals.abs().max())
        halves[count:] = math.inf
        self._moments, self._halves, self._sums = moments.to(device), halves.to(device), totals.to(device)
        self._across, self._guard_sums = sums.across.mul_(self._fine).to(device), sums.guard.to(device)

    @staticmethod
    def build(
        points: Any,
        blocks: Callable[[Progress], Iterable[slice]],
        norms: Tensor,
        device: torch.device,
        stored: Any = None,
        progress: Progress = silent,
    ) -> Codes | None:
        """The codes of the points; None where the points did not come from bytes, or are all the same.

        progress: called with the share done by `blocks`, which get it.
        """
        if stored is not None:
            return Codes._exact(points, blocks(progress), norms, _RANGES[0], device, stored)
        ends = [points[rows].aminmax() for rows in blocks(portion(progress, 0.0, _ENDS))]
        least, most = min(float(part.min) for part in ends), max(float(part.max) for part in ends)
        first = points[next(iter(blocks(silent)))].double()
        for low, high in ((least, most), *_RANGES):
            if not low <= least < most <= high:
                continue
            steps = (first - low) / (high - low) * 255
            if float((steps - steps.round()).abs().max()) <= 255 * _COARSEST:
                codes = Codes._exact(points, blocks(portion(progress, _ENDS, 1.0)), norms, (low, high), device)
                if codes is not None:
                    return codes
        return None

    @staticmethod
    def _exact(
        points: Any,
        blocks: Iterable[slice],
        norms: Tensor,
        limits: tuple[float, float],
        device: torch.device,
        stored: Any = None,
    ) -> Codes | None:
        codes = Codes(points, blocks, norms, limits, device, stored)
        allowed = _COARSEST * (limits[1] - limits[0]) * math.sqrt(points.shape[1])
        return codes if codes.error <= allowed else None

    def query(self, x: Tensor) -> Query:
        """Queries x (b, d) float64, written as whole numbers."""
        offset = x - self.origin
        middle, step, filled, missed = self._written(offset / self.scale)
        return Query(middle, step, filled, self.scale * missed, offset.square().sum(1))

    def _written(self, t: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        """t (b, d) float64 as m + s U with whole numbers U: m (b,), s (b,), the digits of U, and ‖t − m − s U‖ (b,)."""
        low, high = t.aminmax(dim=1, keepdim=True)
        middle, step = (low + high) / 2, ((high - low) / (2 * LARGEST)).clamp_(min=1e-300)
        apart, rounding = t - middle, 8 * _UNIT * math.sqrt(t.shape[1]) * high.maximum(-low)[:, 0]
        whole = (apart / step).round_().clamp_(-LARGEST, LARGEST)
        missed = apart.addcmul_(step, whole, value=-1).norm(dim=1) + rounding
        filled = self.base.digits(pad(whole, (0, self._filled[1] - t.shape[1])).to(self.device), self.base.places)
        return middle[:, 0], step[:, 0], filled, missed

    def coarse(self, query: Query) -> Query:
        """The queries in their greater digits alone. They are farther from x, and take half of the products."""
        lacking = self.scale * query.step * self.base.cut * math.sqrt(self._dimension)
        return replace(query, digits=self.base.greater(query.digits), missed=query.missed + lacking)

    def along(self, directions: Tensor, centre: Tensor) -> tuple[Iterator[tuple[slice, Tensor]], float]:
        """(o + a k_i − c)·v for directions v (d, m): slices of points with (m, n), and how far each point's m numbers
        can be off, as a vector, because v is written in digits."""
        middle, step, filled, missed = self._written(directions.T)
        constant = (self.origin - centre) @ directions
        reach = self.scale * 128 * math.sqrt(self._dimension)

        def parts() -> Iterator[tuple[slice, Tensor]]:
            for part, dots in self._codes.along(filled.flatten(0, 1)):
                rows = slice(part.start, max(part.start, min(part.stop, self._count)))
                start = torch.outer(middle, self._sums[part] / self.scale) + constant[:, None]
                yield rows, self._scaled(dots, self.scale * step, start)[:, : rows.stop - rows.start]

        return parts(), reach * float(missed.norm())

    def gaps(self, query: Query) -> tuple[Tensor, Tensor]:
        """h'_i − ‖x_q − o‖²/2 (b, N') with h'_i = ‖x_q − o − a k_i‖²/2, and a bound of its differences' rounding (b,).

        Every product of digits is a whole number below 2⁵³; only scaling and adding them up rounds.
        """
        middle, step = query.middle.to(self.device), query.step.to(self.device)
        square, found = self.scale**2, []
        for part, dots in self._codes.along(query.digits.flatten(0, 1)):
            constant = torch.addcmul(self._halves[part], self._sums[part], -middle[:, None])
            found.append(self._scaled(dots, -square * step, constant))
        wide, (half, total) = query.middle.abs() + 2.0**32 * query.step, self._largest
        rounding = 2 * 16 * _UNIT * (half + wide * (total + square * 128 * self._dimension))
        return found[0] if len(found) == 1 else torch.cat(found, dim=1), rounding

    def _scaled(self, dots: Tensor, factor: Tensor, constant: Tensor) -> Tensor:
        """constant + factor Σ_p B^p dots_p (b, n), for dots (p b, n) of the greatest digits of b queries.

        The constant is changed.
        """
        dots = dots.reshape(len(factor), -1, dots.shape[1])
        worth = powers(self.base, dots.shape[1], self.base.places, self.device)
        factors, out = factor[:, None, None] * worth, constant[:, None]
        size = max(_WIDTH, _CELLS // (len(factor) * dots.shape[1]))
        for start in range(0, dots.shape[2], size):
            part = slice(start, start + size)
            out[:, :, part].baddbmm_(factors, dots[:, :, part].double())
        return constant

    def distance(self, query: Query, gap: Tensor, rounding: Tensor) -> Tensor:
        """An upper bound of ρ = ‖x_q − o − a k_i‖ from the gap of a point, (b,).

        ρ² is twice the gap plus ‖x_q − o‖². Only ‖x − o‖² is known, and near a point the two nearly cancel, so the
        possible error of both is added.
        """
        doubt = 2 * rounding + 2 * query.square.sqrt() * query.missed + query.missed**2 + 8 * _UNIT * query.square
        return ((2 * gap + query.square).clamp(min=0) + doubt).sqrt()

    def finer_gaps(self, query: Query, gap: Tensor) -> None:
        """Add −(x_q − o − a k_i)·f r_i to the gaps (b, N'): nearly all that `gaps` leaves out.

        x_q is cut to its greater digits.
        """
        factor, slope = self._finer_factors(query)
        for part, dots in self._guards.along(self.base.greater(query.digits).flatten(0, 1)):
            constant = torch.addcmul(self._across[part], self._guard_sums[part], slope[:, None])
            gap[:, part] += self._scaled(dots, factor, constant)

    def finer_gap(self, query: Query, gap: Tensor, index: Tensor) -> None:
        """`finer_gaps` of one query for some of its points alone; gap (N')."""
        factor, slope = self._finer_factors(query)
        constant = torch.addcmul(self._across[index], self._guard_sums[index], slope[:, None])
        gap[index] += self._scaled(self._guards.picked(index, self.base.greater(query.digits[0])), factor, constant)[0]

    def _finer_factors(self, query: Query) -> tuple[Tensor, Tensor]:
        middle, step = query.middle.to(self.device), query.step.to(self.device)
        return -self.scale * self._fine * step, -self._fine * (self.origin + self.scale * middle)

    def cut(self, query: Query) -> Tensor:
        """How far the cut of `finer_gaps` can be off, (b,)."""
        return self.scale * query.step * self.base.cut * math.sqrt(self._dimension) * (self.error + self.finer)

    def weigh(self, gap: Tensor, least: Tensor, sigma: Tensor, places: int) -> Weights:
        """Weights w_i = exp(−(gap_i − least)/σ²) for gaps (b, N'), in so many digits, and their sums."""
        whole_share = self.base.parts(places)
        precision, least = -(sigma.to(self.device) ** -2)[:, None], least.to(self.device)[:, None]
        digit = torch.empty(len(gap), places, gap.shape[1], dtype=torch.uint8, device=self.device)
        totals = torch.zeros(len(gap), 5, dtype=torch.float64, device=self.device)
        size = max(_WIDTH, _CELLS // len(gap))
        for start in range(0, gap.shape[1], size):
            part = slice(start, start + size)
            weights = (gap[:, part] - least).mul_(precision).clamp_(min=_LEAST_LOGIT).exp_()
            totals[:, :3] += weights @ self._moments[:, part].T
            whole = weights.mul_(whole_share).round()
            totals[:, 3] += whole.sum(1)
            totals[:, 4] += weights.sub_(whole).square_().sum(1)
            digit[:, :, part] = self.base.digits(whole, places)
        total, spread, remainders, parts, lost = totals.cpu().unbind(1)
        return Weights(digit, parts, lost.sqrt() / whole_share, total, spread, remainders)

    def heaviest(self, gap: Tensor, sigma: float, allowed: float) -> Tensor:
        """Points with so much weight that for the others Σ w ‖e_i‖² ≤ allowed Σ w, from one query's gaps (N') to the
        least of them, on a processor.

        A choice, not a bound: weights are told apart to a factor of √e.
        """
        steps = (gap * (2 / sigma**2)).clamp_(max=-2 * _LEAST_LOGIT).int()
        sums = torch.stack([torch.bincount(steps).double(), torch.bincount(steps, self._moments[2])])
        total, missed = (sums * (torch.arange(sums.shape[1]) / -2).exp()).flip(1).cumsum(1).flip(1)
        return at_most(steps, int((missed > allowed * total[0]).sum()) - 1)

    def removed(self, gap: Tensor, least: Tensor, sigma: Tensor, index: Tensor) -> Tensor:
        """Σ w (‖e_i‖² − ‖e'_i‖²) of some points, at least."""
        weights = ((gap - least.to(gap.device)) * -(sigma.to(gap.device) ** -2)).exp()
        return (weights * (self._moments[2, index] - self.finer**2)).sum().cpu()

    def mean(self, weights: Weights) -> tuple[Tensor, Tensor]:
        """o + a Σ_i q_i k_i/Σ_i q_i (b, d) for the weights' whole numbers q, and a bound of the sums' rounding (b,)."""
        size, places = weights.digits.shape[:2]
        worth = powers(self.base, places, places, self.device)
        sums, errors = self._codes.across(weights.digits.flatten(0, 1))
        mean = (self.scale * (worth @ sums.view(size, len(worth), -1)))[:, : self._dimension].cpu()
        error = self.scale * (errors.view(size, -1) @ worth).cpu()
        return self.origin + mean / weights.parts[:, None], error / weights.parts


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights w as whole numbers q ≈ S w, and their sums over the points, each (b,).

    digits (b, places, N'): the digits of q. parts: Σ q. lost: the root of Σ (q/S − w)². total: Σ w.
    spread: Σ w ‖y_i − c‖². remainders: Σ w ‖e_i‖².
    """

    digits: Tensor
    parts: Tensor
    lost: Tensor
    total: Tensor
    spread: Tensor
    remainders: Tensor


@dataclass(frozen=True, slots=True)
class Query:
    """b queries x_q = o + a (m + s U): m (b,), s (b,), the digits of U (b, places, d'), ‖x − x_q‖ and ‖x − o‖² (b,)."""

    middle: Tensor
    step: Tensor
    digits: Tensor
    missed: Tensor
    square: Tensor

    def __getitem__(self, rows: Tensor | slice) -> Query:
        digit = self.digits[rows.to(self.digits.device) if isinstance(rows, Tensor) else rows]
        return Query(self.middle[rows], self.step[rows], digit, self.missed[rows], self.square[rows])


def _filled(count: int) -> int:
    return -(-count // _WIDTH) * _WIDTH
