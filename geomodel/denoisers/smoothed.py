"""The optimal denoiser smoothed in x: an explanation of why networks do not copy."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask
from geomodel.denoisers.optimal.input import checked_count

_ROWS_AT_ONCE = 1024  # x ± s z that the model is asked for at once: more costs memory and gains nothing
_PIECE_NUMBERS = 2e8  # rows × points × dimensions for which D* takes about a tenth of a second on one core


class SmoothedDenoiser(Denoiser):
    """D(x; σ) = 1/(2K) Σ_k [D_model(x + s z_k; σ) + D_model(x − s z_k; σ)]: the mean over a normal neighbourhood of x.

    It estimates the mean of D_model over N(x, s²I). The noise z_k comes in pairs ±z_k, so that a linear denoiser stays
    as it is, and is the same at every x and σ, so that the result is a smooth function of both. Source: Scarvelis et
    al. 2023 (arXiv 2310.12395), smoothing of the optimal score.

    Args:
        model: any denoiser, in practice the optimal one.
        deviation: s in data units, from 0 on; 0 gives the model itself.
        draws: 2K, the evaluations that one evaluation takes; even.
        seed: of the noise.

    Raises:
        ValueError: a deviation that is negative or not finite; a number of draws that is odd or below 2.
    """

    def __init__(self, model: Any, deviation: float, draws: int = 16, seed: int = 0) -> None:
        if not 0 <= deviation < math.inf:
            raise ValueError(f"deviation is {deviation!r}; expected a finite number, 0 or above.")
        if checked_count("draws", draws, 2) % 2:
            raise ValueError(f"draws is {draws}; the noise comes in pairs, so it is even.")
        self.model, self.deviation, self.draws = model, float(deviation), int(draws)
        self.shape, self.num_classes = tuple(model.shape), getattr(model, "num_classes", 0)
        self.analytic, self.center = getattr(model, "analytic", False), getattr(model, "center", None)
        numbers = math.prod(self.shape) * (len(model) if hasattr(model, "__len__") else 1)
        self.piece = max(1, min(_ROWS_AT_ONCE, int(_PIECE_NUMBERS / (numbers * self.draws))))
        generator = torch.Generator().manual_seed(checked_count("seed", seed, 0))
        half = torch.randn((self.draws // 2, *self.shape), generator=generator, dtype=torch.float64)
        self._noise = torch.cat([half, -half])

    def calls_at(self, sigma: float) -> int:
        own = self.model.calls_at(sigma) if hasattr(self.model, "calls_at") else 1
        return own * (self.draws if self.deviation else 1)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        if self.deviation == 0:
            exact: Tensor = ask(self.model, x, sigma, labels)
            return exact
        total = torch.zeros_like(x)
        many = max(1, _ROWS_AT_ONCE // max(1, len(x)))  # draws at once
        for noise in torch.split(self._noise.to(device=x.device, dtype=x.dtype), many):
            moved = (x + self.deviation * noise[:, None]).flatten(0, 1)
            classes = None if labels is None else labels.repeat(len(noise))
            for part in ask(self.model, moved, sigma.repeat(len(noise)), classes).view(len(noise), *x.shape):
                total = total + part
        return total / self.draws
