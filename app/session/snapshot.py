"""The state of a window as frozen values: what a session file keeps, and what `app.session.restoring` brings back.

The types bound everything that a stranger's file could say: lengths, counts, and the words that are allowed.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from app.session.plane_options import BranchStart, PlaneOptions, about_runs
from geomodel.error_text import cut
from geomodel.origin import DataIdentity, NetworkIdentity, check, origin
from geomodel.run_format import LARGEST
from geomodel.session_files import MOST_RUNS
from geomodel.settings import LONGEST, RunSettings, from_json
from geomodel.trajectory import Trajectory

MOST_NETWORKS, MOST_LANES, MOST_PLACES, MOST_ROOMS = 100, 200, 50, 50
MOST_PIXELS, MOST_NUMBER = 100_000, 2**31 - 1
LINE = r"^[^\x00-\x1f\x7f\ud800-\udfff]*$"  # text without line breaks and what is no character
Text = Annotated[str, Meta(max_length=LONGEST, pattern=LINE)]
Words = Annotated[str, Meta(max_length=LONGEST)]
Name = Annotated[str, Meta(max_length=80, pattern=r"^[\w. -]*$")]
Count = Annotated[int, Meta(ge=0, le=MOST_NUMBER)]
Seconds = Annotated[float, Meta(ge=0, le=1e9)]
Pixels = Annotated[int, Meta(ge=0, le=MOST_PIXELS)]


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptNetwork:
    """An open network: where it lay, and how its file is recognised. Code of a person's own is never run again."""

    path: Text
    identity: NetworkIdentity
    own: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptRun:
    """What the window knows of a run beside its trajectory."""

    name: Text = ""  # of the file that it was opened from
    complete: bool = True
    pinned: bool = False
    message: Words = ""
    seconds: Seconds = 0.0
    evaluating: Seconds = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class KeptLane:
    """A lane: its settings as JSON, the pinned run that it came with, by its place in the list, and with how many
    evaluations it was asked for.
    """

    settings: dict[str, Any]
    run: Count | None = None
    asked: Count | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Place:
    """One place of the arrangement: docks behind tabs, the first of which is in front, and its size in pixels."""

    area: Literal["left", "right", "top", "bottom"]
    docks: Annotated[tuple[Name, ...], Meta(max_length=MOST_PLACES)]
    width: Pixels = 0
    height: Pixels = 0
    beside: bool = False  # the place before it, and not under it


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """Everything of a session but the trajectories. `draft` is the JSON of `RunSettings`; runs are named by their
    places in `runs`; `rooms` has what each room keeps of its own.
    """

    schema_version: Literal[1] = 1
    geomodel: Text = ""  # the version that wrote it
    draft: dict[str, Any]
    data: DataIdentity | None = None
    networks: Annotated[tuple[KeptNetwork, ...], Meta(max_length=MOST_NETWORKS)] = ()
    runs: Annotated[tuple[KeptRun, ...], Meta(max_length=MOST_RUNS)] = ()
    lanes: Annotated[tuple[KeptLane, ...], Meta(max_length=MOST_LANES)] = ()
    selected: Count | None = None  # run
    sample: Count = 0
    level: Count = 0
    options: PlaneOptions = field(default_factory=PlaneOptions)
    workspace: Name = ""
    places: Annotated[tuple[Place, ...], Meta(max_length=MOST_PLACES)] = ()
    rooms: Annotated[dict[Name, msgspec.Raw], Meta(max_length=MOST_ROOMS)] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Snapshot:
    """A session with the trajectories of its runs, in their order. `folder` is where it came from."""

    session: Session
    trajectories: tuple[Trajectory, ...] = ()
    folder: str = ""

    @property
    def draft(self) -> RunSettings:
        """The settings of the next run. ValueError with a sentence where a form could not make them."""
        return _settings(self.session.draft)

    @property
    def lanes(self) -> tuple[RunSettings, ...]:
        """The settings of the lanes. ValueError as for `draft`."""
        return tuple(_settings(lane.settings) for lane in self.session.lanes)


def _settings(values: dict[str, Any]) -> RunSettings:
    settings = from_json(values)
    check_draft(settings)
    return settings


def check_draft(settings: RunSettings) -> None:
    """ValueError with a sentence where a form could not make these settings. The noise levels may be left open, as they
    are until data are there.
    """
    low, high = settings.sigma_min, settings.sigma_max
    low = (1.0 if high is None else high / 10) if low is None else low
    check(replace(settings, sigma_min=low, sigma_max=10 * low if high is None else high))


def encoded(snapshot: Snapshot) -> bytes:
    """The JSON of a session. ValueError with a sentence where `decoded` would refuse it."""
    try:
        text = msgspec.json.encode(snapshot.session)
        decoded(text, snapshot.trajectories)
    except ValueError as error:
        raise ValueError(f"The session cannot be saved, because what is in it does not fit: {error}.") from error
    return text


def decoded(text: bytes, trajectories: tuple[Trajectory, ...] = (), folder: str = "") -> Snapshot:
    """A session from its JSON and its runs. ValueError with a clause where they are none that a window could make."""
    try:
        session = msgspec.json.decode(text, type=Session)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise ValueError(f"does not fit ({cut(str(error), 300).rstrip('.')})") from error
    if len(session.runs) != len(trajectories):
        raise ValueError(f"describes {len(session.runs):,} runs and holds {len(trajectories):,}")
    session = replace(session, options=_options(session.options, trajectories))
    snapshot = Snapshot(session=session, trajectories=trajectories, folder=folder)
    try:
        _ = snapshot.draft, snapshot.lanes, [origin(trajectory) for trajectory in trajectories]
    except ValueError as error:
        raise ValueError(f"holds settings that no form makes ({cut(str(error), 300).rstrip('.')})") from error
    return snapshot


def _options(options: PlaneOptions, trajectories: tuple[Trajectory, ...]) -> PlaneOptions:
    """The plane's options without what is not there: layers of another version, a branch of no run."""
    branch = options.branch
    numbers = [*(options.probe or ()), options.probe_sigma or 1.0, *((branch and branch.point) or ())]
    if not all(abs(number) <= LARGEST for number in numbers):  # false for NaN too
        raise ValueError("has a probe or a branch at no point")
    if options.probe_sigma is not None and options.probe_sigma <= 0:
        raise ValueError("has a probe at no noise level")
    if branch is not None and not _is_there(branch, trajectories):
        options = replace(options, branch=None)
    return about_runs(options, {at: at for at in range(len(trajectories))})


def _is_there(branch: BranchStart, trajectories: tuple[Trajectory, ...]) -> bool:
    """Whether a branch begins at a sample and level of a run that the session holds."""
    if not 0 <= branch.run_id < len(trajectories) or not 0 <= branch.seed <= MOST_NUMBER:
        return False
    levels, samples = trajectories[branch.run_id].x.shape[:2]
    return bool(0 <= branch.sample < samples and 0 <= branch.level < levels - 1)
