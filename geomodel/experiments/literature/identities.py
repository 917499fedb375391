"""Self-tests: what holds by construction. Where one fails, this program is wrong, or the model is no function."""

from __future__ import annotations

import math
from itertools import combinations, pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from geomodel import interpolation
from geomodel.arrays import Floats
from geomodel.designed import gits_table
from geomodel.experiments.literature.claim import Finding, NotApplicable
from geomodel.finite_differences import implied_by, taylor_step

if TYPE_CHECKING:
    from torch import Tensor

    from geomodel.experiments.literature.material import Material

ROUNDING = 1e-12  # of ‖x‖: some thousand roundings of float64
SAMPLES, STEPS = 4, 8
PAIRS = 256  # draws of noise, and pairs of them
ERRORS = 5.0  # standard errors that a mean of random numbers may be away
DIFFERENCES: tuple[tuple[str, dict[str, Any]], ...] = (  # solvers whose step is a difference of two evaluations
    ("heun", {}),
    ("rk2", {"alpha": 0.6}),
    ("dpm2", {}),
    ("dpmpp_2s", {}),
    ("ipndm", {"order": 2}),
    ("ab", {"order": 2}),
    ("dpm_2m", {}),
    ("deis_log", {"order": 2}),
    ("dpmpp_2m", {}),
    ("exp_x0", {"order": 2}),
)


def _worst(found: Tensor, expected: Tensor) -> float:
    """The largest ‖difference‖/‖expected‖ of a batch."""
    return float(((found - expected).flatten(1).norm(dim=1) / expected.flatten(1).norm(dim=1)).max())


def convex_step(material: Material) -> Finding:
    """An Euler step, against (t/s) x + (1 − t/s) D with D asked for anew."""
    from geomodel.sampling import iterate

    x, sigmas = material.start(SAMPLES), material.sigmas(STEPS)
    model, worst = material.watch(material.model, sigmas), 0.0
    for step in iterate(model, x, sigmas, solver="euler", labels=material.labels(SAMPLES), display="off"):
        ratio = step.sigma_next / step.sigma
        expected = ratio * step.x + (1 - ratio) * material.denoise(step.x, step.sigma)
        worst = max(worst, _worst(step.x_next, expected))
    return Finding(measured=worst, expected=0.0, tolerance=ROUNDING, relation="at most", n=SAMPLES * STEPS)


def jump_to_zero(material: Material) -> Finding:
    """One Euler step to σ = 0, against D asked for anew."""
    worst = 0.0
    for sigma in (float(level) for level in material.sigmas(STEPS)):
        x = material.start(SAMPLES) * (sigma / material.levels[1])
        end = material.driven(x, np.array([sigma, 0.0]), record="float64", display="off").x[-1]
        answer = material.denoise(x, sigma)
        away = np.linalg.norm((end - answer.numpy()).reshape(SAMPLES, -1), axis=1)
        worst = max(worst, float((away / x.flatten(1).norm(dim=1).numpy()).max()))
    return Finding(measured=worst, expected=0.0, tolerance=ROUNDING, relation="at most", n=SAMPLES * (STEPS + 1))


def finite_differences(material: Material) -> Finding:
    """Steps of the second-order solvers, against Taylor steps with the derivative that each implies."""
    from geomodel.sampling import iterate

    x, sigmas, worst, name = material.start(SAMPLES), material.sigmas(STEPS)[:4], 0.0, ""
    for solver, options in DIFFERENCES:
        model = material.watch(material.model, sigmas)
        steps = iterate(model, x, sigmas, solver=solver, labels=material.labels(SAMPLES), display="off", **options)
        for step in steps:
            start = step.combination.evaluations[0]
            error = _worst(taylor_step(start, step.sigma_next, implied_by(step, solver, **options)), step.x_next)
            if error > worst:
                worst, name = error, solver
    reason = f"The largest error is that of {name}." if name else ""
    return Finding(
        measured=worst, expected=0.0, tolerance=ROUNDING, relation="at most", n=3 * len(DIFFERENCES), reason=reason
    )


def _queries(material: Material) -> tuple[Floats, tuple[float, ...], Floats]:
    """Data points, levels from three times the data's size down to a tenth, and noise of unit size to add."""
    points, random = material.few_points, np.random.default_rng([material.seed, 1])
    clean = points[random.integers(len(points), size=SAMPLES)]
    sigmas = tuple(material.scale * ratio for ratio in (3.0, 1.0, 0.3, 0.1))
    return clean, sigmas, random.standard_normal((SAMPLES, *material.shape))


def posterior_weights(material: Material) -> Finding:
    """Weights of D*: their sum and signs, and that D* is in the data's box."""
    few, points = material.few, material.few_points
    clean, sigmas, z = _queries(material)
    low, high = points.min(axis=0), points.max(axis=0)
    worst, inside = 0.0, True
    room = 1e-12 * float(np.abs(points).max())
    for sigma in sigmas:
        found = few.posterior(clean + sigma * z, sigma, every=True)
        assert found.every is not None
        weights, mean = found.every.numpy(), found.mean.numpy()
        worst = max(worst, float(np.abs(weights.sum(axis=1) - 1).max()))
        inside &= bool((weights >= 0).all() and (mean >= low - room).all() and (mean <= high + room).all())
    return Finding(
        measured=worst,
        expected=0.0,
        tolerance=ROUNDING,
        relation="at most",
        n=SAMPLES * len(sigmas),
        reason=_of_points(points) + ("" if inside else " A weight is negative, or D* is outside the data's range."),
        also=inside,
    )


def softmax_mean(material: Material) -> Finding:
    """D* of the program, against the sum as it stands in the papers."""
    few, points = material.few, material.few_points
    clean, sigmas, z = _queries(material)
    rows, worst = points.reshape(len(points), -1), 0.0
    for sigma in sigmas:
        x = clean + sigma * z
        for query, answer in zip(x.reshape(SAMPLES, -1), few(x, sigma).reshape(SAMPLES, -1), strict=True):
            logits = -((query - rows) ** 2).sum(axis=1) / (2 * sigma**2)
            weights = np.exp(logits - logits.max())
            plain = weights @ rows / weights.sum()
            worst = max(worst, float(np.linalg.norm(answer - plain)))
    return Finding(
        measured=worst / _size(material),
        expected=0.0,
        tolerance=1e-9,  # the logits' own tolerance, see OptimalDenoiser
        relation="at most",
        n=SAMPLES * len(sigmas),
        reason=_of_points(points),
    )


def jacobian_is_covariance(material: Material) -> Finding:
    """Cov(x_0 | x) v/σ², against a central difference of D* along v."""
    from geomodel.denoisers.optimal.jacobian import PosteriorCovariance

    few, points = material.few, material.few_points
    clean, (sigma, *_), z = _queries(material)
    worst = 0.0
    for x, v in zip(clean + sigma * z, z[::-1], strict=True):
        material.report(0.0)
        product = PosteriorCovariance(few, points, x, sigma).jacobian_times(v)
        h = 1e-4 * sigma
        difference = (few(x[None] + h * v, sigma) - few(x[None] - h * v, sigma))[0] / (2 * h)
        if not (size := float(np.linalg.norm(difference))) > 0:
            raise NotApplicable("all data points are equal, so D* has no derivative to compare")
        worst = max(worst, float(np.linalg.norm(product - difference)) / size)
    return Finding(
        measured=worst,
        expected=0.0,
        tolerance=1e-5,  # the difference's own error is of the order (h/σ)² = 1e-8, times a large factor near a border
        relation="at most",
        n=SAMPLES,
        reason=_of_points(points),
        sigma=sigma,
    )


def best_path(material: Material) -> Finding:
    """GITS' dynamic programming, against every choice of levels."""
    fine, steps = material.sigmas(9), 4
    model = material.watch(material.model, fine)
    table = gits_table(
        model, material.start(SAMPLES), fine=fine, metric="l2", coeff=1.15, labels=material.labels(SAMPLES)
    )
    last = len(fine) - 1

    def cost(inner: tuple[int, ...]) -> float:
        path = (0, *inner, last)
        return sum(1.15**k * float(table.cost[i, j]) for k, (i, j) in enumerate(pairwise(path)))

    least = min(map(cost, combinations(range(1, last), steps - 1)))
    chosen = cost(tuple(map(int, table.path(steps)[1:-1])))
    levels = table.levels(steps)
    ends = levels[0] == fine[0] and levels[-1] == fine[-1] and bool((np.diff(levels) < 0).all())
    return Finding(
        measured=chosen / least - 1 if least else chosen,
        expected=0.0,
        tolerance=ROUNDING,
        relation="at most",
        n=math.comb(last - 1, steps - 1),
        reason="" if ends else "The levels do not descend from the first to the last.",
        also=ends,
    )


def _noise(material: Material, first: int) -> Floats:
    from geomodel.randomness import noise

    seeds = [(material.seed + first + k) % 2**32 for k in range(PAIRS)]
    return np.asarray(noise(seeds, material.shape, 1.0).numpy())


def noise_length(material: Material) -> Finding:
    """‖z‖²/d over many draws."""
    ratios = (_noise(material, 0).reshape(PAIRS, -1) ** 2).mean(axis=1)
    return Finding(
        measured=float(ratios.mean()),
        expected=1.0,
        tolerance=ERRORS * math.sqrt(2 / (PAIRS * material.dimension)),
        n=PAIRS,
        spread=float(ratios.std()),
        reason=f"The tolerance is {ERRORS:g} standard errors of a mean over {PAIRS} draws.",
    )


def interpolated_noise(material: Material) -> Finding:
    """The variance at the middle between two draws, in the three ways."""
    first, second = _noise(material, 0), _noise(material, PAIRS)
    ways = {
        kind: np.array(
            [np.mean(interpolation.between(a, b, 0.5, kind) ** 2) for a, b in zip(first, second, strict=True)]
        )
        for kind in interpolation.KINDS
    }
    tolerance = ERRORS * math.sqrt(2 / (PAIRS * material.dimension))
    kept, linear = ways["in-distribution"], float(ways["linear"].mean())
    return Finding(
        measured=float(kept.mean()),
        expected=1.0,
        tolerance=tolerance,
        n=PAIRS,
        spread=float(kept.std()),
        reason=f"In-distribution; linear has {linear:.3f}, spherical {float(np.median(ways['spherical'])):.3f} "
        f"(the median, because its mean has no finite expectation in two dimensions).",
        also=abs(linear - 0.5) <= tolerance,
    )


def _of_points(points: Floats) -> str:
    return f"On {len(points):,} of the data points."


def _size(material: Material) -> float:
    return material.scale * math.sqrt(material.dimension)
