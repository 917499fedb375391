"""What the quality view shows and says: pure functions of what was measured, of the draft and of the run."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.plotting.values import Curve
from app.rooms.quality.messages import Jumps, RunQuality
from app.session.state import Run
from geomodel import solvers
from geomodel.experiments.quality import one_evaluation_solvers
from geomodel.quality import Quality, curves
from geomodel.settings import RunSettings

SAME = 0.005  # of σ: nearer levels are one, because σ is shown in so many digits
JUMP, WHOLE, CONTROL = "jump", "no jump", "held-out data"
RUN_LEGEND: tuple[tuple[Kind, str], ...] = (
    ("sampling", "x"),
    ("denoising", "D"),
    ("reference", "control: held-out data"),
)


def joined(jumps: Jumps, more: Jumps) -> Jumps:
    """Jumps with those at more levels, in the order of their levels. The last is still the run that does not jump."""
    order = np.argsort(-np.concatenate([jumps.sigmas, more.sigmas]), kind="stable")
    qualities, ends = (*jumps.qualities, *more.qualities), (*jumps.ends, *more.ends)
    return replace(
        jumps,
        sigmas=np.concatenate([jumps.sigmas, more.sigmas])[order],
        qualities=tuple(qualities[at] for at in order),
        ends=tuple(ends[at] for at in order),
    )


def level_of(jumps: Jumps, sigma: float) -> int | None:
    """The computed level at σ; None where there is none."""
    at = int(np.argmin(np.abs(np.log(jumps.sigmas / sigma))))
    return at if abs(jumps.sigmas[at] / sigma - 1) < SAME else None


def jump_curves(jumps: Jumps, name: str) -> tuple[Curve, ...]:
    """One number over the level of the jump, beside that of the whole run and of the control."""
    count = len(jumps.sigmas)
    whole, control = jumps.qualities[-1], jumps.control
    return (
        _curve("denoising", JUMP, list(jumps.qualities), name),
        _curve("sampling", WHOLE, [whole] * count, name),
        _curve("reference", CONTROL, [control] * count, name),
    )


def run_curves(run: RunQuality, name: str) -> tuple[Curve, ...]:
    """One number of x and D over the levels of the run, beside that of the control."""
    return (
        _curve("sampling", "x", list(run.x), name),
        _curve("denoising", "D", list(run.denoised), name),
        _curve("reference", CONTROL, [run.control] * len(run.sigmas), name),
    )


def jump_reason(settings: RunSettings) -> str:
    """Why runs of these settings cannot jump, and what to do; empty where they can."""
    return "" if settings.data else "Quality is a distance to data. Choose reference data first."


def instead(settings: RunSettings) -> str:
    """Why Euler takes the place of the solver of these settings in runs that jump; empty where it does not."""
    solver = solvers.row(settings.solver)
    if solver.name in one_evaluation_solvers():
        return ""
    why = (
        "draws noise, so its runs do not end where the ODE does"
        if solver.stochastic
        else "does not take one evaluation a step, so runs that jump would not all cost the same"
    )
    return f"Euler steps are taken instead, because {solver.title} {why}."


def run_reason(run: Run | None) -> str:
    """Why x and D of a run cannot be measured, and what to do; empty where they can."""
    if run is None:
        return "There is no run yet. Run (F5) computes one."
    if not run.compared or not run.linked:
        return "The data of this run are not open, so there is nothing to compare it with."
    if run.trajectory is None:
        return "The run is still being computed."
    return ""


def _curve(kind: Kind, label: str, qualities: list[Quality], name: str) -> Curve:
    return Curve(kind=kind, label=label, values=np.asarray(curves(qualities)[name])[:, None])
