"""Feeds the step bounds room, which needs no run and no engine: its numbers are closed forms."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, replace
from functools import partial
from typing import Any

import msgspec
from PySide6.QtCore import QObject, QTimer

from app.rooms.contract import Handlers, Services
from app.rooms.error_bounds.dials import BY_NAME, at_stops
from app.rooms.error_bounds.picture import computed, picture_of
from app.rooms.error_bounds.pictures import ERROR, BoundsPicture, Chosen
from app.rooms.error_bounds.view import BoundsView
from app.widgets.sight import seen
from geomodel.pf_ode import Oscillation


class ErrorBoundsRoom(QObject):
    """Follows its sliders. The curve over the frequency fills in while nothing else happens."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self.view = BoundsView(services.theme)
        self.chosen = Chosen()
        self._known: dict[float, Oscillation] = {}
        self._next = QTimer(self, interval=0, singleShot=True)
        self._next.timeout.connect(self._fill)
        self.view.dial_moved.connect(self._move)
        self.view.page_picked.connect(self._turn)
        self.refresh()

    def handlers(self) -> Handlers:
        """It has no action of its own."""
        return {}

    def release(self) -> None:
        """Stop computing, because the window closes."""
        self._next.stop()
        self._next.timeout.disconnect(self._fill)
        self.view.dial_moved.disconnect(self._move)
        self.view.page_picked.disconnect(self._turn)
        self.view.release()

    def choose(self, chosen: Chosen) -> None:
        """Set all sliders and the page."""
        self.chosen = chosen
        self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        if not seen(self.view):
            return
        self.view.display(self.picture())
        if self.chosen.page == ERROR and self._missing():
            self._next.start()

    def picture(self) -> BoundsPicture:
        """What the sliders choose."""
        for frequency in (0.0, self.chosen.frequency):
            if frequency not in self._known:
                self._known[frequency] = computed(frequency)
        return picture_of(self.chosen, self._known)

    def keep(self) -> bytes:
        """The places of the sliders, for a session."""
        return msgspec.json.encode(asdict(self.chosen))

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What brings the places of a session back. ValueError where there are none."""
        return partial(self.choose, at_stops(msgspec.json.decode(kept, type=Chosen)))

    def _missing(self) -> list[float]:
        return [value for value in BY_NAME["frequency"].values if value not in self._known]

    def _fill(self) -> None:
        """One frequency more, at most some milliseconds."""
        if seen(self.view) and (missing := self._missing()):
            self._known[missing[0]] = computed(missing[0])
            self.refresh()

    def _move(self, name: str, value: float) -> None:
        moved: dict[str, Any] = {name: int(value) if name in ("steps", "dimension") else value}
        self.choose(replace(self.chosen, **moved))

    def _turn(self, page: int) -> None:
        self.choose(replace(self.chosen, page=page))
