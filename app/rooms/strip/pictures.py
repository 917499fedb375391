"""What the strip shows."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from app.plotting.values import ImageRow
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripPicture:
    """Everything the strip view shows."""

    sigmas: Array | None = None
    rows: tuple[ImageRow, ...] = ()
    levels: Array | None = None  # of the images in the rows, where there are too many for each to have one
    denoised_note: str = ""  # a note about the second row at the playhead, the clipped share
    index: int = 0
    samples: Array | None = None  # (B, H, W[, 3]) uint8: every sample at the playhead
    sample: int = 0
    samples_note: str = ""
    neighbours: Array | None = None  # (k, H, W[, 3]) uint8
    neighbour_weights: Array | None = None  # (k,)
    neighbour_labels: tuple[str, ...] = ()
    neighbours_note: str = ""
    message: str = ""

    @property
    def image(self) -> int:
        """Which image of a row stands for the playhead: that of its level, or of the one before it that has some."""
        return self.index if self.levels is None else int(np.searchsorted(self.levels, self.index, side="right")) - 1


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SheetPicture:
    """The images (samples, levels, H, W[, 3]) as bytes, and what they are."""

    images: Array
    sigmas: tuple[float, ...]
    samples: tuple[int, ...]
    title: str = ""
    caption: str = ""
