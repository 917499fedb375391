"""Holds what the engine has open: data sets, networks, and torch itself. Each is opened once."""

from __future__ import annotations

import gc
import logging
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from math import prod
from typing import Any

import numpy as np

from app.engine.contract import frozen
from app.engine.kept_pieces import KeptPieces
from app.engine.messages import DataOpened, Machine, Ready
from geomodel import checkpoints, files, runs
from geomodel.arrays import Array
from geomodel.checkpoints.hints import nested
from geomodel.checkpoints.plan import Answer
from geomodel.datasets import Dataset
from geomodel.datasets.common import Progress, blocks, portion, silent
from geomodel.datasets.file_array import FileArray
from geomodel.denoisers.own_calls import Calls
from geomodel.hooks import nothing
from geomodel.origin import NetworkIdentity
from geomodel.settings import DataKey, RunSettings

log = logging.getLogger(__name__)
READ, KNOWN = 0.5, 0.8  # of the opening of data, when they are read and when their plane is known
PROJECTED = 2**18  # numbers of the points that are projected at once; more leave the processor's cache


@dataclass(slots=True)
class OpenSet:
    """Open reference data. The optimal denoiser is added when a run first needs it."""

    opened: DataOpened
    optimal: Any = None

    @property
    def dataset(self) -> Any:
        """The geomodel Dataset."""
        return self.opened.dataset

    @property
    def whole(self) -> bool:
        """False if the data stay in a file that has become shorter since it was opened."""
        stored = self.dataset.stored
        return not isinstance(stored, FileArray) or stored.whole


def _loaded(key: DataKey, progress: Progress | None) -> Dataset:
    return key.load(None if progress is None else portion(progress, 0.0, READ))


def _opened(key: DataKey, dataset: Dataset, progress: Progress | None) -> OpenSet:
    """The set with its plane and everything that the window asks of it."""
    tell = progress or silent
    if prod(dataset.shape) < 2:
        raise ValueError(f"{dataset.name} has one number a point; the plane needs at least two columns.")
    plane = dataset.principal_plane(partial(tell, READ))
    # computed here and cached on the data, so that the window's thread never computes it
    _ = dataset.std, dataset.largest_deviation, dataset.fingerprint, dataset.distinct
    low, high = runs.recommended_sigmas(dataset)
    opened = DataOpened(
        name=key.data,
        count=key.data_count,
        seed=key.data_seed,
        columns=key.data_columns,
        drawing=key.drawing,
        drawing_width=key.drawing_width,
        dataset=dataset,
        sigma_min=low,
        sigma_max=high,
        plane=plane,
        plane_points=frozen(_projected(plane, dataset.points, portion(tell, KNOWN, 1.0))),
    )
    return OpenSet(opened)


def _projected(plane: Any, points: Any, progress: Progress) -> Array:
    """All points in the plane, a few at a time, because the file may be larger than the memory."""
    return np.concatenate(
        [plane.project(points[rows]) for rows in blocks(len(points), prod(points.shape[1:]), progress, PROJECTED)]
    )


class Library:
    """Opens and keeps data and networks. Only the engine's thread uses it."""

    def __init__(self, machine: Machine = Machine()) -> None:  # noqa: B008 - it is frozen
        self._machine = machine
        self._data: dict[DataKey, OpenSet] = {}
        self._networks: dict[str, Any] = {}
        self._paces: dict[str, float] = {}
        self._pieces = KeptPieces(machine.pieces)
        self._answers: dict[str, Mapping[str, Answer]] = {}  # with which each network was opened
        self._trusted: set[str] = set()
        self._device = ""
        self.calls = Calls()  # of a person's own code

    def load_torch(self, *, own_thread: bool) -> Ready | None:
        """Import torch and set it up; return None if that was done before.

        On a thread of the engine's own gradients are turned off for good. A caller's thread keeps them as they are.
        """
        if self._device:
            return None
        started = time.perf_counter()
        import torch

        torch.set_num_threads(self._machine.threads or max(1, (os.cpu_count() or 2) - 1))
        if own_thread:  # once, because inside a generator it would leak to the caller at every yield
            torch.set_grad_enabled(False)
        # torch's own objects stay for good, and a full collection of them on the window's thread would stall it
        gc.freeze()
        self._device = self._chosen_device()
        return Ready(self._device, torch.get_num_threads(), time.perf_counter() - started)

    def _chosen_device(self) -> str:
        """The device that was asked for, where it is there. The log says where it is not."""
        import torch

        there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
        asked = self._machine.device
        if asked == "auto":
            return "cuda" if there["cuda"] else "cpu"
        if not there[asked]:
            log.warning("The device %s, which the preferences name, is not there. Networks compute on the CPU.", asked)
        return asked if there[asked] else "cpu"

    def _loaded_network(self, path: str, answers: Mapping[str, Answer], progress: Progress) -> Any:
        """A checkpoint on the device and in the precision that were asked for."""
        network = checkpoints.load(path, self._device, nested(answers), progress)
        if self._machine.precision == "float32":
            return network
        from geomodel.denoisers.half import in_bfloat16

        try:
            return in_bfloat16(network)
        except ValueError as refusal:  # it may have rounded the weights already, so they are read again
            log.info("%s is opened in float32. %s", network.info.name, refusal)
            return checkpoints.load(path, self._device, nested(answers), progress)

    def data(self, key: DataKey, progress: Progress | None = None) -> OpenSet:
        """A data set with its plane; it needs no torch. `progress` receives the fraction that was read and may raise to
        stop.

        With `progress`, a person has asked to open the set, so an open one that is no longer whole is read again.
        """
        if key not in self._data or (progress is not None and not self._data[key].whole):
            opened = _opened(key, _loaded(key, progress), progress)
            self._data.pop(key, None)  # the newest comes last
            self._data[key] = opened
        return self._data[key]

    def data_with(self, fingerprint: str, columns: str) -> OpenSet | None:
        """The open data of this fingerprint; those read with the same columns, which give the classes, come first."""
        found = [item for item in self._data.values() if item.dataset.fingerprint == fingerprint]
        return min(found, key=lambda item: item.opened.columns != columns, default=None)

    def add_data(self, key: DataKey, fingerprint: str, progress: Progress) -> OpenSet:
        """Open the data of a saved run, which must have this fingerprint. ValueError with a sentence for others."""
        dataset = self._data[key].dataset if key in self._data else _loaded(key, progress)
        if dataset.fingerprint != fingerprint:
            raise ValueError(
                f"{dataset.name} holds other data than the run was made with: {dataset.fingerprint[:19]}… instead of "
                f"{fingerprint[:19]}…."
            )
        # it comes first, because the newest is the one that the model panel shows
        self._data = {key: _opened(key, dataset, progress), **self._data}
        return self._data[key]

    def newest(self, found: OpenSet) -> OpenSet:
        """Let open data be the newest, which stay although no run uses them."""
        self._data.pop(found.opened.key, None)
        self._data[found.opened.key] = found
        return found

    def keep_data(self, used: list[OpenSet]) -> None:
        """Drop the sets that no run uses, except the newest, which the model panel shows."""
        newest = next(reversed(self._data.values()), None)
        self._data = {key: item for key, item in self._data.items() if item is newest or item in used}

    def trust(self, own: str) -> None:
        """Allow the code of ``file.py:function`` to run, because the user named it on the command line."""
        self._trusted.add(own)

    def answers(self, path: str, answers: Mapping[str, Answer]) -> Mapping[str, Answer]:
        """The answers to open a network with: these, or those of the last time where there are none."""
        return answers or self._answers.get(path, {})

    def has_network(self, path: str, answers: Mapping[str, Answer]) -> bool:
        """Whether it is open, with these answers."""
        return path in self._networks and self._answers.get(path, {}) == answers

    def network(self, path: str, answers: Mapping[str, Answer] | None = None, progress: Progress = silent) -> Any:
        """A checkpoint's network, or the user's own denoiser from the command line. `progress` may raise to stop."""
        from geomodel.denoisers.network import measure_pace, piece_rows

        answers = self.answers(path, answers or {})
        if not self.has_network(path, answers):
            if path in self._trusted:
                from geomodel.denoisers.own import load_own

                network: Any = load_own(path, self.calls)
            else:
                network = self._loaded_network(path, answers, progress)
            # measured once, so that a network that is opened again works in the same pieces
            if path not in self._paces:
                self._paces[path] = measure_pace(network)
            network.piece = self._rows(network, piece_rows(self._paces[path]))
            gc.freeze()
            self._networks[path], self._answers[path] = network, answers
        return self._networks[path]

    def _rows(self, network: Any, fitting: int) -> int:
        """How many rows a piece has: as many as when the network was first opened on this computer."""
        import torch

        info = network.info
        if info.sha256 is None:
            return fitting
        name = (info.sha256, self._device, info.precision, torch.get_num_threads(), torch.__version__)
        kept = self._pieces.rows(*name)
        if kept is None:
            self._pieces.keep(*name, rows=fitting)
        return kept or fitting

    def network_with(self, wanted: NetworkIdentity) -> str | None:
        """The path of the open network of a saved run: its file has this hash, and it was opened with these answers."""
        for path, network in self._networks.items():
            if (network.info.sha256, dict(network.info.hints)) == (wanted.sha256, wanted.hints):
                return path
        return None

    def add_network(self, path: str, wanted: NetworkIdentity, progress: Progress) -> None:
        """Open the network of a saved run, which must have this hash. ValueError with a sentence for another one.

        The hash of a file is compared before anything in it is believed.
        """
        sha256 = str(wanted.sha256)
        if path in self._networks and not self.has_network(path, wanted.hints):
            raise ValueError(f"{os.path.basename(path)} is open with other answers than the run was made with.")
        try:
            found = files.sha256(path, partial(progress, 0.0)) if os.path.isfile(path) else sha256
        except OSError as error:
            raise ValueError(files.read_error(path, error)) from error
        if found == sha256:
            there = path in self._networks
            found = self.network(path, wanted.hints).info.sha256
            if found != sha256 and not there:
                self.close_network(path)
        if found != sha256:
            raise ValueError(
                f"{os.path.basename(path)} is another network than the run was made with: sha256:{found[:12]}… instead "
                f"of sha256:{sha256[:12]}…."
            )

    def pace(self, path: str) -> float:
        """How many seconds an open network takes for a row. This was measured when it was opened."""
        return self._paces[path]

    def close_network(self, path: str) -> Any:
        """Drop a network and return it; None where it is not open."""
        return self._networks.pop(path, None)

    def prepare(
        self, settings: RunSettings, between: Callable[[], None] = nothing, progress: Progress = silent
    ) -> tuple[runs.Job, OpenSet | None]:
        """Build a job from its settings, with what it was made of. `between` and `progress` are those of
        `runs.prepare`.
        """
        data = self.data(settings.data_key) if settings.data else None
        network = self.network(settings.network) if settings.network else None
        dataset, optimal = (data.dataset, data.optimal) if data else (None, None)
        job = runs.prepare(settings, dataset, network, optimal, between, progress)
        if data is not None and job.optimal is not None:
            data.optimal = job.optimal
        return job, data
