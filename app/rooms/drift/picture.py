"""Makes the drift view's picture. Pure functions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from app.engine.messages import DataOpened
from app.plotting.values import Box, Curve, MeasurePlot
from app.rooms.drift.messages import DriftAnswer, Knobs
from app.rooms.drift.pictures import ParticlesPicture
from app.rooms.drift.text import DISTANCE
from app.session.state import Run
from geomodel.arrays import Array
from geomodel.number_text import fixed, general
from geomodel.projection import stride

EMPTY = "Press Run (F5). Then particles drift over the data of the run."
NO_DATA = "Particles drift over reference data, and this run has none."
IMAGES = "Particles drift over points, and these data are images. Choose a point set, such as two moons."
UNLINKED = "The drift needs the data of this run, which are not open."
NARROW = "These points are so near to one another that their spread, the bandwidth's unit, is 0 in float64."
MOST_DATA = 4_000  # points that are drawn
FIRST_ROUNDS = 200  # of the axis, which doubles when they are over
PAD, SPREAD = 1.15, 3.2  # around the data; deviations that the frame holds on each side


def undefined(run: Run | None) -> str:
    """Why nothing drifts; empty where particles can."""
    if run is None or not run.committed:
        return EMPTY
    if run.source is None:
        return run.caption or NO_DATA
    if len(run.source.dataset.shape) != 1:
        return IMAGES
    if run.source.dataset.std == 0:
        return NARROW
    return "" if run.linked else run.caption or UNLINKED


def frame(source: DataOpened) -> Box:
    """A box that holds the data and most of the particles' start, whatever the round."""
    points = source.plane_points
    center = points.mean(0)
    side = 2 * np.maximum(PAD * np.abs(points - center).max(0), SPREAD * source.dataset.std)
    return float(center[0]), float(center[1]), float(side[0]), float(side[1])


def data_of(source: DataOpened) -> Array:
    """The data that are drawn."""
    return np.asarray(source.plane_points[:: stride(len(source.plane_points), MOST_DATA)])


def particles_of(source: DataOpened, data: Array, box: Box, answer: DriftAnswer) -> ParticlesPicture:
    """The particles of an answer in the plane of the data."""
    project, whole = source.plane.project, source.plane.whole
    return ParticlesPicture(
        data=data,
        particles=project(answer.particles),
        next=project(answer.particles + answer.moves),
        box=box,
        axes=("x₁", "x₂") if whole else ("principal component 1", "principal component 2"),
    )


def places_of(count: int) -> Array:
    """The rounds that the axis holds: 0 … count − 1, and the last of 200, 400, 800, …, so that it seldom grows."""
    last = FIRST_ROUNDS
    while last < count - 1:
        last *= 2
    return np.append(np.arange(count, dtype=np.float64), float(last)) if count - 1 < last else np.arange(float(count))


def plot_of(distances: Sequence[float], control: float, places: Array) -> MeasurePlot:
    """The distance over the rounds, beside its control."""
    values = np.asarray(distances)[:, None]
    curves = (
        Curve(kind="sampling", label="particles", values=values, measured=np.arange(len(values))),
        Curve(kind="reference", label="fresh sample", values=np.full((len(places), 1), control)),
    )
    return MeasurePlot(
        name="distance", title="Sliced distance to the data", unit="data units", formula=DISTANCE, curves=curves
    )


def numbers_of(number: int, bandwidth: float, distance: float, control: float, moves: Array) -> str:
    """The numbers of a round."""
    mean = float(np.linalg.norm(moves.reshape(len(moves), -1), axis=1).mean())
    return (
        f"Round {number:,}, h {general(bandwidth, 3)}: sliced distance {fixed(distance)} (fresh sample "
        f"{fixed(control)}), mean ‖V‖ {fixed(mean)}"
    )


def caption_of(source: DataOpened, knobs: Knobs) -> str:
    """What drifts over what."""
    start = f"{knobs.count:,} particles over {source.dataset.name} ({len(source.dataset):,} points), from ȳ + 2 s z"
    return f"{start}, s = {general(source.dataset.std, 3)}."
