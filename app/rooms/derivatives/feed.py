"""Feeds the derivatives room: requests one step after the other and shows the answers."""

from __future__ import annotations

from math import prod
from typing import Any

import numpy as np
from PySide6.QtCore import QObject

from app.engine.contract import Answer
from app.rooms.contract import Handlers, Services
from app.rooms.derivatives.messages import DerivativeAnswer, DerivativeRequest
from app.rooms.derivatives.pictures import DerivativesPicture
from app.rooms.derivatives.view import DerivativesView
from app.session.state import Run
from app.widgets.sight import seen
from geomodel import solvers
from geomodel.finite_differences import FORMULAS
from geomodel.run_checks import DETAIL_NUMBERS

EMPTY = "Press Run (F5). Every step of a second-order solver implies an estimate of dD/dσ."
UNLINKED = "The derivative needs the model of this run, which is not open."


class DerivativesRoom(QObject):
    """Requests the implied derivative step by step, but only while a person can see the view."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player = services.state, services.player
        self.view = DerivativesView(services.theme)
        self._of: tuple[int, int] = (-1, -1)  # run and sample
        self._answers: dict[int, DerivativeAnswer] = {}
        self._asked: DerivativeRequest | None = None
        self._filling = False
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
        self._player.answered.disconnect(self._answered)
        self.view.release()

    def refresh(self) -> None:
        """Request the playhead's step. Then request the others if they are cheap or if a person wants them."""
        if not seen(self.view):
            return
        run, selection = self._state.run, self._state.selection
        if run is not None and self._of != (run.id, selection.sample):
            self._of, self._answers, self._asked, self._filling = (run.id, selection.sample), {}, None, False
        if run is not None and run.linked:
            self._ask(run)
        self.view.display(self.picture())

    def _grew(self, run_id: int) -> None:
        if run_id == self._of[0]:
            self.refresh()

    def _ask(self, run: Run) -> None:
        known = self._steps(run)
        wanted = [min(self._state.selection.index, len(known) - 1), *known] if self._fills(run) else []
        wanted = wanted or [min(self._state.selection.index, len(known) - 1)]
        index = next((i for i in wanted if i >= 0 and i not in self._answers), None)
        if index is not None and known:
            request = DerivativeRequest(run.id, index, self._of[1])
            if request != self._asked:
                self._asked = request
                self._player.submit(request)

    def _fills(self, run: Run) -> bool:
        return self._filling or prod(run.x.shape[2:]) <= DETAIL_NUMBERS

    @staticmethod
    def _steps(run: Run) -> range:
        return range(max(run.committed - 1, 0))

    def _fill(self) -> None:
        self._filling = True
        self.refresh()

    def _answered(self, event: Answer) -> None:
        if isinstance(event, DerivativeAnswer) and (event.request.run_id, event.request.sample) == self._of:
            self._answers[event.request.index] = event
            self.refresh()

    def picture(self) -> DerivativesPicture:
        """The view's picture."""
        run, index = self._state.run, self._state.selection.index
        if run is None or run.committed < 2:
            return DerivativesPicture(message=EMPTY)
        if not run.linked:
            return DerivativesPicture(message=run.caption or UNLINKED)
        steps = len(run.sigmas) - 1
        known = self._answers if self._of == (run.id, self._state.selection.sample) else {}  # it may have been hidden
        column: dict[str, Any] = {name: np.full(steps, np.nan) for name in ("implied", "true", "effective")}
        away: dict[str, Any] = {name: np.full(steps, np.nan) for name in ("true", "effective")}
        why = [""] * steps
        for i, answer in known.items():
            why[i] = answer.why
            for name in column:
                if (value := getattr(answer, name)) is not None:
                    column[name][i] = np.linalg.norm(value)
            for name in ("true", "effective"):
                away[name][i] = answer.distance(name)  # type: ignore[arg-type]
        here = known.get(index)
        return DerivativesPicture(
            sigmas=run.sigmas,
            **column,
            to_true=away["true"],
            to_effective=away["effective"],
            why=tuple(why),
            method=next((answer.method for answer in known.values() if answer.method), ""),
            formula=FORMULAS.get(run.settings.solver, ""),
            solver=solvers.row(run.settings.solver).title,
            index=index,
            pending=any(i not in known for i in self._steps(run)) and self._fills(run),
            can_fill=not self._fills(run) and len(known) < run.committed - 1,
            arrows=arrows(here),
        )


def arrows(answer: DerivativeAnswer | None) -> tuple[tuple[str, Any], ...]:
    """The three vectors of a step in two dimensions."""
    if answer is None:
        return ()
    found = [(name, getattr(answer, name)) for name in ("implied", "true", "effective")]
    return tuple((name, value) for name, value in found if value is not None and value.shape == (2,))
