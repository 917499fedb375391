"""The slice of data space through one sample, parallel to a plane, on which D* and the density are exact."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, Integers
from geomodel.density import Rect
from geomodel.projection import Basis

NEGLIGIBLE = 45.0  # nats; e^-45 of the largest weight is below float64's rounding of the sum
_BLOCK_NUMBERS = 1 << 18  # 2 MB in float64, as in `projection`


@dataclass(frozen=True, slots=True, eq=False)
class Slice:
    """The points x(c) = x + Eᵀ(c − E x) of data space, c (2,) in the coordinates of a basis E.

    With data y_i, points c_i = E y_i and the part b_i of ‖x − y_i‖² that lies outside the plane,

        ‖x(c) − y_i‖² = ‖c − c_i‖² + b_i,   so   log w_i(c) = −(‖c − c_i‖² + b_i)/(2σ²) + const:

    so the posterior weights on the slice are exactly those of a mixture in the plane with prior log-weights
    −b_i/(2σ²), and a point of the slice costs 2 N operations instead of d N. x (*shape) float64; points (N, 2); outside
    (N,) = b_i.
    """

    basis: Basis
    x: Floats
    points: Floats
    outside: Floats

    @classmethod
    def through(
        cls,
        x: ArrayLike,
        basis: Basis,
        data: Any,
        points: Floats,
        rows: Integers | None = None,
        squares: Floats | None = None,
    ) -> Slice:
        """The slice through x (*shape) for data (N, *shape), or some rows of it, whose projections `points` are known.

        The data may be an array-like over a file, which is read in blocks. It is not read where the squared distances
        of x to those points are given.
        """
        anchor = np.asarray(x, np.float64).reshape(-1)
        if squares is not None:
            inside = ((basis.project(np.asarray(x, np.float64)[None]) - points) ** 2).sum(axis=1)
            return cls(basis, np.asarray(x, np.float64), points, np.maximum(squares - inside, 0.0))
        outside = np.empty(len(points))
        size = max(1, _BLOCK_NUMBERS // max(1, len(anchor)))
        for start in range(0, len(points), size):
            part = slice(start, start + size)
            block = np.asarray(data[part if rows is None else rows[part]])
            away = anchor - block.reshape(len(block), -1)  # subtracting first avoids cancellation near the data
            away -= (away @ basis.vectors.T) @ basis.vectors
            outside[part] = np.einsum("nd,nd->n", away, away)
        return cls(basis, np.asarray(x, np.float64), points, outside)

    def lift(self, c: ArrayLike) -> Floats:
        """The points x(c) of data space, c (m, 2) -> (m, *shape)."""
        return self.basis.moved(self.x, c)

    def kernels(self, sigma: float, rect: Rect) -> tuple[Floats, Floats]:
        """(points, log-weights −b_i/(2σ²)) of the data that can carry weight anywhere in a rectangle of the slice.

        Data with b_i > b_j + max_c ‖c − c_j‖² + 2 · 45 σ² are left out, where j is the one nearest to the slice,
        because their weight is below e^-45 of that of j at every c of the rectangle.
        """
        nearest = int(self.outside.argmin())
        x, y, width, height = rect
        corners = np.array([(x, y), (x + width, y), (x, y + height), (x + width, y + height)])
        reach = float(((corners - self.points[nearest]) ** 2).sum(axis=1).max())
        near = self.outside <= self.outside[nearest] + reach + 2 * NEGLIGIBLE * sigma**2
        return self.points[near], -self.outside[near] / (2 * sigma**2)
