"""Guidance by the gradient of a reward at the denoised point."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask
from geomodel.denoisers.network_jacobian import pulled_back
from geomodel.denoisers.tilted import reward_of


class PlugInTilt(Denoiser):
    """D(x; σ) + (σ²/β) Jᵀ∇r(D(x; σ)): what guidance by a reward r(x) = a·x − c‖x‖²/2 does in practice.

    J = ∂D/∂x, so that Jᵀ∇r(D) = ∇ₓ r(D(x; σ)), one product of a vector with the Jacobian. The exact denoiser of
    p e^{r/β}/Z has ∇ₓ ln E[e^{r/β} | x] in place of ∇ₓ r(D)/β: the expectation over the posterior is replaced by its
    value at the posterior's mean. Both agree where the posterior is narrow against the scale on which r/β changes by 1,
    or is one Gaussian and c = 0. Elsewhere the plug-in is the denoiser of no density; `tilted` has the exact one.

    Args:
        model: any denoiser whose answer torch can differentiate by x: a mixture, D*, a network.
        linear: a, of the shape of one point, in reward per data unit; None is 0.
        beta: β > 0, in units of the reward.
        quadratic: c, in reward per squared data unit.

    Raises:
        ValueError: a, c and β as in `tilted`; in a call, a model whose answer cannot be differentiated by x.

    Source: Dhariwal and Nichol 2021 (arXiv 2105.05233); Chung et al. 2023 (arXiv 2209.14687), equation 15, for the
    value at the posterior's mean.
    """

    def __init__(self, model: Any, linear: Any = None, beta: float = 1.0, *, quadratic: float = 0.0) -> None:
        self.model, self.shape = model, tuple(model.shape)
        self.linear, self.quadratic, self.beta = reward_of(self.shape, linear, quadratic, beta)
        self.num_classes, self.analytic = getattr(model, "num_classes", 0), getattr(model, "analytic", False)
        self.center, self.far = getattr(model, "center", None), getattr(model, "far", False)

    def calls_at(self, sigma: float) -> int:
        return self.model.calls_at(sigma) if hasattr(self.model, "calls_at") else 1

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        traced = torch.is_grad_enabled() and x.requires_grad  # the caller differentiates the answer
        with torch.inference_mode(False), torch.enable_grad():
            query = x if traced else x.detach().clone().requires_grad_()
            denoised: Tensor = ask(self.model, query, sigma, labels)
            answer = denoised if traced else denoised.detach()
            slope = self.linear.to(answer) - self.quadratic * answer
            pulled = pulled_back(denoised, query, slope, create_graph=traced)
            strength = (sigma**2 / self.beta).to(answer).reshape(-1, *[1] * len(self.shape))
            moved = answer + strength * pulled
        return moved if traced else moved.detach()
