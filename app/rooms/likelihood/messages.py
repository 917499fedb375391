"""What the likelihood room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from app.engine.contract import Task, frozen
from geomodel.arrays import Array, Integers
from geomodel.likelihood import Along, KernelGains

if TYPE_CHECKING:
    from app.session.state import Run


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LikelihoodTask(Task):
    """Gains and densities along x (L, B, *shape), with D (L − 1, B, *shape). The result is a `Likelihoods`.

    bandwidth: h of the kernel density, None for σ_n. along: compute the densities too, which take no bandwidth.
    """

    x: Array
    denoised: Array
    sigmas: Array
    bandwidth: float | None
    along: bool


def likelihood_task(
    task_id: int, run: Run, samples: Integers | slice, bandwidth: float | None = None, *, along: bool
) -> LikelihoodTask:
    """The work for some samples of a run, at the levels that it has reached."""
    return LikelihoodTask(
        task_id=task_id,
        settings=run.settings,
        x=frozen(run.x[: run.committed, samples]),
        denoised=frozen(run.denoised[: run.committed - 1, samples]),
        sigmas=frozen(run.sigmas[: run.committed].copy()),
        bandwidth=bandwidth,
        along=along,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Densities:
    """log p(x; σ) at every level, (L, B), NaN at σ = 0: as a density gives it, and as the ODE carries it from there.

    of: which density it is. ode: None where it is not computed, and `why` says why.
    """

    known: Array
    of: str
    ode: Along | None
    why: str


@dataclass(frozen=True, slots=True, eq=False)
class Likelihoods:
    """The gains, and the densities if they were asked for."""

    gains: KernelGains
    densities: Densities | None
