"""The clocks of the public codes, each from the numbers that its files or its user name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypedDict

from geomodel.denoisers.clock import RECOMMENDED, Clock, Prediction

HIGHEST_OF_A_TABLE = 160.0  # the last β of a cosine table is cut, so its last σ is an outlier of 10⁴


class _Range(TypedDict):
    sigma_min: float
    sigma_max: float
    sigma_recommended: tuple[float, float]


def edm(sigma_min: float = 0.0, sigma_max: float = math.inf, sigma_data: float = 0.5) -> Clock:
    """EDM's own preconditioning: time ln(σ)/4. Source: Karras et al. (2206.00364), Table 1, as all of EDM's here."""
    return Clock(
        path="edm",
        prediction="edm",
        time="log",
        time_scale=0.25,
        sigma_data=sigma_data,
        **_range(sigma_min, sigma_max),
    )


def edm_consistency(sigma_min: float, sigma_max: float, sigma_data: float = 0.5) -> Clock:
    """A consistency function with EDM's time, the identity at σ_min. Source: Geng et al. (2406.14548)."""
    return Clock(
        path="edm",
        prediction="consistency",
        time="log",
        time_scale=0.25,
        sigma_data=sigma_data,
        sigma_offset=sigma_min,
        **_range(sigma_min, sigma_max),
    )


def edm_vp(sigma_min: float, sigma_max: float, beta_d: float = 19.9, beta_min: float = 0.1, steps: int = 1000) -> Clock:
    """EDM's version of score_sde's variance-preserving networks: noise, with time (steps − 1) t(σ)."""
    return Clock(
        path="vp",
        prediction="epsilon",
        time="vp",
        time_scale=steps - 1,
        beta_d=beta_d,
        beta_min=beta_min,
        **_range(sigma_min, sigma_max),
    )


def edm_ve(sigma_min: float = 0.02, sigma_max: float = 100.0) -> Clock:
    """EDM's version of score_sde's variance-exploding networks: σ times the score, with time ln(σ/2)."""
    return Clock(path="ve", prediction="score", time="log", time_factor=0.5, **_range(sigma_min, sigma_max))


def edm_iddpm(levels: Sequence[float]) -> Clock:
    """EDM's version of the improved diffusion networks, whose time is the index of the nearest trained level.

    levels: the stored ones in their falling order, steps + 1 numbers of which the last is 0.
    """
    rising = tuple(float(level) for level in reversed(levels))
    if len(rising) < 3 or rising[0] != 0:
        raise ValueError("its trained noise levels do not fall to 0")
    return Clock(path="vp", prediction="epsilon", time="nearest", levels=rising, **_range(rising[1], rising[-1]))


def consistency_models(
    distilled: bool, sigma_min: float = 0.002, sigma_max: float = 80.0, sigma_data: float = 0.5
) -> Clock:
    """OpenAI's consistency_models: time 250 ln σ. Distilled ones are consistency functions, the others are EDM's.

    Source: Song et al. (2303.01469), appendix C.
    """
    return Clock(
        path="edm",
        prediction="consistency" if distilled else "edm",
        time="log",
        time_scale=250.0,
        sigma_data=sigma_data,
        sigma_offset=sigma_min if distilled else 0.0,
        **_range(sigma_min, sigma_max),
    )


def discrete(levels: Sequence[float], prediction: Prediction = "epsilon", *, rescaled: bool = False) -> Clock:
    """A table of trained levels, rising: time is the index, or index · 1000/steps where it was rescaled.

    Source: Ho et al. (2006.11239); Nichol and Dhariwal (2102.09672).
    """
    return Clock(
        path="vp",
        prediction=prediction,
        time="table",
        time_scale=1000 / len(levels) if rescaled else 1.0,
        levels=tuple(levels),
        sigma_min=levels[0],
        sigma_max=levels[-1],
        sigma_recommended=(levels[0], min(levels[-2], HIGHEST_OF_A_TABLE)),
    )


def score(sigma_min: float, sigma_max: float) -> Clock:
    """score_sde's variance-exploding networks as diffusers has them: σ times the score, with time σ.

    They know images in [0, 1], so these noise levels are in half of our units. Source: Song et al. (2011.13456).
    """
    return Clock(
        path="ve",
        prediction="score",
        time="sigma",
        sigma_min=sigma_min,
        sigma_max=sigma_max,
        sigma_recommended=(sigma_min, sigma_max),
    )


def flow(path: str = "linear", *, data_at_end: bool, prediction: Prediction = "velocity") -> Clock:
    """Flow matching on straight lines ("linear") or quarter circles ("gvp") between data and noise, time in [0, 1].

    Source: Lipman et al. (2210.02747); Ma et al. (2401.08740), section 2.
    """
    if path not in ("linear", "gvp"):
        raise ValueError(f"its path is {path[:60]!r}; known are: linear, gvp")
    straight = path == "linear"
    return Clock(
        path="linear" if straight else "vp",
        prediction=prediction,
        time="linear" if straight else "angle",
        data_at_end=data_at_end,
    )


def _range(sigma_min: float, sigma_max: float) -> _Range:
    low, high = RECOMMENDED
    return {
        "sigma_min": sigma_min,
        "sigma_max": sigma_max,
        "sigma_recommended": (max(low, sigma_min), min(high, sigma_max)),
    }
