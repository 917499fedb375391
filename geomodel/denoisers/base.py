"""The base class of our denoisers. It alone checks and converts what callers may pass."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import plain


class Denoiser:
    """A callable ``model(x, sigma, labels=None)`` that returns D(x; sigma) = E[x_0 given x_sigma = x].

    Arguments of a call: x (B, *shape), a tensor or an array; sigma a float, a NumPy scalar, or a 0-d or (B,) tensor
    or array; labels (B,) int64 with -1 = unconditional, or None. The result has the shape, dtype and kind of x (float64
    for whole numbers). Raises ValueError where types or shapes do not fit or a noise level is negative or not finite.

    A subclass implements `_denoise`. With `piece` set, a larger batch is split into pieces of that many rows and
    `between_pieces` is called before each piece but the first: it is still one evaluation.
    """

    shape: tuple[int, ...]
    num_classes: int = 0
    analytic: bool = True  # float64 records; False for networks
    center: Tensor | None = None  # the mean of the data, from which adaptive solvers measure; None: the origin
    piece: int | None = None
    between_pieces: Callable[[], None] | None = None
    leaves_x: bool = False  # never writes to x, and answers with a new tensor each time: `ask` needs no copies
    far: bool = False  # a network whose training data are far from the origin has float64 records too

    def __call__(self, x: Any, sigma: Any, labels: Any = None) -> Any:
        points = real("x", x)
        points = points if points.is_floating_point() else points.double()
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
        return denoised if isinstance(x, Tensor) else denoised.detach().numpy()

    def _denoise(self, x: Tensor, sigma: Tensor, labels: Tensor | None) -> Tensor:
        """D for x (b, *shape), sigma (b,) float64 on the CPU, labels (b,) int64 or None."""
        raise NotImplementedError

    def calls_at(self, sigma: float) -> int:
        """Forward passes that one evaluation at this noise level takes."""
        return 1


def ask(model: Callable[..., Any], x: Tensor, sigma: float | Tensor, labels: Tensor | None = None) -> Any:
    """What a callable that may be anybody's answers. It is given copies and its answer is copied, because it may work
    in place on what it is given, and may return the same buffer again at the next call.
    """
    given = {} if labels is None else {"labels": labels.clone()}
    if vars(type(model)).get("leaves_x") is True:  # said by the class itself: one derived from it may do otherwise
        return model(x, sigma, **given)
    answer = model(x.clone(), sigma.clone() if isinstance(sigma, Tensor) else sigma, **given)
    return answer.clone() if isinstance(answer, Tensor) else answer


def real(name: str, values: Any) -> Tensor:
    """The values as a tensor; whole numbers keep a whole type. ValueError where they are not real numbers."""
    if isinstance(values, Tensor):
        if values.is_complex():
            raise ValueError(f"{name} holds values of type {values.dtype}; expected real numbers.")
        return values
    try:
        array = np.asarray(plain(values))
    except ValueError as error:
        raise ValueError(f"{name} holds rows of different lengths; expected an array of real numbers.") from error
    if array.dtype.kind not in "fiub":
        raise ValueError(f"{name} holds values of type {array.dtype}; expected real numbers.")
    if array.dtype.kind == "f" and array.dtype not in (np.float16, np.float32, np.float64):
        array = array.astype(np.float64)
    elif array.dtype.kind in "iu" and array.dtype != np.uint8:
        fits = array.dtype != np.uint64 or not (array > np.iinfo(np.int64).max).any()
        array = array.astype(np.int64 if fits else np.float64)
    if any(stride < 0 for stride in array.strides):
        array = array.copy()  # torch has no negative strides
    return torch.as_tensor(np.require(array, requirements="W"))


def _per_sample(sigma: Any, batch: int) -> Tensor:
    if type(sigma) is float and 0 <= sigma < math.inf:  # a solver's, at every step: what follows takes longer than D
        return torch.full((batch,), sigma, dtype=torch.float64)
    levels = unmapped("sigma", real("sigma", sigma)).to(device="cpu", dtype=torch.float64)
    if levels.ndim == 0:
        levels = levels.expand(batch)
    if levels.shape != (batch,):
        raise ValueError(f"sigma has shape {tuple(levels.shape)}; expected one number or ({batch},).")
    wrong = levels[~torch.isfinite(levels) | (levels < 0)]
    if len(wrong):
        raise ValueError(f"A noise level must be finite and not negative; got {float(wrong[0]):g}.")
    return levels


def unmapped(name: str, values: Tensor) -> Tensor:
    """The values. ValueError where torch.vmap maps over them."""
    if torch._C._functorch.is_batchedtensor(values):
        raise ValueError(f"torch.vmap cannot map over {name} here; give a batch, one row a sample.")
    return values


def _labels(labels: Any, batch: int) -> Tensor:
    """The labels as int64 (B,) on the CPU. ValueError unless each sample has one whole number."""
    classes = unmapped("labels", real("labels", labels))
    wrong = f"labels must be ({batch},) whole numbers, -1 for unconditional; got"
    if classes.shape != (batch,):
        raise ValueError(f"{wrong} shape {tuple(classes.shape)}.")
    if classes.dtype.is_floating_point and batch:
        raise ValueError(f"{wrong} type {str(classes.dtype).removeprefix('torch.')}.")
    return classes.to(device="cpu", dtype=torch.int64)
