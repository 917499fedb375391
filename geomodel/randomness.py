"""Noise drawn from seeds: each sample's draw depends on its own seed alone, never on the batch it is in."""

from __future__ import annotations

import math
import operator
import struct
from collections.abc import Iterable, Sequence

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomodel.arrays import Floats, plain

FLOOR = -40  # below σ² = 2⁻⁴⁰ the Brownian path has one interval down to 0 instead of octaves
DEPTH = 32  # how many times an octave is halved

Words = NDArray[np.uint64]


def noise(seeds: int | Iterable[int], shape: Sequence[int], sigma: float) -> Tensor:
    """σ z with z ~ N(0, I): float64 on the CPU, (B, *shape), sample k drawn from a generator of its own seed.

    `seeds` is one whole number (then B = 1) or a sequence of them, `shape` the shape of one sample, `sigma` a noise
    level. A batch of five holds the same five samples as five batches of one, bit for bit. ValueError where a seed is
    negative or not whole, or sigma is negative or not finite.
    """
    values = seed_list(seeds)
    level = float(plain(sigma))
    if not math.isfinite(level) or level < 0:
        raise ValueError(f"sigma must be a finite number, 0 or more; got {sigma}.")
    draws = torch.empty((len(values), *shape), dtype=torch.float64)
    for draw, seed in zip(draws, values, strict=True):
        draw.copy_(torch.randn(draw.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    return draws.mul_(level)


def seed_list(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """The seeds as plain numbers from 0 to 2³² − 1. ValueError with a sentence where one is not."""
    try:
        values = tuple(operator.index(seed) for seed in (seeds if isinstance(seeds, Iterable) else (seeds,)))
    except TypeError as error:
        raise ValueError(f"Seeds are whole numbers; got {seeds!r}.") from error
    if not values:
        raise ValueError("At least one seed is needed; got none.")
    if bad := [seed for seed in values if not 0 <= seed < 2**32]:
        raise ValueError(f"A seed lies between 0 and 2³² − 1 (torch draws from no more); got {bad[0]}.")
    return values


class Brownian:
    """One standard Brownian path W for each seed, indexed by t = σ². It gives stochastic solvers their noise.

        W(σ²) − W(σ'²) ~ N(0, (σ² − σ'²) I),  independent over disjoint intervals

    A sample's path depends on its seed, the level and the shape alone, and not on the batch, the other levels or the
    order in which levels are visited. So a finer schedule splits the same increments, and runs with different numbers
    of steps can be compared path by path.

    `seeds` is one whole number or a sequence of them, one a sample. ValueError where one is negative or not whole.

    Construction (Lévy): t > 0 lies in an octave [2ᵏ⁻¹, 2ᵏ), over which W gains √(2ᵏ⁻¹) z. The octave is halved `DEPTH`
    times, each midpoint being the mean of the ends plus half the root of the width times z; in the last cell the path
    at t is drawn from its bridge between the ends. Every z is hashed from the seed and its place in the tree. The law
    is exact for levels of which no two share a cell, that is for σ² further apart than 2⁻³² of themselves; two levels
    in one cell are independent given its ends, so the increment between them is too large.
    Source: the virtual Brownian tree, Li et al. 2020 (arXiv 2001.01328), section 4, here with exact levels.
    """

    def __init__(self, seeds: int | Iterable[int]) -> None:
        self.seeds = seed_list(seeds)
        self._keys = _mix(np.array(self.seeds, np.uint64) + _STRIDE)
        self._recent: dict[tuple[float, int], Floats] = {}  # a level ends one interval and starts the next

    def increment(self, sigma: float, sigma_next: float, shape: Sequence[int]) -> Tensor:
        """W(σ²) − W(σ'²) for σ > σ' ≥ 0: float64 on the CPU, (B, *shape)."""
        if not (0 <= sigma_next < sigma and 1e-150 < sigma < 1e150):  # so that σ² is a normal number
            raise ValueError(f"An increment goes from a level to a lower one; got σ = {sigma:g} and {sigma_next:g}.")
        size = math.prod(shape)
        high, low = sigma * sigma, sigma_next * sigma_next
        change = self._since_octave(high, size) - self._since_octave(low, size)
        for octave in range(_octave(low), _octave(high)):
            change += self._gain(octave, size)
        return torch.from_numpy(change).reshape(len(self.seeds), *shape)

    def xi(self, sigma: float, sigma_next: float, shape: Sequence[int]) -> Tensor:
        """The increment over (σ, σ') divided by √(σ² − σ'²): a draw from N(0, I), (B, *shape)."""
        width = (sigma - sigma_next) * (sigma + sigma_next)
        return self.increment(sigma, sigma_next, shape) / math.sqrt(width)

    def _since_octave(self, t: float, size: int) -> Floats:
        """W(t) minus W at the left end of t's octave."""
        if (t, size) not in self._recent:
            self._recent[t, size] = self._descend(t, size)
            if len(self._recent) > 2:
                self._recent.pop(next(iter(self._recent)))
        return self._recent[t, size]

    def _descend(self, t: float, size: int) -> Floats:
        octave = _octave(t)
        left, right = _left_end(octave), math.ldexp(1.0, octave)
        at_left, at_right = np.zeros((len(self.seeds), size)), self._gain(octave, size)
        node = 1
        for _ in range(DEPTH):
            if t == left:
                return at_left
            middle = (left + right) / 2
            at_middle = (at_left + at_right + math.sqrt(right - left) * self._normal(octave, node, size)) / 2
            node *= 2
            if t < middle:
                right, at_right = middle, at_middle
            else:
                left, at_left, node = middle, at_middle, node + 1
        share = (t - left) / (right - left)
        spread = math.sqrt((right - left) * share * (1 - share))
        (bits,) = struct.unpack("<Q", struct.pack("<d", t))
        return at_left + share * (at_right - at_left) + spread * self._normal(octave, bits | 1 << 63, size)

    def _gain(self, octave: int, size: int) -> Floats:
        """The increment of W over an octave."""
        width = math.ldexp(1.0, octave) - _left_end(octave)
        return math.sqrt(width) * self._normal(octave, 0, size)

    def _normal(self, octave: int, node: int, size: int) -> Floats:
        """The z at a place in the tree, (B, size) from N(0, I): Box–Muller of the two halves of 64 bits."""
        keys = _mix(_mix(self._keys + np.uint64(octave - FLOOR)) + np.uint64(node))
        bits = _mix(keys[:, None] + np.arange(1, size // 2 + size % 2 + 1, dtype=np.uint64) * _STRIDE)
        radius = np.sqrt(-2 * np.log(((bits >> _HALF) + 0.5) / 2**32))
        angle = (bits & _LOW_HALF) * (2 * math.pi / 2**32)
        return np.concatenate([radius * np.cos(angle), radius * np.sin(angle)], axis=1)[:, :size]


_STRIDE = np.uint64(0x9E3779B97F4A7C15)
_HALF, _LOW_HALF = np.uint64(32), np.uint64(2**32 - 1)


def _mix(words: Words) -> Words:
    """SplitMix64 (Steele, Lea and Flood 2014): turns counters into 64-bit words that look independent."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))


def _octave(t: float) -> int:
    """k where 2ᵏ⁻¹ ≤ t < 2ᵏ; the lowest one reaches down to 0."""
    return max(math.frexp(t)[1], FLOOR) if t else FLOOR


def _left_end(octave: int) -> float:
    return 0.0 if octave == FLOOR else math.ldexp(1.0, octave - 1)
