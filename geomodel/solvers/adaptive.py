"""Solvers that choose their own steps: embedded Runge–Kutta pairs in λ = −ln σ, with a step size for each sample."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
import torch
from torch import Tensor

from geomodel.formulas import Levels
from geomodel.solvers.base import Solver, State
from geomodel.solvers.tableaux import DORMAND_PRINCE_5, DORMAND_PRINCE_8, Pair, Weights
from geomodel.trajectory import Combination, Step

Ask = Callable[[Tensor, Tensor, Tensor], Tensor]  # x (b, *shape), sigma (b,), which samples these are (b,): D


@dataclass(frozen=True, slots=True)
class Place:
    """The state of the integration of each sample, (B, …). The tensors are never written to."""

    time: Tensor  # λ
    x: Tensor
    denoised: Tensor  # D there
    width: Tensor  # of the next attempt
    evaluations: Tensor  # so far
    left: Tensor  # where the last step began
    dense: Tensor  # (terms, B, *shape): x at `left` and the interpolant, where a level fell into that step


@dataclass(frozen=True, slots=True)
class AdaptiveState(State):
    """A state with the integration, which has gone beyond the level that was reported last, towards the level `end`."""

    place: Place | None = None
    end: float = 0.0


@dataclass(slots=True)
class Effort:
    """Counts over one interval of the schedule."""

    network_calls: int = 0
    accepted: int = 0
    rejected: int = 0


@dataclass(frozen=True, kw_only=True)
class Adaptive(Solver):
    """An embedded Runge–Kutta pair for dx/dλ = D(x; e^−λ) − x, λ = −ln σ, with a step size for each sample.

    A step is kept where the root mean square over a sample's numbers of (estimated local error)/(atol + rtol |x − c|)
    is below 1, with c the denoiser's `center`, so that the steps do not depend on where the data lie. The next width
    is 0.9 (that)^(−1/order) of the last, between a fifth and ten times. The first width comes from the usual starting
    rule (`_first_width`), which takes one evaluation. The steps do not depend on the schedule except for its last
    positive level, which is reached exactly; at the other levels x is taken from the pair's interpolant. D there is
    no evaluation of the solver but a display evaluation. In an interval to 0, x' is the D with which the integration
    ended. Derivatives go through the steps as they were chosen, not through the choice.

    The denoiser is called with the samples that still move: x (b, *shape) and sigma, a (b,) float64 tensor. No sample
    depends on the others.

    Raises ValueError where a sample would need more than `max_evaluations`.
    Sources: Hairer, Nørsett and Wanner 1993, "Solving Ordinary Differential Equations I", sections II.4 to II.6.
    """

    pair: ClassVar[Pair]

    rtol: float
    atol: float
    max_evaluations: int
    center: Tensor | None = None  # (*shape); None is the origin

    def run(
        self,
        ask: Ask,
        x: Tensor,
        levels: Levels,
        *,
        calls_at: Callable[[float], int],
        exact_display: bool,
        state: AdaptiveState | None = None,
        jump_at: int | None = None,
    ) -> Iterator[Step]:
        """The steps over descending levels, as `base.run` yields those of the other solvers."""
        sigmas = levels.tolist()
        positive = [sigma for sigma in sigmas if sigma > 0]
        times, everyone = [-math.log(sigma) for sigma in positive], torch.arange(len(x))
        ends = times[0], times[-1]
        effort = Effort()

        def asked(x: Tensor, times: Tensor, rows: Tensor) -> Tensor:
            sigma = torch.exp(-times).clamp(positive[-1], positive[0])
            # At the ends e^(ln σ) must be exactly σ.
            for time, level in ((ends[0], positive[0]), (ends[1], positive[-1])):
                sigma = torch.where(times == time, level, sigma)
            effort.network_calls += max(calls_at(level) for level in set(sigma.tolist()))
            return ask(x, sigma, rows)

        place = None if state is None else state.place
        steps = len(sigmas) - 1 if jump_at is None else jump_at + 1
        for index in range(0 if state is None else state.index + 1, steps):
            effort, jumps = Effort(), index == jump_at
            spent = torch.zeros(len(x), dtype=torch.int64) if place is None else place.evaluations
            if place is None:
                place = self._begin(asked, x, times[0])
            if bool((place.time == times[index]).all()):  # the solver's own evaluation is at the level
                denoised, display_evaluations = place.denoised, 0
            elif jumps:
                denoised, display_evaluations = asked(x, torch.full_like(place.time, times[index]), everyone), 0
                place = replace(place, denoised=denoised, evaluations=place.evaluations + 1)
            elif exact_display:
                denoised, display_evaluations = ask(x, torch.full((len(x),), sigmas[index], dtype=x.dtype), everyone), 1
            else:
                denoised, display_evaluations = torch.full_like(x, math.nan), 0
            sigma_next = 0.0 if jumps else sigmas[index + 1]
            x_next = place.denoised
            if sigma_next > 0:
                place = place if index else self._first_width(asked, place, times[-1])
                place = self._reach(asked, place, times[index + 1], times[-1], effort)
                x_next = _read(place, times[index + 1])
            evaluations = np.array((place.evaluations - spent).tolist(), np.int64)  # torch.func wraps tensors
            yield Step(
                index=index,
                sigma=sigmas[index],
                sigma_next=sigma_next,
                x=x,
                x_next=x_next,
                denoised=denoised,
                stages=(),
                combination=Combination(0.0, constant=x_next),
                evaluations=evaluations,
                network_calls=effort.network_calls,
                looks=display_evaluations,
                info={"accepted": effort.accepted, "rejected": effort.rejected},
                state=AdaptiveState(index, (), None, place, positive[-1]),
            )
            x = x_next

    def _begin(self, ask: Ask, x: Tensor, time: float) -> Place:
        times = torch.full((len(x),), time, dtype=x.dtype)
        return Place(
            time=times,
            x=x,
            denoised=ask(x, times, torch.arange(len(x))),
            width=torch.full_like(times, math.nan),
            evaluations=torch.ones(len(x), dtype=torch.int64),
            left=times,
            dense=x.new_zeros((4 + len(self.pair.dense), *x.shape)),
        )

    @torch.no_grad()
    def _first_width(self, ask: Ask, place: Place, end: float) -> Place:
        """The width of the first attempt of every sample, by a trial step of Euler.

        In the norm of the error, with slope f = D − x: h₀ = ‖x − c‖/(100 ‖f‖); the second derivative is about
        ‖f(λ + h₀) − f‖/h₀; h is such that h^order max(‖f‖, that) is 1/100, and at most 100 h₀.
        Source: Hairer, Nørsett and Wanner 1993, section II.4, "starting step size".
        """
        self._check_budget(place, everyone := torch.arange(len(place.x)), 1)
        away, slope = self._away(place.x), place.denoised - place.x
        scale = self.atol + self.rtol * away
        size, first = _size(away / scale), _size(slope / scale)
        trial = torch.where((size < 1e-5) | (first < 1e-5), 1e-6, 0.01 * size / first).clamp(max=end - place.time)
        point = place.x + _like(trial, place.x) * slope
        second = _size((ask(point, place.time + trial, everyone) - point - slope) / scale) / trial
        steepest = torch.maximum(first, second)
        width = torch.where(
            steepest <= 1e-15, (trial * 1e-3).clamp(min=1e-6), (0.01 / steepest) ** (1 / self.pair.order)
        )
        return replace(place, width=torch.minimum(100 * trial, width), evaluations=place.evaluations + 1)

    def _reach(self, ask: Ask, place: Place, target: float, end: float, effort: Effort) -> Place:
        """Attempt steps until every sample is at the target or beyond."""
        while len(rows := (place.time < target).nonzero().flatten()):
            place = self._attempt(ask, place, rows, target, end, effort)
        return place

    def _attempt(self, ask: Ask, place: Place, rows: Tensor, target: float, end: float, effort: Effort) -> Place:
        """Attempt one step of the given samples. Those whose error is small enough keep it."""
        self._check_budget(place, rows, len(self.pair.stages))
        time, x = place.time[rows], place.x[rows]
        width = torch.minimum(place.width[rows], end - time)
        arrived = torch.where(width == end - time, end, time + width)
        slopes, points = [place.denoised[rows] - x], [x]
        for node, weights in self.pair.stages:
            points.append(x + _like(width, x) * _sum(weights, slopes))
            denoised = ask(points[-1], arrived if node == 1 else time + node * width, rows)
            slopes.append(denoised - points[-1])
        x_next = points[-1]
        error = self._error(width, x, x_next, slopes)
        good = error < 1
        growth = (0.9 * error.nan_to_num(math.inf) ** (-1 / self.pair.order)).clamp(0.2, 10.0)
        effort.accepted += int(good.sum())
        effort.rejected += int((~good).sum())
        kept = rows[good]
        after = replace(
            place,
            time=place.time.index_copy(0, kept, arrived[good]),
            x=place.x.index_copy(0, kept, x_next[good]),
            denoised=place.denoised.index_copy(0, kept, denoised[good]),
            width=place.width.index_copy(0, rows, width * growth),
            evaluations=place.evaluations.index_add(0, rows, torch.full_like(rows, len(self.pair.stages))),
            left=place.left.index_copy(0, kept, time[good]),
        )
        read = good & (arrived > target)
        if not bool(read.any()):
            return after
        return self._interpolate(ask, after, rows[read], time[read], width[read], x[read], [k[read] for k in slopes])

    @torch.no_grad()
    def _error(self, width: Tensor, x: Tensor, x_next: Tensor, slopes: Sequence[Tensor]) -> Tensor:
        """The estimated local error of each sample, in units of the tolerance."""
        scale = self.atol + self.rtol * torch.maximum(self._away(x), self._away(x_next))
        first, *others = (
            (_sum(weights, slopes) / scale).flatten(1).square().mean(dim=1) for weights in self.pair.errors
        )
        if not others:
            return width * first.sqrt()
        # e₅²/√(e₅² + e₃²/100): of order 8, where e₅ is of order 6 and e₃ of order 4 (Hairer et al., section II.10).
        return width * first / (first + 0.01 * others[0]).sqrt().clamp(min=1e-300)

    def _interpolate(
        self, ask: Ask, place: Place, rows: Tensor, time: Tensor, width: Tensor, x: Tensor, slopes: list[Tensor]
    ) -> Place:
        """Store the interpolant over the step that the given samples just took from x; see `_read`."""
        self._check_budget(place, rows, len(self.pair.extra))
        wide, end = _like(width, x), len(slopes) - 1
        for node, weights in self.pair.extra:
            point = x + wide * _sum(weights, slopes)
            slopes.append(ask(point, time + node * width, rows) - point)
        change = place.x[rows] - x
        hermite = [x, change, wide * slopes[0] - change, 2 * change - wide * (slopes[0] + slopes[end])]
        terms = torch.stack([*hermite, *(wide * _sum(weights, slopes) for weights in self.pair.dense)])
        return replace(
            place,
            dense=place.dense.index_copy(1, rows, terms),
            evaluations=place.evaluations.index_add(0, rows, torch.full_like(rows, len(self.pair.extra))),
        )

    def _away(self, x: Tensor) -> Tensor:
        """How far each coordinate lies from the center."""
        return x.abs() if self.center is None else (x - self.center).abs()

    def _check_budget(self, place: Place, rows: Tensor, more: int) -> None:
        over = place.evaluations[rows] + more > self.max_evaluations
        if bool(over.any()):
            row = int(rows[over][0])
            raise ValueError(
                f"The tolerance rtol = {self.rtol:g}, atol = {self.atol:g} needs more than max_evaluations = "
                f"{self.max_evaluations:,}: sample {row} has come to σ = {math.exp(-float(place.time[row])):.4g}. "
                "Raise max_evaluations or the tolerance."
            )


class Rk45(Adaptive):
    """The pair of order 5(4) of Dormand and Prince, six evaluations a step; interpolant of order 4 by Shampine.

    Source: Dormand and Prince 1980; Shampine 1986. Control and cost: see `Adaptive`.
    """

    pair = DORMAND_PRINCE_5


class Dop853(Adaptive):
    """The pair of order 8(5, 3) of Hairer, twelve evaluations a step; interpolant of order 7, three more.

    Source: Hairer, Nørsett and Wanner 1993, section II.5. Control and cost: see `Adaptive`.
    """

    pair = DORMAND_PRINCE_8


def _read(place: Place, time: float) -> Tensor:
    """x at a time inside every sample's last step, x₀ + θ (F₁ + (1 − θ) (F₂ + θ (F₃ + (1 − θ) (F₄ + …))))."""
    span = (place.time - place.left).clamp(min=1e-300)
    theta = _like((time - place.left) / span, place.x)
    start, *terms = place.dense
    value = torch.zeros_like(start)
    for degree in range(len(terms), 0, -1):
        value = (value + terms[degree - 1]) * (theta if degree % 2 else 1 - theta)
    return torch.where(_like(place.time == time, place.x), place.x, start + value)


def _size(values: Tensor) -> Tensor:
    """The root mean square over the numbers of each sample, (b,)."""
    return values.flatten(1).square().mean(dim=1).sqrt()


def _sum(weights: Weights, slopes: Sequence[Tensor]) -> Tensor:
    """Σ_j w_j k_j."""
    total, *rest = (weight * slopes[stage] for stage, weight in weights.items())
    for term in rest:
        total = total + term
    return total


def _like(values: Tensor, x: Tensor) -> Tensor:
    """(b,) with as many dimensions as x."""
    return values.reshape(-1, *[1] * (x.ndim - 1))
