"""Draws shares of a whole as stacked bands: decides which members have a band and where its name fits."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from geomodel.arrays import Array

MOST = 5  # bands with a name; all other members share one band
STRIDE = 2  # pixels between the places that are tried for a name


@dataclass(frozen=True, slots=True, eq=False)
class Band:
    """A band between two curves, in shares from 0 to 1. It belongs to one member, or to the rest (`member` is −1)."""

    member: int
    low: Array  # (L,)
    high: Array  # (L,)


def bands(shares: Array, members: list[int]) -> list[Band]:
    """The members' bands from the bottom, then the rest's. `shares` (L, C) has NaN where they are not known."""
    parts = [shares[:, member] for member in members]
    edges = np.cumsum([np.zeros(len(shares)), *parts], axis=0)
    found = [Band(member, edges[n], edges[n + 1]) for n, member in enumerate(members)]
    return [*found, Band(-1, edges[-1], np.where(np.isnan(edges[-1]), np.nan, 1.0))]


def leading(shares: Array) -> list[int]:
    """The members with the highest peaks. The one that weighs most at the lowest noise comes first."""
    known = shares[np.isfinite(shares).all(axis=1)]
    if not len(known):
        return []
    peaks = np.argsort(-known.max(axis=0), kind="stable")[:MOST]
    return sorted(peaks.tolist(), key=lambda member: -known[-1, member])


def place(x: Array, band: Band, size: tuple[float, float], height: float) -> tuple[float, float] | None:
    """The middle of a name of this size in pixels (x, share) where its band leaves most room; None if it fits nowhere.

    x (L,) ascending in pixels; `height`: the pixels of a share of 1.
    """
    known = np.isfinite(band.low)
    if known.sum() < 2:
        return None
    tried = np.arange(x[known][0], x[known][-1] + STRIDE / 2, STRIDE)
    width = int(np.ceil(size[0] / STRIDE)) + 1
    if len(tried) < width:
        return None
    low, high = (np.interp(tried, x[known], edge[known]) for edge in (band.low, band.high))
    windows = np.lib.stride_tricks.sliding_window_view
    floor, ceiling = windows(low, width).max(axis=1), windows(high, width).min(axis=1)
    best = int((ceiling - floor).argmax())
    if (ceiling[best] - floor[best]) * height < size[1]:
        return None
    return float(tried[best : best + width].mean()), float((floor[best] + ceiling[best]) / 2)


def named(
    shares: Array, x: Array, size: Callable[[int], tuple[float, float]], height: float
) -> list[tuple[Band, tuple[float, float] | None]]:
    """Bands with the places of their names. A member whose name does not fit joins the rest; the rest's name is
    optional.

    `size`: of a member's name, in pixels; −1 is the rest. Otherwise as `place` and `bands`.
    """
    members = leading(shares)
    while True:
        found = [(band, place(x, band, size(band.member), height)) for band in bands(shares, members)]
        nameless = [band.member for band, at in found[:-1] if at is None]
        if not nameless:
            return found
        members.remove(nameless[-1])
