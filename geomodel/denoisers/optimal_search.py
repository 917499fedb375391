"""D* of many eight-bit points: exact integer products, a few points again from differences, and a bound for both.

Notation. x is a query, y_i the N points, c their mean, R ≥ ‖y_i − c‖, h_i = ‖x − y_i‖²/2, w_i = exp(−h_i/σ²) up to a
common factor. Points that came from bytes are y_i = b + a k_i + e_i with whole numbers k_i in [−128, 127] and tiny
‖e_i‖ ≤ E (the rounding of their conversion); a query is x = x_q + e_x with x_q = b + a (m + s U), U whole numbers of 32
bits. Then k_i·U is taken digit by digit (base 256) in integer arithmetic, free of rounding, and h'_i, the h of x_q and
b + a k_i, is known to float64 rounding. Let j be the nearest point by h', ρ_i = ‖x_q − b − a k_i‖.

Gaps. From h_i = ‖(x_q − b − a k_i) + (e_x − e_i)‖²/2 follows

    |(h_i − h_j) − (h'_i − h'_j)| ≤ 2 (R + E) ‖e_x‖ + (ρ_i + ρ_j) E + (‖e_x‖ + E)² =: margin, plus float64 rounding.

Points with h'_i − h'_j > margin + T σ² are farther than j by T σ² or more (the left side grows faster in ρ_i than the
margin does; E √(2 margin) ≤ 50 E² + margin/100 pays for the ρ_i of the limit itself). Their share of all weight is at
most N e^{−T}; T makes that a hundredth of the tolerance, and they move the mean by 2R times it.

Few points left: their gaps are taken again in float64 from differences, g = Δ·(Δ/2 − (x − y_j)), Δ = y_i − y_j, whose
error is γ ‖Δ‖ (‖Δ‖/2 + ‖x − y_j‖), and their mean directly.

Many points left: where the margin is too wide, −(x_q − b − a k_i)·e_i is added to h'_i, with e_i written in bytes as
well and x_q in its two greater digits; what that leaves of e_i then stands for E in (ρ_i + ρ_j) E. The logits are good
to δ = margin/σ², so the mean of the weights is off by at most e^δ (e^δ − 1) Σ w_i ‖y_i − mean‖ / Σ w_i, where
Σ w r / Σ w ≤ √(Σ w r² / Σ w), a variance. The weights, at most 1, are rounded to 39 bits, N 2⁻³⁹ (R + ‖mean − c‖) / Σ w
(twice what rounding needs), and multiply the k_i in integer arithmetic again; sums of digits are rounded to 24 bits
when they become float32, 2⁻²⁴ of their length; y_i − e_i stands for y_i: E.

Either sum of these is the bound. A query for which neither is below the tolerance is left to untruncated float64.
Every step treats a query by itself, so an answer does not depend on the other queries of its batch.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.byte_products import bytes_of, exact_products, packed, product

_FEW = 192  # points left that are always taken from differences
_MANY = 8192  # points left up to which differences cost less than a pass in float64
_ROWS = 2**16  # points in one integer product: 2¹⁶ · 255 · 128 stays below 2³¹
_COARSEST = 2.0**-20  # of the range: a conversion error above it means that the points were no bytes
_LARGEST = 1e30  # numbers in a query beyond which (and for NaN) untruncated float64 answers
_QUERY = 2.0**31 - 1
_WEIGHT = 2.0**39
_POWERS = torch.tensor([2.0 ** (8 * p) for p in range(5)], dtype=torch.float64)
_OFFSET = float(0x808080)  # U = Σ_p 256^p (byte_p − 128) + this, where U + 2³¹ has the bytes
_CUT = 2.0**15 + 2.0**7  # what the two lesser digits of U can hold, about the 128 of each
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Answers of b queries: j, gaps h_i − h_j (b, N), means (b, d), their bounds, and which queries are left over."""

    anchor: Tensor
    gap: Tensor
    mean: Tensor
    bound: Tensor
    left: Tensor


@dataclass(frozen=True, slots=True, kw_only=True)
class _Coded:
    """b queries as m (b,), s (b,) and the bytes of U (b, 4, d), the least first; ‖e_x‖ (b,)."""

    middle: Tensor
    step: Tensor
    digits: Tensor
    missed: Tensor

    def __getitem__(self, rows: Tensor) -> _Coded:
        return _Coded(
            middle=self.middle[rows], step=self.step[rows], digits=self.digits[rows], missed=self.missed[rows]
        )


class Search:
    """The integer codes of N points and what answers queries with them. See the module's derivation.

    Args:
        points: indexable by slices and index tensors, giving (n, d) tensors.
        blocks: slices that cover the points.
        centre, norms: (d,) c and (N,) ‖y_i − c‖, float64.
        tolerance: what a bound may be, in the units of the points.
    """

    def __init__(
        self, points: Any, blocks: Iterable[slice], centre: Tensor, norms: Tensor, tolerance: float, limits: Any
    ) -> None:
        low, high = limits
        self._points, self._centre, self._norms, self._tolerance = points, centre, norms, tolerance
        self._scale = (high - low) / 255
        self._origin = low + 128 * self._scale
        self._gamma = (len(centre) + 8) * _UNIT
        self._reach, self._spread = float(norms.max()), float(norms.square().mean().sqrt())
        count = len(norms)
        codes, rests = torch.empty(2, count, len(centre), dtype=torch.int8)
        self._halves, self._across = torch.empty(2, count, dtype=torch.float64)
        self._error, self._finer = 0.0, 0.0
        self._fine = 2.0**-24 * max(abs(low), abs(high), high - low) / 127
        for rows in blocks:
            block = points[rows].double() - self._origin
            whole = (block / self._scale).round_().clamp_(-128, 127)
            rest = block - self._scale * whole
            ninth = (rest / self._fine).round_().clamp_(-128, 127)
            codes[rows], rests[rows] = whole.to(torch.int8), ninth.to(torch.int8)
            self._halves[rows] = whole.square().sum(1) / 2
            self._across[rows] = self._fine * ((self._origin + self._scale * whole) * ninth).sum(1)
            self._error = max(self._error, float(rest.norm(dim=1).max()))
            self._finer = max(self._finer, float((rest - self._fine * ninth).norm(dim=1).max()))
        rounding = 4 * _UNIT * math.sqrt(len(centre)) * (abs(low) + abs(high))
        self._error, self._finer = self._error + rounding, self._finer + rounding
        self._sums = codes.sum(1).double()
        self._rest_sums = rests.sum(1).double()
        self._parts = [slice(start, min(start + _ROWS, count)) for start in range(0, count, _ROWS)]
        self._rows = [packed(codes[part]) for part in self._parts]
        self._rests = [packed(rests[part]) for part in self._parts]
        self._columns = [packed(codes[part].T.contiguous()) for part in self._parts]
        self._nats = math.log(count) - math.log(min(tolerance / self._reach, 1.0) / 100)

    @staticmethod
    def build(
        points: Any, blocks: Callable[[], Iterable[slice]], centre: Tensor, norms: Tensor, tolerance: float
    ) -> Search | None:
        """A search over the points; None where they are no bytes or one point, or byte products are not exact here."""
        limits = [points[rows].aminmax() for rows in blocks()]
        low, high = min(float(part.min) for part in limits), max(float(part.max) for part in limits)
        if not low < high or not tolerance > 0 or len(centre) > _ROWS or not exact_products():
            return None
        first = next(iter(blocks()))
        steps = (points[first].double() - low) / (high - low) * 255
        if float((steps - steps.round()).abs().max()) > 255 * _COARSEST:
            return None
        search = Search(points, blocks(), centre, norms, tolerance, (low, high))
        return search if search._error <= _COARSEST * (high - low) * math.sqrt(len(centre)) else None

    @torch.no_grad()
    def __call__(self, x: Tensor, sigma: Tensor, hidden: Tensor | None) -> Found:
        """Answers for x (b, d) float64 and σ (b,); `hidden` (b, N) marks points that a query does not see."""
        usual = x.abs().amax(dim=1) < _LARGEST
        queries = torch.where(usual[:, None], x, 0.0)
        sigma = sigma.clamp(max=1e150)  # its square must be finite
        coded = self._coded(queries)
        gap, rounding = self._first(coded)
        if hidden is not None:
            gap.masked_fill_(hidden, math.inf)
        least, anchor = gap.min(dim=1, keepdim=True)
        gap -= least
        offset = queries - self._points[anchor[:, 0]]
        room = self._nats * sigma.square()
        pair = 2 * (offset.norm(dim=1) + coded.missed + self._error) + (2 * room).sqrt()
        always = 2 * (self._reach + self._error) * coded.missed + (coded.missed + self._error) ** 2
        always += 50 * self._error**2
        margin = 1.02 * (always + pair * self._error) + rounding
        kept = gap <= (margin + room)[:, None]
        counts = kept.sum(1)
        many = usual & (counts > _FEW)
        rough = (many & (1.3 * margin * self._spread > self._tolerance * sigma.square())).nonzero()[:, 0]
        if len(rough):
            part = coded[rough]
            gap[rough] += self._second(part)
            gap[rough] -= gap[rough].gather(1, anchor[rough])
            cut = 2 * self._scale * part.step * _CUT * x.shape[1] ** 0.5 * (self._error + self._finer)
            margin[rough] = 1.02 * (always[rough] + pair[rough] * self._finer + cut) + rounding[rough]
        mean, bound = torch.empty_like(x), torch.full((len(x),), math.inf, dtype=torch.float64)
        rows = (many & (margin < sigma.square())).nonzero()[:, 0]
        if len(rows):
            mean[rows], bound[rows] = self._all(gap[rows], margin[rows], sigma[rows])
        few = usual & (counts <= _MANY) & ~(bound <= self._tolerance)
        for row in few.nonzero()[:, 0].tolist():
            index = kept[row].nonzero()[:, 0]
            precise = self._few(index, int(anchor[row, 0]), offset[row], float(sigma[row]))
            gap[row, index], mean[row], bound[row] = precise
        left = ~(few | (bound <= self._tolerance))
        return Found(anchor=anchor[:, 0], gap=gap, mean=mean, bound=bound, left=left)

    def _coded(self, x: Tensor) -> _Coded:
        t = (x - self._origin) / self._scale
        low, high = t.aminmax(dim=1, keepdim=True)
        middle, step = (low + high) / 2, ((high - low) / 2 / _QUERY).clamp(min=1e-300)
        whole = ((t - middle) / step).round_().clamp_(-_QUERY, _QUERY)
        missed = (t - middle - step * whole).norm(dim=1) + 8 * _UNIT * math.sqrt(x.shape[1]) * t.abs().amax(dim=1)
        digits = bytes_of(whole, 4) ^ torch.tensor([0, 0, 0, 128], dtype=torch.uint8)[:, None]
        return _Coded(middle=middle[:, 0], step=step[:, 0], digits=digits, missed=self._scale * missed)

    def _first(self, coded: _Coded) -> tuple[Tensor, Tensor]:
        """h'_i up to a common term (b, N), and the bound of its differences' rounding (b,)."""
        middle, step = coded.middle[:, None], coded.step[:, None]
        dimension = coded.digits.shape[2]
        gap, single = self._dots(coded.digits, self._rows)
        gap *= -step
        gap -= (middle + step * _OFFSET) * self._sums
        gap += self._halves
        gap *= self._scale**2
        wide = coded.middle.abs() + 2 * _QUERY * coded.step
        size = self._halves.max() + wide * (self._sums.abs().max() + 128 * dimension)
        return gap, 2 * self._scale**2 * (16 * _UNIT * size + coded.step * single)

    def _second(self, coded: _Coded) -> Tensor:
        """−(x_q − b − a k_i)·e_i (b, N), from the two greater digits of x_q and the codes of e_i."""
        dots, _ = self._dots(coded.digits[:, 2:], self._rests)
        origin = self._origin + self._scale * (coded.middle + coded.step * _OFFSET)
        dots *= -(self._scale * self._fine * coded.step[:, None])
        dots -= self._fine * origin[:, None] * self._rest_sums
        return dots.add_(self._across)

    def _dots(self, digits: Tensor, codes: list[Tensor]) -> tuple[Tensor, Tensor]:
        """Σ_p 256^p (digit_p − 128)·k_i (b, N) of the greatest digits, and the bound of its rounding (b,)."""
        powers = _POWERS[4 - digits.shape[1] : 4]
        dots = torch.empty(len(digits), len(self._norms), dtype=torch.float64)
        single = dots.new_zeros(len(digits))
        for part, block in zip(self._parts, codes, strict=True):
            whole = product(digits.flatten(0, 1), 128, block).view(len(digits), len(powers), -1)
            if digits.shape[2] > 1024:  # whole numbers above 2²⁴ = 1024 · 128 · 128 are rounded to float32
                largest = whole.abs().amax(dim=2).double()
                single = single.maximum(torch.where(largest > 2.0**24, largest, 0) @ powers * 2.0**-24)
            dots[:, part] = torch.matmul(powers, whole.double())
        return dots, single

    def _all(self, gap: Tensor, margin: Tensor, sigma: Tensor) -> tuple[Tensor, Tensor]:
        """Means over every point in integer arithmetic, and their bounds."""
        weights = ((gap.amin(dim=1, keepdim=True) - gap) * sigma[:, None] ** -2).exp_()
        digits = bytes_of((weights * _WEIGHT).round_(), 5)
        total, whole = weights.sum(1), digits.sum(2, dtype=torch.int64).double() @ _POWERS
        sums, error = gap.new_zeros(len(gap), len(self._centre)), gap.new_zeros(len(gap))
        for part, block in zip(self._parts, self._columns, strict=True):
            dots = product(digits[..., part].flatten(0, 1).contiguous(), 0, block).view(len(gap), 5, -1).double()
            sums += torch.matmul(_POWERS, dots)
            error += 2.0**-24 * (dots.norm(dim=2) @ _POWERS)
        mean = self._origin + self._scale * sums / whole[:, None]
        delta = margin / sigma.square() + 8 * _UNIT * (self._nats + 2)
        length = (mean - self._centre).norm(dim=1)
        variance = (weights @ self._norms.square() / total - length.square()).clamp(min=0)
        dropped = 2 * math.exp(-self._nats) * len(self._norms) / total
        relative = len(self._norms) / _WEIGHT / total
        converted = self._scale * error / whole + self._error
        slack = 2 * self._reach * relative + 2 * converted + 4 * _UNIT * len(self._norms) * self._reach
        spread = (variance + 4 * self._reach * slack).sqrt()
        bound = delta.expm1() * delta.exp() * spread + (relative + 2 * dropped) * (self._reach + length) + converted
        return mean, bound + 64 * _UNIT * (self._reach + mean.norm(dim=1))

    def _few(self, index: Tensor, anchor: int, offset: Tensor, sigma: float) -> tuple[Tensor, Tensor, Tensor]:
        """Gaps, mean and bound from differences to point j; the other points' weights are below e^{−T}."""
        nearest = self._points[torch.tensor([anchor])].double()[0]
        delta = self._points[index].double() - nearest
        lengths = delta.norm(dim=1)
        gap = delta.square().sum(1) / 2 - delta @ offset
        precision = max(sigma, 1e-150) ** -2
        lowest = gap.min()
        weights = ((lowest - gap) * precision).exp()
        total = weights.sum()
        shift = weights @ delta / total
        mean = nearest + shift
        near = float(offset.norm())
        error = self._gamma * lengths * (lengths / 2 + near) + 8 * _UNIT * gap.abs()
        doubt = error * precision
        reach = (delta - shift).norm(dim=1)
        carried = (lowest - gap) * precision + doubt + doubt[gap.argmin()]
        excess = torch.where(doubt < 1, weights * doubt.expm1(), carried.exp())
        ratio = (excess @ reach) / (weights @ (-doubt).exp())
        farthest = torch.where(carried > -745, reach, 0.0).max()
        dropped = math.exp(-self._nats) * (len(self._norms) - len(index)) * 2 * self._reach
        rounding = _UNIT * ((2 * len(index) + 100) * lengths.max() + 4 * mean.norm())
        return gap, mean, ratio.nan_to_num(nan=math.inf, posinf=math.inf).minimum(farthest) + dropped + rounding
