"""What the claims room requests from the engine."""

from __future__ import annotations

from dataclasses import dataclass

from app.engine.contract import Task
from geomodel.experiments.literature import Claim
from geomodel.origin import MadeOf


@dataclass(frozen=True, slots=True)
class ClaimTask(Task):
    """Check one claim for the denoiser that the settings name. The result is a `Checked`.

    The run that claims share is kept for the next task about the same denoiser, data and samples.
    """

    number: int
    samples: int


@dataclass(frozen=True, slots=True)
class Checked:
    """A claim, and what it was checked on."""

    claim: Claim
    made_of: MadeOf
