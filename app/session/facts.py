"""Facts that follow from a run and a selection. Pure functions; every number comes from `geomodel`."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, TypeVar

from app.engine.contract import Answer
from app.plotting.values import ScatterPicture
from app.session.plane_options import PlaneOptions
from app.session.state import Run, Selection
from geomodel import classes, datasets
from geomodel.arrays import Array
from geomodel.collapse import crossing, speciation_sigma
from geomodel.latents import KINDS
from geomodel.number_text import general
from geomodel.projection import identity_basis, stride
from geomodel.settings import RunSettings
from geomodel.solvers import row as solver_row
from geomodel.theories import THEORIES
from geomodel.trajectory import Trajectory

DRIVER_NAMES: dict[str, str] = {
    **{row.name: row.symbol for row in THEORIES},
    "mixture": "mixture D",
    "network": "Dθ",
    "blend": "a Dθ + (1 − a) D*",
}
THE_PLANE = identity_basis(2)  # one object, so that nobody takes it for another plane
NO_DATA = "no data"
MOST_DATA = 4_000  # points under an end
UNDEFINED = "Undefined here because"
ON_REQUEST = "while it is shown"  # when a measure is computed that the run does not have
START_NAMES = {
    "noise": "Noise about the mean",
    "origin": "Noise about 0",
    "exact": "Data + noise",
    "data": "One data point + noise",
    "point": "Clicked point",
}

AnswerKind = TypeVar("AnswerKind", bound=Answer)


def about(answer: AnswerKind | None, run: Run) -> AnswerKind | None:
    """An answer if it is about this run, else None: another run may have fewer samples, levels or data points.

    A run keeps its data for as long as it lives, so its id also names the data that the answer's indices count.
    """
    return answer if answer is not None and answer.request.run_id == run.id else None


def run_basis(run: Run) -> Any:
    """The plane of a run; None if it needs data that are not open."""
    if run.source is not None:
        return run.source.plane
    return THE_PLANE if tuple(run.x.shape[2:]) == (2,) else None


def plane_title(run: Run) -> str:
    """Data, driver, class and solver of a run: what is cut in a narrow window stands last."""
    return plane_words(run.settings, class_words(run))


def plane_words(settings: RunSettings, of_class: str = "") -> str:
    """Data, driver, class and solver of settings."""
    sampler = f"{solver_row(settings.solver).title}, {settings.steps} steps"
    return " · ".join(filter(None, (data_title(settings.data), DRIVER_NAMES[settings.driver], of_class, sampler)))


def data_title(name: str) -> str:
    """The title of named data without their size, or the name of a file."""
    if not name:
        return NO_DATA
    return datasets.title(name).partition(" (")[0] if datasets.named(name) else Path(name).name


def class_words(run: Run) -> str:
    """The class that a run asks for and how strongly; empty where it asks for none."""
    guided = run.settings.guided
    return f"{run.asked.words}, guidance {general(run.settings.guidance, 3)}" if guided else run.asked.words


def latents(trajectory: Trajectory) -> str:
    """The kind of latents that a saved run says its samples are; empty for points and images."""
    network = trajectory.settings.get("network")
    said = network.get("latents") if isinstance(network, dict) else None
    return said if said in KINDS else ""


def stage_levels(run: Run, median: Array, levels: Array | None = None) -> tuple[float, float | None]:
    """Where the classes part (σ_S, the root of the data's largest variance), and where one point is left (N_eff = 2).

    median (n,): of the samples' effective neighbours at `levels` (n,), or at the first n. Empty, it leaves the second
    level unknown.
    """
    assert run.source is not None
    parted = speciation_sigma(run.source.plane_points)  # the plane holds the direction of largest variance
    return parted, crossing(run.sigmas[: len(median)] if levels is None else run.sigmas[levels], median)


def data_count(run: Run) -> int:
    """How many data points make up D* of the run: all, or those of its class."""
    assert run.source is not None
    rows = classes.rows(run.source.dataset, run.asked.data)
    return len(run.source.dataset) if rows is None else len(rows)


def probe_sigma(run: Run, selection: Selection, options: PlaneOptions) -> float:
    """The probe's own noise level, or the playhead's if it follows that."""
    return options.probe_sigma if options.probe_sigma is not None else float(run.sigmas[selection.index])


def is_open_network(paths: Iterable[str], path: str) -> bool:
    """Whether a file is that of an open network, of which these are the paths, under whatever name."""
    chosen = Path(path)
    return chosen.exists() and any(Path(name).exists() and chosen.samefile(name) for name in paths)


def likelihood_undefined(run: Run) -> str:
    """Why a run has no likelihood gains; empty where it has."""
    if run.trajectory is None or run.committed < 2:
        return f"{UNDEFINED} the run has not ended."
    if not run.compared or not run.linked:
        return run.caption or f"{UNDEFINED} the run has no reference data."
    return ""


def over_data(run: Run, end: Array, same: Array, other: Array) -> ScatterPicture:
    """An end (*shape) and others (m, *shape) in the plane of the run's data, over some of these."""
    assert run.source is not None
    plane, points = run.source.plane, run.source.plane_points
    names = ("x₁", "x₂") if plane.whole else ("principal component 1", "principal component 2")
    return ScatterPicture(
        data=points[:: stride(len(points), MOST_DATA)],
        end=plane.project(end),
        same=plane.project(same),
        other=plane.project(other),
        axes=names,
    )
