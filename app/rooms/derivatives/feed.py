"""Feeds the derivatives room: requests one step after the other and shows the answers."""

from __future__ import annotations

from math import prod
from typing import Any

from PySide6.QtCore import QObject, QTimer

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.derivatives.messages import DerivativeAnswer, DerivativeRequest
from app.rooms.derivatives.pictures import DerivativesPicture
from app.rooms.derivatives.steps import Steps
from app.rooms.derivatives.view import DerivativesView
from app.session.state import Run
from app.widgets.sight import seen
from geomodel import solvers
from geomodel.finite_differences import FORMULAS
from geomodel.run_checks import DETAIL_NUMBERS

MANY = 100  # answers; of a run with more steps they are shown every …
LATER_MS = 100
EMPTY = "Press Run (F5). Every step of a second-order solver implies an estimate of dD/dσ."
UNLINKED = "The derivative needs the model of this run, which is not open."


class DerivativesRoom(QObject):
    """Requests the implied derivative step by step, but only while a person can see the view."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self.view = DerivativesView(services.theme)
        self._of: tuple[int, int] = (-1, -1)  # run and sample
        self._steps = Steps(0)
        self._asked: DerivativeRequest | None = None
        self._filling = False
        self._later = QTimer(self, singleShot=True, interval=LATER_MS)
        self._later.timeout.connect(self.refresh)
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._state.run_grew.connect(self._grew)
        self._player.answered.connect(self._answered)
        self.view.fill_wanted.connect(self._fill)
        self.view.level_picked.connect(services.playback.go)
        self.refresh()

    def handlers(self) -> Handlers:
        """The room has no actions, because its buttons stand in the view."""
        return {}

    def release(self) -> None:
        """Stop listening and requesting, because the window closes."""
        self._later.stop()
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def refresh(self) -> None:
        """Request the playhead's step. Then request the others if they are cheap or if a person wants them."""
        if not seen(self.view):
            return
        run, selection = self._state.run, self._state.selection
        if run is not None and self._of != (run.id, selection.sample):
            self._of, self._asked, self._filling = (run.id, selection.sample), None, False
            self._steps = Steps(len(run.sigmas) - 1)
        if run is not None and run.linked:
            self._ask(run)
        self.view.display(self.picture())

    def _grew(self, run_id: int) -> None:
        if run_id == self._of[0]:
            self.refresh()

    def _ask(self, run: Run) -> None:
        count, index = max(run.committed - 1, 0), self._state.selection.index
        wanted: int | None = min(index, count - 1)
        if wanted in self._steps.answers and self._fills(run):
            wanted = self._steps.missing(count)
        if wanted is not None and wanted >= 0 and wanted not in self._steps.answers:
            request = DerivativeRequest(run.id, wanted, self._of[1])
            if request != self._asked:
                self._asked = request
                self._player.submit(request)

    def _fills(self, run: Run) -> bool:
        return self._filling or prod(run.x.shape[2:]) <= DETAIL_NUMBERS

    def _fill(self) -> None:
        self._filling = True
        self.refresh()

    def _answered(self, event: Answer) -> None:
        """Show the answer, or many of them together, because each draws every curve anew."""
        if not isinstance(event, DerivativeAnswer) or (event.request.run_id, event.request.sample) != self._of:
            return
        self._steps.take(event)
        run = self._state.run
        if len(self._steps.answers) <= MANY or event.request.index == self._state.selection.index or run is None:
            self.refresh()
        elif seen(self.view) and run.linked:
            self._ask(run)
            if not self._later.isActive():
                self._later.start()

    def picture(self) -> DerivativesPicture:
        """The view's picture."""
        run, index = self._state.run, self._state.selection.index
        if run is None or run.committed < 2:
            return DerivativesPicture(message=EMPTY)
        if not run.linked:
            return DerivativesPicture(message=run.caption or UNLINKED)
        same = self._of == (run.id, self._state.selection.sample)  # it may have been hidden
        steps = self._steps if same else Steps(len(run.sigmas) - 1)
        count, known = run.committed - 1, steps.columns
        return DerivativesPicture(
            sigmas=run.sigmas,
            implied=known["implied"],
            true=known["true"],
            effective=known["effective"],
            to_true=known["to_true"],
            to_effective=known["to_effective"],
            why=steps.why,
            method=steps.method,
            formula=FORMULAS.get(run.settings.solver, ""),
            solver=solvers.row(run.settings.solver).title,
            index=index,
            pending=steps.missing(count) is not None and self._fills(run),
            can_fill=not self._fills(run) and len(steps.answers) < count,
            arrows=arrows(steps.answers.get(index)),
        )


def arrows(answer: DerivativeAnswer | None) -> tuple[tuple[str, Any], ...]:
    """The three vectors of a step in two dimensions."""
    if answer is None:
        return ()
    found = [(name, getattr(answer, name)) for name in ("implied", "true", "effective")]
    return tuple((name, value) for name, value in found if value is not None and value.shape == (2,))
