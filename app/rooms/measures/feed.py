"""Feeds the measures room."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import msgspec
from PySide6.QtCore import QObject

from app.rooms.contract import Handlers, Services
from app.rooms.measures.gains_feed import NAME as GAIN
from app.rooms.measures.gains_feed import Gains
from app.rooms.measures.picture import measures_picture
from app.rooms.measures.pictures import MeasuresPicture
from app.rooms.measures.view import MeasuresView
from app.shell.palette_search import PaletteEntry
from app.widgets.sight import seen
from geomodel.measures import MEASURES


class MeasuresRoom(QObject):
    """Shows the measures of the selected run, which the session computes. It remembers which of them are visible."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._measured, self._settings = services.state, services.measured, services.settings
        self._bring_forward = services.bring_forward
        self.view = MeasuresView(services.theme)
        self.view.set_visible_measures(self._settings.settings.measures)
        self.view.level_picked.connect(services.playback.go)
        self.view.measures_chosen.connect(self._remember)
        self._gains = Gains(services, self)
        self._gains.changed.connect(self.refresh)
        self._state.selection_changed.connect(self.refresh)
        self._measured.changed.connect(self.refresh)
        self.refresh()

    def refresh(self) -> None:
        """Show the present state."""
        run, sight = self._state.run, seen(self.view)
        if not self.view.shows(GAIN):
            self._gains.unwant()
        elif run is not None and sight:
            self._gains.want(run)
        if run is None or sight:
            self.view.display(self.picture())

    def picture(self) -> MeasuresPicture:
        """The measures at the playhead."""
        run = self._state.run
        words = "" if run is None else self._gains.words(run)
        return measures_picture(run, self._measured.plots, self._state.selection, words)

    def keep(self) -> bytes:
        """Which measures are shown, for a session."""
        return msgspec.json.encode(self.view.chosen_measures)

    def understand(self, kept: bytes) -> Callable[[], None]:
        """What shows the measures of a session. ValueError where they are no names."""
        known, names = {measure.name for measure in MEASURES}, msgspec.json.decode(kept, type=list[str] | None)
        return partial(self._restore, None if names is None else [name for name in names if name in known])

    def _restore(self, names: Sequence[str] | None) -> None:
        self.view.set_visible_measures(names)
        self.refresh()

    def handlers(self) -> Handlers:
        """The room has no actions, because its menu stands in the view."""
        return {}

    def offers(self) -> Sequence[PaletteEntry]:
        """Each measure, to be shown or hidden."""
        defined = {plot.name for plot in self._measured.plots}
        return [
            PaletteEntry(
                kind="Measure",
                title=measure.title,
                act=partial(self._toggle, measure.name),
                tip=measure.formula,
                reason="" if measure.name in defined else "The selected run has no such measure.",
                checked=self.view.shows(measure.name),
                words=f"{measure.name} {measure.source}",
            )
            for measure in MEASURES
        ]

    def _toggle(self, name: str) -> None:
        self._bring_forward("measures")
        self.view.display(self.picture())
        self.view.toggle(name)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._gains.release()
        self.view.release()

    def _remember(self) -> None:
        self._settings.change(measures=self.view.visible_measures)
        self.refresh()
