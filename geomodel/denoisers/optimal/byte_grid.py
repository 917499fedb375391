"""The grid of whole numbers on which points that came from bytes nearly lie, and sums over each point's numbers."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor


class Digits(NamedTuple):
    """Numbers y = o + a k + e, e = f r + e', of any shape: whole k and guard digit r from −128 to 127, remainder e."""

    whole: Tensor
    remainder: Tensor
    guard: Tensor


class Grid(NamedTuple):
    """The places o + a k + f r: scale a, origin o, fine f."""

    scale: float
    origin: float
    fine: float

    @staticmethod
    def between(low: float, high: float) -> Grid:
        """The grid whose bytes 0 and 255 (k = −128 and 127) are two numbers."""
        scale = (high - low) / 255
        return Grid(scale, low + 128 * scale, 2.0**-24 * max(abs(low), abs(high), high - low) / 127)

    def digits(self, numbers: Tensor) -> Digits:
        """The numbers, float64, in the nearest digits."""
        shifted = numbers - self.origin
        whole = (shifted / self.scale).round_().clamp_(-128, 127)
        remainder = shifted - self.scale * whole
        return Digits(whole, remainder, (remainder / self.fine).round_().clamp_(-128, 127))

    def terms(self, digits: Digits) -> Iterator[Tensor]:
        """What `Sums` adds up for each point."""
        whole, remainder, guard = digits
        yield whole
        yield guard
        yield whole.square()
        yield (self.origin + self.scale * whole) * guard
        yield remainder.square()
        yield (remainder - self.fine * guard).square()


class Sums(NamedTuple):
    """Sums over the numbers of each point, float64; after those of the points there may be room, which holds zeros."""

    whole: Tensor  # of k
    guard: Tensor  # of r
    squares: Tensor  # of k²
    across: Tensor  # of (o + a k) r
    errors: Tensor  # of e²
    finer: Tensor  # of e'²

    @staticmethod
    def room(size: int) -> Sums:
        """Room for the sums of so many points, each of its own, so that it can be freed alone."""
        return Sums(*(torch.zeros(size, dtype=torch.float64) for _ in Sums._fields))

    def add_points(self, grid: Grid, points: Any, blocks: Iterable[slice], codes: Tensor, guards: Tensor) -> None:
        """Of points that are indexable by slices, (n, d); their digits go into codes and guards (N', d'), int8."""
        dimension = points.shape[1]
        for rows in blocks:
            digits = grid.digits(points[rows].double())
            codes[rows, :dimension], guards[rows, :dimension] = digits.whole.to(torch.int8), digits.guard.to(torch.int8)
            for total, term in zip(self, grid.terms(digits), strict=True):
                total[rows] = term.sum(1)

    def add_bytes(self, grid: Grid, stored: Any, blocks: Iterable[slice], values: Tensor) -> None:
        """Of the points that stored bytes (N, *shape) stand for; values (256,) is what each byte becomes.

        A sum over the numbers of a point follows from how often each byte occurs in it.
        """
        terms = torch.stack(list(grid.terms(grid.digits(values))), dim=1).numpy()
        for rows in blocks:
            part = np.asarray(stored[rows])
            often = [np.bincount(point, minlength=256) for point in part.reshape(len(part), -1)]
            for total, sums in zip(self, torch.from_numpy(np.array(often, np.float64) @ terms).T, strict=True):
                total[rows] = sums
