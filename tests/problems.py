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
CASES = [
    *((name, {}) for name in solvers.names()),
    *((name, {"analytic_first_step": MOMENTS}) for name in solvers.names()),
    *(("dpm2", {"r": r}) for r in (0.25, 0.8, 1.0)),
    *(("ipndm", {"order": order}) for order in (1, 2, 4)),
    ("ipndm", {"order": 4, "lower_order_final": True}),
    ("ipndm", {"order": 4, "lower_order_final": True, "analytic_first_step": MOMENTS}),
    ("dpmpp_2m", {"lower_order_final": True}),
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


def oracle(name, options, model, x, sigmas):
    """The whole run in NumPy, written in slopes (2M as its paper writes it, in expm1), with no shared code."""
    D = numpy_denoiser(model)
    points, slopes, outputs = [x], [], []
    last = len(sigmas) - 2
    for i, (s, t) in enumerate(pairwise(sigmas)):
        x = points[-1]
        if i == 0 and options.get("analytic_first_step"):
            mean, variance = options["analytic_first_step"]
            e = s * (x - mean) / (s**2 + variance)
        else:
            e = (x - D(x, s)) / s
        slopes.insert(0, e)
        outputs.insert(0, x - s * e)
        lower = options.get("lower_order_final", False)
        if name == "euler" or t == 0:
            new = x + (t - s) * e
        elif name in ("heun", "dpm2"):
            r = 1.0 if name == "heun" else options.get("r", 0.5)
            m = t if r == 1 else np.exp(r * np.log(t) + (1 - r) * np.log(s))
            predicted = x + (m - s) * e
            new = x + (t - s) * ((1 - 1 / (2 * r)) * e + (predicted - D(predicted, m)) / m / (2 * r))
        elif name == "ipndm":
            order = min(options.get("order", 3), i + 1, last + 1 - i if lower else 4)
            new = x + (t - s) * sum(w * slopes[j] for j, w in enumerate(even_step_weights(order)))
        elif name == "dpmpp_2m":
            h = np.log(s / t)
            correction = 0.0
            if i > 0 and not (lower and i == last):
                correction = (outputs[0] - outputs[1]) / (2 * np.log(sigmas[i - 1] / s) / h)
            new = np.exp(-h) * x - np.expm1(-h) * (outputs[0] + correction)
        else:
            raise AssertionError(f"{name} needs an oracle here")
        points.append(new)
    return np.stack(points)


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
