"""The optimal denoiser D* of a finite data set: one step of Gaussian mean shift with bandwidth σ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from geomodel.datasets.dataset import limit
from geomodel.denoisers.base import Denoiser, _labels
from geomodel.denoisers.mixture import float64_queries
from geomodel.denoisers.optimal_input import check_queries, check_tolerance, checked_count, given_classes, given_points
from geomodel.denoisers.optimal_search import Found, Search
from geomodel.denoisers.posterior import Posterior as Posterior
from geomodel.denoisers.posterior import Rows

_RESIDENT_NUMBERS = 10_000_000  # N·d up to which the centred points stay in memory as float64 (80 MB)
_NUMBERS_AT_ONCE = 2**21  # numbers in one temporary (16 MB): logits, a block of points, gathered differences
_NUMBERS_IN_CACHE = 2**16  # logits of a chunk of more than 64 queries: larger ones cost a page fault every 4 kB
_CODE_BYTES = 5  # that the codes of a number take while they are made, all within a quarter of memory
_SEARCHED = 16  # queries searched at once: 60,000 points then take 35 MB
_LOGIT_ERROR = 1e-9  # nats, in the worst case; above it the logits that carry weight are recomputed from differences
_NO_WEIGHT = 42.0  # nats below the largest logit: a weight under 6e-19
_SMALLEST_SIGMA = 1e-150  # 1/σ² must be finite; every gap above 1e-297 has no weight there, as at σ = 0
_UNIT = 2.0**-53


@dataclass(frozen=True, slots=True, kw_only=True)
class _Gaps:
    """What is known about one chunk of queries: gap_i = (‖x − y_i‖² − ‖x − y_j‖²)/2 for all i, j an anchor near x."""

    gap: Tensor  # (b, N); inf for points of other classes
    precision: Tensor  # (b, 1): 1/σ²
    anchor: Tensor  # (b,): j
    x: Tensor  # (b, d)
    offset: Tensor  # (b, d): x − y_j
    refined: tuple[Tensor, Tensor, Tensor] | None  # rows, columns and error bounds of the gaps taken from differences

    @property
    def logits(self) -> Tensor:
        return self.gap * -self.precision


class OptimalDenoiser(Denoiser):
    """D*(x; σ) = Σ_i w_i y_i with w = softmax_i(−‖x − y_i‖²/(2σ²)), exact over every point; at σ = 0 the nearest point
    (the mean of those that tie).

    Source: Chen et al. 2023 (arXiv 2305.19947), the optimal denoising output; Karras et al. 2022, appendix B.3.

    Rounding model. Common terms leave the softmax, so only gaps between half squared distances count. About the data
    mean they are first taken as ‖y_i‖²/2 − x·y_i, one matrix product, whose error is at most
    γ ‖y_i‖ (‖y_i‖/2 + ‖x‖) with γ = (d + 8) 2⁻⁵³ (a dot product's bound; Higham 2002, section 3.1, with room for the
    centring). Divided by σ² this is the error of a logit: harmless for large σ, ruinous for small. Where it may pass
    1e-9, every point whose logit can lie within 42 of the largest is taken again from differences to the anchor j
    (the first product's nearest point), g_i = Δ·(Δ/2 − (x − y_j)), Δ = y_i − y_j, with error γ ‖Δ‖ (‖Δ‖/2 + ‖x − y_j‖),
    which vanishes with Δ. At a boundary between nearest points D* jumps as σ → 0 and no arithmetic is accurate there:
    `posterior(...).bound` says how far off it can be.

    Above 10⁷ numbers that were bytes (images), D* is not over every point in float64: `optimal_search` answers where
    its own bound is below the tolerance, and `posterior(...).bound` is that bound. Points far away may be left out.

    Args:
        points: (N, *shape), a tensor or an array, finite. Not copied above 10⁷ numbers: such sets are read in float64
            blocks at every call, unless they can be searched: a twentieth of memory must hold a byte of every number.
        labels: (N,) whole numbers, or None. A query with label c ≥ 0 sees the points of class c alone, -1 sees all;
            points whose own label is below 0 are of no class.
        tolerance: what a search may be off, relative to the points' largest distance from their mean; 0: none.

    Raises:
        ValueError: no points, points that are not finite, labels of another length or kind, a negative tolerance; a
            query that is not finite or beyond 1e150, or whose class has no points.
    """

    def __init__(self, points: Any, labels: Any = None, *, tolerance: float = 1e-6) -> None:
        check_tolerance(tolerance)
        points = given_points(points)
        shape = tuple(points.shape)
        self.shape = shape[1:]
        resident = math.prod(shape) <= _RESIDENT_NUMBERS
        self._points: Tensor | Rows
        if isinstance(points, Tensor):
            self._points = points.detach().cpu().flatten(1)
            self._points = self._points.clone() if resident else self._points
        else:
            self._points = Rows(points)[:] if resident else Rows(points)
        self._gamma = (math.prod(self.shape) + 8) * _UNIT
        self._centre = torch.zeros(math.prod(self.shape), dtype=torch.float64)
        self._centred: Tensor | None = None
        self._centre = sum((block.sum(0) for _, block in self._blocks()), self._centre) / len(self)
        self._centred = self._points - self._centre if resident and isinstance(self._points, Tensor) else None
        self._norms = torch.empty(len(self), dtype=torch.float64)
        for rows, block in self._blocks():
            self._norms[rows] = block.norm(dim=1)  # kept apart, small tensors would split the memory blocks come from
        self._reach = self._norms.max()
        if not bool(torch.isfinite(self._reach**2)):
            raise ValueError("points holds numbers that are not finite or beyond 1e150; expected squares to be finite.")
        self._search: Search | None = None
        if not resident and tolerance > 0 and _CODE_BYTES * math.prod(shape) <= limit():
            allowed = tolerance * float(self._reach)
            self._search = Search.build(self._points, self._slices, self._centre, self._norms, allowed)
        self._classes = None if labels is None else given_classes(labels, len(points))
        if self._classes is not None:
            self.num_classes = max(0, int(self._classes.max()) + 1)

    def __len__(self) -> int:
        return len(self._points)

    @torch.no_grad()
    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        x = x.to(device="cpu", dtype=torch.float64)
        check_queries(x, sigma, labels)
        mean = torch.empty(len(x), self._points.shape[1], dtype=torch.float64)
        for rows, chunk, found in self._answers(x, sigma, labels):
            mean[rows] = self._mean(torch.softmax(chunk.logits, dim=1)) if found is None else found.mean
        return mean.reshape(x.shape)

    @torch.no_grad()
    def posterior(self, x: Any, sigma: Any, labels: Any = None, k: int = 64) -> Posterior:
        """The posterior over the data at x (B, *shape), with the largest min(k, N) weights. See `Posterior`.

        Arguments and errors are those of a call.
        """
        points, levels = float64_queries(self.shape, x, sigma)
        classes = None if labels is None else _labels(labels, len(points))
        check_queries(points, levels, classes)
        k = min(checked_count("k", k, 1), len(self))
        counts = torch.full((len(points),), len(self)) if classes is None else self._counts(classes)
        parts, place, start = [], torch.empty(len(points), dtype=torch.int64), 0
        for rows, chunk, found in self._answers(points, levels, classes):
            parts.append(self._describe(chunk, found, levels[rows], counts[rows], k))
            place[rows] = torch.arange(start, start + len(rows))
            start += len(rows)
        columns = {name: torch.cat([part[name] for part in parts])[place] for name in parts[0]}
        columns["mean"] = columns["mean"].reshape(points.shape)
        return Posterior(**columns)

    def mean_shift_path(self, x: Any, sigma: Any, *, tolerance: float = 1e-6, max_iterations: int = 500) -> Tensor:
        """Mean shift at a fixed bandwidth: x ← D*(x; σ), every full jump, towards a mode of p_σ.

        Stops when no sample moved farther than tolerance·σ, or after max_iterations. Convergence is linear: with rate
        q (the top eigenvalue of Cov(x_0 | x)/σ² at the mode) the mode is about q/(1 − q) times the last move away.
        Each jump raises p_σ (it is an EM step; Carreira-Perpiñán 2007).

        Returns:
            (iterations + 1, B, *shape) float64, x first.
        """
        check_tolerance(tolerance)
        points, levels = float64_queries(self.shape, x, sigma)
        path = [points]
        for _ in range(checked_count("max_iterations", max_iterations, 0)):
            path.append(self._denoise(path[-1], levels, None))
            moves = (path[-1] - path[-2]).flatten(1).norm(dim=1)
            if bool((moves <= tolerance * levels).all()):
                break
        return torch.stack(path)

    def _slices(self) -> Iterator[slice]:
        size = len(self) if self._centred is not None else max(1, _NUMBERS_AT_ONCE // self._points.shape[1])
        for start in range(0, len(self), size):
            yield slice(start, start + size)

    def _blocks(self) -> Iterator[tuple[slice, Tensor]]:
        """The points about their mean, in float64: whole where they are resident, else block by block."""
        for rows in self._slices():
            yield rows, self._points[rows] - self._centre if self._centred is None else self._centred

    def _counts(self, labels: Tensor) -> Tensor:
        """How many points each query sees."""
        present = torch.zeros(0, dtype=torch.int64) if self._classes is None else self._classes[self._classes >= 0]
        sizes = torch.bincount(present, minlength=1)
        seen = sizes[labels.clamp(0, len(sizes) - 1)] * (labels < len(sizes))
        counts = torch.where(labels < 0, len(self), seen)
        if bool((counts == 0).any()):
            missing = int(labels[counts == 0][0])
            raise ValueError(
                f"No data point has the label {missing}; choose a class of the data, or -1 for all points."
            )
        return counts

    def _answers(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Iterator[tuple[Tensor, _Gaps, Found | None]]:
        """Chunks of queries: which, their gaps and what a search found. A query that comes twice counts the last time.

        Searches first, where there are any; the queries that they leave then come without.
        """
        if labels is not None:
            self._counts(labels)
        flat, rest = x.flatten(1), torch.arange(len(x))
        if self._search is not None and len(x):
            parts, left = torch.split(rest, _SEARCHED), []
            for rows in parts:
                found = self._search(flat[rows], sigma[rows], self._hidden(labels, rows))
                left.append(rows[found.left])
                precision = sigma[rows, None].clamp(min=_SMALLEST_SIGMA) ** -2
                offset = flat[rows] - self._points[found.anchor]
                gaps = _Gaps(
                    gap=found.gap, precision=precision, anchor=found.anchor, x=flat[rows], offset=offset, refined=None
                )
                yield rows, gaps, found
            rest = torch.cat(left)
            if not len(rest):
                return
        size = max(1, min(_NUMBERS_AT_ONCE // len(self), max(64, _NUMBERS_IN_CACHE // len(self))))
        for rows in torch.split(rest, size):
            yield rows, self._gaps(flat[rows], sigma[rows], self._hidden(labels, rows)), None

    def _hidden(self, labels: Tensor | None, rows: Tensor) -> Tensor | None:
        """The points that queries do not see, (b, N); None where they see all."""
        if labels is None or self._classes is None or bool((labels[rows] < 0).all()):
            return None
        return (labels[rows, None] >= 0) & (self._classes != labels[rows, None])

    def _gaps(self, x: Tensor, sigma: Tensor, hidden: Tensor | None) -> _Gaps:
        centred = x - self._centre
        gap = x.new_empty(len(x), len(self))
        for columns, block in self._blocks():
            torch.addmm(self._norms[columns].square() / 2, centred, block.T, alpha=-1, out=gap[:, columns])
        if hidden is not None:
            gap.masked_fill_(hidden, math.inf)
        least, anchor = gap.min(dim=1, keepdim=True)
        gap -= least
        precision = sigma.clamp(min=_SMALLEST_SIGMA)[:, None] ** -2
        margin = 2 * self._gamma * self._reach * (self._reach / 2 + centred.norm(dim=1, keepdim=True))
        offset = x - self._points[anchor[:, 0]]
        rough = margin * precision > _LOGIT_ERROR
        refined = None
        if bool(rough.any()):
            limit = torch.where(rough, margin + _NO_WEIGHT / precision, -1.0)
            row, column = (gap <= limit).nonzero(as_tuple=True)
            gap[row, column], error = self._differences(row, column, anchor[:, 0], offset)
            refined = (row, column, error)
        return _Gaps(gap=gap, precision=precision, anchor=anchor[:, 0], x=x, offset=offset, refined=refined)

    def _differences(self, rows: Tensor, columns: Tensor, anchor: Tensor, offset: Tensor) -> tuple[Tensor, Tensor]:
        """Gaps of the pairs (row, column) from Δ = y_i − y_j, and bounds on their errors."""
        gaps, errors = [], []
        size = max(1, _NUMBERS_AT_ONCE // (4 * self._points.shape[1]))
        reach = offset.norm(dim=1)
        for start in range(0, max(1, len(rows)), size):
            row, column = rows[start : start + size], columns[start : start + size]
            delta = self._points[column].double() - self._points[anchor[row]]
            half = delta.square().sum(1) / 2
            gaps.append(half - (delta * offset[row]).sum(1))
            length = (2 * half).sqrt()
            errors.append(self._gamma * length * (length / 2 + reach[row]))
        return torch.cat(gaps), torch.cat(errors)

    def _mean(self, weights: Tensor) -> Tensor:
        mean = weights.new_zeros(len(weights), self._points.shape[1])
        for columns, block in self._blocks():
            mean += weights[:, columns] @ block
        mean += self._centre
        certain = weights.amax(dim=1) == 1
        if bool(certain.any()):  # a single point comes back as it was given, free of the centring's rounding
            mean[certain] = self._points[weights[certain].argmax(dim=1)].double()
        return mean

    def _describe(self, chunk: _Gaps, found: Found | None, sigma: Tensor, counts: Tensor, k: int) -> dict[str, Tensor]:
        logits = chunk.logits
        weights = torch.softmax(logits, dim=1)
        mean = self._mean(weights) if found is None else found.mean
        largest, indices = weights.topk(k, dim=1)
        entropy = torch.special.entr(weights).sum(1)
        near, precision = chunk.offset.square().sum(1), chunk.precision[:, 0]
        volume = self._points.shape[1] / 2 * (precision.log() - math.log(2 * math.pi))
        density = torch.logsumexp(logits, dim=1) - near * precision / 2 + volume - counts.double().log()
        at_zero = torch.where(near > 0, -math.inf, math.inf).double()
        return {
            "weights": largest,
            "indices": indices,
            "effective_neighbours": entropy.exp(),
            "entropy": entropy,
            "log_density": torch.where(sigma > 0, density, at_zero),
            "mean": mean,
            "bound": self._bound(chunk, logits, weights, mean) if found is None else found.bound,
        }

    def _bound(self, chunk: _Gaps, logits: Tensor, weights: Tensor, mean: Tensor) -> Tensor:
        """A bound on ‖mean − exact‖, (b,).

        With computed logits l_i whose errors are at most δ_i, and r_i ≥ ‖y_i − mean‖, the exact mean is no farther than
        Σ e^{l_i} (e^{δ_i} − 1) r_i / Σ e^{l_i − δ_i}, nor than the largest r_i of a point that can carry weight. To
        this the rounding of the weights and of the weighted sum is added.
        """
        x, gap, precision = chunk.x, chunk.gap, chunk.precision
        reach = self._norms + (mean - self._centre).norm(dim=1, keepdim=True)
        size = self._gamma * self._norms * (self._norms / 2 + (x - self._centre).norm(dim=1, keepdim=True))
        error = size + size.gather(1, chunk.anchor[:, None])
        error.scatter_(1, chunk.anchor[:, None], 0.0)  # gaps are relative to the anchor's
        if chunk.refined is not None:
            rows, columns, bounds = chunk.refined
            error[rows, columns] = bounds
        far = (2 * (gap + error)).clamp(min=0) + chunk.offset.square().sum(1, keepdim=True)
        reach = reach.minimum(far.sqrt() + (x - mean).norm(dim=1, keepdim=True))
        error += 8 * _UNIT * gap.abs().clamp(max=1e300)  # 1/σ² and its product with the gap
        delta, carried = error * precision, (error - gap) * precision
        excess = torch.where(delta < 1, logits.exp() * delta.expm1(), carried.exp())
        ratio = (excess * reach).sum(1) / (logits - delta).exp().sum(1)
        farthest = torch.where(carried > -745, reach, 0.0).amax(1)
        drift = (weights * reach).sum(1) + (mean - self._centre).norm(dim=1)
        rounding = _UNIT * ((2 * len(self) + 100) * drift + 2 * mean.norm(dim=1))
        bound: Tensor = ratio.nan_to_num(nan=math.inf, posinf=math.inf).minimum(farthest) + rounding
        return bound
