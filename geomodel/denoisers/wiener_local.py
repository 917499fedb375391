"""The local denoiser whose patches come from the statistics of the data."""

from __future__ import annotations

import math
from typing import Any

import torch
from torch import Tensor

from geomodel.arrays import Integers
from geomodel.denoisers.optimal.untruncated import SMALLEST_SIGMA
from geomodel.denoisers.patch_sums import PatchSums
from geomodel.denoisers.pixelwise import Pixelwise
from geomodel.denoisers.spectrum import spectrum

_CONSTANT = 1e-12  # of the largest variance of a pixel: less is rounding
_ROUGH = 0.1  # of the largest deviation of a pixel: at a smaller σ, sums over patches are taken one by one
MOST_DIMENSIONS = 4096  # a covariance of more takes over 128 MB, and its eigenvectors minutes


class WienerLocalDenoiser(Pixelwise):
    """The local denoiser with Ω_q = {p : |W_qp| ≥ τ W_qq}, W = C (C + σ²I)⁻¹ the Wiener filter of the data.

    C is the covariance of the points, so the best linear denoiser is ȳ + W (x − ȳ), and row q of W says which pixels
    that filter looks at for pixel q: many at large σ, few at small σ. τ = 0 sees the whole image and is D*; with τ
    above every ratio a pixel sees itself alone. With several channels a pixel is seen where any of its channels is. A
    pixel that is the same in all points sees itself alone. Idea: Lukoianov et al. 2025 (arXiv 2509.09672), whose
    programs differ in normalisation.

    Args:
        points: see `Pixelwise`; at most 4,096 numbers each.
        threshold: τ, from 0 on.

    Raises:
        ValueError: also where τ is negative or not finite, or a point has more numbers.
    """

    def __init__(self, points: Any, threshold: float = 0.1) -> None:
        if not 0 <= threshold < math.inf:
            raise ValueError(f"threshold is {threshold!r}; expected a finite number, 0 or above.")
        super().__init__(points)
        dimension = math.prod(self.shape)
        if dimension > MOST_DIMENSIONS:
            raise ValueError(f"Each point has {dimension:,} numbers; a Wiener filter is kept for {MOST_DIMENSIONS:,}.")
        self.threshold = float(threshold)
        fitted = spectrum(points.detach().cpu().numpy() if isinstance(points, Tensor) else points, dimension)
        self._vectors, self._values = torch.from_numpy(fitted.vectors), torch.from_numpy(fitted.values)
        variance = (self._vectors.square() * self._values).sum(1)
        self._varies = variance > _CONSTANT * variance.max()
        self._deviation = float(variance.max().sqrt())
        self._last: tuple[float, PatchSums] | None = None

    def sizes(self, sigma: float) -> Integers:
        """How many pixels each pixel sees, (H, W)."""
        sizes: Integers = self._mask(sigma).sum(1).reshape(self.shape[1:]).numpy()
        return sizes

    def _mask(self, sigma: float) -> Tensor:
        """(H·W, H·W), true in row q and column p where q sees p."""
        shares = self._values / (self._values + max(sigma, SMALLEST_SIGMA) ** 2)
        filter_ = (self._vectors * shares) @ self._vectors.T
        seen = filter_.abs() >= self.threshold * filter_.diagonal()[:, None]
        seen &= self._varies[:, None] | (self.threshold == 0)
        channels, pixels = self.shape[0], self.shape[1] * self.shape[2]
        whole = seen.view(channels, pixels, channels, pixels).any(2).any(0)
        return whole | torch.eye(pixels, dtype=torch.bool)

    def _sums(self, sigma: float) -> PatchSums:
        """The sums over the patches. Those of the last σ are kept, for the next query."""
        if self._last is None or self._last[0] != sigma:
            chained = sigma >= _ROUGH * self._deviation
            self._last = (sigma, PatchSums(self._mask(sigma), self.shape[1], chained=chained))
        return self._last[1]

    def _mean(self, x: Tensor, sigma: float) -> Tensor:
        self._sums(sigma)  # made once, before several threads ask for them
        return super()._mean(x, sigma)

    def gaps(self, points: Tensor, x: Tensor, sigma: float) -> Tensor:
        return self._sums(sigma)(self.squares(points, x))
