"""Stores image data that began as bytes in integer form, so that distances and means can be computed exactly and fast.

The integers cannot hold a point exactly, so the size of what they miss is kept beside them, and a second byte for each
number (a guard digit) that holds most of it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn.functional import pad

from geomodel.denoisers.optimal.byte_products import LARGEST, digits, powers, product, runs
from geomodel.denoisers.optimal.file_codes import BYTES_AT_ONCE, FileCodes, values

_COARSEST = 2.0**-20  # of the range: where the conversion error is larger, the points did not come from bytes
_RANGES = ((-1.0, 1.0), (0.0, 1.0), (0.0, 255.0))  # what the bytes 0 and 255 usually become; images need not have both
PARTS = 127 * 2.0**31  # a weight of 1 as a whole number: one top digit, worth 2³¹, and four lesser ones hold it
_CUT = 2.0**15 + 2.0**7  # what the two lesser digits of a whole number can hold
_LEAST_LOGIT = -100.0  # a smaller logit is a weight of nothing, and exp takes ten times as long where it underflows
_UNIT = 2.0**-53
_WIDTH = 16  # points and coordinates are padded to multiples of this, and to at least twice as many
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
        self.scale = (high - low) / 255
        self.origin = low + 128 * self.scale
        self.device, self._count, self._dimension = device, count, dimension
        self._fine = 2.0**-24 * max(abs(low), abs(high), high - low) / 127
        shape = (_filled(count), _filled(dimension))
        codes, guards = torch.zeros(2, *(shape if stored is None else (0, 0)), dtype=torch.int8)
        halves = torch.full(shape[:1], math.inf, dtype=torch.float64)
        across, errors, sums, guard_sums = torch.zeros(4, shape[0], dtype=torch.float64)
        self.finer = 0.0
        for rows in blocks:
            block = points[rows].double() - self.origin
            whole = (block / self.scale).round_().clamp_(-128, 127)
            remainder = block - self.scale * whole
            guard_digit = (remainder / self._fine).round_().clamp_(-128, 127)
            if stored is None:
                codes[rows, :dimension], guards[rows, :dimension] = whole.to(torch.int8), guard_digit.to(torch.int8)
            sums[rows], guard_sums[rows] = whole.sum(1), guard_digit.sum(1)
            halves[rows] = whole.square().sum(1) / 2
            across[rows] = self._fine * ((self.origin + self.scale * whole) * guard_digit).sum(1)
            errors[rows] = remainder.norm(dim=1)
            self.finer = max(self.finer, float((remainder - self._fine * guard_digit).norm(dim=1).max()))
        rounding = 4 * _UNIT * math.sqrt(dimension) * (abs(low) + abs(high))
        self.finer += rounding
        errors[:count] += rounding
        self.error, self.typical = float(errors.max()), float(errors[:count].square().mean().sqrt())
        ones = torch.zeros_like(errors)
        ones[:count] = 1
        self._moments = torch.stack([ones, pad(norms.square(), (0, shape[0] - count)), errors.square()]).to(device)
        self._halves, self._across = halves.to(device), across.to(device)
        self._sums, self._guard_sums = sums.to(device), guard_sums.to(device)
        self._largest_sum, self._largest_half = float(self._sums.abs().max()), float(halves[:count].max())
        self._codes: Tensor | FileCodes
        self._guards: Tensor | FileCodes
        self._columns: list[Tensor] = []
        if stored is None:
            self._codes, self._guards = codes.to(device), guards.to(device)
            self._columns = [self._codes[part].T.contiguous() for part in runs(shape[0])]
        else:
            step = values() - self.origin
            left = ((step - self.scale * (step / self.scale).round()) / self._fine).round().clamp(-128, 127)
            self._codes = FileCodes(stored, shape)
            self._guards = FileCodes(stored, shape, left.to(torch.int8).numpy())

    @staticmethod
    def build(
        points: Any, blocks: Callable[[], Iterable[slice]], norms: Tensor, device: torch.device, stored: Any = None
    ) -> Codes | None:
        """The codes of the points; None where the points did not come from bytes, or are all the same."""
        if stored is not None:
            return Codes._exact(points, blocks, norms, _RANGES[0], device, stored)
        ends = [points[rows].aminmax() for rows in blocks()]
        least, most = min(float(part.min) for part in ends), max(float(part.max) for part in ends)
        first = points[next(iter(blocks()))].double()
        for low, high in ((least, most), *_RANGES):
            if not low <= least < most <= high:
                continue
            steps = (first - low) / (high - low) * 255
            if float((steps - steps.round()).abs().max()) <= 255 * _COARSEST:
                codes = Codes._exact(points, blocks, norms, (low, high), device)
                if codes is not None:
                    return codes
        return None

    @staticmethod
    def _exact(
        points: Any,
        blocks: Callable[[], Iterable[slice]],
        norms: Tensor,
        limits: tuple[float, float],
        device: torch.device,
        stored: Any = None,
    ) -> Codes | None:
        codes = Codes(points, blocks(), norms, limits, device, stored)
        allowed = _COARSEST * (limits[1] - limits[0]) * math.sqrt(points.shape[1])
        return codes if codes.error <= allowed else None

    def query(self, x: Tensor) -> Query:
        """Queries x (b, d) float64, written as whole numbers."""
        t = (x - self.origin) / self.scale
        low, high = t.aminmax(dim=1, keepdim=True)
        middle, step = (low + high) / 2, ((high - low) / 2 / LARGEST).clamp(min=1e-300)
        whole = ((t - middle) / step).round_().clamp_(-LARGEST, LARGEST)
        missed = (t - middle - step * whole).norm(dim=1) + 8 * _UNIT * math.sqrt(x.shape[1]) * t.abs().amax(dim=1)
        filled = digits(pad(whole, (0, self._codes.shape[1] - x.shape[1])).to(self.device))
        return Query(middle[:, 0], step[:, 0], filled, self.scale * missed, (x - self.origin).square().sum(1))

    def gaps(self, query: Query) -> tuple[Tensor, Tensor]:
        """h'_i − ‖x_q − o‖²/2 (N', b) with h'_i = ‖x_q − o − a k_i‖²/2, and a bound of its differences' rounding (b,).

        Every product of digits is a whole number below 2⁵³, and so is their sum: only its last scaling rounds.
        """
        middle, step = query.middle.to(self.device), query.step.to(self.device)
        square = self.scale**2
        found = self._dots(
            query.digits, self._codes, -square * step, -square * middle, self._sums, self._halves, square
        )
        wide = query.middle.abs() + 2.0**32 * query.step
        size = self._largest_half + wide * (self._largest_sum + 128 * self._dimension)
        return found, 2 * square * 16 * _UNIT * size

    def distance(self, query: Query, gap: Tensor, rounding: Tensor) -> Tensor:
        """An upper bound of ρ = ‖x_q − o − a k_i‖ from the gap of a point, (b,).

        ρ² is twice the gap plus ‖x_q − o‖². Only ‖x − o‖² is known, and near a point the two nearly cancel, so the
        possible error of both is added.
        """
        doubt = 2 * rounding + 2 * query.square.sqrt() * query.missed + query.missed**2 + 8 * _UNIT * query.square
        return ((2 * gap + query.square).clamp(min=0) + doubt).sqrt()

    def finer_gaps(self, query: Query) -> Tensor:
        """−(x_q − o − a k_i)·f r_i (N', b): nearly all that `gaps` leaves out. x_q is cut to its two greater digits."""
        step, fine = query.step.to(self.device), self._fine
        origin = fine * (self.origin + self.scale * query.middle.to(self.device))
        factor = -self.scale * fine * step
        return self._dots(query.digits[..., 2:], self._guards, factor, -origin, self._guard_sums, self._across, 1.0)

    def cut(self, query: Query) -> Tensor:
        """How far the cut of `finer_gaps` can be off, (b,)."""
        return self.scale * query.step * _CUT * math.sqrt(self._dimension) * (self.error + self.finer)

    def _dots(
        self,
        digit: Tensor,
        codes: Tensor | FileCodes,
        factor: Tensor,
        slope: Tensor,
        sums: Tensor,
        constant: Tensor,
        scale: float,
    ) -> Tensor:
        """factor Σ_p 256^p (digit_p·k_i) + slope Σ k_i + scale constant_i, (N', b)."""
        count, worth = len(digit), powers(digit.shape[2], self.device)
        columns = digit.permute(1, 0, 2).reshape(codes.shape[1], -1).contiguous()
        found = torch.empty(len(codes), count, dtype=torch.float64, device=self.device)
        for rows in self._parts(columns.shape[1]):
            whole, part = product(codes[rows], columns).reshape(-1, count, len(worth)), found[rows]
            torch.matmul(whole.double(), worth, out=part)
            part.mul_(factor).addcmul_(sums[rows, None], slope).add_(constant[rows, None], alpha=scale)
        return found

    def weigh(self, gap: Tensor, least: Tensor, sigma: Tensor) -> Weights:
        """Weights w_i = exp(−(gap_i − least)/σ²) for gaps (N', b), in whole parts of `PARTS`, and their sums."""
        precision, least = -(sigma.to(self.device) ** -2), least.to(self.device)
        digit = torch.empty(len(gap), 5 * len(sigma), dtype=torch.int8, device=self.device)
        totals = torch.zeros(3, len(sigma), dtype=torch.float64, device=self.device)
        parts, lost = torch.zeros_like(totals[:2])
        for rows in self._parts(digit.shape[1]):
            weights = (gap[rows] - least).mul_(precision).clamp_(min=_LEAST_LOGIT).exp_()
            totals.addmm_(self._moments[:, rows], weights)
            whole = weights.mul_(PARTS).round()
            parts += whole.sum(0)
            lost += weights.sub_(whole).square_().sum(0)
            top_digit = (whole * 2.0**-31).round_()
            digit[rows, : len(sigma)] = top_digit.to(torch.int8)
            digit[rows, len(sigma) :] = digits(whole.sub_(top_digit, alpha=2.0**31)).flatten(1)
        return Weights(digit, parts, lost.sqrt().cpu(), *totals.cpu())

    def sums(self, weights: Weights) -> Tensor:
        """Σ_i q_i k_i (b, d) for the weights' whole numbers q."""
        count, worth = len(weights.parts), powers(4, self.device)
        sums = torch.zeros(count, self._codes.shape[1], dtype=torch.float64, device=self.device)
        for dots in self._weighed(weights.digits):
            sums += (dots[:, :count] * 2.0**31 + torch.matmul(dots[:, count:].reshape(-1, count, 4), worth)).T
        return sums[:, : self._dimension]

    def _weighed(self, digit: Tensor) -> Iterator[Tensor]:
        """Σ_i k_i digit_i over runs of points, (d', m) float64."""
        if self._columns:
            for part, columns in zip(runs(len(self._codes)), self._columns, strict=True):
                yield product(columns, digit[part]).double()
        else:
            for part in self._parts(1):
                yield torch._int_mm(digit[part].T.contiguous(), self._codes[part]).T.double()

    def _parts(self, width: int) -> Iterator[slice]:
        """Runs of points, short enough for their rows of `width` numbers to stay in a processor's cache."""
        size = max(_WIDTH, _CELLS // width // _WIDTH * _WIDTH)
        if not self._columns:
            size = max(_WIDTH, min(size, BYTES_AT_ONCE // self._codes.shape[1] // _WIDTH * _WIDTH))
        for start in range(0, len(self._codes), size):
            yield slice(start, min(start + size, len(self._codes)))


@dataclass(frozen=True, slots=True)
class Weights:
    """Weights w as whole numbers q ≈ S w with S = `PARTS`, and their sums over the points, each (b,).

    digits (N', 5 b): the digits of q, all top digits first. parts: Σ q. lost: the root of Σ (q − S w)². total: Σ w.
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
    """b queries x_q = o + a (m + s U): m (b,), s (b,), the digits of U (b, d', 4), ‖x − x_q‖ and ‖x − o‖² (b,)."""

    middle: Tensor
    step: Tensor
    digits: Tensor
    missed: Tensor
    square: Tensor

    def __getitem__(self, rows: Tensor) -> Query:
        digit = self.digits[rows.to(self.digits.device)]
        return Query(self.middle[rows], self.step[rows], digit, self.missed[rows], self.square[rows])


def _filled(count: int) -> int:
    return max(2, -(-count // _WIDTH)) * _WIDTH
