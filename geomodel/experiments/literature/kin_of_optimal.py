"""Claims on denoisers that are D* with one thing changed: it is smoothed, or it sees only a patch around each pixel."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geomodel import schedules
from geomodel.arrays import Floats
from geomodel.experiments.literature.claim import Finding, NotApplicable
from geomodel.experiments.literature.toys import noise_of
from geomodel.quality import nearest_distance

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import Tensor

    from geomodel.denoisers.optimal import OptimalDenoiser
    from geomodel.experiments.literature.material import Material

SIDE, IMAGES = 6, 20  # pixels of the images, and how many there are
DRAWS = 64  # shifts that a smoothed D* is the mean of


def _points(count: int, dimension: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, dimension))


def _smoothed(optimal: OptimalDenoiser, shifts: Floats) -> Callable[[Tensor, float], Tensor]:
    """D_s(x; σ) = mean_m D*(x + s z_m; σ); shifts: s z_m, (M, d)."""
    import torch

    away = torch.as_tensor(shifts)

    def denoise(x: Tensor, sigma: float) -> Tensor:
        found: Tensor = optimal((x[:, None] + away).flatten(0, 1), sigma)
        return found.reshape(len(x), len(away), -1).mean(dim=1)

    return denoise


def smoothing_goes(material: Material) -> Finding:
    """How far a barely smoothed D* is from D*, over the spread of the data."""
    import torch

    from geomodel.denoisers.optimal import OptimalDenoiser

    points, smoothing = _points(40, 8, 37), 1e-6
    optimal, shifts = OptimalDenoiser(points), smoothing * _points(DRAWS, 8, 38)
    gaps: list[float] = []
    for sigma in (3.0, 1.0, 0.3):
        material.report(len(gaps) / 3)
        x = torch.as_tensor(points[:16] + sigma * _points(16, 8, 39))
        gaps.append(float((_smoothed(optimal, shifts)(x, sigma) - optimal(x, sigma)).norm(dim=1).max()))
    return Finding(
        measured=max(gaps) / math.sqrt(8),
        expected=0.0,
        tolerance=1e-5,  # ‖∂D*/∂x‖ s, and the Jacobian of D* is at most (the data's spread/σ)²
        relation="at most",
        n=48,
        reason=f"Smoothing s = {smoothing:g}, the mean of {DRAWS} shifts.",
    )


def smoothing_invents(material: Material) -> Finding:
    """How far the ends of a smoothed D* are from the data, over the distance of a point to its neighbour."""
    from geomodel.denoisers.optimal import OptimalDenoiser
    from geomodel.sampling import sample

    points, sigmas = _points(40, 8, 37), schedules.karras(20, sigma_min=0.002, sigma_max=20.0)
    optimal, start = OptimalDenoiser(points), noise_of(16, 8, 20.0)
    apart = float(np.median([nearest_distance(points[k : k + 1], np.delete(points, k, 0))[0] for k in range(40)]))
    medians = []
    for smoothing in (0.0, 1.5):
        model = _smoothed(optimal, smoothing * _points(DRAWS, 8, 38))
        ends = sample(material.watch(model, sigmas), start, sigmas, solver="euler", display="off").x[-1]
        medians.append(float(np.median(nearest_distance(ends, points))) / apart)
    return Finding(
        measured=medians[1],
        expected=0.2,
        relation="at least",
        n=16,
        reason=f"Without smoothing it is {medians[0]:.2g}: D* ends on its data. Smoothing 1.5, data of spread 1.",
        also=medians[0] < 0.01,
    )


def local_denoised(images: Floats, x: Floats, sigma: float, reach: int) -> Floats:
    """The local score machine: D of each pixel from the patch around it alone, cut at the border.

        D_q(x) = Σ_i w_i^q y_iq,   w^q = softmax_i(−Σ_{p∈Ω_q}(x_p − y_ip)²/2σ²),   Ω_q = {p : |p − q|_∞ ≤ reach}

    images (N, H, W), x (B, H, W); the sums over the patches come from cumulative sums along both axes.
    """
    squares = (x[:, None] - images[None]) ** 2
    for axis in (2, 3):
        size = squares.shape[axis]
        sums = np.insert(np.cumsum(squares, axis=axis), 0, 0.0, axis=axis)
        first, last = np.maximum(np.arange(size) - reach, 0), np.minimum(np.arange(size) + reach + 1, size)
        squares = np.take(sums, last, axis=axis) - np.take(sums, first, axis=axis)
    logits = -squares / (2 * sigma**2)
    weights = np.exp(logits - logits.max(axis=1, keepdims=True))
    return np.asarray((weights * images).sum(axis=1) / weights.sum(axis=1))


def local_limits(material: Material) -> Finding:
    """The local score machine against D* where its patch is the whole image, and pixel by pixel where it is one."""
    from geomodel.denoisers.optimal import OptimalDenoiser

    images = _points(IMAGES, SIDE * SIDE, 38).reshape(IMAGES, SIDE, SIDE)
    optimal = OptimalDenoiser(images)
    gaps: list[float] = []
    pixels = [[OptimalDenoiser(images[:, [r], [c]]) for c in range(SIDE)] for r in range(SIDE)]
    for sigma in (5.0, 1.0, 0.3):
        material.report(len(gaps) / 6)
        x = images[:4] + sigma * _points(4, SIDE * SIDE, 40).reshape(4, SIDE, SIDE)
        alone = np.stack([[pixels[r][c](x[:, [r], [c]], sigma)[:, 0] for c in range(SIDE)] for r in range(SIDE)])
        for reach, exact in ((SIDE, np.asarray(optimal(x, sigma))), (0, alone.transpose(2, 0, 1))):
            gaps.append(float(np.abs(local_denoised(images, x, sigma, reach) - exact).max()))
    return Finding(
        measured=max(gaps),
        expected=0.0,
        tolerance=1e-10,
        relation="at most",
        n=2 * 3 * 4,
        reason=f"{IMAGES} random images of {SIDE} × {SIDE} pixels, at σ = 5, 1 and 0.3.",
    )


def papers_fid(material: Material) -> Finding:
    """The papers' table of FID, which this program does not compute."""
    raise NotApplicable(
        "FID compares 50,000 images in the features of an Inception network, which does not come with this program; "
        "quality is a sliced and a Fréchet distance in the data's own coordinates here"
    )
