"""Observations of the papers that need the data: likelihood, quality, what is learned and what is repeated."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geomodel.arrays import Floats
from geomodel.designed import gits_table
from geomodel.experiments.commitment import commitment
from geomodel.experiments.exact import distances
from geomodel.experiments.literature.claim import Finding, NotApplicable
from geomodel.experiments.quality import jump
from geomodel.experiments.votes import nearest_classes
from geomodel.regions import LEAST

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

MATCHING = 1.4  # times √Λ: the papers' 12.4 on CIFAR-10
CLOUD = 32  # samples of the jump for each one of the run, so that 64 make 2,048
EVALUATIONS = 6
JUMP = 0.1  # times √Λ
LATENTS, STUDENTS = 16, 32  # samples on which a schedule is designed, and on which it is tried
FINE = 60
ENDS, DRAWS = 16, 4  # of the way back up to a level and down again


def noise_share(material: Material) -> Finding:
    """The median of what D gains over x in log p_h, h = σ_n, over d/2."""
    material.many_dimensions()
    ratios = material.gains.denoised / material.gains.denoised_noise[:, None]
    ratios, half = ratios[np.isfinite(ratios)], material.dimension / 2
    return Finding(
        measured=float(np.median(ratios)),
        expected=1.0,
        tolerance=0.2,  # what the data add, which is little in hundreds of dimensions and a sixth in 64
        n=ratios.size,
        spread=float(ratios.std()),
        reason=f"{np.median(ratios) * half:.4g} nats, and d/2 is {half:g}: the gain says that noise is gone, "
        f"and nothing about the model.",
    )


def means_look_better(material: Material) -> Finding:
    """The share of levels above a tenth of √Λ at which D is nearer to the data than x, by sliced distance."""
    run, sticks = material.run, material.yardstick
    levels = [level for level in range(0, len(run.sigmas), 5) if run.sigmas[level] >= JUMP * material.scale]
    if not levels:
        raise NotApplicable("no level is as large as a tenth of the data")
    nearer = []
    for level in levels:
        material.report(level / len(run.sigmas))
        nearer.append(sticks.measure(material.denoised[level]).sliced < sticks.measure(run.x[level]).sliced)
    ends = [sticks.measure(curve[-1]).sliced for curve in (run.x, material.denoised)]
    return Finding(
        measured=float(np.mean(nearer)),
        expected=1.0,
        tolerance=0.1,
        relation="at least",
        n=len(levels),
        reason=f"x carries its noise, so this must be so. At the end: x {ends[0]:.3g}, D {ends[1]:.3g}; as many "
        f"held-out data {sticks.control.sliced:.3g}. {sticks.note}".strip(),
    )


def early_jump(material: Material) -> Finding:
    """Sliced distance of a run that jumps at a tenth of √Λ, over that of the run to σ_min, six evaluations each."""
    low, high = material.levels
    if not low < JUMP * material.scale < high:
        raise NotApplicable("a tenth of the data's size is not among the levels of the run")
    count = CLOUD * material.count
    found = jump(
        material.model,
        material.start(count, material.count),
        material.points,
        evaluations=EVALUATIONS,
        jump_sigmas=[JUMP * material.scale, low],
        sigma_max=high,
        labels=material.labels(count),
        seed=material.seed,
        progress=lambda part, fraction: material.report((part + fraction) / 2),
    )
    early, late = found.curve("sliced")
    return Finding(
        measured=early / late,
        expected=1.0,
        relation="at most",
        n=count,
        reason=f"Euler, {EVALUATIONS} evaluations: {early:.3g} with the jump, {late:.3g} without; as many held-out "
        f"data {found.yardstick.control.sliced:.3g}. Gains end where steps are many or the solver is good.",
        sigma=JUMP * material.scale,
    )


def alike_at_large_noise(material: Material) -> Finding:
    """‖D − D*‖ on the trajectory of D* at 1.4 √Λ, over its peak."""
    return _difference(material, MATCHING * material.scale, 0.13, 0.07)


def alike_at_the_end(material: Material) -> Finding:
    """‖D − D*‖ on the trajectory of D* at σ_min, over its peak."""
    return _difference(material, float(material.exact_run.sigmas[-2]), 0.02, 0.03)


def _difference(material: Material, sigma: float, expected: float, tolerance: float) -> Finding:
    means = material.differences.mean(axis=1)
    assert material.data is not None, "differences need data"
    size = material.data.scale
    if float(means.max()) <= LEAST * size:
        raise NotApplicable(f"they match everywhere: they differ by {means.max():.2g} at most, and data by {size:.3g}")
    sigmas = material.exact_run.sigmas[: len(means)]
    level, peak = int(np.abs(np.log(sigmas / sigma)).argmin()), int(means.argmax())
    return Finding(
        measured=float(means[level] / means[peak]),
        expected=expected,
        tolerance=tolerance,
        relation="at most",
        n=material.differences.shape[1],
        spread=float((material.differences[level] / means[peak]).std()),
        reason=f"{means[level]:.3g} at σ = {sigmas[level]:.3g}, {means[peak]:.3g} at the peak, σ = {sigmas[peak]:.3g}.",
        sigma=float(sigmas[level]),
    )


def fewer_neighbours(material: Material) -> Finding:
    """Effective neighbours at the end of the trajectories of D*; at the start, all data points are."""
    run, rows = material.exact_run, min(16, material.count)
    size = len(material.exact)
    medians = []
    for level in range(0, len(run.sigmas), 5):
        material.report(level / len(run.sigmas))
        found = material.exact.posterior(run.x[level, :rows], float(run.sigmas[level]), k=1)
        medians.append(float(found.effective_neighbours.median()))
    half = float(run.sigmas[5 * int(np.argmax(np.array(medians) < 2))]) if min(medians) < 2 else math.nan
    return Finding(
        measured=medians[-1],
        expected=1.0,
        tolerance=0.1,
        n=rows,
        reason=f"{medians[0]:,.0f} of {size:,.0f} at σ = {run.sigmas[0]:.3g}; fewer than 2 from σ = {half:.3g} on.",
        sigma=None if math.isnan(half) else half,
        also=medians[0] >= 0.9 * size,
    )


def decided_classes(material: Material) -> Finding:
    """The share of ends that keep their class when they are noised to √Λ/10 and denoised again; at 3 √Λ most do not."""
    labels = None if material.data is None else material.data.labels
    if labels is None or len(np.unique(labels[labels >= 0])) < 2:
        raise NotApplicable("the data have no classes to choose between")
    low, high = material.levels
    levels = np.array([3.0, 0.1]) * material.scale
    if not low < levels[1] < levels[0] <= high:
        raise NotApplicable("the levels of the run do not reach from three times the data's size to a tenth")
    rows = min(ENDS, material.count)
    found = commitment(
        material.model,
        material.run.x[-1, :rows],
        levels,
        draws=DRAWS,
        classify=nearest_classes(material.points, labels),
        seed=material.seed,
        sigma_min=low,
        labels=material.labels(rows),
        progress=lambda part, fraction: material.report((part + fraction) / 2),
    )
    return Finding(
        measured=float(found.same[1]),
        expected=1.0,
        tolerance=0.25,
        relation="at least",
        n=rows * DRAWS,
        spread=float(found.shares[1].std()),
        reason=f"At σ = {levels[1]:.3g}. At σ = {levels[0]:.3g} it is {found.same[0]:.2f}, where chance is "
        f"{found.chance[0]:.2f}; the theory parts them at √Λ = {material.scale:.3g}.",
        sigma=float(levels[1]),
        also=bool(found.same[0] <= found.chance[0] + 0.25),
    )


def new_samples(material: Material) -> Finding:
    """How far the ends are from the nearest data, over how far held-out data are."""
    points = material.points
    if len(points) < 4 or not float(np.median(material.yardstick.control.nearest)) > 0:
        raise NotApplicable("the data are too few or repeat themselves, so that held-out data are no measure")
    ends = material.to_data(material.run.x[-1])
    usual = float(material.yardstick.control.nearest)
    return Finding(
        measured=float(np.median(ends)) / usual,
        expected=1.0,
        tolerance=0.5,
        relation="at least",
        n=len(ends),
        spread=float((ends / usual).std()),
        reason=f"Medians: {np.median(ends):.3g} for the ends, {usual:.3g} for held-out data. D* repeats its data.",
        sigma=float(material.run.sigmas[-1]),
    )


def designed_levels(material: Material) -> Finding:
    """The error of six Euler steps over GITS' levels, over that of six Karras steps, on noise that is new."""
    fine, steps = material.sigmas(FINE), 6
    model, labels = material.watch(material.model, fine), material.labels(LATENTS)
    table = gits_table(model, material.start(LATENTS, 1000), fine=fine, metric="l2", coeff=1.0, labels=labels)
    x = material.start(STUDENTS, 2000)
    ends = _ends(material, x, fine, "ipndm")
    ways = (material.sigmas(steps), table.levels(steps))
    errors = [distances(_ends(material, x, sigmas, "euler")[None], ends[None])[0] for sigmas in ways]
    return Finding(
        measured=float(errors[1].mean() / errors[0].mean()),
        expected=1.0,
        relation="at most",
        n=STUDENTS,
        spread=float((errors[1] / errors[0]).std()),
        reason=f"Mean distance to the end of {FINE} steps of iPNDM: {errors[1].mean():.3g} with GITS, "
        f"{errors[0].mean():.3g} with Karras. The papers' FID falls from 35.6 to 21.0.",
    )


def _ends(material: Material, x: object, sigmas: Floats, solver: str) -> Floats:
    return np.asarray(material.driven(x, sigmas, solver, record="float64", display="off").x[-1])
