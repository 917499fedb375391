"""Likelihood along a trajectory: what each step gains in the density of the data, and the ODE's own density.

Removing noise raises any likelihood. A step from σ to σ' that takes the fraction η = 1 − σ'/σ of pure noise away gains
(d/2)(1 − (1 − η)²) nats, and D, which takes all of it away, d/2, whatever the model is. These shares of the noise are
subtracted before a gain says something about the model.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, plain

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser

EXACT_DIMENSIONS = 64  # up to here the trace of a Jacobian is computed exactly
PROBES = 16
ROWS_AT_ONCE = 2**21  # numbers of one batch of copies of x


@dataclass(frozen=True, slots=True, eq=False)
class KernelGains:
    """Gains in log p_h over the steps of a run, in nats, beside what they must be at least.

    step, denoised, bound, hypothesis: (L − 1, B), see `kernel_gains`; step_noise, denoised_noise: (L − 1,), the noise's
    share of `step` and of `denoised`, see `noise_shares`.
    """

    step: Floats
    denoised: Floats
    bound: Floats
    hypothesis: Floats
    step_noise: Floats
    denoised_noise: Floats

    @property
    def beyond_noise(self) -> dict[str, Floats]:
        """`step` and `denoised` minus the noise's share: the extras of a run from which the measure `gain` is drawn."""
        return {
            "gain_x": self.step - self.step_noise[:, None],
            "gain_denoised": self.denoised - self.denoised_noise[:, None],
        }


def kernel_gains(
    optimal: OptimalDenoiser,
    x: ArrayLike,
    denoised: ArrayLike,
    sigmas: ArrayLike,
    labels: Any = None,
    bandwidth: ArrayLike | None = None,
) -> KernelGains:
    """How much likelier each step makes a sample under the kernel density p_h of the data, p_h = (1/N) Σ N(y_i, h²I).

        step        log p_h(x_{n+1}) − log p_h(x_n),     h = σ_n
        denoised    log p_h(D_n) − log p_h(x_n)
        bound       log[1 + (‖m‖² − ‖m − v‖²)/2h²],      m = D*(x_n; h) − x_n,  v = x_{n+1} − x_n
        hypothesis  ‖D*(x_n; σ_n) − D_n‖ / ‖D*(x_n; σ_n) − x_n‖

    Theorem: where the hypothesis is at most 1 and h = σ_n, an Euler step gains, and so does D. The bound holds for
    every step and every h (Jensen's inequality), but it says nothing, −∞, where its bracket is not positive. With
    another h the theorem fails: of the points ±1, from x = 0.99 at σ = 5, an Euler step to 2.5 loses 11.8 nats at
    h = 0.1.

    Args:
        optimal: D* of the data.
        x: (L, B, *shape), the trajectory; denoised: (L − 1, B, *shape) or one row more, D_n of any denoiser.
        sigmas: (L,), descending; only the last may be 0.
        labels: (B,) the class whose data count, or None.
        bandwidth: h, one number or (L − 1,), above 0; None is σ_n.

    Returns:
        `KernelGains`, (L − 1, B) each. NaN where a position is not finite or D was not evaluated.

    Raises:
        ValueError: shapes do not fit, a level or bandwidth is not positive, or D* refuses the labels.

    Source: Chen et al. 2023 (arXiv 2305.19947), Theorem 1, there for any h; arXiv 2405.11326, Proposition A.14. The
    bound with its bandwidth: the minorisation of mean shift (Carreira-Perpiñán 2007).
    """
    positions, outputs, levels = _run(x, denoised, sigmas)
    widths = levels[:-1] if bandwidth is None else np.asarray(plain(bandwidth), np.float64)
    if widths.shape not in ((), (len(levels) - 1,)) or not (widths > 0).all() or not np.isfinite(widths).all():
        raise ValueError(f"A bandwidth is a number above 0, or one for each of the {len(levels) - 1} steps.")
    widths = np.broadcast_to(widths, (len(levels) - 1,))
    rows = np.full((4, len(levels) - 1, positions.shape[1]), np.nan)
    for n, (sigma, h) in enumerate(zip(levels[:-1].tolist(), widths.tolist(), strict=True)):
        rows[:, n] = _gains(optimal, positions[n], positions[n + 1], outputs[n], sigma, h, labels)
    step_noise, denoised_noise = noise_shares(levels, math.prod(positions.shape[2:]), widths)
    step, output, bound, hypothesis = rows
    return KernelGains(step, output, bound, hypothesis, step_noise, denoised_noise)


def noise_shares(sigmas: ArrayLike, dimension: int, bandwidth: ArrayLike | None = None) -> tuple[Floats, Floats]:
    """What removing pure noise gains: ((L − 1,) for each step, (L − 1,) for D), in nats, h the bandwidth or σ_n.

        step  (d/2)(σ_n² − σ_{n+1}²)/h²,     D  (d/2) σ_n²/h²,     which for h = σ_n is d/2

    It is exact for one data point y, from which x_n = y + σ_n z is √d σ_n away.
    """
    levels = np.asarray(plain(sigmas), np.float64)
    h = levels[:-1] if bandwidth is None else np.asarray(plain(bandwidth), np.float64)
    above, below = (levels[:-1] / h) ** 2, (levels[1:] / h) ** 2
    return np.asarray(dimension / 2 * (above - below)), np.asarray(dimension / 2 * above)


def _run(x: ArrayLike, denoised: ArrayLike, sigmas: ArrayLike) -> tuple[Array, Array, Floats]:
    positions, outputs = np.asarray(plain(x)), np.asarray(plain(denoised))
    levels = np.asarray(plain(sigmas), np.float64)
    if positions.ndim < 3 or levels.shape != positions.shape[:1]:
        raise ValueError(
            f"x is a trajectory (levels, B, *shape) over its levels; got {positions.shape}, {levels.shape}."
        )
    if outputs.shape[1:] != positions.shape[1:] or len(outputs) not in (len(levels) - 1, len(levels)):
        raise ValueError(f"denoised has shape {outputs.shape}; a trajectory {positions.shape} has one row a step.")
    if not (levels[:-1] > 0).all() or not levels[-1] >= 0:
        raise ValueError(f"Noise levels are above 0, only the last may be 0; got {levels.tolist()}.")
    return positions, outputs, levels


@np.errstate(invalid="ignore", divide="ignore", over="ignore")
def _gains(
    optimal: OptimalDenoiser, x: Array, x_next: Array, denoised: Array, sigma: float, h: float, labels: Any
) -> Floats:
    """The four numbers of one step, (4, B)."""
    at_x, at_next, at_denoised = (_posterior(optimal, rows, h, labels) for rows in (x, x_next, denoised))
    here, following, output, mean = (_flat(rows) for rows in (x, x_next, denoised, at_x[1]))
    shift, step = mean - here, following - here
    excess = _square(shift) - _square(shift - step)
    exact = mean if h == sigma else _flat(_posterior(optimal, x, sigma, labels)[1])
    return np.stack(
        [
            at_next[0] - at_x[0],
            at_denoised[0] - at_x[0],
            np.log1p(np.maximum(excess / (2 * h**2), -1.0)),
            ratio(np.sqrt(_square(exact - output)), np.sqrt(_square(exact - here))),
        ]
    )


@np.errstate(invalid="ignore", divide="ignore")
def ratio(error: ArrayLike, shift: ArrayLike) -> Floats:
    """The hypothesis of `kernel_gains` from ‖D* − D‖ and ‖D* − x‖: 0 where D = D*, even where x is there too."""
    errors, shifts = np.asarray(error, np.float64), np.asarray(shift, np.float64)
    return np.where(errors == 0, 0.0, errors / shifts)


def _posterior(optimal: OptimalDenoiser, x: Array, sigma: float, labels: Any) -> tuple[Floats, Floats]:
    """log p_σ (B,) and D* (B, *shape) of the rows that are finite; NaN for the others."""
    points = np.asarray(x, np.float64)
    whole = np.isfinite(points.reshape(len(points), -1)).all(axis=1)
    density, mean = np.full(len(points), np.nan), np.full(points.shape, np.nan)
    if whole.any():
        classes = None if labels is None else np.asarray(plain(labels))[whole]
        found = optimal.posterior(points[whole], sigma, classes, k=1)
        density[whole], mean[whole] = found.log_density.numpy(), found.mean.numpy()
    return density, mean


def _flat(rows: Array) -> Floats:
    return np.asarray(rows.reshape(len(rows), -1), np.float64)


def _square(rows: Floats) -> Floats:
    return np.asarray(np.einsum("bd,bd->b", rows, rows))


@dataclass(frozen=True, slots=True, eq=False)
class Along:
    """log p_σ along a run by the ODE, which `numpy.asarray` gives too.

    values: (L, B), in nats; error: (L, B), their standard error, 0 where traces are exact.
    """

    values: Floats
    error: Floats

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Array:
        return np.array(self.values, dtype=dtype, copy=copy)


def along(
    model: Any,
    x: ArrayLike,
    sigmas: ArrayLike,
    log_density_at_start: ArrayLike,
    probes: int | None = None,
    seed: int = 0,
    labels: Any = None,
    trace: Callable[[Floats, float], ArrayLike] | None = None,
) -> Along:
    """The density that the model's ODE carries along its own trajectory, from the one at the start.

        log p_n(x_n) = log p_0(x_0) + ∫ (d − tr J)/σ dσ  from σ_n to σ_0,     J = ∂D/∂x

    by the trapezoidal rule in ln σ over the levels of the run, so its error falls with the square of their spacing
    (0.01 nats at 50 levels of a mixture). It is the density of p_σ at the level reached, never that of p_0: at σ = 0 it
    is undefined, NaN.

    Args:
        model: a denoiser that torch can differentiate by x, each row of a batch on its own.
        x: (L, B, *shape), a trajectory of its ODE; sigmas: (L,), descending.
        log_density_at_start: (B,) or one number, log p at x[0], such as `mixture.log_density(x[0], sigmas[0])`.
        probes: None computes tr J exactly up to 64 dimensions, and above from 16 probes; a number takes so many always.
            Hutchinson's estimate is the mean of zᵀJz over random signs z. A probe stays the same at all levels, so that
            each gives a whole curve and the standard error is that of the mean of these curves.
        seed: of the probes; labels: (B,) as the model takes them, or None.
        trace: a function of x (B, *shape) and σ that gives tr J (B,) where it is known in another way, such as
            `soft_dimension` for D*. Then the model is not asked and no probes are drawn.

    Raises:
        ValueError: shapes do not fit, fewer than 2 probes, or the model cannot be differentiated.

    Source: Song et al. 2021 (arXiv 2011.13456), section 4.3, instantaneous change of variables; Hutchinson 1990.
    """
    positions = np.asarray(plain(x), np.float64)
    _, _, levels = _run(positions, positions, sigmas)
    shape, dimension = positions.shape[:2], math.prod(positions.shape[2:])
    if probes is not None and probes < 2:
        raise ValueError(f"A standard error needs at least 2 probes; got {probes}.")
    start = np.broadcast_to(np.asarray(plain(log_density_at_start), np.float64), shape[1:])
    directions = None
    if trace is None and (probes is not None or dimension > EXACT_DIMENSIONS):
        random = np.random.default_rng([seed, 4])
        directions = random.choice([-1.0, 1.0], size=(probes or PROBES, shape[1], dimension))
    rates = np.full((1 if directions is None else len(directions), *shape), np.nan)
    for n, sigma in enumerate(levels.tolist()):
        if sigma > 0:
            known = None if trace is None else np.asarray(plain(trace(positions[n], sigma)), np.float64)
            found = traces(model, positions[n], sigma, directions, labels) if known is None else known
            rates[:, n] = dimension - found
    steps = -np.diff(np.log(np.where(levels > 0, levels, np.nan)))[:, None]
    gains = np.cumsum(steps * (rates[:, 1:] + rates[:, :-1]) / 2, axis=1)
    gains = np.concatenate([np.zeros((len(rates), 1, shape[1])), gains], axis=1)
    error = np.zeros(shape) if directions is None else gains.std(axis=0, ddof=1) / math.sqrt(len(gains))
    return Along(start + gains.mean(axis=0), np.asarray(error))


def traces(model: Any, x: ArrayLike, sigma: float, directions: Floats | None = None, labels: Any = None) -> Floats:
    """tr J of each x (B, *shape) at σ: (1, B) exactly, or zᵀJz for each of `directions` (K, B, d): (K, B).

    By backward passes alone, because every denoiser that torch can differentiate has those. NaN for rows that are not
    finite. Raises ValueError where the answer cannot be differentiated by x.
    """
    points = np.asarray(plain(x), np.float64)
    whole = np.isfinite(points.reshape(len(points), -1)).all(axis=1)
    kept = None if labels is None else np.asarray(plain(labels))[whole]
    dimension = math.prod(points.shape[1:])
    units = directions is None
    vectors = np.broadcast_to(np.eye(dimension)[:, None], (dimension, len(points), dimension)) if units else directions
    assert vectors is not None
    found = np.full(vectors.shape[:2], np.nan)
    if not whole.any():
        return found[:1] if units else found
    count = max(1, ROWS_AT_ONCE // max(1, points.size))
    for first in range(0, len(vectors), count):
        part = slice(first, first + count)
        found[part, whole] = _quadratic(model, points[whole], sigma, vectors[part][:, whole], kept)
    return found.sum(axis=0, keepdims=True) if units else found


def _quadratic(model: Any, x: Floats, sigma: float, vectors: Floats, labels: Any) -> Floats:
    """vᵀ J v for each row of x (B, *shape) and each v of vectors (K, B, d): (K, B)."""
    import torch

    from geomodel.denoisers.base import ask

    count = len(vectors)
    with torch.inference_mode(False), torch.enable_grad():
        copies = torch.from_numpy(np.tile(x, (count, *[1] * (x.ndim - 1)))).requires_grad_()
        classes = None if labels is None else torch.as_tensor(np.tile(labels, count))
        denoised = ask(model, copies, sigma, classes)
        if not denoised.requires_grad:
            raise ValueError(
                "The model's answer cannot be differentiated by x: it does not depend on x by torch operations alone."
            )
        along_v = torch.from_numpy(np.ascontiguousarray(vectors)).reshape(copies.shape).to(denoised.dtype)
        (pulled,) = torch.autograd.grad(denoised, copies, along_v)
        products = (pulled * along_v.to(pulled.dtype)).flatten(1).sum(dim=1)
    return np.asarray(products.double().detach().numpy().reshape(count, len(x)))
