"""Drift: particles that mean shift pulls towards the data and pushes away from each other."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.clouds import sliced_of, sorted_along, unit_directions

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser

ROUNDS = 200  # in which an annealed bandwidth falls
FALLS_FROM, FALLS_TO = 4.0, 0.4  # times the bandwidth that was asked for
WIDE = 2.0  # deviations of the data, over which particles are spread at first
DIRECTIONS = 64  # of the sliced distance, which is measured in every round
CONTROLS = 9  # fresh samples, whose median distance is the control


def field(
    points: ArrayLike | OptimalDenoiser, particles: ArrayLike | OptimalDenoiser, x: ArrayLike, bandwidth: float
) -> Floats:
    """The drift: mean shift towards the data minus mean shift towards the particles.

        V(x) = D*_points(x; h) − D*_particles(x; h) = h² ∇ log p_h(x) − h² ∇ log q_h(x)

    where p_h and q_h are the kernel densities of the two clouds with Gaussian kernels of deviation h. It changes its
    sign, to the bit, when the two clouds change places, and is exactly 0 everywhere when they are equal.

    A particle at x feels itself: D*_particles sums over every particle, the one at x too. Only so does V depend on the
    two clouds alone, and only so are particles at rest when they stand on the data points one by one. Published
    training of one-step generators leaves the sample itself out of its batch; particles that do so come to rest
    farther from the data (two moons, 400 particles, h = 0.5: a sliced distance of 0.07 in place of 0.02).

    Args:
        points: (N, *shape), the data, or D* over them, which is then not built again.
        particles: (n, *shape), or D* over them.
        x: (m, *shape), where the drift is wanted.
        bandwidth: h, positive, in data units.

    Returns:
        (m, *shape) float64, in data units.

    Raises:
        ValueError: a cloud is empty or not finite, the shapes differ, or h is not a positive finite number.

    Source: Generative Modeling via Drifting (arXiv 2602.04770), equations of the drifting field, there with the kernel
    exp(−‖x − y‖/τ); arXiv 2603.07514, the drift as a difference of two scores.
    """
    if not 0 < bandwidth < math.inf:  # or NaN
        raise ValueError(f"The bandwidth h must be a positive finite number; got {bandwidth}.")
    at = np.asarray(plain(x), np.float64)
    towards, away = (np.asarray(_denoiser(cloud)(at, bandwidth)) for cloud in (points, particles))
    return np.asarray(towards - away)


def rounds(points: ArrayLike | OptimalDenoiser, particles: ArrayLike, bandwidths: Iterable[float]) -> Iterator[Floats]:
    """Yields the particles after each round, in which all move at once by the drift at their place: xᵢ ← xᵢ + V(xᵢ).

    points, particles and errors as in `field`; bandwidths: h of each round. Yields (n, *shape) float64 arrays.
    """
    data, moved = _denoiser(points), np.asarray(plain(particles), np.float64)
    for bandwidth in bandwidths:
        moved = moved + field(data, moved, moved, bandwidth)
        yield moved


def annealed(bandwidth: float, number: int) -> float:
    """h of round 0, 1, …: it falls evenly on a log axis from 4 h to 0.4 h in 200 rounds, and then stays."""
    share = min(number / (ROUNDS - 1), 1.0)
    return bandwidth * FALLS_FROM * math.pow(FALLS_TO / FALLS_FROM, share)


def start(data: Any, count: int, seed: int = 0) -> Floats:
    """Particles (count, *shape) to begin with: ȳ + 2 s z, with the mean ȳ and the deviation s of a data set.

    Particle i depends on (seed, i) alone.
    """
    normal = np.random.default_rng([seed, 5]).standard_normal((count, *data.shape))
    return np.asarray(data.mean + WIDE * data.std * normal)


class Ruler:
    """The sliced distance of particles to the data, over the same 64 directions each time.

    It is that of `geomodel.quality.sliced_wasserstein` with these directions; the data are projected and sorted once.
    """

    def __init__(self, points: ArrayLike, seed: int = 0) -> None:
        """points: (N, *shape). Raises ValueError where there is none."""
        rows = np.asarray(plain(points), np.float64)
        if not len(rows):
            raise ValueError("A distance to the data needs data; there are no points.")
        self._points = rows.reshape(len(rows), -1)
        self._lines = unit_directions(self._points.shape[1], DIRECTIONS, seed)
        self._centre = self._points.mean(axis=0)
        self._along = sorted_along(self._points - self._centre, self._lines)

    def distance(self, particles: ArrayLike) -> float:
        """The sliced Wasserstein distance of (n, *shape) to the data, in data units; NaN where one is not finite."""
        rows = np.asarray(plain(particles), np.float64).reshape(-1, len(self._centre))
        if not np.isfinite(rows).all():
            return math.nan
        return sliced_of(sorted_along(rows - self._centre, self._lines), self._along)

    def control(self, count: int, fresh: Callable[[int], ArrayLike] | None = None, seed: int = 0) -> float:
        """The median distance of 9 samples of so many points: what particles that are independent draws would have.
        Particles that push each other apart can come nearer.

        fresh: makes sample 1 … 9 of the distribution behind the data, where it can be sampled; without it they are
        drawn from the data with replacement.
        """
        random = np.random.default_rng([seed, 6])

        def drawn(_number: int) -> ArrayLike:
            return self._points[random.integers(len(self._points), size=count)]

        return float(np.median([self.distance((fresh or drawn)(number)) for number in range(1, CONTROLS + 1)]))


def _denoiser(cloud: ArrayLike | OptimalDenoiser) -> OptimalDenoiser:
    from geomodel.denoisers.optimal import OptimalDenoiser  # loads torch, so only when it is used

    return cloud if isinstance(cloud, OptimalDenoiser) else OptimalDenoiser(np.asarray(plain(cloud), np.float64))
