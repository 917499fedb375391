"""D* of data that are split among processes: each one reads its own part, and a few messages make one answer.

Every process r has the points y_i of its part, an anchor a_r (its nearest point) and, from `untruncated`, the gaps
g_i = (‖x − y_i‖² − ‖x − a_r‖²)/2 with the sum S_r = Σ exp(−g_i/σ²) and the mean m_r. The gap of the anchors themselves
to the nearest of them, a, is taken from differences, G_r = Δ·(Δ/2 − (x − a)), Δ = a_r − a, so that nothing cancels at
small σ. Then

    D* = Σ_r π_r m_r,   π_r ∝ S_r exp(−G_r/σ²),

which is the log-sum-exp over all points, merged. If every logit is known to δ, a share π_r is off by a factor of at
most e^{2δ}, so that with the bounds β_r of the parts

    ‖computed − exact‖ ≤ Σ_r π_r β_r + (e^{2δ} − 1) Σ_r π_r (‖m_r − D*‖ + β_r) + rounding.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
import torch.distributed as dist
from torch import Tensor

from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.optimal.input import check_queries, given_classes, given_points
from geomodel.denoisers.optimal.posterior import Rows
from geomodel.denoisers.optimal.untruncated import NO_WEIGHT, NUMBERS_AT_ONCE, SMALLEST_SIGMA, Untruncated

if TYPE_CHECKING:
    from torch.distributed import ProcessGroup

_UNIT = 2.0**-53
# Of an evaluation: what → how many float64 for b queries in d coordinates, and whether they are summed or gathered.
MESSAGES: dict[str, tuple[Callable[[int, int], int], str]] = {
    "distances of the anchors": (lambda b, d: 2 * b, "gathered"),
    "the nearest anchor": (lambda b, d: b * d, "summed"),
    "logits and their errors": (lambda b, d: 2 * b, "gathered"),
    "means and bounds": (lambda b, d: b * (d + 1), "summed"),
    "distances of the means": (lambda b, d: b, "summed"),
}


@dataclass(frozen=True, slots=True)
class _Own:
    """What one process knows about b queries: whether it has points of their class, its anchors (b, d), ln S_r, m_r
    (b, d), β_r, and the error of a logit.
    """

    seen: Tensor
    anchor: Tensor
    log_sum: Tensor
    mean: Tensor
    bound: Tensor
    error: Tensor


@dataclass(frozen=True, slots=True)
class Merged:
    """D* (B, *shape) over all parts, and a bound on ‖computed − exact‖ (B,)."""

    mean: Tensor
    bound: Tensor


class ShardedOptimalDenoiser(Denoiser):
    """`OptimalDenoiser` over points that are split among the processes of a group, without truncation.

    Every process calls it with the same x, sigma and labels, and gets the same answer, to the bit. An evaluation of b
    queries in d coordinates is two gatherings of 2 b numbers, and sums of b d, b (d + 1) and b numbers (`MESSAGES`).
    The bytes do not depend on the number of points, and those of the sums hardly on the number of processes.

    Args:
        points: (n, *shape), this process's own part, as `OptimalDenoiser` takes them; it may be an array-like over a
            file. A part may not be empty.
        labels: (n,) whole numbers, or None in every process.
        group: of processes; None: all of them. Over NCCL the messages go by way of the current CUDA device; the sums
            are those of the CPU.

    Raises:
        ValueError: what `OptimalDenoiser` refuses, parts of different shapes, or a query whose class has no points in
            any part.
        RuntimeError: `torch.distributed` is not initialised, or another process has ended.
    """

    def __init__(self, points: Any, labels: Any = None, *, group: ProcessGroup | None = None) -> None:
        points = given_points(points)
        self.shape = tuple(points.shape)[1:]
        flat: Tensor | Rows = points.detach().cpu().flatten(1) if isinstance(points, Tensor) else Rows(points)
        self._part, self._group = Untruncated(flat, resident=False), group
        self._wire = torch.device("cuda" if dist.get_backend(group) == dist.Backend.NCCL else "cpu")
        self._classes = None if labels is None else given_classes(labels, len(points))
        classes = 0 if self._classes is None else max(0, int(self._classes.max()) + 1)
        shapes = torch.tensor([len(self.shape), *self.shape, *[0] * (7 - len(self.shape))], dtype=torch.int64)
        if not bool((self._all(shapes, dist.ReduceOp.MAX) == -self._all(-shapes, dist.ReduceOp.MAX)).all()):
            raise ValueError("The parts of the data hold points of different shapes.")
        self.num_classes = int(self._all(torch.tensor([classes]), dist.ReduceOp.MAX)[0])
        size = torch.tensor([float(len(points))], dtype=torch.float64)
        total = self._all(torch.cat([self._part.centre * size, size]), dist.ReduceOp.SUM)
        self.center, self._count = (total[:-1] / total[-1]).reshape(self.shape), int(total[-1])
        reach = self._part.reach + (self._part.centre - self.center.flatten()).norm()
        self._reach = float(self._all(reach.reshape(1), dist.ReduceOp.MAX)[0])

    def __len__(self) -> int:
        return self._count

    def _all(self, values: Tensor, how: Any) -> Tensor:
        """The values of all processes, combined."""
        sent = values.to(self._wire, copy=True)
        dist.all_reduce(sent, how, group=self._group)
        return sent.to(values.device)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        return self.merged(x.to(device="cpu", dtype=torch.float64), sigma, labels).mean

    @torch.no_grad()
    def merged(self, x: Tensor, sigma: Tensor, labels: Tensor | None = None) -> Merged:
        """D* and its bound for x (B, *shape) float64, sigma (B,) float64 and labels (B,) int64 or None."""
        check_queries(x, sigma, labels)
        flat, precision = x.flatten(1), sigma.clamp(min=SMALLEST_SIGMA) ** -2
        own = self._own(flat, sigma, labels)
        anchor = self._nearest(flat, own)
        delta = own.anchor - anchor
        gap = (delta * (delta / 2 - (flat - anchor))).sum(1)
        length, gamma = delta.norm(dim=1), (flat.shape[1] + 8) * _UNIT
        doubt = gamma * length * (length / 2 + (flat - anchor).norm(dim=1))
        logit = torch.where(own.seen, own.log_sum - gap * precision, -math.inf)
        error = own.error + doubt * precision + 8 * _UNIT * (own.log_sum.abs() + gap.abs() * precision)
        logits, errors = self._every(torch.stack([logit, error])).unbind(1)
        shares = logits.softmax(0)
        share = shares[dist.get_rank(self._group)]
        there = share > 0
        error = torch.where(shares > 0, errors, 0.0).amax(0)
        parts = torch.where(there[:, None], torch.cat([own.mean, own.bound[:, None]], dim=1) * share[:, None], 0.0)
        sums = self._all(parts, dist.ReduceOp.SUM)
        mean, inside = sums[:, :-1], sums[:, -1]
        away = torch.where(there, share * ((own.mean - mean).norm(dim=1) + own.bound), 0.0)
        slack = 16 * _UNIT * (self._reach + mean.norm(dim=1)) + 2 * self._reach * self._count * math.exp(-NO_WEIGHT)
        bound = (inside + (2 * error).expm1() * self._all(away, dist.ReduceOp.SUM)).nan_to_num(nan=math.inf) + slack
        return Merged(mean.reshape(x.shape), bound.clamp(max=2 * self._reach))

    def _own(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> _Own:
        """What this process knows about queries x (b, d)."""
        seen, hidden = torch.ones(len(x), dtype=torch.bool), None
        if labels is not None and self._classes is not None and bool((labels >= 0).any()):
            hidden = (labels[:, None] >= 0) & (self._classes != labels[:, None])
            seen = ~hidden.all(dim=1)
        if hidden is not None:
            hidden[~seen] = False  # these rows count for nothing; with their points hidden they would be NaN
        parts = []
        for rows in torch.split(torch.arange(len(x)), max(1, NUMBERS_AT_ONCE // len(self._part.points))):
            gaps = self._part.gaps(x[rows], sigma[rows], None if hidden is None else hidden[rows])
            mean = self._part.mean(gaps)
            anchor = self._part.points[gaps.anchor].double()
            parts.append((anchor, gaps.logits.logsumexp(1), mean, self._part.bound(gaps, mean), gaps.logit_error))
        return _Own(seen, *(torch.cat(part) for part in zip(*parts, strict=True)))

    def _nearest(self, x: Tensor, own: _Own) -> Tensor:
        """The anchor (b, d) of the part whose anchor is nearest to each query, in every process the same one.

        ValueError where no part has points of the class of a query.
        """
        far = torch.where(own.seen, (x - own.anchor).norm(dim=1), math.inf)
        every, seen = self._every(torch.stack([far, own.seen.double()])).unbind(1)
        if not bool(seen.any(dim=0).all()):
            raise ValueError(
                "No data point has the label of a query; choose a class of the data, or -1 for all points."
            )
        mine = every.argmin(dim=0) == dist.get_rank(self._group)
        return self._all(torch.where(mine[:, None], own.anchor, 0.0), dist.ReduceOp.SUM)  # of one and zeros: exact

    def _every(self, own: Tensor) -> Tensor:
        """The values of all processes, (R, *own.shape)."""
        got = [torch.empty_like(own, device=self._wire) for _ in range(dist.get_world_size(self._group))]
        dist.all_gather(got, own.to(self._wire), group=self._group)
        return torch.stack(got).to(own.device)
