"""Makes the plane's picture from a run, a selection and answers. Pure functions."""

from __future__ import annotations

from typing import Any

from app.engine.contract import Site
from app.rooms.plane.messages import InsideAnswer
from app.rooms.plane.pictures import InsidePicture, PlanePicture
from app.rooms.plane.projected import Projected
from app.session.facts import DRIVER_NAMES, plane_title
from app.session.state import Run, Selection
from geomodel.record import StepDetail


def plane_picture(run: Run, selection: Selection, projected: Projected, site: Site | None = None) -> PlanePicture:
    """The plane without the engine's answers: data, curves, texts."""
    source, basis = run.source, projected.basis
    direct = basis.count == len(basis.origin)
    points = None if source is None else source.plane_points
    return PlanePicture(
        title=plane_title(run),
        caption=plane_caption(run, basis, site or Site()),
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
    )


def plane_caption(run: Run, basis: Any, site: Site) -> str:
    """Mode and explained variance, and whether the run is a recording."""
    parts = []
    if run.status == "recorded":
        parts.append("Recorded run from the program's own files")
    if run.caption:
        parts.append(run.caption)
    if basis is not None and basis.count != len(basis.origin):
        first, second = basis.explained
        share = f"principal components 1, 2 ({first:.0%} + {second:.0%} of the data's variance)"
        parts.append(
            f"Slice through sample {site.sample} at σ {run.sigmas[site.index]:.3g} along {share}; "
            "density and field are exact on it, data and other samples are projected"
            if site.mode == "slice"
            else f"Marginal mode: {share}; the field is the mean slope, single trajectories do not follow it"
        )
    if run.message:
        parts.append(run.message)
    return ". ".join(parts)


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
