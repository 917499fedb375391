"""How good samples are: distances between clouds of points, each beside the same distance of held-out data.

A distance of n samples to the data is not 0 even where they are perfect, because n points are few. So every number has
a control: the same number for as many data points that were kept out of the reference (`Yardstick`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, plain
from geomodel.clouds import (
    finite,
    frechet_of,
    moments,
    nearest_of,
    sliced_of,
    sorted_along,
    two_clouds,
    unit_directions,
    variance,
)
from geomodel.hooks import Between, nothing
from geomodel.projection import Basis, basis_name, principal_components

CONTROL = "held-out data"  # what tables call the control
COMPONENTS = 64  # of the data, in which the Fréchet distance is taken where no basis is given
DIRECTIONS = 128
MOST_REFERENCE = 5_000  # points that samples are compared with; more would only cost time


def sliced_wasserstein(a: ArrayLike, b: ArrayLike, directions: int = DIRECTIONS, seed: int = 0) -> float:
    """The sliced Wasserstein distance of two clouds: the root mean square over directions and quantiles.

        W² = (1/R) Σ_r ∫₀¹ [F_a,r⁻¹(u) − F_b,r⁻¹(u)]² du,   F_r the distribution of ⟨e_r, ·⟩, e_r a random unit vector

    a (n, *shape) and b (m, *shape) in data units; the integral over the quantiles u is exact for any n and m. For the
    same seed the R directions are the same, so that two clouds are compared along the same lines. The result is in data
    units, and per direction: a shift by v gives ‖v‖/√d. NaN where a point is NaN or infinite. Raises ValueError where
    a cloud is empty, the shapes differ or there is no direction. Source: Rabin et al. 2011, Wasserstein barycenter and
    its application to texture mixing; Bonneel et al. 2015.
    """
    first, second = two_clouds(a, b)
    lines = unit_directions(first.shape[1], directions, seed)
    if not finite(first, second):
        return math.nan
    centre = second.mean(axis=0)
    return sliced_of(sorted_along(first - centre, lines), sorted_along(second - centre, lines))


def frechet(a: ArrayLike, b: ArrayLike, basis: Basis | None = None) -> float:
    """The Fréchet distance (squared, as FID is) of Gaussians fitted to two clouds in the coordinates of a basis.

        ‖μ_a − μ_b‖² + tr[C_a + C_b − 2 (C_a^½ C_b C_a^½)^½],   C with n − 1 in the denominator

    a (n, *shape): the samples; b (m, *shape): the data. basis: None takes the first 64 principal components of b, or
    all of them where there are fewer; a distance says little without the name of its basis. In data units squared. NaN
    where a cloud has one point only, or a point is NaN or infinite. Raises ValueError where a cloud is empty or the
    shapes differ. Source: Dowson and Landau 1982; Heusel et al. 2017 (arXiv 1706.08500), there of Inception features.
    """
    first, second = two_clouds(a, b)
    if not finite(first, second):
        return math.nan
    found = basis or data_basis(second)
    shape = (-1, *found.shape)
    return frechet_of(moments(found.project(first.reshape(shape))), moments(found.project(second.reshape(shape))))


def data_basis(points: Any, count: int = COMPONENTS, between: Between = nothing) -> Basis:
    """The basis in which `frechet` works by default: the data's first `count` principal components, or all of them."""
    return principal_components(points, min(count, math.prod(points.shape[1:])), between=between)


def spread(denoised: ArrayLike, points: ArrayLike) -> float:
    """tr Cov of the samples over tr Cov of the data, from 0 (all samples are one point) to 1 where they spread alike.

    denoised (n, *shape), points (m, *shape). D at large σ is under-dispersed, whatever a distance says: every D is near
    the mean. NaN where a cloud has one point, the data are all equal, or a point is NaN or infinite. Raises ValueError
    where a cloud is empty or the shapes differ. Source: A Geometric Perspective on Diffusion Models, arXiv 2305.19947,
    ODE-Jump, of whose early end this is the price.
    """
    first, second = two_clouds(denoised, points)
    if not finite(first, second):
        return math.nan
    whole = variance(second)
    return variance(first) / whole if whole > 0 else math.nan


def nearest_distance(x: ArrayLike, points: ArrayLike) -> Floats:
    """minᵢ ‖x − yᵢ‖ of each x (B, *shape) over points (N, *shape), (B,), in data units.

    The nearest point is found with matrix products and its distance is that of the difference, so that a data point has
    distance 0; between two that are equally near to 10⁻⁸ of the data's size either may be taken. Samples that repeat
    the data are nearer to it than held-out data are. NaN for a row that is not finite. Raises ValueError where a cloud
    is empty or the shapes differ.
    """
    queries, data = two_clouds(x, points)
    return nearest_of(queries, data, data.mean(axis=0))


@dataclass(frozen=True, slots=True)
class QualityRow:
    """One number of `Quality`: the text that stands beside it."""

    name: str
    title: str
    unit: str
    formula: str


QUALITIES = (
    QualityRow("sliced", "Sliced Wasserstein distance", "data units", "√[(1/R) Σᵣ ∫ (F⁻¹ − F_data⁻¹)² du]"),
    QualityRow("frechet", "Fréchet distance", "data units²", "‖μ − μ_d‖² + tr[C + C_d − 2 (C^½ C_d C^½)^½]"),
    QualityRow("spread", "Spread", "", "tr Cov / tr Cov of the data"),
    QualityRow("nearest", "Distance to the nearest data", "data units", "median of minᵢ ‖x − yᵢ‖"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Quality:
    """The numbers of one cloud of samples beside the data, NaN where they are undefined.

    sliced, frechet, spread: as the functions of these names; nearest: the median of `nearest_distance`; count: the
    samples that were used; note: a sentence about what was left out or is undefined, empty where nothing is.
    """

    sliced: float = math.nan
    frechet: float = math.nan
    spread: float = math.nan
    nearest: float = math.nan
    count: int = 0
    note: str = ""


@dataclass(frozen=True, eq=False, kw_only=True)  # without slots, because cached properties live in the dictionary
class Yardstick:
    """Data in two parts, the reference that samples are compared with and as many held-out points as there are samples.

    Attributes:
        reference: (M, *shape), at most 5,000 points. held_out: (n, *shape), which are not in the reference.
        basis: in which the Fréchet distance is taken; basis_name: its name, which stands beside the number.
        directions, seed: of the sliced distance.
        note: says where there are fewer held-out points than samples.
    """

    reference: Floats
    held_out: Floats
    basis: Basis
    basis_name: str
    directions: int = DIRECTIONS
    seed: int = 0
    note: str = ""

    @classmethod
    def of(
        cls,
        points: Any,
        count: int,
        *,
        rows: ArrayLike | None = None,
        seed: int = 0,
        directions: int = DIRECTIONS,
        between: Between = nothing,
    ) -> Yardstick:
        """Parts `points` (N, *shape), or those in `rows`, by a permutation of this seed; half of them at most are held
        out. `between` is called while the basis is computed; an exception from it cancels.

        ValueError where there is no point.
        """
        among = np.arange(len(points)) if rows is None else np.asarray(rows)
        size = len(among)
        if size == 0:
            raise ValueError("Quality needs data to compare with; there are no points.")
        held = min(count, size // 2)
        order = among[np.random.default_rng([seed, 2]).permutation(size)]
        kept = np.sort(order[held : held + MOST_REFERENCE])
        reference = np.asarray(points[kept], np.float64)
        note = ""
        if held < count:
            all_of_them = f"{size} point{'s' * (size > 1)}"
            note = f"The data have only {all_of_them}, of which {held} are held out as the control of {count} samples."
        basis = data_basis(reference, between=between)
        return cls(
            reference=reference,
            held_out=np.asarray(points[np.sort(order[:held])], np.float64),
            basis=basis,
            basis_name=basis_name(basis),
            directions=directions,
            seed=seed,
            note=note,
        )

    def measure(self, samples: Any, between: Between = nothing) -> Quality:
        """The numbers of samples (n, *shape). Rows that are not finite are left out, and the note says so.

        `between` is called several times a second; an exception from it cancels. ValueError where the samples have
        another shape than the data.
        """
        rows, total = self._finite(samples)
        notes = [f"{total - len(rows)} of {total} samples are not finite and were left out."] * (len(rows) < total)
        if not len(rows):
            return Quality(note=" ".join([*notes, "Undefined here because there are no samples."]))
        flat = rows.reshape(len(rows), -1)
        along = sorted_along(flat - self.centre, self.lines)
        if len(rows) < 2 or len(self.reference) < 2:
            few = "sample" if len(rows) < 2 else "data point"
            notes.append(f"Fréchet distance and spread are undefined here because there is only one {few}.")
        elif not self.variance:
            notes.append("The spread is undefined here because all data points are equal.")
        return Quality(
            sliced=sliced_of(along, self.along),
            frechet=frechet_of(moments(self.basis.project(rows)), self.moments),
            spread=variance(flat) / self.variance if self.variance > 0 else math.nan,
            nearest=float(np.median(nearest_of(flat, self.flat, self.centre, between))),
            count=len(rows),
            note=" ".join(notes),
        )

    @cached_property
    def control(self) -> Quality:
        """The numbers of the held-out points: what perfect samples would have."""
        return self.measure(self.held_out)

    def _finite(self, samples: Any) -> tuple[Floats, int]:
        rows = np.asarray(plain(samples), np.float64)
        if rows.shape[1:] != self.reference.shape[1:]:
            raise ValueError(f"The samples have shape {rows.shape[1:]}; the data have {self.reference.shape[1:]}.")
        whole = np.isfinite(rows.reshape(len(rows), math.prod(rows.shape[1:]))).all(axis=1)
        return rows[whole], len(rows)

    @cached_property
    def flat(self) -> Floats:
        """The reference as rows (M, d)."""
        return self.reference.reshape(len(self.reference), -1)

    @cached_property
    def centre(self) -> Floats:
        """Their mean (d,)."""
        return np.asarray(self.flat.mean(axis=0))

    @cached_property
    def lines(self) -> Floats:
        """The directions of the sliced distance, (d, R)."""
        return unit_directions(self.flat.shape[1], self.directions, self.seed)

    @cached_property
    def along(self) -> Floats:
        """The reference along them, each column sorted, (M, R)."""
        return sorted_along(self.flat - self.centre, self.lines)

    @cached_property
    def moments(self) -> tuple[Floats, Floats]:
        """Mean and covariance of the reference in the basis."""
        return moments(self.basis.project(self.reference))

    @cached_property
    def variance(self) -> float:
        """tr Cov of the reference."""
        return variance(self.flat)


def curves(qualities: list[Quality]) -> dict[str, Floats]:
    """The numbers of many clouds by name, one array (L,) for each row of `QUALITIES`."""
    return {row.name: np.array([getattr(quality, row.name) for quality in qualities]) for row in QUALITIES}
