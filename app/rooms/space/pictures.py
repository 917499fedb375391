"""What Space shows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from app.rooms.space.camera import Camera
from app.rooms.space.messages import Control
from geomodel.arrays import Array
from geomodel.geometry.procrustes import Turns

Colouring = Literal["sigma", "class", "run"]
Owner = Literal["run", "gaussian", "optimal", "walk", "pinned"]  # what moved the noise
OWNERS: dict[Owner, str] = {
    "run": "This run",
    "gaussian": "Gaussian",
    "optimal": "D*",
    "walk": "Random walk",
    "pinned": "Pinned runs",
}


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Bundle:
    """The curves of one owner, along the displacement and in two components across it."""

    owner: Owner
    points: Array  # (L, B, 3): of the levels that are drawn
    factors: tuple[float, float] = (1.0, 1.0)  # along and across, by which it was scaled so that all fit
    name: str = ""  # of a pinned run
    hue: int = 0  # which of the pinned runs it is


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Strand:
    """The selected sample at every level, (L, 3), with the row that stands at the playhead; None where it has none."""

    points: Array
    at: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NumberRow:
    """One row of numbers: its value for each owner that is shown."""

    title: str
    tip: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class ControlState:
    """A box of a control: whether it is ticked, how far its work is, and why it cannot be ticked."""

    control: Control
    wanted: bool = False
    fraction: float | None = None  # of its work that is done; None while it is not at work, below 0 while it waits
    refusal: str = ""


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class SpacePicture:
    """Everything that Space shows."""

    message: str = ""  # why nothing is drawn
    offer: str = ""  # the name of data that have a Space, where these have none
    title: str = ""
    caption: str = ""
    bundles: tuple[Bundle, ...] = ()  # the run's first
    inset: Bundle | None = None  # D in its own components
    inset_note: str = ""
    sigmas: Array | None = None  # (L,): of the levels that are drawn
    sigma: float = 0.0  # at the playhead
    at: int = 0  # the row of the bundles nearest to the playhead
    sample: int = 0
    strand: Strand | None = None
    inset_strand: Strand | None = None
    target: Array | None = None  # (3,): D at the playhead, in the axes of x
    colouring: Colouring = "sigma"
    classes: Array | None = None  # (B,): −1 where a sample has none
    class_names: tuple[str, ...] = ()
    class_refusal: str = ""
    turns: Turns = "orthogonal"
    camera: Camera | None = None  # from where the view shows it; None leaves the view where it is
    controls: tuple[ControlState, ...] = ()
    pinned: bool = False  # pinned runs are drawn too
    pinned_refusal: str = ""  # why none can be
    owners: tuple[Owner, ...] = ()  # the columns of the numbers
    rows: tuple[NumberRow, ...] = ()
    notes: tuple[str, ...] = ()  # what is undefined and why, and what the controls are made of
