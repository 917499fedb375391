"""What the interpolation view shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from app.rooms.interpolation.messages import Interpolation


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class InterpolationPicture:
    """Everything the interpolation view shows."""

    reason: str = ""  # why nothing can be interpolated now, or what to do
    can_run: bool = False
    message: str = ""  # what went wrong
    working: str = ""  # how far it is
    caption: str = ""  # driver, data, solver and seeds
    found: Interpolation | None = None
    at: int = 0  # index of the amount
