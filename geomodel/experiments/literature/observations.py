"""Observations of the papers on the shared run: how straight trajectories are, and where they bend."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from geomodel import geometry
from geomodel.arrays import Floats
from geomodel.experiments.controls import gaussian_curve, random_walk
from geomodel.experiments.literature.claim import Finding, NotApplicable

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

LEVELS = "100 Karras levels"
LATE = 0.01  # of the data's size: below it the papers' trajectories are straight again
WALKS = 16  # random walks of the control
STRAIGHT_ARC = 0.8  # of the arc length


def _large(material: Material, ratio: float = 1.0) -> NDArray[np.bool_]:
    """Which levels are `ratio` times as large as the data, or more."""
    found = np.asarray(material.run.sigmas >= ratio * material.scale)
    if not found.any():
        raise NotApplicable(f"the run begins at σ = {material.run.sigmas[0]:.3g}, which is not large against the data")
    return found


def small_deviation(material: Material) -> Finding:
    """The largest deviation of x over the distance of its ends."""
    material.many_dimensions()
    deviation = material.deviation
    ratios = deviation.max(axis=0) / material.subspace.chord
    level = int(deviation.mean(axis=1).argmax())
    sigma = float(material.run.sigmas[level])
    return Finding(
        measured=float(ratios.mean()),
        expected=0.0034,
        tolerance=0.0066,
        relation="at most",
        n=len(ratios),
        spread=float(ratios.std()),
        reason=f"The mean deviation peaks with {deviation.mean(axis=1).max():.3g} at σ = {sigma:.3g}.",
        sigma=sigma,
    )


def deviation_peak(material: Material) -> Finding:
    """How many decades the level of the largest deviation is away from √Λ."""
    material.many_dimensions()
    sigma = float(material.run.sigmas[int(material.deviation.mean(axis=1).argmax())])
    peaks = np.log10(material.run.sigmas[material.deviation.argmax(axis=0)] / material.scale)
    return Finding(
        measured=abs(math.log10(sigma / material.scale)),
        expected=0.0,
        tolerance=0.8,
        relation="at most",
        n=material.count,
        spread=float(peaks.std()),
        reason=f"It peaks at σ = {sigma:.3g} and √Λ is {material.scale:.3g}; the papers' peak on CIFAR-10 is at 12.4.",
        sigma=sigma,
    )


def bent_means(material: Material) -> Finding:
    """How much more D bends than x: deviation over the distance of the ends, of D over that of x."""
    material.many_dimensions()
    means, bends = material.denoised, []
    for curve, deviation in ((material.run.x, material.deviation), (means, geometry.deviation(means))):
        bends.append(deviation.max(axis=0) / geometry.norm(curve[:1] - curve[-1:])[0])
    ratios = bends[1] / bends[0]
    return Finding(
        measured=float(np.median(ratios)),
        expected=80.0,
        tolerance=70.0,
        relation="at least",
        n=len(ratios),
        spread=float(ratios.std()),
        reason=f"Deviation over distance: {np.median(bends[1]):.3g} for D, {np.median(bends[0]):.3g} for x.",
    )


def nearer_and_nearer(material: Material) -> Finding:
    """The share of samples whose distance to their end falls at every step."""
    material.many_dimensions()
    distances = geometry.distance_to_end(material.run.x)
    falls = np.asarray((np.diff(distances, axis=0) < 0).all(axis=0))
    return Finding(measured=float(falls.mean()), expected=1.0, relation="at least", n=len(falls))


def means_nearer(material: Material) -> Finding:
    """The share of steps at which D's mean distance to its end does not rise."""
    distances = geometry.distance_to_end(material.denoised).mean(axis=1)
    falls = np.diff(distances) <= 1e-9 * distances[0]  # D* rests where one point has all the weight
    half = float(material.run.sigmas[int(np.argmax(distances < distances[0] / 2))])
    return Finding(
        measured=float(falls.mean()),
        expected=1.0,
        tolerance=0.05,
        relation="at least",
        n=len(falls),
        reason=f"Half the way is done at σ = {half:.3g}.",
        sigma=half,
    )


def one_component(material: Material) -> Finding:
    """The share of the first plain principal component of a trajectory."""
    material.many_dimensions()
    shares = []
    for sample in range(min(8, material.count)):
        curve = np.asarray(material.run.x[:, sample], np.float64).reshape(len(material.run.x), -1)
        values = np.linalg.svd(curve - curve.mean(axis=0), compute_uv=False) ** 2
        shares.append(values[0] / values.sum())
    return Finding(
        measured=float(np.mean(shares)),
        expected=0.999,
        relation="at least",
        n=len(shares),
        spread=float(np.std(shares)),
        reason="Nearly all of it is the displacement; the next claim leaves that out.",
    )


def two_components(material: Material) -> Finding:
    """The share of two principal components of the complement of the displacement."""
    material.many_dimensions()
    shares = material.subspace.explained.sum(axis=1)
    shares = shares[np.isfinite(shares)]
    if not len(shares):
        raise NotApplicable("the trajectories are straight, so that nothing is left across their displacement")
    walks = min(WALKS, material.count)
    walk = random_walk(material.run.x[:, :walks], range(walks))
    control = float(np.nanmean(geometry.subspace(walk).explained.sum(axis=1)))
    return Finding(
        measured=float(shares.mean()),
        expected=0.85,
        relation="at least",
        n=len(shares),
        spread=float(shares.std()),
        reason=f"Over {LEVELS}; other levels give another share. A random walk of the same steps has {control:.2f}.",
    )


def one_shape(material: Material) -> Finding:
    """How far the trajectories are from their mean shape across the displacement, after each was scaled to one size."""
    material.many_dimensions()
    shape = material.bundle
    return Finding(
        measured=shape.equal_residual,
        expected=0.08,
        tolerance=0.12,
        relation="at most",
        n=shape.count,
        spread=float(np.nanstd(shape.equal)),
        reason=f"Sizes differ by {shape.spread:.0%}, and with them the residual is {shape.residual:.2g}. The bundled "
        f"network has 0.08.",
    )


def shape_of_covariance(material: Material) -> Finding:
    """The distance of the mean shape from that of one Gaussian with the data's covariance, from the same noise."""
    from geomodel.denoisers.gaussians import Gaussians

    material.many_dimensions()
    run = material.run
    gaussian = Gaussians.fit(material.points, between=lambda: material.report(0.0))
    curves = gaussian_curve(gaussian, run.x[0], run.sigmas, between=lambda: material.report(0.5))
    own = geometry.shape(geometry.subspace(curves).across)
    distance, scale = geometry.shape_distance(material.bundle.alignment.mean, own.alignment.mean)
    return Finding(
        measured=distance,
        expected=0.03,
        tolerance=0.17,
        relation="at most",
        n=material.count,
        reason=f"Of the shape's size, after a scale of {scale:.3g}. So the shape says what the covariance is, and "
        f"little about the model.",
    )


def short_arc(material: Material) -> Finding:
    """Arc length over the distance of the ends."""
    material.many_dimensions()
    ratios = geometry.step_length(material.run.x).sum(axis=0) / material.subspace.chord
    return Finding(
        measured=float(ratios.mean()),
        expected=1.0004,
        tolerance=0.0016,
        relation="at most",
        n=len(ratios),
        spread=float(ratios.std()),
    )


def long_chord(material: Material) -> Finding:
    """The distance of the ends over σ_max √d."""
    material.many_dimensions()
    ratios = material.subspace.chord / (material.run.sigmas[0] * math.sqrt(material.dimension))
    # Each length of noise differs by 1/√(2d), and the data move the end: with σ_max = 10 √Λ by up to 1 % too.
    return Finding(
        measured=float(ratios.mean()),
        expected=1.0,
        tolerance=0.01 + 3 / math.sqrt(2 * material.dimension * len(ratios)),
        n=len(ratios),
        spread=float(ratios.std()),
    )


def constant_speed(material: Material) -> Finding:
    """‖x − D‖/(σ√d) where σ is larger than the data."""
    material.many_dimensions()
    means = material.slopes[_large(material)].mean(axis=1)
    worst = int(np.abs(means - 1).argmax())
    return Finding(
        measured=float(means[worst]),
        expected=1.0,
        tolerance=0.02 + 3 / math.sqrt(2 * material.dimension * material.count),
        n=material.count,
        spread=float(material.slopes[worst].std()),
        reason=f"The level farthest from 1 of {len(means)}; at σ_min it is {material.slopes[-1].mean():.3f}.",
        sigma=float(material.run.sigmas[worst]),
    )


def straight_at_first(material: Material) -> Finding:
    """The least mean cosine between slope and the direction to the end, where σ is three times the data or more."""
    material.many_dimensions()
    cosines = material.cosines[_large(material, 3.0)[:-1]].mean(axis=1)
    worst = int(cosines.argmin())
    return Finding(
        measured=float(cosines[worst]),
        expected=0.999,
        relation="at least",
        n=material.count,
        spread=float(material.cosines[worst].std()),
        sigma=float(material.run.sigmas[worst]),
    )


def cosine_dip(material: Material) -> Finding:
    """The least mean cosine over the whole run."""
    material.many_dimensions()
    cosines = material.cosines.mean(axis=1)
    worst = int(cosines.argmin())
    return Finding(
        measured=float(cosines[worst]),
        expected=0.9963,
        tolerance=0.0163,
        relation="at least",
        n=material.count,
        spread=float(material.cosines[worst].std()),
        reason=f"At σ = {material.run.sigmas[worst]:.3g}; D* of ten clusters has 0.985.",
        sigma=float(material.run.sigmas[worst]),
    )


def _turned(material: Material) -> Floats:
    """The mean angle turned at each inner level, (L,)."""
    return np.asarray(np.nan_to_num(geometry.turning(material.run.x)).mean(axis=1))


def turning_late_in_arc(material: Material) -> Finding:
    """The share of all turning in the first 80 % of the arc."""
    material.many_dimensions()
    angles = _turned(material)
    arc = np.append(0.0, geometry.step_length(material.run.x).mean(axis=1).cumsum())
    first = arc <= STRAIGHT_ARC * arc[-1]
    total = float(angles.sum())
    return Finding(
        measured=float(angles[first].sum()) / total,
        expected=0.002,
        tolerance=0.018,
        relation="at most",
        n=material.count,
        reason=f"All turning is {total:.3g} rad; 80 % of the arc end at σ = {material.run.sigmas[first][-1]:.3g}.",
        sigma=float(material.run.sigmas[first][-1]),
    )


def straight_at_last(material: Material) -> Finding:
    """The share of all turning below a hundredth of the data's size."""
    material.many_dimensions()
    angles, limit = _turned(material), LATE * material.scale
    last = material.run.sigmas <= limit
    if not last[:-1].any():
        raise NotApplicable(f"the run ends at σ = {material.run.sigmas[-1]:.3g}, above a hundredth of the data's size")
    return Finding(
        measured=float(angles[last].sum() / angles.sum()),
        expected=0.0,
        tolerance=0.05,
        relation="at most",
        n=material.count,
        reason=f"Of {angles.sum():.3g} rad, below σ = {limit:.3g}; curvature by arc length hides this, because "
        f"there is hardly any arc.",
        sigma=limit,
    )
