"""A denoiser whose classes are asked for by other numbers."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask


class Renumbered(Denoiser):
    """D(x; σ, c) of a denoiser that calls the class c by the number `numbers[c]`. −1 is unconditional on both sides.

    Raises ValueError where a call asks for a class that `numbers` does not have.
    """

    def __init__(self, model: Denoiser, numbers: Mapping[int, int]) -> None:
        self.model, self.numbers = model, {-1: -1, **numbers}
        self.shape, self.analytic = model.shape, model.analytic
        self.num_classes = 1 + max(self.numbers)

    def calls_at(self, sigma: float) -> int:
        return self.model.calls_at(sigma)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        own = None if labels is None else torch.tensor([self._own(label) for label in labels.tolist()])
        denoised: Tensor = ask(self.model, x, sigma, own)
        return denoised

    def _own(self, label: int) -> int:
        if label not in self.numbers:
            raise ValueError(f"There is no class {label} here; the classes are {sorted(self.numbers)}.")
        return self.numbers[label]
