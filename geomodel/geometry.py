"""Measures of discrete curves in R^d: lengths, distances, angles, and the trajectory deviation.

A curve is an array (levels, B, *shape) with the positions of B samples at successive noise levels, from noise to data.
All arithmetic is float64, whatever the dtype of the curve, and works on one level at a time, so that a long record of
large images is not copied whole. Where a position is NaN (never evaluated) the result is NaN; where it is infinite (a
run that diverged) the result is infinite or NaN. Lengths are in the units of the data.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain

_quiet = np.errstate(invalid="ignore", over="ignore")  # inf − inf on a diverged run and 0/0 give NaN without warning


@_quiet
def norm(curve: ArrayLike) -> Floats:
    """Euclidean norm ‖a_n‖ of every position.

    curve (levels, B, *shape) -> (levels, B). Raises ValueError where `curve` has no level, batch and shape axes.
    Source: "magnitudes", Chen et al. 2023 (arXiv 2305.19947), Proposition 2 and its figures.
    """
    positions = _curve(curve)
    return _over_levels(_length(_flat(position)) for position in positions)


@_quiet
def step_length(curve: ArrayLike) -> Floats:
    """Length ‖a_{n+1} − a_n‖ of every chord between successive levels.

    curve (levels, B, *shape) -> (levels − 1, B); row n belongs to the step that leaves level n. Raises ValueError
    where `curve` has no level, batch and shape axes.
    """
    positions = _curve(curve)
    if len(positions) == 1:
        return np.empty((0, positions.shape[1]))
    return _over_levels(_length(_flat(after) - _flat(before)) for before, after in pairwise(positions))


def arc_length(curve: ArrayLike) -> Floats:
    """Length along the polygon from its first point, s_n = Σ_{m<n} ‖a_{m+1} − a_m‖.

    curve (levels, B, *shape) -> (levels, B), row 0 zero; the last row is the whole length. Raises ValueError where
    `curve` has no level, batch and shape axes. Source: "On the Trajectory Regularity of ODE-based Diffusion
    Sampling" (arXiv 2405.11326), where curvature and torsion are drawn over it.
    """
    lengths = step_length(curve)
    return np.concatenate([np.zeros((1, lengths.shape[1])), np.cumsum(lengths, axis=0)])


@_quiet
def distance_to_end(curve: ArrayLike) -> Floats:
    """Distance ‖a_n − a_N‖ of every position to the last one of the same curve.

    curve (levels, B, *shape) -> (levels, B), the last row zero. Raises ValueError where `curve` has no level, batch
    and shape axes. Source: Chen et al. 2023 (arXiv 2305.19947), Observation 2: both trajectories approach their
    end monotonically.
    """
    positions = _curve(curve)
    end = _flat(positions[-1])
    return _over_levels(_length(_flat(position) - end) for position in positions)


@_quiet
def deviation(curve: ArrayLike) -> Floats:
    """Trajectory deviation: distance of every position to the *line* through the first and last point of its curve.

        u = (a_N − a_0) / ‖a_N − a_0‖,     dev_n = ‖(a_n − a_N) − ⟨a_n − a_N, u⟩ u‖

    curve (levels, B, *shape) -> (levels, B); rows 0 and N are exactly zero. It is the distance to the line, not to the
    segment. Where first and last point coincide there is no line, and the distance to that point is returned. The
    projection is applied twice (a second Gram–Schmidt pass), so that a deviation of 1e-10 at a distance of thousands is
    not lost in rounding. Raises ValueError where `curve` has no level, batch and shape axes. Source: "trajectory
    deviation", Chen et al. 2023 (arXiv 2305.19947); the one-dimensional projection of arXiv 2405.11326.
    """
    positions = _curve(curve)
    end = _flat(positions[-1])
    chord = _flat(positions[0]) - end
    length = _length(chord)
    direction = chord / np.where(length > 0, length, 1.0)[:, None]

    def distance(position: Array) -> Floats:
        offset = _flat(position) - end
        for _ in range(2):
            offset = offset - _dot(offset, direction)[:, None] * direction
        return _length(offset)

    distances = _over_levels(distance(position) for position in positions)
    distances[0] *= 0.0  # the first point is on the line, so its distance is rounding; NaN stays NaN
    return distances


@_quiet
def cosine_to_end(curve: ArrayLike, slopes: ArrayLike | None = None) -> Floats:
    """Angle deviation: the cosine between the slope at a position and the displacement from the end to it.

        cos_n = ⟨s_n, a_n − a_N⟩ / (‖s_n‖ ‖a_n − a_N‖)

    curve (levels, B, *shape) -> (levels, B). `slopes` (levels − 1, B, *shape) are dx/dσ = (x − D)/σ; without them
    the backward chords a_n − a_{n+1} are used. A curve that runs straight to its end has cosine +1. It is NaN where it
    is not defined, which is in the last row and wherever the slope or the displacement is zero. Raises ValueError where
    the shapes do not fit. Source: Chen et al. 2023 (arXiv 2305.19947), "angle deviation".
    """
    positions = _curve(curve)
    given = None if slopes is None else np.asarray(plain(slopes))
    if given is not None and given.shape != (len(positions) - 1, *positions.shape[1:]):
        expected = (len(positions) - 1, *positions.shape[1:])
        raise ValueError(f"slopes have shape {given.shape}; a curve {positions.shape} needs {expected}.")
    end = _flat(positions[-1])
    cosines = np.full(positions.shape[:2], np.nan)
    for level in range(len(positions) - 1):
        here = _flat(positions[level])
        slope = here - _flat(positions[level + 1]) if given is None else _flat(given[level])
        cosines[level] = _cosine(slope, here - end)
    return cosines


@_quiet
def curvature(curve: ArrayLike) -> Floats:
    """Curvature of the polygon at every inner position: the angle between its chords over half their length.

        κ_n = 2 ∠(c_{n−1}, c_n) / (‖c_{n−1}‖ + ‖c_n‖),    c_n = a_{n+1} − a_n

    curve (levels, B, *shape) -> (levels, B), in 1/units of the data. It is NaN in the first and the last row, which
    have only one chord, and where a chord has no length. Its error falls with the square of the chords on an even
    curve. Raises ValueError where `curve` has no level, batch and shape axes. Source: Frenet frame, Chen et al. 2025
    (arXiv 2506.10177), eqs. 14 and 15; there from cubics fitted to 101 of 1000 positions in three dimensions.
    """
    positions = _curve(curve)
    found = np.full(positions.shape[:2], np.nan)
    for level in range(1, len(positions) - 1):
        before, after = _chords(positions, level - 1, level)
        angle = _angle(before, after)
        found[level] = 2 * angle / (_length(before) + _length(after))
    return found


@_quiet
def torsion(curve: ArrayLike) -> Floats:
    """Torsion |τ| of the polygon at every inner chord: how fast the plane of bending turns about it.

        |τ_n| = 3 φ_n / (‖c_{n−1}‖ + ‖c_n‖ + ‖c_{n+1}‖),    φ_n the angle between span(c_{n−1}, c_n), span(c_n, c_{n+1})

    with chords c_n as in `curvature`; in more than three dimensions it is the second curvature of the Frenet frame,
    which has no sign, and φ_n ≤ π/2 (a change of side is no turn of the plane).

    curve (levels, B, *shape) -> (levels − 1, B), in 1/units of the data; row n belongs to the step that leaves level
    n. It is NaN in the first and the last row, and where the curve bends by less than 10⁴ roundings of its positions,
    because its plane is then not known to 10⁻⁴. float32 positions rarely suffice. Errors and source as in `curvature`.
    """
    positions = _curve(curve)
    unit = np.finfo(positions.dtype if positions.dtype.kind == "f" else np.float64).eps
    found = np.full((max(len(positions) - 1, 0), positions.shape[1]), np.nan)
    for level in range(1, len(positions) - 2):
        before, here, after = _chords(positions, level - 1, level, level + 1)
        near, far = _without(before, here), _without(after, here)
        angle = _angle(near, far)
        bend = np.minimum(_length(near), _length(far))
        known = bend > 1e4 * unit * _length(_flat(positions[level]))
        length = _length(before) + _length(here) + _length(after)
        found[level] = np.where(known, 3 * np.minimum(angle, np.pi - angle) / length, np.nan)
    return found


def _curve(curve: ArrayLike) -> Array:
    positions = np.asarray(plain(curve))
    if positions.ndim < 3 or len(positions) == 0:
        raise ValueError(f"A curve is an array (levels, samples, *shape); got shape {positions.shape}.")
    return positions


def _flat(position: Array) -> Floats:
    """(B, *shape) of any dtype as float64 (B, d)."""
    return position.reshape(len(position), int(np.prod(position.shape[1:]))).astype(np.float64)


def _dot(first: Floats, second: Floats) -> Floats:
    return np.asarray(np.einsum("bd,bd->b", first, second))


def _length(vectors: Floats) -> Floats:
    return np.asarray(np.sqrt(_dot(vectors, vectors)))


def _cosine(first: Floats, second: Floats) -> Floats:
    return np.asarray(_dot(first, second) / (_length(first) * _length(second)))  # 0/0 gives NaN


def _over_levels(values: Iterable[Floats]) -> Floats:
    return np.stack(list(values))


def _chords(positions: Array, *levels: int) -> list[Floats]:
    return [_flat(positions[level + 1]) - _flat(positions[level]) for level in levels]


def _angle(first: Floats, second: Floats) -> Floats:
    """The angle from 0 to π, exact for small ones, where an arccos loses half the digits. NaN for a zero vector."""
    return np.asarray(np.arctan2(_length(_without(second, first)) / _length(second), _cosine(first, second)))


def _without(vectors: Floats, direction: Floats) -> Floats:
    """The part orthogonal to a direction, by two passes as in `deviation`."""
    square = _dot(direction, direction)
    for _ in range(2):
        vectors = vectors - (_dot(vectors, direction) / square)[:, None] * direction
    return vectors
