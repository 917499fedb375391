"""Makes the families view's picture from a run. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np

from app.plotting.values import Curve, MeasurePlot
from app.rooms.families.pictures import ClockRow, FamilyPaths
from app.session.facts import UNDEFINED, run_basis
from app.session.state import Run
from geomodel import families, geometry
from geomodel.arrays import Array, Floats, Integers
from geomodel.collapse import speciation_sigma
from geomodel.families import FamilyError, FamilyRow
from geomodel.families.error import first_inside
from geomodel.number_text import fixed, general, percent
from geomodel.projection import principal_components

NUMBERS = 300_000  # of the curves that are measured while a person waits
SAMPLES = 64


def undefined(run: Run) -> str:
    """Why a run has no clock; empty where it has."""
    if not run.complete or run.trajectory is None:
        return f"{UNDEFINED} the run has not ended."
    if int((run.sigmas > 0).sum()) < 2:
        return f"{UNDEFINED} the run has one noise level above 0."
    return "" if len(finite_samples(run)) else f"{UNDEFINED} no sample of the run is finite."


def positive(run: Run) -> Floats:
    """The noise levels above 0, which are the first ones."""
    return np.asarray(run.sigmas[: np.count_nonzero(run.sigmas > 0)], np.float64)


def unit(run: Run) -> float:
    """The data units in which the family's numbers are meant."""
    return 1.0 if run.source is None else families.unit_of(float(run.source.dataset.std))


def finite_samples(run: Run) -> Integers:
    """The samples whose x is finite at every level."""
    x = run.x[: run.committed]
    if np.isfinite(x).all():  # ten times as fast as sample by sample
        return np.arange(x.shape[1])
    return np.flatnonzero(np.isfinite(x).all(axis=(0, *range(2, x.ndim))))


def samples_of(run: Run, selected: int) -> Integers:
    """As many samples as are measured at once, the selected one among them."""
    found = finite_samples(run)
    most = int(np.clip(NUMBERS // max(1, run.x[: run.committed, 0].size), 1, SAMPLES))
    chosen = found[:most]
    if selected in found and selected not in chosen:
        chosen = np.append(chosen[:-1], selected)
    return chosen


def axis_of(run: Run) -> tuple[Floats, str]:
    """The direction along which x and z are drawn, (d,), and its name."""
    basis = run_basis(run)
    if basis is None:
        ends = run.x[run.committed - 1, finite_samples(run)]
        return np.asarray(principal_components(ends, 1).vectors[0]), " PC 1 of the ends"
    return np.asarray(basis.vectors[0]), "₁" if basis.whole else " PC 1"


def formula_of(family: FamilyRow) -> str:
    """The family, its process and its clock."""
    until = "" if math.isinf(family.largest) else f", up to σ = {general(family.largest, 3)}"
    return f"{family.title}: {family.process};  {family.clock}{until}"


def start_of(run: Run, name: str) -> int | str:
    """The level of the run at which a family begins, or why there is none."""
    levels, family = positive(run), families.row(name)
    first = first_inside(levels, name, unit=unit(run))
    if len(levels) - first < 2:
        return f"{family.title} ends at σ = {general(unit(run) * family.largest, 3)}, below the levels of this run."
    return first


def paths_of(run: Run, name: str, samples: Integers) -> FamilyPaths | str:
    """What a family shows of a run, from the level at which it begins; or why it shows nothing."""
    first = start_of(run, name)
    if isinstance(first, str):
        return first
    levels, scale, center = positive(run), unit(run), np.asarray(run.center, np.float64)
    sigmas = levels[first:]
    x = np.asarray(run.x[first : len(levels), samples], np.float64)
    z, times = families.path(x, sigmas, name, center=center, unit=scale)
    direction, axis = axis_of(run)
    denoised = np.asarray(run.denoised[first : len(levels), samples], np.float64)
    family = families.row(name)

    def along(points: Array) -> Floats:
        return np.asarray((points - center).reshape(*points.shape[:2], -1) @ direction)

    def curve(kind: str, label: str, values: Array) -> Curve:
        return Curve(kind=kind, label=label, values=values)  # type: ignore[arg-type]  # both are kinds

    drawn = along(x)
    return FamilyPaths(
        first=first,
        sigmas=sigmas,
        times=times,
        samples=samples,
        x=MeasurePlot(
            name="x",
            title=f"x{axis}",
            unit="",
            formula=f"x and D about the centre along {_axis_words(axis)}, over the family's time. At equal σ they are "
            "the same in every family; the time alone moves them along the axis.",
            curves=(curve("sampling", "x", drawn), curve("denoising", "D", along(denoised))),
        ),
        z=MeasurePlot(
            name="z",
            title=f"z{axis}",
            unit="",
            formula=f"z = m(t) (x − c){'' if scale == 1 else f'/{general(scale, 4)}'}: the state of {family.title}",
            curves=(curve("runs.3", "z", _of(family.mean(times), drawn) / scale),),
        ),
        straight=_straight(x, sigmas, z, times, family),
        straightness=straightness_words(x, sigmas, z, times, family),
        prior=prior_words(run, family, float(sigmas[0])),
    )


def caption_of(run: Run, paths: FamilyPaths) -> str:
    """Which levels and samples are shown, and in which units."""
    levels, count, scale = len(positive(run)), len(finite_samples(run)), unit(run)
    of_levels = f"{levels} levels" if len(paths.sigmas) == levels else f"{len(paths.sigmas)} of {levels} levels"
    of_samples = f"{len(paths.samples)} of {count} samples" if len(paths.samples) < count else f"{count} samples"
    units = "" if scale == 1 else f", data and σ in units of {general(scale, 4)}"
    return f"{of_levels} from σ {fixed(paths.sigmas[0], 3)}, {of_samples}{units}"


def place_of(selected: int, samples: Integers) -> int:
    """Where the selected sample stands among those that are shown; the first one where it does not."""
    place = np.flatnonzero(samples == selected)
    return int(place[0]) if len(place) else 0


def _axis_words(axis: str) -> str:
    return "the first coordinate" if axis == "₁" else axis.strip()


def _of(factors: Array, values: Array) -> Floats:
    return np.asarray(factors)[:, None] * values


def _chords(curve: Array) -> Floats:
    return np.asarray(np.linalg.norm((curve[-1] - curve[0]).reshape(curve.shape[1], -1), axis=1))


def _straight(x: Array, sigmas: Array, z: Array, times: Array, family: FamilyRow) -> MeasurePlot:
    in_time, in_sigma = _off(z, times), _off(x, sigmas)
    return MeasurePlot(
        name="straight",
        title="Off the straight line",
        unit="share of the chords",
        formula="‖a − [a₀ + u (a₁ − a₀)]‖ at the share u of the time, over the root mean square of ‖a₁ − a₀‖: of z "
        "over t in the family, and of x over σ as the control",
        curves=(
            Curve(kind="runs.3", label=f"z in t of {family.title}", values=in_time),
            Curve(kind="reference", label="x in σ", values=in_sigma),
        ),
    )


def _off(curve: Array, times: Array) -> Floats:
    """How far a curve is off its straight line, as a share of all chords together, because a sample that ends where it
    began has none of its own; NaN where there is no line.
    """
    length = float(np.sqrt(np.mean(_chords(curve) ** 2)))
    if not length or not _told_apart(times):
        return np.full(curve.shape[:2], np.nan)
    return np.asarray(geometry.off_straight(curve, times) / length)


def _told_apart(times: Array) -> bool:
    """Whether no two times are one share of the whole: levels over hundreds of decades are."""
    return bool(
        (np.diff(times) / (times[-1] - times[0]) > 0).all() and np.diff((times - times[0]) / np.ptp(times)).all()
    )


def straightness_words(x: Array, sigmas: Array, z: Array, times: Array, family: FamilyRow) -> str:
    """S in both clocks, and the deviation, which knows none."""
    of_z, of_x = _chords(z), _chords(x)
    if not (of_z.any() and of_x.any()):
        return "No sample moves, so there is no line that it could be off"
    if not (_told_apart(times) and _told_apart(sigmas)):
        return f"The levels are so far apart that some have one time in {family.title}, so there is no straightness"
    in_time = float(geometry.straightness(z, times).sum() / np.square(of_z).sum())
    in_sigma = float(geometry.straightness(x, sigmas).sum() / np.square(of_x).sum())
    deviation = float(geometry.deviation(x).max(axis=0).sum() / of_x.sum())
    return (
        f"S/‖chord‖² = {fixed(in_time, 2)} for z in t of {family.title} ({percent(math.sqrt(in_time))} off straight), "
        f"{fixed(in_sigma, 2)} for x in σ ({percent(math.sqrt(in_sigma))}). "
        f"x deviates by {percent(deviation)} from its line, whatever the clock"
    )


def prior_words(run: Run, family: FamilyRow, sigma: float) -> str:
    """What the family's prior ignores of the reference data, and what noise alone ignores at σ."""
    scale = unit(run)
    if run.source is None:
        return "No reference data are open, so what the prior ignores is not known"
    spread = speciation_sigma(run.source.plane_points)
    offset = np.asarray(run.source.dataset.mean, np.float64) - run.center
    found = families.mismatch(family.name, spread, offset, unit=scale)
    words = (
        f"At t = {family.last:g} the deviation of data + noise is {general(found.ratio, 5)} times the prior's "
        f"({general(found.prior, 5)}) along the widest direction; their mean is {general(found.shift, 2)} times it away"
    )
    here = families.mismatch(family.name, spread, offset, sigma=sigma, unit=scale)
    words += (
        f". At σ {fixed(sigma, 3)}, where the levels begin, they are {general(here.ratio, 4)} times as wide as the "
        "noise alone, in every family"
    )
    if family.largest < 1:
        words += f". {family.title} never reaches σ = 1, so it starts from data + noise"
    return words


def rows_of(
    run: Run, picked: str, steps: int, errors: Mapping[str, FamilyError]
) -> tuple[tuple[ClockRow, ...], tuple[str, ...]]:
    """Every family's N even times as levels, the run's own levels last; and the families that do not reach them."""
    levels, rows, out = positive(run), [], []
    for family in families.FAMILIES:
        first = start_of(run, family.name)
        if isinstance(first, str):
            out.append(family.title)
            continue
        try:
            knots = families.nodes(levels[first:], family.name, steps, unit=unit(run))
        except ValueError:  # so many that two of them coincide
            out.append(family.title)
            continue
        rows.append(_row(family.name, family.title, knots, family.name == picked, errors.get(family.name)))
    rows.append(_row("", "The run", levels, False, None))
    return tuple(rows), tuple(out)


def _row(name: str, title: str, sigmas: Array, picked: bool, found: FamilyError | None) -> ClockRow:
    own, same, run = (
        (math.nan,) * 3 if found is None else (float(np.median(v)) for v in (found.own, found.same, found.run))
    )
    return ClockRow(name=name, title=title, sigmas=sigmas, picked=picked, own=own, same=same, run=run)


def here_words(run: Run, name: str, index: int) -> str:
    """The clock and the scale at the playhead."""
    family, sigma = families.row(name), float(run.sigmas[index])
    at = f"σ {fixed(sigma, 3)}"
    if sigma / unit(run) > family.largest:
        return f"{at} is beyond {family.title}, which ends at σ {general(unit(run) * family.largest, 3)}"
    t = float(family.time(sigma / unit(run)))
    return f"{at} is t = {general(t, 3)}: m = {general(family.mean(t), 3)}, b = {general(family.deviation(t), 3)}"
