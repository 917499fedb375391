"""The trajectories in the plane as they are drawn: which samples and levels, and where they are displayed."""

from __future__ import annotations

import numpy as np

from app.rooms.plane import frames
from app.rooms.plane.levels_drawn import BLOCKS, FOUR, LevelsDrawn, block_of
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from geomodel.arrays import Array

MOST_SEGMENTS = 20_000  # most segments of one kind of thin curves; with more, only the first samples are drawn
DOTTED = 129  # levels of a run with dots; more of them would hide the curve
MOST_OF_LONG = 8_000  # the same of runs of which not every level is drawn, because these may go to and fro


def block_drawn(picture: PlanePicture) -> int:
    """Of how many successive levels the extremes are drawn; 1 where every level is."""
    return 1 if picture.curves is None else block_of(len(picture.curves.sampling))


def curves_drawn(picture: PlanePicture) -> int:
    """How many samples' thin curves are drawn. The selected one's thick curve always is."""
    if picture.curves is None:
        return 0
    levels, count = picture.curves.sampling.shape[:2]
    most = MOST_SEGMENTS // levels if block_drawn(picture) == 1 else MOST_OF_LONG // (FOUR * BLOCKS)
    return int(min(count, max(1, most)))


def dotted(picture: PlanePicture) -> bool:
    """Whether each level of the selected sample has a dot."""
    return picture.curves is not None and len(picture.curves.sampling) <= DOTTED


class DrawnCurves:
    """The points of the curves. A run that grows is not looked at again from its start."""

    def __init__(self) -> None:
        self._sampling, self._denoising = LevelsDrawn(), LevelsDrawn()

    def follow(self, curves: PlaneCurves) -> None:
        """Take new levels, or another run."""
        self._sampling.follow(curves.sampling, curves.committed)
        self._denoising.follow(curves.denoising, max(0, curves.committed - 1))

    def x(self, picture: PlanePicture, first: int, last: int, samples: slice) -> Array:
        """The sampling curves of some samples from one level to another, displayed, (m, B, 2)."""
        assert picture.curves is not None
        return _displayed(picture, self._sampling, picture.curves.sampling, first, last, samples)

    def d(self, picture: PlanePicture, first: int, last: int, samples: slice) -> Array:
        """The denoising curves as far as D is known, and D at the last level if it was computed there for display."""
        curves = picture.curves
        assert curves is not None
        known = min(last, curves.committed - 2)
        found = np.empty((0, curves.sampling[:, samples].shape[1], 2))
        if first <= known:
            found = _displayed(picture, self._denoising, curves.denoising, first, known, samples)
        if curves.final_denoised is None or last < len(curves.sigmas) - 1:
            return found
        final = frames.shown(picture, curves.final_denoised[samples], float(curves.sigmas[-1]))
        return np.concatenate([found, final[None]])

    def positions(self, picture: PlanePicture) -> Array:
        """Where x of every sample is displayed at the playhead, (B, 2)."""
        assert picture.curves is not None
        return frames.shown(picture, picture.curves.sampling[frames.playhead(picture)], frames.playhead_sigma(picture))

    def paths(self, picture: PlanePicture) -> Array:
        """The sampling curves that are drawn, displayed, (m, B, 2)."""
        assert picture.curves is not None
        return self.x(picture, 0, picture.curves.committed - 1, slice(curves_drawn(picture)))

    def pair(self, picture: PlanePicture) -> tuple[Array, Array] | None:
        """x and D(x; σ) of the selected sample at the playhead, in displayed coordinates; None if D is not known."""
        curves, level, sample = picture.curves, frames.playhead(picture), picture.sample
        if curves is None or not curves.committed:
            return None
        if level < curves.committed - 1:
            denoised = curves.denoising[level, sample]
        elif curves.final_denoised is not None and level == len(curves.sigmas) - 1:
            denoised = curves.final_denoised[sample]
        else:
            return None
        if not np.isfinite(denoised).all():
            return None
        sigma = frames.playhead_sigma(picture)
        return frames.shown(picture, curves.sampling[level, sample], sigma), frames.shown(picture, denoised, sigma)


def _displayed(
    picture: PlanePicture, drawn: LevelsDrawn, points: Array, first: int, last: int, samples: slice
) -> Array:
    assert picture.curves is not None
    levels = drawn.between(first, last)[:, samples]
    found = np.take_along_axis(points[:, samples], levels[..., None], axis=0)
    return frames.shown(picture, found, picture.curves.sigmas[levels])
