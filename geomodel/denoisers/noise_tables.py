"""The noise levels of discrete diffusions: σ_t = √((1 − ᾱ_t)/ᾱ_t) with ᾱ_t = ∏(1 − β), one for each trained time."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats

MAX_STEPS = 100_000
MAX_BETA = 0.999
COSINE_OFFSET = 0.008
SIGMOID_ENDS = (-3.0, 3.0)
SIGMOID_BETA_ENDS = (-6.0, 6.0)


def linear(steps: int, beta_start: float, beta_end: float) -> Floats:
    """β of Ho et al. (2006.11239), (steps,): equal steps from the first to the last."""
    return np.linspace(beta_start, beta_end, steps)


def scaled_linear(steps: int, beta_start: float, beta_end: float) -> Floats:
    """β of latent diffusion (2112.10752), (steps,): √β in equal steps from the first to the last."""
    return np.linspace(np.sqrt(beta_start), np.sqrt(beta_end), steps) ** 2


def sigmoid_betas(steps: int, beta_start: float, beta_end: float) -> Floats:
    """β of GeoDiff (2203.02923), (steps,): a sigmoid over −6 to 6 between the first and the last."""
    return beta_start + (beta_end - beta_start) / (1 + np.exp(-np.linspace(*SIGMOID_BETA_ENDS, steps)))


def cosine(steps: int, beta_start: float, beta_end: float) -> Floats:
    """β of Nichol and Dhariwal (2102.09672), eq. 17, (steps,), cut at 0.999. The first and last β are not asked."""
    time = np.arange(steps + 1) / steps
    signal = np.cos((time + COSINE_OFFSET) / (1 + COSINE_OFFSET) * np.pi / 2) ** 2
    return _betas(signal)


def _betas(signal: Floats) -> Floats:
    betas: Floats = np.minimum(1 - signal[1:] / signal[:-1], MAX_BETA)
    return betas


def sigmoid(steps: int, beta_start: float, beta_end: float) -> Floats:
    """β of Jabri et al. (2212.11972), (steps,): ᾱ is a sigmoid of time over −3 to 3. β is cut at 0.999."""
    start, end = SIGMOID_ENDS
    wave = 1 / (1 + np.exp(-np.linspace(start, end, steps + 1)))
    signal = (wave[-1] - wave) / (wave[-1] - wave[0])
    return _betas(signal)


SCHEDULES: dict[str, Callable[[int, float, float], Floats]] = {
    "linear": linear,
    "cosine": cosine,
    "sigmoid": sigmoid,
    "scaled_linear": scaled_linear,
    "sigmoid_betas": sigmoid_betas,
}
# First and last β of 1,000 steps where a file names none. The original codes scale those of "linear" by 1000/steps.
ENDS = {"linear": (1e-4, 0.02), "scaled_linear": (0.00085, 0.012), "sigmoid_betas": (1e-4, 0.02)}


def named_levels(
    noise_schedule: str, steps: int = 1000, beta_start: float | None = None, beta_end: float | None = None
) -> tuple[float, ...]:
    """The σ of a named noise schedule in increasing order; index t is trained time t.

    Where no β is given, "linear" and "sigmoid_betas" go from 0.1/steps to 20/steps and "scaled_linear" from 0.00085 to
    0.012; "cosine" and "sigmoid" ask for none. Raises ValueError (a clause) where the settings make no table.
    """
    if noise_schedule not in SCHEDULES:
        raise ValueError(f"the noise schedule {noise_schedule!r} is unknown; known are: {', '.join(SCHEDULES)}")
    if not 2 <= steps <= MAX_STEPS:
        raise ValueError(f"the noise schedule has {steps} steps; 2 to {MAX_STEPS} are expected")
    scale = 1.0 if noise_schedule == "scaled_linear" else 1000 / steps
    first, last = (scale * end for end in ENDS.get(noise_schedule, (0.0, 0.0)))
    start = first if beta_start is None else beta_start
    end = last if beta_end is None else beta_end
    if noise_schedule in ENDS and not 0 < start <= end < 1:
        raise ValueError(f"the noise schedule goes from β = {start:g} to {end:g}; numbers between 0 and 1 are expected")
    return levels_of_betas(SCHEDULES[noise_schedule](steps, start, end))


def levels_of_betas(betas: ArrayLike) -> tuple[float, ...]:
    """The σ that follow from β, in increasing order. ValueError (a clause) unless all lie between 0 and 1."""
    values = np.asarray(betas, dtype=np.float64)
    if not ((values > 0) & (values < 1)).all():
        raise ValueError("the noise schedule has a β that is not between 0 and 1")
    # 1/ᾱ − 1, without the rounding of 1 − ᾱ where β is small.
    return tuple(np.sqrt(np.expm1(-np.log1p(-values).cumsum())).tolist())


def levels_of_signals(signals: ArrayLike) -> tuple[float, ...]:
    """The σ that follow from a stored table of ᾱ, in increasing order. ValueError (a clause) where ᾱ does not fall."""
    values = np.asarray(signals, dtype=np.float64)
    if values.ndim != 1 or not 2 <= len(values) <= MAX_STEPS:
        raise ValueError(
            f"its table of noise levels has the shape {values.shape}; 2 to {MAX_STEPS} numbers are expected"
        )
    if not ((values > 0) & (values < 1)).all() or not (np.diff(values) < 0).all():
        raise ValueError("its table of signal shares does not fall from below 1 to above 0")
    return tuple(np.sqrt(1 / values - 1).tolist())
