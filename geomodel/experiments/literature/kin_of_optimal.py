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
    from geomodel.experiments.literature.material import Material

SIDE, IMAGES = 6, 20  # pixels of the images, and how many there are
DRAWS = 16  # shifts that a smoothed D* is the mean of


def _points(count: int, dimension: int, seed: int) -> Floats:
    return np.random.default_rng(seed).standard_normal((count, dimension))


def smoothing_goes(material: Material) -> Finding:
    """How far a barely smoothed D* is from D*, over the spread of the data."""
    from geomodel.denoisers.optimal import OptimalDenoiser
    from geomodel.denoisers.smoothed import SmoothedDenoiser

    points, smoothing = _points(40, 8, 37), 1e-4
    optimal = OptimalDenoiser(points)
    smoothed = SmoothedDenoiser(optimal, smoothing, DRAWS)
    gaps: list[float] = []
    for sigma in (3.0, 1.0, 0.3):
        material.report(len(gaps) / 3)
        x = points[:16] + sigma * _points(16, 8, 39)
        gaps.append(float(np.linalg.norm(smoothed(x, sigma) - optimal(x, sigma), axis=1).max()))
    return Finding(
        measured=max(gaps) / math.sqrt(8),
        expected=0.0,
        tolerance=1e-6,  # pairs ±z leave s² times a second derivative, which is at most about 1/σ² = 11
        relation="at most",
        n=48,
        reason=f"Smoothing s = {smoothing:g}, the mean of {DRAWS} shifts.",
    )


def smoothing_invents(material: Material) -> Finding:
    """How far the ends of a smoothed D* are from the data, over the distance of a point to its neighbour."""
    from geomodel.denoisers.optimal import OptimalDenoiser
    from geomodel.denoisers.smoothed import SmoothedDenoiser
    from geomodel.sampling import sample

    points, sigmas = _points(40, 8, 37), schedules.karras(20, sigma_min=0.002, sigma_max=20.0)
    optimal, start = OptimalDenoiser(points), noise_of(16, 8, 20.0)
    apart = float(np.median([nearest_distance(points[k : k + 1], np.delete(points, k, 0))[0] for k in range(40)]))
    medians = []
    for smoothing in (0.0, 1.5):
        model = material.watch(SmoothedDenoiser(optimal, smoothing, DRAWS), sigmas)
        ends = sample(model, start, sigmas, solver="euler", display="off").x[-1]
        medians.append(float(np.median(nearest_distance(ends, points))) / apart)
    return Finding(
        measured=medians[1],
        expected=0.2,
        relation="at least",
        n=16,
        reason=f"Without smoothing it is {medians[0]:.2g}: D* ends on its data. Smoothing 1.5, data of spread 1.",
        also=medians[0] < 0.01,
    )


def local_limits(material: Material) -> Finding:
    """The local denoiser against D* where its patch is the whole image, and pixel by pixel where it is one."""
    from geomodel.denoisers.local import LocalDenoiser
    from geomodel.denoisers.optimal import OptimalDenoiser

    images = _points(IMAGES, SIDE * SIDE, 38).reshape(IMAGES, 1, SIDE, SIDE)
    optimal = OptimalDenoiser(images)
    gaps: list[float] = []
    whole, alone = LocalDenoiser(images, 2 * SIDE - 1), LocalDenoiser(images, 1)
    pixels = [OptimalDenoiser(images.reshape(IMAGES, -1)[:, [at]]) for at in range(SIDE * SIDE)]
    for sigma in (5.0, 1.0, 0.3):
        material.report(len(gaps) / 3)
        x = images[:4] + sigma * _points(4, SIDE * SIDE, 40).reshape(4, 1, SIDE, SIDE)
        flat = x.reshape(4, -1)
        apart = np.concatenate([own(flat[:, [at]], sigma) for at, own in enumerate(pixels)], axis=1).reshape(x.shape)
        pairs = ((whole(x, sigma), optimal(x, sigma)), (alone(x, sigma), apart))
        gaps.append(max(float(np.abs(found - exact).max()) for found, exact in pairs))
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
