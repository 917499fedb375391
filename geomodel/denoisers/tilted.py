"""A Gaussian mixture weighted by the exponential of a quadratic reward, which is a Gaussian mixture again."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import real
from geomodel.denoisers.mixture import MixtureDenoiser, float64_queries

_ROUNDING = 1e-14  # of v c/β + 1, where the tilt is just not normalisable


class TiltedMixture(MixtureDenoiser):
    """The denoiser of p e^{r/β}/Z, as `tilted` makes it, with what is known of the tilt in closed form.

    Its `weights` are the shares of the components after the tilt. They are also the mean over p e^{r/β}/Z of the
    responsibilities of p at σ = 0, because the factor e^{r/β}/Z is common to all components.

    Attributes:
        original: the mixture p.
        linear, quadratic, beta: a (*shape), c and β of the reward.
        log_z: ln Z = ln E_p[e^{r/β}], in nats.
        mean_reward, original_reward: E[r] after the tilt and before, in units of r.
        kl: KL(p e^{r/β}/Z ‖ p) = E[r]/β − ln Z, in nats.
    """

    original: MixtureDenoiser
    linear: Tensor
    quadratic: float
    beta: float
    log_z: float
    mean_reward: float
    original_reward: float
    kl: float
    _at_center: float  # r at the mean of p
    _log_z: float  # ln Z of r − r(mean of p): far from the origin the two parts of ln Z would cancel

    def reward(self, x: Any) -> Any:
        """r(x) = a·x − c‖x‖²/2 of points (B, *shape): (B,) float64, a tensor or an array as x is."""
        points = float64_queries(self.shape, x, 0.0)[0]
        rewards = (self.linear * points - self.quadratic / 2 * points**2).flatten(1).sum(1)
        return rewards if isinstance(x, Tensor) else rewards.numpy()

    def least_kl(self, mean_reward: float) -> float:
        """The least KL(q‖p), in nats, of any density q with this mean reward, as far as this β can tell.

            KL(q‖p) = KL(q ‖ p e^{r/β}/Z) + E_q[r]/β − ln Z ≥ E_q[r]/β − ln Z,   equal for the exact tilt alone.

        Source: the variational principle of Gibbs (Donsker and Varadhan 1975).
        """
        return max(0.0, (mean_reward - self._at_center) / self.beta - self._log_z)


def tilted(mixture: MixtureDenoiser, linear: Any = None, quadratic: float = 0.0, beta: float = 1.0) -> TiltedMixture:
    """The exact mixture p e^{r/β}/Z of a mixture p = Σ_k π_k N(m_k, v_k) and a reward r(x) = a·x − c‖x‖²/2.

    Component k becomes, coordinate by coordinate,

        v' = 1/(1/v + c/β),     m' = v' (m/v + a/β),
        ln π' = ln π + Σ_coordinates [½ ln(v'/v) + m'²/2v' − m²/2v] + const.

    Its denoiser obeys D'(x; σ) = D(x; σ) + σ²∇ₓ ln E[e^{r/β} | x_σ = x] (Doob's h-transform), in which the expectation
    is over p(x_0 | x). All is computed about the mean of p, so that data far from the origin lose no digits.

    Args:
        mixture: p, with variances as `MixtureDenoiser` takes them.
        linear: a, of the shape of one point, in reward per data unit; None is 0.
        quadratic: c, in reward per squared data unit. Below 0 the reward grows away from the origin.
        beta: β > 0, in units of the reward: the temperature of the tilt, also called the strength of the KL penalty.

    Raises:
        TypeError: p is not a `MixtureDenoiser`.
        ValueError: a has another shape or is not finite, c is not finite, β is not finite and above 0, or c is so far
            below 0 that p e^{r/β} has no finite integral (1/v + c/β ≤ 0).

    Source: Dhariwal and Nichol 2021 (arXiv 2105.05233), section 4, for guidance by a gradient; Domingo-Enrich et al.
    2024 (arXiv 2409.08861) for the tilted density as what fine-tuning by a reward aims at.
    """
    if not isinstance(mixture, MixtureDenoiser):
        raise TypeError(f"Only a MixtureDenoiser can be tilted exactly; got {type(mixture).__name__}.")
    a, c, beta = reward_of(mixture.shape, linear, quadratic, beta)
    variances = mixture.variances
    stretch = 1 + variances * (c / beta)  # v/v'
    if not bool((stretch > _ROUNDING).all()):
        widest = float(variances.max())
        raise ValueError(
            f"The tilt cannot be normalised with c = {c:g} and β = {beta:g} because a component has the variance "
            f"{widest:.4g}; choose c above −β/v = {-beta / widest:.4g}."
        )
    center = mixture.center
    away, slope = mixture.means - center, a - c * center  # the reward is r(center) + slope·y − c‖y‖²/2
    moved = (away + variances * slope / beta) / stretch
    logs = (slope * away - c * away**2 / 2 + variances * slope**2 / (2 * beta)) / (beta * stretch)
    logs = mixture.weights.log() + (logs - stretch.log() / 2).flatten(1).sum(1)
    shares = torch.softmax(logs, dim=0)
    spread = variances / stretch
    result = TiltedMixture(center + moved, spread.flatten() if spread.numel() == len(spread) else spread, shares)
    result.original, result.linear, result.quadratic, result.beta = mixture, a, c, beta
    result._at_center = float((a * center - c / 2 * center**2).sum())
    result._log_z = float(torch.logsumexp(logs, dim=0))
    result.log_z = result._at_center / beta + result._log_z

    def gain(weights: Tensor, y: Tensor, variance: Tensor) -> float:
        """The mean of slope·y − c‖y‖²/2 under a mixture about the mean of p."""
        return float(weights @ (slope * y - c / 2 * (y**2 + variance)).flatten(1).sum(1))

    more = gain(shares, moved, spread)
    result.mean_reward = result._at_center + more
    result.original_reward = result._at_center + gain(mixture.weights, away, variances)
    result.kl = max(0.0, more / beta - result._log_z)
    return result


def reward_of(shape: tuple[int, ...], linear: Any, quadratic: float, beta: float) -> tuple[Tensor, float, float]:
    """a as a float64 tensor of this shape, c and β. ValueError where they are no reward and temperature."""
    a = real("linear", torch.zeros(shape) if linear is None else linear).detach().to("cpu", torch.float64)
    if tuple(a.shape) != tuple(shape) or not bool(torch.isfinite(a).all()):
        raise ValueError(
            f"linear must be finite numbers of the shape of one point, ({', '.join(map(str, shape))}); "
            f"got the shape {tuple(a.shape)}."
        )
    if not math.isfinite(quadratic):
        raise ValueError(f"quadratic must be a finite number; got {quadratic}.")
    if not 0 < beta < math.inf:
        raise ValueError(f"beta must be a finite number above 0; got {beta}.")
    return a, float(quadratic), float(beta)
