"""Makes the consistency view's picture from a run and what the training gave. Pure functions."""

from __future__ import annotations

import math

import numpy as np

from app.plotting.pens_and_numbers import Kind
from app.rooms.consistency.messages import ColoursAnswer, Shrunk
from app.rooms.consistency.pictures import CloudPicture, CurvesPicture, FieldPicture
from app.session.facts import DRIVER_NAMES, UNDEFINED
from app.session.state import Run
from geomodel import consistency
from geomodel.arrays import Array, Integers
from geomodel.basins import UNKNOWN
from geomodel.consistency import ConsistencySettings
from geomodel.number_text import fixed
from geomodel.projection import stride
from geomodel.solvers import row as solver_row

MOST_SAMPLES = 64  # whose curves are drawn
MOST_DATA = 4_000  # data points under a picture
WIDTH = 2.5  # of the coloured plane to either side of the mean, in units of √(s² + σ²)
SIDES = 11 / 8  # of its rectangle
APART = 0.5  # of the data's scale: neighbouring cells whose ends are farther apart lie in two basins


def undefined(run: Run) -> str:
    """Why there is nothing to train on a run; empty where there is."""
    if not run.complete or run.trajectory is None:
        return f"{UNDEFINED} the run has not ended."
    if run.source is None or not run.linked:
        return run.caption or f"{UNDEFINED} the run has no reference data."
    if why := consistency.refusal(run.source.dataset):
        return why
    if solver_row(run.settings.solver).stochastic:
        return f"{UNDEFINED} the solver draws noise, so the points of a sample have no common end."
    if not len(levels_of(run, settings_of(run, 1))):
        return f"{UNDEFINED} the run has no noise level above 0.02 times the data's scale."
    return "" if len(samples_of(run)) else f"{UNDEFINED} no sample of the run is finite."


def settings_of(run: Run, iterations: int) -> ConsistencySettings:
    """The settings of a training whose levels reach to the run's first."""
    assert run.source is not None
    usual = ConsistencySettings(iterations=iterations)
    highest = max(usual.highest, float(run.sigmas[0]) / run.source.dataset.std)
    return ConsistencySettings(iterations=iterations, highest=highest)


def levels_of(run: Run, settings: ConsistencySettings) -> Integers:
    """The levels of a run at which f is not the identity."""
    assert run.source is not None
    return np.flatnonzero(run.sigmas > settings.lowest * run.source.dataset.std)


def samples_of(run: Run) -> Integers:
    """The first samples whose points are finite, at most so many as are drawn."""
    finite = np.isfinite(run.x[: run.committed]).all(axis=(0, 2))
    return np.flatnonzero(finite)[:MOST_SAMPLES]


def denoised_of(run: Run, levels: Integers, samples: Integers) -> Array:
    """The run's own D at these levels and samples, (L, B, d), NaN where it has none."""
    found = np.full((len(levels), len(samples), run.x.shape[2]), np.nan)
    there = levels[levels < len(run.denoised)]
    found[: len(there)] = run.denoised[np.ix_(there, samples)]
    return found


def caption_of(run: Run, levels: Integers, samples: Integers) -> str:
    """What is trained on what, and which points are looked at."""
    assert run.source is not None
    return (
        f"f learns from {DRIVER_NAMES[run.settings.driver]} on {run.source.dataset.name}. "
        f"{len(samples)} sample{'s' * (len(samples) > 1)} × {len(levels)} levels of this run"
    )


def level_words(run: Run, levels: Integers, index: int, curve: Array, denoised: Array, ends: Array) -> str:
    """The gaps at the playhead's level, or at the last one where f is not the identity."""
    row = row_of(levels, index)
    sigma = float(run.sigmas[levels[row]])
    names = (("f", curve[row : row + 1]), (DRIVER_NAMES[run.settings.driver], denoised[row : row + 1]))
    gaps = ", ".join(f"gap of {name} {fixed(consistency.mean_gap(values, ends), 3)}" for name, values in names)
    return f"At σ {fixed(sigma, 3)}: {gaps}"


def row_of(levels: Integers, index: int) -> int:
    """The row of a level of the run among those that are looked at."""
    return int(np.clip(np.searchsorted(levels, index, side="right") - 1, 0, len(levels) - 1))


def curves_of(
    run: Run, kind: Kind, curve: Array, ends: Array, levels: Integers, samples: Integers, index: int, sample: int
) -> CurvesPicture:
    """The curves in the plane of the run."""
    assert run.source is not None
    plane = run.source.plane
    return CurvesPicture(
        kind=kind,
        curves=plane.project(curve),
        ends=plane.project(ends),
        level=row_of(levels, index),
        sample=int(np.flatnonzero(samples == sample)[0]) if sample in samples else -1,
        data=thinned(run),
        axes=("x₁", "x₂") if plane.count == len(plane.origin) else ("principal component 1", "principal component 2"),
    )


def thinned(run: Run) -> Array:
    """The data in the plane, or every so manieth of them."""
    assert run.source is not None
    points: Array = run.source.plane_points
    return points[:: stride(len(points), MOST_DATA)]


def clouds_of(run: Run, shrunk: Shrunk) -> tuple[CloudPicture, ...]:
    """Where the same noise ends after one jump, after two, and with the driver's own ODE."""
    assert run.source is not None
    project = run.source.plane.project
    rows: tuple[tuple[str, Kind, Array, float], ...] = (
        ("One jump of f", "network", shrunk.one.ends, shrunk.one.distance),
        ("Two jumps of f", "network", shrunk.two.ends, shrunk.two.distance),
        ("18 steps of Heun", "sampling", shrunk.solved.ends, shrunk.solved.distance),
    )
    return tuple(
        CloudPicture(title=title, kind=kind, points=project(ends), words=f"distance {fixed(distance, 3)}")
        for title, kind, ends, distance in rows
    )


def clouds_words(shrunk: Shrunk) -> str:
    """The control of the distances, and how the second jump was made."""
    return (
        f"Sliced Wasserstein distance to the data; fresh data have {fixed(shrunk.fresh, 3)}. "
        f"The second jump starts from σ = {fixed(shrunk.middle, 3)}"
    )


# ---------------------------------------------------------------- the coloured plane


def field_rect(run: Run, sigma: float) -> tuple[float, float, float, float]:
    """x, y, width and height of the plane in which most noisy data of this level lie."""
    assert run.source is not None
    dataset = run.source.dataset
    x, y = dataset.mean.tolist()
    half = WIDTH * math.hypot(dataset.std, sigma)
    return x - SIDES * half, y - half, 2 * SIDES * half, 2 * half


def has_field(run: Run) -> bool:
    """Whether the plane of a run is the space of its data."""
    return run.source is not None and run.source.dataset.shape == (2,)


def field_sigma(run: Run, sigma: float | None) -> float:
    """The noise level of the coloured plane: the chosen one, or the data's scale, within those of the run."""
    lowest, highest = _ends(run)
    assert run.source is not None
    return min(max(sigma or run.source.dataset.std, lowest), highest)


def field_of(run: Run, sigma: float, answer: ColoursAnswer | None, *, wanted: bool, waits: bool) -> FieldPicture:
    """The coloured plane of a run at a noise level, as far as it is known."""
    assert run.source is not None
    dataset = run.source.dataset
    lowest, highest = _ends(run)
    points = np.asarray(dataset.points, np.float64)
    return FieldPicture(
        wanted=wanted,
        possible=has_field(run),
        sigma=sigma,
        lowest=lowest,
        highest=highest,
        answer=answer,
        data=None if answer is None else points,
        apart=APART * dataset.std,
        words=_field_words(answer, dataset.std, points, waits=waits) if wanted and has_field(run) else "",
    )


def _ends(run: Run) -> tuple[float, float]:
    assert run.source is not None
    lowest = ConsistencySettings().lowest * run.source.dataset.std
    return lowest, max(lowest, float(run.sigmas[0]))


def _field_words(answer: ColoursAnswer | None, scale: float, points: Array, *, waits: bool) -> str:
    if waits and (answer is None or not answer.finished):
        return "It goes on when the training pauses"
    if answer is None:
        return "The exact ODE is followed from the first cells"
    return borders_words(answer, scale, points)


def borders_words(answer: ColoursAnswer, scale: float, points: Array) -> str:
    """How many cells are known, and which share of them are borders of basins."""
    rows, columns = answer.basins.known.shape
    if (answer.basins.classes == UNKNOWN).any():
        return f"{columns} × {rows} cells"
    edge = consistency.borders(points[answer.basins.classes], APART * scale)
    return (
        f"σ {fixed(answer.request.sigma, 3)}, {columns} × {rows} cells, of which {100 * edge.mean():.1f} % are "
        f"borders: their ends are farther than s/2 = {fixed(APART * scale, 3)} from a neighbour's"
    )
