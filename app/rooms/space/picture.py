"""Makes the picture of Space from a run, a selection and what the engine has answered. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from app.rooms.space.messages import CONTROLS, Control, ControlSpace, Space
from app.rooms.space.numbers import rows_of, shares
from app.rooms.space.pictures import OWNERS, Bundle, Colouring, ControlState, SpacePicture, Strand
from app.session.facts import DRIVER_NAMES, plane_title
from app.session.state import Run, Selection
from geomodel import solvers
from geomodel.arrays import Array
from geomodel.geometry import Shape, Subspace
from geomodel.geometry.procrustes import Turns
from geomodel.number_text import general, percent

MOST_DRAWN = 20_000  # segments of a bundle
LEAST_LEVELS = 33
EMPTY = "Press Run (F5) to see trajectories along their displacement and across it."
PLANAR = (
    "Two-dimensional data have no Space. Across the displacement of a trajectory only one direction is left there, and "
    "Space shows the two of largest variance; the plane already shows such trajectories whole."
)
GROWING = "Space appears after the last step, because the displacement leads to the end."
TOO_SHORT = "Space needs a run with at least one step."
OFFER = "gaussian-64"


@dataclass(frozen=True, slots=True)
class SpaceOptions:
    """What a person has chosen."""

    colouring: Colouring = "sigma"
    turns: Turns = "orthogonal"
    wanted: frozenset[Control] = frozenset()
    pinned: bool = False  # draw pinned runs too


def waiting(run: Run, found: int) -> SpacePicture:
    """How far the engine is."""
    return SpacePicture(message=f"Computing the coordinates… {found:,} of {run.x.shape[1]:,} trajectories")


def refusal(run: Run | None) -> SpacePicture | None:
    """Why there is no Space of a run; None where there is one, or will be when the engine has answered."""
    if run is None or run.committed == 0:
        return SpacePicture(message=EMPTY)
    if int(np.prod(run.x.shape[2:])) <= 2:
        return SpacePicture(message=PLANAR, offer=OFFER)
    if run.status == "computing":
        return SpacePicture(message=GROWING)
    if run.committed < 2:
        return SpacePicture(message=TOO_SHORT)
    if not run.linked:
        return SpacePicture(message=run.caption or "Space needs the model of this run, which is not open.")
    return None


def bundle_picture(
    run: Run,
    space: Space,
    controls: Mapping[Control, ControlSpace],
    refusals: Mapping[Control, str],
    options: SpaceOptions,
    pinned: Sequence[tuple[Run, Space]] = (),
) -> SpacePicture:
    """Everything but the playhead and the selected sample: it stays the same while those move."""
    rows, turns = _drawn(space), options.turns
    first = _first(space, rows)
    shown = {name: controls[name] for name in CONTROLS if name in options.wanted and name in controls}
    bundles = [Bundle(owner="run", points=_bundle_of(space, turns))]
    for name, control in shown.items():
        factors = _factors(space, control, turns) if name == "walk" else (1.0, 1.0)
        points = _points(control.curves, control.shapes[turns], first)[rows]
        bundles.append(Bundle(owner=name, points=points * (factors[0], factors[1], factors[1]), factors=factors))
    for hue, (other, its) in enumerate(pinned):
        bundles.append(Bundle(owner="pinned", points=_bundle_of(its, turns), name=plane_title(other), hue=hue))
    inset = _points(space.curves.denoising, space.denoising_shapes[turns], first)
    sigmas = run.sigmas[space.levels[rows]]
    return SpacePicture(
        title=plane_title(run),
        caption=_caption(space, len(rows), first.stop),
        bundles=tuple(bundles),
        inset=Bundle(owner="run", points=inset[rows[rows < len(inset)]]) if np.isfinite(inset).any() else None,
        inset_note=_shares(space.curves.denoising),
        sigmas=sigmas,
        colouring=options.colouring if space.classes is not None or options.colouring != "class" else "sigma",
        classes=None if space.classes is None else space.classes[first],
        class_names=space.class_names,
        class_refusal="" if space.classes is not None else "undefined here because the data have no classes",
        turns=turns,
        pinned=options.pinned,
        owners=("run", *shown),
        rows=rows_of(space, shown, turns),
        notes=(*_notes(run, space, shown, turns), *_refused(options, refusals)),
    )


def at_playhead(base: SpacePicture, space: Space, selection: Selection, sigmas: Array) -> SpacePicture:
    """The picture with the selected sample, and its x → D at the playhead."""
    at = int(np.searchsorted(space.levels, selection.index, side="right")) - 1
    sample, turns, rows = min(selection.sample, space.count - 1), base.turns, _drawn(space)
    target = None
    if at < len(space.curves.target_along):
        turn = space.shapes[turns].alignment.rotations[sample]
        target = np.array([space.curves.target_along[at, sample], *(space.curves.target_across[at, sample] @ turn)])
    strand = _points(space.curves.sampling, space.shapes[turns], sample)
    inset = _points(space.curves.denoising, space.denoising_shapes[turns], sample)
    return replace(
        base,
        sigma=float(sigmas[selection.index]),
        at=int(np.abs(rows - at).argmin()),
        sample=sample,
        strand=Strand(points=strand, at=at),
        inset_strand=Strand(points=inset, at=at if at < len(inset) else None),
        target=target if target is not None and np.isfinite(target).all() else None,
    )


def _first(space: Space, rows: Array) -> slice:
    """The samples that are drawn: all, or the first ones where they are many."""
    return slice(min(space.count, MOST_DRAWN // len(rows)))


def _bundle_of(space: Space, turns: Turns) -> Array:
    """The curves of a run that are drawn, at the levels that are drawn, (L, B, 3)."""
    rows = _drawn(space)
    return _points(space.curves.sampling, space.shapes[turns], _first(space, rows))[rows]


def pinned_with(run: Run, runs: Iterable[Run]) -> tuple[Run, ...]:
    """The pinned runs that can stand in the drawing of a run: others, of samples of the same shape."""
    return tuple(
        other
        for other in runs
        if other.pinned and other.id != run.id and refusal(other) is None and other.x.shape[2:] == run.x.shape[2:]
    )


def _points(curves: Subspace, shape: Shape, which: int | slice = slice(None)) -> Array:
    """(L, B, 3) or, of one sample, (L, 3): along, and across as the shape has turned it."""
    return np.concatenate([curves.along[:, which, None], shape.alignment.curves[:, which]], axis=-1)


def _drawn(space: Space) -> Array:
    """The rows whose segments are drawn: all, or some evenly spread where they are many."""
    levels = len(space.levels)
    most = min(levels, max(LEAST_LEVELS, MOST_DRAWN // space.count))
    return np.unique(np.linspace(0, levels - 1, most).round().astype(np.intp))


def _factors(space: Space, control: ControlSpace, turns: Turns) -> tuple[float, float]:
    """What makes a control as long and as wide as the run, because a walk would flatten everything else."""
    with np.errstate(all="ignore"):
        long = np.nanmean(space.curves.sampling.chord) / np.nanmean(control.curves.chord)
        wide = np.nanmean(space.shapes[turns].sizes) / np.nanmean(control.shapes[turns].sizes)
    return (float(long), float(wide)) if np.isfinite([long, wide]).all() and wide > 0 else (1.0, 1.0)


def control_states(
    run: Run, options: SpaceOptions, refusals: Mapping[Control, str], working: Mapping[Control, float]
) -> tuple[ControlState, ...]:
    """The boxes of the controls; `working` has how far the work of one is."""
    why = dict(refusals)
    if run.settings.driver == "optimal":
        why["optimal"] = "D* drives this run, so it would show the same curves."
    return tuple(
        ControlState(
            control=name,
            wanted=name in options.wanted and name not in why,
            fraction=working.get(name),
            refusal=why.get(name, ""),
        )
        for name in CONTROLS
    )


# ---------------------------------------------------------------- words


def _caption(space: Space, rows: int, curves: int) -> str:
    levels = len(space.levels)
    some = f", the first {curves:,} are drawn" if curves < space.count else ""
    some += f", drawn at {rows:,} of {levels:,} levels" if rows < levels else ""
    return f"{space.count:,} trajectories{some}; x along its displacement, and in two components of the complement"


def _shares(curves: Subspace) -> str:
    first, second = shares(curves)
    if not np.isfinite(first):
        return ""
    return f"PC 1 {percent(first)}, both {percent(second)}"


def _refused(options: SpaceOptions, refusals: Mapping[Control, str]) -> Iterator[str]:
    """Why controls that a person wants are not there."""
    for name in CONTROLS:
        if name in options.wanted and name in refusals:
            yield f"{OWNERS[name]}: {refusals[name]}"


def _notes(run: Run, space: Space, shown: Mapping[Control, ControlSpace], turns: Turns) -> Iterator[str]:
    solver = solvers.row(run.settings.solver)
    if len(space.levels) == 2:
        yield "Shapes are undefined here because one step joins two points by a line. Take more steps."
    elif space.count == 1:
        yield "One sample is its own mean, so residuals are 0. Take more trajectories."
    elif (count := space.shapes[turns].count) < space.count:
        left = space.count - count
        yield (
            f"Shapes are undefined for {left:,} of {space.count:,} samples because their curves are straight, do not "
            "move, or are not finite."
        )
    if not np.isfinite(space.curves.denoising.along).any():
        yield f"{DRIVER_NAMES[run.settings.driver]} has no inset here because it does not move or is not finite."
    if solver.stochastic:
        yield f"{solver.title} adds noise, so these are not the curves of an ODE."
    elif solver.adaptive:
        yield f"{solver.title} takes steps of its own; the curves are known at the levels of the schedule alone."
    if run.status == "stopped":
        last = general(float(run.sigmas[run.committed - 1]), 3)
        yield f"The run was stopped at σ {last}, where its displacement ends."
    for name, control in shown.items():
        drawn = ""
        if name == "walk":
            long, wide = _factors(space, control, turns)
            drawn = f"; drawn × {general(long, 2)} along and × {general(wide, 2)} across, so that all fit"
        yield f"{OWNERS[name]}: {control.note.rstrip('.')}{drawn}."
