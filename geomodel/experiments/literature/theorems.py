"""Theorems: what must hold for any model or any data, where a hypothesis holds that is checked first."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from geomodel.annealing import nearest_data
from geomodel.arrays import Floats
from geomodel.experiments.literature.claim import Finding, NotApplicable

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

FAR = (30.0, 1000.0)  # levels in units of the data's size, between which D* nears the mean
CERTAIN = math.log(1e12)  # a logit by which the nearest point wins, so that the others move D* by rounding only
SAMPLES = 16
DIFFERENCE = 2e-4  # e-folds of σ between the points of a difference
NEAR = 1e-9  # of the data's size


def likelier_steps(material: Material) -> Finding:
    """Of the steps that meet the hypothesis, the share that gains in log p_h, h = σ_n."""
    return _gaining(material, "step")


def likelier_means(material: Material) -> Finding:
    """Of the D_n that meet the hypothesis, the share that is likelier than x_n under p_h, h = σ_n."""
    return _gaining(material, "denoised")


def _gaining(material: Material, which: str) -> Finding:
    gains = material.gains
    values = getattr(gains, which)
    met = gains.hypothesis <= 1
    if not met.any():
        raise NotApplicable("no step meets the hypothesis ‖D* − D‖ ≤ ‖D* − x‖, so the theorem promises nothing here")
    lost = met & (values < 0)
    worst = np.unravel_index(np.argmin(np.where(met, values, np.inf)), values.shape)
    reason = (
        f"{met.sum():,} of {met.size:,} steps meet the hypothesis; the largest ratio is {gains.hypothesis.max():.3g}."
    )
    if lost.any():
        reason += f" {lost.sum():,} of them lose, at most {-values[worst]:.3g} nats."
    return Finding(
        measured=1 - lost.sum() / met.sum(),
        expected=1.0,
        relation="at least",
        n=int(met.sum()),
        reason=reason,
        sigma=float(material.run.sigmas[worst[0]]),
    )


def kernel_bound(material: Material) -> Finding:
    """The least excess of a step's gain over its bound, in nats."""
    gains = material.gains
    slack = gains.step - gains.bound
    known = np.isfinite(slack)
    if not known.any():
        raise NotApplicable("the bound says nothing of any step")
    at = np.unravel_index(np.argmin(np.where(known, slack, np.inf)), slack.shape)
    return Finding(
        measured=float(slack[at]),
        expected=0.0,
        tolerance=1e-6 * max(1.0, float(np.abs(gains.step[known]).max())),  # rounding of the densities
        relation="at least",
        n=int(known.sum()),
        spread=float(slack[known].std()),
        reason=f"Of gains from {gains.step[known].min():.3g} to {gains.step[known].max():.3g} nats.",
        sigma=float(material.run.sigmas[at[0]]),
    )


def curvature_relation(material: Material) -> Finding:
    """dD/d ln σ against dx/d ln σ − d²x/d(ln σ)², by differences along the ODE at several levels of the run."""
    import torch

    from geomodel.reference import exact_curve

    if not getattr(material.model, "analytic", True):
        raise NotApplicable("the network answers in float32, whose rounding outweighs a second difference")
    run, h, errors = material.run, DIFFERENCE, {}
    for level in range(10, len(run.sigmas) - 1, 20):
        sigma = float(run.sigmas[level])
        x = torch.as_tensor(np.asarray(run.x[level, :SAMPLES], np.float64))
        curve = exact_curve(material.denoise, x, sigma, sigma * math.exp(-2 * h), substeps=2)
        means = [material.denoise(curve[k], sigma * math.exp(-k * h)) for k in (0, 2)]
        first, second = (curve[0] - curve[2]) / (2 * h), (curve[0] - 2 * curve[1] + curve[2]) / h**2
        moved = (means[0] - means[1]) / (2 * h)
        if float(moved.norm()) > NEAR / h * float(means[0].norm()):  # else D rests, and there is nothing to compare
            errors[sigma] = float((moved - (first - second)).norm() / moved.norm())
    if not errors:
        raise NotApplicable("D does not move along the trajectory, so there is nothing to compare")
    worst = max(errors, key=lambda sigma: errors[sigma])
    return Finding(
        measured=errors[worst],
        expected=0.0,
        tolerance=1e-3,  # the differences' own error is of the order h², times a large factor where D turns quickly
        relation="at most",
        n=len(errors) * min(SAMPLES, material.count),
        sigma=worst,
    )


def towards_the_mean(material: Material) -> Finding:
    """The power of σ with which ‖D* − mean‖ falls at levels far above the data's size."""
    points = material.few_points
    mean = points.mean(axis=0)
    sigmas = material.scale * np.geomspace(*FAR, 8)
    z = np.random.default_rng([material.seed, 2]).standard_normal((SAMPLES, *material.shape))
    away = np.stack([_lengths(material.few(mean + sigma * z, sigma) - mean) for sigma in sigmas])
    if not (away > 0).all():
        raise NotApplicable("all data points are equal, so D* is their mean at every σ")
    powers = np.polyfit(np.log(sigmas), np.log(away), 1)[0]
    return Finding(
        measured=float(np.median(powers)),
        expected=-1.0,
        tolerance=0.05,
        n=SAMPLES,
        spread=float(powers.std()),
        reason=f"‖D* − mean‖ is {away.mean(axis=1)[0] / material.scale:.2g} of the data's size at σ = {sigmas[0]:.3g}.",
        sigma=float(sigmas[0]),
    )


def nearest_point(material: Material) -> Finding:
    """‖D* − nearest data‖ at a level far below the distances between data, where the nearest one wins for certain."""
    points, optimal = material.few_points, material.few
    rows = points.reshape(len(points), -1)
    random = np.random.default_rng([material.seed, 3])
    chosen = random.integers(len(points), size=SAMPLES)
    z = random.standard_normal((SAMPLES, *material.shape))
    apart = np.array([_second(((rows - rows[k]) ** 2).sum(axis=1)) for k in chosen])
    if not (apart > 0).any():
        raise NotApplicable("the data points are equal, so none is the nearest")
    sigma = math.sqrt(float(np.median(apart[apart > 0]))) / (10 * math.sqrt(material.dimension))
    x = points[chosen] + sigma * z
    logits = np.array([_gap(((rows - query) ** 2).sum(axis=1)) for query in x.reshape(SAMPLES, -1)]) / (2 * sigma**2)
    met = logits > CERTAIN + math.log(len(points))
    if not met.any():
        raise NotApplicable("the data lie so densely that no point outweighs the others")
    posterior = optimal.posterior(x[met], sigma, k=1)
    away = _lengths(posterior.mean.numpy() - points[nearest_data(optimal, x[met])])
    neighbours = posterior.effective_neighbours.numpy()
    return Finding(
        measured=float(away.max()) / material.scale,
        expected=0.0,
        tolerance=NEAR,
        relation="at most",
        n=int(met.sum()),
        reason=f"N_eff is at most {neighbours.max():.6f} at σ = {sigma:.3g}.",
        sigma=sigma,
        also=bool((neighbours < 1 + 1e-6).all()),
    )


def memorised(material: Material) -> Finding:
    """How far the trajectories of D* end from the data, in units of the last level's noise."""
    run = material.exact_run
    sigma = float(run.sigmas[-1])
    rows = material.few_points.reshape(len(material.few_points), -1)
    spacing = np.array([math.sqrt(_second(((rows - point) ** 2).sum(axis=1))) for point in rows[:SAMPLES]])
    noise = sigma * math.sqrt(material.dimension)
    if not float(np.median(spacing)) > 10 * noise:
        raise NotApplicable(f"the last level, σ = {sigma:.3g}, is not far below the distances between data points")
    away = material.to_data(run.x[-1]) / noise
    return Finding(
        measured=math.sqrt(float((away**2).mean())),
        expected=1.0,
        tolerance=0.5,
        relation="at most",
        n=len(away),
        spread=float(away.std()),
        reason=f"The noise at σ = {sigma:.3g} is {noise:.3g} long, and data are {np.median(spacing):.3g} apart.",
        sigma=sigma,
    )


def _second(squares: Floats) -> float:
    """The second smallest square distance."""
    return float(np.partition(squares, 1)[1]) if len(squares) > 1 else 0.0


def _gap(squares: Floats) -> float:
    least = np.partition(squares, 1)[:2] if len(squares) > 1 else np.array([0.0, np.inf])
    return float(least[1] - least[0])


def _lengths(rows: Floats) -> Floats:
    return np.asarray(np.linalg.norm(np.asarray(rows, np.float64).reshape(len(rows), -1), axis=1))
