"""The denoiser of one Gaussian with the mean and covariance of the data, or of one such Gaussian for each class."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import Integers
from geomodel.denoisers.base import Denoiser, _per_sample
from geomodel.denoisers.mixture import float64_queries
from geomodel.denoisers.optimal.input import checked_count, given_classes, given_points
from geomodel.denoisers.spectrum import Spectrum, spectrum
from geomodel.hooks import Between, nothing

WHOLE = 1024  # dimensions up to which the whole covariance is kept
KEPT = 512  # eigenvalues that are kept of more dimensions
_NUMBERS_AT_ONCE = 2**22  # coordinates of a batch in all Gaussians: 32 MB


@dataclass(frozen=True, slots=True, eq=False)
class _Part:
    """One Gaussian in tensors; see `Spectrum`."""

    mean: Tensor  # (d,)
    vectors: Tensor  # (d, r)
    values: Tensor  # (r,)
    rest: float
    log_weight: float

    @classmethod
    def of(cls, fitted: Spectrum, weight: float) -> _Part:
        mean, vectors, values = map(torch.as_tensor, (fitted.mean.reshape(-1), fitted.vectors, fitted.values))
        return cls(mean.double(), vectors.double(), values.double(), float(fitted.rest), math.log(weight))

    @property
    def others(self) -> int:
        """How many directions share the variance `rest`."""
        return len(self.vectors) - len(self.values)

    def coordinates(self, x: Tensor) -> Tensor:
        """Vᵀ(x − μ), (b, r)."""
        return (x - self.mean) @ self.vectors

    def joint(self, x: Tensor, inside: Tensor, variance: Tensor) -> Tensor:
        """log π + log N(x; μ, C + σ²I), (b,). inside: the coordinates of x."""
        noisy, rest = self.values + variance[:, None], self.rest + variance
        square = (inside**2 / noisy).sum(1)
        volume = noisy.log().sum(1)
        if self.others:
            outside = ((x - self.mean) ** 2).sum(1) - (inside**2).sum(1)
            square = square + outside.clamp(min=0) / rest
            volume = volume + self.others * rest.log()
        return self.log_weight - 0.5 * (square + volume + len(self.vectors) * math.log(2 * math.pi))

    def scaled(self, x: Tensor, inside: Tensor, along: Tensor, across: Tensor) -> Tensor:
        """μ + V diag(along) Vᵀ(x − μ) + across (I − VVᵀ)(x − μ), (b, d). along (b, r); across (b,)."""
        scaled = self.mean + (inside * (along - across[:, None])) @ self.vectors.T
        return scaled + across[:, None] * (x - self.mean)

    def denoised(self, x: Tensor, inside: Tensor, variance: Tensor) -> Tensor:
        """μ + C (C + σ²I)⁻¹ (x − μ), (b, d)."""
        rest = torch.as_tensor(self.rest, dtype=torch.float64)
        return self.scaled(x, inside, _share(self.values, variance[:, None]), _share(rest, variance))


def _share(own: Tensor, noise: Tensor) -> Tensor:
    """own/(own + noise), which is 0 for a variance of 0 at any noise, so that D stays where the data are."""
    return torch.where(own > 0, own / (own + noise), 0.0)


class Gaussians(Denoiser):
    """D(x; σ) of p = Σ_k π_k N(μ_k, C_k): what is known of the data when only means and covariances are.

    With r_k(x) = softmax_k[log π_k + log N(x; μ_k, C_k + σ²I)] and C_k = V diag(λ − ρ) Vᵀ + ρ I,

        D(x; σ) = Σ_k r_k(x) [μ_k + (V diag(λ/(λ+σ²)) Vᵀ + ρ/(ρ+σ²) (I − VVᵀ)) (x − μ_k)].

    `fit` makes it from points; then every component is a class, and a call with labels (B,) takes the Gaussian of that
    class alone, −1 all of them. All arithmetic is float64, and the result is differentiable in x. Sources: Wang and
    Vastola 2024 (arXiv 2412.09726); the Gaussian models of arXiv 2506.10177, section 4.

    Args:
        spectra: one `Spectrum` for each Gaussian.
        weights: (K,), positive; normalised here. Equal by default.
        classes: the class of each Gaussian, from 0 on; None where there are no classes.

    Attributes:
        spectra, weights: as given, weights as a float64 tensor (K,) of sum 1.
        note: a sentence that says what was left out of the covariances; empty where nothing was.

    Raises:
        ValueError: shapes or weights do not fit; a call asks for a class that is not there; a density is asked for at
            σ = 0, where a Gaussian has no variance in some direction.
    """

    def __init__(
        self, spectra: Sequence[Spectrum], weights: Any = None, *, classes: Sequence[int] | None = None, note: str = ""
    ) -> None:
        self.spectra, self.note = tuple(spectra), note
        self.shape = tuple(self.spectra[0].mean.shape)
        if any(tuple(item.mean.shape) != self.shape for item in self.spectra):
            raise ValueError(f"The Gaussians have means of different shapes; the first has {self.shape}.")
        raw = torch.as_tensor(np.ones(len(self.spectra)) if weights is None else np.asarray(weights, np.float64))
        if raw.shape != (len(self.spectra),) or not bool((raw > 0).all()):
            raise ValueError(f"weights must be ({len(self.spectra)},) positive numbers; got {raw.tolist()}.")
        self.weights = raw / raw.sum()
        self._parts = tuple(map(_Part.of, self.spectra, self.weights.tolist()))
        self._of_class = {} if classes is None else {int(label): k for k, label in enumerate(classes)}
        self.num_classes = 1 + max(self._of_class, default=-1)
        means = torch.stack([part.mean for part in self._parts])
        self.center = (self.weights @ means).reshape(self.shape)

    @classmethod
    def fit(
        cls,
        points: Any,
        labels: Any = None,
        *,
        rank: int | None = None,
        between: Between = nothing,
    ) -> Gaussians:
        """One Gaussian with the mean and covariance of points, or one for each class with the class's share as weight.

        Args:
            points: (N, *shape), an array, a tensor, or an array-like over a file, which is read in blocks.
            labels: (N,), the class of each point from 0 on; points below 0 are left out. None: one Gaussian.
            rank: how many eigenvalues of each covariance are kept; all other directions share the mean of theirs. None
                keeps all up to 1,024 dimensions, and 512 of more, which `note` then says.
            between: called between the parts of the work; an exception from it ends the fit.

        Raises:
            ValueError: no points, or points that are not finite; labels of another length or kind, or none from 0 on; a
                rank that is not a whole number from 0 to d.
        """
        points = given_points(points)
        dimension = math.prod(points.shape[1:])
        kept = dimension if dimension <= WHOLE else KEPT
        kept = kept if rank is None else checked_count("rank", rank, 0)
        if kept > dimension:
            raise ValueError(f"rank is {kept}; the points have {dimension} dimensions, so it is at most that.")
        rows, counts, classes = _parted(points, labels)
        spectra = [spectrum(_Rows(points, own, between), kept) for own in rows]
        note = _left_out(dimension) if rank is None and any(item.rest for item in spectra) else ""
        return cls(spectra, counts, classes=classes, note=note)

    def log_density(self, x: Any, sigma: Any) -> Any:
        """log p_σ(x) = log Σ_k π_k N(x; μ_k, C_k + σ²I), normalised, in nats: (B,), a tensor or an array as x is."""
        density = torch.logsumexp(self._joint(x, sigma), dim=1)
        return density if isinstance(x, Tensor) else density.numpy()

    def responsibilities(self, x: Any, sigma: Any) -> Any:
        """r_k(x) = π_k N(x; μ_k, C_k + σ²I)/p_σ(x): (B, K), rows sum to 1; a tensor or an array as x is."""
        shares = torch.softmax(self._joint(x, sigma), dim=1)
        return shares if isinstance(x, Tensor) else shares.numpy()

    def solution(self, x: Any, sigma: Any, sigma_next: Any) -> Any:
        """Where the probability-flow ODE carries x from sigma to sigma_next, in closed form, for one Gaussian.

            x(σ′) = μ + V diag √((λ+σ′²)/(λ+σ²)) Vᵀ(x − μ) + √((ρ+σ′²)/(ρ+σ²)) (I − VVᵀ)(x − μ)

        x (B, *shape); sigma above 0 and sigma_next from 0 on: floats or (B,). Returns the shape, dtype and kind of x.
        Raises ValueError where there are several Gaussians, whose ODE has no such form, or sigma is 0. Source: arXiv
        2412.09726.
        """
        if len(self._parts) > 1:
            raise ValueError(f"Only one Gaussian has a solution in closed form; these are {len(self._parts)}.")
        points, levels = float64_queries(self.shape, x, sigma)
        if not bool((levels > 0).all()):
            raise ValueError("The solution starts at a noise level above 0.")
        part, flat = self._parts[0], points.flatten(1)
        before, after = (noise[:, None] ** 2 for noise in (levels, _per_sample(sigma_next, len(points))))
        across = ((part.rest + after) / (part.rest + before)).sqrt()[:, 0]
        along = ((part.values + after) / (part.values + before)).sqrt()
        moved = part.scaled(flat, part.coordinates(flat), along, across).reshape(points.shape)
        if isinstance(x, Tensor):
            return moved.to(device=x.device, dtype=x.dtype if x.is_floating_point() else torch.float64)
        kind = getattr(x, "dtype", np.dtype(np.float64))
        return moved.numpy().astype(kind if kind.kind == "f" else np.float64)

    def _joint(self, x: Any, sigma: Any) -> Tensor:
        points, levels = float64_queries(self.shape, x, sigma)
        flat = points.flatten(1)
        self._check_density(levels)
        return torch.stack([part.joint(flat, part.coordinates(flat), levels**2) for part in self._parts], dim=1)

    def _check_density(self, sigma: Tensor) -> None:
        if bool((sigma == 0).any()) and any(item.singular for item in self.spectra):
            raise ValueError(
                "Some of these Gaussians have no variance in some directions and so no density at σ = 0; "
                "ask for a noise level above 0."
            )

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        flat = x.to(device="cpu", dtype=torch.float64).flatten(1)
        if labels is None or bool((labels < 0).all()):
            return self._denoised(flat, sigma, self._parts).reshape(x.shape)
        denoised = torch.empty_like(flat)
        for label in sorted(set(labels.tolist())):
            rows = labels == label
            denoised[rows] = self._denoised(flat[rows], sigma[rows], self._parts if label < 0 else self._only(label))
        return denoised.reshape(x.shape)

    def _only(self, label: int) -> tuple[_Part]:
        if label not in self._of_class:
            known = f"the classes are {sorted(self._of_class)}" if self._of_class else "these Gaussians have no classes"
            raise ValueError(f"There is no class {label} here; {known}.")
        return (self._parts[self._of_class[label]],)

    def _denoised(self, x: Tensor, sigma: Tensor, parts: Sequence[_Part]) -> Tensor:
        if len(parts) > 1:
            self._check_density(sigma)
        size = max(1, _NUMBERS_AT_ONCE // max(1, sum(len(part.values) for part in parts)))
        starts = range(0, max(1, len(x)), size)
        return torch.cat([_mean(x[at : at + size], sigma[at : at + size] ** 2, parts) for at in starts])


def _mean(x: Tensor, variance: Tensor, parts: Sequence[_Part]) -> Tensor:
    """Σ_k r_k [μ_k + C_k (C_k + σ²I)⁻¹ (x − μ_k)], (b, d)."""
    inside = [part.coordinates(x) for part in parts]
    if len(parts) == 1:
        return parts[0].denoised(x, inside[0], variance)
    joint = [part.joint(x, own, variance) for part, own in zip(parts, inside, strict=True)]
    shares = torch.softmax(torch.stack(joint, dim=1), dim=1)
    means = [part.denoised(x, own, variance) for part, own in zip(parts, inside, strict=True)]
    return torch.einsum("bk,kbd->bd", shares, torch.stack(means))


def _parted(points: Any, labels: Any) -> tuple[list[Integers], list[int], list[int] | None]:
    """The rows of each Gaussian's points, their counts, and their classes; None where there are no labels."""
    if labels is None:
        return [np.arange(len(points))], [len(points)], None
    of_point = given_classes(labels, len(points)).numpy()
    classes, counts = np.unique(of_point[of_point >= 0], return_counts=True)
    if not len(classes):
        raise ValueError("No point has a class; give labels from 0 on, or none for one Gaussian.")
    return [np.flatnonzero(of_point == label) for label in classes], counts.tolist(), classes.tolist()


def _left_out(dimension: int) -> str:
    return f"Of {dimension:,} directions the {KEPT} of largest variance are kept; the others share their mean variance."


class _Rows:
    """Some rows of points as an array-like. Reading a block of them calls `between` first."""

    def __init__(self, points: Any, rows: Integers, between: Callable[[], None]) -> None:
        self._points, self._rows, self._between = points, rows, between
        self.shape = (len(rows), *points.shape[1:])

    def __len__(self) -> int:
        return len(self._rows)

    def __getitem__(self, part: slice) -> Any:
        self._between()
        taken = self._points[self._rows[part]]
        return taken.detach().cpu().numpy() if isinstance(taken, Tensor) else taken
