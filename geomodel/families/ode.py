"""The probability-flow ODE in the clock and the scale of a family."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import formulas
from geomodel.arrays import Array, Floats, plain
from geomodel.families.table import row
from geomodel.options import number


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """A solution: z (n + 1, B, *shape) at the times t (n + 1,), and the same as x at the noise levels sigmas."""

    z: Floats
    t: Floats
    x: Floats
    sigmas: Floats


def path(
    x: ArrayLike, sigmas: ArrayLike, name: str, *, center: Array | float = 0.0, unit: float = 1.0
) -> tuple[Floats, Floats]:
    """A trajectory as the family sees it: z = m(t) (x − c)/u at its times t(σ/u).

    x (levels, B, *shape) at sigmas (levels,); returns z of the same shape and t (levels,). center: c, the mean that the
    process returns to; unit: u, the data units in which its numbers are meant. ValueError for a σ outside the family.
    """
    family = row(name)
    t = np.asarray(family.time(np.asarray(plain(sigmas), np.float64) / unit))
    return _factors(family.mean(t), x) * (np.asarray(plain(x), np.float64) - center) / unit, t


def nodes(sigmas: ArrayLike, name: str, steps: int, *, unit: float = 1.0) -> Floats:
    """The noise levels of `steps` even times of a family from sigmas[0] to sigmas[-1], (steps + 1,), with exact ends.

    ValueError for a σ outside the family, for less than one step, or for so many that two levels coincide.
    """
    family, ends = row(name), np.asarray(plain(sigmas), np.float64)[[0, -1]]
    count = number("steps", steps, whole=True)
    if count < 1:
        raise ValueError(f"steps must be at least 1; got {steps}.")
    first, last = family.time(ends / unit).tolist()
    levels = unit * np.asarray(family.sigma(np.linspace(first, last, count + 1)))
    levels[[0, -1]] = ends
    return formulas.custom(levels)


def velocity(
    model: Callable[..., Any],
    z: ArrayLike,
    t: float,
    name: str,
    *,
    labels: Any = None,
    center: Array | float = 0.0,
    unit: float = 1.0,
) -> Floats:
    """dz/dt of the probability-flow ODE in a family's own time and scale.

        dz/dt = f z − ½ g² ∇ log p_t(z),    ∇ log p_t(z) = (m D̃ − z)/b²

    with D̃ = (D(x; σ) − c)/u at x = c + u z/m and σ = u b/m; f, g, m, b are those of the row at t. It is
    m (dx/dσ dσ/dt)/u + f z, so the curves x = c + u z/m are those of dx/dσ = (x − D)/σ.

    model: a denoiser; z (B, *shape), t above 0; labels as in `geomodel.sample`. Returns (B, *shape). ValueError for a
    time outside the family, or 0, where the score is not defined. Source: Song et al. 2021 (arXiv 2011.13456), eq. 13;
    Tang and Zhao 2024 (arXiv 2402.07487) for the contractive ones.
    """
    from geomodel.denoisers.base import real
    from geomodel.solvers.base import checked_denoise

    family = row(name)
    mean, deviation = family.mean(t), family.deviation(t)
    if not deviation or not mean:
        raise ValueError(f"{family.title} has no slope at t = {t:g}, where σ is {family.sigma(t):g}.")
    here = np.asarray(plain(z), np.float64)
    denoise = checked_denoise(model, None if labels is None else real("labels", labels).long())
    x = real("x", center + unit * here / mean)
    denoised = (denoise(x, unit * deviation / mean).numpy() - center) / unit
    return np.asarray(
        family.drift(t) * here + family.squared_diffusion(t) / 2 * (here - mean * denoised) / deviation**2
    )


def solve(
    model: Callable[..., Any],
    x: ArrayLike,
    sigmas: ArrayLike,
    name: str,
    steps: int | None = None,
    *,
    labels: Any = None,
    center: Array | float = 0.0,
    unit: float = 1.0,
) -> Solved:
    """Euler steps of the ODE of z in a family's own clock and scale.

    Args:
        model: a denoiser, asked once a step.
        x: (B, *shape) at sigmas[0], in data units.
        sigmas: descending noise levels above 0, all inside the family. Contractive VP and OU stay below σ = 1, so they
            start from data + noise at a level there, not from noise alone.
        steps: so many even times between the first and the last level; None: the times of all the levels.
        labels: as in `geomodel.sample`.
        center, unit: as in `path`.

    Returns:
        z, its times t, and the same as x = c + u z/m at the noise levels.

    Raises:
        ValueError: levels that do not descend, or lie outside the family, or end at 0; less than one step.
        DenoiserError: an answer of the model that cannot be used.
    """
    levels = formulas.custom(sigmas)
    if levels[-1] <= 0:
        raise ValueError("A family is followed down to a noise level above 0; the last one is 0.")
    family = row(name)
    if steps is not None:
        levels = nodes(levels, name, steps, unit=unit)
    given = np.asarray(plain(x), np.float64)
    start, t = path(given[None], levels[:1], name, center=center, unit=unit)
    t = np.asarray(family.time(levels / unit))
    z = np.empty((len(levels), *given.shape))
    z[0] = start[0]
    for step, (here, after) in enumerate(zip(t[:-1].tolist(), t[1:].tolist(), strict=True)):
        slope = velocity(model, z[step], here, name, labels=labels, center=center, unit=unit)
        z[step + 1] = z[step] + (after - here) * slope
    return Solved(z, t, center + unit * z / _factors(family.mean(t), z), levels)


def _factors(values: Array, like: ArrayLike) -> Array:
    """One number a level, beside an array (levels, …)."""
    return np.asarray(values).reshape(-1, *[1] * (np.ndim(plain(like)) - 1))
