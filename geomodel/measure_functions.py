"""The functions behind the rows of the measures' table: of the curves of a run, one curve at a time, (levels, B)."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from geomodel import geometry, images
from geomodel.arrays import Array, Floats
from geomodel.curves import Curves
from geomodel.geometry.bending import turning_rates


def measured(function: Callable[[ArrayLike], Floats], positions: Array) -> Floats:
    return function(positions) if len(positions) else np.empty((0, positions.shape[1]))


def along(function: Callable[[ArrayLike], Floats]) -> Callable[[Curves, str], Floats]:
    return lambda curves, curve: measured(function, getattr(curves, curve))


def step_length(curves: Curves, curve: str) -> Floats:
    positions = getattr(curves, curve)
    if curves.whole is None or curves.levels is None:
        return measured(geometry.step_length, positions)
    every = getattr(curves.whole, curve)
    later = every[curves.levels[curves.levels + 1 < len(every)] + 1]
    steps = np.stack([positions[: len(later)], later]).reshape(2, -1, *positions.shape[2:])  # one step of many samples
    return geometry.step_length(steps).reshape(later.shape[:2])


def slope(curves: Curves, curve: str) -> Floats:
    levels = len(curves.denoised)
    sigmas = np.asarray(curves.sigmas[:levels], dtype=np.float64)
    scale = np.where(sigmas > 0, sigmas, np.nan) * np.sqrt(np.prod(curves.x.shape[2:]))
    lengths = measured(geometry.norm, curves.x[:levels] - curves.denoised)
    return np.asarray(lengths / scale[:, None])


def norm(curves: Curves, curve: str) -> Floats:
    positions = getattr(curves, curve)
    return measured(geometry.norm, positions if curves.center is None else positions - curves.center)


def cosine(curves: Curves, curve: str) -> Floats:
    levels = len(curves.x) - 1
    return geometry.cosine_to_end(curves.x, curves.x[:levels] - curves.denoised[:levels])


def turning(curves: Curves, curve: str) -> Floats | None:
    """Without the last row, which has no level after it. On the run beside, it was measured during the run."""
    if curve != "x":
        return extra("turning")(curves, curve)
    if curves.whole is None or curves.levels is None:
        return measured(lambda means: geometry.turning_rate(curves.x, means, curves.sigmas), curves.denoised)[:-1]
    whole = curves.whole
    levels = curves.levels[curves.levels + 1 < len(whole.denoised)]
    return turning_rates(whole.x, whole.denoised, whole.sigmas, levels)


def gap(curves: Curves, curve: str) -> Floats:
    return measured(geometry.norm, curves.denoised - curves.x[-1])


def extra(name: str) -> Callable[[Curves, str], Floats | None]:
    """A measure that the run stored as ``name`` or ``name_curve``; None where it has none."""

    def measure(curves: Curves, curve: str) -> Floats | None:
        values = curves.extras.get(f"{name}_{curve}" if curve else name)
        return None if values is None else np.asarray(values, dtype=np.float64)

    return measure


def clipped(curves: Curves, curve: str) -> Floats | None:
    """The share of clipped values of images; None for other data."""
    values = getattr(curves, curve)
    return 100 * images.clipped_shares(values) if values.ndim == 5 else None
