"""Controls for the shape of a run's trajectories: the same noise moved by something whose path is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats
from geomodel.geometry.curves import step_length
from geomodel.geometry.vectors import curve_of, quiet
from geomodel.hooks import Between, nothing

if TYPE_CHECKING:
    from geomodel.denoisers.gaussians import Gaussians


def gaussian_curve(gaussian: Gaussians, x: Any, sigmas: ArrayLike, between: Between = nothing) -> Array:
    """Where the ODE of one Gaussian carries x to each noise level, in closed form: no steps and no evaluations.

        x(σ_n) = μ + V diag √((λ + σ_n²)/(λ + σ_0²)) Vᵀ(x − μ)

    x (B, *shape) at sigmas[0]; sigmas (L,), descending. Returns (L, B, *shape) in float64. The covariance alone bends
    these curves, so a run whose shape is theirs owes it to the covariance. `between` is called before each level.
    Raises ValueError as `Gaussians.solution`. Source: arXiv 2412.09726; arXiv 2506.10177, section 4.3.
    """
    start, levels = np.asarray(x, np.float64), np.asarray(sigmas, np.float64)
    found = np.empty((len(levels), *start.shape))
    for level, sigma in enumerate(levels.tolist()):
        between()
        found[level] = gaussian.solution(start, float(levels[0]), sigma)
    return found


@quiet
def random_walk(curve: ArrayLike, seeds: Sequence[int]) -> Floats:
    """Walks from the start of each curve with steps as long as the curve's, each in an independent random direction.

        a_0 = x_0,    a_{n+1} = a_n + ‖x_{n+1} − x_n‖ ξ/‖ξ‖,    ξ ~ N(0, I)

    curve (L, B, *shape); one seed a sample, which alone decides its directions. Returns (L, B, *shape) in float64. A
    step that is not finite makes the rest of its walk NaN. This is the control for shares of principal components,
    which are large for any walk: in many dimensions and with equal steps, two components have 3/π² = 30.4 % each of the
    variance across the displacement, because a walk is there a Brownian bridge. Raises ValueError where there is not
    one seed a sample.
    """
    positions = curve_of(curve)
    if len(seeds) != positions.shape[1]:
        raise ValueError(f"There are {len(seeds)} seeds for {positions.shape[1]} samples; a walk needs one each.")
    lengths = step_length(positions)
    steps = np.empty(positions.shape)
    steps[0] = positions[0]
    for sample, seed in enumerate(seeds):
        drawn = np.random.default_rng((int(seed), 1)).standard_normal((len(lengths), *positions.shape[2:]))
        own = drawn.reshape(len(lengths), -1)
        own *= (lengths[:, sample] / np.linalg.norm(own, axis=1))[:, None]
        steps[1:, sample] = drawn
    return np.cumsum(steps, axis=0)
