"""Exact targets of a training: D* of the data in place of the point that was noised."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.training_start import Coordinates


class ExactTargets:
    """The mean of the targets that a noisy point can have:

        E[y | y + σz = x] = D*(x; σ), over the points of x's class, or over all of them where x has none.

    A network that is trained towards it has the same minimum, because a mean square is least at the mean; but the
    gradient no longer varies with the point that happened to be drawn, and at large σ that is nearly all of it.
    Source: Xu, Tong and Jaakkola, "Stable target field for reduced variance score estimation in diffusion models"
    (2302.00670), section 3, with all the data as the reference batch.
    """

    def __init__(self, points: Any, labels: Tensor | None, coordinates: Coordinates) -> None:
        self._optimal = OptimalDenoiser(points, labels).searched
        self._classes = 0 if labels is None else int(labels.max()) + 1
        self._coordinates = coordinates

    def __call__(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        """For x (b, *shape) float64, σ (b,) and labels (b,), the null class being the last, all as the network sees
        them.
        """
        if labels is not None:
            labels = torch.where(labels < self._classes, labels, -1)
        return self._coordinates.seen(self._optimal, x, sigma, labels)
