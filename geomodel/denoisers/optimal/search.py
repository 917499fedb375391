"""D* of large data sets by exact integer products or, for few points, by differences, with a certified bound for both.

Notation. x is a query, y_i the N points, c their mean, R ≥ ‖y_i − c‖, h_i = ‖x − y_i‖²/2, w_i = exp(−h_i/σ²) up to
a common factor, j the nearest point, η_i the error of a computed logit. Points that came from bytes are
y_i = o + a k_i + e_i with whole numbers k_i and tiny ‖e_i‖ ≤ E (the rounding of their conversion); a query is
x = x_q + e_x, in whole numbers too (`byte_codes`). Then h'_i, the h of x_q and o + a k_i, is known to float64 rounding.

Few points left. A point with h_i > h_j + T σ² weighs at most e^{−T}. T is chosen so that N e^{−T} is a hundredth of the
tolerance; all such points together move the mean by at most 2R times that. Where the principal components (`pruning`)
or h' show that few other points exist, D* is computed from those in float64 (`differences`). For h' the window is
widened by its error,

    |(h_i − h_j) − (h'_i − h'_j)| ≤ 2 (R + E) ‖e_x‖ + (ρ_i + ρ_j) E + (‖e_x‖ + E)²,   ρ_i = ‖x_q − o − a k_i‖

(it grows slower in ρ_i than the gap does, and E √(2 margin) ≤ 50 E² + margin/100 covers the ρ_i of the limit itself).

Many points left. Up to a term that all points share, |h_i − h'_i| ≤ A + ρ_i ‖e_i‖ with A = (R + 2E) ‖e_x‖ + E². With δ
the largest |η_i| in the window, a mean whose weights have these errors is off by at most

    e^{2δ} √V (A + ρ √(Σ w ‖e_i‖²/Σ w))/σ²,   V = Σ w ‖y_i − mean‖²/Σ w,   ρ the largest ρ_i in the window.

Where that is too much, −(x_q − o − a k_i)·e_i is added to h'_i, with e_i written in bytes as well and x_q in its
greater digits, for the points with most weight, or for all if those are too many. The bound then has, in place of their
e_i, what those bytes leave of it. The weights, at most 1, are rounded to whole parts of S, which are coarser where many
points have weight. That moves the mean by √(Σ (q_i − S w_i)²) √(Σ ‖y_i − mean‖²)/(S Σ w). They are multiplied with the
k_i in integer arithmetic. Taking o + a k_i for y_i adds E.

A query for which neither bound is below the tolerance is left to untruncated float64. Every step treats each query by
itself, so an answer depends on (x, σ, class) alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from geomodel.datasets.common import Progress, portion, silent
from geomodel.denoisers.optimal import differences
from geomodel.denoisers.optimal.byte_codes import Codes, Query, Weights
from geomodel.denoisers.optimal.byte_products import exact_products
from geomodel.denoisers.optimal.differences import Answers, Differences
from geomodel.denoisers.optimal.finding import at_most, least
from geomodel.denoisers.optimal.many import Many
from geomodel.denoisers.optimal.pruning import Heads

_AT_ONCE = 16  # queries; with 60,000 points their temporaries take about 60 MB
_BYTES_A_GAP = 64  # bytes of temporaries for one query and point
_HOPE = 0.9  # share of the tolerance that the e_i of a typical posterior may use up before they are added
_QUIET = 0.1  # of the mean squared distance from c; the windows of less noise nearly always have few points
_STRAINED = 1.0  # times the tolerance: a bound that posteriors narrower than the data usually keep below it
_ROUNDED = 0.25  # share of what the e_i leave of the tolerance that the rounding of weights may use up
_STRIDE = 64  # points for each one by which the sum of all weights is judged
_HEAVY = 12288  # points whose e_i are picked out; adding those of more costs as much as adding all
_NEAREST = 8  # candidates among which the nearest point is sought
_FARTHEST = 1e20  # a query with larger numbers, or NaN, is left to untruncated float64
_LONGEST = 2**15  # dimensions up to which sums of products are exact
CODED = 0.5  # of the time of building a search, after which the codes are there
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """Answers to b queries: j, means (b, d), bounds, which queries are left over, and gaps h_i − h_j (b, N) or None."""

    anchor: Tensor
    mean: Tensor
    bound: Tensor
    left: Tensor
    gap: Tensor | None


class Search:
    """Answers queries from the integer codes of N points. The module's docstring has the derivation.

    Args:
        points: indexable by slices and index tensors, giving (n, d) tensors.
        centre, norms: (d,) c and (N,) ‖y_i − c‖, float64.
        heads, codes: of these points. codes is None where they did not come from bytes; then only queries near few
            points are answered.
        tolerance: the largest bound of an answer, in the units of the points.
    """

    def __init__(
        self, points: Any, centre: Tensor, norms: Tensor, heads: Heads, codes: Codes | None, tolerance: float
    ) -> None:
        self._points, self._centre, self._codes, self._heads = points, centre, codes, heads
        self._norms, self._count, self._reach, self._tolerance = norms, len(norms), float(norms.max()), tolerance
        self._spread = float(norms.square().mean().sqrt())
        self._nats = math.log(self._count) - math.log(min(tolerance / self._reach, 1.0) / 100)
        self._differences = Differences(points, norms, self._nats)

    @staticmethod
    def build(
        points: Any,
        blocks: Callable[[Progress], Iterable[slice]],
        centre: Tensor,
        norms: Tensor,
        tolerance: float,
        device: torch.device | None,
        stored: Any = None,
        progress: Progress = silent,
    ) -> Search:
        """A search over the points. It has no codes where `device` is None or has no exact byte products.

        stored: the points' bytes (N, *shape) in a file, if they are to stay there. progress: called with the share that
        is done.
        """
        codes = None
        if device is not None and len(centre) <= _LONGEST and exact_products(device):
            codes = Codes.build(points, blocks, norms, device, stored, portion(progress, 0.0, CODED))
        rest = portion(progress, 0.0 if codes is None else CODED, 1.0)
        heads = Heads(points, blocks(silent), centre, norms, None if stored is None else codes, rest)
        return Search(points, centre, norms, heads, codes, tolerance)

    def at_once(self) -> int:
        """How many queries to answer at once. On the CPU, so few that their numbers stay in its caches."""
        if self._codes is None or self._codes.device.type != "cuda":
            return _AT_ONCE
        free, _ = torch.cuda.mem_get_info(self._codes.device)
        return max(_AT_ONCE, free // (_BYTES_A_GAP * self._count))

    @torch.no_grad()
    def __call__(self, x: Tensor, sigma: Tensor, hidden: Tensor | None, gaps: bool) -> Found:
        """Answers for x (b, d) float64 and σ (b,); `hidden` (b, N) marks points that a query does not see."""
        answers = Answers(x, sigma.clamp(max=1e150), hidden, self._count, gaps)  # σ² must be finite
        usual = [at for at, size in enumerate(x.abs().amax(dim=1).tolist()) if size < _FARTHEST]
        near = [at for at in usual if self._heads.hopeful(float(answers.sigma[at]), self._nats)]
        if near:
            self._by_components(answers, torch.tensor(near))
        left = answers.left.tolist()
        rest = [at for at in usual if left[at]]
        if rest and self._codes is not None:
            self._by_codes(answers, torch.tensor(rest), self._codes)
        return Found(anchor=answers.anchor, mean=answers.mean, bound=answers.bound, left=answers.left, gap=answers.gap)

    @torch.no_grad()
    def squared_distances(self, x: Tensor) -> Tensor | None:
        """‖x − y_i‖² (N,) of one x (d,), by a pass over the codes; None where there are none. Off by float64's rounding
        and at most 2 u (‖x − y_i‖ + ‖x − o‖ + u) with u = ‖x − x_q‖ + E."""
        if self._codes is None or not bool(x.abs().amax() < _FARTHEST):
            return None
        query = self._codes.query(x[None])
        gap, _ = self._codes.gaps(query)
        return (2 * gap[0, : self._count].cpu() + query.square[0]).clamp(min=0)

    def _by_components(self, answers: Answers, rows: Tensor) -> None:
        """Answer those queries for which the components leave few points."""
        x, window = answers.x[rows], self._nats * answers.sigma[rows].square()
        lower, room = self._heads.lower(x)
        if answers.hidden is not None:
            lower.masked_fill_(answers.hidden[rows], math.inf)
        anchor = least(lower)
        half, window = self._half(x, anchor), window + room
        kept = []
        for at, limit in enumerate((half + window).tolist()):
            index = at_most(lower[at], limit)
            if len(index) > 1:
                index, anchor[at], half[at] = self._tightened(x[at], index, lower[at, index], float(window[at]))
            kept.append(index)
        gaps = None
        if answers.gap is not None:  # the other points have no weight, but their order is wanted
            gaps = (lower.double() - half[:, None]).maximum(self._nats * answers.sigma[rows, None].square())
        self._differences.few(answers, rows, kept, anchor, gaps)

    def _tightened(self, x: Tensor, index: Tensor, lower: Tensor, window: float) -> tuple[Tensor, Tensor, Tensor]:
        """Which of some points can be within the window of one x, a near one of them, and its half squared distance.

        lower: the points' bounds. Exact distances where they are least rule out others, also by closer bounds.
        """
        near, halves = self._nearest(x, index, lower)
        index = index[at_most(lower, float(halves.min()) + window)]
        if len(index) > _NEAREST:
            lower = self._heads.closer(x, index)
            near, halves = self._nearest(x, index, lower)
            index = index[at_most(lower, float(halves.min()) + window)]
        if 1 < len(index) <= differences.FEW:
            near, halves = index, self._half(x, index)
            index = index[halves <= halves.min() + window]
        best = halves.argmin()
        return index, near[best], halves[best]

    def _nearest(self, x: Tensor, index: Tensor, lower: Tensor) -> tuple[Tensor, Tensor]:
        """The few of some points that have the least lower bounds, and their half squared distances."""
        near = index[lower.topk(min(_NEAREST, len(index)), largest=False).indices]
        return near, self._half(x, near)

    def _half(self, x: Tensor, index: Tensor) -> Tensor:
        """h_i − ‖x − c‖²/2 of points, for one x or one x a point; its rounding is far below that of `Heads.lower`."""
        query, rows = x - self._centre, self._points.index_select(0, index).double()
        dots = rows @ query if x.ndim == 1 else (rows * query).sum(1)
        half: Tensor = self._norms[index].square() / 2 - dots + query @ self._centre
        return half

    def _by_codes(self, answers: Answers, rows: Tensor, codes: Codes) -> None:
        """Answer queries by a pass over all codes; where many points have weight, a second one makes the means.

        At small noise a pass with half of a query's digits comes first, because it rules out nearly all points.
        """
        query = codes.query(answers.x[rows])
        narrow = self._nats * answers.sigma[rows].square() <= _QUIET * self._spread**2
        if bool(narrow.any()):
            asked = self._asked(answers, rows[narrow], codes.coarse(query[narrow]), codes)
            self._few(answers, asked, torch.ones(len(asked.rows), dtype=torch.bool))
            left = answers.left[rows]
            if not bool(left.any()):
                return
            rows, query = rows[left], query[left]
        asked = self._asked(answers, rows, query, codes)
        strain = (asked.fixed + asked.widest * codes.typical) * self._spread
        strain /= self._tolerance * asked.sigma.square()
        if bool((strain > _HOPE).any()):
            self._few(answers, asked, strain > _HOPE)
        left = answers.left[rows]
        if bool(left.any()):
            self._many(answers, asked[left], codes, strain[left])

    def _asked(self, answers: Answers, rows: Tensor, query: Query, codes: Codes) -> Many:
        """The gaps of the queries in all points, from a pass over the codes."""
        sigma = answers.sigma[rows]
        gap, rounding = codes.gaps(query)
        if answers.hidden is not None:
            gap[:, : self._count].masked_fill_(answers.hidden[rows].to(gap.device), math.inf)
        low = gap.amin(dim=1)
        gap -= low[:, None]
        near = codes.distance(query, low.cpu(), rounding)
        window = self._margin(codes.error, query.missed, near, sigma) + rounding + self._nats * sigma.square()
        return Many(
            rows=rows,
            query=query,
            gap=gap,
            sigma=sigma,
            window=window,
            widest=(near.square() + 2 * window).sqrt(),
            fixed=(self._reach + 2 * codes.error) * query.missed + codes.error**2 + rounding,
        )

    def _few(self, answers: Answers, asked: Many, wanted: Tensor) -> None:
        """Answer those of the wanted queries (b,) that have few points in their windows, from differences."""
        inside = asked.gap <= asked.window[:, None].to(asked.gap.device)
        few = wanted & (inside.sum(1) <= differences.FEW).cpu()
        if bool(few.any()):
            asked = asked[few]
            gaps = asked.gap[:, : self._count].cpu()
            kept = [at_most(row, limit) for row, limit in zip(gaps, asked.window.tolist(), strict=True)]
            anchor = torch.stack([index[row[index].argmin()] for row, index in zip(gaps, kept, strict=True)])
            self._differences.few(answers, asked.rows, kept, anchor, None if answers.gap is None else gaps)

    def _margin(self, error: float, missed: Tensor, near: Tensor, sigma: Tensor) -> Tensor:
        """How far a gap of h' can be off at the edge of the window, (b,)."""
        pair = 2 * near + math.sqrt(2 * self._nats) * sigma
        fixed = 2 * (self._reach + error) * missed + (missed + error) ** 2 + 50 * error**2
        return 1.02 * (fixed + pair * error)

    def _many(self, answers: Answers, asked: Many, codes: Codes, strain: Tensor) -> None:
        """Means over every point in integer arithmetic, and their bounds.

        strain: (b,), the bound of a typical posterior without the e_i, relative to the tolerance. Where it is large,
        the e_i of the heaviest points are added; where those would be too many, or are not enough, all are.
        """
        heavy, places = self._heaviest(asked, codes, strain), self._places(asked, codes, strain)
        some = torch.tensor([index is not None for index in heavy])
        for count in codes.base.share_places:
            if bool((rows := some & (places == count)).any()):
                self._some(answers, asked[rows], codes, [heavy[at] for at in rows.nonzero()[:, 0].tolist()], count)
        left = answers.left[asked.rows]
        if bool(left.any()):
            self._answer_many(answers, asked[left], codes, None, codes.base.share_places[-1])

    def _some(self, answers: Answers, asked: Many, codes: Codes, picked: list[Tensor], places: int) -> None:
        """Try with the e_i of the picked points of each query. The gaps of those that are left are as before."""
        before = [row[index] for row, index in zip(asked.gap, picked, strict=True)]
        self._answer_many(answers, asked, codes, picked, places)
        if bool(answers.left[asked.rows].any()):
            for row, index, gaps in zip(asked.gap, picked, before, strict=True):
                row[index] = gaps

    def _places(self, asked: Many, codes: Codes, strain: Tensor) -> Tensor:
        """In how many digits the weights of each query are written, (b,): few where the weights are many.

        A choice, not a bound: their sum is judged by some of them.
        """
        precision = -(asked.sigma.to(codes.device) ** -2)[:, None]
        total = (asked.gap[:, ::_STRIDE] * precision).exp().sum(1).cpu() * _STRIDE
        allowed = _ROUNDED * (1 - strain.clamp(max=_HOPE)) * self._tolerance
        least = 0.3 * self._count * 1.4 * self._spread / (total * allowed)  # rounding is off by 0.29 of a part
        coarse = [least > codes.base.parts(places) for places in codes.base.share_places[:-1]]
        places: Tensor = torch.stack(coarse).sum(0) + codes.base.share_places[0]
        return places

    def _heaviest(self, asked: Many, codes: Codes, strain: Tensor) -> list[Tensor | None]:
        """For each query, the points whose e_i are to be added; None for all.

        The other points have so little weight that their e_i use up a part of the tolerance at most.
        """
        none = torch.zeros(0, dtype=torch.int64, device=codes.device)
        heavy: list[Tensor | None] = [none] * len(strain)
        for at in (strain > _HOPE).nonzero()[:, 0].tolist():
            heavy[at] = None
            sigma = float(asked.sigma[at])
            share = (_HOPE * self._tolerance * sigma**2 / (float(asked.widest[at]) * self._spread)) ** 2
            if share > 0 and codes.device.type == "cpu":  # an accelerator reads all codes sooner than it picks some
                index = codes.heaviest(asked.gap[at], sigma, share)
                if len(index) <= _HEAVY:
                    heavy[at] = index
                elif strain[at] <= _STRAINED:
                    heavy[at] = none
        return heavy

    def _answer_many(
        self, answers: Answers, asked: Many, codes: Codes, picked: list[Tensor] | None, places: int
    ) -> None:
        """Answer queries after adding the e_i of the picked points of each to its gaps; None: of all points."""
        gap, sigma, cut = asked.gap, asked.sigma, codes.cut(asked.query)
        if picked is None:
            codes.finer_gaps(asked.query, gap)
        for at, index in enumerate(picked or []):
            if len(index):
                codes.finer_gap(asked.query[at : at + 1], gap[at], index)
        low = gap.amin(dim=1).cpu()
        weights = codes.weigh(gap, low, sigma, places)
        mean, error = codes.mean(weights)
        remainders, worst = weights.remainders, asked.fixed + asked.widest * codes.error + cut
        if picked is None:
            doubt = worst = asked.fixed + asked.widest * codes.finer + cut
        else:
            for at, index in enumerate(picked):
                if len(index):
                    remainders[at] -= codes.removed(gap[at, index], low[at], sigma[at], index)
                else:
                    cut[at] = 0.0
            doubt = asked.fixed + cut + asked.widest * (remainders.clamp(min=0) / weights.total).sqrt()
        bound = self._bound_of_many(mean, weights, doubt / sigma.square(), worst / sigma.square(), codes.error + error)
        answers.mean[asked.rows], answers.bound[asked.rows] = mean, bound
        answers.left[asked.rows] = ~(bound <= self._tolerance)
        if answers.gap is not None:
            seen = gap[:, : self._count] - low[:, None].to(gap.device)
            answers.gap[asked.rows], answers.anchor[asked.rows] = seen.cpu(), seen.argmin(dim=1).cpu()

    def _bound_of_many(self, mean: Tensor, weights: Weights, doubt: Tensor, worst: Tensor, error: Tensor) -> Tensor:
        """A bound on ‖mean − exact‖, (b,); the module's docstring has the derivation."""
        total, length, count = weights.total, (mean - self._centre).norm(dim=1), self._count
        far = (count * (self._spread**2 + length.square())).sqrt()  # the root of Σ ‖y_i − mean‖²
        dropped = 2 * math.exp(-self._nats) * count / total
        rounded = 8 * _UNIT * count * (1 + 1 / total) * (self._reach + mean.norm(dim=1))
        moved = error + weights.lost / total * far + dropped * (self._reach + length) + rounded
        variance = (weights.spread / total - length.square()).clamp(min=0) + 4 * self._reach * moved
        doubt, worst = doubt + 8 * _UNIT * (self._nats + 2), worst + 8 * _UNIT * (self._nats + 2)
        bound: Tensor = (2 * worst).exp() * doubt * variance.sqrt() + moved
        return bound
