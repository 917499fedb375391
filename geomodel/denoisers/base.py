"""The base of our denoisers: one place that understands what callers may pass."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor


class Denoiser:
    """A callable ``model(x, sigma, labels=None)`` that returns D(x; sigma) = E[x_0 given x_sigma = x].

    Arguments of a call: x (B, *shape), a tensor or an array; sigma a float, a NumPy scalar, or a 0-d or (B,) tensor
    or array; labels (B,) int64 with -1 = unconditional, or None. The answer has the shape, dtype and kind of x.
    Raises ValueError where shapes do not fit or a noise level is negative or not finite.

    A subclass implements `_denoise`. With `piece` set, a larger batch is split into pieces of that many rows and
    `between_pieces` is called before each piece but the first: it is still one evaluation.
    """

    shape: tuple[int, ...]
    num_classes: int = 0
    analytic: bool = True  # float64 records; False for networks
    piece: int | None = None
    between_pieces: Callable[[], None] | None = None

    def __call__(self, x: Any, sigma: Any, labels: Any = None) -> Any:
        points = x if isinstance(x, Tensor) else torch.as_tensor(np.require(x, requirements="W"))
        if points.ndim != len(self.shape) + 1 or tuple(points.shape[1:]) != tuple(self.shape):
            raise ValueError(f"x has shape {tuple(points.shape)}; expected (B, {', '.join(map(str, self.shape))}).")
        batch = points.shape[0]
        levels = _per_sample(sigma, batch)
        classes = None if labels is None else _labels(labels, batch)
        size = self.piece or max(batch, 1)
        parts = []
        for start in range(0, max(batch, 1), size):
            if start and self.between_pieces is not None:
                self.between_pieces()
            rows = slice(start, start + size)
            part = self._denoise(points[rows], levels[rows], None if classes is None else classes[rows])
            parts.append(part.to(device=points.device, dtype=points.dtype))
        denoised = parts[0] if len(parts) == 1 else torch.cat(parts)
        return denoised if isinstance(x, Tensor) else denoised.numpy()

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        """D for x (b, *shape), sigma (b,) float64 on the CPU, labels (b,) int64 or None."""
        raise NotImplementedError

    def calls_at(self, sigma: float) -> int:
        """Forward passes that one evaluation at this noise level takes."""
        return 1


def _per_sample(sigma: Any, batch: int) -> Tensor:
    levels = torch.as_tensor(np.asarray(sigma) if not isinstance(sigma, Tensor) else sigma, dtype=torch.float64).cpu()
    if levels.ndim == 0:
        levels = levels.expand(batch)
    if levels.shape != (batch,):
        raise ValueError(f"sigma has shape {tuple(levels.shape)}; expected one number or ({batch},).")
    if not bool(torch.isfinite(levels).all()) or bool((levels < 0).any()):
        raise ValueError("A noise level must be finite and not negative.")
    return levels


def _labels(labels: Any, batch: int) -> Tensor:
    classes = torch.as_tensor(labels)
    if classes.shape != (batch,) or classes.dtype.is_floating_point:
        raise ValueError(f"labels must be ({batch},) whole numbers, -1 for unconditional; got {tuple(classes.shape)}.")
    return classes.to(torch.int64).cpu()
