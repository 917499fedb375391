"""The mean shift at every level of one run, for a film."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from app.engine.contract import Answer, Request
from app.rooms.mean_shift.messages import MeanShiftAnswer, MeanShiftRequest
from app.rooms.mean_shift.picture import mean_shift_picture
from app.rooms.mean_shift.pictures import AlongPicture, AnnealedPicture, MeanShiftPicture
from app.session.state import Run

NOT_YET = "The mean shift is not known here."


@dataclass(frozen=True, slots=True)
class MeanShiftReel:
    """The mean shift at one point of every level. A probe with a noise level of its own follows nothing."""

    run: Run
    request: MeanShiftRequest  # at the level of now
    follows: bool
    along: AlongPicture | None
    annealed: AnnealedPicture

    def needs(self, level: int, view: object, answers: Sequence[Answer]) -> Sequence[Request]:
        """The point at a level."""
        if answers:
            return ()
        sigma = float(self.run.sigmas[level]) if self.follows else self.request.sigma
        index = level if self.request.probe is None else 0
        return [replace(self.request, index=index, sigma=sigma)]

    def picture(self, level: int, answers: Sequence[Answer]) -> MeanShiftPicture:
        """The mean shift at a level with its answer."""
        found = next((answer for answer in answers if isinstance(answer, MeanShiftAnswer)), None)
        if found is None:
            return MeanShiftPicture(message=NOT_YET)
        return replace(mean_shift_picture(self.run, found), along=self.along, annealed=self.annealed)
