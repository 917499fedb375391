"""Makes the training view's picture from what was recorded of a training. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.messages import DataOpened
from app.plotting.pens_and_numbers import Kind
from app.plotting.sigma_axis import sigma_text
from app.plotting.values import Box, Curve, MeasurePlot
from app.rooms.training.messages import Controls, Snapshot
from geomodel.arrays import Array
from geomodel.number_text import fixed
from geomodel.projection import stride
from geomodel.recipe import TrainSettings

EVERY = 100  # iterations between two snapshots
MOST_SNAPSHOTS = 2_000
MOST_DATA = 4_000  # points that are drawn
PAD, NOISE = 1.08, 2.8  # around the data; deviations of the scaled noise that the frame holds

LOSS = "E λ(σ) ‖D(y + σz; σ) − y‖² / dim, λ = (σ² + d²)/(σ d)², smoothed over 100 iterations; always the mean: 1"
APART = "mean of ‖D − D_pop‖ at fresh samples + σz, and of ‖D − D*‖ at the data + σz"
ONE_POINT = "Undefined here, because copies are told from the second nearest data point, and there is none."
MANY_POINTS = "Not counted for more than 20,000 points, because every end is compared with every point."
COPIES = "share of ends with ‖x − y₍₁₎‖ < ⅓ ‖x − y₍₂₎‖, y₍₁₎ and y₍₂₎ the two nearest data"


def every(recipe: TrainSettings) -> int:
    """Iterations between two snapshots: 100, and more in a training so long that their record would grow large."""
    return EVERY * -(-recipe.iterations // (EVERY * MOST_SNAPSHOTS))


def scaled(x: Array, sigmas: Array, source: DataOpened) -> Array:
    """x (levels, samples, 2) with its distance to the data's mean over √(1 + σ²/s²), so that one frame holds all."""
    center = center_of(source)
    return np.asarray(center + (x - center) / np.hypot(1, sigmas / source.dataset.std)[:, None, None])


def center_of(source: DataOpened) -> Array:
    """The data's mean in their plane."""
    return np.asarray(source.plane.project(source.dataset.mean[None])[0])


def frame(source: DataOpened) -> Box:
    """A box that holds the data and the scaled noise. It depends on neither level nor iteration, so nothing jumps."""
    center, points = center_of(source), source.plane_points
    side = 2 * PAD * np.maximum(np.abs(points - center).max(0), NOISE * source.dataset.std)
    return float(center[0]), float(center[1]), float(side[0]), float(side[1])


def data_of(source: DataOpened) -> Array:
    """The data that are drawn."""
    return np.asarray(source.plane_points[:: stride(len(source.plane_points), MOST_DATA)])


def axes_of(source: DataOpened) -> tuple[str, str]:
    """What the axes of the plane are called."""
    named = ("x₁", "x₂") if source.plane.whole else ("principal component 1", "principal component 2")
    return f"{named[0]}, scaled by 1/√(1 + σ²/s²)", named[1]


def places_of(snapshots: Sequence[Snapshot], recipe: TrainSettings) -> Array:
    """The iterations of the snapshots, and the last of the training, so that the axis never grows."""
    done = [float(snapshot.iteration) for snapshot in snapshots]
    return np.array(done if done[-1] >= recipe.iterations else [*done, float(recipe.iterations)])


def loss_plot(snapshots: Sequence[Snapshot], controls: Controls, count: int) -> MeasurePlot:
    """The loss over the iterations, and its floor. count: how many places the curves stand over."""
    values = [snapshot.loss for snapshot in snapshots]
    curves = [_curve("network", "training", values)]
    if np.isfinite(controls.floor):
        curves.append(_control("optimal", "D* of the points", controls.floor, count))
    return MeasurePlot(name="loss", title="Loss", unit="", formula=LOSS, curves=tuple(curves))


def copies_plot(snapshots: Sequence[Snapshot], controls: Controls, count: int) -> MeasurePlot:
    """The share of ends that are copies over the iterations, and that of fresh samples."""
    values = [snapshot.memorised for snapshot in snapshots]
    curves = [_curve("network", "ends", values)] if np.isfinite(values).any() else []
    if np.isfinite(controls.fresh):
        curves.append(_control("reference", "fresh samples", controls.fresh, count))
    return MeasurePlot(
        name="memorised",
        title="Memorised",
        unit="share",
        formula=COPIES,
        curves=tuple(curves),
        waiting="" if curves else ONE_POINT if controls.ends else MANY_POINTS,
        linear=True,
    )


def distance_plot(snapshots: Sequence[Snapshot], controls: Controls, level: int) -> MeasurePlot:
    """The distances to D* and to the population at a level over the iterations."""
    row = _row(snapshots[0], level)
    data = [float(snapshot.data[row]) for snapshot in snapshots]
    population = [float(snapshot.population[row]) for snapshot in snapshots]
    curves = [_curve("optimal", "to D* of the points", data)]
    if np.isfinite(population).any():
        curves.append(_curve("reference", "to the population", population))
    title = f"Distance at σ {sigma_text(float(controls.sigmas[row]))}"
    return MeasurePlot(name="distance", title=title, unit="data units", formula=APART, curves=tuple(curves))


def _row(snapshot: Snapshot, level: int) -> int:
    """Where a level stands among the distances. The last level may be 0, where no denoiser is asked."""
    return min(level, len(snapshot.data) - 1)


def _curve(kind: Kind, label: str, values: list[float]) -> Curve:
    return Curve(kind=kind, label=label, values=np.array(values)[:, None], measured=np.arange(len(values)))


def _control(kind: Kind, label: str, value: float, count: int) -> Curve:
    return Curve(kind=kind, label=label, values=np.full((count, 1), value))


def title_of(snapshot: Snapshot, controls: Controls, level: int, playhead: float | None) -> str:
    """What the trajectories are of. playhead: its σ, which stands there too where it is another one."""
    shown = sigma_text(float(controls.sigmas[level]))
    other = "" if playhead is None else sigma_text(playhead)
    beside = f" (the recorded level nearest to the playhead's {other})" if other not in ("", shown) else ""
    return f"After {snapshot.iteration:,} iterations, at σ {shown}{beside}"


def caption_of(source: DataOpened, recipe: TrainSettings, controls: Controls) -> str:
    """How it was made."""
    points = f"{len(source.dataset):,} point{'s' * (len(source.dataset) > 1)}"
    counted = f"; copies among {controls.ends} ends" if controls.ends else ""
    return (
        f"{source.dataset.name}, {points}; batch {recipe.batch:,}, width {recipe.width}, depth "
        f"{recipe.depth}, learning rate {recipe.learning_rate:g}, seed {recipe.seed}. "
        f"{controls.optimal.shape[1]} trajectories of the average of the weights, Heun, "
        f"{len(controls.sigmas) - 1} steps, always from the same noise{counted}."
    )


def words_of(iteration: int, recipe: TrainSettings, rate: float) -> str:
    """How far a training is."""
    at = f"{rate:.0f} a second" if rate else ""
    return ", ".join(filter(None, (f"iteration {iteration:,} of {recipe.iterations:,}", at)))


def numbers_of(snapshot: Snapshot, controls: Controls, level: int) -> str:
    """The numbers of a snapshot in words."""
    row = _row(snapshot, level)
    floor, fresh = (
        f" ({name}: {fixed(value, digits)})" if np.isfinite(value) else ""
        for name, value, digits in (("D*", controls.floor, 4), ("fresh samples", controls.fresh, 2))
    )
    parts = [
        f"Loss {fixed(snapshot.loss)}{floor}",
        f"at σ {sigma_text(float(controls.sigmas[row]))} {fixed(float(snapshot.data[row]))} from D* of the points",
        f"{fixed(float(snapshot.population[row]))} from the population",
        f"{fixed(snapshot.memorised, 2)} of the ends memorised{fresh}",
    ]
    values = (snapshot.loss, snapshot.data[row], snapshot.population[row], snapshot.memorised)
    return "; ".join(part for part, value in zip(parts, values, strict=True) if np.isfinite(value))
