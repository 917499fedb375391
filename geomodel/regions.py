"""At which noise levels the learned and the optimal denoiser match, diverge and coincide."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import plain

SHARE = 0.2  # of the peak; with it the paper's curve (d) gives the paper's borders, about σ = 10 and 0.1


LEAST = 0.1  # of the data's scale; two denoisers that never differ by more match everywhere


def named_regions(sigmas: ArrayLike, difference: ArrayLike, scale: float = 0.0) -> tuple[tuple[str, float, float], ...]:
    """The stretches of noise levels where the learned and the optimal denoiser match, diverge and coincide.

    sigmas (n,) descending; difference (n,) a denoiser difference, one number a level (NaN are left out). The two
    diverge where it exceeds a fifth of its peak; they match before (more noise) and coincide after it (less). Where the
    peak is at most a tenth of `scale`, the data's (√d times the root of the mean variance of a coordinate, because the
    difference is a length), they match everywhere. Returns (name, σ where it begins, σ where it ends) for the stretches
    that exist, from noise to data; borders are interpolated in log σ. Returns nothing where the difference is 0 or
    there are fewer than three levels above 0.
    Source: A Geometric Perspective on Diffusion Models, arXiv 2305.19947, score deviation, Observation 4.
    """
    levels, values = np.asarray(plain(sigmas), np.float64), np.asarray(plain(difference), np.float64)
    kept = np.isfinite(values) & (levels[: len(values)] > 0)
    logs, values = np.log(levels[: len(values)][kept]), values[kept]
    if len(values) < 3 or not values.max() > 0:
        return ()
    if values.max() <= LEAST * scale:
        return (("match", float(np.exp(logs[0])), float(np.exp(logs[-1]))),)
    above, peak = values > SHARE * values.max(), int(values.argmax())

    def border(low: int, high: int) -> float:
        share = (SHARE * values.max() - values[low]) / (values[high] - values[low])
        return float(np.exp(logs[low] + share * (logs[high] - logs[low])))

    first = next((i for i in range(peak, 0, -1) if not above[i - 1]), 0)
    last = next((i for i in range(peak, len(values) - 1) if not above[i + 1]), len(values) - 1)
    begin = border(first - 1, first) if first else float(np.exp(logs[0]))
    end = border(last + 1, last) if last < len(values) - 1 else float(np.exp(logs[-1]))
    found = [("diverge", begin, end)]
    if first:
        found.insert(0, ("match", float(np.exp(logs[0])), begin))
    if last < len(values) - 1:
        found.append(("coincide", end, float(np.exp(logs[-1]))))
    return tuple(found)
