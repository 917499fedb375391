"""What the claims room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task


@dataclass(frozen=True, slots=True)
class ClaimTask(Task):
    """Check one claim for the denoiser that the settings name. The result is a `Claim`.

    The run that claims share is kept for the next task about the same denoiser, data and samples.
    """

    number: int
    samples: int
