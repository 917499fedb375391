"""A data set: its stored numbers, and the points, mean, scale and fingerprint that are computed from them."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from geomodel.arrays import Array, Floats, Integers
from geomodel.collapse import speciation_sigma
from geomodel.datasets.common import CACHED, Progress, blocks, gathered, limit, portion, silent
from geomodel.hooks import Between, nothing
from geomodel.projection import Basis, identity_basis, principal_components
from geomodel.repeats import distinct

if TYPE_CHECKING:
    from geomodel.datasets.file_array import FileArray
    from geomodel.denoisers.gaussians import Gaussians
    from geomodel.denoisers.mixture import MixtureDenoiser


def _converted(stored: Array) -> Array:
    if stored.dtype != np.uint8:
        return stored.astype(np.float64, copy=False)
    points = stored.astype(np.float32)
    points /= np.float32(127.5)
    points -= np.float32(1)
    return points


class Points:
    """An array-like of the points (N, *shape) of a set that is too large to be converted at once.

    Indexing gives rows of converted numbers. `numpy.asarray` converts all of them, where memory has room.
    """

    def __init__(self, stored: Array | FileArray) -> None:
        self._stored = stored
        self.shape, self.ndim, self.size = stored.shape, stored.ndim, stored.size
        self.dtype: np.dtype[Any] = np.dtype(np.float32 if stored.dtype == np.uint8 else np.float64)
        self.nbytes = self.size * self.dtype.itemsize

    @property
    def stored(self) -> Array | FileArray:
        """The stored numbers that the points are converted from."""
        return self._stored

    def __len__(self) -> int:
        return len(self._stored)

    def __getitem__(self, index: Any) -> Array:
        return _converted(np.asarray(self._stored[index]))

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return gathered(self, self.dtype if dtype is None else dtype, copy)


# Without slots, because cached properties live in the instance's dictionary; without eq, because fields are arrays.
@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """N points, with their labels and where they came from.

    Attributes:
        name: the table's name, or the file's name.
        kind: "toy" (generated), "points" (a file of points) or "images".
        stored: the numbers as they are kept, (N, *shape): uint8 for images (N, C, H, W), floats for the rest. An
            array, or a `FileArray` where the file is larger than a quarter of this computer's memory.
        labels: (N,) int64 class of each point, or None.
        label_names: one name for each class, or None.
        gaussians: (means (K, *shape), variances) of the equally weighted mixture that generated the points. Variances
            are (K,) or, along the axes, (K, *shape).
        columns: the columns of a table that were taken, such as "1-2; class 3"; None where the file is no table.
        remarks: sentences about what was taken from the file and what was left out.
    """

    name: str
    kind: Literal["toy", "points", "images"]
    stored: Array | FileArray
    labels: Integers | None = None
    label_names: tuple[str, ...] | None = None
    gaussians: tuple[Floats, Floats] | None = None
    columns: str | None = None
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one point, without the batch: (d,) or (C, H, W)."""
        return self.stored.shape[1:]

    def class_name(self, label: int) -> str:
        """What a class is called: its name, or "class k" where the data give no names."""
        names = self.label_names or ()
        return names[label] if 0 <= label < len(names) else f"class {label}"

    @cached_property
    def points(self) -> Array | Points:
        """(N, *shape): float32 in [-1, 1] (stored / 127.5 - 1) for images, float64 in natural units for the rest.

        An array, or `Points` where the stored numbers stay in their file or the conversion would take more than a
        quarter of this computer's memory.
        """
        points = Points(self.stored)
        if not isinstance(self.stored, np.ndarray):
            return points
        return points if self.stored.dtype != points.dtype and points.nbytes > limit() else _converted(self.stored)

    @cached_property
    def mean(self) -> Floats:
        """The mean point, (*shape), in the units of `points`."""
        return self._mean(silent)

    @cached_property
    def std(self) -> float:
        """The data's scale: the root of the mean variance of a coordinate; 1 where all points are the same."""
        return self._std(silent)

    @cached_property
    def largest_deviation(self) -> float:
        """√Λ, Λ the largest variance along any direction (`speciation_sigma`); 1 where all points are the same."""
        return speciation_sigma(self.points) or 1.0

    def principal_plane(self, between: Between = nothing) -> Basis:
        """The plane of the two directions of largest variance; for points of two numbers, the coordinates themselves.

        `between` as in `principal_components`. What it finds about the largest variance is kept.
        """
        if self.shape == (2,):
            return identity_basis(2)
        basis = principal_components(self.points, between=between)
        vars(self)["largest_deviation"] = math.sqrt(float(basis.variances[0])) or 1.0
        return basis

    @property
    def scale(self) -> float:
        """√d std, the root of the mean square of a point's distance from the mean."""
        return math.sqrt(math.prod(self.shape)) * self.std

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over type, shape and stored bytes. The same numbers give the same text, whatever file they came in."""
        return self._fingerprint(silent)

    @cached_property
    def distinct(self) -> int:
        """How many different points there are."""
        return distinct(self.stored, self._blocks(silent))

    def measure(self, progress: Progress) -> None:
        """Compute fingerprint, mean, std and `distinct` now, so that reading them later takes no time."""
        known = vars(self)  # cached properties keep their values there
        known["fingerprint"] = self._fingerprint(portion(progress, 0.0, 0.2))
        known["mean"] = self._mean(portion(progress, 0.2, 0.4))
        known["std"] = self._std(portion(progress, 0.4, 0.8))
        known["distinct"] = distinct(self.stored, self._blocks(portion(progress, 0.8, 1.0)))

    def _mean(self, progress: Progress) -> Floats:
        first = np.asarray(self.points[0], np.float64)  # sums of differences, because far from 0 a sum loses digits
        total = np.zeros(self.shape)
        for rows in blocks(len(self), math.prod(self.shape), progress, CACHED):
            part = self.points[rows] - first
            part[0] += total  # sums point after point, so that the result does not depend on the blocks
            total = part.sum(axis=0)
        return np.asarray(first + total / len(self))

    def _std(self, progress: Progress) -> float:
        total, varied, first, mean = 0.0, False, self.points[0], self.mean
        for rows in self._blocks(progress):
            squares = np.empty((rows.stop - rows.start, *self.shape))
            for part in blocks(len(squares), math.prod(self.shape), at_once=CACHED):
                points = self.points[rows.start + part.start : rows.start + part.stop]
                varied = varied or bool((points != first).any())
                np.subtract(points, mean, out=squares[part])
                np.square(squares[part], out=squares[part])
            total += float(squares.sum())
        return math.sqrt(total / self.points.size) if varied else 1.0

    def _fingerprint(self, progress: Progress) -> str:
        native = self.stored.dtype.newbyteorder("=")
        digest = hashlib.sha256(f"{native.str} {self.stored.shape}\n".encode())
        for rows in self._blocks(progress):
            digest.update(np.ascontiguousarray(self.stored[rows], dtype=native).data)
        return f"sha256:{digest.hexdigest()}"

    def _blocks(self, progress: Progress) -> Iterator[slice]:
        return blocks(len(self), math.prod(self.shape), progress)

    @cached_property
    def mixture(self) -> MixtureDenoiser | None:
        """The exact denoiser of the distribution that the points were drawn from, where it is a Gaussian mixture."""
        if self.gaussians is None:
            return None
        from geomodel.denoisers.mixture import MixtureDenoiser  # loads torch, so only when it is used

        return MixtureDenoiser(*self.gaussians)

    def fitted(self, per_class: bool, between: Between = nothing) -> Gaussians:
        """One Gaussian with the mean and covariance of the points, or one for each class; fitted once. `between` is
        called between the parts of the work. Raises ValueError where classes are asked for and there are none.
        """
        known, name = vars(self), "class_gaussians" if per_class else "gaussian"
        if name not in known:
            if per_class and self.labels is None:
                raise ValueError(f"{self.name} has no classes.")
            from geomodel.denoisers.gaussians import Gaussians  # loads torch, so only when it is used

            known[name] = Gaussians.fit(self.points, self.labels if per_class else None, between=between)
        found: Gaussians = known[name]
        return found
