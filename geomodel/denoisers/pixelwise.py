"""Denoisers that weigh the data points anew at every pixel, by a distance of that pixel's own."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import Denoiser
from geomodel.denoisers.optimal.input import check_queries, given_points
from geomodel.denoisers.optimal.posterior import Rows
from geomodel.denoisers.optimal.untruncated import RESIDENT_NUMBERS, SMALLEST_SIGMA
from geomodel.denoisers.patch_sums import LANES
from geomodel.denoisers.side_by_side import side_by_side

_NUMBERS_IN_BLOCK = 2**18  # of points that are weighed at once; their temporaries then stay in the cache
_PARTS = 8  # of the blocks, for as many threads; the number is fixed, so that answers do not depend on the threads
_LOG2_E = math.log2(math.e)  # eˣ = 2^(x log₂ e): torch takes half the time for it, a tenth where it vanishes


class Pixelwise(Denoiser):
    """D_q(x; σ) = Σ_i w_iq y_iq with w_iq = softmax_i(−g_iq(x)/(2σ²)), pixel by pixel, in float64 over every point.

    A subclass gives the gaps g, which are squared distances up to a term that is the same for all points. The
    softmax is one sum over all points, rescaled where a later block of them is nearer, so the answer does not depend on
    how the points are split into blocks. At σ = 0 a pixel takes the nearest point's value.

    Args:
        points: images (N, C, H, W), a tensor, an array, or an array-like over a file, which is read in blocks.

    Raises:
        ValueError: the points are no images or not finite; a query is not finite or beyond 1e150.
    """

    piece = 1  # row: one takes about as long as a person may wait for a cancel

    def __init__(self, points: Any) -> None:
        points = given_points(points)
        shape = tuple(points.shape)
        if len(shape) != 4:
            raise ValueError(f"Local denoisers need images (N, C, H, W); these points have the shape {shape}.")
        self.shape: tuple[int, int, int] = shape[1:]
        self._count: int = shape[0]
        self._dimension = math.prod(self.shape)
        rows = points.detach().cpu().flatten(1) if isinstance(points, Tensor) else Rows(points)
        self._points: list[Tensor] | Tensor | Rows = rows
        if math.prod(shape) <= RESIDENT_NUMBERS:
            self._points = list(self._blocks())
        total = torch.zeros(self._dimension, dtype=torch.float64)
        for block in self._blocks():
            total += block.sum(1)
        if not bool(torch.isfinite(total).all()):
            raise ValueError("points holds numbers that are not finite; expected finite numbers.")
        self.center = (total / len(self)).reshape(self.shape)

    def __len__(self) -> int:
        return self._count

    def _blocks(self) -> Iterator[Tensor]:
        """The points in float64, some at a time, (d, n): sums go over the points, so a pixel's values lie together."""
        if isinstance(self._points, list):
            yield from self._points
            return
        size = max(1, _NUMBERS_IN_BLOCK // self._dimension)
        size -= size % LANES if size > LANES else 0
        for start in range(0, len(self), size):
            yield self._points[start : start + size].double().T.contiguous()

    def squares(self, points: Tensor, x: Tensor) -> Tensor:
        """(y − x)² of the points (d, n) at a query x (d,), summed over the channels, (H·W, n), as a new tensor."""
        squares = torch.sub(points, x[:, None]).square_().view(self.shape[0], -1, points.shape[1])
        return squares[0] if len(squares) == 1 else squares.sum(0)

    def gaps(self, points: Tensor, x: Tensor, sigma: float) -> Tensor:
        """g (H·W, n) of the points (d, n) at a query x (d,), as a new tensor."""
        raise NotImplementedError

    @torch.no_grad()
    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        x = x.to(device="cpu", dtype=torch.float64)
        check_queries(x, sigma)
        means = [self._mean(row, float(level)) for row, level in zip(x.flatten(1), sigma, strict=True)]
        return torch.stack(means).reshape(x.shape) if means else x

    def _mean(self, x: Tensor, sigma: float) -> Tensor:
        precision = _LOG2_E / 2 * max(sigma, SMALLEST_SIGMA) ** -2
        if not isinstance(self._points, list):  # from a file, which is read once
            _, total, mean = self._weighed(self._blocks(), x, sigma, precision)
            return (mean / total).flatten()
        parts = [self._points[start::_PARTS] for start in range(min(_PARTS, len(self._points)))]
        sums = side_by_side(lambda part: self._weighed(part, x, sigma, precision), parts)
        least = torch.stack([low for low, _, _ in sums]).amin(0)
        kept = [((least - low) * precision).exp2_()[:, 0] for low, _, _ in sums]
        total = torch.stack([share * part for share, (_, part, _) in zip(kept, sums, strict=True)]).sum(0)
        mean = torch.stack([share * part for share, (_, _, part) in zip(kept, sums, strict=True)]).sum(0)
        return (mean / total).flatten()

    @torch.no_grad()
    def _weighed(
        self, blocks: Iterable[Tensor], x: Tensor, sigma: float, precision: float
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Of some blocks: the least gap of each pixel (H·W, 1), and the sums Σ w (H·W,) and Σ w y (C, H·W) of
        w = 2^(−(g − least) precision).
        """
        channels, pixels = self.shape[0], self.shape[1] * self.shape[2]
        least = x.new_full((pixels, 1), math.inf)
        total, mean = x.new_zeros(pixels), x.new_zeros(channels, pixels)
        for block in blocks:
            gap = self.gaps(block, x, sigma)
            low = torch.minimum(least, gap.amin(1, keepdim=True))
            kept = ((low - least) * precision).exp2_()[:, 0]
            weights = gap.sub_(low).mul_(-precision).exp2_()
            total.mul_(kept).add_(weights.sum(1))
            values = block.view(channels, pixels, -1)
            mean.mul_(kept).add_(torch.stack([torch.linalg.vecdot(weights, values[c]) for c in range(channels)]))
            least = low
        return least, total, mean
