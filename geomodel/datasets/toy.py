"""Generated data in natural units: in the plane, most of it within ±4, and in 64 dimensions, about as far from 0.

Each builder takes (count, seed). Point i depends on (seed, i) alone, so that a smaller set is the beginning of a larger
one. For this, part k of a shape gets the points k, k + parts, k + 2 parts, …, and uniform and normal numbers come from
separate streams, drawn row by row.
"""

from __future__ import annotations

import operator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from geomodel.arrays import Floats
from geomodel.datasets.common import DataError
from geomodel.datasets.dataset import Dataset

_Array = NDArray[np.floating[Any]]
_LARGEST = 10_000_000
_MANY = 64  # dimensions of the two sets that need no network and yet behave as images do
_SPECTRUM: Floats = 3.0 * np.arange(1.0, _MANY + 1) ** -1.5  # variances that fall as those of images do
_CENTRES = 64  # the seed of the ten centres, which are the same in every set of clusters


class Draw:
    """The random numbers behind one set: uniform on [0, 1) and standard normal, both (count, dimension)."""

    def __init__(self, count: int, seed: int, parts: int = 1, dimension: int = 2) -> None:
        try:
            self.count, seed = operator.index(count), operator.index(seed)
        except TypeError as error:
            raise DataError(f"count and seed must be whole numbers; got {count!r} and {seed!r}.") from error
        if not 1 <= self.count <= _LARGEST or seed < 0:
            raise DataError(f"A generated set has 1 to {_LARGEST:,} points and a seed from 0; got {count} and {seed}.")
        uniform, normal = (np.random.default_rng(child) for child in np.random.SeedSequence(seed).spawn(2))
        self.uniform = uniform.random((self.count, dimension))
        self.normal = normal.standard_normal((self.count, dimension))
        self.part = np.arange(self.count, dtype=np.int64) % parts


def _polar(radius: _Array | float, angle: _Array) -> _Array:
    return np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=1)


def _labelled(name: str, points: _Array, draw: Draw, *label_names: str) -> Dataset:
    return Dataset(name=name, kind="toy", stored=points, labels=draw.part, label_names=label_names)


def two_moons(count: int, seed: int) -> Dataset:
    """Half circles of radius 2 about (-1, -0.5) and (1, 0.5), the second turned over; noise 0.12."""
    draw = Draw(count, seed, parts=2)
    side = 1.0 - 2.0 * draw.part[:, None]
    arc = _polar(2.0, np.pi * draw.uniform[:, 0])
    points = side * (arc - np.array([1.0, 0.5])) + 0.12 * draw.normal
    return _labelled("two-moons", points, draw, "upper moon", "lower moon")


def spiral(count: int, seed: int) -> Dataset:
    """Two Archimedean arms out to radius 4 in 1.5 turns, evenly filled along their length; noise 0.08."""
    draw = Draw(count, seed, parts=2)
    along = np.sqrt(0.01 + 0.99 * draw.uniform[:, 0])  # arc length grows like the square of the angle
    points = _polar(4.0 * along, 3.0 * np.pi * along + np.pi * draw.part) + 0.08 * draw.normal
    return _labelled("spiral", points, draw, "first arm", "second arm")


def rings(count: int, seed: int) -> Dataset:
    """Circles of radius 1.2, 2.4 and 3.6; noise 0.08."""
    draw = Draw(count, seed, parts=3)
    points = _polar(1.2 * (1.0 + draw.part), 2.0 * np.pi * draw.uniform[:, 0]) + 0.08 * draw.normal
    return _labelled("rings", points, draw, "inner ring", "middle ring", "outer ring")


def checkerboard(count: int, seed: int) -> Dataset:
    """Uniform on the eight dark squares (side 2) of a 4 × 4 board over [-4, 4]²."""
    draw = Draw(count, seed, parts=8)
    line = draw.part // 2
    corner = np.stack([2 * (draw.part % 2) + line % 2, line], axis=1)
    return Dataset(name="checkerboard", kind="toy", stored=2.0 * (corner + draw.uniform) - 4.0)


def gaussian_ring(count: int, seed: int) -> Dataset:
    """Eight Gaussians of standard deviation 0.3 on a circle of radius 4, equally weighted."""
    draw = Draw(count, seed, parts=8)
    means = _polar(4.0, np.arange(8) * (np.pi / 4)).astype(np.float64)
    return Dataset(
        name="gaussian-ring",
        kind="toy",
        stored=means[draw.part] + 0.3 * draw.normal,
        labels=draw.part,
        label_names=tuple(f"component {k}" for k in range(8)),
        gaussians=(means, np.full(8, 0.3**2)),
    )


def swiss_roll(count: int, seed: int) -> Dataset:
    """One Archimedean sheet from angle 1.5 π to 4.5 π, out to radius 4; noise 0.08."""
    draw = Draw(count, seed)
    angle = 1.5 * np.pi * (1.0 + 2.0 * draw.uniform[:, 0])
    return Dataset(
        name="swiss-roll", kind="toy", stored=_polar(angle * (4 / (4.5 * np.pi)), angle) + 0.08 * draw.normal
    )


def pinwheel(count: int, seed: int) -> Dataset:
    """Five blades: Gaussians at radius 2 (radial deviation 0.6, across 0.15), bent by an angle that grows outwards."""
    draw = Draw(count, seed, parts=5)
    out, across = 2.0 + 0.6 * draw.normal[:, 0], 0.15 * draw.normal[:, 1]
    angle = 0.4 * np.pi * draw.part + 0.25 * np.exp(0.5 * out)
    cosine, sine = np.cos(angle), np.sin(angle)
    points = np.stack([out * cosine - across * sine, out * sine + across * cosine], axis=1)
    return _labelled("pinwheel", points, draw, *(f"blade {k}" for k in range(5)))


def gaussian_64(count: int, seed: int) -> Dataset:
    """One Gaussian about 0 in 64 dimensions, with variance 3 k^−1.5 along axis k = 1 … 64."""
    draw = Draw(count, seed, dimension=_MANY)
    return Dataset(
        name="gaussian-64",
        kind="toy",
        stored=np.sqrt(_SPECTRUM) * draw.normal,
        gaussians=(np.zeros((1, _MANY)), _SPECTRUM[None]),
    )


def clusters_64(count: int, seed: int) -> Dataset:
    """Ten Gaussians of standard deviation 0.12 in 64 dimensions. Their centres were drawn from `gaussian_64` once."""
    draw = Draw(count, seed, parts=10, dimension=_MANY)
    centres = np.sqrt(_SPECTRUM) * np.random.default_rng(_CENTRES).standard_normal((10, _MANY))
    return Dataset(
        name="clusters-64",
        kind="toy",
        stored=centres[draw.part] + 0.12 * draw.normal,
        labels=draw.part,
        label_names=tuple(f"cluster {k}" for k in range(10)),
        gaussians=(centres, np.full(10, 0.12**2)),
    )
