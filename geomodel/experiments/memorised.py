"""Two time scales of a training: when a network is nearest to the population, and when it comes to its own points."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain
from geomodel.clouds import two_clouds
from geomodel.hooks import Between, nothing, pieces

RATIO = 1 / 3
DRAWS = 256  # points at which two denoisers are compared, at each level
FRESH = 2_000  # fresh samples whose share is the control

Model = Callable[[Any, Any], Any]


def memorised(samples: ArrayLike, points: ArrayLike, ratio: float = RATIO, between: Between = nothing) -> Array:
    """Which samples are copies of a data point: those much nearer to one point than to every other,

        ‖x − y₍₁₎‖ < ratio ‖x − y₍₂₎‖,   y₍₁₎ and y₍₂₎ the two nearest *different* points.

    samples (B, *shape), points (N, *shape) → (B,). It moves and grows with the data. A sample that is not finite is no
    copy. Where the points are few, fresh samples of the population pass too, so the share says something only beside
    theirs. `between` is called several times a second. Raises ValueError where there are fewer than two different
    points or the shapes differ. Source: Yoon et al. 2023 (ICML workshop SPIGM), the ratio ⅓ from there; Bonnaire et al.
    2025 (arXiv 2505.17638).
    """
    queries, data = two_clouds(samples, points)
    data = np.unique(data, axis=0)
    if len(data) < 2:
        raise ValueError("Whether samples are copies is told from the second nearest point; the data have only one.")
    found = np.zeros(len(queries), bool)
    for rows in pieces(0, len(queries), data.size, between):
        away = np.linalg.norm(queries[rows, None] - data, axis=-1)
        first, second = np.partition(away, 1, axis=1)[:, :2].T
        found[rows] = first < ratio * second  # False for NaN
    return found


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scales:
    """What `TwoScales` measures of a denoiser: the share of memorised samples, and distances at each level, (L,)."""

    memorised: float
    population: Floats
    data: Floats


class TwoScales:
    """Measures how near a denoiser D is to the population, and how near to the points it was trained on:

        population: mean of ‖D(x; σ) − D_pop(x; σ)‖, x = fresh sample + σz,
        data:       mean of ‖D(x; σ) − D*(x; σ)‖,    x = data point + σz,

    in data units, each where its own law has its points. A network that is trained on few points comes near to the
    population first and leaves it later, when it copies. The draws are the same at every call, so the numbers of one
    training can be compared. Source: Bonnaire et al. 2025 (arXiv 2505.17638).

    Args:
        points: (N, *shape), the training data.
        optimal: D* of the points.
        sigmas: (L,) positive noise levels.
        fresh: (M, *shape) samples of the population that are not among the points; None where there are none.
        population: the exact denoiser of the population; None where it is not known.
        between: called several times a second while both exact denoisers are asked.

    Attributes:
        control: the share of the fresh samples that `memorised` takes for copies; NaN where it is undefined.
    """

    def __init__(
        self,
        points: Array,
        optimal: Model,
        sigmas: ArrayLike,
        *,
        fresh: Array | None = None,
        population: Model | None = None,
        draws: int = DRAWS,
        seed: int = 0,
        between: Between = nothing,
    ) -> None:
        self._points = np.unique(np.asarray(plain(points), np.float64), axis=0)
        self._levels = np.asarray(sigmas, np.float64)
        random = np.random.default_rng([seed, 7])
        rows = random.integers(len(points), size=draws)
        z = random.standard_normal((draws, *self._points.shape[1:]))
        self._data = self._asked(optimal, np.asarray(points)[rows], z, between)
        self._population = None
        if fresh is not None and population is not None:
            self._population = self._asked(population, np.resize(fresh, z.shape), z, between)
        self.control = self._share(fresh, between)

    def measure(self, model: Model, samples: Array | None, between: Between = nothing) -> Scales:
        """The numbers of a denoiser, and of the samples (B, *shape) that it ends in; None: no share is counted."""
        return Scales(
            memorised=self._share(samples, between),
            population=self._apart(model, self._population, between),
            data=self._apart(model, self._data, between),
        )

    def _share(self, samples: Array | None, between: Between) -> float:
        if samples is None or len(self._points) < 2:
            return np.nan
        return float(memorised(samples, self._points, between=between).mean())

    def _asked(self, model: Model, clean: Array, z: Floats, between: Between) -> tuple[Floats, Floats]:
        """The points x (L, draws, *shape) at each level, and the denoiser's answers."""
        x = np.stack([clean + sigma * z for sigma in self._levels])
        return x, self._answers(model, x, between)

    def _answers(self, model: Model, x: Floats, between: Between) -> Floats:
        found = np.empty_like(x)
        for level, sigma in enumerate(self._levels):
            between()
            found[level] = plain(model(x[level], float(sigma)))
        return found

    def _apart(self, model: Model, asked: tuple[Floats, Floats] | None, between: Between) -> Floats:
        if asked is None:
            return np.full(len(self._levels), np.nan)
        x, expected = asked
        away = (self._answers(model, x, between) - expected).reshape(*x.shape[:2], -1)
        return np.asarray(np.linalg.norm(away, axis=-1).mean(axis=1))
