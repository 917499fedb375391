"""Makes the plane's picture from a run, a selection and answers. Pure functions."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from app.engine.contract import Site
from app.plotting.bundles import Symbol
from app.rooms.plane.actions import GHOST_TIPS
from app.rooms.plane.messages import BasinsAnswer, Branched, DensityAnswer, InsideAnswer, ProbeAnswer
from app.rooms.plane.pictures import BranchPicture, GhostPicture, InsidePicture, PlanePicture
from app.rooms.plane.projected import Projected
from app.rooms.strip.messages import NeighboursAnswer
from app.session.facts import DRIVER_NAMES, about, plane_title
from app.session.plane_options import GHOST, BranchStart, PlaneOptions
from app.session.state import Run, Selection
from geomodel import images
from geomodel.arrays import Array
from geomodel.experiments.ghosts import Ghost
from geomodel.record import StepDetail
from geomodel.schedules import nearest_level

SAME_LEVEL = 1e-9  # relative; the levels of two forms of one schedule differ by rounding


def plane_picture(run: Run, selection: Selection, projected: Projected, site: Site | None = None) -> PlanePicture:
    """The plane without the engine's answers: data, curves, texts."""
    source, basis = run.source, projected.basis
    direct = basis.count == len(basis.origin)
    points = None if source is None else source.plane_points
    caption, whole = plane_captions(run, basis, site or Site())
    return PlanePicture(
        title=plane_title(run),
        caption=caption,
        caption_whole=whole,
        x_label="x₁" if direct else "principal component 1",
        y_label="x₂" if direct else "principal component 2",
        direct=direct,
        data=points,
        scale=projected.scale,
        center=projected.center,
        curves=projected.curves(run),
        index=selection.index,
        sample=selection.sample,
        driver_name=DRIVER_NAMES[run.settings.driver],
        compared=run.settings.compared_with,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneAnswers:
    """What the engine has answered about the plane, of whatever run."""

    density: DensityAnswer | None = None
    basins: BasinsAnswer | None = None
    probe: ProbeAnswer | None = None
    inside: InsideAnswer | None = None
    neighbours: NeighboursAnswer | None = None


def site_of(run: Run, selection: Selection, options: PlaneOptions) -> Site:
    """The plane in view. For 2-D data there is only one."""
    if options.mode == "marginal" or tuple(run.x.shape[2:]) == (2,):
        return Site()
    return Site("slice", selection.index, selection.sample)


def probes(run: Run, options: PlaneOptions) -> bool:
    """Whether a point of the plane is a point of the data's space."""
    return tuple(run.x.shape[2:]) == (2,) or (options.mode == "slice" and run.source is not None)


def answered_picture(
    run: Run, selection: Selection, options: PlaneOptions, projected: Projected, answers: PlaneAnswers
) -> PlanePicture:
    """The plane with the engine's answers, as the options say."""
    direct = probes(run, options)
    inside = about(answers.inside, run)
    return replace(
        plane_picture(run, selection, projected, site_of(run, selection, options)),
        probes=direct,
        background=about(answers.density, run),
        basins=about(answers.basins, run),
        arrow=options.arrow,
        probe=about(answers.probe, run) if options.probe is not None and direct else None,
        probe_point=options.probe if direct else None,
        neighbours=about(answers.neighbours, run),
        inside=inside_picture(run, selection, projected.basis, inside) if options.inside else None,
        frame=options.frame,
        layers=options.layers - {"segment"} if options.inside else options.layers,
        looks=options.looks,
    )


def plane_captions(run: Run, basis: Any, site: Site) -> tuple[str, str]:
    """A line that is never cut in a narrow window, as long as nothing went wrong; and the same in full.

    Mode and explained variance come first, then whether the run is a recording and what happened to it.
    """
    short, whole = [], []
    if basis is not None and basis.count != len(basis.origin):
        mode, meaning = _mode(run, site)
        first, second = basis.explained
        short.append(f"{mode} · {first:.0%} + {second:.0%} of variance")
        share = f"Principal components 1, 2 hold {first:.0%} + {second:.0%} of the data's variance"
        whole += [meaning, share]
    if run.status == "recorded":
        short.append("recorded run")
        whole.append("Recorded run from the program's own files")
    for words in filter(None, (run.caption, run.message)):
        short.append(words)
        whole.append(words.rstrip("."))
    line = " · ".join(short)
    return line[:1].upper() + line[1:], ". ".join(whole)


def _mode(run: Run, site: Site) -> tuple[str, str]:
    """How the plane is to be read where it is not the data's space, in short and in full."""
    if site.mode == "slice":
        return (
            "Slice: exact on this plane",
            f"Slice through sample {site.sample} at σ {run.sigmas[site.index]:.3g}: density and field are exact on it; "
            "data and other samples are projected",
        )
    return (
        "Marginal: mean field of the projection",
        "Marginal mode: the density of the projected data, and the mean slope at each point of the plane; "
        "single trajectories do not follow it",
    )


def kept_inside(run: Run, selection: Selection) -> tuple[StepDetail, int] | None:
    """The inside of the selected step and the row of the selected sample in it; None if the record did not keep it."""
    if selection.index >= len(run.details):
        return None
    kept = run.record.samples if run.record is not None else None
    if kept is not None and selection.sample not in kept:
        return None
    return run.details[selection.index], selection.sample if kept is None else kept.index(selection.sample)


def inside_picture(run: Run, selection: Selection, basis: Any, answer: InsideAnswer | None) -> InsidePicture | None:
    """The inside of the step that leaves the selected level."""
    if answer is not None and (answer.request.index, answer.request.sample) != (selection.index, selection.sample):
        answer = None
    found = kept_inside(run, selection)
    if found is None and answer is not None and answer.detail is not None:
        found = answer.detail, 0
    if found is None:
        return None
    detail, k = found
    i, sample = selection.index, selection.sample
    sigma, sigma_next = float(run.sigmas[i]), float(run.sigmas[i + 1])
    start, denoised = run.x[i, sample], run.denoised[i, sample]
    euler = denoised + (sigma_next / sigma) * (start - denoised)
    project = basis.project
    return InsidePicture(
        x=project(detail.x[:, k]),
        denoised=project(detail.denoised[:, k]),
        sigmas=detail.sigmas,
        stages=detail.stages,
        slope_weights=detail.slope_weights,
        start=project(start),
        end=project(run.x[i + 1, sample]),
        euler=project(euler),
        sigma=sigma,
        sigma_next=sigma_next,
        exact=None if answer is None or answer.curve is None else project(answer.curve),
        exact_error=0.0 if answer is None else answer.error,
    )


def branch_handle(run: Run, selection: Selection, basis: Any, start: BranchStart | None) -> tuple[float, float] | None:
    """Where x of the selected sample stands at the playhead, moved if a branch begins there; None at the last level."""
    if run.trajectory is None or not run.linked or selection.index >= run.committed - 1:
        return None
    here = (run.id, selection.sample, selection.index)
    if start is not None and start.point is not None and (start.run_id, start.sample, start.level) == here:
        return start.point
    x, y = basis.project(run.x[selection.index, selection.sample])
    return float(x), float(y)


def branch_picture(
    run: Run, basis: Any, start: BranchStart, found: Branched | None, pending: bool, message: str
) -> BranchPicture:
    """The branch from a start, as far as it is known."""
    sigmas = run.sigmas[start.level : run.committed]
    picture = BranchPicture(
        sample=start.sample, sigma=float(sigmas[0]), sigmas=sigmas, pending=pending, message=message
    )
    if found is None:
        return picture
    end = np.asarray(run.x[run.committed - 1, start.sample], np.float64)
    shown = end.ndim == 3 and end.shape[0] in (1, 3) and not run.latents
    return replace(
        picture,
        branch=basis.project(found.branch),
        control=basis.project(found.control),
        distance=float(found.distance[-1]),
        from_run=float(np.linalg.norm(found.control[-1] - end)),
        ends=images.pixels(np.stack([found.branch[-1], found.control[-1]])) if shown else None,
    )


@dataclass(frozen=True, slots=True, eq=False)
class Pinned:
    """A pinned run beside the selected one: the name of its layer, its sampler, and its hue in comparisons."""

    name: str
    sampler: str
    run: Run
    hue: int


GHOST_LOOKS: dict[Ghost, tuple[str, str, Symbol]] = {  # title in the legend, hue and symbol
    "optimal": ("x* by D*", "optimal", "diamond"),
    "gaussian": ("by one Gaussian", "runs.4", "square"),
    "classes": ("by class Gaussians", "runs.5", "disc"),
    "ode": ("exact ODE", "reference", "disc"),
}


def ghost_pictures(
    run: Run,
    selection: Selection,
    basis: Any,
    curves: Mapping[Ghost, Array],
    note: Callable[[Ghost], str],
    pinned: Sequence[Pinned],
) -> tuple[GhostPicture, ...]:
    """The ghosts of the selected sample: those that the engine followed, and the same noise in pinned runs."""
    found = []
    for kind, (title, hue, symbol) in GHOST_LOOKS.items():
        name = f"{GHOST}{kind}"
        curve, tip = curves.get(kind), GHOST_TIPS[name]
        ghost = GhostPicture(
            name=name, title=title, tip=tip, hue=hue, symbol=symbol, sigmas=run.sigmas, note=note(kind)
        )
        found.append(ghost if curve is None else _placed(ghost, run, selection, basis, curve))
    return (*found, *(_pinned_picture(run, selection, basis, other) for other in pinned))


def _pinned_picture(run: Run, selection: Selection, basis: Any, pinned: Pinned) -> GhostPicture:
    """The sample of another run that began with the same seed."""
    other = pinned.run
    k = run.settings.seed + selection.sample - other.settings.seed
    there = 0 <= k < other.x.shape[1]
    ghost = GhostPicture(
        name=pinned.name,
        title=f"run {other.id}, {DRIVER_NAMES[other.settings.driver]}, {pinned.sampler}",
        tip="The pinned run from the same seed, at its level nearest to the playhead's",
        hue=f"runs.{pinned.hue}",
        symbol="ring",
        sigmas=other.sigmas,
        note="" if there else f"no sample of seed {run.settings.seed + selection.sample}",
    )
    return _placed(ghost, run, selection, basis, other.x[: other.committed, k]) if there else ghost


def _placed(ghost: GhostPicture, run: Run, selection: Selection, basis: Any, curve: Array) -> GhostPicture:
    """A ghost in the plane, with its distance from x where it has the playhead's level."""
    sigmas = np.asarray(ghost.sigmas)[: len(curve)]
    here = float(run.sigmas[selection.index])
    at = nearest_level(sigmas, here)
    same = abs(float(sigmas[at]) - here) <= SAME_LEVEL * here
    x = np.asarray(run.x[selection.index, selection.sample], np.float64)
    distance = float(np.linalg.norm(x - curve[at])) if same else None
    return replace(ghost, curve=basis.project(curve), sigmas=sigmas, index=at, distance=distance)
