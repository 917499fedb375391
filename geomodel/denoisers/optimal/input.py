"""Checks of what the optimal denoiser is given. Anything but real numbers with finite squares is refused."""

from __future__ import annotations

import math
import operator
from typing import Any

import torch
from torch import Tensor

from geomodel.denoisers.base import _labels, real

LARGEST = 1e150  # the product of two larger numbers would leave the range of float64
_WHOLE = (torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64)  # types that torch can subtract from
LARGEST_LABEL = 999_999  # counting the points of each class takes memory for every number up to the largest


def given_points(points: Any) -> Any:
    """Points (N, *shape) as a tensor or array-like. An array-like stays as it is, because it may be a file."""
    known = points if hasattr(points, "shape") else real("points", points)
    dtype = getattr(known, "dtype", None)
    if known.dtype.is_complex if isinstance(known, Tensor) else dtype is not None and dtype.kind not in "fiub":
        raise ValueError(f"points holds values of type {dtype}; expected real numbers.")
    shape = tuple(known.shape)
    if len(shape) < 2 or 0 in shape:
        raise ValueError(f"points has shape {shape}; expected (N, *shape) with N at least 1.")
    if isinstance(known, Tensor) and not known.is_floating_point() and known.dtype not in _WHOLE:
        return known.double()
    return known


def points_of(optimal: Any, points: Any) -> Any:
    """The points, as an array-like. ValueError where their shape is not that of the points D* was made from."""
    known = points if hasattr(points, "shape") else real("points", points).numpy()
    if tuple(known.shape) != (len(optimal), *optimal.shape):
        raise ValueError(f"points have shape {tuple(known.shape)}; D* was made from {len(optimal)} others.")
    return known


def given_classes(labels: Any, count: int) -> Tensor:
    """The class of each of `count` points, (N,) int64; below 0 it has none."""
    classes = _labels(labels, count)
    if int(classes.max()) > LARGEST_LABEL:
        raise ValueError(f"labels go up to {int(classes.max())}; number the classes from 0, up to {LARGEST_LABEL}.")
    return classes


def check_tolerance(tolerance: Any) -> None:
    """ValueError for anything but a finite number from 0 on."""
    if isinstance(tolerance, str | complex) or not 0 <= tolerance < math.inf:
        raise ValueError(f"tolerance is {tolerance!r}; expected a finite number, 0 or above.")


def check_queries(x: Tensor, sigma: Tensor, labels: Tensor | None = None) -> None:
    """ValueError where float64 queries (B, ...) or levels (B,) are not finite or too large to be squared, or a label
    (B,) is below -1.
    """
    if labels is not None and bool((labels < -1).any()):
        raise ValueError(f"A label is a class from 0 on, or -1 for unconditional; got {int(labels.min())}.")
    if not x.numel():
        return
    low, high = x.aminmax()  # NaN where one of the numbers is
    if float(low) >= -LARGEST and max(float(high), float(sigma.max())) <= LARGEST:
        return
    if not bool(torch.isfinite(x).all()):
        rows = (~torch.isfinite(x.flatten(1))).any(1).nonzero()[:, 0]
        raise ValueError(
            f"x holds numbers that are not finite, in {len(rows)} of {len(x)} rows (the first is row {int(rows[0])}); "
            "expected finite numbers."
        )
    name, values = ("x", x) if bool((x.abs() > LARGEST).any()) else ("sigma", sigma)
    raise ValueError(f"{name} holds {float(values.abs().max()):g}; expected numbers up to {LARGEST:g} in size.")


def checked_count(name: str, value: Any, least: int) -> int:
    """The value as a whole number. ValueError where it is none, or below `least`."""
    try:
        count = operator.index(value)
    except TypeError:
        count = least - 1
    if count < least:
        raise ValueError(f"{name} must be a whole number from {least} on; got {value!r}.")
    return count
