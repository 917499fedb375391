"""The image under the mouse, enlarged, with what is known of it."""

from __future__ import annotations

import base64
import html

from PySide6.QtCore import QBuffer, QIODevice, Qt
from PySide6.QtGui import QHelpEvent
from PySide6.QtWidgets import QToolTip, QWidget

from app.plotting.images import to_image
from geomodel.arrays import Array

SIDE = 168  # pixels that a small image is enlarged to at most, by a whole number
LARGEST = 512  # pixels; a larger image is made smaller

Found = tuple[Array, str]  # an image (H, W[, 3]) uint8, and words


def card(pixels: Array, words: str) -> str:
    """An image in true pixels and words, as HTML."""
    image = to_image(pixels)
    longest = max(image.width(), image.height())
    if longest > LARGEST:
        smooth = Qt.TransformationMode.SmoothTransformation
        image = image.scaled(LARGEST, LARGEST, Qt.AspectRatioMode.KeepAspectRatio, smooth)
    else:
        zoom = max(1, SIDE // longest)
        image = image.scaled(image.width() * zoom, image.height() * zoom)
    buffer = QBuffer()
    buffer.open(QIODevice.OpenModeFlag.WriteOnly)
    image.save(buffer, "PNG")  # type: ignore[call-overload]  # the stub forgets str
    data = base64.b64encode(bytes(buffer.data().data())).decode()
    return f'<img src="data:image/png;base64,{data}"><br>{html.escape(words)}'


def show_card(event: QHelpEvent, widget: QWidget, found: Found | None) -> bool:
    """Answer the event of a tooltip. True where there is an image under the mouse; the widget's own tooltip is shown
    otherwise.
    """
    if found is None:
        QToolTip.hideText()
        return False
    QToolTip.showText(event.globalPos(), card(*found), widget)
    return True
