"""Turns the values of images along a trajectory into pixels."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

from geomodel.arrays import Array, Bytes, Floats, plain


def shrunk(x: ArrayLike, sigmas: ArrayLike, scale: float) -> Floats:
    """x s/sqrt(s² + sigma²): noisy images scaled to the spread of the data, so that one grey range fits all levels.

    x (levels, *shape), sigmas (levels,), scale s > 0 the data's scale. At sigma = 0 the image is unchanged.
    """
    levels = np.asarray(plain(sigmas), np.float64)
    values = np.asarray(plain(x), np.float64)
    return values * (scale / np.sqrt(scale**2 + levels**2)).reshape(-1, *[1] * (values.ndim - 1))


def side_by_side(images: ArrayLike) -> Array:
    """The channels of images (n, C, H, W) as one grey image beside the other: (n, 1, H, C W)."""
    values = np.asarray(images)
    count, channels, height, width = values.shape
    return values.transpose(0, 2, 1, 3).reshape(count, 1, height, channels * width)


def pixels(images: ArrayLike) -> Bytes:
    """Images (n, C, H, W) with values in [-1, 1] as bytes: (n, H, W) for one channel, (n, H, W, 3) for three.

    Values outside are clipped, NaN is black. Raises ValueError for another number of channels.
    """
    values = np.asarray(images)
    if values.ndim != 4 or values.shape[1] not in (1, 3):
        raise ValueError(f"images have shape {values.shape}; expected (n, 1 or 3, height, width).")
    scaled = np.nan_to_num((values.astype(np.float64) + 1) * 127.5, nan=0.0).clip(0, 255).round().astype(np.uint8)
    return np.ascontiguousarray(scaled[:, 0] if values.shape[1] == 1 else scaled.transpose(0, 2, 3, 1))


def clipped_share(images: ArrayLike) -> float:
    """The share of values outside [-1, 1] (beyond half a grey step), which the picture cannot show."""
    return float(_outside(images).mean())


def clipped_shares(images: ArrayLike) -> Floats:
    """`clipped_share` of each image of (levels, B, *shape): (levels, B). NaN where an image has NaN."""
    values = np.asarray(images)
    pixels = tuple(range(2, values.ndim))
    return np.where(np.isnan(values).any(axis=pixels), np.nan, _outside(values).mean(axis=pixels))


def _outside(images: ArrayLike) -> NDArray[np.bool_]:
    values: Array = np.asarray(images)
    return np.asarray(np.abs(values) > 1 + 0.5 / 127.5)
