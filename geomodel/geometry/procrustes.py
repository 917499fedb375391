"""Turns curves onto each other, so that their common shape shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats
from geomodel.geometry.vectors import curve_of, quiet

Turns = Literal["none", "signs", "orthogonal"]

_ROUNDS = 100
_SETTLED = 1e-12  # the mean has settled where it moves by less than this share of its size
_FLAT = 1e-12  # a singular value below this share of the largest leaves the sign of a direction open


@dataclass(frozen=True, slots=True, eq=False)
class Alignment:
    """Curves turned onto a reference, as `align` computes them.

    Attributes:
        curves: (L, B, k): every curve times its rotation.
        rotations: (B, k, k): orthogonal, of the kind that was allowed.
        determinants: (B,): −1 where the rotation is a reflection, else 1.
        residuals: (B,): ‖A O − R‖/‖R‖ over all positions of a curve.
        mean: (L, k): the mean of the turned curves, scaled to their root mean square size, because the plain mean of
            curves that differ is smaller than they are.
    """

    curves: Floats
    rotations: Floats
    determinants: Floats
    residuals: Floats
    mean: Floats


@quiet
def align(curves: ArrayLike, reference: ArrayLike | None = None, *, turns: Turns = "orthogonal") -> Alignment:
    """Orthogonal Procrustes: turns each curve A to where ‖A O − R‖ is smallest over all orthogonal O.

        Aᵀ R = U S Vᵀ,    O = U Vᵀ

    `turns` allows less: "signs" takes the best diagonal O of ±1, the sign of each coordinate alone, and "none" leaves
    the curves as they are, so that only their residuals and their mean are measured.

    curves (L, B, k), such as `subspace(...).across`; reference R (L, k). Without one, R is the curves' own mean, which
    is found by turning and averaging in turn, beginning with the largest curve. Nothing is moved or scaled: the origin
    is the common end of the curves. Where a curve spans fewer dimensions than k, O could be a rotation or a reflection,
    and it is the rotation; a sign that makes no difference is +. A curve that is not finite gives NaN and takes no part
    in the mean. Raises ValueError where the shapes do not fit.

    Source: arXiv 2506.10177, equation 13.
    """
    given = curve_of(curves).astype(np.float64)
    if given.ndim != 3:
        raise ValueError(f"Curves to be aligned are (levels, samples, coordinates); got shape {given.shape}.")
    if reference is not None and np.shape(reference) != (len(given), given.shape[2]):
        need = given[:, 0].shape
        raise ValueError(f"The reference has shape {np.shape(reference)}; curves {given.shape} need {need}.")
    finite = np.isfinite(given).all(axis=(0, 2))
    kept = given[:, finite]
    target = np.asarray(reference, np.float64) if reference is not None else _mean_shape(kept, turns)
    found = _rotations(kept, target, turns)
    turned = _turned(kept, found)
    rotations = np.full((given.shape[1], given.shape[2], given.shape[2]), np.nan)
    aligned, residuals = np.full(given.shape, np.nan), np.full(given.shape[1], np.nan)
    rotations[finite], aligned[:, finite] = found, turned
    residuals[finite] = np.linalg.norm(turned - target[:, None], axis=(0, 2)) / np.linalg.norm(target)
    return Alignment(aligned, rotations, np.linalg.det(rotations).round(), residuals, _mean(turned))


def _mean_shape(curves: Floats, turns: Turns) -> Floats:
    """The mean that turning the curves onto it leaves as it is, (L, k); NaN without a curve."""
    if not curves.shape[1]:
        return np.full((len(curves), curves.shape[2]), np.nan)
    mean = curves[:, np.linalg.norm(curves, axis=(0, 2)).argmax()]
    for _ in range(_ROUNDS):
        before, mean = mean, _mean(_turned(curves, _rotations(curves, mean, turns)))
        if np.linalg.norm(mean - before) <= _SETTLED * np.linalg.norm(mean):
            break
    return mean


def _rotations(curves: Floats, target: Floats, turns: Turns) -> Floats:
    """The best O of the allowed kind for each curve, (B, k, k)."""
    identity = np.eye(curves.shape[2])
    if turns == "none":
        return np.broadcast_to(identity, (curves.shape[1], *identity.shape))
    if turns == "signs":
        return np.asarray(np.where(np.einsum("lbi,li->bi", curves, target) < 0, -1.0, 1.0)[:, :, None] * identity)
    return _orthogonal(curves, target)


def _orthogonal(curves: Floats, target: Floats) -> Floats:
    """O = U Vᵀ of Aᵀ R = U S Vᵀ for each curve, (B, k, k)."""
    left, sizes, right = np.linalg.svd(np.einsum("lbi,lj->bij", curves, target))
    found = left @ right
    open_sign = (sizes[:, -1] <= _FLAT * sizes[:, 0]) & (np.linalg.det(found) < 0)
    left[open_sign, :, -1] *= -1.0
    return np.asarray(left @ right)


def _turned(curves: Floats, rotations: Floats) -> Floats:
    return np.asarray(np.einsum("lbi,bij->lbj", curves, rotations))


def _mean(curves: Floats) -> Floats:
    """The mean curve, scaled to the root mean square size of the curves."""
    if not curves.shape[1]:
        return np.full((len(curves), curves.shape[2]), np.nan)
    mean = curves.mean(axis=1)
    size = float(np.linalg.norm(mean))
    usual = float(np.linalg.norm(curves)) / np.sqrt(curves.shape[1])
    return np.asarray(mean * (usual / size if size > 0 else 1.0))
