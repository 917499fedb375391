"""Feeds the commitment room: begins the work for the selected run, and shows what came back at the playhead."""

from __future__ import annotations

from dataclasses import dataclass

from PySide6.QtCore import QObject

from app.engine.contract import TaskEnded, frozen
from app.plotting.values import MeasurePlot
from app.rooms.commitment.messages import CommitmentTask, Committed
from app.rooms.commitment.picture import caption_of, ends_of, fan_of, levels_of, plots_of
from app.rooms.commitment.pictures import CommitmentPicture
from app.rooms.commitment.view import CommitmentView
from app.rooms.contract import Handlers, Services
from app.session.one_task import OneTask
from app.session.state import Run
from app.widgets.sight import seen
from geomodel.arrays import Integers

EMPTY = "Press Run (F5). Then Commitment shows from which σ on the class of a sample is decided."
START = "Press Commitment (F9): the ends of this run are noised to several σ and brought down again."
UNDEFINED = "Undefined here because"
IMAGES, POINTS = (12, 4, 8), (32, 8, 16)  # most ends, draws, levels


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What came back to the samples of a run from some of its levels."""

    levels: Integers
    samples: Integers
    committed: Committed
    plots: tuple[MeasurePlot, ...]
    caption: str


class CommitmentRoom(QObject):
    """Keeps the result of every run that is still in the list."""

    def __init__(self, services: Services) -> None:
        super().__init__()
        self._state, self._player, self._services = services.state, services.player, services
        self.view = CommitmentView(services.theme)
        self._known: dict[int, _Known] = {}
        self._work = OneTask(self._player, self)
        self._of: tuple[int, Integers, Integers] | None = None  # run, levels and samples of the task
        self._failed: tuple[int, str] = (-1, "")  # run, and why it has no result
        for fact in (self._state.selection_changed, self._state.runs_changed):
            fact.connect(self.refresh)
        self._work.progressed.connect(self.refresh)
        self._work.ended.connect(self._ended)
        self.view.start_wanted.connect(self.begin)
        self.view.cancel_wanted.connect(self._work.cancel)
        self.view.level_picked.connect(services.playback.go)
        self.refresh()

    def handlers(self) -> Handlers:
        """F9 begins, and brings the view to the front."""
        return {"commitment": self._begin_in_sight}

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._work.release()
        self.view.release()

    # ------------------------------------------------------------ the work

    def _begin_in_sight(self) -> None:
        self._services.bring_forward("commitment")
        self.begin()

    def begin(self) -> None:
        """Go back and down from the ends of the selected run."""
        run = self._state.run
        if run is None or self._work.running or undefined(run):
            return
        assert run.source is not None
        most, draws, many = IMAGES if run.source.dataset.kind == "images" else POINTS
        levels, samples = levels_of(run, many), ends_of(run, most)
        positive = run.sigmas[run.sigmas > 0]
        task = CommitmentTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            ends=frozen(run.x[run.committed - 1, samples]),
            sigmas=tuple(run.sigmas[levels].tolist()),
            draws=draws,
            sigma_min=float(positive[-1]),
        )
        self._of, self._failed = (run.id, levels, samples), (-1, "")
        self._work.begin(task, "commitment")
        self.refresh()

    def _ended(self, event: TaskEnded) -> None:
        assert self._of is not None
        run_id, levels, samples = self._of
        run = self._state.runs.get(run_id)
        if run is not None and isinstance(event.result, Committed):
            plots, caption = plots_of(run, levels, event.result), caption_of(run, event.result)
            self._known[run_id] = _Known(levels, samples, event.result, plots, caption)
        else:
            self._failed = (run_id, event.message or "Cancelled.")
        self.refresh()

    # ------------------------------------------------------------ showing

    def refresh(self) -> None:
        """Show the present state."""
        self._known = {key: value for key, value in self._known.items() if key in self._state.runs}
        if seen(self.view):
            self.view.display(self.picture())

    def picture(self) -> CommitmentPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return CommitmentPicture(message=EMPTY)
        words = f"{100 * self._work.fraction:.0f} %" if running else self._failed[1] * (self._failed[0] == run.id)
        why, known = undefined(run), self._known.get(run.id)
        if known is None:
            return CommitmentPicture(message=why or START, ready=not why, running=running, words=words)
        selection = self._state.selection
        return CommitmentPicture(
            sigmas=run.sigmas,
            plots=known.plots,
            index=selection.index,
            fan=fan_of(run, known.committed, known.levels, known.samples, selection.index, selection.sample),
            caption=known.caption,
            ready=not why,
            running=running,
            words=words,
        )


def undefined(run: Run) -> str:
    """Why a run has no commitment; empty where it has."""
    if not run.complete or run.trajectory is None:
        return f"{UNDEFINED} the run has not ended."
    if run.source is None or not run.linked:
        return run.caption or f"{UNDEFINED} the run has no reference data."
    if run.source.dataset.labels is None:
        return f"{UNDEFINED} the data {run.source.dataset.name} have no classes."
    if run.settings.label >= 0:
        return f"{UNDEFINED} the run asks for one class."
    return "" if len(ends_of(run, 1)) else f"{UNDEFINED} no end of the run is finite."
