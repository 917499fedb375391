"""A run that is ready to start: its settings, its denoisers, its start and its noise levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array
from geomodel.classes import Asked
from geomodel.formulas import with_jump
from geomodel.precision import record_dtype
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.datasets import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that is ready to start. `evaluate` calls its denoisers with the run's class."""

    settings: RunSettings  # with all noise levels filled in
    asked: Asked  # the run's class, as data and network number it
    model: Denoiser  # moves the samples
    optimal: OptimalDenoiser | None  # gives posteriors, for `data_labels`; None where the data lack the run's class
    exact: Denoiser | None  # D* for `labels`, guided where the run is
    compared: Denoiser | None  # D* or fitted Gaussians, likewise; the driver is compared with it
    network: Denoiser | None  # for `labels`, guided where the run is; None where it lacks the run's class
    x: Tensor
    center: Array  # (*shape), from which norms are measured
    schedule: Array  # the whole one; a run that jumps follows its first part
    data: Dataset | None
    parts: tuple[Denoiser, ...]  # D*, network and theory themselves, which split their evaluations into pieces
    identity: Mapping[str, Any]  # names and fingerprints of data and network, for the saved run

    @property
    def sigmas(self) -> Array:
        """The noise levels of the run: those of its schedule, or those up to its jump and then 0."""
        return with_jump(self.schedule, self.settings.jump)

    @property
    def beside(self) -> bool:
        """Whether the denoiser that the driver is compared with moves the same noise too."""
        return self.settings.beside and self.compared is not None and self.settings.compares

    @property
    def record_dtype(self) -> str:
        """The type of the record's arrays; see `precision`."""
        return record_dtype(self.model, self.data)

    def labels(self, count: int) -> Array | None:
        """The run's class for `count` samples, as the driver numbers it; None where the run has none."""
        return _repeated(self.settings.label, count)

    def data_labels(self, count: int) -> Array | None:
        """The run's class for `count` samples, as the data number it; None where the run has none."""
        assert self.asked.data is not None
        return _repeated(self.asked.data, count)

    def gives_posterior_mean(self, model: object) -> bool:
        """Whether one of the job's denoisers is the mean of `posterior`."""
        return model is not None and model is self.exact and not self.settings.guided

    def evaluate(self, model: Any, x: Any, sigma: Any) -> Any:
        """D(x; sigma) of one of the job's denoisers, for the run's class."""
        labels = self.labels(len(x))
        return model(x, sigma) if labels is None else model(x, sigma, labels=labels)

    def posterior(self, x: Any, sigma: Any, k: int = 64, *, every: bool = False) -> Any:
        """The posterior over the data, or over those of the run's class where it has one."""
        assert self.optimal is not None
        return self.optimal.posterior(x, sigma, self.data_labels(len(x)), k, every=every)


def _repeated(label: int, count: int) -> Array | None:
    return None if label < 0 else np.full(count, label, np.int64)
