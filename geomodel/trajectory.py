"""The results of a run: a `Step` at a time while it is computed, a `Trajectory` when it is done."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, NamedTuple

import numpy as np

from geomodel import run_files
from geomodel.arrays import Array

if TYPE_CHECKING:
    from torch import Tensor


class Evaluation(NamedTuple):
    """One call of the denoiser: the point, the noise level, and its answer D(x; sigma)."""

    x: Tensor
    sigma: float
    denoised: Tensor


@dataclass(frozen=True, slots=True)
class Combination:
    """How a step combines its evaluations.

        x' = alpha x + sum_j (a_j x_j + b_j D_j) + gamma xi + constant

    `evaluations` lists this step's stages in order, then those of the history, newest first; `a`, `b` and
    `slope_weights` are aligned with it. `slope_weights` (None where the rule is not in slopes) are the w_j of
    x' = x + (sigma' - sigma) sum_j w_j (x_j - D_j) / sigma_j. Only an analytic first slope has a `constant`.
    """

    alpha: float
    evaluations: tuple[Evaluation, ...] = ()
    a: tuple[float, ...] = ()
    b: tuple[float, ...] = ()
    gamma: float = 0.0
    constant: Tensor | None = None
    slope_weights: tuple[float, ...] | None = None

    def apply(self, x: Tensor, noise: Tensor | None = None) -> Tensor:
        """x' from the step's start x and, where gamma is not 0, its standard normal draw."""
        result = self.alpha * x
        for evaluation, a, b in zip(self.evaluations, self.a, self.b, strict=True):
            if a:
                result = result.add(evaluation.x, alpha=a)
            if b:
                result = result.add(evaluation.denoised, alpha=b)
        if self.gamma and noise is not None:
            result = result.add(noise, alpha=self.gamma)
        return result if self.constant is None else result + self.constant


@dataclass(frozen=True, slots=True)
class Step:
    """One interval (sigma, sigma_next) of a run. Tensors are (B, *shape) and never written to again."""

    index: int
    sigma: float
    sigma_next: float
    x: Tensor
    x_next: Tensor
    denoised: Tensor  # D(x; sigma); NaN where nothing was evaluated there and display="off"
    stages: tuple[Evaluation, ...]  # the true evaluations of this step, in order
    combination: Combination
    evaluations: Any  # used in this step: one number, or (B,) for adaptive solvers
    network_calls: int  # forward passes in this step (guidance needs two an evaluation)
    looks: int  # display evaluations: extra ones that only serve what is shown
    info: Mapping[str, int] = field(default_factory=dict)  # how many attempts were accepted and rejected
    state: Any = None  # opaque; `iterate(resume=step)` needs it

    @property
    def slope(self) -> Tensor:
        """dx/dσ at x: (x − D)/σ. Computed when it is asked for, because most runs never ask."""
        return (self.x - self.denoised) / self.sigma


@dataclass(frozen=True, slots=True, eq=False)
class Trajectory:
    """The record of a run, NumPy on the CPU.

    Shapes: x (steps + 1, B, *shape); denoised (steps, B, *shape), row i being D(x[i]; sigmas[i]); sigmas (steps + 1,);
    evaluations_at cumulative (steps + 1,). `looks` counts display evaluations, which only serve what is shown. `extras`
    holds further arrays whose first axis runs over the levels, such as the effective neighbours.
    """

    x: Array
    denoised: Array
    sigmas: Array
    evaluations: Any
    evaluations_at: Array
    network_calls: int
    looks: int
    final_denoised: Array | None = None
    seeds: Array | None = None
    labels: Array | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    extras: dict[str, Array] = field(default_factory=dict)

    @property
    def steps(self) -> int:
        """Number of intervals."""
        return len(self.sigmas) - 1

    @property
    def slopes(self) -> Array:
        """dx/dsigma = (x - D) / sigma at every level but the last, (steps, B, *shape)."""
        sigma = self.sigmas[:-1].reshape(-1, *[1] * (self.x.ndim - 1))
        return np.asarray((self.x[:-1] - self.denoised) / sigma)

    def save(self, path: str | Path) -> None:
        """Write the run as NPZ: arrays by their names, `settings` as JSON text, extras as ``extra.NAME``."""
        run_files.write(path, self._arrays(), self.settings)

    def save_into(self, file: IO[bytes]) -> None:
        """Write the same into an open file."""
        run_files.write_into(file, self._arrays(), self.settings)

    def _arrays(self) -> dict[str, Any]:
        arrays: dict[str, Any] = {
            "evaluations": np.asarray(self.evaluations),
            "network_calls": np.array(self.network_calls),
            "looks": np.array(self.looks),
        }
        for name in ("x", "denoised", "sigmas", "evaluations_at", "final_denoised", "seeds", "labels"):
            if (value := getattr(self, name)) is not None:
                arrays[name] = np.asarray(value)
        arrays.update({f"extra.{name}": np.asarray(value) for name, value in self.extras.items()})
        return arrays

    @classmethod
    def load(cls, path: str | Path) -> Trajectory:
        """Read a run written by `save`. A file that is not one: ValueError with one sentence. Nothing is executed."""
        return from_arrays(*run_files.read(Path(path)))


def from_arrays(arrays: dict[str, Array], settings: dict[str, Any]) -> Trajectory:
    """The run that a file holds, from what `geomodel.run_files` has read."""
    evaluations = arrays["evaluations"]
    return Trajectory(
        x=arrays["x"],
        denoised=arrays["denoised"],
        sigmas=arrays["sigmas"],
        evaluations=int(evaluations) if evaluations.ndim == 0 else evaluations,
        evaluations_at=arrays["evaluations_at"],
        network_calls=int(arrays["network_calls"]),
        looks=int(arrays["looks"]),
        final_denoised=arrays.get("final_denoised"),
        seeds=arrays.get("seeds"),
        labels=arrays.get("labels"),
        settings=settings,
        extras={key.removeprefix("extra."): value for key, value in arrays.items() if key.startswith("extra.")},
    )
