"""The optimal denoiser with a kernel of another width."""

from __future__ import annotations

import math
from typing import Any

from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask


class BandwidthDenoiser(Denoiser):
    """D(x; σ) = D_model(x; κσ): for the optimal denoiser, the mean of the data under a kernel κ times as wide.

    With κ above 1 more data points have weight than at the noise level itself. At κ = 1 it is the model. Source: the
    kernel width as the knob of mean shift, Chen et al. 2023 (arXiv 2305.19947), section 5.

    Args:
        model: any denoiser, in practice the optimal one.
        factor: κ, above 0.

    Raises:
        ValueError: a factor that is not a finite number above 0.
    """

    def __init__(self, model: Any, factor: float) -> None:
        if not 0 < factor < math.inf:
            raise ValueError(f"factor is {factor!r}; expected a finite number above 0.")
        self.model, self.factor = model, float(factor)
        self.shape, self.num_classes = tuple(model.shape), getattr(model, "num_classes", 0)
        self.analytic, self.center = getattr(model, "analytic", False), getattr(model, "center", None)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        denoised: Tensor = ask(self.model, x, self.factor * sigma, labels)
        return denoised
