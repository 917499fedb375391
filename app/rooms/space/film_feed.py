"""Space at every level of one run, for a film."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from app.engine.contract import Answer, Request
from app.rooms.space.camera import Camera
from app.rooms.space.messages import Control, ControlSpace, Coordinates, Space, SpaceAnswer, SpaceRequest
from app.rooms.space.picture import SpaceOptions, at_playhead, bundle_picture, waiting
from app.rooms.space.pictures import SpacePicture
from app.session.state import Run, Selection


def space_request(run: Run, start: tuple[Coordinates, ...] = ()) -> SpaceRequest:
    """The curves of a run, after those that are known."""
    final = None if run.trajectory is None else run.trajectory.final_denoised
    return SpaceRequest(run.id, run.committed, final, start)


@dataclass(slots=True)
class SpaceReel:
    """Space of one run, seen from where a person sees it now."""

    run: Run
    sample: int
    options: SpaceOptions
    controls: Mapping[Control, ControlSpace]
    refusals: Mapping[Control, str]
    camera: Camera | None
    space: Space | None
    base: SpacePicture | None = None  # all but the playhead

    def needs(self, level: int, view: object, answers: Sequence[Answer]) -> Sequence[Request]:
        """The curves, one part after the other, unless they are there."""
        for answer in answers:
            if isinstance(answer, SpaceAnswer):
                self.space = answer.space or self.space
                return () if self.space is not None else [space_request(self.run, answer.found)]
        return () if self.space is not None else [space_request(self.run)]

    def picture(self, level: int, answers: Sequence[Answer]) -> SpacePicture:
        """Space at a level."""
        if self.space is None:
            return waiting(self.run, 0)
        if self.base is None:
            self.base = bundle_picture(self.run, self.space, self.controls, self.refusals, self.options)
        selection = Selection(self.run.id, self.sample, level)
        return replace(at_playhead(self.base, self.space, selection, self.run.sigmas), camera=self.camera)
