"""What the consistency view shows."""

from __future__ import annotations

from dataclasses import dataclass

from app.plotting.pens_and_numbers import Kind
from app.rooms.consistency.messages import ColoursAnswer
from geomodel.arrays import Array


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class GapPicture:
    """The mean gap of f after so many iterations, and that of D, which does not change."""

    iterations: tuple[int, ...]
    gaps: tuple[float, ...]
    control: float  # NaN where the run has no D
    total: int


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CurvesPicture:
    """The curves of f or of D in the plane, over the data."""

    kind: Kind
    curves: Array  # (L, B, 2)
    ends: Array  # (B, 2): x_0
    level: int  # row of the playhead
    sample: int  # column of the selected sample; −1 where it is not among them
    data: Array  # (N, 2)
    axes: tuple[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class CloudPicture:
    """Where the same noise ends, and how far that is from the data."""

    title: str
    words: str
    kind: Kind
    points: Array  # (M, 2)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class FieldPicture:
    """The cells of the plane, coloured by where the exact ODE ends."""

    wanted: bool = False  # a person has asked for it
    possible: bool = False  # the plane is the data's own space
    sigma: float = 1.0
    lowest: float = 0.1
    highest: float = 1.0
    answer: ColoursAnswer | None = None
    data: Array | None = None  # (N, 2), whose rows the cells name
    apart: float = 1.0  # neighbouring cells with ends farther apart lie in two basins
    words: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class ConsistencyPicture:
    """Everything the consistency view shows."""

    message: str = ""  # what to do, or why it is undefined here
    caption: str = ""
    gap: GapPicture | None = None
    level_words: str = ""  # the numbers at the playhead
    curves: CurvesPicture | None = None
    denoised: bool = False  # the curves are those of D
    clouds: tuple[CloudPicture, ...] = ()
    clouds_words: str = ""
    field: FieldPicture = FieldPicture()
    start: str = "Train"  # what the button says
    ready: bool = False  # it can begin or go on
    running: bool = False
    begun: bool = False  # there is something to discard
    words: str = ""  # beside the buttons
