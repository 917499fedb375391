"""Basins of attraction: to which class of the data the probability-flow ODE carries each point of a plane.

A grid of cells is refined by cutting each cell into three by three. The middle one of the nine new cells keeps the old
cell's centre, so its class is known and every pass computes new cells only. Images have shape (ny, nx) with row 0 at
the smallest y.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Floats, Integers
from geomodel.density import Rect, grid_points
from geomodel.formulas import karras

Denoise = Callable[[Floats, float], Floats]  # x (m, *shape), sigma -> D(x; sigma) (m, *shape)
Classify = Callable[[Floats], Integers]  # points of the plane (m, 2) -> their classes (m,)

STEPS = 8  # of Heun, two evaluations each; compared with 150 steps, 1 to 3 % of the cells differ, all at edges
STILL = 1e-12  # of D's largest coordinate: a smaller change of D counts as none
UNKNOWN = -1
FINER = 3  # cells along each side that replace one
_NUMBERS_AT_ONCE = 2**20  # of the data in one temporary (8 MB)


def carried(
    denoise: Denoise, x: ArrayLike, sigma: float, sigma_min: float, steps: int = STEPS, *, settles: bool = True
) -> Floats:
    """Where the probability-flow ODE dx/dσ = (x − D(x; σ))/σ takes points from σ down to sigma_min.

    Heun's rule over `steps` intervals of a Karras grid (ρ = 7), two evaluations each. x (m, *shape) at σ -> (m, *shape)
    at sigma_min; points at or below sigma_min stay where they are.

    settles: a point is followed only while D moves, because with D = y fixed the rest of the way is the straight line
    to y. D* of data no longer moves once it is a single point y_j: from σ to σ' = rσ the lead of y_j over any other
    point, (‖x − y_i‖² − ‖x − y_j‖²)/2σ², becomes at least 1/r times as large. A denoiser that jumps again while x moves
    towards it, as a mean of several D* does, does not settle. Where basins meet, a finite number of steps may put a
    cell at the edge on the wrong side.

    Raises ValueError where the noise levels or steps make no schedule.
    Source: Karras et al. 2022 (arXiv 2206.00364), algorithm 1 and equation 5.
    """
    ends = np.array(x, dtype=np.float64)
    if sigma <= sigma_min:
        return ends
    levels = karras(steps=steps, sigma_min=sigma_min, sigma_max=sigma)
    moving = np.arange(len(ends))
    for here, there in zip(levels[:-1].tolist(), levels[1:].tolist(), strict=True):
        at = ends[moving]
        denoised = denoise(at, here)
        euler = denoised + (there / here) * (at - denoised)
        following = denoise(euler, there)
        slopes = ((at - denoised) / here + (euler - following) / there) / 2
        ends[moving] = at + (there - here) * slopes
        still = settles & (_largest(following - denoised) <= STILL * _largest(denoised))
        ends[moving[still]] = (denoised + (sigma_min / here) * (at - denoised))[still]
        moving = moving[~still]
        if not len(moving):
            break
    return ends


def _largest(x: Floats) -> Floats:
    """The largest absolute coordinate of each row."""
    return np.asarray(np.abs(x).reshape(len(x), -1).max(axis=1, initial=0.0))


def nearest(points: Any, at: ArrayLike) -> Integers:
    """Numbers of the points (N, *shape) that lie nearest to `at` (m, *shape), (m,); the first one where several tie.

    Compares ‖y‖² − 2 x·y relative to the first point, in float64; distances that differ by less than its rounding count
    as equal.
    """
    origin = np.asarray(points[0], dtype=np.float64).reshape(-1)
    queries = np.asarray(at, dtype=np.float64).reshape(-1, len(origin)) - origin
    least, found = np.full(len(queries), np.inf), np.zeros(len(queries), dtype=np.int64)
    size = max(1, _NUMBERS_AT_ONCE // len(origin))
    for start in range(0, len(points), size):
        block = np.asarray(points[start : start + size], dtype=np.float64).reshape(-1, len(origin)) - origin
        away = np.einsum("nd,nd->n", block, block) - 2 * queries @ block.T
        row = away.argmin(axis=1)
        distance = away[np.arange(len(away)), row]
        closer = distance < least
        least[closer], found[closer] = distance[closer], start + row[closer]
    return found


@dataclass(frozen=True, slots=True, eq=False)
class Basins:
    """The classes of the cells of a rectangle, as far as they are known.

    rect: x, y, width, height. classes (ny, nx): of the cell's centre where `known`, else of the coarser cell that it
    was part of, `UNKNOWN` where there was none.
    """

    rect: Rect
    classes: Integers
    known: NDArray[np.bool_]

    @classmethod
    def unknown(cls, rect: Rect, size: tuple[int, int]) -> Basins:
        """Basins of nx × ny cells of which nothing is known."""
        shape = size[1], size[0]
        return cls(rect, np.full(shape, UNKNOWN, dtype=np.int64), np.zeros(shape, dtype=np.bool_))

    @property
    def complete(self) -> bool:
        """Whether every cell is known."""
        return bool(self.known.all())

    def refined(self) -> Basins:
        """Each cell cut into nine; the middle one is known where the old one was."""
        known = np.zeros([FINER * side for side in self.known.shape], dtype=np.bool_)
        known[FINER // 2 :: FINER, FINER // 2 :: FINER] = self.known
        return Basins(self.rect, self.classes.repeat(FINER, axis=0).repeat(FINER, axis=1), known)

    def advanced(self, classify: Classify, count: int) -> Basins:
        """These basins with the classes of the next `count` unknown cells."""
        todo = np.flatnonzero(~self.known)[:count]
        centres = grid_points(self.rect, *self.known.shape[::-1])
        classes, known = self.classes.copy(), self.known.copy()
        classes.flat[todo] = classify(centres[todo])
        known.flat[todo] = True
        return Basins(self.rect, classes, known)

    def shares(self) -> dict[int, float]:
        """The share of the rectangle that each class has, largest first. Unknown cells are left out."""
        classes, counts = np.unique(self.classes[self.classes != UNKNOWN], return_counts=True)
        order = np.argsort(-counts, kind="stable")
        return {int(classes[i]): float(counts[i] / self.classes.size) for i in order}

    def places(self) -> dict[int, tuple[float, float]]:
        """For each class, the centre of a cell in the middle of its widest part, where its name has room."""
        centres = grid_points(self.rect, *self.known.shape[::-1]).reshape(*self.known.shape, 2)
        found = {}
        for label in self.shares():
            inside = self.classes == label
            while (smaller := _eroded(inside)).any():
                inside = smaller
            cells = centres[inside]
            middle = np.square(cells - cells.mean(axis=0)).sum(axis=1).argmin()
            found[label] = (float(cells[middle, 0]), float(cells[middle, 1]))
        return found


def _eroded(inside: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """The cells whose four neighbours are inside too. Nothing outside the rectangle is inside."""
    padded = np.pad(inside, 1)
    return padded[1:-1, 1:-1] & padded[:-2, 1:-1] & padded[2:, 1:-1] & padded[1:-1, :-2] & padded[1:-1, 2:]


def refinements(classify: Classify, rect: Rect, coarse: tuple[int, int], levels: int) -> Iterator[Basins]:
    """The basins on a coarse grid of nx × ny cells, then on grids three times as fine, `levels` in all."""
    basins = Basins.unknown(rect, coarse)
    for level in range(levels):
        if level:
            basins = basins.refined()
        basins = basins.advanced(classify, basins.known.size)
        yield basins
