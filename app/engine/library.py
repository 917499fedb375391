"""Holds what the engine has open: data sets, networks, and torch itself. Each is opened once."""

from __future__ import annotations

import contextlib
import gc
import os
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from math import prod
from pathlib import Path
from typing import Any

import numpy as np

from app.engine.contract import frozen
from app.engine.messages import DataOpened, Ready
from geomodel import checkpoints, datasets, runs
from geomodel.arrays import Array
from geomodel.checkpoints.hints import nested
from geomodel.checkpoints.plan import Answer
from geomodel.datasets.common import blocks, silent
from geomodel.datasets.file_array import FileArray
from geomodel.places import candidates
from geomodel.settings import DataKey, RunSettings
from geomodel.trajectory import Trajectory


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


def _projected(plane: Any, points: Any, between: Callable[[], None]) -> Array:
    """All points in the plane, a bounded number at a time, because the file may be larger than the memory."""
    found = []
    for rows in blocks(len(points), prod(points.shape[1:])):
        between()
        found.append(plane.project(points[rows]))
    return np.concatenate(found)


class Library:
    """Opens and keeps data and networks. Only the engine's thread uses it."""

    def __init__(self) -> None:
        self._data: dict[DataKey, OpenSet] = {}
        self._networks: dict[str, Any] = {}
        self._paces: dict[str, float] = {}
        self._answers: dict[str, Mapping[str, Answer]] = {}  # with which each network was opened
        self._trusted: set[str] = set()
        self._device = ""

    def load_torch(self, *, own_thread: bool) -> Ready | None:
        """Import torch and set it up; return None if that was done before.

        On a thread of the engine's own gradients are turned off for good. A caller's thread keeps them as they are.
        """
        if self._device:
            return None
        started = time.perf_counter()
        import torch

        torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
        if own_thread:  # once, because inside a generator it would leak to the caller at every yield
            torch.set_grad_enabled(False)
        # torch's own objects stay for good, and a full collection of them on the window's thread would stall it
        gc.freeze()
        self._device = "cuda" if torch.cuda.is_available() else "cpu"
        return Ready(self._device, torch.get_num_threads(), time.perf_counter() - started)

    def data(self, key: DataKey, progress: Callable[[float], None] | None = None) -> OpenSet:
        """A data set with its plane; it needs no torch. `progress` receives the fraction that was read and may raise to
        stop.

        With `progress`, a person has asked to open the set, so an open one that is no longer whole is read again.
        """
        name, count, seed, columns = key
        if key not in self._data or (progress is not None and not self._data[key].whole):
            dataset = datasets.load(name, count=count, seed=seed, columns=columns, progress=progress)
            if prod(dataset.shape) < 2:
                raise ValueError(f"{dataset.name} has one number a point; the plane needs at least two columns.")

            def between() -> None:
                if progress is not None:
                    progress(1.0)  # the data are read now, but `progress` may still raise to stop

            between()
            points = dataset.points
            plane = dataset.principal_plane(between)
            # computed here and cached on the data, so that the window's thread never computes it
            _ = dataset.std, dataset.largest_deviation, dataset.fingerprint, dataset.distinct
            low, high = runs.recommended_sigmas(dataset)
            opened = DataOpened(
                name=name,
                count=count,
                seed=seed,
                columns=columns,
                dataset=dataset,
                sigma_min=low,
                sigma_max=high,
                plane=plane,
                plane_points=frozen(_projected(plane, points, between)),
            )
            self._data.pop(key, None)  # the newest comes last
            self._data[key] = OpenSet(opened)
        return self._data[key]

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

    def network(
        self, path: str, answers: Mapping[str, Answer] | None = None, progress: Callable[[float], None] = silent
    ) -> Any:
        """A checkpoint's network, or the user's own denoiser from the command line. `progress` may raise to stop."""
        from geomodel.denoisers.network import measure_pace, piece_rows

        answers = self.answers(path, answers or {})
        if not self.has_network(path, answers):
            if path in self._trusted:
                from geomodel.denoisers.own import load_own

                network: Any = load_own(path)
            else:
                network = checkpoints.load(path, self._device, nested(answers), progress)
            # measured once, so that a network that is opened again works in the same pieces
            if path not in self._paces:
                self._paces[path] = measure_pace(network)
            network.piece = piece_rows(self._paces[path])
            gc.freeze()
            self._networks[path], self._answers[path] = network, answers
        return self._networks[path]

    def pace(self, path: str) -> float:
        """How many seconds an open network takes for a row. This was measured when it was opened."""
        return self._paces[path]

    def close_network(self, path: str) -> None:
        """Drop a network."""
        self._networks.pop(path, None)

    def prepare(self, settings: RunSettings) -> tuple[runs.Job, OpenSet | None]:
        """Build a job from its settings, with what it was made of."""
        data = self.data(settings.data_key) if settings.data else None
        network = self.network(settings.network) if settings.network else None
        job = runs.prepare(settings, data.dataset if data else None, network, data.optimal if data else None)
        if data is not None and job.optimal is not None:
            data.optimal = job.optimal
        return job, data

    def recognised(
        self, trajectory: Trajectory, settings: RunSettings, folder: Path
    ) -> tuple[RunSettings, OpenSet | None, str]:
        """Find the data of a run that was saved in `folder` by their fingerprint. Returns the settings with their path,
        the data, and a sentence if they are missing.
        """
        wanted = trajectory.settings.get("data")
        if not isinstance(wanted, dict):
            return settings, None, ""
        name, fingerprint = wanted.get("name"), str(wanted.get("fingerprint"))
        for path in candidates(settings.data, folder):
            with contextlib.suppress(ValueError, OSError):
                data = self.data(replace(settings, data=path).data_key)
                if data.dataset.fingerprint == fingerprint:
                    return replace(settings, data=path), data, ""
        missing = f"Density, field and neighbours need the data {name} ({fingerprint[:19]}…), which are not here"
        return settings, None, missing

    def same_network(self, trajectory: Trajectory, settings: RunSettings, folder: Path) -> tuple[RunSettings, str]:
        """Find the network of a run that was saved in `folder` by its hash. Returns the settings with its path, and a
        sentence if it is missing.
        """
        if not settings.network:
            return settings, ""
        wanted = trajectory.settings.get("network")
        wanted = wanted if isinstance(wanted, dict) else {}
        digest, answers = str(wanted.get("sha256")), wanted.get("hints", {})
        for path in candidates(settings.network, folder):
            with contextlib.suppress(ValueError, OSError):
                if path in self._networks and not self.has_network(path, answers):
                    continue  # it is open with other answers, with which it is another network
                if self.network(path, answers).info.sha256 == digest:
                    return replace(settings, network=path), ""
        return settings, f"The field needs the network {settings.network} (sha256:{digest[:12]}…), which is not here"
