"""The record of a run while it is computed, in preallocated arrays with one writer and any number of readers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array
from geomodel.trail import Trail
from geomodel.trajectory import Trajectory

if TYPE_CHECKING:
    from geomodel.trajectory import Step


@dataclass(frozen=True, slots=True)
class StepDetail:
    """The inside of a step as arrays: stages and history of the samples that are kept, with their weights.

    x and denoised are (evaluations, kept samples, *shape), aligned with sigmas, a, b and slope_weights; the first
    `stages` rows are this step's own evaluations, the others its history, newest first.
    """

    x: Array
    denoised: Array
    sigmas: tuple[float, ...]
    stages: int
    alpha: float
    a: tuple[float, ...]
    b: tuple[float, ...]
    slope_weights: tuple[float, ...] | None


def detail_of(step: Step, samples: tuple[int, ...] | None = None) -> StepDetail:
    """The inside of a step, for all samples or some."""
    rows = slice(None) if samples is None else list(samples)
    made = step.combination
    shape = (len(made.evaluations), *step.x[rows].shape)
    return StepDetail(
        x=np.array([np.asarray(item.x[rows]) for item in made.evaluations]).reshape(shape),
        denoised=np.array([np.asarray(item.denoised[rows]) for item in made.evaluations]).reshape(shape),
        sigmas=tuple(item.sigma for item in made.evaluations),
        stages=len(step.stages),
        alpha=made.alpha,
        a=made.a,
        b=made.b,
        slope_weights=made.slope_weights,
    )


class Record:
    """x and D of a run, written step by step. The first `committed` levels may be read.

    A reader reads `committed` first and then no later level than that. `samples` names the samples whose stage points
    are kept in `details` (None: all; none: there are no details, which saves a third of the time of a small step).
    """

    def __init__(
        self, sigmas: Array, batch: int, shape: tuple[int, ...], dtype: str, samples: tuple[int, ...] | None = None
    ) -> None:
        levels = len(sigmas)
        self.sigmas = np.asarray(sigmas, dtype=np.float64)
        self.x: Array = np.full((levels, batch, *shape), np.nan, dtype)
        self.denoised: Array = np.full((levels - 1, batch, *shape), np.nan, dtype)
        self.evaluations_at = np.zeros(levels, np.int64)
        self.network_calls = 0
        self.looks = 0
        self.samples = samples
        self.details: list[StepDetail] = []
        self.extras: dict[str, Array] = {}
        self.end: Any = None  # x where the run has arrived, as its solver has it
        self.beside_end: Any = None  # where the run beside it has
        self.center: Array = np.zeros(shape)  # from which norms are measured
        self.trail = Trail()
        self.committed = 0

    @property
    def complete(self) -> bool:
        """Whether every level has been written."""
        return self.committed == len(self.sigmas)

    def start(self, x: Any) -> None:
        """Write the first level."""
        self.x[0] = x
        self.committed = 1

    def append(
        self,
        step: Step,
        extras: Mapping[str, Array] | None = None,
        reached: Mapping[str, Array] | None = None,
        passed: Mapping[str, Array] | None = None,
    ) -> None:
        """Write a step and the measures taken at its start (`extras`), at its end (`reached`) and one level before its
        start (`passed`), then commit it.

        A measure that is taken at both ends has a row for every level, the last one included.
        """
        i = step.index
        self.denoised[i] = step.denoised.numpy()
        self.x[i + 1] = step.x_next.numpy()
        self.end = step.x_next
        if self.evaluations_at.ndim == 1 and isinstance(step.evaluations, np.ndarray):  # adaptive: one for each sample
            self.evaluations_at = np.repeat(self.evaluations_at[:, None], self.x.shape[1], axis=1)
        self.evaluations_at[i + 1] = self.evaluations_at[i] + step.evaluations
        self.network_calls += step.network_calls
        self.looks += step.looks
        if self.samples is None or self.samples:
            self.details.append(detail_of(step, self.samples))
        after = reached or {}
        for name, value in (extras or {}).items():
            if name not in self.extras:
                self._begin(name, value, len(self.sigmas) - (name not in after))
            self.extras[name][i] = value
        for name, value in after.items():
            self.extras[name][i + 1] = value
        self.pass_by(i - 1, passed or {})
        self.committed = i + 2

    def pass_by(self, level: int, measures: Mapping[str, Array]) -> None:
        """Write measures that are known only after their level was left: a row for every level but the last."""
        for name, value in measures.items():
            if name not in self.extras:
                self._begin(name, value, len(self.sigmas) - 1)
            self.extras[name][level] = value

    def _begin(self, name: str, value: Array, rows: int) -> None:
        """A measure that was not there before. The dictionary is replaced, because a reader may be going over it."""
        self.extras = {**self.extras, name: np.full((rows, *value.shape), np.nan, value.dtype)}

    def trajectory(
        self, *, final_denoised: Array | None, seeds: Any, labels: Any, settings: dict[str, Any]
    ) -> Trajectory:
        """The committed part as a `Trajectory` (the arrays are shared, not copied)."""
        levels = self.committed
        spent = np.asarray(self.evaluations_at[levels - 1])
        return Trajectory(
            x=self.x[:levels],
            denoised=self.denoised[: levels - 1],
            sigmas=self.sigmas[:levels],
            evaluations=int(spent) if spent.ndim == 0 else spent.copy(),
            evaluations_at=self.evaluations_at[:levels],
            network_calls=self.network_calls,
            looks=self.looks,
            final_denoised=final_denoised,
            seeds=None if seeds is None else np.asarray(seeds, np.int64),
            labels=None if labels is None else np.asarray(labels, np.int64),
            settings=settings,
            extras=known(self.extras, levels, len(self.sigmas)),
        )


def known(extras: Mapping[str, Array], levels: int, of: int) -> dict[str, Array]:
    """The rows of extras at the first `levels` of `of` levels; one row fewer where the last level has none."""
    return {name: value[: max(levels - (len(value) < of), 0)] for name, value in extras.items()}
