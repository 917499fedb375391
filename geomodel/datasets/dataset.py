"""A data set: its stored numbers, and the points, mean, scale and fingerprint that are computed from them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np

from geomodel.arrays import Array, Floats, Integers
from geomodel.collapse import speciation_sigma
from geomodel.datasets.common import Progress, limit, silent
from geomodel.datasets.facts import Check, Facts, facts
from geomodel.datasets.points import Points, converted
from geomodel.hooks import Between, nothing
from geomodel.projection import Basis, identity_basis, principal_components

if TYPE_CHECKING:
    from geomodel.datasets.file_array import FileArray
    from geomodel.denoisers.gaussians import Gaussians
    from geomodel.denoisers.mixture import MixtureDenoiser


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
        known = vars(self).get("_facts")  # cached properties keep their values there
        points = Points(self.stored, None if known is None else known.mean)
        if not isinstance(self.stored, np.ndarray):
            return points
        return points if self.stored.dtype != points.dtype and points.nbytes > limit() else converted(self.stored)

    @property
    def mean(self) -> Floats:
        """The mean point, (*shape), in the units of `points`."""
        return self._facts.mean

    @property
    def std(self) -> float:
        """The data's scale: the root of the mean variance of a coordinate; 1 where all points are the same."""
        return self._facts.std

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

    @property
    def fingerprint(self) -> str:
        """sha256 over type, shape and stored bytes. The same numbers give the same text, whatever file they came in."""
        return self._facts.fingerprint

    @property
    def distinct(self) -> int:
        """How many different points there are."""
        return self._facts.distinct

    @cached_property
    def _facts(self) -> Facts:
        return facts(self.stored, silent)

    def measure(self, progress: Progress, check: Check | None = None) -> None:
        """Compute fingerprint, mean, std and `distinct` now, so that reading them later takes no time.

        check: called with every block of the numbers before they are used.
        """
        known = vars(self)  # cached properties keep their values there
        if "_facts" not in known:
            known["_facts"] = facts(self.stored, progress, check)
        progress(1.0)

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
