"""The loop that every solver runs in. A solver is a class with one method, `advance`."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any, ClassVar, Literal

import torch
from torch import Tensor

from geomodel.arrays import Array
from geomodel.denoisers.base import ask
from geomodel.formulas import Levels
from geomodel.trajectory import Combination, Evaluation, Step

Denoise = Callable[[Tensor, float | Tensor], Tensor]  # sigma is a (B,) tensor for adaptive solvers
Draw = Callable[[int, float, float], Tensor]  # step index, sigma, sigma_next: a standard normal ξ like x


class DenoiserError(ValueError):
    """A denoiser's answer cannot be used, because it is no tensor, has another shape than x, or is not finite."""


@dataclass(frozen=True, slots=True)
class State:
    """The state after a step that a run needs to go on."""

    index: int
    history: tuple[Evaluation, ...]  # evaluations at the starts of the steps so far, newest first
    carried: Evaluation | None = None  # becomes the start of the next step


@dataclass
class Interval:
    """One interval (sigma, sigma_next) as a rule sees it, with methods that evaluate D and make the combination."""

    x: Tensor
    sigma: float
    sigma_next: float
    remaining: int  # intervals left, this one included
    levels: Sequence[float]  # of the whole schedule, descending
    history: tuple[Evaluation, ...]  # newest first
    denoise: Denoise
    moments: tuple[Array, float] | None = None  # (mean, variance): the slope at the start is analytic
    carried: Evaluation | None = None  # the evaluation that the step before left as this one's start
    draw: Callable[[], Tensor] | None = None  # for stochastic rules
    stages: list[Evaluation] = field(default_factory=list)
    left: Evaluation | None = None  # the evaluation that this step leaves as the start of the next
    _start: Evaluation | None = field(default=None, init=False)

    def evaluate(self, x: Tensor, sigma: float) -> Evaluation:
        """Evaluate the denoiser. The evaluation becomes a stage of the step."""
        stage = Evaluation(x if x is self.x else self.finite(x), sigma, self.denoise(x, sigma))
        self.stages.append(stage)
        return stage

    def finite(self, x: Tensor) -> Tensor:
        """A point that the step has come to. It is finite where the answers before it are, as all have weight in it."""
        if is_finite(x):
            return x
        for stage in self.stages:
            finite_answer(stage.denoised, stage.sigma)
        raise DenoiserError(
            f"x became NaN or infinite in the step from σ = {self.sigma:.4g} to {self.sigma_next:.4g}; "
            "the denoiser's answers are too large."
        )

    @cached_property
    def xi(self) -> Tensor:
        """The interval's draw from N(0, I), which is made when it is first needed."""
        assert self.draw is not None, "a stochastic rule is run with draws"
        return self.draw()

    @property
    def start(self) -> Evaluation:
        """D at the interval's start: carried over, computed for a Gaussian (analytic first slope), or evaluated.

        It is no `cached_property`, because in Python 3.11 that locks out every other thread's run while D is evaluated.
        """
        if self._start is None:
            self._start = self._begin()
        return self._start

    def _begin(self) -> Evaluation:
        if self.carried is not None:
            return self.carried
        if self.moments is None:
            return self.evaluate(self.x, self.sigma)
        share, rest = self._gaussian(*self.moments)
        return Evaluation(self.x, self.sigma, share * self.x + rest)

    @property
    def span(self) -> tuple[float, float]:
        """The schedule's smallest positive level and its largest."""
        return self.levels[-1] or self.levels[-2], self.levels[0]

    @property
    def ends_run(self) -> bool:
        """Whether no interval to a positive level follows, so that the run ends here or with a jump to 0."""
        return self.remaining == 1 + (self.levels[-1] == 0)

    def euler_point(self, sigma: float, weight: float = 1.0) -> Tensor:
        """x + w (σ̃ − σ) e, the point that an Euler step from the start reaches, or a share of it."""
        return self.start.denoised.lerp(self.x, 1 - weight + weight * sigma / self.sigma)

    def in_slopes(self, evaluations: Sequence[Evaluation], weights: Sequence[float]) -> Combination:
        """x' = x + (σ' − σ) Σ w_j (x_j − D_j)/σ_j; the first evaluation is `start`.

        The slope at x itself enters as the convex form (1 − w + w σ'/σ) x + w (1 − σ'/σ) D, so that w = 1 and σ' = 0
        give D exactly.
        """
        width = self.sigma_next - self.sigma
        a, b = [], []
        for past, weight in zip(evaluations, weights, strict=True):
            a.append(scale := width * weight / past.sigma)
            b.append(-scale)
        if self.carried is not None:
            return self._combination(1.0, evaluations, a, b, weights)
        first, ratio = weights[0], self.sigma_next / self.sigma
        a[0], b[0] = 0.0, first * (1 - ratio)
        return self._combination(1 - first + first * ratio, evaluations, a, b, weights)

    def in_denoised(self, alpha: float, evaluations: Sequence[Evaluation], b: Sequence[float]) -> Combination:
        """x' = αx + Σ b_j D_j; the first evaluation is `start`."""
        return self._combination(alpha, evaluations, [0.0] * len(b), b, None)

    def _combination(
        self,
        alpha: float,
        evaluations: Sequence[Evaluation],
        a: Sequence[float],
        b: Sequence[float],
        slope_weights: Sequence[float] | None,
    ) -> Combination:
        if self.carried is not None:
            evaluations, a, b = self._own_first(evaluations), self._own_first(a), self._own_first(b)
            slope_weights = slope_weights and self._own_first(slope_weights)
        if self.moments is not None:
            # The start's D is share x + rest, so it is no evaluation but adds to α and to the constant.
            share, rest = self._gaussian(*self.moments)
            return Combination(
                alpha + b[0] * share, tuple(evaluations[1:]), tuple(a[1:]), tuple(b[1:]), constant=b[0] * rest
            )
        weights = None if slope_weights is None else tuple(slope_weights)
        return Combination(alpha, tuple(evaluations), tuple(a), tuple(b), slope_weights=weights)

    def _own_first(self, values: Sequence[Any]) -> list[Any]:
        """The values with those of this step's evaluations before the start's, because a carried start is history."""
        own = len(self.stages)
        return [*values[1 : own + 1], values[0], *values[own + 1 :]]

    def _gaussian(self, mean: Array, variance: float) -> tuple[float, Tensor]:
        """D(x) = mean + variance/(variance + σ²) (x − mean) as (factor of x, the rest)."""
        share = variance / (variance + self.sigma**2)
        return share, (1 - share) * torch.as_tensor(mean)


@dataclass(frozen=True, kw_only=True)
class Solver:
    """An update rule for dx/dσ = (x − D(x; σ))/σ."""

    stochastic: ClassVar[bool] = False  # it draws ξ, so `Interval.xi` exists

    analytic_first_step: tuple[Array, float] | Literal[False] = False

    @property
    def memory(self) -> int:
        """How many evaluations of earlier steps the rule reads."""
        return 0

    def advance(self, at: Interval) -> Combination:
        """The step over an interval that does not end at 0, as a combination whose first term is `at.start`."""
        raise NotImplementedError

    def advance_to_zero(self, at: Interval) -> Combination:
        """The step over an interval that ends at 0: an Euler step, which gives D."""
        return euler(at)


@dataclass(frozen=True, kw_only=True)
class Multistep(Solver):
    """A rule that combines the evaluations at the starts of this step and of earlier ones, with one evaluation a step.

    It starts with order 1, then 2, and so on. With `lower_order_final` the order never exceeds the number of intervals
    left.
    """

    order: int
    lower_order_final: bool

    @property
    def memory(self) -> int:
        return self.order - 1

    def nodes(self, at: Interval) -> tuple[Evaluation, ...]:
        """The evaluations that this step combines, newest first: as many as its order."""
        order = min(self.order, at.remaining) if self.lower_order_final else self.order
        return (at.start, *at.history[: order - 1])


def levels_of(nodes: Sequence[Evaluation]) -> list[float]:
    """The noise levels of the evaluations."""
    return [node.sigma for node in nodes]


def euler(at: Interval) -> Combination:
    """x' = x + (σ' − σ) e, which is D in an interval to 0."""
    return at.in_slopes((at.start,), (1.0,))


def checked_denoise(model: Callable[..., Any], labels: Tensor | None) -> Denoise:
    """The model as D(x, sigma) in float64 on the CPU; DenoiserError where an answer is no tensor of x's shape."""

    def denoise(x: Tensor, sigma: float | Tensor) -> Tensor:
        answer = ask(model, x, sigma, labels)
        if not isinstance(answer, Tensor):
            raise DenoiserError(
                f"The denoiser returned a {type(answer).__name__} at {_level(sigma)}; it must return a tensor."
            )
        if answer.shape != x.shape:
            raise DenoiserError(
                f"The denoiser returned shape {tuple(answer.shape)} at {_level(sigma)}; "
                f"it must return the shape of x, {tuple(x.shape)}."
            )
        return answer.to("cpu", torch.float64)

    return denoise


def finite_answer(denoised: Tensor, sigma: float | Tensor) -> Tensor:
    """The answer; DenoiserError where it is not finite."""
    if not is_finite(denoised):
        word = "NaN" if bool(denoised.isnan().any()) else "an infinite value"
        raise DenoiserError(
            f"The denoiser returned {word} at {_level(sigma)}; it must be finite at every level of the schedule."
        )
    return denoised


def _level(sigma: float | Tensor) -> str:
    """σ for a sentence: one level, or the range of levels of an adaptive run's samples."""
    low, high = (sigma, sigma) if isinstance(sigma, float) else (float(sigma.min()), float(sigma.max()))
    return f"σ = {low:.4g}" if low == high else f"σ = {low:.4g} to {high:.4g}"


def is_finite(x: Tensor) -> bool:
    """Whether every entry is finite. Usually one sum shows it; only where it overflows is every entry checked."""
    return math.isfinite(x.sum().item()) or bool(torch.isfinite(x).all())


def run(
    solver: Solver,
    denoise: Denoise,
    x: Tensor,
    levels: Levels,
    *,
    calls_at: Callable[[float], int],
    exact_display: bool,
    state: State | None = None,
    draw: Draw | None = None,
    jump_at: int | None = None,
) -> Iterator[Step]:
    """Yields the steps over descending levels, from x at levels[0] or after the step that left `state`.

    `draw` gives stochastic solvers their ξ. At level `jump_at` the run leaves the schedule, whose steps up to there are
    those of the whole run, and ends with D at its x.
    """
    sigmas, unknown = levels.tolist(), torch.full_like(x, math.nan)
    first = 0 if state is None else state.index + 1
    history, carried = ((), None) if state is None else (state.history, state.carried)
    for index in range(first, len(sigmas) - 1 if jump_at is None else jump_at + 1):
        jumps = index == jump_at
        at = Interval(
            x=x,
            sigma=sigmas[index],
            sigma_next=0.0 if jumps else sigmas[index + 1],
            remaining=len(sigmas) - 1 - index,
            levels=sigmas,
            history=history,
            denoise=denoise,
            moments=solver.analytic_first_step or None if index == 0 and not jumps else None,
            carried=None if jumps else carried,
            draw=None if draw is None else partial(draw, index, sigmas[index], sigmas[index + 1]),
        )
        advance = euler if jumps else solver.advance if at.sigma_next > 0 else solver.advance_to_zero
        combination = advance(at)
        x_next = at.finite(combination.apply(x, at.xi if combination.gamma else None))
        if solver.memory:
            history = (at.start, *history)[: solver.memory]
        carried = at.left
        denoised, display_evaluations = _displayed(at, exact_display, unknown)
        yield Step(
            index=index,
            sigma=at.sigma,
            sigma_next=at.sigma_next,
            x=x,
            x_next=x_next,
            denoised=denoised,
            stages=tuple(at.stages),
            combination=combination,
            evaluations=len(at.stages),
            network_calls=sum(calls_at(stage.sigma) for stage in at.stages),
            looks=display_evaluations,
            state=State(index, history, carried),
        )
        x = x_next


def _displayed(at: Interval, exact: bool, unknown: Tensor) -> tuple[Tensor, int]:
    """D(x; sigma) for display, and the number of display evaluations: 0 where the solver itself evaluated there."""
    if at.stages and at.stages[0].x is at.x:
        return at.stages[0].denoised, 0
    if exact:
        return finite_answer(at.denoise(at.x, at.sigma), at.sigma), 1
    return unknown, 0
