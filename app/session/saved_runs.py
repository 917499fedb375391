"""Runs from files and sessions: opened, and linked to the data and the network that they were made of."""

from __future__ import annotations

from collections.abc import Callable

from PySide6.QtCore import QObject, Signal

from app.engine.contract import Command
from app.engine.messages import Forget, LinkRun, Located, OpenRun, RunLinked, RunOpened
from app.session import facts
from app.session.state import AppState, Run


class SavedRuns(QObject):
    """Adds runs that nobody computes here. `submit` sends a command to the engine."""

    linked = Signal(RunLinked)

    def __init__(self, state: AppState, submit: Callable[[Command], None], parent: QObject) -> None:
        super().__init__(parent)
        self._state, self._submit = state, submit
        self._recorded = ""

    def open(self, path: str, *, recorded: bool = False) -> None:
        """Open a saved run. The program's own recording is shown before torch is loaded."""
        if recorded:
            self._recorded = path
        self._submit(OpenRun(self._state.next_id(), path, link=not recorded))

    def adopt(self, run: Run) -> None:
        """Add a run that a session has kept, and look for what it was made of."""
        run.latents = "" if run.trajectory is None else facts.latents(run.trajectory)
        self._state.add_run(run)
        self._link(run)

    def locate(self, run_id: int, path: str) -> None:
        """Take this file for what the run was made of and is missing, if it is the right one."""
        run = self._state.runs.get(run_id)
        if run is not None and run.wanted is not None:
            self._link(run, Located(run.wanted.kind, path))

    def link_those_with(self, digest: str | None) -> None:
        """Data or a network are open that runs may have missed."""
        for run in self._state.runs.values():
            if run.wanted is not None and run.wanted.digest == digest:
                self._link(run)

    def _link(self, run: Run, located: Located | None = None) -> None:
        assert run.trajectory is not None
        came_with = run.came_with
        self._submit(LinkRun(run.id, came_with or run.path, run.trajectory, located, as_named=bool(came_with)))

    # ------------------------------------------------------------ events

    def run_opened(self, event: RunOpened) -> bool:
        """Add and select a run. Returns False for the recording where a live run came first."""
        recorded = event.path == self._recorded
        if recorded and self._state.run is not None:
            return False
        run = Run(
            event.run_id,
            event.settings,
            "recorded" if recorded else "complete",
            trajectory=event.trajectory,
            path=event.path,
            source=event.data,
            linked=event.linked,
            asked=event.asked,
            caption=_caption(event),
            wanted=event.wanted,
            latents=facts.latents(event.trajectory),
            pinned=not recorded,
        )
        self._state.add_run(run)
        self._state.select(run_id=run.id, sample=0, index=0)
        return True

    def run_linked(self, event: RunLinked) -> None:
        """Tell what a run was made of, or what is missing."""
        run = self._state.runs.get(event.run_id)
        if run is None:
            self._submit(Forget(event.run_id))
            return
        run.settings, run.asked, run.source, run.linked = event.settings, event.asked, event.data, event.linked
        run.caption, run.wanted = _caption(event), event.wanted
        self._state.announce(run)
        self.linked.emit(event)


def _caption(event: RunLinked) -> str:
    """What is missing of a saved run, or what is not compared."""
    return event.missing or event.asked.note.rstrip(".")
