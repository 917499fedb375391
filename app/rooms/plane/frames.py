"""Which part of the plane is in view, and how it is scaled. Pure functions of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from PySide6.QtWidgets import QGraphicsItem

from app.plotting.values import Box
from app.rooms.plane.pictures import InsidePicture, PlaneCurves, PlanePicture
from geomodel.arrays import Array

PAD = 1.12
STEP_PAD = 2.2  # the box around the inside of a step is this much larger than the step
EXACT_FLOOR = 1e-4  # the exact curve of an interval that ends at 0 stops at this part of its start


def playhead(picture: PlanePicture) -> int:
    """The level shown: the playhead, but not beyond the computed levels."""
    return max(0, min(picture.index, picture.curves.committed - 1)) if picture.curves else 0


def playhead_sigma(picture: PlanePicture) -> float:
    """The noise level at the playhead; without a run that of the density."""
    if picture.curves is not None:
        return float(picture.curves.sigmas[playhead(picture)])
    return picture.background.request.sigma if picture.background is not None else 0.0


def next_sigma(picture: PlanePicture, sigma: float) -> float | None:
    """The level that follows a noise level of the run."""
    if picture.curves is None:
        return None
    below = picture.curves.sigmas[picture.curves.sigmas < sigma * (1 - 1e-9)]
    return float(below[0]) if len(below) else None


def factor(picture: PlanePicture, sigma: Any) -> Any:
    """The factor of distances from the data's mean at noise level σ: 1, or 1/√(1 + σ²/s²) in the scaled frame."""
    if picture.frame != "scaled":
        return np.ones_like(sigma, dtype=np.float64) if isinstance(sigma, np.ndarray) else 1.0
    return 1 / np.sqrt(1 + (sigma / picture.scale) ** 2)


def chart(picture: PlanePicture) -> tuple[object, ...]:
    """What decides where a point is displayed, beside its σ."""
    return picture.frame == "scaled", picture.scale, picture.center


def shown(picture: PlanePicture, points: Any, sigma: Any) -> Array:
    """Points (..., 2) of noise level σ where they are displayed: c + (p − c) times the factor, c the data's mean.

    sigma: a number, or one for each point.
    """
    if picture.frame != "scaled":
        return np.asarray(points, np.float64)
    center = np.array(picture.center)
    return np.asarray(center + np.asarray(factor(picture, sigma))[..., None] * (points - center))


def true(picture: PlanePicture, x: float, y: float, sigma: float) -> tuple[float, float]:
    """The point of noise level σ that is displayed at (x, y)."""
    (cx, cy), scale = picture.center, float(factor(picture, sigma))
    return (x, y) if scale == 1 else (cx + (x - cx) / scale, cy + (y - cy) / scale)


def put(item: QGraphicsItem, picture: PlanePicture, sigma: float) -> None:
    """Display an item, drawn in true coordinates at noise level σ, where its points are displayed."""
    scale = float(factor(picture, sigma))
    item.setScale(scale)
    item.setPos(*((1 - scale) * value for value in picture.center))


def sampling(curves: PlaneCurves) -> Array:
    """The committed levels of the sampling trajectories."""
    return curves.sampling[: curves.committed]


def denoising(curves: PlaneCurves) -> Array:
    """The denoising trajectories as far as D is known, including the last level if D was computed there for display."""
    known = curves.denoising[: max(0, curves.committed - 1)]
    if curves.final_denoised is None or curves.committed < len(curves.sigmas):
        return known
    return np.concatenate([known, curves.final_denoised[None]])


def displayed(picture: PlanePicture, points: Array) -> Array:
    """Curves (levels, B, 2), each level displayed with its own factor."""
    assert picture.curves is not None
    return shown(picture, points, picture.curves.sigmas[: len(points), None])


def exact_sigmas(inside: InsidePicture, count: int) -> Array:
    """The noise levels along the exact curve, even in log σ. A jump to σ = 0 closes them if the step ends there."""
    end = inside.sigma_next if inside.sigma_next > 0 else inside.sigma * EXACT_FLOOR
    levels = np.geomspace(inside.sigma, end, count)
    levels[-1] = inside.sigma_next
    return levels


def inside_curves(picture: PlanePicture, inside: InsidePicture) -> dict[str, Array]:
    """The points of a step, displayed: each with the factor of its own noise level."""
    points = shown(picture, inside.x, np.array(inside.sigmas))
    return {
        "start": shown(picture, inside.start, inside.sigma),
        "stages": points[: inside.stages],
        "history": points[inside.stages :],
        "end": shown(picture, inside.end, inside.sigma_next),
        "euler": shown(picture, inside.euler, inside.sigma_next),
    }


def density_rect(picture: PlanePicture) -> tuple[float, float, float, float] | None:
    """x, y, width and height of the density image in displayed coordinates; None if there is none."""
    background = picture.background
    if background is None or background.density is None or "density" not in picture.layers:
        return None
    sigma = background.request.sigma
    x, y, width, height = background.request.rect
    scale = float(factor(picture, sigma))
    left, bottom = shown(picture, np.array([x, y]), sigma).tolist()
    return left, bottom, width * scale, height * scale


def frame_box(picture: PlanePicture) -> Box:
    """Centre and size of the box to show, in displayed coordinates: a canvas, the frame, or the inside of a small
    step.
    """
    if picture.drawing is not None:
        return picture.drawing.box
    box = _frame_box(picture)
    if picture.inside is None:
        return box
    step = inside_curves(picture, picture.inside)
    step.pop("history")
    x, y, width, height = _around(np.concatenate([np.atleast_2d(points) for points in step.values()]), picture)
    side = STEP_PAD * max(width, height)
    return (x, y, side, side) if side < min(box[2:]) else box


def _frame_box(picture: PlanePicture) -> Box:
    x, y = picture.center
    if picture.frame == "run" and picture.curves is not None:
        curves = picture.curves
        known = [array[:, None] if array.ndim == 2 else array for array in (sampling(curves), denoising(curves))]
        return _around(np.concatenate([points.reshape(-1, 2) for points in known]), picture)
    if picture.frame == "data" and picture.data is not None:
        return _around(picture.data, picture)
    if picture.frame == "scaled":
        return x, y, 6 * picture.scale, 6 * picture.scale
    side = 6 * float(np.hypot(picture.scale, playhead_sigma(picture)))
    return x, y, side, side


def _around(points: Array, picture: PlanePicture) -> Box:
    points = points[np.isfinite(points).all(-1)]
    if not len(points):
        return *picture.center, 6 * picture.scale, 6 * picture.scale
    low, high = points.min(0), points.max(0)
    width, height = np.maximum(PAD * (high - low), 1e-6 * picture.scale)
    x, y = (low + high) / 2
    return float(x), float(y), float(width), float(height)
