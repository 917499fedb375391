"""Moves the knots of a schedule until one solver's own error at the end is least."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from geomodel import formulas, solvers
from geomodel.arrays import Floats
from geomodel.formulas import Levels

Fraction = Callable[[float], None]
STRIDES = 8  # the first moves are of an eighth of the fine grid, the last of one of its levels


def knots_for(
    model: Any,
    x: Any,
    fine: Levels,
    path: Sequence[int],
    solver: str,
    *,
    options: Mapping[str, Any] | None = None,
    final_zero: bool = False,
    labels: Any = None,
    progress: Fraction | None = None,
) -> list[int]:
    """Indices into the fine levels, moved from a path until no move lowers the error of the solver.

    The search begins at `path`, or at as many indices spread evenly where these do better. The score is the root mean
    square over the samples of ‖x_N − x_ref‖, where x_N is the end of the solver's run over the levels of the path, and
    x_ref the ODE's end from the same x. Each inner knot in turn is tried on both sides, at first by an eighth of the
    grid, then by half of that, and at last by one level; the first better place is taken. So the result is never worse
    than `path` on the samples that it was designed with. Both ends stay.

    model, x (B, *shape) at fine[0], labels: as in `geomodel.sample`; options: of the solver; final_zero: a step to 0
    follows the path. progress(share done) is called before every move; an exception from it cancels. Some hundreds of
    runs are computed. ValueError for a solver that draws noise or chooses its own steps.
    """
    check(solver)
    score = _Score(model, x, fine, solver, dict(options or {}), final_zero, labels)
    even = np.rint(np.linspace(path[0], path[-1], len(path)))
    known = min(([int(at) for at in start] for start in (path, even)), key=score)
    least = score(known)
    strides = [stride for stride in (len(fine) // STRIDES >> k for k in range(len(fine).bit_length())) if stride]
    for at, stride in enumerate(strides or [1]):
        moved = True
        while moved:
            moved = False
            for knot in range(1, len(known) - 1):
                if progress is not None:
                    progress((at + knot / len(known)) / len(strides or [1]))
                for place in (known[knot] - stride, known[knot] + stride):
                    if known[knot - 1] < place < known[knot + 1]:
                        other = [*known[:knot], place, *known[knot + 1 :]]
                        if (error := score(other)) < least:
                            least, known, moved = error, other, True
    return known


def check(solver: str) -> None:
    """ValueError for a solver that has no error of its own over given levels."""
    row = solvers.row(solver)
    if row.stochastic or row.adaptive:
        why = "draws noise" if row.stochastic else "chooses its own steps"
        raise ValueError(f"{row.title} {why}, so that no levels can be designed for it; design for Euler steps.")


class _Score:
    """The error at the end of a path. Paths that were tried are remembered."""

    def __init__(
        self, model: Any, x: Any, fine: Levels, solver: str, options: dict[str, Any], final_zero: bool, labels: Any
    ) -> None:
        from geomodel.experiments.exact import solve

        self._model, self._x, self._fine, self._solver = model, x, fine, solver
        self._more: dict[str, Any] = {"labels": labels, **options}
        self._zero = [0.0] if final_zero else []
        ends = formulas.custom([fine[0], fine[-1], *self._zero])
        self._end: Floats = solve(model, x, ends, labels=labels, reference=None)[-1]
        self._known: dict[tuple[int, ...], float] = {}

    def __call__(self, path: Sequence[int]) -> float:
        key = tuple(path)
        if key not in self._known:
            from geomodel.sampling import sample

            levels = [*self._fine[list(path)], *self._zero]
            run = sample(
                self._model, self._x, levels, solver=self._solver, display="off", record="float64", **self._more
            )
            apart = np.asarray(run.x[-1], np.float64) - self._end
            error = float(np.sqrt((apart**2).sum() / len(apart)))
            self._known[key] = error if np.isfinite(error) else np.inf
        return self._known[key]
