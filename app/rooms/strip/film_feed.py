"""The strip's pictures at every level of one run, for a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from app.engine.contract import Answer, Request
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from app.rooms.strip.picture import StripRows, strip_picture
from app.rooms.strip.pictures import StripPicture
from app.session.state import Run, Selection


def has_neighbours(run: Run) -> bool:
    """Whether the engine can find the data nearest to a sample, and they are images."""
    return run.linked and run.compared and len(run.x.shape) == 5


@dataclass(frozen=True, slots=True)
class StripReel:
    """The strip of one sample at every level."""

    run: Run
    sample: int
    rows: StripRows

    def needs(self, level: int, view: object, answers: Sequence[Answer]) -> Sequence[Request]:
        """The nearest data."""
        if answers or not has_neighbours(self.run):
            return ()
        return [NeighboursRequest(self.run.id, level, self.sample)]

    def picture(self, level: int, answers: Sequence[Answer]) -> StripPicture:
        """The strip at a level with these answers."""
        found = next((answer for answer in answers if isinstance(answer, NeighboursAnswer)), None)
        return strip_picture(self.run, Selection(self.run.id, self.sample, level), found, self.rows)
