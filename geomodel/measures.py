"""The measures of a run: one ordered table, which the window and the CSV share, and the functions behind its rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import geometry
from geomodel import measure_functions as of
from geomodel.arrays import Floats
from geomodel.compared import NAMES, Compared, of_settings, worded
from geomodel.csv_files import write_table
from geomodel.curves import LEAST_LEVELS, ends
from geomodel.curves import Curves as Curves
from geomodel.trajectory import Trajectory

LOW, HIGH = 0.1, 0.9  # quantiles of the samples between which a band is drawn
ROWS_AT_ONCE = 2**14  # of a table, which are Python's numbers


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Measure:
    """One row of the table.

    curves: which curves it is drawn for: "x", "denoised", "" (a number of the step itself) or "exact" (on the
    trajectory that D*, or what the run is compared with, drives from the same noise). needs_end: it is defined only
    when the run is complete. compares: it speaks of D*, where what the run is compared with may stand instead.
    on_request: it takes evaluations of D* that the run has not made, so it is computed where a person asks for it.
    """

    name: str
    title: str
    unit: str
    formula: str
    source: str
    curves: tuple[str, ...]
    function: Callable[[Curves, str], Floats | None]
    needs_end: bool = False
    compares: bool = False
    on_request: bool = False

    def named(self, compared: Compared) -> Measure:
        """The row with the names of what a run is compared with."""
        if not self.compares:
            return self
        return replace(self, title=worded(self.title, compared), formula=worded(self.formula, compared))

    def column(self, curve: str) -> str:
        """The name of one curve's column in a CSV file."""
        return f"{self.name}_{curve}" if curve else self.name


_BOTH = ("x", "denoised")
_GEOMETRIC = "A Geometric Perspective on Diffusion Models, arXiv 2305.19947"
_REGULARITY = "On the Trajectory Regularity of ODE-based Diffusion Sampling, arXiv 2405.11326"

MEASURES: tuple[Measure, ...] = (
    Measure(
        name="distance_to_end",
        title="Distance to the end",
        unit="data units",
        formula="‖x_n − x_N‖,  ‖D_n − D_N‖",
        source=f"{_GEOMETRIC}: distance to the final sample (Observation 2)",
        curves=_BOTH,
        function=of.along(geometry.distance_to_end),
        needs_end=True,
    ),
    Measure(
        name="deviation",
        title="Trajectory deviation",
        unit="data units",
        formula="‖(a_n − a_N) − ⟨a_n − a_N, u⟩ u‖,  u = (a_N − a_0)/‖a_N − a_0‖,  a = x or D",
        source=f"{_GEOMETRIC}: trajectory deviation; {_REGULARITY}: 1-D projection",
        curves=_BOTH,
        function=of.along(geometry.deviation),
        needs_end=True,
    ),
    Measure(
        name="denoiser_difference",
        title="Denoiser difference",
        unit="data units",
        formula="(c) ‖D_θ(x_n) − D*(x_n)‖,  (d) ‖D_θ(x*_n) − D*(x*_n)‖;  x* is driven by D* from the same noise",
        source=f"{_GEOMETRIC}: score deviation (Observation 4); the score differs by this over σ²",
        curves=("", "exact"),
        function=of.extra("denoiser_difference"),
        compares=True,
    ),
    Measure(
        name="exact_distance",
        title="Distance to the exact run",
        unit="data units",
        formula="(a) ‖x_n − x*_n‖,  (b) ‖D_θ(x_n) − D*(x*_n)‖;  x* is driven by D* from the same noise",
        source=f"{_GEOMETRIC}: score deviation (Observation 4)",
        curves=_BOTH,
        function=of.extra("exact_distance"),
        compares=True,
    ),
    Measure(
        name="effective_neighbours",
        title="Effective neighbours",
        unit="points",
        formula="exp(−Σᵢ wᵢ ln wᵢ),  w = softmaxᵢ(−‖x − yᵢ‖²/(2σ²)) (equal points count as one)\n"
        "mixed above σ_S = √Λ, Λ the data's largest variance; collapsed where the samples' median is below 2",
        source=f"{_GEOMETRIC}: the optimal denoiser as annealed mean shift",
        curves=("",),
        function=of.extra("effective_neighbours"),
    ),
    Measure(
        name="nearest",
        title="Distance to the nearest data",
        unit="data units",
        formula="minᵢ ‖x − yᵢ‖,  minᵢ ‖D(x; σ) − yᵢ‖  (over the data of the run's class)",
        source=f"{_GEOMETRIC}: the optimal denoiser ends at a training point",
        curves=_BOTH,
        function=of.extra("nearest"),
    ),
    Measure(
        name="norm",
        title="Norm",
        unit="data units",
        formula="‖x − c‖,  ‖D(x; σ) − c‖;  c is the mean of the data, and 0 for images",
        source=f"{_GEOMETRIC}: magnitudes (Proposition 2)",
        curves=_BOTH,
        function=of.norm,
    ),
    Measure(
        name="slope",
        title="Slope per coordinate",
        unit="",
        formula="‖(x − D(x; σ))/σ‖ / √d",
        source=f"{_GEOMETRIC}: magnitude of ε; {_REGULARITY}: near-constant speed √d",
        curves=("x",),
        function=of.slope,
    ),
    Measure(
        name="step_length",
        title="Step length",
        unit="data units",
        formula="‖x_{n+1} − x_n‖,  ‖D_{n+1} − D_n‖",
        source=f"{_REGULARITY}: arc length",
        curves=_BOTH,
        function=of.step_length,
    ),
    Measure(
        name="cosine_to_end",
        title="Angle deviation",
        unit="",
        formula="cos((x − D(x; σ))/σ, x_n − x_N)",
        source=f"{_GEOMETRIC}: angle deviation",
        curves=("x",),
        function=of.cosine,
        needs_end=True,
    ),
    Measure(
        name="turning",
        title="Turning per e-fold",
        unit="rad",
        formula="‖P⊥ dD/d ln σ‖ / ‖x − D‖,  P⊥ across x − D: how far the slope turns while σ falls by a factor e\n"
        "Curvature is this over ‖x − D‖, so it grows like 1/σ and hides where along σ a run turns. The cubic fits that "
        "were published end half a window before σ min; the peak of torsion at σ = 4 is that end, and not the run's. "
        "Noise that a solver adds turns x too.",
        source=f"{_GEOMETRIC}: dD/dσ = −σ d²x/dσ²; {_REGULARITY}: curvature and torsion",
        curves=("x", "exact"),
        function=of.turning,
    ),
    Measure(
        name="information",
        title="Information per e-fold",
        unit="",
        formula="√J / ln(σ_n/σ_{n+1}),  J = Σᵢ (wᵢ − wᵢ′)(ln wᵢ − ln wᵢ′): how fast the data's weights w in D* change, "
        "which says where along σ a sample decides; w at level n, w′ at n + 1",
        source="Spacetime geometry of denoising, arXiv 2505.17517: the exponential family of posteriors",
        curves=("",),
        function=of.extra("information"),
    ),
    Measure(
        name="gain",
        title="Gain beyond noise",
        unit="nats",
        formula="log p_h(x_{n+1}) − log p_h(x_n) − (d/2)(1 − σ_{n+1}²/σ_n²),  log p_h(D_n) − log p_h(x_n) − d/2,  "
        "h = σ_n: p_h is the kernel density of the data, and what is subtracted is what removing pure noise gains",
        source=f"{_GEOMETRIC}: each step and each jump to D raises the likelihood (Theorem 1)",
        curves=_BOTH,
        function=of.extra("gain"),
        on_request=True,
    ),
    Measure(
        name="gap",
        title="Gap to the end",
        unit="data units",
        formula="‖D(x_n; σ_n) − x_N‖: what a distilled model, which answers x_N at every level, has to learn",
        source=f"{_GEOMETRIC}: distillation; consistency models, arXiv 2303.01469",
        curves=("denoised",),
        function=of.gap,
        needs_end=True,
    ),
    Measure(
        name="clipped",
        title="Clipped share",
        unit="%",
        formula="share of the values of D(x; σ) outside [−1, 1], beyond half a grey step",
        source="what a picture of D cannot show",
        curves=("denoised",),
        function=of.clipped,
    ),
)


@np.errstate(invalid="ignore", over="ignore")
def compute(name: str, run: Trajectory | Curves, committed: int | None = None) -> dict[str, Floats]:
    """One measure of a run, for each curve it is drawn for.

    Returns {curve: (levels, B)}, with one or two rows fewer where the last levels have no value (a step length belongs
    to the level that the step leaves); row n always belongs to sigmas[n]. A measure whose data the run does not have
    gives {}. With `committed`, only that many first levels of x exist, and the rest of the arrays is not read. Raises
    ValueError for an unknown name, and for a measure that needs the end of a run that has not ended.
    """
    measure = next((row for row in MEASURES if row.name == name), None)
    if measure is None:
        raise ValueError(f"There is no measure {name!r}; there are {', '.join(row.name for row in MEASURES)}.")
    curves = Curves.of(run) if isinstance(run, Trajectory) else run
    if committed is not None and committed < len(curves.x):
        if measure.needs_end:
            raise ValueError(f"{measure.title} needs the end of the run; {committed} of {len(curves.x)} levels exist.")
        curves = curves.first(committed)
    values = {curve: measure.function(curves, curve) for curve in measure.curves}
    return {curve: value for curve, value in values.items() if value is not None}


@np.errstate(invalid="ignore")
def band(values: ArrayLike, axis: int = 1) -> tuple[Floats, Floats, Floats]:
    """Median, 10 % and 90 % quantile along an axis, with linear interpolation. NaN are left out; all NaN gives NaN."""
    ordered = np.sort(np.moveaxis(np.asarray(values, dtype=np.float64), axis, 0), axis=0)  # NaN come last
    last = np.maximum((~np.isnan(ordered)).sum(axis=0) - 1, 0)

    def quantile(share: float) -> Floats:
        position = share * last
        below = np.floor(position).astype(np.intp)
        low, high = (np.take_along_axis(ordered, i[None], axis=0)[0] for i in (below, np.minimum(below + 1, last)))
        part = position - below
        return np.asarray(np.where(part > 0, low + (high - low) * part, low))

    return quantile(0.5), quantile(LOW), quantile(HIGH)


def rows(trajectory: Trajectory) -> tuple[list[str], Iterable[list[Any]]]:
    """A run as a tidy table: the header, and one row for each level and sample.

    Columns: level, sigma, sample, seed, evaluations (so far), then one for each measure and curve that the run has,
    with its unit in brackets, and with what the run is compared with where that is not D*. A value that does not exist
    is None.
    """
    curves, compared = Curves.of(trajectory), of_settings(trajectory.settings)
    own = [_title(*column, compared) for column, _ in _columns(curves.at(ends(len(curves.x))))]
    return ["level", "sigma [data units]", "sample", "seed", "evaluations", *own], _table(trajectory, curves)


def _title(measure: Measure, curve: str, compared: Compared) -> str:
    """How a column is called."""
    against = NAMES[compared].symbol if compared != "optimal" and (measure.compares or curve == "exact") else ""
    bracket = ", ".join(filter(None, (measure.unit, against)))
    return measure.column(curve) + (f" [{bracket}]" if bracket else "")


def _columns(curves: Curves) -> list[tuple[tuple[Measure, str], Floats]]:
    """The measures and curves that the run has, with their values (levels, B)."""
    return [
        ((measure, curve), values) for measure in MEASURES for curve, values in compute(measure.name, curves).items()
    ]


def _table(trajectory: Trajectory, curves: Curves) -> Iterator[list[Any]]:
    """Row after row, measured for a bounded number of levels at a time."""
    levels, batch = trajectory.x.shape[:2]
    seeds = [None] * batch if trajectory.seeds is None else trajectory.seeds.tolist()
    spent = np.broadcast_to(trajectory.evaluations_at.reshape(levels, -1), (levels, batch))
    block = max(LEAST_LEVELS, ROWS_AT_ONCE // batch)
    for first in range(0, levels, block):
        here = range(first, min(first + block, levels))
        measured = np.union1d(here, ends(levels))
        columns = [values.tolist() for _, values in _columns(curves.at(measured))]
        for level, row in zip(here, np.searchsorted(measured, here).tolist(), strict=True):
            for sample in range(batch):
                values = [column[row][sample] if row < len(column) else np.nan for column in columns]
                known = [None if np.isnan(value) else value for value in values]
                sigma = float(trajectory.sigmas[level])
                yield [level, sigma, sample, seeds[sample], spent[level, sample].item(), *known]


def write_csv(trajectory: Trajectory, path: str | Path) -> None:
    """Write `rows` as a CSV file, whole or not at all."""
    header, table = rows(trajectory)
    write_table(header, table, path)
