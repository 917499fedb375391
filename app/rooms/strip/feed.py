"""Feeds the strip."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.strip.film_feed import StripReel, has_neighbours
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from app.rooms.strip.picture import StripRows, strip_picture
from app.rooms.strip.pictures import StripPicture
from app.rooms.strip.view import StripView
from app.widgets.sight import seen


class StripRoom(QObject):
    """Shows the selected sample over the noise levels, and requests the data with the largest weights at the
    playhead.
    """

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self.view = StripView(services.theme)
        self._settings, self._large = services.settings, services.actions["strip_large"]
        self._bring_forward = services.bring_forward
        self._large.setChecked(self._settings.settings.strip_large)
        self.view.set_size_action(self._large)
        self.view.set_large(self._large.isChecked())
        self._rows = StripRows()
        self._neighbours: NeighboursAnswer | None = None
        self.view.level_picked.connect(services.playback.go)
        self.view.sample_picked.connect(self._pick_sample)
        self._state.selection_changed.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self._player.answered.connect(self._answered)
        self.refresh()

    def refresh(self) -> None:
        """Show the present state and request the nearest data."""
        run, selection = self._state.run, self._state.selection
        if run is None or seen(self.view):
            self.view.display(self.picture())
        if run is not None and has_neighbours(run) and seen(self.view):
            self._player.ask(NeighboursRequest(run.id, selection.index, selection.sample))

    def picture(self) -> StripPicture:
        """The strip at the playhead."""
        return strip_picture(self._state.run, self._state.selection, self._neighbours, self._rows)

    def reel(self) -> StripReel | None:
        """The strip at every level of the selected run."""
        run = self._state.run
        return (
            None if run is None or len(run.x.shape) != 5 else StripReel(run, self._state.selection.sample, StripRows())
        )

    def handlers(self) -> Handlers:
        """Clicks drive the strip; its actions choose how large the images are."""
        return {"strip_large": self._resize, "strip_level": self._enlarge}

    def _resize(self) -> None:
        self.view.set_large(self._large.isChecked())
        self._settings.change(strip_large=self._large.isChecked())

    def _enlarge(self) -> None:
        self._bring_forward("strip")
        if self.view.picture.sigmas is not None:
            self.view.enlarge()

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def _grew(self, run_id: int) -> None:
        run = self._state.run
        if run is not None and run_id == run.id and run.status != "computing":
            self.refresh()

    def _answered(self, answer: Answer) -> None:
        if isinstance(answer, NeighboursAnswer) and answer.request.run_id == self._state.selection.run_id:
            self._neighbours = answer
            self.refresh()

    def _pick_sample(self, sample: int) -> None:
        self._state.select(sample=sample)
