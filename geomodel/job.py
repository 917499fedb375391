"""A run that is ready to start: its settings, its denoisers, its start and its noise levels."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel.arrays import Array
from geomodel.settings import RunSettings

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.datasets import Dataset
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.optimal import OptimalDenoiser


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """A run that is ready to start. Its denoisers are asked through `evaluate`, which gives them the run's class."""

    settings: RunSettings  # noise levels filled in
    model: Denoiser  # what drives
    optimal: OptimalDenoiser | None  # for posteriors
    exact: Denoiser | None  # D*, or its guided combination: what a network is compared with
    network: Denoiser | None  # guided where the run is
    x: Tensor
    sigmas: Array
    data: Dataset | None
    parts: tuple[Denoiser, ...]  # the denoisers that were opened: they split their evaluations into pieces
    identity: Mapping[str, Any]  # what a saved run says of its data and network

    @property
    def beside(self) -> bool:
        """D* moves the same noise beside the driver."""
        return self.settings.beside and self.exact is not None and self.settings.driver != "optimal"

    @property
    def record_dtype(self) -> str:
        """float64 for analytic models, float32 for networks."""
        return "float64" if self.model.analytic else "float32"

    def labels(self, count: int) -> Array | None:
        """The run's class for so many samples; None without one."""
        return None if self.settings.label < 0 else np.full(count, self.settings.label, np.int64)

    def evaluate(self, model: Any, x: Any, sigma: Any) -> Any:
        """D(x; sigma) of one of the job's denoisers, for the run's class."""
        labels = self.labels(len(x))
        return model(x, sigma) if labels is None else model(x, sigma, labels=labels)

    def posterior(self, x: Any, sigma: Any, k: int = 64, *, every: bool = False) -> Any:
        """The posterior over the data, of the run's class where it has one."""
        assert self.optimal is not None
        return self.optimal.posterior(x, sigma, self.labels(len(x)), k, every=every)
