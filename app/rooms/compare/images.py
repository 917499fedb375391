"""Shows the images at the ends of the selected sample's trajectories, beside their differences to the reference."""

from __future__ import annotations

from math import ceil
from typing import Any

from PySide6.QtCore import QEvent, QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent, QPen, QResizeEvent
from PySide6.QtWidgets import QFrame, QScrollArea, QWidget

from app.plotting.image_card import Found, show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, tabular
from app.plotting.theme import Theme
from app.rooms.compare.lanes import paint_lane
from app.rooms.compare.pictures import ComparePicture
from geomodel.number_text import fixed

GAP = 4  # between an image and its difference
SPACE = 16  # between lanes
FOOT = 4  # between an image and its name
SMALLEST, LARGEST, ENLARGED = 56, 112, 448  # pixels that an image takes
NAME_WIDTH = 112  # least pixels of a name
WRAPPED = int(Qt.AlignmentFlag.AlignLeft | Qt.TextFlag.TextWordWrap)


class _Cells(QWidget):
    """Paints the reference, then each lane's end and its difference to the reference, in true pixels at one zoom."""

    def __init__(self, theme: Theme) -> None:
        super().__init__()
        self.theme, self.picture = theme, ComparePicture()
        self.room = 0  # pixels of height in view
        self.largest = LARGEST
        self._name_heights: dict[float, float] = {}  # of the lanes that are shown, by the width of a name
        self.setFont(tabular(self.font(), 0.9))

    def _line(self) -> float:
        return 1.1 * QFontMetricsF(self.font()).height()

    def _shape(self) -> tuple[int, int]:
        images = [self.picture.reference_image, *(lane.image for lane in self.picture.lanes)]
        return next((image.shape[:2] for image in images if image is not None), (1, 1))

    def _name_height(self, width: float) -> float:
        """As many lines as the longest name takes, at least two."""
        if width not in self._name_heights:  # the search for a zoom asks for the same width again and again
            metrics, room = QFontMetricsF(self.font()), QRectF(0, 0, width - SAMPLE_WIDTH - 6, 1000)
            names = (metrics.boundingRect(room, WRAPPED, lane.name).height() for lane in self.picture.lanes)
            self._name_heights[width] = max(2 * self._line(), *names, 0.0)
        return self._name_heights[width]

    def lay_out(self) -> tuple[int, float, int, float]:
        """Zoom in device pixels, pitch across, columns, pitch down, for the largest zoom that needs no scrolling."""
        ratio, (height, width), count = self.devicePixelRatioF(), self._shape(), len(self.picture.lanes) + 1
        zoom, least = (integer_zoom(size * ratio, height) for size in (self.largest, SMALLEST))
        while True:
            across = max(2 * width * zoom / ratio + GAP, NAME_WIDTH) + SPACE
            columns = max(1, int((self.width() + SPACE) // across))
            broad = max(across, (self.width() + SPACE) / columns)
            down = height * zoom / ratio + FOOT + self._name_height(broad - SPACE) + SPACE
            fits = ceil(count / columns) * down <= self.room and across - SPACE <= self.width()
            if zoom <= least or fits:
                return zoom, broad, columns, down
            zoom -= 1

    def rect_of(self, cell: int) -> QRectF:
        """Where a cell stands; 0 is the reference, lane k is k + 1."""
        _, across, columns, down = self.lay_out()
        return QRectF(cell % columns * across, cell // columns * down, across - SPACE, down - SPACE)

    def fit(self) -> None:
        """Take the height that all cells need."""
        self._name_heights.clear()
        self.setMinimumHeight(round(self.rect_of(len(self.picture.lanes)).bottom()))
        self.update()

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self.fit()

    def paintEvent(self, event: QPaintEvent) -> None:
        zoom, picture = self.lay_out()[0], self.picture
        with QPainter(self) as painter:
            self._paint(painter, self.rect_of(0), "Reference", zoom, picture.reference_image)
            for at, lane in enumerate(picture.lanes, 1):
                rect = self.rect_of(at)
                top = rect.bottom() - self._name_height(rect.width())
                sample = QRectF(rect.left(), top, SAMPLE_WIDTH, self._line())
                paint_lane(painter, sample, lane, self.theme)
                self._paint(painter, rect, lane.name, zoom, lane.image, lane.difference, indent=SAMPLE_WIDTH + 6)

    def _paint(self, painter: QPainter, rect: QRectF, name: str, zoom: int, *images: Any, indent: int = 0) -> None:
        words = rect.adjusted(indent, rect.height() - self._name_height(rect.width()), 0, 0)
        painter.setPen(QColor(self.theme.text))
        painter.drawText(words, WRAPPED, name)
        ratio, (height, width) = self.devicePixelRatioF(), self._shape()
        painter.save()
        painter.scale(1 / ratio, 1 / ratio)  # an image pixel is a whole number of device pixels
        painter.setPen(QPen(QColor(self.theme.line), ratio))
        for at, image in enumerate(images):
            left = round(rect.left() * ratio) + at * (width * zoom + round(GAP * ratio))
            place = QRectF(left, round(rect.top() * ratio), width * zoom, height * zoom)
            if image is None:
                painter.drawRect(place.adjusted(0.5, 0.5, -0.5, -0.5))  # nothing is computed for this place yet
            else:
                painter.drawImage(place, to_image(image))
        painter.restore()

    def event(self, event: QEvent) -> bool:
        if isinstance(event, QHelpEvent) and event.type() == QEvent.Type.ToolTip:
            show_card(event, self, self._found(QPointF(event.pos())))
            return True
        if event.type() == QEvent.Type.DevicePixelRatioChange:
            self.fit()
        return super().event(event)

    def _found(self, at: QPointF) -> Found | None:
        """The image under a point: the end of a lane, or its difference to the reference."""
        cell = next((k for k in range(len(self.picture.lanes) + 1) if self.rect_of(k).contains(at)), None)
        if cell is None:
            return None
        if cell == 0:
            image = self.picture.reference_image
            return None if image is None else (image, "Reference")
        lane, rect = self.picture.lanes[cell - 1], self.rect_of(cell)
        beyond = rect.left() + self._shape()[1] * self.lay_out()[0] / self.devicePixelRatioF() + GAP / 2
        image, of = (lane.image, "") if at.x() < beyond else (lane.difference, ", difference to the reference")
        return None if image is None else (image, f"{lane.name}{of}")


class LaneImages(QScrollArea):
    """The images of the selected sample. They scroll if they do not fit."""

    def __init__(self, theme: Theme) -> None:
        super().__init__(widgetResizable=True)
        self.setFrameShape(QFrame.Shape.NoFrame)
        self.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAsNeeded)
        self.setAccessibleName("Images of the selected sample")
        self.cells = _Cells(theme)
        self.setWidget(self.cells)

    def set_theme(self, theme: Theme) -> None:
        """Set the colour of the text."""
        self.cells.theme = theme
        self.cells.update()

    def set_enlarged(self, enlarged: bool) -> None:
        """Images as large as there is room for."""
        self.cells.largest = ENLARGED if enlarged else LARGEST
        self.cells.fit()

    def display(self, picture: ComparePicture) -> None:
        """Show the images of the lanes."""
        self.cells.picture = picture
        if any(lane.image is not None for lane in picture.lanes):  # else a person does not see this page
            self.cells.fit()

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.cells.room = self.height()
        super().resizeEvent(event)
        self.cells.fit()


def images_caption(picture: ComparePicture) -> str:
    """A sentence that says what the grey of the differences means."""
    white = f"; white is +{fixed(picture.difference_scale, 2)}" if picture.difference_scale > 0 else ""
    return f"Sample {picture.sample}: its end and the difference to the reference. Mid grey means no difference{white}."
