"""Opens data, networks and saved runs for the engine, and posts what was opened or why it could not be."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

from app.engine.context import Context
from app.engine.contract import Event
from app.engine.errors import short
from app.engine.gate import Cancelled
from app.engine.library import Library
from app.engine.linking import Linked, Linker, Where
from app.engine.messages import (
    InspectNetwork,
    LinkRun,
    NetworkInspected,
    NetworkOpened,
    OpenCancelled,
    OpenData,
    OpenFailed,
    Opening,
    OpenNetwork,
    OpenPath,
    OpenRun,
    Reopen,
    Reopened,
    RunLinked,
    RunOpened,
    SessionFound,
    Wanted,
)
from geomodel import recognise, runs
from geomodel.checkpoints import survey
from geomodel.checkpoints.opening import digest
from geomodel.checkpoints.plan import Answer
from geomodel.datasets.common import Progress
from geomodel.datasets.files import is_table
from geomodel.files import read_error
from geomodel.origin import origin
from geomodel.trajectory import Trajectory

log = logging.getLogger(__name__)
TELL_SECONDS = 0.1  # interval between progress events


@contextmanager
def telling(post: Callable[[float], None]) -> Iterator[Progress]:
    """Post how far something is, but not more often than a person can see. If anything was posted, 1 is the last, for
    whatever reason it ends.
    """
    last, posted = time.perf_counter(), False

    def progress(fraction: float) -> None:
        nonlocal last, posted
        if time.perf_counter() - last > TELL_SECONDS:
            last, posted = time.perf_counter(), True
            post(min(fraction, 0.99))

    try:
        yield progress
    finally:
        if posted:
            post(1.0)


class Opener:
    """`post` receives the events, `warm` loads torch, and `stopped` tells whether the opening is to be left."""

    def __init__(
        self, library: Library, post: Callable[[Event], None], warm: Callable[[], None], stopped: Callable[[], bool]
    ) -> None:
        self._library, self._post, self._warm, self._stopped = library, post, warm, stopped
        self._linker = Linker(library, warm, self._reading)

    def open_path(self, command: OpenPath) -> Context | None:
        """Open what the file turns out to be."""
        try:
            kind = recognise.kind_of(command.path)
        except OSError as error:
            self._post(OpenFailed("data", command.path, read_error(command.path, error)))
            return None
        match kind:
            case "checkpoint":
                return self.open(OpenNetwork(command.path, answers=command.answers))
            case "run":
                return self.open(OpenRun(command.run_id, command.path))
            case "session":
                self._post(SessionFound(command.path))
                return None
            case "data":
                return self.open(OpenData(command.path, command.count, command.seed, command.columns))

    def open(self, command: OpenData | OpenNetwork | OpenRun | LinkRun) -> Context | None:
        """Open data, a network or a run, or link one. Returns the context of a run that requests can be made about."""
        slot: Literal["data", "network", "run"]
        try:
            match command:
                case OpenData():
                    slot, name = "data", command.name
                    self._open_data(command)
                case OpenNetwork():
                    slot, name = "network", command.path
                    self._open_network(command)
                case OpenRun():
                    slot, name = "run", command.path
                    return self._open_run(command)
                case LinkRun():
                    slot, name = "run", command.path if command.located is None else command.located.path
                    return self._link_run(command)
        except Cancelled:
            log.info("opening %s was cancelled", name)
            if slot == "network":
                self._post(OpenCancelled(name))
        except BaseException as error:  # the code of a person's own denoiser may call sys.exit
            if not isinstance(error, ValueError | OSError):
                log.exception("opening %s", name)
            self._post(OpenFailed(slot, name, short(error), slot == "data" and _is_table(name)))
        return None

    @contextmanager
    def _reading(self, name: str) -> Iterator[Progress]:
        """Post how far the reading of a name is. `Cancelled` leaves it where a person cancels."""
        with telling(lambda fraction: self._post(Opening(name, fraction))) as tell:

            def progress(fraction: float) -> None:
                if self._stopped():
                    raise Cancelled
                tell(fraction)

            yield progress

    def _open_data(self, command: OpenData) -> None:
        """Read data and post how far the reading is. A cancel leaves everything that was open as it was."""
        with self._reading(command.name) as progress:
            opened = self._library.data(command.key, progress).opened
        for remark in opened.dataset.remarks:
            log.info("%s: %s", opened.dataset.name, remark)
        self._post(opened)

    def _open_network(self, command: OpenNetwork) -> None:
        path, answers = command.path, self._library.answers(command.path, command.answers)
        if command.own:
            self._library.trust(path)
        elif not self._library.has_network(path, answers) and not self._inspected(path, answers):
            return
        self._warm()
        with self._reading(path) as progress:
            self._library.network(path, answers, progress)
        self._post(self._network_opened(path))

    def _network_opened(self, path: str) -> NetworkOpened:
        network = self._library.network(path)
        levels = runs.recommended_sigmas(None, network)
        return NetworkOpened(path, network.info, *levels, self._library.pace(path))

    def reopen(self, command: Reopen) -> None:
        """Open again what a session was about. What is not here is posted as wanted, so nothing fails."""
        try:
            found = self._reopened(command)
        except BaseException:
            log.exception("reopening")
            found = Reopened(restore_id=command.restore_id)
        self._post(found)

    def _reopened(self, command: Reopen) -> Reopened:
        where = Where(folder=Path(command.folder), as_named=True)
        data, networks, wanted = None, [], list[Wanted]()
        if command.data is not None:
            if (found := self._linker.data(command.data, command.settings, where)) is not None:
                data = self._library.newest(found).opened
            else:
                wanted.append(Wanted("data", command.settings.data, command.data.fingerprint))
        if command.networks:
            self._warm()
        for name, identity in command.networks:
            if (path := self._linker.network(identity, name, where)) is not None:
                networks.append((name, self._network_opened(path)))
            elif identity.sha256 is not None:
                wanted.append(Wanted("network", name, identity.sha256))
        return Reopened(restore_id=command.restore_id, data=data, networks=tuple(networks), wanted=tuple(wanted))

    def _inspected(self, path: str, answers: Mapping[str, Answer]) -> bool:
        """Post what the file says before memory is taken for it. False where an answer is lacking."""
        found = survey(path, answers)
        if not found.lacks:
            self._post(NetworkInspected(path, answers, found, opening=True))
            return True
        with self._reading(path) as progress:
            sha256 = digest(Path(path), progress)
        self._post(NetworkInspected(path, answers, found, opening=True, sha256=sha256))
        return False

    def inspect(self, command: InspectNetwork) -> None:
        """Look at a file with answers that a person is giving."""
        path, answers = command.path, command.answers
        try:
            self._post(NetworkInspected(path, answers, survey(path, answers)))
        except ValueError as error:
            self._post(NetworkInspected(path, answers, message=str(error)))

    def _open_run(self, command: OpenRun) -> Context | None:
        trajectory = Trajectory.load(command.path)
        where = Where(folder=_folder(command.path))
        found = self._linker.link(trajectory, origin(trajectory), where, connect=command.link)
        self._post(RunOpened(run_id=command.run_id, path=command.path, trajectory=trajectory, **_answer(found)))
        return found.context

    def _link_run(self, command: LinkRun) -> Context | None:
        where = Where(folder=_folder(command.path), as_named=command.as_named, located=command.located)
        found = self._linker.link(command.trajectory, origin(command.trajectory), where, connect=True)
        self._post(RunLinked(run_id=command.run_id, **_answer(found)))
        return found.context


def _folder(path: str) -> Path:
    return Path(path).absolute().parent


def _answer(found: Linked) -> dict[str, Any]:
    return {
        "settings": found.settings,
        "asked": found.asked,
        "data": found.data.opened if found.data else None,
        "linked": found.context is not None,
        "missing": found.missing,
        "wanted": found.wanted,
    }


def _is_table(name: str) -> bool:
    try:
        return is_table(Path(name))
    except (OSError, ValueError):  # a name that is no path
        return False
