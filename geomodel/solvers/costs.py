"""How many evaluations a run costs, and how many steps a number of evaluations buys. Reading it loads no torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from geomodel.solvers.table import SolverRow


def evaluations(
    row: SolverRow, steps: int, *, final_zero: bool = False, options: Mapping[str, Any] | None = None
) -> int:
    """The evaluations of a run of so many steps: k N for a rule that takes k in a step.

    A last step to σ = 0 takes D for x, so that it costs 1 whatever the rule: k (N − 1) + 1. An analytic first step
    saves 1. ValueError for an adaptive rule, which chooses its own steps for each sample.
    """
    if row.adaptive:
        raise ValueError(f"{row.title} chooses its own steps for each sample; no number of steps has a known cost.")
    saved = 0 if (options or {}).get("analytic_first_step", False) is False else 1
    return row.evaluations * (steps - final_zero) + final_zero - saved


def steps_within(
    row: SolverRow, most: int, *, final_zero: bool = False, options: Mapping[str, Any] | None = None
) -> int:
    """The largest number of steps that costs at most so many evaluations. ValueError where one step costs more."""
    least = evaluations(row, 1, final_zero=final_zero, options=options)
    if most < max(least, 1):
        raise ValueError(f"A step of {row.title} costs {least} evaluations; {most} are too few.")
    return 1 + (most - least) // row.evaluations
