"""What an iteration of a training draws, and its learning rate: noise levels, random numbers, warm-up and decay."""

from __future__ import annotations

import math

import numpy as np
import torch
from torch import Tensor

from geomodel.recipe import TrainSettings

# Noise levels in units of the data's standard deviation, because a training is the same for data in metres and in
# kilometres. They are drawn from a wider range than a checkpoint allows: a network is worst at the edge of what it saw.
RANGE = (0.001, 200.0)


def pace(iteration: int, settings: TrainSettings) -> float:
    """The factor of the learning rate: a linear warm-up times half a cosine that ends at 0."""
    warm = min(1.0, (iteration + 1) / (settings.warmup + 1))
    return warm * 0.5 * (1 + math.cos(math.pi * iteration / settings.iterations))


def generator_of(seed: int, iteration: int) -> torch.Generator:
    """The random numbers of an iteration, which a resumed run repeats: they depend on seed and iteration alone."""
    state = np.random.SeedSequence((seed, iteration)).generate_state(1, np.uint64)[0]
    return torch.Generator().manual_seed(int(state >> np.uint64(1)))


def relative_levels(settings: TrainSettings, generator: torch.Generator) -> Tensor:
    """sigma / sigma_data for a batch, float64."""
    low, high = (math.log(relative) for relative in RANGE)
    uniform = low + (high - low) * torch.rand(settings.batch, generator=generator, dtype=torch.float64)
    normal = settings.p_mean + settings.p_std * torch.randn(settings.batch, generator=generator, dtype=torch.float64)
    first = torch.arange(settings.batch) < round(settings.uniform_share * settings.batch)
    return torch.where(first, uniform, normal.clamp(low, high)).exp()
