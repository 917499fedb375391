"""What the claims view shows, as frozen values."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.experiments.literature import Claim, Statement


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimRow:
    """One row: the statement, what was found, and which share of its present work is done while it is checked."""

    statement: Statement
    claim: Claim | None = None
    waits: bool = False
    fraction: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ClaimsPicture:
    """Everything the claims view shows."""

    rows: tuple[ClaimRow, ...] = ()
    samples: int = 64
    running: bool = False
    caption: str = ""  # which model and data the results are about
    summary: str = ""  # how many hold, or which one is being checked
    message: str = ""  # what to do, what has changed, or what went wrong
