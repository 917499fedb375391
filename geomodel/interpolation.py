"""Points between starting points: three ways, of which one keeps the distribution of the noise."""

from __future__ import annotations

from typing import Literal, get_args

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain

Kind = Literal["linear", "spherical", "in-distribution"]
KINDS: tuple[Kind, ...] = get_args(Kind)


@np.errstate(invalid="ignore", divide="ignore")
def between(z1: ArrayLike, z2: ArrayLike, amounts: ArrayLike, kind: Kind = "in-distribution") -> Floats:
    """Latents from z1 (amount 0) to z2 (amount 1).

        linear            (1 − a) z1 + a z2
        spherical         [sin((1 − a)ψ) z1 + sin(aψ) z2]/sin ψ,  ψ the angle between z1 and z2
        in-distribution   [(1 − a) z1 + a z2]/√((1 − a)² + a²)

    z1, z2 (*shape): two latents, noise about 0; amounts: one number, or (A,). Returns (*shape) or (A, *shape), float64.

    Of two draws from N(0, σ²I), the third is again such a draw, for every a and in every number of dimensions. The
    first has the variance (1 − a)² + a², half at the middle, so images made from it lose detail. The second has the
    right length in many dimensions, where ψ is nearly π/2 and it differs from the third in pace only; in two, its
    variance has no finite expectation. It is the first where ψ is 0, and NaN where ψ is π or a latent is 0, because no
    way is then the shortest.

    Raises ValueError for latents of different shapes or an unknown kind. Sources: linear and spherical as in Song et
    al. 2021 (arXiv 2010.02502); in-distribution: arXiv 2305.19947, and `combine`.
    """
    first, second = (np.asarray(plain(z), np.float64) for z in (z1, z2))
    if first.shape != second.shape:
        raise ValueError(f"The latents have shapes {first.shape} and {second.shape}; they must be equal.")
    a = np.asarray(plain(amounts), np.float64)
    a = a.reshape(*a.shape, *[1] * first.ndim)
    match kind:
        case "linear":
            weights = 1 - a, a
        case "spherical":
            weights = _spherical(first, second, a)
        case "in-distribution":
            size = np.hypot(1 - a, a)
            weights = (1 - a) / size, a / size
        case _:
            raise ValueError(f"There is no interpolation {kind!r}; there are {', '.join(KINDS)}.")
    return np.asarray(weights[0] * first + weights[1] * second)


def combine(weights: ArrayLike, latents: ArrayLike) -> Floats:
    """z = Σ_i w_i z_i/‖w‖, which is again a draw from N(0, σ²I) where the z_i are independent ones.

    weights (K,) or (M, K), of any sign; latents (K, *shape). Returns (*shape) or (M, *shape), float64. With two
    latents it is `between` in distribution. Raises ValueError where the numbers do not fit or all weights of a row are
    0. Source: Bodin et al. 2024 (arXiv 2408.08558).
    """
    given, points = np.asarray(plain(weights), np.float64), np.asarray(plain(latents), np.float64)
    if given.ndim not in (1, 2) or not points.ndim or given.shape[-1] != len(points):
        raise ValueError(f"weights have shape {given.shape} and latents {points.shape}; expected one weight a latent.")
    size = np.linalg.norm(given, axis=-1, keepdims=True)
    if not bool((size > 0).all()):
        raise ValueError("All weights are 0; at least one must differ from 0.")
    return np.asarray(np.tensordot(given / size, points, axes=1))


def _spherical(first: Floats, second: Floats, a: Floats) -> tuple[Floats, Floats]:
    """The weights of both latents at amounts a, by the angle between them, which arctan2 gives exactly."""
    one, other = first / np.linalg.norm(first), second / np.linalg.norm(second)
    angle = 2 * np.arctan2(np.linalg.norm(one - other), np.linalg.norm(one + other))
    if angle == 0:
        return 1 - a, a
    sine = np.sin(angle) if np.linalg.norm(one + other) > 1e-15 else np.nan  # sin π is 1e-16 in floating point
    return np.asarray(np.sin((1 - a) * angle) / sine), np.asarray(np.sin(a * angle) / sine)
