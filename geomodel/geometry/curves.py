"""Measures of discrete curves in R^d: lengths, distances, angles, and the trajectory deviation.

A curve is an array (levels, B, *shape) with the positions of B samples at successive noise levels, from noise to data.
All arithmetic is float64, whatever the dtype of the curve, and works on a few levels at a time: a long record of large
images is not copied whole, and one of many levels does not take a call for each. Where a position is NaN (never
evaluated) the result is NaN; where it is infinite (a run that diverged) the result is infinite or NaN. Lengths are in
the units of the data.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.geometry.vectors import (
    at_levels,
    curve_of,
    flat,
    parts_along,
    pieces,
    quiet,
    row_cosines,
    row_lengths,
    some_flat,
)


@quiet
def norm(curve: ArrayLike) -> Floats:
    """Euclidean norm ‖a_n‖ of every position.

    curve (levels, B, *shape) -> (levels, B). Raises ValueError where `curve` has no level, batch and shape axes.
    Source: "magnitudes", Chen et al. 2023 (arXiv 2305.19947), Proposition 2 and its figures.
    """
    return at_levels(curve_of(curve), row_lengths)


@quiet
def step_length(curve: ArrayLike) -> Floats:
    """Length ‖a_{n+1} − a_n‖ of every chord between successive levels.

    curve (levels, B, *shape) -> (levels − 1, B); row n belongs to the step that leaves level n. Raises ValueError
    where `curve` has no level, batch and shape axes.
    """
    positions = curve_of(curve)
    lengths = np.empty((len(positions) - 1, positions.shape[1]))
    for part in pieces(len(lengths), positions.shape[1:]):
        lengths[part] = row_lengths(np.diff(some_flat(positions[part.start : part.stop + 1]), axis=0))
    return lengths


def arc_length(curve: ArrayLike) -> Floats:
    """Length along the polygon from its first point, s_n = Σ_{m<n} ‖a_{m+1} − a_m‖.

    curve (levels, B, *shape) -> (levels, B), row 0 zero; the last row is the whole length. Raises ValueError where
    `curve` has no level, batch and shape axes. Source: "On the Trajectory Regularity of ODE-based Diffusion
    Sampling" (arXiv 2405.11326), where curvature and torsion are drawn over it.
    """
    lengths = step_length(curve)
    return np.concatenate([np.zeros((1, lengths.shape[1])), np.cumsum(lengths, axis=0)])


@quiet
def distance_to_end(curve: ArrayLike) -> Floats:
    """Distance ‖a_n − a_N‖ of every position to the last one of the same curve.

    curve (levels, B, *shape) -> (levels, B), the last row zero. Raises ValueError where `curve` has no level, batch
    and shape axes. Source: Chen et al. 2023 (arXiv 2305.19947), Observation 2: both trajectories approach their
    end monotonically.
    """
    positions = curve_of(curve)
    end = flat(positions[-1])
    return at_levels(positions, lambda some: row_lengths(some - end))


@quiet
def deviation(curve: ArrayLike) -> Floats:
    """Trajectory deviation: distance of every position to the *line* through the first and last point of its curve.

        u = (a_N − a_0) / ‖a_N − a_0‖,     dev_n = ‖(a_n − a_N) − ⟨a_n − a_N, u⟩ u‖

    curve (levels, B, *shape) -> (levels, B); rows 0 and N are exactly zero. It is the distance to the line, not to the
    segment. Where first and last point coincide there is no line, and the distance to that point is returned. What
    rounding leaves of the projection is taken off again (a second Gram–Schmidt pass), so that a deviation of 1e-10 at a
    distance of thousands is not lost. Raises ValueError where `curve` has no level, batch and shape axes. Source:
    "trajectory deviation", Chen et al. 2023 (arXiv 2305.19947); the one-dimensional projection of arXiv 2405.11326.
    """
    positions = curve_of(curve)
    end = flat(positions[-1])
    chord = flat(positions[0]) - end
    closed = row_lengths(chord) == 0

    def distance(some: Floats) -> Floats:
        some -= end
        across = parts_along(some, chord)[1]
        return np.where(closed, row_lengths(some), across) if closed.any() else across

    distances = at_levels(positions, distance)
    distances[0] *= 0.0  # the first point is on the line, so its distance is rounding; NaN stays NaN
    distances[-1] *= 0.0
    return distances


@quiet
def cosine_to_end(curve: ArrayLike, slopes: ArrayLike | None = None) -> Floats:
    """Angle deviation: the cosine between the slope at a position and the displacement from the end to it.

        cos_n = ⟨s_n, a_n − a_N⟩ / (‖s_n‖ ‖a_n − a_N‖)

    curve (levels, B, *shape) -> (levels, B). `slopes` (levels − 1, B, *shape) are dx/dσ = (x − D)/σ; without them
    the backward chords a_n − a_{n+1} are used. A curve that runs straight to its end has cosine +1. It is NaN where it
    is not defined, which is in the last row and wherever the slope or the displacement is zero. Raises ValueError where
    the shapes do not fit. Source: Chen et al. 2023 (arXiv 2305.19947), "angle deviation".
    """
    positions = curve_of(curve)
    given = None if slopes is None else np.asarray(plain(slopes))
    if given is not None and given.shape != (len(positions) - 1, *positions.shape[1:]):
        expected = (len(positions) - 1, *positions.shape[1:])
        raise ValueError(f"slopes have shape {given.shape}; a curve {positions.shape} needs {expected}.")
    end = flat(positions[-1])
    cosines = np.full(positions.shape[:2], np.nan)
    for part in pieces(len(positions) - 1, positions.shape[1:]):
        here = some_flat(positions[part])
        slope = here - some_flat(positions[part.start + 1 : part.stop + 1]) if given is None else some_flat(given[part])
        cosines[part] = row_cosines(slope, here - end)
    return cosines
