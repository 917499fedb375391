"""What the solver room and the engine say to each other; as in `messages`."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from geomodel.settings import RunSettings

Array = NDArray[Any]
Design = Literal["gits", "tors"]


@dataclass(frozen=True, slots=True)
class StartRace:
    """Run every lane from the same noise against a reference; `settings` says what moves from where."""

    race_id: int
    settings: RunSettings
    lanes: tuple[tuple[str, RunSettings], ...]  # name, and whose solver, options and levels


@dataclass(frozen=True, slots=True)
class RaceProgress:
    """Lane −1 is the reference."""

    race_id: int
    lane: int
    fraction: float


@dataclass(frozen=True, slots=True)
class RaceEnded:
    """The comparison (a geomodel Comparison), or why there is none; both empty: cancelled."""

    race_id: int
    comparison: Any = None
    message: str = ""


@dataclass(frozen=True, slots=True)
class StartDesign:
    """Design a schedule of the settings' number of steps on a teacher's trajectory."""

    design_id: int
    settings: RunSettings
    kind: Design
    metric: str = "dev"
    coeff: float = 1.15


@dataclass(frozen=True, slots=True)
class DesignProgress:
    """How much of the teacher's run is done."""

    design_id: int
    fraction: float


@dataclass(frozen=True, slots=True)
class DesignEnded:
    """The levels and, of GITS, the table; or why there are none; all empty: cancelled."""

    design_id: int
    levels: tuple[float, ...] = ()
    table: Any = None  # a geomodel GitsTable
    message: str = ""


@dataclass(frozen=True, slots=True)
class EndErrorRequest:
    """How far the settings' run ends from the ODE's own end, from the same noise. `task_id` cancels it."""

    task_id: int
    settings: RunSettings


@dataclass(frozen=True, slots=True)
class EndErrorAnswer:
    """‖x_N − x_ref‖ of every sample, (B,); or why not."""

    request: EndErrorRequest
    errors: Array | None
    message: str = ""


@dataclass(frozen=True, slots=True)
class DerivativeRequest:
    """The dD/dσ that a step of a run implies, beside the true and the effective one, for one sample."""

    run_id: int
    index: int
    sample: int


@dataclass(frozen=True, slots=True, kw_only=True)
class DerivativeAnswer:
    """Three derivatives (*shape), None where they are undefined: `why` says so."""

    request: DerivativeRequest
    implied: Array | None = None
    true: Array | None = None
    effective: Array | None = None
    method: str = ""
    why: str = ""

    def distance(self, other: Literal["true", "effective"]) -> float:
        """‖implied − other‖/‖other‖; NaN where one is not there."""
        first, second = self.implied, getattr(self, other)
        if first is None or second is None or not np.any(second):
            return float("nan")
        return float(np.linalg.norm(first - second) / np.linalg.norm(second))


RoomRequest = DerivativeRequest
RoomTask = StartRace | StartDesign | EndErrorRequest
RoomEvent = RaceProgress | RaceEnded | DesignProgress | DesignEnded | EndErrorAnswer | DerivativeAnswer
