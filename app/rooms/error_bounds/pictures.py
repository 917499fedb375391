"""What the step bounds view shows."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Annotated

from msgspec import Meta

from geomodel.arrays import Array
from geomodel.pf_ode import Oscillation

STEPS, ERROR = 0, 1  # the pages


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """Where the sliders stand, and which page is in view. A session keeps it."""

    page: Annotated[int, Meta(ge=STEPS, le=ERROR)] = STEPS
    steps: Annotated[int, Meta(ge=1, le=10**6)] = 3200
    dimension: Annotated[int, Meta(ge=1, le=10**6)] = 16
    variance: Annotated[float, Meta(gt=0, le=1e6)] = 0.25
    score_error: Annotated[float, Meta(ge=0, le=1)] = 0.0
    frequency: Annotated[float, Meta(ge=0, le=1e4)] = 10.0


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class BoundsPicture:
    """Distances over all stops of the sliders for steps and dimensions, and one error of the other page.

    ode, sde: (T, D). in_steps, in_dimension: the shape of the bound through the first point of the ODE's curve.
    slopes: of ODE, SDE and bound, in steps and in dimensions. swept: the frequencies that are known, and their
    distances.
    """

    chosen: Chosen
    ode: Array
    sde: Array
    in_steps: Array
    in_dimension: Array
    slopes: tuple[tuple[float, float], ...]
    oscillation: Oscillation
    without: float  # the distance of the other page without an error
    swept: Array = field(repr=False)  # (n, 2)
