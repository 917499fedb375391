"""Feeds the inspector."""

from __future__ import annotations

from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.inspector.picture import basin_rows, inspector_rows, probe_rows
from app.rooms.inspector.pictures import InspectorPicture
from app.rooms.inspector.view import InspectorView
from app.rooms.plane.messages import BasinsAnswer, ProbeAnswer
from app.session.facts import about


class InspectorRoom(QObject):
    """Shows every number at the playhead, also those of the probe and of the basins that the plane requests."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player, self._measured = services.state, services.player, services.measured
        self.view = InspectorView(services.theme)
        self._probe: ProbeAnswer | None = None
        self._basins: BasinsAnswer | None = None
        for fact in (self._state.selection_changed, self._state.plane_options_changed, self._measured.changed):
            fact.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self._player.answered.connect(self._answered)

    def refresh(self) -> None:
        """Show the present state. A run that has only begun leaves the numbers of the last one."""
        run = self._state.run
        if run is None or run.committed:
            self.view.display(self.picture())

    def picture(self) -> InspectorPicture:
        """The numbers at the playhead."""
        run, options = self._state.run, self._state.plane_options
        if run is None or not run.committed:
            return InspectorPicture()
        rows = inspector_rows(run, self._measured.plots, self._state.selection)
        if options.probe is not None:
            rows += probe_rows(about(self._probe, run), run.settings.compared_with)
        if "basins" in options.layers:
            rows += basin_rows(about(self._basins, run))
        return InspectorPicture(rows=rows)

    def handlers(self) -> Handlers:
        """The room has no actions, because its button stands in the view."""
        return {}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def _grew(self, run_id: int) -> None:
        if run_id == self._state.selection.run_id:
            self.refresh()

    def _answered(self, answer: Answer) -> None:
        match answer:
            case ProbeAnswer():
                self._probe = answer
            case BasinsAnswer():
                self._basins = answer
            case _:
                return
        self.refresh()
