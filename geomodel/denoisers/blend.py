"""A blend of two denoisers, such as a network and the optimal denoiser."""

from __future__ import annotations

from torch import Tensor

from geomodel.denoisers.base import Denoiser, ask


class Blend(Denoiser):
    """D(x; σ) = a D_first(x; σ) + (1 − a) D_second(x; σ): from one denoiser to another, a in [0, 1].

    Both take the same x (B, *shape), sigma and labels. A blend of the denoisers of two densities is in general not the
    denoiser of any density. Raises ValueError where the shapes differ or a is not in [0, 1].
    """

    def __init__(self, first: Denoiser, second: Denoiser, share: float) -> None:
        if tuple(first.shape) != tuple(second.shape):
            raise ValueError(f"The two denoisers work on shapes {tuple(first.shape)} and {tuple(second.shape)}.")
        if not 0 <= share <= 1:
            raise ValueError(f"The share of the first denoiser must lie between 0 and 1; it is {share:g}.")
        self.first, self.second, self.share = first, second, share
        self.shape, self.num_classes = first.shape, max(first.num_classes, second.num_classes)
        self.analytic = first.analytic and second.analytic
        self.center = getattr(second, "center", None)  # the second is D* where one of them is
        self.far = any(getattr(model, "far", False) for model in (first, second))

    def calls_at(self, sigma: float) -> int:
        return self.first.calls_at(sigma) + self.second.calls_at(sigma)

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        first: Tensor = ask(self.first, x, sigma, labels)
        second: Tensor = ask(self.second, x, sigma, labels)
        return self.share * first + (1 - self.share) * second
