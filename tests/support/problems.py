"""Small analytic denoisers with known answers, and oracles for the solvers: nothing here shares the library's code."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np
import torch
from scipy.integrate import solve_ivp
from torch import Tensor

from geomodel import schedules, solvers

MOMENTS = (np.array([0.4, -0.3]), 8.1)
TABLE = tuple(row for row in solvers.SOLVERS if not row.stochastic and not row.adaptive)
CORRECTED = tuple(row.name for row in TABLE if row.family == "Predictor-corrector")
CASES = [  # rules with the table's evaluations in every interval, each step's first one at x
    *((row.name, {}) for row in TABLE if row.name not in CORRECTED),
    *((row.name, {"analytic_first_step": MOMENTS}) for row in TABLE if row.name not in CORRECTED),
    *(("rk2", {"alpha": alpha}) for alpha in (0.5, 2 / 3)),
    *((name, {"r": r}) for name in ("dpm2", "dpmpp_2s") for r in (0.25, 0.8, 1.0)),
    *((name, {"order": k}) for name in ("ipndm", "ab", "deis_tab", "deis_log", "exp_x0") for k in (1, 2, 4)),
    ("ipndm", {"order": 4, "lower_order_final": True, "analytic_first_step": MOMENTS}),
    *((name, {"order": 4, "lower_order_final": True}) for name in ("ipndm", "ab", "deis_tab", "deis_log", "exp_x0")),
    *((name, {"lower_order_final": True}) for name in ("dpmpp_2m", "dpmpp_3m", "dpmpp_3m_published", "dpm_2m")),
]
CORRECTED_CASES = [
    *(
        ("unipc", {"order": order, "variant": variant, "prediction": prediction})
        for order in (1, 2, 3)
        for variant in ("bh1", "bh2")
        for prediction in ("x0", "eps")
    ),
    ("unipc", {"analytic_first_step": MOMENTS}),
    ("unipc", {"analytic_first_step": MOMENTS, "prediction": "eps"}),
    ("unipc", {"order": 3, "lower_order_final": True}),
]
GRIDS = {
    "karras": schedules.karras(9),
    "final zero": schedules.karras(7, final_zero=True),
    "log": schedules.log_uniform(6),
    "uniform": schedules.uniform(5),
    "uneven": schedules.custom([80.0, 3.0, 2.9, 2.8, 0.05, 0.04]),
    "one step": schedules.karras(1),
    "one jump": schedules.karras(1, final_zero=True),
}


class Mixture:
    """D of Σ_k N(μ_k, s² I)/K: responsibilities with variance s² + σ², each component's D a convex combination."""

    def __init__(self, means: Tensor, std: float) -> None:
        self.means, self.variance = means, std**2

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        total = self.variance + sigma**2
        weights = torch.softmax(-(x[:, None] - self.means).square().sum(-1) / (2 * total), dim=1)
        return (self.variance * x + sigma**2 * (weights @ self.means)) / total

    def log_density(self, x: Tensor, sigma: float) -> Tensor:
        """log p_σ(x) up to a constant of σ."""
        total = self.variance + sigma**2
        return torch.logsumexp(-(x[:, None] - self.means).square().sum(-1) / (2 * total), dim=1)


class Gaussian:
    """D of N(mean, diag(variances)) and the exact solution of its ODE: each coordinate scales by √(λ + σ²)."""

    def __init__(self, mean: Tensor, variances: Tensor) -> None:
        self.mean, self.variances = mean, variances

    def __call__(self, x: Tensor, sigma: float) -> Tensor:
        return self.mean + self.variances / (self.variances + sigma**2) * (x - self.mean)

    def solution(self, x: Tensor, sigma: float, sigma_next: float) -> Tensor:
        """x at sigma_next on the trajectory through x at sigma."""
        return self.mean + torch.sqrt((self.variances + sigma_next**2) / (self.variances + sigma**2)) * (x - self.mean)


def ring8() -> Mixture:
    """Eight components of standard deviation 0.3 on a circle of radius 4."""
    angles = torch.arange(8, dtype=torch.float64) * (2 * math.pi / 8)
    return Mixture(4 * torch.stack([angles.cos(), angles.sin()], dim=1), 0.3)


def exact_end(model: Mixture, x: Tensor, sigma: float, sigma_next: float) -> np.ndarray:
    """The ODE's solution at sigma_next by scipy's DOP853 in log σ, where dx/dlog σ = x − D."""

    def slope(log_sigma: float, flat: np.ndarray) -> np.ndarray:
        point = torch.from_numpy(flat).reshape(x.shape)
        return (point - model(point, math.exp(log_sigma))).numpy().ravel()

    ends = (math.log(sigma), math.log(sigma_next))
    found = solve_ivp(slope, ends, x.numpy().ravel(), method="DOP853", rtol=1e-12, atol=1e-12)
    assert found.success
    return found.y[:, -1].reshape(x.shape)


def numpy_denoiser(model):
    return lambda x, sigma: model(torch.from_numpy(x), float(sigma)).numpy()


def even_step_weights(order):
    """Adams–Bashforth weights from their definition: exact for polynomials, Σ w_j (−j)^k = 1/(k + 1)."""
    powers = np.arange(order)
    return np.linalg.solve((-powers[None, :].astype(float)) ** powers[:, None], 1 / (powers + 1))


def vp_time(smallest, largest):
    """t(σ) of a VP process with t(smallest) = 10⁻³ and t(largest) = 1, its two constants by solving two equations."""
    growth = np.log1p(np.array([smallest, largest]) ** 2)
    times = np.array([1e-3, 1.0])
    half, beta_min = np.linalg.solve(np.stack([times**2, times], axis=1), growth)
    if beta_min + 2 * half > 0.01 * beta_min:
        return lambda s: (np.sqrt(beta_min**2 + 4 * half * np.log1p(s**2)) - beta_min) / (2 * half)
    return lambda s: np.log1p(s**2) / growth[1]


def lagrange_means(u, levels, t, power):
    """∫ L_j(u(σ)) σ^−power dσ / ∫ σ^−power dσ from levels[0] to t, by 40 pieces even in log σ with 16 Gauss points."""
    nodes, parts = np.polynomial.legendre.leggauss(16)
    edges = np.linspace(np.log(levels[0]), np.log(t), 41)
    half = np.diff(edges)[:, None] / 2
    s = np.exp(edges[:-1, None] + half * (1 + nodes)).ravel()
    measure = (half * parts).ravel() * s ** (1 - power)
    known = [u(level) for level in levels]
    basis = [
        np.prod([(u(s) - known[i]) / (known[j] - known[i]) for i in range(len(levels)) if i != j], axis=0)
        for j in range(len(levels))
    ]
    return [float((measure * values).sum() / measure.sum()) for values in basis]


def one_step(name, options, x, e, s, t, slope):
    """One-step rules as their papers write them. `slope` is e(x, σ); h = log(s/t)."""
    h = np.log(s / t)

    def at(share):
        return s * np.exp(-share * h)

    if name in ("euler", "heun", "rk2", "dpm2", "dpmpp_2s"):
        if name == "euler":
            return x + (t - s) * e
        r = 1.0 if name == "heun" else options.get("r", 0.5)
        alpha = options.get("alpha", 1.0)
        r, m = (alpha, s + alpha * (t - s)) if name == "rk2" else (r, at(r))
        there = x + (m - s) * e
        other = slope(there, m)
        if name == "dpmpp_2s":
            mean = (1 - 1 / (2 * r)) * (x - s * e) + (there - m * other) / (2 * r)
            return np.exp(-h) * x - np.expm1(-h) * mean
        return x + (t - s) * ((1 - 1 / (2 * r)) * e + other / (2 * r))
    if name == "dpm3":
        s1, s2 = at(1 / 3), at(2 / 3)
        e1 = slope(x - s1 * np.expm1(h / 3) * e, s1)
        u2 = x - s2 * np.expm1(2 * h / 3) * e - 2 * s2 * (np.expm1(2 * h / 3) / (2 * h / 3) - 1) * (e1 - e)
        return x - t * np.expm1(h) * e - 1.5 * t * (np.expm1(h) / h - 1) * (slope(u2, s2) - e)
    d = t - s
    k2 = slope(x + d / 2 * e, s + d / 2)
    if name == "bs3":
        return x + d * (2 / 9 * e + k2 / 3 + 4 / 9 * slope(x + 3 * d / 4 * k2, s + 3 * d / 4))
    k3 = slope(x + d / 2 * k2, s + d / 2)
    return x + d / 6 * (e + 2 * k2 + 2 * k3 + slope(x + d * k3, t))


def multistep(name, x, levels, t, slopes, outputs, span):
    """Multistep rules over `levels`, the steps' starts, newest first: as many as the order of this step."""
    s, order = levels[0], len(levels)
    h = np.log(s / t)
    if name in ("ab", "deis_tab", "deis_log", "ipndm", "exp_x0"):
        variable = {"ab": lambda s: s, "deis_tab": vp_time(*span)}.get(name, np.log)
        power = 2 if name == "exp_x0" else 0
        means = even_step_weights(order) if name == "ipndm" else lagrange_means(variable, levels, t, power)
        values = outputs if name == "exp_x0" else slopes
        mean = sum(w * value for w, value in zip(means, values, strict=False))
        return t / s * x + (1 - t / s) * mean if name == "exp_x0" else x + (t - s) * mean
    r = [np.log(far / near) / h for near, far in pairwise(levels)]
    if name == "dpm_2m":
        correction = (slopes[0] - slopes[1]) / (2 * r[0]) if order > 1 else 0.0
        return x - t * np.expm1(h) * (slopes[0] + correction)
    phi = -np.expm1(-h)
    new = np.exp(-h) * x + phi * outputs[0]
    if order > 1:
        first = (outputs[0] - outputs[1]) / r[0]
    if order == 2:
        new += phi * first / 2
    if order == 3:
        before = (outputs[1] - outputs[2]) / r[1]
        second = (first - before) / (r[0] + r[1]) * (1 if name == "dpmpp_3m_published" else 2)
        phi2 = 1 - phi / h
        new += phi2 * (first + r[0] / (r[0] + r[1]) * (first - before)) + (0.5 - phi2 / h) * second
    return new


def unipc(options, x, levels, t, values, new=None):
    """UniPC's predictor, or with the value at the predicted point its corrector; values of D or of the slope."""
    s, x0 = levels[0], options.get("prediction", "x0") == "x0"
    h = np.log(s / t)
    sign = -h if x0 else h
    size = sign if options.get("variant", "bh2") == "bh1" else np.expm1(sign)
    base = t / s * x - np.expm1(-h) * values[0] if x0 else x - t * np.expm1(h) * values[0]
    r = [np.log(s / level) / h for level in levels[1:]]
    differences = [(value - values[0]) / near for near, value in zip(r, values[1:], strict=False)]
    if new is not None:
        r, differences = [*r, 1.0], [*differences, new - values[0]]
    if not r:
        return base
    g, b = np.expm1(sign) / sign - 1, []
    for j in range(1, len(r) + 1):
        b.append(g * math.factorial(j) / size)
        g = g / sign - 1 / math.factorial(j + 1)
    rho = [0.5] if len(r) == 1 else np.linalg.solve([[near**j for near in r] for j in range(len(r))], b)
    return base - (1 if x0 else t) * size * sum(w * item for w, item in zip(rho, differences, strict=True))


def oracle(name, options, model, x, sigmas):
    """The whole run in NumPy, each rule as its paper writes it, with no shared code."""
    D = numpy_denoiser(model)

    def slope(x, s):
        return (x - D(x, s)) / s

    points, slopes, outputs, kept = [x], [], [], None
    span, last = (sigmas[sigmas > 0].min(), sigmas[0]), len(sigmas) - 2
    family = solvers.row(name).family
    most = 3 if "3m" in name else 2 if "2m" in name else options.get("order", 2 if name == "unipc" else 3)
    for i, (s, t) in enumerate(pairwise(sigmas)):
        x = points[-1]
        e = slope(*kept) if kept else slope(x, s)
        if i == 0 and options.get("analytic_first_step"):
            mean, variance = options["analytic_first_step"]
            e = s * (x - mean) / (s**2 + variance)
        slopes.insert(0, e)
        outputs.insert(0, (kept[0] if kept else x) - s * e)
        order = min(most, i + 1, last + 1 - i if options.get("lower_order_final") else 9)
        levels = sigmas[i::-1][:order]
        kept = None
        if t == 0:
            new = x + (t - s) * e
        elif family == "One step":
            new = one_step(name, options, x, e, s, t, slope)
        elif family == "Predictor-corrector":
            values = slopes if options.get("prediction") == "eps" else outputs
            new = unipc(options, x, levels, t, values)
            if i < last and sigmas[i + 2] > 0:
                kept = (new, t)
                there = slope(*kept)
                new = unipc(options, x, levels, t, values, there if values is slopes else kept[0] - t * there)
        else:
            new = multistep(name, x, levels, t, slopes, outputs, span)
        points.append(new)
    return np.stack(points)


def counts(name, sigmas):
    """The evaluations in each interval of a run."""
    each, jump = solvers.row(name).evaluations, int(sigmas[-1] == 0)
    positive = len(sigmas) - 1 - jump
    if name in CORRECTED:  # the evaluation that corrects belongs to the step before the one it starts
        return ([2, *[1] * (positive - 2), 0] if positive > 1 else [1] * positive) + [1] * jump
    return [each] * positive + [1] * jump


def derivative_estimate(name, options, step, before):
    """What each rule takes for dD/dσ at the step's start: the table of paper.md, statement 6."""
    D, s, t, x = ring8(), step.sigma, step.sigma_next, step.x
    r_s = D(x, s)
    if name in ("heun", "dpm2"):
        q = 1.0 if name == "heun" else options.get("r", 0.5)
        m = t**q * s ** (1 - q)
        return s / (q * m) * (D(x + (m - s) * (x - r_s) / s, m) - r_s) / (t - s)
    if name == "euler" or before is None:
        return torch.zeros_like(x)
    p, r_p = before.sigma, D(before.x, before.sigma)
    if name == "ipndm":
        return s / (t - s) * ((before.x - r_p) / p - (x - r_s) / s)
    assert name == "dpmpp_2m"
    return np.log(s / t) / np.log(p / s) * (r_s - r_p) / (t - s)
