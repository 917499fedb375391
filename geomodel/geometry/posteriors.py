"""How far the posterior over the data moves along a trajectory, in the unit of information."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.geometry.vectors import curve_of, flat, over_levels, quiet, row_dots

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser, Posterior


@dataclass(frozen=True, slots=True, eq=False)
class Belief:
    """What the posterior weights at x (B, d) and σ are known by: their mean, entropy and normaliser.

    w_i = exp(−‖x − y_i‖²/2σ²)/Z: mean (B, d) is Σ w_i y_i, entropy (B,) is −Σ w_i ln w_i, log_partition (B,) is ln Z.
    """

    x: Floats
    sigma: float
    mean: Floats
    entropy: Floats
    log_partition: Floats

    @classmethod
    def of(cls, x: Any, sigma: float, posterior: Posterior, count: Any) -> Belief:
        """The belief at x (B, *shape). count: how many points the posterior is over, a number or (B,)."""
        at = flat(np.asarray(plain(x)))
        volume = at.shape[1] / 2 * math.log(2 * math.pi * sigma**2) if sigma > 0 else math.nan
        partition = posterior.log_density.numpy() + np.log(count) + volume
        return cls(at, sigma, flat(posterior.mean.numpy()), posterior.entropy.numpy(), partition)

    def square(self) -> Floats:
        """Σ w_i ‖x − y_i‖², (B,)."""
        return 2 * self.sigma**2 * (self.entropy - self.log_partition)

    def cross_entropy(self, other: Belief) -> Floats:
        """−Σ w_i ln w′_i, (B,), w′ the weights of the other."""
        moved = other.x - self.x
        square = self.square() + 2 * row_dots(moved, self.x - self.mean) + row_dots(moved, moved)
        return square / (2 * other.sigma**2) + other.log_partition

    @quiet
    def distance(self, other: Belief) -> Floats:
        """√J of two beliefs of the same samples, (B,); see `information`. NaN where a noise level is 0."""
        if not min(self.sigma, other.sigma) > 0:
            return np.full(len(self.x), np.nan)
        apart = self.cross_entropy(other) + other.cross_entropy(self) - self.entropy - other.entropy
        return np.asarray(np.sqrt(np.maximum(apart, 0.0)))  # below 0 it is rounding; NaN stays NaN


def information(optimal: OptimalDenoiser, x: ArrayLike, sigmas: ArrayLike, labels: Any = None) -> Floats:
    """The distance of the posteriors over the data at neighbouring levels, whose sum is the length of the trajectory.

        √J,    J = Σ_i (w_i − w′_i)(ln w_i − ln w′_i) = (η − η′)·(μ − μ′),    w = softmax_i(−‖x − y_i‖²/2σ²)

    with η = (x/σ², −1/2σ²) and μ = (D*, E‖x_0‖²): the symmetric divergence of the weights at (x_n, σ_n) and
    (x_{n+1}, σ_{n+1}). √J adds up to the Fisher–Rao length of the curve of posteriors, so over the e-folds of a step it
    says where along σ the sampler decides.

    x (levels, B, *shape), in float64, because differences of x are divided by σ²; sigmas (levels,); labels (B,) or
    None, as D* takes them. Returns (levels − 1, B), dimensionless, row n for the step that leaves level n; NaN for a
    step to σ = 0. It is right to about 10⁻⁵, the root of the precision of the posterior's entropy, 10⁻⁹ nats. Raises
    ValueError as `optimal.posterior` does, and where there are more levels than positions or fewer.

    Source: Karczewski et al. 2025 (arXiv 2505.17517), which writes denoising as an exponential family.
    """
    positions, levels = curve_of(x), np.asarray(plain(sigmas), np.float64)
    if levels.shape != (len(positions),):
        raise ValueError(f"There are {len(positions)} positions along the trajectory and {levels.shape} noise levels.")
    if len(positions) == 1:
        return np.empty((0, positions.shape[1]))
    count = optimal.counts(labels, positions.shape[1])
    beliefs = (
        Belief.of(position, float(sigma), optimal.posterior(position, float(sigma), labels, k=1), count)
        for position, sigma in zip(positions, levels, strict=True)
    )
    return over_levels(before.distance(after) for before, after in pairwise(beliefs))
