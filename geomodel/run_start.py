"""The start of a run and its noise levels. What the settings leave open is filled in from the data or the network."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import classes, schedules
from geomodel.arrays import Array
from geomodel.run_checks import point_shape
from geomodel.settings import CUSTOM, RunSettings

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

TOY_SIGMA_MIN = 0.002
IMAGE_SIGMAS = (0.002, 80.0)
TOY_SCALES = 10.0  # sigma_max of a toy in units of its scale, at which all data look like one point


def recommended_sigmas(data: Dataset | None, network: Any = None) -> tuple[float, float]:
    """(sigma_min, sigma_max) for a data set, or for a network where there are no data."""
    if data is None:
        if network is None:
            return IMAGE_SIGMAS
        low, high = network.sigma_recommended
        return _short(low), _short(high)
    if data.kind == "images":
        return IMAGE_SIGMAS
    return _short(TOY_SIGMA_MIN * data.std), _short(TOY_SCALES * data.std)


def resolved(settings: RunSettings, data: Dataset | None, network: Any = None) -> RunSettings:
    """The settings with open noise levels filled in. A list of levels, where there is one, decides steps and ends."""
    if settings.schedule == CUSTOM and len(settings.levels) > 1:
        return with_levels(settings, settings.levels)
    low, high = recommended_sigmas(data, network)
    return replace(
        settings,
        sigma_min=low if settings.sigma_min is None else settings.sigma_min,
        sigma_max=high if settings.sigma_max is None else settings.sigma_max,
    )


def with_levels(settings: RunSettings, levels: Iterable[float]) -> RunSettings:
    """The settings with a list of noise levels as their schedule. The levels are kept exactly."""
    kept = tuple(map(float, levels))
    positive = [level for level in kept if level > 0]
    return replace(
        settings,
        schedule=CUSTOM,
        levels=kept,
        steps=len(kept) - 1,
        sigma_max=kept[0],
        sigma_min=positive[-1] if positive else None,
        final_zero=kept[-1] == 0,
    )


def noise_levels(settings: RunSettings) -> Array:
    """The noise levels of resolved settings: the schedule up to the level where the run jumps to D, and then 0."""
    return schedules.with_jump(whole_schedule(settings), settings.jump)


def whole_schedule(settings: RunSettings) -> Array:
    """The schedule of resolved settings, whether the run follows it to its end or not."""
    if settings.schedule == CUSTOM:
        return schedules.custom(settings.levels)
    own = {"rho": settings.rho} if schedules.row(settings.schedule).options else {}
    return schedules.build(
        settings.schedule,
        steps=settings.steps,
        sigma_min=settings.sigma_min,
        sigma_max=settings.sigma_max,
        final_zero=settings.final_zero,
        **own,
    )


def start_points(settings: RunSettings, data: Dataset | None, network: Any = None) -> Array:
    """x at sigma_max, (B, *shape) float64: noise, data + noise, or a given point for sample 0.

    Data are those of the run's class, where it has one.
    """
    from geomodel.randomness import noise

    shape = point_shape(data, network)
    assert shape is not None
    assert settings.sigma_max is not None
    x: Array = noise(list(settings.seeds), shape, settings.sigma_max).numpy()
    if settings.start in ("exact", "data") and data is not None:
        x = x + np.asarray(data.points[_drawn(settings, data, network)], np.float64)
    elif settings.start == "point":
        x = x.copy()
        x[0] = np.asarray(settings.start_point, np.float64).reshape(shape)
    return x


def _drawn(settings: RunSettings, data: Dataset, network: Any) -> list[int]:
    """The data points at which the samples start. Of a class, the given one is the first from `start_index` on."""
    rows = classes.rows(data, classes.asked(settings, data, network).data)
    own = np.arange(len(data)) if rows is None else rows
    if settings.start == "data":
        return [int(own[np.searchsorted(own, settings.start_index) % len(own)])] * settings.count
    return [int(own[np.random.default_rng((seed, 1)).integers(len(own))]) for seed in settings.seeds]


def _short(sigma: float) -> float:
    """Rounded to three digits, because a person reads the proposal."""
    return float(f"{sigma:.3g}")
