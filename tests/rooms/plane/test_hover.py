"""The card of a data point: its pixels, its number, its class."""

from __future__ import annotations

import base64
import re

import numpy as np
from PySide6.QtGui import QImage

from app.rooms.plane.hover import card
from geomodel import datasets


def test_the_card_shows_the_point_itself(qtbot):
    data = datasets.load("fashion-mnist")
    text = card(data, 7)
    assert "data point 7" in text
    assert data.label_names[int(data.labels[7])] in text
    image = QImage.fromData(base64.b64decode(re.search(r"base64,([^\"]+)", text)[1]))
    assert (image.width(), image.height()) == (168, 168)  # 28 pixels, six times
    shown = np.array([[image.pixelColor(6 * x + 2, 6 * y + 2).red() for x in range(28)] for y in range(28)])
    assert np.array_equal(shown, data.stored[7, 0])
