"""Asks for an image file, and for its ink as strokes of the drawing."""

from __future__ import annotations

from PySide6.QtCore import QObject, Signal

from app.engine.contract import Answer
from app.plotting.values import Box
from app.rooms.contract import Services
from app.rooms.plane.messages import TraceAnswer, TraceRequest
from geomodel.datasets.marks import PICTURE_SUFFIXES

SHARE = 0.8  # of the canvas that a picture takes
FILTER = f"Pictures ({' '.join(f'*{suffix}' for suffix in PICTURE_SUFFIXES)});;All files (*)"


class TraceFeed(QObject):
    """One picture at a time: an answer to an older request is not shown."""

    traced = Signal(TraceAnswer)

    def __init__(self, services: Services, parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._player, self._ask_open = services.state, services.player, services.ask_open
        self._box: Box | None = None
        self._asked: TraceRequest | None = None
        self._player.answered.connect(self._answered)

    def choose(self, box: Box) -> None:
        """Ask for a file whose ink is to fill the middle of the canvas."""
        self._box = box
        self._ask_open("Draw the ink of a picture", FILTER, "data", self.trace)

    def trace(self, path: str) -> None:
        """Ask for the strokes of a file."""
        if self._box is not None and self._state.run is not None:
            x, y, width, height = self._box
            self._asked = TraceRequest(self._state.run.id, path=path, box=(x, y, SHARE * width, SHARE * height))
            self._player.ask(self._asked, again=True)

    def forget(self) -> None:
        """The canvas is put away, so an answer comes too late."""
        self._asked = None

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer, TraceAnswer) and answer.request is self._asked:
            self._asked = None
            self.traced.emit(answer)
