"""What the strip shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripRow:
    """One row of images over the levels."""

    caption: str
    kind: Literal["sampling", "denoising", "optimal", "network"]
    images: Array  # (n, H, W) or (n, H, W, 3) uint8
    note: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class StripPicture:
    """Everything the strip view shows."""

    sigmas: Array | None = None
    rows: tuple[StripRow, ...] = ()
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
