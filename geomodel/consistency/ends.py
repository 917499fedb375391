"""Ends of trajectories: of the exact ODE, and of one or more jumps with a consistency function."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Floats
from geomodel.experiments import exact
from geomodel.formulas import custom

Function = Callable[[Any, float], Any]  # x (B, *shape), sigma -> (B, *shape)


def solve(
    model: Any, x: Any, sigma: float, sigma_min: float, *, labels: Any = None, tolerance: float | None = None
) -> Floats:
    """The end of the exact probability-flow ODE dx/dσ = (x − D(x; σ))/σ, from x at sigma down to sigma_min.

    It is the ideal consistency function: a trained f(x, σ) should return it. For D of one Gaussian N(m, v) it is
    m + (x − m) √((v + σ_min²)/(v + σ²)).

    x (B, *shape) in data units, a tensor or an array; labels (B,) or None -> (B, *shape) float64. model: any denoiser.
    Solved by dop853, which controls the error of each sample alone: relative tolerance 10⁻¹⁰ (10⁻⁶ for networks, which
    compute in float32), absolute tolerance that times sigma/80; `tolerance` replaces the relative one. At sigma_min = 0
    D is taken for x from 10⁻⁴ of the level before it. At sigma = sigma_min x itself is returned. Raises ValueError
    where sigma is below sigma_min, or a level is negative or not finite.
    Source: Song et al. 2023 (arXiv 2303.01469), definition 1.
    """
    if sigma == sigma_min:
        return np.array(x, dtype=np.float64)
    levels = custom([sigma, sigma_min])
    curve = exact.solve(model, x, levels, labels=labels, reference=None, tolerance=tolerance)
    return np.asarray(curve[-1])


def jumps(f: Function, x: ArrayLike, sigmas: Sequence[float], seed: int = 0) -> Floats:
    """The end of as many jumps as there are noise levels: f(x, σ₁), noised to σ₂, f of that, and so on.

        x ← f(x, σ₁);   x ← f(x + √(σₖ² − σ_min²) z, σₖ)   for k = 2, 3, …

    x (B, *shape) at sigmas[0]; sigmas descend -> (B, *shape) float64. σ_min is `f.sigma_min`, or 0 where f has none;
    z ~ N(0, I) depends on the seed alone. Source: Song et al. 2023 (arXiv 2303.01469), algorithm 1.
    """
    lowest, random = getattr(f, "sigma_min", 0.0), np.random.default_rng([seed, 1])
    ends = np.asarray(f(np.asarray(x, np.float64), sigmas[0]))
    for sigma in sigmas[1:]:
        deviation = np.sqrt(max(sigma**2 - lowest**2, 0.0))
        ends = np.asarray(f(ends + deviation * random.standard_normal(ends.shape), sigma))
    return ends


def gaps(curve: ArrayLike, ends: ArrayLike) -> Floats:
    """‖f(x_n) − x_0‖ at every level and sample, (levels, B), in data units.

    curve (levels, B, *shape): f, or D as its control, at the points of a run; ends (B, *shape): where the run ends. A
    consistency function has 0 everywhere, because a run's points all have the same end.
    """
    return exact.distances(np.asarray(curve), np.asarray(ends, np.float64))


def mean_gap(curve: ArrayLike, ends: ArrayLike) -> float:
    """The mean of `gaps` over levels and samples, without those that are not finite; NaN where none is finite."""
    apart = gaps(curve, ends)
    finite = apart[np.isfinite(apart)]
    return float(finite.mean()) if len(finite) else math.nan


def borders(ends: ArrayLike, apart: float) -> NDArray[np.bool_]:
    """Cells (ny, nx) whose end, of ends (ny, nx, d), is farther than `apart` from that of the cell before them.

    Compared with the cell below and with the one on the left. The exact f is discontinuous where basins meet, so with
    `apart` of the size of the data these cells are the borders of the basins.
    """
    field = np.asarray(ends, np.float64)
    found = np.zeros(field.shape[:2], np.bool_)
    found[:, 1:] |= np.linalg.norm(field[:, 1:] - field[:, :-1], axis=2) > apart
    found[1:] |= np.linalg.norm(field[1:] - field[:-1], axis=2) > apart
    return found
