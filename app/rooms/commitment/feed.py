"""Feeds the commitment room: begins the work for the selected run, and shows what came back at the playhead."""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from app.engine.contract import frozen
from app.plotting.values import MeasurePlot
from app.rooms.commitment.messages import CommitmentTask, Committed
from app.rooms.commitment.picture import caption_of, ends_of, fan_of, levels_of, plots_of
from app.rooms.commitment.pictures import CommitmentPicture
from app.rooms.commitment.view import CommitmentView
from app.rooms.contract import Services
from app.rooms.on_request import Keep, OnRequestRoom
from app.session.facts import UNDEFINED
from app.session.state import Run
from geomodel.arrays import Integers

EMPTY = "Press Run (F5). Then Commitment shows from which σ on the class of a sample is decided."
WORKING = "The ends of this run are noised to several σ and brought down again."
START = "Press Commitment (F9): the ends of this run are noised to several σ and brought down again."
IMAGES, POINTS = (12, 4, 8), (32, 8, 16)  # most ends, draws, levels


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """What came back to the samples of a run from some of its levels."""

    levels: Integers
    samples: Integers
    committed: Committed
    plots: tuple[MeasurePlot, ...]
    caption: str


class CommitmentRoom(OnRequestRoom[_Known]):
    """Sends the ends of the selected run back and down again."""

    name = "commitment"

    def __init__(self, services: Services) -> None:
        view = CommitmentView(services.theme)
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        self.refresh()

    def undefined(self, run: Run) -> str:
        """Why a run has no commitment; empty where it has."""
        return commitment_undefined(run)

    def task(self, run: Run) -> tuple[CommitmentTask, Keep[_Known]]:
        """Fewer ends and levels of images, because they take longer."""
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
        return task, partial(_known, levels, samples)

    def picture(self) -> CommitmentPicture:
        """What is known of the selected run at the playhead."""
        run, running = self._state.run, self._work.running
        if run is None:
            return CommitmentPicture(message=EMPTY)
        why, known, words = self.undefined(run), self._known.get(run.id), self.words(run)
        if known is None:
            return CommitmentPicture(
                message=why or (WORKING if running else START), ready=not why, running=running, words=words
            )
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


def _known(levels: Integers, samples: Integers, run: Run, found: Committed) -> _Known:
    """What a task has found about some samples of a run, from some of its levels."""
    return _Known(levels, samples, found, plots_of(run, levels, found), caption_of(run, found))


def commitment_undefined(run: Run) -> str:
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
