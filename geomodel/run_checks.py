"""Checks the settings of a run against its data, its network and this computer's memory."""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

from geomodel import classes, memory, theories
from geomodel.precision import far
from geomodel.settings import Driver, RunSettings, driver_problems, limits, record_bytes

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

MAX_EVALUATIONS = 4  # the most that a step combines, with its history (iPNDM of order 4)
TITLES: dict[Driver, str] = {
    **{row.name: row.title for row in theories.THEORIES},
    "mixture": "Exact mixture",
    "network": "Network",
    "blend": "Blend of network and D*",
}
DETAIL_NUMBERS = 64  # the stage points of every sample are kept where a sample has at most this many numbers


def problems(settings: RunSettings, data: Dataset | None, network: Any = None) -> dict[str, str]:
    """Field → sentence for settings that do not fit the data, the network or this computer's memory."""
    found: dict[str, str] = {}
    shape = point_shape(data, network)
    if shape is None:
        return {"data": "Choose reference data or a network first."}
    if refusal := driver_refusal(settings.driver, data, network):
        found["driver"] = refusal
    else:
        found |= driver_problems(settings, data)
    if label := _label_problem(settings, data, network):
        found["label"] = label
    if settings.compares and data is not None and (refusal := theories.refusal(settings.compared_with, data)):
        found["compared_with"] = refusal
    if data is not None and network is not None and tuple(network.shape) != tuple(data.shape):
        found["network"] = (
            f"The network works on shape {tuple(network.shape)}, the data have {tuple(data.shape)}; open matching ones."
        )
    if settings.start in ("exact", "data") and data is None:
        found["start"] = "Starting from a data point needs reference data."
    elif settings.start in ("exact", "data") and data is not None:
        asked = classes.asked(settings, data, network)
        if asked.data is None:
            found["start"] = f"{classes.missing(data, asked.name)}, so no point of it can be a start."
    if settings.start == "data" and data is not None and settings.start_index >= len(data):
        found["start_index"] = f"The data have points 0 to {len(data) - 1}; there is no point {settings.start_index}."
    if settings.start == "point" and len(settings.start_point) != prod(shape):
        found["start"] = f"The start point has {len(settings.start_point)} numbers; these data need {prod(shape)}."
    need, budget = needed_bytes(settings, data, network), memory.budget()
    if need > budget:
        found["count"] = (
            f"{settings.count:,} trajectories over {settings.steps:,} steps would take {memory.text(need)}; "
            f"at most {memory.text(budget)} are used. Lower {limits('count').title.lower()} or steps."
        )
    return found


def driver_refusal(driver: Driver, data: Dataset | None, network: Any = None) -> str:
    """Why a driver cannot move the samples; empty where it can."""
    if driver in ("network", "blend") and network is None:
        return "The network drives only when a checkpoint is open."
    if driver == "network":
        return ""
    if data is None:
        return f"The driver “{TITLES[driver]}” needs reference data."
    if driver == "mixture":
        known = data.gaussians is not None
        return "" if known else f"{data.name} has no mixture density; choose the optimal denoiser."
    return "" if driver == "blend" else theories.refusal(driver, data)


def _label_problem(settings: RunSettings, data: Dataset | None, network: Any) -> str:
    label = settings.label
    if settings.network_drives and network is not None:
        there = classes.of_network(network)
        if label >= there.count:
            return f"The network has classes 0 to {there.count - 1}." if there.count else "The network has no classes."
        if classes.needs_null_class(settings, network):
            return "The network has no null class: choose a class, and no guidance."
    if label < 0 or data is None:
        return ""
    if not classes.has_classes(settings.driver):
        return f"The driver “{TITLES[settings.driver]}” has no classes."
    if settings.network_drives:
        asked = classes.asked(settings, data, network)
        if settings.driver == "network" or asked.data is not None:
            return ""
        return f"{classes.missing(data, asked.name)}, and a blend needs the class on both sides."
    if data.labels is None:
        return f"{data.name} has no classes, so D* cannot run over one."
    return "" if bool((data.labels == label).any()) else f"{data.name} has no points of class {label}."


def needed_bytes(settings: RunSettings, data: Dataset | None, network: Any = None) -> int:
    """Bytes that the run's record takes, with what D is compared with and with the stage points that are kept."""
    shape = point_shape(data, network)
    assert shape is not None
    itemsize = 4 if settings.network_drives and not far(data, network) else 8
    arrays = record_bytes(settings.count, settings.steps, prod(shape), itemsize)
    kept = settings.count if prod(shape) <= DETAIL_NUMBERS else 1
    stages = record_bytes(kept, settings.steps, prod(shape), 8) * MAX_EVALUATIONS
    return arrays * (2 if settings.compares else 1) + stages


def point_shape(data: Dataset | None, network: Any) -> tuple[int, ...] | None:
    """The shape of a sample: the data's, or the network's where there are no data."""
    source = data if data is not None else network
    return None if source is None else tuple(source.shape)
