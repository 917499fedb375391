"""The common shape of a bundle of curves: how far each is from it, and how far one common shape is from another."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats
from geomodel.geometry.procrustes import Alignment, Turns, align
from geomodel.geometry.vectors import curve_of, quiet


@dataclass(frozen=True, slots=True, eq=False)
class Shape:
    """The common shape of B curves, as `shape` finds it.

    Attributes:
        alignment: the curves turned onto their mean, with the residual of each.
        sizes: (B,): ‖A‖, the root of the sum of squares of all coordinates of a curve.
        equal: (B,): the residuals after every curve was scaled to one size.
    """

    alignment: Alignment
    sizes: Floats
    equal: Floats

    @property
    def count(self) -> int:
        """How many curves are finite and not straight, so that they have a shape."""
        return int(np.isfinite(self.equal).sum())

    @property
    def residual(self) -> float:
        """The root mean square of ‖A O − R‖/‖R‖ over the curves; NaN without one."""
        return _usual(self.alignment.residuals)

    @property
    def equal_residual(self) -> float:
        """The same after every curve was scaled to one size: what of the residual is not size."""
        return _usual(self.equal)

    @property
    def spread(self) -> float:
        """The standard deviation of the sizes over their mean; NaN without a curve."""
        sizes = self.sizes[np.isfinite(self.sizes)]
        return float(sizes.std() / sizes.mean()) if len(sizes) and sizes.any() else np.nan

    @property
    def reflections(self) -> int:
        """How many curves are mirrored onto the mean, not only turned."""
        return int((self.alignment.determinants < 0).sum())


@quiet
def shape(curves: ArrayLike, *, turns: Turns = "orthogonal") -> Shape:
    """The mean shape of curves (L, B, k), such as `subspace(...).across`, and the residual of each to it.

    The curves are turned as `align` does without a reference; `turns` is passed on to it. Two residuals tell apart what
    differs: the first compares the curves as they are, the second after each was scaled to the same ‖A‖. Curves that
    are not finite, and for the second those without extent, give NaN and take no part in the mean. Raises ValueError as
    `align`.

    Sources: arXiv 2405.11326, figure 4 and arXiv 2506.10177, equation 13.
    """
    given = curve_of(curves).astype(np.float64)
    sizes = np.linalg.norm(given, axis=(0, 2))
    scaled = np.full(given.shape, np.nan)
    some = np.isfinite(sizes) & (sizes > 0)
    scaled[:, some] = given[:, some] / sizes[some, None]
    return Shape(align(given, turns=turns), sizes, align(scaled, turns=turns).residuals)


@quiet
def shape_distance(mean: ArrayLike, other: ArrayLike) -> tuple[float, float]:
    """How far a shape (L, k) is from another after that was turned and scaled to fit best, and the scale s.

        distance = min over O and s of ‖s B O − A‖/‖A‖ = √(1 − t²/(‖A‖²‖B‖²)),    s = t/‖B‖²

    mean A and other B (L, k) at the same levels; O is orthogonal, and t the sum of the singular values of BᵀA. The
    distance is the same from either side; s is not. NaN where one of them is not finite or has no extent. Raises
    ValueError where the shapes of the arrays differ.
    """
    a, b = np.asarray(mean, np.float64), np.asarray(other, np.float64)
    if a.ndim != 2 or a.shape != b.shape:
        raise ValueError(f"Two shapes are (levels, coordinates) at the same levels; got {a.shape} and {b.shape}.")
    sizes = float(np.linalg.norm(a)), float(np.linalg.norm(b))
    if not (np.isfinite(sizes).all() and min(sizes) > 0):
        return np.nan, np.nan
    left, values, right = np.linalg.svd(b.T @ a)
    scale = float(values.sum()) / sizes[1] ** 2
    return float(np.linalg.norm(scale * b @ (left @ right) - a)) / sizes[0], scale


def _usual(values: Floats) -> float:
    """The root mean square of what is finite."""
    known = values[np.isfinite(values)]
    return float(np.sqrt(np.mean(known**2))) if len(known) else np.nan
