"""What the transport shows."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class TransportPicture:
    """The playhead among the noise levels, and how playback is set."""

    sigmas: Array | None = None  # (levels,)
    committed: int = 0  # levels that are computed
    index: int = 0
    evaluations: int = 0  # up to the playhead
    playing: bool = False
    speed: float = 1.0
