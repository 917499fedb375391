"""Which points of a curve are drawn where it has more than a picture has columns of pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from geomodel.arrays import Array, Integers

FEWEST, MOST = 256, 4096  # columns into which the axis of a plot is divided
PRINTED = 2048  # of a print, whose pixels are not known


class Thinned(NamedTuple):
    """The rows of a curve that are drawn, ascending, and whether a line joins each to the next one."""

    kept: Integers
    joined: NDArray[np.bool_]


def columns_of(pixels: float) -> int:
    """At least as many columns as pixels. They double, so that a plot that is made larger is rarely thinned anew."""
    columns = FEWEST
    while columns < min(pixels, MOST):
        columns *= 2
    return columns


def thinned(x: Array, values: Array, columns: int) -> Thinned:
    """All points if they are few. Of many, the ends of the curve, and the least and the largest value in each column.

    x (n,), ascending; values (n,), whose NaN interrupt the line. A gap that is narrower than a column is not seen.
    """
    joined = _joined(values)
    if len(x) <= 2 * columns:
        return Thinned(np.arange(len(x)), joined)
    drawn, starts, gaps = _columns(x, joined, columns)
    if not len(drawn):
        return Thinned(drawn, joined[drawn])
    least, largest = (_least(each, starts) for each in (values[drawn], -values[drawn]))
    before = np.flatnonzero(np.diff(gaps))
    rows = np.unique(np.concatenate(([0, len(drawn) - 1], least, largest, before, before + 1)))
    return Thinned(drawn[rows], np.append(np.diff(gaps[rows]) == 0, False))


def enveloped(x: Array, low: Array, high: Array, columns: int) -> tuple[Array, Array, Array, NDArray[np.bool_]]:
    """The edges (n,) of a band in the same way, and whether each point is joined to the next one. Of many points, each
    column has the least and the largest value, at its first one.
    """
    joined = _joined(low + high)
    if len(x) <= 2 * columns:
        return x, low, high, joined
    drawn, starts, gaps = _columns(x, joined, columns)
    if not len(drawn):
        return x[:0], low[:0], high[:0], joined[:0]
    found = np.minimum.reduceat(low[drawn], starts), np.maximum.reduceat(high[drawn], starts)
    low, high = (np.append(edge, edge[-1]) for edge in found)
    rows = np.append(starts, len(drawn) - 1)
    return x[drawn[rows]], low, high, np.append(np.diff(gaps[rows]) == 0, False)


def _joined(values: Array) -> NDArray[np.bool_]:
    """Whether each point has a line to the next one."""
    finite = np.isfinite(values)
    return np.asarray(finite & np.append(finite[1:], False))


def _columns(x: Array, joined: Array, columns: int) -> tuple[Integers, Integers, Integers]:
    """The points that have a line, which of these begin a column, and how many gaps are seen before each."""
    drawn = np.flatnonzero(joined | np.append(False, joined[:-1]))
    if not len(drawn):
        return drawn, drawn, drawn
    places = x[drawn]
    width = float(np.ptp(places)) / columns or 1.0
    starts = np.flatnonzero(np.diff(np.floor((places - places[0]) / width), prepend=np.nan) != 0)
    seen = ~joined[drawn[:-1]] & (np.diff(places) > width)
    return drawn, starts, np.append(0, np.cumsum(seen))


def _least(values: Array, starts: Integers) -> Integers:
    """The row of the least value in each column."""
    least = np.minimum.reduceat(values, starts)
    of = np.repeat(np.arange(len(starts)), np.diff(starts, append=len(values)))
    rows = np.flatnonzero(values == least[of])
    return np.asarray(rows[np.diff(of[rows], prepend=-1) > 0])
