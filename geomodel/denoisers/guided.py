"""Classifier-free guidance."""

from __future__ import annotations

import math

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask


class Guided(Denoiser):
    """D_w(x; σ, c) = D(x; σ) + w (D(x; σ, c) − D(x; σ)) inside a noise interval, D(x; σ, c) outside.

    For w other than 0 and 1 it is in general not the denoiser of any density. Sources: Ho and Salimans 2022 (arXiv
    2207.12598), whose weight is w − 1; the interval is of Kynkäänniemi et al. 2024 (arXiv 2404.07724).

    Args:
        model: a denoiser that takes labels, with -1 for unconditional.
        scale: w. 1 is conditional, 0 unconditional.
        interval: (σ_low, σ_high), both ends included; None is every noise level.

    Raises:
        ValueError: the scale is not finite, the interval is not 0 ≤ σ_low ≤ σ_high, or a call has no labels.
    """

    def __init__(self, model: Denoiser, scale: float, interval: tuple[float, float] | None = None) -> None:
        if not math.isfinite(scale):
            raise ValueError(f"The guidance scale must be a finite number; got {scale}.")
        low, high = (0.0, math.inf) if interval is None else interval
        if not 0 <= low <= high:
            raise ValueError(f"The guidance interval must be two noise levels, 0 ≤ low ≤ high; got {interval}.")
        self.model, self.scale, self.low, self.high = model, float(scale), float(low), float(high)
        self.shape, self.num_classes, self.analytic = model.shape, model.num_classes, model.analytic
        self.center = getattr(model, "center", None)  # a stranger's callable has none
        self.far = getattr(model, "far", False)

    def calls_at(self, sigma: float) -> int:
        guided = self.scale != 1 and self.low <= sigma <= self.high
        return (2 if guided else 1) * self.model.calls_at(sigma)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        if labels is None:
            raise ValueError("Guidance needs labels: one class a sample, -1 for unconditional.")
        conditional: Tensor = ask(self.model, x, sigma, labels)
        inside = (sigma >= self.low) & (sigma <= self.high)
        if self.scale == 1 or not bool(inside.any()):
            return conditional
        rows = inside.to(x.device)
        none = ask(self.model, x[rows], sigma[inside], torch.full_like(labels[inside], -1))
        guided = conditional.clone()
        guided[rows] = none + self.scale * (conditional[rows] - none)
        return guided
