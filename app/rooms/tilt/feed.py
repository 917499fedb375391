"""Feeds the tilt room: turns the knobs into requests, and shows the newest answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

import msgspec
from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.tilt.messages import LONGEST, Knobs, TiltAnswer, TiltRequest
from app.rooms.tilt.picture import picture_of, request_of, turned, undefined
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.view import TiltView
from app.session.facts import about
from app.widgets.sight import seen


class TiltRoom(QObject):
    """Tilts the mixture behind the data of the selected run, but only while a person can see the view."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self.view = view = TiltView(services.theme)
        self._knobs = Knobs()
        self._asked: TiltRequest | None = None
        self._answer: TiltAnswer | None = None
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._player.answered.connect(self._answered)
        view.knob_turned.connect(self._turn)
        view.arrow_dragged.connect(self._drag)
        view.reset_wanted.connect(self._reset)
        self.refresh()

    def handlers(self) -> Handlers:
        """The room has no actions, because everything stands in the view."""
        return {}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def refresh(self) -> None:
        """Request the tilt at the knobs where its answer is missing, and show what is known."""
        if not seen(self.view):
            return
        run = self._state.run
        if run is not None and not undefined(run):
            request = request_of(run, self._knobs)
            if request != self._asked:
                self._asked = request
                self._player.submit(request)
        self.view.display(self.picture())

    def picture(self) -> TiltPicture:
        """The view's picture. While a new answer is missing, the last one about the run stays."""
        run = self._state.run
        if run is None or (why := undefined(run)):
            return TiltPicture(message=undefined(run) if run is None else why, knobs=self._knobs)
        return picture_of(run, self._knobs, about(self._answer, run))

    def keep(self) -> bytes:
        """The knobs, for a session."""
        return msgspec.json.encode(asdict(self._knobs))

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the knobs of a session back. ValueError where there are none."""
        return partial(self._set, msgspec.json.decode(kept, type=Knobs))

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer, TiltAnswer) and answer.request.run_id == self._state.selection.run_id:
            self._answer = answer
            if seen(self.view):
                self.view.display(self.picture())

    def _turn(self, name: str, value: int) -> None:
        self._set(replace(self._knobs, **{name: value}))

    def _drag(self, x: float, y: float) -> None:
        picture = self.picture()
        moved = turned((x - picture.origin[0], y - picture.origin[1]), picture.reach)
        self._set(replace(self._knobs, degrees=moved["degrees"], twentieths=min(moved["twentieths"], LONGEST)))

    def _reset(self) -> None:
        self._set(Knobs())

    def _set(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self.refresh()
