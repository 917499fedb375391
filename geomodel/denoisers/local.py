"""The local denoiser: what a network can do that sees a patch of the image at a time."""

from __future__ import annotations

from copy import copy
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.optimal.input import checked_count
from geomodel.denoisers.pixelwise import Pixelwise


class LocalDenoiser(Pixelwise):
    """D_q(x; σ) = Σ_i w_iq y_iq with w_iq = softmax_i(−Σ_{p ∈ Ω_q} ‖x_p − y_ip‖²/(2σ²)), Ω_q the patch about pixel q.

    The patch is a square of `patch` × `patch` pixels, cut where it passes the border. Each pixel takes its value from
    the images whose patch there is near, so that the whole is a mosaic of patches. A patch that always holds the whole
    image gives D*. Box sums are two matrix products with bands of ones. Source: Kamb and Ganguli 2024 (arXiv
    2412.20292), the local score machine.

    Args:
        points: see `Pixelwise`.
        patch: the side of the patch in pixels, odd, from 1 to twice the longer side of the image less 1.

    Raises:
        ValueError: also where the patch is even or outside these limits.
    """

    def __init__(self, points: Any, patch: int) -> None:
        super().__init__(points)
        self._take(patch)

    def with_patch(self, patch: int) -> LocalDenoiser:
        """The same over patches of another side. It shares the points, which take longer to lay out than a query."""
        found = copy(self)
        found._take(patch)
        return found

    def _take(self, patch: int) -> None:
        self.patch = checked_patch(patch, self.shape)
        _, height, width = self.shape
        self._down, self._across = _band(height, self.patch), _band(width, self.patch)

    def gaps(self, points: Tensor, x: Tensor, sigma: float) -> Tensor:
        _, height, width = self.shape
        squares = self.squares(points, x)
        down = torch.mm(self._down, squares.view(height, -1)).view(height, width, -1)
        return torch.matmul(self._across, down).view(height * width, -1)


def checked_patch(patch: Any, shape: tuple[int, ...]) -> int:
    """The side of a patch. ValueError where it has no middle pixel, or is larger than any that matters."""
    side, most = checked_count("patch", patch, 1), 2 * max(shape[-2:]) - 1
    if side % 2 == 0:
        raise ValueError(f"patch is {side}; a patch needs a middle pixel, so its side is odd.")
    if side > most:
        raise ValueError(f"patch is {side}; from {most} on it holds the whole image everywhere, so that is the most.")
    return side


def _band(length: int, patch: int) -> Tensor:
    """(length, length), 1 where two places are in one patch."""
    places = torch.arange(length)
    return ((places[:, None] - places).abs() <= patch // 2).double()
