"""A trained consistency function."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from geomodel.arrays import Floats
from geomodel.consistency.settings import ConsistencySettings
from geomodel.denoisers import clocks
from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.network import column


class ConsistencyFunction(Denoiser):
    """f(x, σ), which leads from anywhere on a trajectory to its end. It is called as a denoiser is.

        f(x, σ) = m + s [c_skip y + c_out F(c_in y, ln(τ)/4)],   y = (x − m)/s,  τ = σ/s,  F a network,
        c_skip = 1/((τ − τ_min)² + 1),  c_out = (τ − τ_min)/√(τ² + 1),  c_in = 1/√(τ² + 1)

    with m and s the mean and the scale of the data, so that f(x, σ_min) = x, and f moves and grows with its data. At
    levels below σ_min f is the identity too; above σ_max it was not trained. Its weights never change.

    Attributes: settings; sigma_min, sigma_max: in data units; iteration: of how many iterations it is.
    Source: Song et al. 2023 (arXiv 2303.01469), eq. 5 and appendix C.
    """

    analytic = False

    def __init__(
        self, network: nn.Module, settings: ConsistencySettings, mean: Floats, scale: float, iteration: int
    ) -> None:
        self.settings, self.iteration = settings, iteration
        self.shape = mean.shape
        self.center, self._scale = torch.from_numpy(mean), scale
        self.sigma_min, self.sigma_max = scale * settings.lowest, scale * settings.highest
        self._network = network.eval().requires_grad_(False)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        assert self.center is not None
        y = (x.double() - self.center) / self._scale
        return self.center + self._scale * relative(self._network, self.settings, y, sigma / self._scale)


def relative(network: nn.Module, settings: ConsistencySettings, y: Tensor, tau: Tensor) -> Tensor:
    """f in the data's own unit: y (B, d) and τ (B,) float64. The network computes in float32."""
    clock = clocks.edm_consistency(settings.lowest, settings.highest, sigma_data=1.0)
    coefficients = clock.coefficients(tau.clamp(min=settings.lowest))
    c_skip, c_out, c_in = (column(coefficient, y) for coefficient in coefficients[:3])
    answer: Tensor = network((c_in * y).float(), coefficients.c_noise.float())
    return c_skip * y + c_out * answer
