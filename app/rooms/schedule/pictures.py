"""What the schedule view shows."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ScheduleRow:
    """One schedule on the common σ axis."""

    name: str
    sigmas: Array  # (levels,), the last may be 0
    hue: int  # into Theme.runs; −1: the draft, which can be edited


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CostPicture:
    """The cost matrix of a designed schedule and the path that was chosen."""

    title: str  # such as "GITS, dev, coefficient 1.15"
    sigmas: Array  # (M + 1,) the fine levels
    cost: Array  # (M + 1, M + 1): from row i to column j > i, NaN elsewhere; may be negative
    path: Array  # indices of the chosen levels, 0 … M


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SchedulePicture:
    """Everything the schedule view shows."""

    rows: tuple[ScheduleRow, ...] = ()
    editable: bool = False  # the draft's schedule can be dragged
    edited: bool = False  # it is a list of levels and no formula's
    cost: CostPicture | None = None
    working: str = ""  # such as "GITS: teacher 40 %"
    end_error: str = ""  # such as "end error 0.0213 (median of 64), 0.81 × the schedule before"
    error_of: Array | None = None  # (B,) end errors of the draft's schedule
    index: int = 0  # playhead of the selected run
    message: str = ""
