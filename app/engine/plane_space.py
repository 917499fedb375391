"""What a point of the plane stands for: a 2-D data point, the mean of a marginal, or a point of a slice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from app.engine.contract import Rect, Site
from app.engine.messages import DataOpened
from geomodel import classes
from geomodel.arrays import Array, Integers
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
        """The Gaussians that make up the density; None without reference data of the run's class."""

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

    def __init__(self, job: Job, opened: DataOpened, x: Array) -> None:
        points, rows = _of_class(job, opened)
        known = None if job.optimal is None else job.optimal.squared_distances(x)  # sooner than reading all data
        squares = None if known is None else known.numpy()[slice(None) if rows is None else rows]
        self.slice = Slice.through(x, opened.plane, opened.dataset.points, points, rows, squares)
        self.lift = self.slice.lift

    def kernels(self, sigma: float, rect: Rect) -> Kernels | None:
        if not len(self.slice.points):
            return None
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


def _of_class(job: Job, opened: DataOpened) -> tuple[Array, Integers | None]:
    """The data of the run's class in the plane, and their rows; None means all rows. None of them if the data lack the
    class.
    """
    rows = np.zeros(0, np.int64) if job.asked.data is None else classes.rows(opened.dataset, job.asked.data)
    return (opened.plane_points if rows is None else opened.plane_points[rows]), rows


def _of_points(job: Job, opened: DataOpened) -> Kernels | None:
    points, _ = _of_class(job, opened)
    return Kernels(points, 0.0, np.zeros(len(points))) if len(points) else None
