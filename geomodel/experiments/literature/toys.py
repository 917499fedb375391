"""Claims on reference models of this program, whose answers are known whatever model is loaded."""

from __future__ import annotations

import math
from functools import cache
from typing import TYPE_CHECKING

import numpy as np

from geomodel import collapse, geometry, likelihood, schedules
from geomodel.arrays import Floats
from geomodel.designed import gits_table
from geomodel.experiments.commitment import commitment
from geomodel.experiments.convergence import convergence, fitted_order
from geomodel.experiments.exact import distances
from geomodel.experiments.literature.claim import Finding

if TYPE_CHECKING:
    from geomodel.denoisers.mixture import MixtureDenoiser
    from geomodel.experiments.literature.material import Material

DIMENSION = 64
SPECTRUM: Floats = 3.0 * np.arange(1.0, DIMENSION + 1) ** -1.5  # variances of gaussian-64


def _gaussian(variances: Floats) -> MixtureDenoiser:
    from geomodel.denoisers.mixture import MixtureDenoiser

    return MixtureDenoiser(np.zeros((1, len(variances))), variances[None])


@cache
def _mixture() -> MixtureDenoiser:
    """Four narrow Gaussians in 16 dimensions, of norm about 4."""
    from geomodel.denoisers.mixture import MixtureDenoiser

    return MixtureDenoiser(np.random.default_rng(16).standard_normal((4, 16)), 0.05)


def noise_of(count: int, dimension: int, sigma: float, first: int = 0) -> Floats:
    """The noise of so many seeds, (count, dimension)."""
    from geomodel.randomness import noise

    return np.asarray(noise(range(first, first + count), (dimension,), sigma).numpy())


def straight_gaussian(material: Material) -> Finding:
    """Deviation over distance of Euler's trajectories for N(0, I)."""
    from geomodel.sampling import sample

    run = sample(
        material.watch(_gaussian(np.ones(DIMENSION)), [80.0, 0.002]),
        noise_of(8, DIMENSION, 80.0),
        schedules.karras(100),
    )
    ratios = geometry.deviation(run.x).max(axis=0) / geometry.norm(run.x[:1] - run.x[-1:])[0]
    return Finding(measured=float(ratios.max()), expected=0.0, tolerance=1e-10, relation="at most", n=8)


def bent_gaussian(material: Material) -> Finding:
    """Deviation over distance of the closed-form trajectories of gaussian-64."""
    sigmas = schedules.karras(100)
    start = noise_of(100, DIMENSION, 80.0)
    shrink = np.sqrt((SPECTRUM + sigmas[:, None] ** 2) / (SPECTRUM + sigmas[0] ** 2))
    curve = shrink[:, None] * start
    deviation = geometry.deviation(curve)
    ratios = deviation.max(axis=0) / geometry.norm(curve[:1] - curve[-1:])[0]
    peak = float(sigmas[int(deviation.mean(axis=1).argmax())])
    return Finding(
        measured=float(ratios.mean()),
        expected=0.0025,
        tolerance=0.0003,
        n=100,
        spread=float(ratios.std()),
        reason=f"The peak is at σ = {peak:.3g}. Without a network, the spread of the variances alone bends the curve.",
        sigma=peak,
    )


def heun_order(material: Material) -> Finding:
    """The order of Heun's error against the closed form on gaussian-64, and the error of 250 and 500 steps."""
    from geomodel.sampling import sample

    start, model, errors = noise_of(8, DIMENSION, 80.0), _gaussian(SPECTRUM), {}
    for steps in (125, 250, 500):
        sigmas = schedules.karras(steps)
        exact = np.sqrt((SPECTRUM + sigmas[-1] ** 2) / (SPECTRUM + sigmas[0] ** 2)) * start
        end = sample(material.watch(model, sigmas), start, sigmas, solver="heun", display="off").x[-1]
        errors[steps] = float((np.linalg.norm(end - exact, axis=1) / np.linalg.norm(exact, axis=1)).mean())
    return Finding(
        measured=fitted_order(list(errors), np.array(list(errors.values()))),
        expected=2.0,
        tolerance=0.02,
        n=8,
        reason=", ".join(f"{steps} steps: {error:.2g}" for steps, error in errors.items()) + " of ‖x‖.",
    )


def second_orders(material: Material) -> Finding:
    """The order farthest from 2 among the second-order solvers, on a mixture."""
    found = convergence(
        _mixture(),
        noise_of(16, 16, 80.0),
        {"heun": {}, "dpm2": {}, "dpmpp_2m": {}, "ab": {"order": 2}},
        (40, 80, 160, 320),
        sigma_min=0.002,
        sigma_max=80.0,
        progress=lambda part, fraction: material.report(fraction),
    )
    orders = found.orders
    return Finding(
        measured=max(orders.values(), key=lambda order: abs(order - 2)),
        expected=2.0,
        tolerance=0.15,
        n=16,
        reason=", ".join(f"{name} {order:.2f}" for name, order in orders.items()) + ".",
    )


def small_bandwidth(material: Material) -> Finding:
    """What an Euler step gains in log p_h if h is not the level of the step: points ±1, x = 0.99, 5 to 2.5, h = 0.1."""
    from geomodel.denoisers.optimal import OptimalDenoiser

    optimal, x = OptimalDenoiser(np.array([[-1.0], [1.0]])), np.array([[0.99]])
    denoised = optimal(x, 5.0)
    step = np.stack([x, (x + denoised) / 2])
    gains = likelihood.kernel_gains(optimal, step, denoised[None], [5.0, 2.5], bandwidth=0.1)
    return Finding(
        measured=float(gains.step[0, 0]),
        expected=-11.77,
        tolerance=0.005,
        n=1,
        reason="So the theorem fails for a bandwidth of one's own choice, although D is exact.",
        sigma=5.0,
    )


def weight_at_collapse(material: Material) -> Finding:
    """The mean weight of the point that x came from at σ_C = s/√(n^{2/d} − 1)."""
    from geomodel.denoisers.optimal import OptimalDenoiser

    material.report(0.0)
    random, size = np.random.default_rng(5), 2000
    points = random.standard_normal((size, DIMENSION))
    sigma = collapse.isotropic_gaussian_collapse_sigma(size, DIMENSION, 1.0)
    x = points[:400] + sigma * random.standard_normal((400, DIMENSION))
    every = OptimalDenoiser(points).posterior(x, sigma, every=True).every
    assert every is not None
    own = every.numpy()[np.arange(400), np.arange(400)]
    return Finding(
        measured=float(own.mean()),
        expected=0.575,
        tolerance=0.075,
        n=400,
        spread=float(own.std()),
        reason=f"{size:,} points of N(0, I) in {DIMENSION} dimensions, σ_C = {sigma:.3g}.",
        sigma=sigma,
    )


def pair_parts(material: Material) -> Finding:
    """Where the centre between two Gaussians ±m loses its stability, ∂D/∂x = 1 along m, over √(‖m‖² − s²)."""
    from geomodel.denoisers.mixture import MixtureDenoiser

    deviation, size = 0.5, 3.0
    mean = np.zeros((2, 8))
    mean[0, 0], mean[1, 0] = size, -size
    pair, step = MixtureDenoiser(mean, deviation**2), np.zeros((1, 8))

    def excess(sigma: float) -> float:
        material.report(0.0)
        step[0, 0] = 1e-5 * sigma
        return float(pair(step, sigma)[0, 0] / step[0, 0]) - 1

    low, high = 0.1, 10.0
    for _ in range(60):
        middle = math.sqrt(low * high)
        low, high = (middle, high) if excess(middle) > 0 else (low, middle)
    predicted = math.sqrt(size**2 - deviation**2)
    return Finding(
        measured=low / predicted,
        expected=1.0,
        tolerance=1e-6,
        n=1,
        reason=f"σ_c = {low:.6f} for ‖m‖ = {size:g}, s = {deviation:g}.",
        sigma=low,
    )


def pair_commits(material: Material) -> Finding:
    """How often one point of a pair ±m comes back to itself from σ, against Φ(‖m‖/σ)."""
    from geomodel.denoisers.mixture import MixtureDenoiser

    size, draws, sigmas = 3.0, 2000, np.array([6.0, 3.0, 1.5])
    ends = np.zeros((2, 8))
    ends[0, 0], ends[1, 0] = size, -size
    found = commitment(
        MixtureDenoiser(ends, 1e-4),
        ends,
        sigmas,
        draws=draws,
        classify=lambda x: (x[:, 0] < 0).astype(np.int64),
        progress=lambda part, fraction: material.report(fraction),
    )
    expected = [math.erfc(-size / sigma / math.sqrt(2)) / 2 for sigma in sigmas.tolist()]
    return Finding(
        measured=float(np.abs(found.same - expected).max()),
        expected=0.0,
        tolerance=0.03,  # four standard errors of a share of 4,000 draws
        relation="at most",
        n=2 * draws,
        reason=", ".join(
            f"σ = {sigma:g}: {same:.3f}, Φ {value:.3f}"
            for sigma, same, value in zip(sigmas, found.same, expected, strict=True)
        )
        + ".",
    )


def trace_of_gaussian(material: Material) -> Finding:
    """tr ∂D/∂x of gaussian-64 by differences, over Σ λ/(λ + σ²)."""
    model, worst, cases = _gaussian(SPECTRUM), 0.0, (0.1, 1.0, 10.0)
    for sigma in cases:
        material.report(0.0)
        h, unit = sigma * 1e-3, np.eye(DIMENSION)
        trace = float(np.trace(model(h * unit, sigma) - model(-h * unit, sigma))) / (2 * h)
        worst = max(worst, abs(trace / float((SPECTRUM / (SPECTRUM + sigma**2)).sum()) - 1))
    return Finding(measured=worst, expected=0.0, tolerance=1e-9, relation="at most", n=len(cases))


def gits_on_mixture(material: Material) -> Finding:
    """The error of five Euler steps over GITS' levels over that of five Karras steps, on new noise."""
    from geomodel.sampling import sample

    model, fine = _mixture(), schedules.karras(60)
    table = gits_table(material.watch(model, fine), noise_of(64, 16, 80.0), fine=fine, metric="l2", coeff=1.0)
    x = noise_of(64, 16, 80.0, first=1000)
    ends = sample(model, x, schedules.karras(200), solver="heun", display="off").x[-1:]
    errors = []
    for sigmas in (table.levels(5), schedules.karras(5)):
        end = sample(material.watch(model, sigmas), x, sigmas, solver="euler", display="off").x[-1:]
        errors.append(float(distances(end, ends).mean()))
    return Finding(
        measured=errors[0] / errors[1],
        expected=1.0,
        relation="at most",
        n=64,
        reason=f"Mean error {errors[0]:.3g} with GITS, {errors[1]:.3g} with Karras; four Gaussians in 16 dimensions.",
    )


def second_clock(material: Material) -> Finding:
    """The variance-preserving ODE in its own time, against the ODE in σ, from the same noise on a mixture."""
    import torch

    from geomodel.reference import exact_curve

    # ᾱ = e^{−B}, B = 0.1 t + 9.95 t², so that σ = √(e^B − 1), z = x √ᾱ and dz/dt = −(β/2)(z + score)
    model, steps = _mixture(), 200
    times = np.linspace(0.9, 0.5, steps + 1)
    starts = torch.as_tensor(noise_of(8, 16, _vp_sigma(times[0])))

    def rate(z: torch.Tensor, t: float) -> torch.Tensor:
        sigma = _vp_sigma(t)
        shrink = 1 / math.sqrt(1 + sigma**2)
        score = (shrink * model(z / shrink, sigma) - z) / (shrink * sigma) ** 2
        slope: torch.Tensor = -(0.1 + 19.9 * t) / 2 * (z + score)
        return slope

    z, h = starts / math.sqrt(1 + _vp_sigma(times[0]) ** 2), float(times[1] - times[0])
    for t in times[:-1].tolist():
        material.report(0.0)
        k1 = rate(z, t)
        k2 = rate(z + h / 2 * k1, t + h / 2)
        k3 = rate(z + h / 2 * k2, t + h / 2)
        z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + rate(z + h * k3, t + h))
    end = _vp_sigma(times[-1])
    ours = exact_curve(model, starts, _vp_sigma(times[0]), end, substeps=steps)[-1]
    theirs = z * math.sqrt(1 + end**2)
    away = (theirs - ours).norm(dim=1) / ours.norm(dim=1)
    return Finding(
        measured=float(away.max()),
        expected=0.0,
        tolerance=1e-8,  # of two Runge–Kutta solutions with 200 steps
        relation="at most",
        n=8,
        reason=f"From σ = {_vp_sigma(times[0]):.3g} to {end:.3g}, which are t = 0.9 and 0.5.",
        sigma=end,
    )


def _vp_sigma(t: float) -> float:
    return math.sqrt(math.expm1(0.1 * t + 9.95 * t**2))
