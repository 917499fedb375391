"""D* of queries for which few points are left, from differences to the nearest point, in float64 and with a bound."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

FEW = 1024  # up to so many points left, differences cost less than a pass over all points
TIGHTEN = 24  # with more points left, a query is worth steps of its own
_UNIT = 2.0**-53


class Answers:
    """A batch of queries and what is known about each so far: mean, bound, nearest point, and whether it is `left`."""

    def __init__(self, x: Tensor, sigma: Tensor, hidden: Tensor | None, count: int, gaps: bool) -> None:
        self.x, self.sigma, self.hidden = x, sigma, hidden
        self.anchor = torch.zeros(len(x), dtype=torch.int64)
        self.mean = torch.empty_like(x)
        self.bound = torch.full((len(x),), math.inf, dtype=torch.float64)
        self.left = torch.ones(len(x), dtype=torch.bool)
        self.gap = torch.full((len(x), count), math.inf, dtype=torch.float64) if gaps else None


class Differences:
    """Answers queries that have few points left.

    Args:
        points: indexable by index tensors, giving (n, d) tensors. norms: (N,), distances from their mean.
        nats: T; points that are left out have weights below e^{−T}.
    """

    def __init__(self, points: Any, norms: Tensor, nats: float) -> None:
        self._points, self._nats, self._count, self._reach = points, nats, len(norms), float(norms.max())
        self._gamma = (points.shape[1] + 8) * _UNIT

    def few(self, answers: Answers, rows: Tensor, kept: list[Tensor], anchor: Tensor, gaps: Tensor | None) -> None:
        """Answer those of m queries that have few points left.

        kept: for each the points left. anchor: (m,), a near one of them. gaps: (m, N), of the other points, or None.
        """
        together = [at for at, index in enumerate(kept) if len(index) <= TIGHTEN]
        alone = [[at] for at, index in enumerate(kept) if TIGHTEN < len(index) <= FEW]
        for chosen in ([together] if together else []) + alone:
            at, listed = torch.tensor(chosen), _listed([kept[place] for place in chosen])
            self._answer(answers, rows[at], listed, anchor[at], None if gaps is None else gaps[at])

    def _answer(
        self, answers: Answers, rows: Tensor, listed: tuple[Tensor, Tensor], anchor: Tensor, gaps: Tensor | None
    ) -> None:
        """Gaps, means and bounds of m queries from differences to the points j; all others weigh below e^{−T}.

        listed: indices (m, n) of the points of each query, and which of them count. gaps (m, N): of the others.
        """
        index, real = listed
        nearest = self._points.index_select(0, anchor).double()
        if index.shape[1] == 1 and gaps is None:
            answers.mean[rows], answers.left[rows], answers.anchor[rows] = nearest, False, anchor
            others = math.exp(-self._nats) * (self._count - 1) * 2 * self._reach
            answers.bound[rows] = others + 4 * _UNIT * nearest.norm(dim=1)
            return
        offset = answers.x[rows] - nearest
        delta = self._points.index_select(0, index.flatten()).double().view(*index.shape, -1).sub_(nearest[:, None])
        lengths, near = delta.norm(dim=2), offset.norm(dim=1, keepdim=True)
        gap = lengths.square() / 2 - (delta @ offset[:, :, None])[:, :, 0]
        precision = answers.sigma[rows, None].clamp(min=1e-150) ** -2
        error = (self._gamma * lengths * (lengths / 2 + near) + 8 * _UNIT * gap.abs()) * real
        gap.masked_fill_(~real, math.inf)
        lowest, best = gap.min(dim=1, keepdim=True)
        logits = (lowest - gap) * precision
        weights = logits.exp()
        shift = (weights[:, None] @ delta)[:, 0] / weights.sum(1, keepdim=True)
        doubt, moved = error * precision, shift.norm(dim=1, keepdim=True)
        reach = (lengths.square() - 2 * (delta @ shift[:, :, None])[:, :, 0] + moved.square()).clamp(min=0).sqrt()
        reach += 2.0**-25 * (lengths + moved)  # for the rounding of that sum, under the root
        carried = logits + doubt + doubt.gather(1, best)
        excess = torch.where(doubt < 1, weights * doubt.expm1(), carried.exp())
        ratio = (excess * reach).sum(1) / (weights * (-doubt).exp()).sum(1)
        farthest = torch.where(carried > -745, reach, 0.0).amax(1)
        mean, counts = nearest + shift, real.sum(1)
        dropped = math.exp(-self._nats) * (self._count - counts) * 2 * self._reach
        rounding = _UNIT * ((2 * counts + 100) * lengths.amax(1) + 4 * mean.norm(dim=1))
        answers.mean[rows], answers.left[rows], answers.anchor[rows] = mean, False, anchor
        answers.bound[rows] = ratio.nan_to_num(nan=math.inf, posinf=math.inf).minimum(farthest) + dropped + rounding
        if answers.gap is not None and gaps is not None:
            row, column = real.nonzero(as_tuple=True)
            gaps[row, index[row, column]] = gap[row, column]
            answers.gap[rows] = gaps


def _listed(kept: list[Tensor]) -> tuple[Tensor, Tensor]:
    """Lists of indices as (m, n), padded with 0, and which of them are real."""
    counts = torch.tensor([len(index) for index in kept])
    index = torch.nn.utils.rnn.pad_sequence(kept, batch_first=True)
    return index, torch.arange(index.shape[1]) < counts[:, None]
