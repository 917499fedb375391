"""Noise schedules: descending noise levels, float64, `steps + 1` values for `steps` intervals.

There are three kinds: schedules with a formula (the table), schedules made for a model (`discrete`, `gits`, `tors`),
and any list of levels (`custom`). With `final_zero` the last interval goes to 0 and is one of the steps. Both ends are
exact.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import ArrayLike

from geomodel.formulas import POLYEXPONENTIAL_RHO, VP_TIME_RHO, levels_of
from geomodel.formulas import RHO as RHO
from geomodel.formulas import Levels as Levels
from geomodel.formulas import cosine as cosine
from geomodel.formulas import custom as custom
from geomodel.formulas import karras as karras
from geomodel.formulas import levels_from_text as levels_from_text
from geomodel.formulas import log_uniform as log_uniform
from geomodel.formulas import polyexponential as polyexponential
from geomodel.formulas import uniform as uniform
from geomodel.formulas import vp_time as vp_time
from geomodel.formulas import with_jump as with_jump
from geomodel.hooks import Between, nothing
from geomodel.options import Option as Option
from geomodel.options import check_keywords as check_keywords

if TYPE_CHECKING:
    from geomodel.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Schedule:
    """A row of `SCHEDULES`. `options` are the schedule's own, beside steps, sigma_min, sigma_max and final_zero."""

    name: str
    title: str
    formula: str
    function: Callable[..., Levels]
    options: tuple[Option, ...] = ()


_COMMON = ("steps", "sigma_min", "sigma_max", "final_zero")


def discrete(model: Any, steps: int = 18, final_zero: bool = False) -> Levels:
    """Levels a model was trained at, uniform in their index: σ_i = table[round((M − 1)(1 − i/n))], shape (steps + 1,).

    model: a denoiser whose `trained_sigmas` is its table of M ascending or descending noise levels. The schedule
    contains both ends of the table; n is steps, or steps − 1 with final_zero. ValueError where the model has no such
    table, because it is continuous in σ, or has fewer levels than are wanted.
    """
    table = getattr(model, "trained_sigmas", None)
    if table is None:
        raise ValueError(
            f"{type(model).__name__} has no table of trained noise levels: it is continuous in σ. "
            f"Take a schedule with a formula: {', '.join(names())}."
        )
    known = np.sort(np.asarray(table, dtype=np.float64))
    if known.ndim != 1 or len(known) < 2 or not known[0] > 0:
        raise ValueError(f"A table of trained noise levels has two or more above 0; this one is {known[:3].tolist()}…")

    def formula(f: Levels, low: float, high: float) -> Levels:
        return known[np.rint((1 - f) * (len(known) - 1)).astype(np.intp)]

    return levels_of(formula, steps, float(known[0]), float(known[-1]), final_zero)


def gits(
    model: Any,
    x: Any,
    steps: int,
    *,
    fine: ArrayLike | None = None,
    teacher: str | Trajectory = "ipndm",
    metric: Literal["dev", "l1", "l2"] = "dev",
    coeff: float = 1.15,
    solver: str = "euler",
    solver_options: Mapping[str, Any] | None = None,
    final_zero: bool = False,
    labels: Any = None,
    **options: Any,
) -> Levels:
    """Levels of a fine grid chosen so that the Euler errors along a teacher's trajectory are smallest in sum.

    So they are designed for Euler steps, unless `solver` names another one.

    With y_i the teacher's points at the fine levels t_0 > … > t_M, e_i its slopes and u_ij = y_i + (t_j − t_i) e_i the
    Euler jump from i to j, the cost of an interval is a mean over the samples:

        "l1", "l2":  C_ij = mean ‖u_ij − y_j‖,        "dev":  C_ij = mean [dev(u_ij) − dev(y_j)]

    where dev is the distance to the line through y_0 and y_M ("dev" may be negative). The path 0 = i_0 < … < i_K = M
    minimises Σ_k coeff^k C(i_k, i_{k+1}), k from 0. A coeff above 1 moves levels towards the data, which makes up for
    how local errors grow until the end; "l2" does well with 1. Only the teacher's run costs evaluations.

    model, x, labels: as in `geomodel.sample`, x (B, *shape) at fine[0] (256 samples are usual). fine: the levels to
    choose from, at least steps + 1 of them; None is `karras(20)`. teacher: a solver, with its `options` (ipndm: order
    4), or a finished run, in which case model, x and fine are not read. solver: with which the levels will be used, and
    its solver_options; for another one than Euler the path is only where a search begins, which moves its knots over
    the fine grid until that solver's own error at the end is least (`geomodel.knots.knots_for`: some hundreds of runs
    from x, which then is needed). Returns shape (steps + 1,), with the teacher's ends. For several numbers of steps,
    make one `geomodel.designed.gits_table`. ValueError: more steps than the grid has, an unknown metric, a teacher
    whose D is missing somewhere, a solver that draws noise or chooses its own steps. Source: Chen et al. 2024
    (2405.11326), GITS; the search for a solver is our own.
    """
    from geomodel.designed import gits_table
    from geomodel.knots import check

    check(solver)
    table = gits_table(model, x, fine=fine, teacher=teacher, metric=metric, coeff=coeff, labels=labels, **options)
    if solver == "euler":
        return table.levels(steps, final_zero=final_zero)
    return table.levels_for(model, x, steps, solver, options=solver_options, final_zero=final_zero, labels=labels)


def tors(
    model: Any,
    x: Any,
    steps: int,
    *,
    fine: ArrayLike | None = None,
    teacher: str | Trajectory = "heun",
    final_zero: bool = False,
    labels: Any = None,
    between: Between = nothing,
    **options: Any,
) -> Levels:
    """Levels between which the sampling trajectory turns by equal parts of its total rotation ∫ √(κ² + τ²) ds.

    κ and τ are curvature and torsion of the teacher's curve in all its dimensions, s is its arc length. The integral is
    a sum over the fine levels, averaged over the samples (`geomodel.designed.rotation`), and interpolated linearly in σ
    between two levels. A curve that is straight up to rounding does not turn. Arguments, shape and ends are those of
    `gits`, but any number of steps is allowed and fine=None is `karras(100)`. `between` is called several times a
    second once the teacher has run; an exception from it ends the design. ValueError: a curve that does not turn.
    Source: TORS, "total rotation" schedules (2603.00763); curvature and torsion of arXiv 2506.10177, eqs. 14 and 15.
    """
    from geomodel.designed import equal_rotation, teacher_run

    run = teacher_run(model, x, fine=karras(100) if fine is None else fine, teacher=teacher, labels=labels, **options)
    return equal_rotation(run, steps, final_zero, between)


SCHEDULES: tuple[Schedule, ...] = (
    Schedule("karras", "Karras (ρ)", "σᵢ = (σmax^(1/ρ) + i/N (σmin^(1/ρ) − σmax^(1/ρ)))^ρ", karras, (RHO,)),
    Schedule("log_uniform", "Uniform in log σ", "σᵢ = σmax (σmin/σmax)^(i/N)", log_uniform),
    Schedule("uniform", "Uniform in σ", "σᵢ = σmax + i/N (σmin − σmax)", uniform),
    Schedule(
        "polyexponential",
        "Polyexponential (ρ)",
        "ln σᵢ = ln σmin + (1 − i/N)^ρ ln(σmax/σmin)",
        polyexponential,
        (POLYEXPONENTIAL_RHO,),
    ),
    Schedule(
        "vp_time",
        "VP time (ρ)",
        "σᵢ = √(exp(βd tᵢ²/2 + βmin tᵢ) − 1),  tᵢ = (1 + i/N (ε^(1/ρ) − 1))^ρ",
        vp_time,
        (VP_TIME_RHO,),
    ),
    Schedule("cosine", "Cosine", "σᵢ = tan(arctan σmax + i/N (arctan σmin − arctan σmax))", cosine),
)


def nearest_level(sigmas: ArrayLike, sigma: float) -> int:
    """The index of the level that is nearest to σ in log σ. To σ = 0 the last level is nearest."""
    levels = np.asarray(sigmas, np.float64)
    positive = levels[levels > 0]  # the first ones, because levels descend
    if sigma <= 0 or not len(positive):
        return len(levels) - 1
    return int(np.argmin(np.abs(np.log(positive / sigma))))


def names() -> tuple[str, ...]:
    """The schedules with a formula, in the table's order. (`custom`, which takes any list, is not among them.)"""
    return tuple(item.name for item in SCHEDULES)


def row(name: str) -> Schedule:
    """The table's row. ValueError naming the schedules where there is none."""
    for item in SCHEDULES:
        if item.name == name:
            return item
    raise ValueError(f"There is no schedule {name!r}; choose one of {', '.join(names())}.")


def build(name: str, **keywords: Any) -> Levels:
    """The levels of a schedule by its name. Unknown keyword: TypeError naming the allowed ones."""
    found = row(name)
    check_keywords(f"The schedule {name}", keywords, (*_COMMON, *(option.name for option in found.options)))
    return found.function(**keywords)
