"""The few coordinates in which a trajectory of thousands of dimensions moves: along its displacement, and across it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats
from geomodel.geometry.vectors import curve_of, quiet
from geomodel.projection import krylov

_DENSE = 32  # up to this size singular vectors are as quick as an iteration
_LEVELS_AT_ONCE = 32  # this many levels of 3,072 numbers stay in a processor's cache


@dataclass(frozen=True, slots=True, eq=False)
class Subspace:
    """The coordinates of L positions of B curves, as `subspace` computes them.

    Attributes:
        along: (L, B): distance from the end along the displacement: the chord's length at the start, 0 at the end.
        across: (L, B, count): coordinates along the principal components of the complement; 0 at both ends.
        explained: (B, count): the share of the variance in the complement that each of them has.
        chord: (B,): the distance from the start to the end.
    """

    along: Floats
    across: Floats
    explained: Floats
    chord: Floats


@quiet
def subspace(curve: ArrayLike, count: int = 2) -> Subspace:
    """Each curve in coordinates of its own: along its displacement, and along `count` components across it.

        u = (a_0 − a_N)/‖a_0 − a_N‖,    along_n = ⟨a_n − a_N, u⟩,    c_n = a_n − a_N − along_n u,
        C = (1/L) Σ_n (c_n − c̄)(c_n − c̄)ᵀ,    C v_k = λ_k v_k,    across_nk = ⟨c_n, v_k⟩,    explained_k = λ_k/tr C

    curve (L, B, *shape), x or D of a run. The origin is the end of the curve, and the sign of v_k makes the largest
    coordinate positive. The components are those **of the complement of the displacement**; plain principal components
    would spend the first on the displacement, which has 99.99 % of the variance. The shares depend on how the levels
    are spaced, so a report of them must give the levels.

    All arithmetic is float64 and takes one curve at a time. The components come from a block Krylov space that starts
    from eight of the curve's own positions. Where the curve is smooth, two rounds reach a residual below 10⁻¹⁰ λ_1; a
    rough one takes more.

    NaN stands for what is not defined: everything of a curve whose ends coincide or are not finite, rows that are not
    finite, components beyond the d − 1 that exist, and the shares of a curve that is straight to rounding. Raises
    ValueError where `curve` has no level, batch and shape axes, or for a count below 1.

    Sources: "multi-dimensional projection", arXiv 2405.11326, figure 3, and arXiv 2506.10177.
    """
    positions = curve_of(curve)
    if count < 1:
        raise ValueError(f"count is {count}; at least one component is needed.")
    levels, batch = positions.shape[:2]
    along, across = np.full((levels, batch), np.nan), np.full((levels, batch, count), np.nan)
    explained, chord = np.full((batch, count), np.nan), np.full(batch, np.nan)
    for sample in range(batch):
        own = positions[:, sample].reshape(levels, -1)
        chord[sample] = np.linalg.norm(np.subtract(own[0], own[-1], dtype=np.float64))
        if np.isfinite(chord[sample]) and chord[sample] > 0:
            along[:, sample], rest = _complement(own, chord[sample])
            most = min(count, own.shape[1] - 1)
            shares, coordinates = _components(rest, most, _rounding(own))
            explained[sample, :most], across[:, sample, :most] = shares, coordinates
    return Subspace(along, across, explained, chord)


@quiet
def placed(points: ArrayLike, curve: ArrayLike, axes: Subspace) -> tuple[Floats, Floats]:
    """Other points in the axes of each curve: D of a run beside its x, for example.

        along_p = ⟨p − a_N, u⟩,    across_pk = ⟨p − a_N, v_k⟩,    v_k = Σ_n y_nk c_n / Σ_n y_nk²

    points (P, B, *shape); curve (L, B, *shape) and its `subspace`, whose axes and signs are taken over. Returns along
    (P, B) and across (P, B, count). y_nk are the coordinates across without their mean; the sum above is the principal
    component that they came from, to their own accuracy. NaN where a curve has no axes, and along a component that has
    no variance. Raises ValueError where the samples or shapes differ.
    """
    positions, others = curve_of(curve), curve_of(points)
    if others.shape[1:] != positions.shape[1:] or axes.across.shape[:2] != positions.shape[:2]:
        raise ValueError(f"points of shape {others.shape} do not belong to curves of shape {positions.shape}.")
    along, across = np.full(others.shape[:2], np.nan), np.full((*others.shape[:2], axes.across.shape[2]), np.nan)
    for sample in np.flatnonzero(np.isfinite(axes.chord) & (axes.chord > 0)):
        own = positions[:, sample].reshape(len(positions), -1)
        offsets = others[:, sample].reshape(len(others), -1) - own[-1].astype(np.float64)
        direction = (own[0] - own[-1].astype(np.float64)) / axes.chord[sample]
        known = np.isfinite(axes.along[:, sample])
        weights = axes.across[known, sample] - axes.across[known, sample].mean(axis=0)
        vectors = own[known].astype(np.float64).T @ weights / (weights**2).sum(axis=0)
        vectors -= direction[:, None] * (direction @ vectors)
        along[:, sample], across[:, sample] = offsets @ direction, offsets @ vectors
    return along, across


def _complement(positions: Array, chord: float) -> tuple[Floats, Floats]:
    """Coordinates along the displacement (L,), and what is left across it (L, d), both from the end."""
    end = positions[-1].astype(np.float64)
    direction = (positions[0] - end) / chord
    along, rest = np.zeros(len(positions)), np.empty(positions.shape)
    for start in range(0, len(positions), _LEVELS_AT_ONCE):
        part = slice(start, start + _LEVELS_AT_ONCE)
        block = np.subtract(positions[part], end, out=rest[part])
        along[part] = block @ direction
        block -= along[part, None] * direction
    along[-1] = 0.0
    return along, rest


def _rounding(positions: Array) -> float:
    """How far the rounding of its positions moves a curve."""
    unit = np.finfo(positions.dtype if positions.dtype.kind == "f" else np.float64).eps
    return float(unit * np.nanmax(np.abs(positions)) * np.sqrt(positions.shape[1]))


def _components(rest: Floats, count: int, rounding: float) -> tuple[Floats, Floats]:
    """Shares (count,) and coordinates (L, count) along the principal components of `rest` (L, d)."""
    finite = np.isfinite(rest.sum(axis=1))
    kept = rest if finite.all() else rest[finite]
    mean = np.ones(len(kept)) @ kept / len(kept)  # three times as fast as a mean over the first axis
    total = float(np.vdot(kept, kept)) / len(kept) - float(mean @ mean)
    straight = not total > rounding**2
    vectors = np.zeros((rest.shape[1], count)) if straight else _directions(kept, mean, count)
    coordinates = np.asarray(rest @ vectors)
    shares = np.full(count, np.nan) if straight else np.var(coordinates[finite], axis=0) / total
    largest = np.take_along_axis(coordinates, np.nanargmax(np.abs(coordinates), axis=0)[None], axis=0)
    return shares, coordinates * np.where(largest < 0, -1.0, 1.0)


def _directions(rest: Floats, mean: Floats, count: int) -> Floats:
    """The `count` directions (d, count) of largest variance, fewer than there are dimensions."""
    levels, dimension = rest.shape
    if min(levels, dimension) <= _DENSE:
        found = np.linalg.svd(rest - mean, full_matrices=False)[2][:count].T
        return np.pad(found, ((0, 0), (0, count - found.shape[1])))  # fewer levels than components span no more

    def times(block: Floats) -> Floats:
        seen = rest @ block
        return np.asarray(rest.T @ (seen - seen.mean(axis=0)) / levels)

    chosen = np.linspace(0, levels - 1, count + 8).astype(np.intp)[1:-1]  # between the ends, which are 0
    return krylov(times, dimension, count, start=(rest[chosen] - mean).T)
