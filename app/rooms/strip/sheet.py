"""A contact sheet: one row a sample, one column a noise level, with σ under each column."""

from __future__ import annotations

from PySide6.QtCore import QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent
from PySide6.QtWidgets import QWidget

from app.plotting.images import to_image
from app.plotting.pens_and_numbers import tabular
from app.plotting.sigma_axis import sigma_text
from app.plotting.theme import PRINT, Theme
from app.rooms.contract import View
from app.rooms.strip.pictures import SheetPicture

EDGE, GAP = 12, 4  # pixels around the sheet, and between images


class ContactSheet(View):
    """Images as large as fit. It is only ever printed."""

    _picture: SheetPicture | None = None

    def __init__(self, theme: Theme = PRINT, parent: QWidget | None = None, *, print_mode: bool = True) -> None:
        super().__init__(parent)
        self.setAccessibleName("Contact sheet")
        self.set_theme(theme)

    def display(self, picture: SheetPicture | None) -> None:
        """Show a sheet."""
        self._picture = picture
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of texts and ground."""
        self._theme = theme
        self.set_background(theme)

    def describe(self) -> str:
        """What is on the sheet."""
        picture = self._picture
        if picture is None:
            return ""
        levels = ", ".join(map(sigma_text, picture.sigmas))
        return f"{picture.caption} of samples {', '.join(map(str, picture.samples))} at σ {levels}"

    def paintEvent(self, event: QPaintEvent) -> None:
        picture = self._picture
        if picture is None:
            return
        bold, small = tabular(self.font(), bold=True), tabular(self.font(), 0.92)
        line = QFontMetricsF(small).height()
        top, left = float(EDGE), EDGE + QFontMetricsF(small).horizontalAdvance("00000") + GAP
        with QPainter(self) as painter:
            painter.setRenderHint(QPainter.RenderHint.SmoothPixmapTransform, False)
            for text, font, color in (
                (picture.title, bold, self._theme.text),
                (picture.caption, small, self._theme.muted),
            ):
                if text:
                    metrics, room = QFontMetricsF(font), self.width() - 2 * EDGE
                    painter.setFont(font)
                    painter.setPen(QColor(color))
                    fitting = metrics.elidedText(text, Qt.TextElideMode.ElideRight, room)
                    painter.drawText(QRectF(EDGE, top, room, metrics.height()), fitting)
                    top += metrics.height() + 2
            top += GAP
            painter.setFont(small)
            painter.setPen(QColor(self._theme.muted))
            self._paint_images(painter, picture, QRectF(left, top, self.width() - left - EDGE, self._below(top, line)))

    def _below(self, top: float, line: float) -> float:
        """How high the images may be together: one line of σ stands under them."""
        return self.height() - top - EDGE - line - GAP

    def _paint_images(self, painter: QPainter, picture: SheetPicture, room: QRectF) -> None:
        rows, columns, high, wide = picture.images.shape[:4]
        across = (room.width() - (columns - 1) * GAP) / columns
        down = (room.height() - (rows - 1) * GAP) / rows
        scale = max(min(across / wide, down / high), 0.1)
        width, height = wide * scale, high * scale
        line = QFontMetricsF(painter.font()).height()
        for row, sample in enumerate(picture.samples):
            y = room.top() + row * (height + GAP)
            beside = QRectF(EDGE, y, room.left() - EDGE - GAP, height)
            painter.drawText(beside, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignVCenter, str(sample))
            for column in range(columns):
                place = QRectF(room.left() + column * (width + GAP), y, width, height)
                painter.drawImage(place, to_image(picture.images[row, column]))
        under = room.top() + rows * (height + GAP)
        painter.drawText(QRectF(EDGE, under, room.left() - EDGE - GAP, line), Qt.AlignmentFlag.AlignRight, "σ")
        for column, sigma in enumerate(picture.sigmas):
            place = QRectF(room.left() + column * (width + GAP) - GAP, under, width + 2 * GAP, line)
            painter.drawText(place, Qt.AlignmentFlag.AlignHCenter, sigma_text(sigma))
