"""The optimal denoiser D* of a finite data set: one step of Gaussian mean shift with bandwidth σ."""

from __future__ import annotations

import math
from collections.abc import Iterator
from copy import copy
from functools import cached_property
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel import repeats
from geomodel.datasets.common import Progress, limit, portion, silent
from geomodel.denoisers.base import Denoiser, _labels, real
from geomodel.denoisers.mixture import float64_queries
from geomodel.denoisers.optimal import derivatives
from geomodel.denoisers.optimal.input import check_queries, check_tolerance, checked_count, given_classes, given_points
from geomodel.denoisers.optimal.posterior import Posterior, Rows, in_memory
from geomodel.denoisers.optimal.search import Found, Search
from geomodel.denoisers.optimal.untruncated import NUMBERS_AT_ONCE, RESIDENT_NUMBERS, SMALLEST_SIGMA, Gaps, Untruncated
from geomodel.hooks import Between, nothing

_NUMBERS_IN_CACHE = 2**16  # logits of a chunk of more than 64 queries; larger ones cost a page fault every 4 kB
SEARCHED_NUMBERS = 1_000_000  # N·d from which `searched` searches; below, float64 is as fast
READ = 0.4  # of the preparation, after which the mean and the lengths of the points are known
_CODE_BYTES = 5  # bytes that the codes of one number take while they are made; they may fill a quarter of memory
_LEAST_LOGIT = -700.0  # exp of less is 0, and takes ten times as long because it underflows


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

    Above 10⁷ numbers, a query is first given to `search`, which leaves out points that are far away. Its answer counts
    where its own bound is below the tolerance; `posterior(...).bound` is then that bound. It can answer where few
    points have weight, and, where many have, if the points came from bytes (images), in memory or in a file.

    Derivatives by x and by σ are exact (`derivatives`): a backward pass or a product costs a posterior for each query.

    Args:
        points: (N, *shape), a tensor, an array or an array-like over a file, finite. Above 10⁷ numbers they are not
            copied, but read in float64 blocks by a call that the search cannot answer. The codes of bytes in memory
            take three bytes a number; they are made where all the numbers are at most a twentieth of memory.
        labels: (N,) whole numbers, or None. A query with label c ≥ 0 sees the points of class c alone, -1 sees all;
            points whose own label is below 0 are of no class.
        tolerance: the largest error of a search, relative to the points' largest distance from their mean; 0 turns
            the search off.
        device: where the codes of a search are kept and multiplied; everything else stays on the CPU.
        between: called between the parts of the preparation; an exception from it ends it.
        progress: called with the share of the preparation that is done; so does one from it.

    Raises:
        ValueError: no points, points that are not finite, labels of another length or kind, a negative tolerance; a
            query that is not finite or beyond 1e150, or whose class has no points.
    """

    leaves_x = True

    def __init__(
        self,
        points: Any,
        labels: Any = None,
        *,
        tolerance: float = 1e-6,
        device: str | torch.device = "cpu",
        between: Between = nothing,
        progress: Progress = silent,
    ) -> None:
        def tell(fraction: float) -> None:
            between()
            progress(fraction)

        check_tolerance(tolerance)
        points = given_points(points)
        shape = tuple(points.shape)
        self.shape = shape[1:]
        resident = math.prod(shape) <= RESIDENT_NUMBERS
        if isinstance(points, Tensor):
            tensor = points.detach().cpu().flatten(1)
            flat: Tensor | Rows = tensor.clone() if resident else tensor
        else:
            flat = Rows(points)[:].clone() if resident else Rows(points)
        self._all = Untruncated(flat, resident=resident, progress=portion(tell, 0.0, READ))
        self.center = self._all.centre.reshape(self.shape)
        self._tolerance, self._device = tolerance, torch.device(device)
        self._search = None if resident else self._built(points, portion(tell, READ, 1.0))
        self._classes = None if labels is None else given_classes(labels, len(points))
        if self._classes is not None:
            self.num_classes = max(0, int(self._classes.max()) + 1)

    def _built(self, points: Any, progress: Progress = silent) -> Search | None:
        """A search of the points, which are those in `points` as they were given; None where the tolerance is 0."""
        allowed = self._tolerance * float(self._all.reach)
        if allowed <= 0:
            return None
        rows, place = self._all.points, None
        stored = rows.bytes if isinstance(rows, Rows) else None
        if stored is not None:
            place = torch.device("cpu")
        elif in_memory(points) and _CODE_BYTES * math.prod(points.shape) <= limit():
            place = self._device
        known = (self._all.centre, self._all.norms, allowed)
        return Search.build(rows, self._all.slices, *known, place, stored, progress)

    @cached_property
    def searched(self) -> OptimalDenoiser:
        """The same denoiser, whose answers are searched first from 10⁶ numbers on. It is for pictures that follow a
        pointer, because it is faster and certified, while the untruncated answers are those that runs repeat.
        """
        if self._search is not None or math.prod(self.points.shape) < SEARCHED_NUMBERS:
            return self
        quick = copy(self)
        quick._search = self._built(self.points)
        return quick

    def __len__(self) -> int:
        return len(self._all.points)

    @property
    def points(self) -> Tensor | Rows:
        """The points as rows, (N, d), indexable by slices and index tensors."""
        return self._all.points

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        x = x.to(device="cpu", dtype=torch.float64)
        if not derivatives.wanted(x, sigma):
            return self.mean(x, sigma, labels)
        return derivatives.call(derivatives.Denoised, x, sigma, labels, self)

    @torch.no_grad()
    def mean(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        """D* for x (b, *shape) float64, sigma (b,) float64 and labels (b,) int64 or None, without derivatives."""
        check_queries(x, sigma, labels)
        mean = torch.empty(x.flatten(1).shape, dtype=torch.float64)
        for rows, known in self._answers(x, sigma, labels, gaps=False):
            mean[rows] = known.mean if isinstance(known, Found) else self._all.mean(known)
        return mean.reshape(x.shape)

    @torch.no_grad()
    def posterior(self, x: Any, sigma: Any, labels: Any = None, k: int = 64, *, every: bool = False) -> Posterior:
        """The posterior over the data at x (B, *shape), with the largest min(k, N) weights. See `Posterior`.

        every: with all weights as well, unsorted. Other arguments and errors are those of a call.
        """
        if derivatives.transformed():
            raise ValueError("A posterior has no derivatives and cannot be mapped over; transform D* itself.")
        points, levels = float64_queries(self.shape, x, sigma)
        classes = None if labels is None else _labels(labels, len(points))
        check_queries(points, levels, classes)
        k = min(checked_count("k", k, 1), len(self))
        counts = torch.full((len(points),), len(self)) if classes is None else self._counts(classes)
        parts, place, start = [], torch.empty(len(points), dtype=torch.int64), 0
        for rows, known in self._answers(points, levels, classes, gaps=True):
            found = known if isinstance(known, Found) else None
            chunk = known if isinstance(known, Gaps) else self._gaps_of(known, points, levels, rows)
            seen = None if classes is None else classes[rows]
            parts.append(self._describe(chunk, found, levels[rows], counts[rows], self._log_repeats(seen), k, every))
            place[rows] = torch.arange(start, start + len(rows))
            start += len(rows)
        columns = {name: torch.cat([part[name] for part in parts])[place] for name in parts[0]}
        columns["mean"] = columns["mean"].reshape(points.shape)
        return Posterior(**columns)

    def squared_distances(self, x: Any) -> Tensor | None:
        """‖x − y_i‖² of one x (*shape) to all points, (N,) float64, from the codes of a search, and with the error that
        `Search.squared_distances` states; None where there are no codes.
        """
        points, _ = float64_queries(self.shape, real("x", x)[None], 0.0)
        check_queries(points, torch.zeros(1, dtype=torch.float64))
        return None if self._search is None else self._search.squared_distances(points.flatten())

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

    def counts(self, labels: Any, batch: int) -> Any:
        """How many points each of `batch` queries sees: (B,) with labels (B,), else one number."""
        return len(self) if labels is None else self._counts(_labels(labels, batch)).numpy()

    def _counts(self, labels: Tensor) -> Tensor:
        """How many points each query sees, (b,). ValueError where one sees none."""
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

    def _answers(
        self, x: Tensor, sigma: Tensor, labels: Tensor | None, *, gaps: bool
    ) -> Iterator[tuple[Tensor, Gaps | Found]]:
        """Yields chunks of queries: their numbers, and what a search found for them or their gaps.

        The search comes first where there is one. Queries that it leaves over are yielded again, with their gaps; the
        later answer counts.
        """
        if labels is not None:
            self._counts(labels)
        flat, rest = x.flatten(1), torch.arange(len(x))
        if self._search is not None and len(x):
            parts, left = list(torch.split(rest, self._search.at_once())), []
            while parts:
                rows = parts.pop(0)
                try:
                    found = self._search(flat[rows], sigma[rows], self._hidden(labels, rows), gaps)
                except torch.OutOfMemoryError:  # other programs took memory of the device meanwhile
                    if len(rows) == 1:
                        raise
                    parts[:0] = rows.chunk(2)
                    continue
                left.append(rows[found.left])
                yield rows, found
            rest = torch.cat(left)
            if not len(rest):
                return
        size = max(1, min(NUMBERS_AT_ONCE // len(self), max(64, _NUMBERS_IN_CACHE // len(self))))
        for rows in torch.split(rest, size):
            yield rows, self._all.gaps(flat[rows], sigma[rows], self._hidden(labels, rows))

    def _gaps_of(self, found: Found, x: Tensor, sigma: Tensor, rows: Tensor) -> Gaps:
        assert found.gap is not None
        flat, anchor = x[rows].flatten(1), found.anchor
        precision, offset = sigma[rows, None].clamp(min=SMALLEST_SIGMA) ** -2, flat - self._all.points[anchor]
        return Gaps(gap=found.gap, precision=precision, anchor=anchor, x=flat, offset=offset, refined=None)

    def _hidden(self, labels: Tensor | None, rows: Tensor) -> Tensor | None:
        """The points that queries do not see, (b, N); None where they see all."""
        if labels is None or self._classes is None or bool((labels[rows] < 0).all()):
            return None
        return (labels[rows, None] >= 0) & (self._classes != labels[rows, None])

    @cached_property
    def _repeats(self) -> tuple[Tensor, Tensor] | None:
        """How often each point occurs among all and in its class, (N,) each; None where no point is there twice."""
        often = repeats.counts(self.points, parts=self._all.slices())
        if often is None:
            return None
        inside = often if self._classes is None else repeats.counts(self.points, self._classes, self._all.slices())
        return torch.from_numpy(often), torch.from_numpy(np.ones_like(often) if inside is None else inside)

    def _log_repeats(self, labels: Tensor | None) -> Tensor | None:
        """ln of how often each point occurs among those that a query sees, (N,) or (b, N)."""
        if self._repeats is None:
            return None
        everywhere, inside = (often.double().log() for often in self._repeats)
        return everywhere if labels is None else torch.where(labels[:, None] < 0, everywhere, inside)

    def _describe(
        self,
        chunk: Gaps,
        found: Found | None,
        sigma: Tensor,
        counts: Tensor,
        log_repeats: Tensor | None,
        k: int,
        every: bool,
    ) -> dict[str, Tensor]:
        logits = chunk.logits.clamp_(min=_LEAST_LOGIT)
        weights = torch.softmax(logits, dim=1).masked_fill_(logits <= _LEAST_LOGIT, 0.0)
        mean = self._all.mean(chunk) if found is None else found.mean
        largest, indices = weights.topk(k, dim=1)
        entropy = torch.special.entr(weights).sum(1)
        distinct = entropy  # w of each of m equal points is W/m: −Σ W ln W = −Σ w ln w − Σ w ln m
        if log_repeats is not None:
            distinct = (entropy - (weights * log_repeats).sum(1)).clamp(min=0)
        near, precision = chunk.offset.square().sum(1), chunk.precision[:, 0]
        volume = self._all.points.shape[1] / 2 * (precision.log() - math.log(2 * math.pi))
        density = torch.logsumexp(logits, dim=1) - near * precision / 2 + volume - counts.double().log()
        at_zero = torch.where(near > 0, -math.inf, math.inf).double()
        return {
            "weights": largest,
            "indices": indices,
            "effective_neighbours": entropy.exp(),
            "distinct_neighbours": distinct.exp(),
            "entropy": entropy,
            "log_density": torch.where(sigma > 0, density, at_zero),
            "mean": mean,
            "bound": self._all.bound(chunk, mean) if found is None else found.bound,
            **({"every": weights} if every else {}),
        }
