"""Feeds the tilt room: turns the knobs into requests, and shows the newest answer."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial

import msgspec
from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.engine.messages import DataOpened
from app.rooms.contract import Handlers, Services
from app.rooms.tilt.messages import Knobs, TiltAnswer, TiltRequest
from app.rooms.tilt.picture import EMPTY, aimed, picture_of, request_of, undefined
from app.rooms.tilt.pictures import TiltPicture
from app.rooms.tilt.view import TiltView
from app.session.state import Run
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
        self._of: DataOpened | None = None  # the data of the answer, which several runs may have
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
            if request != self._asked and not self._known(run, request):
                self._asked = request
                self._player.submit(request)
        self.view.display(self.picture())

    def _known(self, run: Run, request: TiltRequest) -> bool:
        """Whether the newest answer is one to this request, perhaps about another run of the same data."""
        answer = self._answer
        return (
            answer is not None
            and run.source is self._of
            and replace(request, run_id=0) == replace(answer.request, run_id=0)
        )

    def picture(self) -> TiltPicture:
        """The view's picture. While a new answer is missing, the last one about the same data stays."""
        run = self._state.run
        if run is None or (why := undefined(run)):
            return TiltPicture(message=EMPTY if run is None else why, knobs=self._knobs)
        answer = self._answer if run.source is self._of else None
        return picture_of(run, self._knobs, answer, late=not self._known(run, request_of(run, self._knobs)))

    def keep(self) -> bytes:
        """The knobs, for a session."""
        return msgspec.json.encode(asdict(self._knobs))

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the knobs of a session back. ValueError where there are none."""
        return partial(self._set, msgspec.json.decode(kept, type=Knobs))

    def _answered(self, answer: Answer) -> None:
        run = self._state.run
        if isinstance(answer, TiltAnswer) and run is not None and answer.request.run_id == run.id:
            self._answer, self._of = answer, run.source
            if seen(self.view):
                self.view.display(self.picture())

    def _turn(self, name: str, value: int) -> None:
        self._set(replace(self._knobs, **{name: value}))

    def _drag(self, x: float, y: float) -> None:
        self._set(aimed(self._knobs, self.picture(), x, y))

    def _reset(self) -> None:
        self._set(Knobs())

    def _set(self, knobs: Knobs) -> None:
        self._knobs = knobs
        self.refresh()
