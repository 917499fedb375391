"""What the views of the solver room show: races, schedules, implied derivatives. Frozen values, as in `pictures`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from numpy.typing import NDArray

Array = NDArray[Any]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class LanePicture:
    """One lane of a race. What is not known yet is None. `hue` indexes `Theme.runs`, cyclically."""

    name: str  # such as "Heun, 18 steps, Karras ρ 7"
    hue: int
    state: Literal["waiting", "running", "done", "failed"] = "waiting"
    fraction: float = 0.0  # of the lane, while it runs
    message: str = ""  # why it failed
    evaluations: int | None = None  # the most of any sample
    seconds: float | None = None
    sigmas: Array | None = None  # (levels,), the last may be 0
    evaluations_at: Array | None = None  # (levels,) cumulative, the most of any sample
    errors: Array | None = None  # (levels, B): ‖x − x_ref‖ at the lane's own levels; row 0 is zero
    sampling: Array | None = None  # (levels, 2): x of the selected sample in the plane
    denoising: Array | None = None  # (levels - 1, 2): D of it
    image: Array | None = None  # (H, W[, 3]) uint8: where the selected sample ended
    difference: Array | None = None  # (H, W[, 3]) uint8: to the reference, mid grey is none


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ComparePicture:
    """Everything the compare view shows."""

    lanes: tuple[LanePicture, ...] = ()
    running: bool = False
    caption: str = ""  # what they share: model, data, noise
    reference: str = ""  # such as "DOP853, tolerance 1e-10"
    reference_fraction: float = 1.0  # of the reference, while it is solved
    reference_sampling: Array | None = None  # (L, 2)
    reference_image: Array | None = None
    data: Array | None = None  # (N, 2): behind the trajectories
    scale: float = 1.0  # s, the data's scale: trajectories are drawn as x/√(1 + σ²/s²)
    reference_sigmas: Array | None = None  # (L,)
    difference_scale: float = 0.0  # the difference that is white in the difference images
    sample: int = 0
    message: str = ""  # an empty state, or what went wrong


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
    edited: bool = False  # it is a list of its own by now
    cost: CostPicture | None = None
    working: str = ""  # such as "GITS: teacher 40 %"
    end_error: str = ""  # such as "end error 0.0213 (median of 64), 0.81 × the schedule before"
    error_of: Array | None = None  # (B,) end errors of the draft's schedule
    index: int = 0  # playhead of the selected run
    message: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class DerivativesPicture:
    """Everything the finite-difference view shows: (steps,) numbers of the selected sample, NaN where unknown.

    Numbers are ‖Ḋ‖ and relative distances ‖Ḋ_implied − Ḋ_other‖/‖Ḋ_other‖.
    """

    sigmas: Array | None = None  # (steps + 1,)
    implied: Array | None = None
    true: Array | None = None  # at the step's start
    effective: Array | None = None  # what would land on the exact curve
    to_true: Array | None = None
    to_effective: Array | None = None
    why: tuple[str, ...] = ()  # a sentence for each step that has no number, else ""
    method: str = ""  # "jvp" or "central difference"
    formula: str = ""  # the solver's estimate
    solver: str = ""
    index: int = 0
    pending: bool = False  # steps are still being asked for
    can_fill: bool = False  # other steps can be asked for, at a cost
    arrows: tuple[tuple[str, Array], ...] = ()  # 2-D data: name and Ḋ (2,) at the playhead's step
    message: str = ""
