"""Finds the data and the network of a saved run.

A run file may come from anybody, so the paths in it are names and nothing that is obeyed. What is open already, what
comes with the program and what lies beside the run is taken where its fingerprint is the one that the run states. A
person may say where the rest lies. A session is what a person has left, so its paths are followed within this computer;
nothing is opened there that has another fingerprint.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from app.engine.context import Context
from app.engine.gate import Cancelled
from app.engine.library import Library, OpenSet
from app.engine.messages import Located, Wanted
from geomodel import classes, datasets
from geomodel.classes import Asked
from geomodel.datasets.common import Progress
from geomodel.job import Job
from geomodel.origin import DataIdentity, NetworkIdentity, Origin
from geomodel.places import beside, bundled_checkpoint, local
from geomodel.run_checks import problems
from geomodel.settings import DataKey, RunSettings
from geomodel.trajectory import Trajectory

Reading = Callable[[str], AbstractContextManager[Progress]]  # posts how far the reading of a name is
LOCATE = "File ▸ Locate missing files opens them"
NOTHING = "The file alone is shown and nothing more is computed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Linked:
    """What was found of a run. `missing` is a sentence about the rest, and `wanted` says what a person may locate."""

    settings: RunSettings  # with the names under which data and network are open
    asked: Asked  # the class of the run
    data: OpenSet | None = None
    context: Context | None = None
    missing: str = ""
    wanted: Wanted | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """Where to look: in the folder of the file and the one above it; as_named: also where the file says, because it is
    a session; and at what a person has located.
    """

    folder: Path
    as_named: bool = False
    located: Located | None = None


class Linker:
    """Connects saved runs with what they were made of. `warm` loads torch."""

    def __init__(self, library: Library, warm: Callable[[], None], reading: Reading) -> None:
        self._library, self._warm, self._reading = library, warm, reading

    def link(self, trajectory: Trajectory, origin: Origin, where: Where, *, connect: bool) -> Linked:
        """Find what the run was made of. With `connect`, requests about it can be answered.
        ValueError where the located file is another one.
        """
        settings, data = origin.settings, None
        asked = classes.kept(settings, origin.label_name, None)
        if origin.data is not None:
            data = self.data(origin.data, settings, where)
            if data is None:
                return _without_data(settings, asked, origin.data)
            asked = classes.kept(settings, origin.label_name, data.dataset)
            settings = _with_data(settings, data.opened.key)
        if problem := _misfit(trajectory, origin, data):
            return Linked(settings=origin.settings, asked=asked, missing=f"{NOTHING}: {problem}")
        if not connect:
            return Linked(settings=settings, asked=asked, data=data)
        self._warm()
        if origin.network is not None:
            network = self.network(origin.network, settings.network, where)
            if network is None:
                return replace(_without_network(settings, asked, origin.network), data=data)
            settings = replace(settings, network=network)
        return self._connected(trajectory, Linked(settings=settings, asked=asked, data=data))

    def _connected(self, trajectory: Trajectory, found: Linked) -> Linked:
        try:
            with self._reading(found.settings.data) as progress:
                job, _ = self._library.prepare(found.settings, progress=progress)
        except ValueError as error:
            return replace(found, missing=f"{NOTHING}: {error}")
        except Cancelled:
            return replace(found, missing=f"{NOTHING}: the preparation of D* was cancelled")
        if not _describes(job, trajectory):
            return replace(found, missing=f"{NOTHING}: its settings give other noise levels")
        return replace(found, asked=job.asked, context=Context(job, found.data, trajectory))

    def data(self, wanted: DataIdentity, settings: RunSettings, where: Where) -> OpenSet | None:
        """The data of this fingerprint; None where they are not here. ValueError as for `link`."""
        located = where.located
        if (found := self._library.data_with(wanted.fingerprint, settings.data_columns)) is not None:
            return found
        if located is not None and located.kind == "data":
            with self._reading(located.path) as progress:
                key = replace(settings, data=located.path).data_key
                return self._library.add_data(key, wanted.fingerprint, progress)
        with suppress(Cancelled):  # a person may still locate the data
            for name in _data_places(settings.data, where):
                with suppress(ValueError, OSError), self._reading(name) as progress:  # the file may be anything
                    return self._library.add_data(replace(settings, data=name).data_key, wanted.fingerprint, progress)
        return None

    def network(self, wanted: NetworkIdentity, name: str, where: Where) -> str | None:
        """The path under which the network is open; None where it is not here. ValueError as for `link`."""
        located = where.located
        if wanted.sha256 is None:
            return None
        if (found := self._library.network_with(wanted)) is not None:
            return found
        if located is not None and located.kind == "network":
            return self._opened_network(located.path, wanted)
        with suppress(Cancelled):
            for path in _network_places(name, where):
                with suppress(ValueError):
                    return self._opened_network(str(path), wanted)
        return None

    def _opened_network(self, path: str, wanted: NetworkIdentity) -> str:
        with self._reading(path) as progress:
            self._library.add_network(path, wanted, progress)
        return path


def _data_places(name: str, where: Where) -> Iterator[str]:
    if datasets.named(name):
        yield name
    else:
        yield from map(str, _files(name, where))


def _network_places(name: str, where: Where) -> Iterator[Path]:
    if (bundled := bundled_checkpoint(name)) is not None:
        yield bundled
    yield from _files(name, where)


def _files(name: str, where: Where) -> Iterator[Path]:
    if where.as_named and local(name):
        yield Path(name)
    yield from beside(name, where.folder)


def _with_data(settings: RunSettings, key: DataKey) -> RunSettings:
    return replace(settings, **key._asdict())


def _without_data(settings: RunSettings, asked: Asked, data: DataIdentity) -> Linked:
    named = f"{data.name} ({data.fingerprint[:19]}…)"
    missing = f"Density, field and neighbours need the data {named}, which are not here; {LOCATE}"
    wanted = Wanted("data", data.name, data.fingerprint)
    return Linked(settings=settings, asked=asked, missing=missing, wanted=wanted)


def _without_network(settings: RunSettings, asked: Asked, network: NetworkIdentity) -> Linked:
    name, digest = settings.network or network.name, network.sha256
    if digest is None:
        missing = f"The field needs the network {name}, and the run does not say how it can be recognised"
        return Linked(settings=settings, asked=asked, missing=missing)
    missing = f"The field needs the network {name} (sha256:{digest[:12]}…), which is not here; {LOCATE}"
    return Linked(settings=settings, asked=asked, missing=missing, wanted=Wanted("network", name, digest))


def _misfit(trajectory: Trajectory, origin: Origin, data: OpenSet | None) -> str:
    """Why the settings cannot be those of this run; empty where they can."""
    settings, (batch, *shape) = origin.settings, trajectory.x.shape[1:]
    if origin.data is None and origin.network is None:
        return "it does not say which data or network it was made with"
    if settings.data and origin.data is None:
        return "it does not say how its data can be recognised"
    if settings.network and origin.network is None:
        return "it does not say how its network can be recognised"
    if settings.count != batch:
        return f"it has {batch:,} samples, and its settings ask for {settings.count:,}"
    if data is None:
        return ""
    if tuple(shape) != tuple(data.dataset.shape):
        return f"its samples have shape {tuple(shape)}, and its data {tuple(data.dataset.shape)}"
    found = problems(settings, data.dataset)
    if settings.network_drives:  # its classes are compared with those of the data when it is here
        found = {field: sentence for field, sentence in found.items() if field not in ("label", "start")}
    return next((found[field] for field in ("label", "start", "start_index") if field in found), "")


def _describes(job: Job, trajectory: Trajectory) -> bool:
    """Whether the run follows the noise levels of its settings, as far as it came."""
    levels = job.sigmas[: len(trajectory.sigmas)]
    return len(levels) == len(trajectory.sigmas) and np.allclose(levels, trajectory.sigmas, rtol=1e-6, atol=0.0)
