"""What answers and tasks work with: the job of a run, its data and record, and the plane that is looked at."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from app.engine.contract import Answer, Request, Site, Task
from app.engine.library import OpenSet
from app.engine.plane_space import PlaneSpace, plane_space
from geomodel.job import Job
from geomodel.record import Record
from geomodel.trajectory import Trajectory

Progress = Callable[[int, float], None]  # part, fraction


def nobody_waits() -> bool:
    """The engine has nothing else to do."""
    return False


@dataclass(slots=True)
class Context:
    """What a run was made of, kept so that requests about it can be answered."""

    job: Job
    data: OpenSet | None
    record: Record | Trajectory
    waits: Callable[[], bool] = nobody_waits  # whether another command waits for the engine
    _site: Site | None = None
    _plane: PlaneSpace | None = None

    def plane(self, site: Site) -> PlaneSpace:
        """The plane of a request. The last one is kept because a drag asks for it again and again."""
        if self._plane is None or site != self._site:
            opened = self.data.opened if self.data else None
            self._site, self._plane = site, plane_space(site, self.job, opened, self.record)
        return self._plane


@dataclass(frozen=True, slots=True)
class Work:
    """What a task is carried out with. `model` is the job's denoiser behind the gate, so that a cancel can stop it."""

    job: Job
    model: Any
    progress: Progress
    kept: dict[object, Any] = field(default_factory=dict)  # what earlier tasks left for later ones to use again


Answering = Callable[[Any, Context], Answer]  # of one class of requests
Working = Callable[[Any, Work], object]  # of one class of tasks; returns the result
Answers = dict[type[Request], Answering]
Tasks = dict[type[Task], Working]
