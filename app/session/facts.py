"""From a run and a selection to what the views show. Pure functions; every number comes from `geomodel`."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.messages import Array
from app.rooms.plane.messages import InsideAnswer, Site
from app.rooms.plane.pictures import (
    Curve,
    InsidePicture,
    MeasurePlot,
    MeasuresPicture,
    PlaneCurves,
    PlanePicture,
)
from app.session.state import Run, Selection
from geomodel import datasets, measures
from geomodel.collapse import crossing, speciation_sigma
from geomodel.projection import identity_basis
from geomodel.record import StepDetail
from geomodel.regions import named_regions
from geomodel.solvers import row as solver_row

DRIVER_NAMES = {"optimal": "D*", "mixture": "mixture D", "network": "Dθ", "blend": "a Dθ + (1 − a) D*"}


@dataclass(slots=True)
class Projected:
    """A run in the plane, projected level by level as it grows, and where its data lie there."""

    basis: Any
    sampling: Array
    denoising: Array
    scale: float = 1.0
    center: tuple[float, float] = (0.0, 0.0)
    levels: int = 0

    @classmethod
    def of(cls, run: Run, basis: Any) -> Projected:
        """Room for the whole schedule."""
        levels, batch = len(run.sigmas), run.x.shape[1]
        found = cls(basis, np.full((levels, batch, 2), np.nan), np.full((levels - 1, batch, 2), np.nan))
        if run.source is not None:
            points = run.source.plane_points
            found.scale = float(points.std(0).mean()) or 1.0
            found.center = (float(points[:, 0].mean()), float(points[:, 1].mean()))
        return found

    def curves(self, run: Run) -> PlaneCurves:
        """The run's curves, with what is new projected."""
        committed, done = run.committed, self.levels
        if committed > done:
            self.sampling[done:committed] = self.basis.project(run.x[done:committed])
            first = max(done - 1, 0)
            self.denoising[first : committed - 1] = self.basis.project(run.denoised[first : committed - 1])
            self.levels = committed
        final = run.trajectory.final_denoised if run.trajectory is not None else None
        return PlaneCurves(
            sampling=self.sampling,
            denoising=self.denoising,
            sigmas=run.sigmas,
            committed=committed,
            final_denoised=None if final is None else self.basis.project(final),
        )


def run_basis(run: Run) -> Any:
    """The plane a run is shown in; None where its data are needed and not open."""
    if run.source is not None:
        return run.source.plane
    return identity_basis(2) if tuple(run.x.shape[2:]) == (2,) else None


def plane_picture(run: Run, selection: Selection, projected: Projected, site: Site | None = None) -> PlanePicture:
    """The plane without what the engine answers: data, curves, words."""
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


def plane_title(run: Run) -> str:
    """Solver, driver and data of a run."""
    settings = run.settings
    data = datasets.row(settings.data).title if settings.data in datasets.names() else Path(settings.data).name
    return f"{data} · {DRIVER_NAMES[settings.driver]} · {solver_row(settings.solver).title}, {settings.steps} steps"


def plane_caption(run: Run, basis: Any, site: Site) -> str:
    """Mode and explained variance; whether the run is a recording."""
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
    """The inside of the selected step and the row of the selected sample in it; None where it was not kept."""
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


def measured(run: Run) -> tuple[MeasurePlot, ...]:
    """Every measure of the run so far."""
    n = run.committed
    source: Any = (
        run.trajectory if run.complete else measures.Curves(run.x, run.denoised, run.sigmas, run.extras).first(n)
    )
    plots = []
    for row in measures.MEASURES:
        waiting = "after the last step" if row.needs_end and not run.complete else ""
        found = {} if waiting else measures.compute(row.name, source)
        if not found and not waiting:
            continue  # the run does not carry it
        plots.append(
            MeasurePlot(
                name=row.name,
                title=row.title,
                unit=row.unit,
                formula=row.formula,
                curves=tuple(_curve(row, kind, values, run.settings.driver) for kind, values in found.items()),
                waiting=waiting,
                regions=_regions(row.name, run, found),
            )
        )
    return tuple(plots)


def _regions(name: str, run: Run, found: dict[str, Array]) -> tuple[tuple[str, float, float], ...]:
    """Named by the exact trajectory where it was run, once the run is complete: only then is the peak known."""
    if name == "effective_neighbours" and run.complete:
        return _stages(run, measures.band(found[""])[0])
    if name != "denoiser_difference" or not run.complete:
        return ()
    return named_regions(run.sigmas, measures.band(found.get("exact", next(iter(found.values()))))[0])


def stage_levels(run: Run, median: Array) -> tuple[float, float | None]:
    """Where the classes part (σ_S, the root of the data's largest variance), and where one point is left: N_eff = 2.

    median (n,): of the samples' effective neighbours at the first n levels; without one, nothing has collapsed.
    """
    assert run.source is not None
    parted = speciation_sigma(run.source.plane_points)  # the plane holds the direction of largest variance
    return parted, crossing(run.sigmas[: len(median)], median)


def _stages(run: Run, median: Array) -> tuple[tuple[str, float, float], ...]:
    if run.source is None:
        return ()
    positive = run.sigmas[run.sigmas > 0]
    parted, collapsed = stage_levels(run, median)
    if collapsed is None:
        return ()
    found, begin = [], float(positive[0])
    for stage, end in (("mixed", parted), ("speciated", collapsed), ("collapsed", float(positive[-1]))):
        if positive[-1] <= end < begin:
            found.append((stage, begin, end))
            begin = end
    return tuple(found)


def data_count(run: Run) -> int:
    """How many data points D* of the run is made of: all, or those of its class."""
    assert run.source is not None
    dataset, label = run.source.dataset, run.settings.label
    return len(dataset) if label < 0 else int((dataset.labels == label).sum())


def class_name(dataset: Any, label: int) -> str:
    """What a class of the data is called."""
    return dataset.label_names[label] if dataset.label_names else f"class {label}"


def _curve(row: Any, kind: str, values: Array, driver: str) -> Curve:
    """A curve with its hue and its name in the legend."""
    match kind:
        case "x":
            hue, label = "sampling", "x"
        case "denoised":
            hue, label = "denoising", "D"
        case "exact":
            hue, label = "optimal", "on the exact run"
        case _ if row.name == "effective_neighbours":
            hue, label = "optimal", ""  # the title says it
        case _:
            hue, label = "reference" if driver == "mixture" else "network", "on this run"
    return Curve(kind=hue, label=label, values=values)  # type: ignore[arg-type]


def measures_picture(run: Run | None, plots: tuple[MeasurePlot, ...], selection: Selection) -> MeasuresPicture:
    """The measures view."""
    if run is None:
        return MeasuresPicture(message="Press Run (F5) to see measures over the noise levels.")
    return MeasuresPicture(sigmas=run.sigmas, plots=plots, index=selection.index, sample=selection.sample)
