"""What a point of the plane stands for: a 2-D data point, the mean of a marginal, or a point of a slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from app.engine.contract import Rect, Site
from app.engine.messages import DataOpened
from geomodel.arrays import Array
from geomodel.job import Job
from geomodel.record import Record
from geomodel.slices import Slice
from geomodel.trajectory import Trajectory


@dataclass(frozen=True, slots=True)
class Kernels:
    """Gaussians in the plane: means (K, 2), variances, and their log-weights."""

    means: Array
    variances: Array | float
    log_weights: Array


class PlaneSpace(Protocol):
    """A plane with a density. `lift` is None if a point of the plane is no single point of the data's space."""

    lift: Any

    def kernels(self, sigma: float, rect: Rect) -> Kernels | None:
        """The Gaussians that make up the density; None without reference data."""

    def project(self, x: Array) -> Array:
        """The plane coordinates (m, 2) of points (m, *shape)."""


class Direct:
    """For 2-D data, the plane is the space of the data."""

    def __init__(self, job: Job, opened: DataOpened | None) -> None:
        self._job, self._opened = job, opened

    def kernels(self, sigma: float, rect: Rect) -> Kernels | None:
        if self._opened is None:
            return None
        if self._job.settings.driver == "mixture":
            mixture: Any = self._job.model
            means = np.asarray(mixture.means, np.float64)
            variances = np.broadcast_to(np.asarray(mixture.variances, np.float64), means.shape)
            return Kernels(means, variances, np.log(np.asarray(mixture.weights, np.float64)))
        return _of_points(self._job, self._opened)

    def project(self, x: Array) -> Array:
        return np.asarray(x, np.float64)

    lift = project


class Marginal:
    """The projected data. Density and field are those of the projection, so they are means over all that projects
    there.
    """

    lift = None

    def __init__(self, job: Job, opened: DataOpened) -> None:
        self._job, self._opened = job, opened

    def kernels(self, sigma: float, rect: Rect) -> Kernels | None:
        return _of_points(self._job, self._opened)

    def project(self, x: Array) -> Array:
        projected: Array = self._opened.plane.project(x)
        return projected


class Cut:
    """A slice through one sample at one level. A point of the plane is a point of the data's space."""

    def __init__(self, job: Job, opened: Any, x: Array) -> None:
        rows = _rows(job, opened)
        points = opened.plane_points if rows is None else opened.plane_points[rows]
        self.slice = Slice.through(x, opened.plane, opened.dataset.points, points, rows)
        self.lift = self.slice.lift

    def kernels(self, sigma: float, rect: Rect) -> Kernels | None:
        means, log_weights = self.slice.kernels(sigma, rect)
        return Kernels(means, 0.0, log_weights)

    def project(self, x: Array) -> Array:
        projected: Array = self.slice.basis.project(x)
        return projected


def plane_space(site: Site, job: Job, opened: DataOpened | None, record: Record | Trajectory) -> PlaneSpace:
    """The plane of a request. Raises ValueError if images have no reference data to span it."""
    if tuple(job.x.shape[1:]) == (2,):
        return Direct(job, opened)
    if opened is None:
        raise ValueError("the plane of images needs reference data")
    if site.mode == "slice":
        return Cut(job, opened, np.asarray(record.x[site.index, site.sample], np.float64))
    return Marginal(job, opened)


def _rows(job: Job, opened: Any) -> Array | None:
    """The rows of the run's class; None means all rows."""
    return None if job.settings.label < 0 else np.flatnonzero(opened.dataset.labels == job.settings.label)


def _of_points(job: Job, opened: Any) -> Kernels:
    rows = _rows(job, opened)
    points = opened.plane_points if rows is None else opened.plane_points[rows]
    return Kernels(points, 0.0, np.zeros(len(points)))
