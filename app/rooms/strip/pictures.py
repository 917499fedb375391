"""What the strip shows."""

from __future__ import annotations

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SheetPicture:
    """The images (samples, levels, H, W[, 3]) as bytes, and what they are."""

    images: Array
    sigmas: tuple[float, ...]
    samples: tuple[int, ...]
    title: str = ""
    caption: str = ""
