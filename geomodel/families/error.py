"""Euler's error in the clock and scale of every family, beside the same levels in σ and beside the levels of a run."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import formulas
from geomodel.arrays import Array, Floats
from geomodel.experiments.progress import Progress, watched
from geomodel.families.ode import nodes, solve
from geomodel.families.table import names, row


@dataclass(frozen=True, slots=True, eq=False)
class FamilyError:
    """How far Euler's ends are from the exact one, ‖x − x_exact‖ (B,) each, in data units.

    Attributes:
        first: the index of the level from which all of them start: the first one inside the family.
        own: N even times of the family, for z in t.
        same: the same noise levels, for x in σ: what is left is the effect of the scale and of the steps' shape.
        run: the given levels, for x in σ.
    """

    name: str
    first: int
    own: Floats
    same: Floats
    run: Floats


def first_inside(sigmas: ArrayLike, name: str, *, unit: float = 1.0) -> int:
    """The index of the first of descending levels that the family reaches; their number where none is."""
    inside = np.asarray(sigmas, np.float64) / unit <= row(name).largest
    return int(inside.argmax()) if inside.any() else len(inside)


def errors(
    model: Any,
    x: ArrayLike,
    sigmas: ArrayLike,
    steps: int,
    *,
    families: Iterable[str] | None = None,
    labels: Any = None,
    center: Array | float = 0.0,
    unit: float = 1.0,
    tolerance: float | None = None,
    progress: Progress | None = None,
) -> tuple[FamilyError, ...]:
    """Euler's error at the end in every family, all from points of one exact curve.

    The exact curve from x is solved once, over the levels above 0. Each family starts from its point at the first level
    that the family reaches, and goes to the last level.

    Args:
        model, x, sigmas, labels: as in `geomodel.sample`; a last level of 0 is left out.
        steps: N, of the families.
        families: their names; None is all of them. Those that reach less than two of the levels are left out.
        center, unit: as in `geomodel.families.path`.
        tolerance: of the exact curve, as in `geomodel.experiments.compare`.
        progress: called with a number of the family (−1: the exact curve) and the share done; an exception ends it.

    Raises:
        ValueError: less than one step, or levels that are no schedule.
    """
    from geomodel.experiments import exact
    from geomodel.sampling import sample

    levels = formulas.custom(sigmas)
    levels = levels[levels > 0]
    chosen = [(name, first_inside(levels, name, unit=unit)) for name in (names() if families is None else families)]
    told = watched(model, levels, -1, progress)
    curve = exact.solve(told, np.asarray(x, np.float64), levels, labels=labels, reference=None, tolerance=tolerance)
    end = curve[-1].reshape(len(curve[-1]), -1)

    def distance(found: ArrayLike) -> Floats:
        return np.asarray(np.linalg.norm(np.asarray(found, np.float64).reshape(end.shape) - end, axis=1))

    def euler(start: Floats, grid: Floats, at: int) -> Floats:
        asked = watched(model, grid, at, progress)
        run = sample(asked, start, grid, solver="euler", labels=labels, display="off", record="float64")
        return distance(run.x[-1])

    kept: dict[int, Floats] = {}  # families that start at one level share its control
    found = []
    for at, (name, first) in enumerate(chosen):
        left = levels[first:]
        if len(left) < 2:
            continue
        if first not in kept:
            kept[first] = euler(curve[first], left, at)
        grid = nodes(left, name, steps, unit=unit)
        asked = watched(model, grid, at, progress)
        own = solve(asked, curve[first], grid, name, labels=labels, center=center, unit=unit)
        found.append(FamilyError(name, first, distance(own.x[-1]), euler(curve[first], grid, at), kept[first]))
    return tuple(found)
