"""The exact curve of the ODE over a step, which shows how far a solver's step is from it."""

from __future__ import annotations

from functools import partial
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from torch import Tensor

SUBSTEPS = 32
FLOOR = 1e-4  # an interval to 0 is followed down to this share of its start, then closed by the jump to D


def exact_curve(model: Any, x: Tensor, sigma: float, sigma_next: float, substeps: int = SUBSTEPS) -> Tensor:
    """The probability-flow ODE dx/dsigma = (x - D(x; sigma))/sigma from (x, sigma) to sigma_next, by classical RK4.

    x (B, *shape) float64; returns (substeps + 1, B, *shape). Sub-steps are even in log sigma, where the equation is
    dx/dlog sigma = x - D. The error at the end falls like substeps^-4. An interval that ends at 0 is followed to
    sigma/10^4 and closed by the jump to D, whose error is of that size.
    """
    import torch

    from geomodel.denoisers.base import ask

    denoise = partial(ask, model)
    end = sigma_next if sigma_next > 0 else sigma * FLOOR
    levels = np.exp(np.linspace(np.log(sigma), np.log(end), substeps + 1))
    curve = [x]
    for start, stop in pairwise(levels):
        x = _rk4(denoise, x, float(start), float(stop))
        curve.append(x)
    if sigma_next == 0:
        curve[-1] = denoise(x, end)
    return torch.stack(curve)


def _rk4(denoise: Any, x: Tensor, start: float, stop: float) -> Tensor:
    h = float(np.log(stop / start))
    middle = float(np.sqrt(start * stop))
    k1 = x - denoise(x, start)
    k2 = _rate(denoise, x + h / 2 * k1, middle)
    k3 = _rate(denoise, x + h / 2 * k2, middle)
    k4 = _rate(denoise, x + h * k3, stop)
    result: Tensor = x + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    return result


def _rate(denoise: Any, x: Tensor, sigma: float) -> Tensor:
    result: Tensor = x - denoise(x, sigma)
    return result
