"""The start of a run and its noise levels. What the settings leave open is filled in from the data or the network."""

from __future__ import annotations

import math
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

IMAGE_SIGMAS = (0.002, 80.0)  # the range of EDM, on which networks for images are trained
LEAST = 0.002  # sigma_min of points in units of their scale
WIDEST = 10.0  # sigma_max of points in units of their largest deviation, at which all data look like one point
IMAGE_WIDEST = 4.0  # sigma_max of images in units of their root mean square along one direction; see below


def recommended_sigmas(data: Dataset | None, network: Any = None) -> tuple[float, float]:
    """(sigma_min, sigma_max) for a data set, or for a network where there are no data.

    Points: 0.002 s to 10 √Λ with s their scale and Λ the largest variance along any direction, because runs start at
    their mean. Images: 0.002 to 80 as in EDM, or more where 4 √(‖ȳ‖² + Λ) is more, because runs start at 0, from which
    their mean ȳ is away. At that level the start N(0, σ²I) is hardly told from the noisy data.
    """
    if data is None:
        low, high = IMAGE_SIGMAS if network is None else network.sigma_recommended
    elif data.kind == "images":
        low, high = IMAGE_SIGMAS
        high = max(high, IMAGE_WIDEST * math.hypot(float(np.linalg.norm(data.mean)), data.largest_deviation))
    else:
        low, high = LEAST * data.std, WIDEST * data.largest_deviation
    return _short(low), _short(high)


def center(data: Dataset | None, network: Any = None) -> Array:
    """The point about which the noise of a run's start is drawn, (*shape): the mean of the data or, where there are
    none, the one that the network was trained with. It is 0 for images, because their networks start at σz.
    """
    shape = point_shape(data, network)
    assert shape is not None
    if data is None:
        return np.asarray(network.info.mean_point)
    return np.zeros(shape) if data.kind == "images" else data.mean


def resolved(settings: RunSettings, data: Dataset | None, network: Any = None) -> RunSettings:
    """The settings with open noise levels filled in. A list of levels, where there is one, decides steps and ends."""
    if settings.schedule == CUSTOM and len(settings.levels) > 1:
        return with_levels(settings, settings.levels)
    driven = network is not None and settings.network_drives  # then the levels are those that it was trained at
    low, high = recommended_sigmas(None if driven else data, network)
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
    """x at sigma_max, (B, *shape) float64: a centre + σz, and for sample 0 the point that was given, if any.

    The centre is that of the data (`center`), 0 ("origin"), a data point that is drawn ("exact") or one of them
    ("data"), from the run's class where it has one.
    """
    from geomodel.randomness import noise

    shape = point_shape(data, network)
    assert shape is not None
    assert settings.sigma_max is not None
    x: Array = noise(list(settings.seeds), shape, settings.sigma_max).numpy()
    if settings.start in ("noise", "point"):
        x = x + center(data, network)
    if settings.start in ("exact", "data") and data is not None:
        x = x + np.asarray(data.points[_drawn(settings, data, network)], np.float64)
    elif settings.start == "point":
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
