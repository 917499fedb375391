"""The commands and events of a session: open, run, save, close. A room's own messages are in its folder."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

from app.engine import contract
from app.engine.contract import Command, Event, Request, Task
from geomodel.arrays import Array
from geomodel.checkpoints import Survey
from geomodel.checkpoints.plan import Answer, Answers
from geomodel.classes import Asked
from geomodel.origin import DataIdentity, NetworkIdentity
from geomodel.record import Record
from geomodel.settings import DataKey, RunSettings
from geomodel.strokes import WIDTH, Strokes
from geomodel.trajectory import Trajectory

Kind = Literal["data", "network"]  # what a run is made of
OPENING = 0  # stands for the run id when an opening is cancelled, because an opening has no run


@dataclass(frozen=True, slots=True, kw_only=True)
class Machine:
    """What the engine computes with, for as long as it lives. 0 threads: as many as suit this computer. `pieces`: the
    file that keeps in which pieces networks work; empty for none.
    """

    device: Literal["auto", "cpu", "cuda", "mps"] = "auto"
    precision: Literal["float32", "bfloat16"] = "float32"
    threads: int = 0
    pieces: str = ""


# ---------------------------------------------------------------- commands


@dataclass(frozen=True, slots=True)
class Warm(Command):
    """Load torch now, so that the first run does not wait for it."""


@dataclass(frozen=True, slots=True)
class OpenData(Command):
    """Open a named data set, a drawing or a file as reference data."""

    name: str
    count: int
    seed: int
    columns: str = ""
    drawing: Strokes = ()
    drawing_width: float = WIDTH

    @property
    def key(self) -> DataKey:
        """What decides the points."""
        return DataKey(self.name, self.count, self.seed, self.columns, self.drawing, self.drawing_width)


@dataclass(frozen=True, slots=True)
class OpenNetwork(Command):
    """Open a checkpoint. `own` means that the path is ``file.py:function``, code that the user named in order to run
    it. `answers` say what the file does not; without any, those of the last time are taken.
    """

    path: str
    own: bool = False
    answers: Mapping[str, Answer] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class InspectNetwork(Command):
    """Look at a checkpoint with answers to what it does not say, and open nothing."""

    latest_wins: ClassVar[bool] = True

    path: str
    answers: Mapping[str, Answer]


@dataclass(frozen=True, slots=True)
class CloseNetwork(Command):
    """Drop a network and what the runs hold of it."""

    path: str


@dataclass(frozen=True, slots=True)
class OpenRun(Command):
    """Read a saved run. `link` connects it to its data and network if they are at hand, so that requests about it
    work.
    """

    run_id: int
    path: str
    link: bool = True


@dataclass(frozen=True, slots=True)
class Located:
    """The file that a person takes for the data or the network of a run."""

    kind: Kind
    path: str


@dataclass(frozen=True, slots=True)
class LinkRun(Command):
    """Look again for data and network of a run that was read from `path`. A person may have located one of them."""

    run_id: int
    path: str
    trajectory: Trajectory
    located: Located | None = None
    as_named: bool = False  # look also where the run says that they lie


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopen(Command):
    """Find the data of `settings` and some networks again: open already, where they are named, or in `folder`. What is
    not what it was is not opened. The answer is `Reopened`.
    """

    restore_id: int
    folder: str
    settings: RunSettings
    data: DataIdentity | None
    networks: tuple[tuple[str, NetworkIdentity], ...] = ()  # each with its path


@dataclass(frozen=True, slots=True)
class OpenPath(Command):
    """Open whatever the file turns out to be: a run under `run_id`, data with `count` and `seed`, or a checkpoint with
    `answers`.
    """

    path: str
    run_id: int
    count: int
    seed: int
    columns: str = ""
    answers: Answers = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Save(Command):
    """Write a run, or its measures, in a format of the export table."""

    trajectory: Trajectory
    path: str
    format: Literal["run", "measures"] = "run"


@dataclass(frozen=True, slots=True)
class StartRun(Command):
    """Compute a run. `keep` is the sample whose stage points are kept if keeping all would take too much memory."""

    run_id: int
    settings: RunSettings
    keep: int = 0


@dataclass(frozen=True, slots=True)
class Cancel(Command):
    """Stop a run within a piece of one evaluation. What it has computed stays."""

    run_id: int


@dataclass(frozen=True, slots=True)
class AskTogether(Command):
    """Answer requests for a picture that no view shows. Their answers come in one event, so that no view takes them
    for its own, and no newer request takes their place.
    """

    requests: tuple[Request, ...]


@dataclass(frozen=True, slots=True)
class Forget(Command):
    """The run was removed from the list, so its models and data may be dropped."""

    run_id: int


@dataclass(frozen=True, slots=True)
class Judge(Task):
    """Measure whether the network of the settings denoises their data; without data, what can be said without.

    It gives way to every other command, and its result is then `Postponed`.
    """


@dataclass(frozen=True, slots=True)
class Postponed:
    """A judgement gave way to another command, and may be asked for again."""


@dataclass(frozen=True, slots=True)
class SaveNetwork(Task):
    """Write the network of the settings as a checkpoint of this program."""

    path: str


@dataclass(frozen=True, slots=True)
class Shutdown(Command):
    """Cancel everything and leave the loop."""


# ---------------------------------------------------------------- events


@dataclass(frozen=True, slots=True)
class AnsweredTogether(Event):
    """The answers in the order of the requests, or a sentence that says why there are none."""

    asked: AskTogether
    answers: tuple[contract.Answer, ...] = ()
    message: str = ""


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """torch is loaded."""

    device: str
    threads: int
    seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class DataOpened(Event):
    """Reference data are open. `dataset` is a geomodel Dataset, which holds arrays only."""

    name: str
    count: int
    seed: int
    columns: str = ""
    drawing: Strokes = ()
    drawing_width: float = WIDTH
    dataset: Any
    sigma_min: float
    sigma_max: float
    plane: Any  # a geomodel Basis: the identity for 2-D data, otherwise the first two principal components
    plane_points: Array  # (N, 2) float64

    @property
    def key(self) -> DataKey:
        """What decides the points."""
        return DataKey(self.name, self.count, self.seed, self.columns, self.drawing, self.drawing_width)


@dataclass(frozen=True, slots=True)
class Opening(Event):
    """How much of data or of a checkpoint is read. It is 1 when the reading has ended, for whatever reason."""

    name: str
    fraction: float


@dataclass(frozen=True, slots=True)
class Preparing(Event):
    """How much of D* of data is prepared. It is 1 when the preparation has ended, for whatever reason."""

    name: str
    fraction: float


@dataclass(frozen=True, slots=True)
class NetworkInspected(Event):
    """What a checkpoint says of itself with these answers, before memory is taken for it.

    Attributes:
        opening: whether it is being opened, and not only looked at.
        sha256: of a file that is not opened because answers are lacking.
        message: why the answers were refused; there is no survey then.
    """

    path: str
    answers: Mapping[str, Answer]
    survey: Survey | None = None
    opening: bool = False
    sha256: str = ""
    message: str = ""


@dataclass(frozen=True, slots=True)
class OpenCancelled(Event):
    """The reading of a checkpoint was cancelled."""

    path: str


@dataclass(frozen=True, slots=True)
class NetworkOpened(Event):
    """A checkpoint is open; `info` is a geomodel CheckpointInfo."""

    path: str
    info: Any
    sigma_min: float
    sigma_max: float
    pace: float = 0.0  # seconds that an evaluation takes for a row


@dataclass(frozen=True, slots=True)
class OpenFailed(Event):
    """A file or name could not be opened. What was open stays open."""

    slot: Literal["data", "network", "run"]
    name: str
    message: str
    table: bool = False  # the file is a table, so other columns of it may open


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a saved run was made of and is not here. `digest` is its fingerprint or hash."""

    kind: Kind
    name: str
    digest: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLinked(Event):
    """What was found of a saved run. `missing` says what was not, and `wanted` what a person may locate."""

    run_id: int
    settings: RunSettings
    asked: Asked
    data: DataOpened | None
    linked: bool
    missing: str
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class RunOpened(RunLinked):
    """A saved run was read."""

    path: str
    trajectory: Trajectory


@dataclass(frozen=True, slots=True, kw_only=True)
class Reopened(Event):
    """What was found again. `networks` has those that were, each with the path by which it was named; `wanted` the
    rest, which a person may locate.
    """

    restore_id: int
    data: DataOpened | None = None
    networks: tuple[tuple[str, NetworkOpened], ...] = ()
    wanted: tuple[Wanted, ...] = ()


@dataclass(frozen=True, slots=True)
class SessionFound(Event):
    """A file that was to be opened is a session, which the window itself opens."""

    path: str


@dataclass(frozen=True, slots=True)
class Saved(Event):
    """The file was written if `message` is empty; otherwise `message` says why it was not."""

    path: str
    message: str = ""


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The record that the run writes to, and the reference data that it is made with."""

    run_id: int
    record: Record
    settings: RunSettings  # with the noise levels filled in
    asked: Asked
    data: DataOpened | None = None


@dataclass(frozen=True, slots=True)
class RunFinished(Event):
    """The run is complete."""

    run_id: int
    trajectory: Trajectory
    seconds: float  # the whole run
    evaluating: float  # of these, the seconds in the denoiser


@dataclass(frozen=True, slots=True)
class RunStopped(Event):
    """The run was cancelled or failed; `message` is empty for a cancel. `trajectory` holds what was computed."""

    run_id: int
    message: str
    trajectory: Trajectory | None = None
