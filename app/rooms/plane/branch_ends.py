"""The images at the ends of a branch and of its control, in a corner of the plane."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QObject, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPen
from PySide6.QtWidgets import QWidget

from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme
from app.rooms.plane.pictures import BranchPicture
from app.widgets.text import outline_widget
from geomodel.arrays import Array

LEFT, ABOVE = 84, 52  # beside the axis at the left, above the one at the bottom
LARGEST, SHARE = 84, 0.2  # pixels that an image takes at most, and its part of the plot's width
GAP = 8
NAMES = ("branch", "control")


class BranchEnds(QWidget):
    """Two images in true pixels at an integer zoom, each framed in the hue of its curve. It takes no clicks."""

    def __init__(self, plot: QWidget, theme: Theme) -> None:
        super().__init__(plot)
        self._plot, self._theme = plot, theme
        self._images: Array | None = None
        self.setAttribute(Qt.WidgetAttribute.WA_TransparentForMouseEvents)
        self.setAccessibleName("Images at the ends of branch and control")
        self.setFont(tabular(self.font(), 0.85))
        self.setAutoFillBackground(True)
        self.hide()
        plot.installEventFilter(self)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the frames."""
        self._theme = theme
        self.update()

    def show_branch(self, branch: BranchPicture | None) -> None:
        """Show the ends of a branch of images; hide where there are none."""
        self._images = None if branch is None else branch.ends
        self.setVisible(self._images is not None)
        self._fit()
        self.update()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the plot's size."""
        if event.type() == QEvent.Type.Resize:
            self._fit()
        return False

    def _fit(self) -> None:
        if self._images is None:
            return
        wide, high, line = self._cell()
        self.resize(round(2 * wide + 3 * GAP), round(high + line + 2 * GAP))
        self.move(LEFT, max(0, self._plot.height() - ABOVE - self.height()))

    def _cell(self) -> tuple[float, float, float]:
        """Width and height of an image, and the height of its name."""
        assert self._images is not None
        metrics, ratio = QFontMetricsF(self.font()), self.devicePixelRatioF()
        height, width = self._images.shape[1:3]
        zoom = integer_zoom(min(LARGEST, SHARE * self._plot.width()) * ratio, max(height, width))
        least = max(metrics.horizontalAdvance(name) for name in NAMES)
        return max(width * zoom / ratio, least), height * zoom / ratio, metrics.height()

    def paintEvent(self, event: QPaintEvent) -> None:
        if self._images is None:
            return
        wide, high, line = self._cell()
        shown = high * self._images.shape[2] / self._images.shape[1]
        with QPainter(self) as painter:
            for at, (name, hue) in enumerate(zip(NAMES, (self._theme.branch, self._theme.reference), strict=True)):
                left = GAP + at * (wide + GAP)
                painter.setPen(QColor(self._theme.text))
                painter.drawText(QRectF(left, GAP - 2, wide, line), Qt.AlignmentFlag.AlignLeft, name)
                place = QRectF(left, GAP + line, shown, high)
                painter.drawImage(place, to_image(self._images[at]))
                style = Qt.PenStyle.SolidLine if name == "branch" else Qt.PenStyle.DotLine
                painter.setPen(QPen(QColor(hue), 2, style))
                painter.drawRect(place)
        outline_widget(self, self.rect())
