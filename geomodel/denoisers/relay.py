"""One denoiser above a noise level, another below it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask


class Relay(Denoiser):
    """D(x; σ) = D_k(x; σ) with k the first stage whose level is at most σ: denoisers that hand over on the way down.

    ``Relay([(5.0, optimal), (0.0, network)])`` is the optimal denoiser from σ = 5 upwards and the network below.

    Args:
        stages: pairs (level, denoiser) from the highest level to the lowest, which is 0.

    Raises:
        ValueError: no stages, levels that do not fall strictly to 0, or denoisers of different shapes.
    """

    def __init__(self, stages: Sequence[tuple[float, Any]]) -> None:
        self.levels = tuple(float(level) for level, _ in stages)
        self.models = tuple(model for _, model in stages)
        falling = all(after < before for before, after in zip(self.levels, self.levels[1:], strict=False))
        if not self.levels or not falling or self.levels[-1] != 0 or math.isnan(self.levels[0]):
            raise ValueError(f"The levels of a relay must fall strictly and end with 0; got {list(self.levels)}.")
        self.shape = tuple(self.models[0].shape)
        if any(tuple(model.shape) != self.shape for model in self.models):
            raise ValueError(f"The denoisers work on the shapes {[tuple(model.shape) for model in self.models]}.")
        self.num_classes = max(getattr(model, "num_classes", 0) for model in self.models)
        self.analytic = all(getattr(model, "analytic", False) for model in self.models)
        self.far = any(getattr(model, "far", False) for model in self.models)
        self.center = next((c for model in self.models if (c := getattr(model, "center", None)) is not None), None)

    def _stage(self, sigma: float) -> int:
        return next(k for k, level in enumerate(self.levels) if level <= sigma)

    def calls_at(self, sigma: float) -> int:
        model = self.models[self._stage(sigma)]
        return model.calls_at(sigma) if hasattr(model, "calls_at") else 1

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        stages = torch.tensor([self._stage(level) for level in sigma.tolist()], dtype=torch.int64)
        present = sorted({*stages.tolist()})
        if len(present) == 1:
            whole: Tensor = ask(self.models[present[0]], x, sigma, labels)
            return whole
        denoised = torch.empty_like(x)
        for k in present:
            rows = stages == k
            classes = None if labels is None else labels[rows]
            denoised[rows.to(x.device)] = ask(self.models[k], x[rows.to(x.device)], sigma[rows], classes)
        return denoised
