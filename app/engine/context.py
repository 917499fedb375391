"""Defines what answers and tasks work with: the job of a run, its data and its record, and the plane in view."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.engine.contract import Answer, Request, Site, Task
from app.engine.library import OpenSet
from app.engine.messages import DataOpened
from app.engine.plane_space import PlaneSpace, plane_space
from geomodel.hooks import Between
from geomodel.job import Job
from geomodel.live import live
from geomodel.record import Record
from geomodel.trajectory import Trajectory

Progress = Callable[[int, float], None]  # part, fraction done


def nobody_waits() -> bool:
    """Reports that the engine has nothing else to do."""
    return False


@dataclass(slots=True)
class Context:
    """What a run was made of. The engine keeps it so that it can answer requests about the run."""

    job: Job
    data: OpenSet | None
    record: Record | Trajectory
    waits: Callable[[], bool] = nobody_waits  # whether another command waits for the engine
    kept: dict[object, Any] = field(default_factory=dict)  # what earlier answers left for later ones to use again
    _live: Job | None = None
    _site: Site | None = None
    _plane: PlaneSpace | None = None

    @property
    def live(self) -> Job:
        """The job for answers that follow a pointer. What a run has computed is computed again with `job` alone."""
        if self._live is None:
            self._live = live(self.job)
        return self._live

    def plane(self, site: Site) -> PlaneSpace:
        """Returns the plane of a request. The last plane is kept, because a drag requests it again and again."""
        if self._plane is None or site != self._site:
            opened = self.data.opened if self.data else None
            job = self.live if site.mode == "slice" else self.job
            self._site, self._plane = site, plane_space(site, job, opened, self.record)
        return self._plane


@dataclass(frozen=True, slots=True)
class Work:
    """What a task works with. `model` is the job's denoiser behind the gate, so that a cancel can stop the task."""

    job: Job
    model: Any
    data: DataOpened | None
    progress: Progress
    between: Between  # called several times a second where no denoiser is asked; a cancel raises from it
    kept: dict[object, Any] = field(default_factory=dict)  # what earlier tasks left for later ones to use again


Answering = Callable[[Any, Context], Answer]  # for one class of requests
Working = Callable[[Any, Work], object]  # for one class of tasks; returns the result
Answers = dict[type[Request], Answering]
Tasks = dict[type[Task], Working]
