"""Noise that belongs to seeds: a sample's draw depends on its own seed, never on the batch it is in."""

from __future__ import annotations

import math
import operator
from collections.abc import Iterable, Sequence

import torch
from torch import Tensor


def noise(seeds: int | Iterable[int], shape: Sequence[int], sigma: float) -> Tensor:
    """σ z with z ~ N(0, I): float64 on the CPU, (B, *shape), sample k drawn from a generator of its own seed.

    `seeds` is one whole number (then B = 1) or a sequence of them, `shape` the shape of one sample, `sigma` a noise
    level. A batch of five holds the same five samples as five batches of one, bit for bit. ValueError where a seed is
    negative or not whole, or sigma is negative or not finite.
    """
    values = seed_list(seeds)
    level = float(sigma)
    if not math.isfinite(level) or level < 0:
        raise ValueError(f"sigma must be a finite number, 0 or more; got {sigma}.")
    draws = torch.empty((len(values), *shape), dtype=torch.float64)
    for draw, seed in zip(draws, values, strict=True):
        draw.copy_(torch.randn(draw.shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64))
    return draws.mul_(level)


def seed_list(seeds: int | Iterable[int]) -> tuple[int, ...]:
    """The seeds as plain numbers from 0 to 2⁶³ − 1. ValueError with a sentence where one is not."""
    try:
        values = tuple(operator.index(seed) for seed in (seeds if isinstance(seeds, Iterable) else (seeds,)))
    except TypeError as error:
        raise ValueError(f"Seeds are whole numbers; got {seeds!r}.") from error
    if not values:
        raise ValueError("At least one seed is needed; got none.")
    if bad := [seed for seed in values if not 0 <= seed < 2**63]:
        raise ValueError(f"A seed lies between 0 and 2⁶³ − 1; got {bad[0]}.")
    return values
