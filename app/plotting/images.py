"""Turns arrays of pixels into images of Qt."""

from __future__ import annotations

import numpy as np
from PySide6.QtGui import QImage

from geomodel.arrays import Array


def to_image(pixels: Array) -> QImage:
    """An image (H, W) grey or (H, W, 3) colour of uint8 pixels. It owns its memory."""
    pixels = np.ascontiguousarray(pixels, np.uint8)
    kind = QImage.Format.Format_Grayscale8 if pixels.ndim == 2 else QImage.Format.Format_RGB888
    return QImage(pixels.data, pixels.shape[1], pixels.shape[0], pixels.strides[0], kind).copy()
