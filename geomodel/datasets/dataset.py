"""What a data set is: stored numbers, and what is derived from them."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from geomodel.denoisers.mixture import MixtureDenoiser

_NUMBERS_AT_ONCE = 2**22  # float64 temporaries stay below 32 MB


class DataError(ValueError):
    """A data set that cannot be had; the message says what was found, what was expected and what to do."""


# No slots: the cached properties live in the instance's dictionary. Identity is equality: fields are arrays.
@dataclass(frozen=True, eq=False, kw_only=True)
class Dataset:
    """N points with what is known about them.

    Attributes:
        name: the table's name, or the file's name.
        kind: "toy" (generated), "points" (a file of points) or "images".
        stored: the numbers as they are kept, (N, *shape): uint8 for images (N, C, H, W), floats for the rest.
        labels: (N,) int64 class of each point, or None.
        label_names: one name for each class, or None.
        gaussians: (means (K, *shape), variances (K,)) of the equally weighted mixture that generated the points.
    """

    name: str
    kind: Literal["toy", "points", "images"]
    stored: NDArray[Any]
    labels: NDArray[np.int64] | None = None
    label_names: tuple[str, ...] | None = None
    gaussians: tuple[NDArray[np.float64], NDArray[np.float64]] | None = None

    def __len__(self) -> int:
        return len(self.stored)

    @property
    def shape(self) -> tuple[int, ...]:
        """The shape of one point, without the batch: (d,) or (C, H, W)."""
        return self.stored.shape[1:]

    @cached_property
    def points(self) -> NDArray[Any]:
        """(N, *shape): float32 in [-1, 1] (stored / 127.5 - 1) for images, float64 in natural units for the rest."""
        if self.kind == "images":
            points = self.stored.astype(np.float32)
            points /= np.float32(127.5)
            points -= np.float32(1)
            return points
        return self.stored.astype(np.float64, copy=False)

    @cached_property
    def mean(self) -> NDArray[np.float64]:
        """The mean point, (*shape), in the units of `points`."""
        return np.asarray(self.points.mean(axis=0, dtype=np.float64))

    @cached_property
    def std(self) -> float:
        """The data's scale: the root of the mean variance of a coordinate; 1 where all points are the same."""
        rows = max(1, _NUMBERS_AT_ONCE // max(1, math.prod(self.shape)))
        total, varied = 0.0, False
        for start in range(0, len(self), rows):
            part = self.points[start : start + rows]
            total += float(np.square(part - self.mean).sum())
            varied = varied or bool((part != self.points[0]).any())
        return math.sqrt(total / self.points.size) if varied else 1.0

    @cached_property
    def fingerprint(self) -> str:
        """sha256 over type, shape and stored bytes: the same numbers give the same text, whatever file they came in."""
        digest = hashlib.sha256(f"{self.stored.dtype.str} {self.stored.shape}\n".encode())
        digest.update(np.ascontiguousarray(self.stored).data)
        return f"sha256:{digest.hexdigest()}"

    @cached_property
    def mixture(self) -> MixtureDenoiser | None:
        """The exact denoiser of the distribution that the points were drawn from, where it is a Gaussian mixture."""
        if self.gaussians is None:
            return None
        from geomodel.denoisers.mixture import MixtureDenoiser  # torch comes only with the first question

        return MixtureDenoiser(*self.gaussians)
