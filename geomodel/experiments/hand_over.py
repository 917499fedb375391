"""Hand-over: down to which noise level another denoiser can stand in for a model before the end changes."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import count
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, Integers, plain
from geomodel.experiments.exact import distances
from geomodel.experiments.progress import Counted, Progress
from geomodel.formulas import Levels


@dataclass(frozen=True, slots=True, eq=False)
class HandedOver:
    """What becomes of samples that two denoisers share, as `hand_over` measures it.

    Attributes:
        sigmas: (H,): the last level at which the upper denoiser is asked.
        distance: (H,): the mean of ‖end − the model's own end‖, in data units.
        distances: (H, B): of each sample.
        ends: (H, B, *shape). own: (B, *shape): where the model alone brings the same noise.
        between: the control, the mean distance of the own ends of two different samples; NaN for one sample.
    """

    sigmas: Levels
    distance: Floats
    distances: Floats
    ends: Array
    own: Array
    between: float


def hand_over(
    model: Any,
    other: Any,
    x: ArrayLike,
    sigmas: ArrayLike,
    at: ArrayLike | None = None,
    *,
    reverse: bool = False,
    progress: Progress | None = None,
) -> HandedOver:
    """Another denoiser moves the noise down to a level, and the model goes on from there to the end.

        x_{i+1} = x_i + (σ_{i+1} − σ_i) (x_i − D(x_i; σ_i))/σ_i,  D = D_other where σ_i ≥ σ_h, D_model below

    These are Euler steps of `geomodel.Relay([(σ_h, other), (0, model)])`. A level from which the end is still the
    model's own could be reached in one jump by the other denoiser.

    Args:
        model, other: denoisers, called as `geomodel.sample` calls them.
        x: (B, *shape): the noise at sigmas[0].
        sigmas: (n + 1,), falling; the last may be 0.
        at: (H,): indices h of levels, from 0 to n − 1; None: all of them.
        reverse: the model above and the other denoiser below.
        progress: progress(0, share of the evaluations done) is called before every one; an exception from it cancels.

    Raises:
        ValueError: an index that is none of a level, and what `geomodel.sample` raises.

    Source: the teleport of Wang and Vastola 2024 (arXiv 2412.09726), there in one step of the Gaussian's solution.
    """
    from geomodel.sampling import sample

    levels, start = np.asarray(plain(sigmas), np.float64), np.asarray(plain(x), np.float64)
    steps = len(levels) - 1
    chosen: Integers = np.arange(steps) if at is None else np.asarray(plain(at), np.int64)
    if chosen.ndim != 1 or not len(chosen) or not ((chosen >= 0) & (chosen < steps)).all():
        raise ValueError(f"A hand-over is after one of the steps 0 to {steps - 1}; got {chosen.tolist()}.")
    total, done = 2 * steps + int((steps - 1 - chosen).sum()), count()

    def tick() -> None:
        if progress is not None:
            progress(0, next(done) / total)

    def moved(denoiser: Any, start: Any, first: int) -> Array:
        if first == steps:
            return np.asarray(start)[None]
        told = Counted(denoiser, tick)
        return sample(told, start, levels[first:], solver="euler", display="off", record="float64").x

    runs = {True: moved(model, start, 0), False: moved(other, start, 0)}
    below = other if reverse else model
    ends = np.stack([moved(below, runs[reverse][h + 1], int(h) + 1)[-1] for h in chosen])
    own = runs[True][-1]
    apart = distances(ends, own)
    return HandedOver(
        sigmas=levels[chosen],
        distance=apart.mean(axis=1),
        distances=apart,
        ends=ends,
        own=own,
        between=_between(own),
    )


def _between(ends: Array) -> float:
    """The mean distance over all pairs."""
    pairs = len(ends) * (len(ends) - 1)
    return float(sum(distances(ends[None], end).sum() for end in ends) / pairs) if pairs else math.nan
