"""Feeds the families room: shows the selected run in a family's clock, and asks for Euler's errors in all of them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Generic, TypeVar

import numpy as np

from app.engine.contract import frozen
from app.rooms.contract import Services
from app.rooms.families import picture
from app.rooms.families.messages import FamiliesTask
from app.rooms.families.pictures import ClockRow, FamiliesPicture, FamilyPaths
from app.rooms.families.view import MOST, FamiliesView
from app.rooms.on_request import Keep, OnRequestRoom
from app.session.state import Run
from geomodel import families
from geomodel.arrays import Floats, Integers
from geomodel.families import FamilyError

EMPTY = "Press Run (F5). Then this view shows the run in the clock and the scale of a family of processes."
ERRORS = "Euler's errors, median of {} sample{} from the exact curve, N = {}"
FIRST, DEFAULT = "vp", 18  # the family, and N before there is a run
IMAGES, POINTS = 8, 64  # most samples of Euler's errors

Value = TypeVar("Value")


@dataclass(frozen=True, slots=True, eq=False)
class _Known:
    """Euler's errors of so many samples with N steps."""

    steps: int
    count: int
    errors: tuple[FamilyError, ...]


class _Latest(Generic[Value]):
    """Keeps what was made last, and makes it again where its key changes. A move of the playhead changes none."""

    def __init__(self) -> None:
        self._kept: tuple[tuple[object, ...], Value] | None = None

    def of(self, key: tuple[object, ...], make: Callable[[], Value]) -> Value:
        """The value of a key."""
        if self._kept is None or self._kept[0] != key:
            self._kept = key, make()
        return self._kept[1]


class FamiliesRoom(OnRequestRoom[_Known]):
    """One family is picked for all runs."""

    name = "families"

    def __init__(self, services: Services) -> None:
        self._family = FIRST
        self._steps: int | None = None  # as many as the run has
        self._caption = _Latest[str]()
        self._undefined, self._levels = _Latest[str](), _Latest[Floats]()
        self._samples, self._paths = _Latest[Integers](), _Latest[FamilyPaths | str]()
        self._rows = _Latest[tuple[tuple[ClockRow, ...], tuple[str, ...]]]()
        view = FamiliesView(services.theme)
        super().__init__(services, view, view.start_wanted, view.cancel_wanted, view.level_picked)
        view.family_picked.connect(self.pick)
        view.steps_picked.connect(self.set_steps)
        self.refresh()

    def pick(self, name: str) -> None:
        """Show another family."""
        self._family = name
        self.refresh()

    def set_steps(self, steps: int) -> None:
        """Another number of even times."""
        self._steps = steps
        self.refresh()

    def undefined(self, run: Run) -> str:
        """Why Euler's errors cannot be computed; empty where they can."""
        if why := self._why_not(run):
            return why
        if not run.linked:
            return run.caption or "Euler's errors need the model of this run, which is not open."
        return "Change N to compute them again." if self._errors_of(run) else ""

    def task(self, run: Run) -> tuple[FamiliesTask, Keep[_Known]]:
        """Fewer samples of images, because they take longer."""
        most, steps = POINTS if run.x.ndim == 3 else IMAGES, self._steps_of(run)
        samples = picture.finite_samples(run)[:most]
        task = FamiliesTask(
            task_id=self._state.next_id(),
            settings=run.settings,
            x=frozen(np.array(run.x[0, samples], np.float64)),
            sigmas=tuple(picture.positive(run).tolist()),
            steps=steps,
            center=frozen(np.array(run.center, np.float64)),
            unit=picture.unit(run),
        )
        return task, partial(_known, steps, len(samples))

    def picture(self) -> FamiliesPicture:
        """The selected run in the picked family."""
        run, running = self._state.run, self._work.running
        if run is None:
            return self._without(EMPTY)
        if why := self._why_not(run):
            return self._without(why)
        selection, reason, found = self._state.selection, self.undefined(run), self._errors_of(run)
        samples = self._samples.of((run.id, selection.sample), lambda: picture.samples_of(run, selection.sample))
        about = (run.id, run.source is None, self._family)
        paths = self._paths.of((*about, samples.tobytes()), lambda: picture.paths_of(run, self._family, samples))
        steps, errors = self._steps_of(run), {} if found is None else {row.name: row for row in found.errors}
        rows, left_out = self._rows.of(
            (*about, steps, id(found)), lambda: picture.rows_of(run, self._family, steps, errors)
        )
        shown = paths if isinstance(paths, FamilyPaths) else None
        return FamiliesPicture(
            family=self._family,
            steps=steps,
            formula=self._formula,
            caption=self._caption.of(
                (*about, samples.tobytes()), lambda: str(paths) if shown is None else picture.caption_of(run, shown)
            ),
            paths=shown,
            levels=self._levels.of((run.id, run.source is None), lambda: picture.positive(run)),
            rows=rows,
            left_out=", ".join(left_out),
            errors="" if found is None else ERRORS.format(found.count, "" if found.count == 1 else "s", steps),
            index=selection.index,
            sample=picture.place_of(selection.sample, samples),
            here=picture.here_words(run, self._family, selection.index),
            ready=not reason,
            running=running,
            words=self.words(run) or ("" if found is not None else reason),
        )

    def _why_not(self, run: Run) -> str:
        """Why a run has no clock. It looks at every level once, and not at every move of the playhead."""
        return self._undefined.of((run.id, run.status, run.committed), lambda: picture.undefined(run))

    def _without(self, message: str) -> FamiliesPicture:
        return FamiliesPicture(
            message=message, family=self._family, steps=self._steps or DEFAULT, formula=self._formula
        )

    @property
    def _formula(self) -> str:
        return picture.formula_of(families.row(self._family))

    def _steps_of(self, run: Run) -> int:
        return self._steps or min(len(picture.positive(run)) - 1, MOST)

    def _errors_of(self, run: Run) -> _Known | None:
        """The errors with the present N."""
        known = self._known.get(run.id)
        return known if known is not None and known.steps == self._steps_of(run) else None


def _known(steps: int, count: int, _run: Run, errors: tuple[FamilyError, ...]) -> _Known:
    return _Known(steps, count, errors)
