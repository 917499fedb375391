"""A lane of the race, and how it is called."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel import schedules, solvers
from geomodel.experiments import LaneResult
from geomodel.settings import CUSTOM, RunSettings


@dataclass(eq=False, slots=True)
class Lane:
    """One lane of the list. `run_id` is set if it came with a pinned run, and `asked` if it was asked for with so many
    evaluations.
    """

    name: str
    settings: RunSettings
    hue: int
    run_id: int | None = None
    asked: int | None = None
    fraction: float = 0.0
    result: LaneResult | None = None
    failure: str = ""  # why it has no result


def lane_name(settings: RunSettings) -> str:
    """Solver, options and levels in a few words."""
    row = solvers.row(settings.solver)
    defaults = {option.name: option.default for option in row.options}
    own = [f"{name} {value}" for name, value in settings.options.items() if value != defaults.get(name)]
    schedule = "own levels" if settings.schedule == CUSTOM else schedules.row(settings.schedule).title
    zero = " to 0" if settings.final_zero else ""
    return ", ".join([row.title, *own, f"{settings.steps} steps{zero}", schedule])
