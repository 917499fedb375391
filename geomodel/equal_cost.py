"""What the sampler of settings costs, and the same sampler with as many steps as a number of evaluations buys."""

from __future__ import annotations

from dataclasses import replace

from geomodel import solvers
from geomodel.settings import CUSTOM, RunSettings


def cost(settings: RunSettings) -> int | None:
    """The evaluations of a run of these settings; None for a solver that chooses its own steps.

    A run that jumps to D at level j makes j whole steps and takes one evaluation more.
    """
    row = solvers.row(settings.solver)
    if row.adaptive:
        return None
    if settings.jump is not None:
        return solvers.evaluations(row, settings.jump + 1, final_zero=True, options=settings.options)
    return solvers.evaluations(row, settings.steps, final_zero=settings.final_zero, options=settings.options)


def with_evaluations(settings: RunSettings, most: int) -> RunSettings:
    """The sampler with the most steps that cost at most so many evaluations, and without a jump.

    A list of levels has no other number of steps, so that Karras levels between its ends stand in for it. ValueError,
    with a sentence, where a single step costs more, or the solver chooses its own steps.
    """
    row = solvers.row(settings.solver)
    if settings.schedule == CUSTOM:
        settings = replace(settings, schedule="karras", rho=RunSettings().rho, levels=())
    steps = solvers.steps_within(row, most, final_zero=settings.final_zero, options=settings.options)
    return replace(settings, steps=steps, jump_at=-1)
