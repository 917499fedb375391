"""Annealed mean shift: full jumps to D* while the bandwidth σ shrinks. Beside it the ODE, which goes a part of each."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, Integers, plain

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Beside:
    """One level of annealed mean shift beside the ODE, of B samples. Float64.

    Attributes:
        sigma: the level σ_n.
        annealed: (B, *shape): a_{n+1} = D*(a_n; σ_n), where the full jump lands.
        denoised: (B, *shape): D*(x_n; σ_n) on the ODE, where a full jump from there would land.
        distance: (B,): ‖annealed − denoised‖. It is 0 at the first level, because both jump from the same point.
        x: (B, *shape): x_{n+1} on the ODE, after Euler's step to the next level; x_n at the last.
    """

    sigma: float
    annealed: Floats
    denoised: Floats
    distance: Floats
    x: Floats


def annealed_mean_shift(optimal: Any, x: ArrayLike, sigmas: ArrayLike, labels: Any = None) -> Floats:
    """Mean shift whose bandwidth is annealed: it starts at x and makes one full jump x ← D*(x; σ_n) at every level.

        a_0 = x,     a_{n+1} = D*(a_n; σ_n)

    The ODE dx/dσ = (x − D*)/σ goes a part of the same jump. Euler's step from σ_n to σ_{n+1} is
    x + (1 − σ_{n+1}/σ_n)(D*(x; σ_n) − x), the fraction (σ_n − σ_{n+1})/σ_n of the mean-shift vector, and the whole of
    it only where σ_{n+1} = 0. At large σ the jump leads near the data mean whatever x is, so the annealed path forgets
    where it came from; the ODE keeps σ_{n+1}/σ_n of its way from D*, and with it the noise that decides where it ends.

    Args:
        optimal: D*, or any denoiser that takes arrays.
        x: (B, *shape).
        sigmas: (L,), descending; only the last may be 0, where D* is the nearest point.
        labels: (B,) as D* takes them, or None.

    Returns:
        (L + 1, B, *shape) float64, x first, in data units. Its error is that of D* at each jump.

    Raises:
        ValueError: the levels do not descend, or D* refuses the query.

    Source: A Geometric Perspective on Diffusion Models (arXiv 2305.19947), the optimal denoiser as annealed mean
    shift; Shen, Brooks, van den Hengel, Fast Global Kernel Density Mode Seeking (ICCV 2005; IEEE Transactions on Image
    Processing 16, 2007).
    """
    path = [np.asarray(plain(x), dtype=np.float64)]
    for sigma in _descending(sigmas).tolist():
        path.append(_denoised(optimal, path[-1], sigma, labels))
    return np.stack(path)


def beside_ode(
    optimal: Any, x: ArrayLike, sigmas: ArrayLike, labels: Any = None, *, ode: ArrayLike | None = None
) -> Iterator[Beside]:
    """Yields `annealed_mean_shift` and the ODE of D*, solved by Euler over the same levels, one level at a time.

    Arguments and errors are those of `annealed_mean_shift`. `ode`: the point where the ODE starts; None is x. To go on
    after some levels, pass the last one's `annealed` and `x` as x and ode, and the levels that are left.
    """
    annealed = np.asarray(plain(x), dtype=np.float64)
    point = annealed if ode is None else np.asarray(ode, dtype=np.float64)
    both = None if labels is None else np.concatenate([labels, labels])
    levels = _descending(sigmas).tolist()
    for sigma, following in zip(levels, [*levels[1:], levels[-1]], strict=True):
        # Both points go into one batch, so that D* reads the data once.
        annealed, denoised = np.split(_denoised(optimal, np.concatenate([annealed, point]), sigma, both), 2)
        if following < sigma:
            point = point + (1 - following / sigma) * (denoised - point)
        away = (annealed - denoised).reshape(len(annealed), -1)
        yield Beside(sigma=sigma, annealed=annealed, denoised=denoised, distance=np.linalg.norm(away, axis=1), x=point)


def nearest_data(optimal: OptimalDenoiser, x: Any, labels: Any = None) -> Integers:
    """(B,): the data point nearest to each of x (B, *shape), of its class where labels are given."""
    return np.asarray(optimal.posterior(x, 0.0, labels, k=1).indices[:, 0].numpy())


def _denoised(optimal: Any, x: Floats, sigma: float, labels: Any) -> Floats:
    return np.asarray(optimal(x, sigma) if labels is None else optimal(x, sigma, labels=labels))


def _descending(sigmas: ArrayLike) -> Floats:
    levels = np.asarray(plain(sigmas), dtype=np.float64)
    if levels.ndim != 1 or not len(levels) or not np.isfinite(levels).all() or (np.diff(levels) >= 0).any():
        raise ValueError(f"sigmas must be finite noise levels that descend; got {levels.tolist()}.")
    return levels
