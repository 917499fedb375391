"""What the quality view shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from app.rooms.quality.messages import Jumps, RunQuality


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class QualityPicture:
    """Everything the quality view shows."""

    name: str = "sliced"  # of `QUALITIES`: the distance that is plotted
    reason: str = ""  # why no jump can be measured now, or what to do
    can_jump: bool = False
    message: str = ""  # what went wrong
    working: str = ""  # what is measured, and how far it is
    caption: str = ""  # what the jumps were: driver, data, solver, samples
    evaluations: int = 0  # of each run that jumps
    jumps: Jumps | None = None
    level: int = 0  # the jump that is picked
    wanted: float | None = None  # σ of the jump that is being computed
    sample: int = 0  # the end that is framed
    run: RunQuality | None = None
    run_caption: str = ""  # what run it is
    run_reason: str = ""  # why there are no curves, and what to do
    can_measure_run: bool = False
    index: int = 0  # the playhead
