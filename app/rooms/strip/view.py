"""The strip view: the selected sample as images over the noise levels, and the data that D* is made of."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QRectF, QSize, Qt, Signal
from PySide6.QtGui import QColor, QFontMetricsF, QPainter, QPaintEvent, QPalette, QResizeEvent
from PySide6.QtWidgets import QBoxLayout, QHBoxLayout, QLabel, QSizePolicy, QTabBar, QVBoxLayout, QWidget

from app.plotting.montage import Montage, integer_zoom, to_image
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import Theme, palette
from app.rooms.contract import View
from app.rooms.strip.pictures import StripPicture
from app.widgets.focus_area import show_area
from app.widgets.sample_grid import SampleGrid
from geomodel.arrays import Array

NARROW = 520  # pixels of width under which the neighbours stand below the images
THUMBNAIL = 44  # pixels that a neighbour takes at most
PANEL = 232
WIDE = 900  # pixels of width from which neighbours and samples stand side by side
SIDES = ("Nearest data", "All samples")


def percent(weight: float) -> str:
    """A weight in two significant digits: 37 %, 3.7 %, 0.37 %."""
    if weight < 0.001:
        return "< 0.1 %"
    return f"{100 * weight:.{0 if weight >= 0.0995 else 1 if weight >= 0.00995 else 2}f} %"


class Neighbours(QWidget):
    """The nearest data with their posterior weights: as many as there is room for, the heaviest first."""

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, largest: int = THUMBNAIL) -> None:
        super().__init__(parent)
        self._theme, self._largest = theme, largest
        self._images: Array = np.empty((0, 1, 1), np.uint8)
        self._weights: Array = np.empty(0)
        self._labels: tuple[str, ...] = ()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setAccessibleName("Nearest data")

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_neighbours(self, images: Array, weights: Array, labels: tuple[str, ...]) -> None:
        """Images (k, H, W[, 3]), their weights (k,) in descending order, and a label for each, or none."""
        self._images, self._weights, self._labels = images, weights, labels
        self.setAccessibleDescription(", ".join(percent(weight) for weight in weights))
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(PANEL, 112)

    def paintEvent(self, event: QPaintEvent) -> None:
        with QPainter(self) as painter:
            ratio = self.devicePixelRatioF()
            painter.setFont(tabular(self.font(), 0.85))
            wide, high, line = self._cell()
            pitch, tall = self._pitch()
            columns = max(1, int((self.width() + 8) // pitch))
            count = min(len(self._images), columns * max(1, int((self.height() + 8) // tall)))
            for at in range(count):
                # Whole device pixels: an image pixel must not fall between two of them.
                x, y = (round(part * ratio) / ratio for part in (at % columns * pitch, at // columns * tall))
                self._paint_one(painter, at, QRectF(x, y, wide, high), pitch - 8, line)

    def _cell(self) -> tuple[float, float, float]:
        """Width and height of an image, and the height of a line of text."""
        ratio, (height, width) = self.devicePixelRatioF(), self._images.shape[1:3]
        zoom = integer_zoom(self._largest * ratio, height)
        return width * zoom / ratio, height * zoom / ratio, QFontMetricsF(tabular(self.font(), 0.85)).height()

    def _pitch(self) -> tuple[float, float]:
        """From one neighbour to the next, across and down."""
        wide, high, line = self._cell()
        least = QFontMetricsF(tabular(self.font(), 0.85)).horizontalAdvance("< 0.1 %")
        return max(wide, least) + 8, high + 8 + line * (2 if self._labels else 1) + 8

    def _paint_one(self, painter: QPainter, at: int, image: QRectF, width: float, line: float) -> None:
        painter.drawImage(image, to_image(self._images[at]))
        weight = float(self._weights[at])
        bar = QRectF(image.left(), image.bottom() + 3, width, 3)
        painter.fillRect(bar, QColor(self._theme.line))
        bar.setWidth(width * weight)
        painter.fillRect(bar, QColor(self._theme.optimal))
        text = QRectF(image.left(), bar.bottom() + 2, width, line)
        painter.setPen(QColor(self._theme.text))
        painter.drawText(text, Qt.AlignmentFlag.AlignLeft, percent(weight))
        if self._labels:
            label = painter.fontMetrics().elidedText(self._labels[at], Qt.TextElideMode.ElideRight, int(width))
            painter.setPen(QColor(self._theme.muted))
            painter.drawText(text.translated(0, line), Qt.AlignmentFlag.AlignLeft, label)


class StripView(View):
    """Rows of images over the noise levels; beside them the nearest data and every sample at the playhead.

    The two stand side by side where there is room, else under two tabs.
    """

    level_picked = Signal(int)
    sample_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None = None, *, print_mode: bool = False) -> None:
        super().__init__(parent)
        self.setAccessibleName("Strip")
        self._picture = StripPicture()
        self._montage = Montage(theme, print_mode=print_mode)
        self._montage.level_picked.connect(self.level_picked)
        self._neighbours = Neighbours(theme)
        self._grid = SampleGrid(theme)
        self._grid.sample_picked.connect(self.sample_picked)
        self._note, self._samples_note = QLabel(wordWrap=True), QLabel(wordWrap=True)
        self._message = QLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        for label in (self._note, self._samples_note, self._message):
            label.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self._headings = [QLabel(title) for title in SIDES]
        self._pages = [
            _column(self._headings[0], self._note, self._neighbours),
            _column(self._headings[1], self._samples_note, self._grid),
        ]
        self._tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        for title in SIDES:
            self._tabs.addTab(title.split()[-1].capitalize())
        self._tabs.setAccessibleName("Beside the strip")
        self._tabs.currentChanged.connect(self._arrange)
        self._side = QWidget()
        side = QVBoxLayout(self._side)
        side.setContentsMargins(0, 0, 0, 0)
        side.setSpacing(4)
        side.addWidget(self._tabs)
        pages = QHBoxLayout()
        pages.setSpacing(16)
        for page in self._pages:
            pages.addWidget(page, 1)
        side.addLayout(pages, 1)
        self._row = QBoxLayout(QBoxLayout.Direction.LeftToRight, self)
        self._row.setContentsMargins(8, 8, 8, 8)
        self._row.setSpacing(16)
        self._row.addWidget(self._message, 1)
        self._row.addWidget(self._montage, 1)
        self._row.addWidget(self._side)
        self.set_theme(theme)
        self.display(self._picture)

    def display(self, picture: StripPicture) -> None:
        """Show the picture; a playhead move moves the frame, and the neighbours where they have changed."""
        old, self._picture = self._picture, picture
        empty = picture.sigmas is None or not picture.rows
        self._message.setText(picture.message)
        self._message.setVisible(empty)
        show_area(self, self._montage, there=not empty)
        if (
            picture.sigmas is not None
            and not empty
            and (picture.rows is not old.rows or picture.sigmas is not old.sigmas)
        ):
            self._montage.set_rows(picture.sigmas, picture.rows)
        self._montage.set_index(picture.index, picture.denoised_note)
        self._note.setText(picture.neighbours_note)
        self._samples_note.setText(picture.samples_note)
        if picture.samples is not None:
            self._grid.set_samples(picture.samples, picture.sample)
        if picture.neighbours is not None and picture.neighbours is not old.neighbours:
            weights = picture.neighbour_weights
            assert weights is not None
            self._neighbours.set_neighbours(picture.neighbours, weights, picture.neighbour_labels)
        self._arrange()

    def _arrange(self) -> None:
        """Which of the two is shown: both, or that of the tab."""
        picture, wide = self._picture, self.width() >= WIDE
        there = (picture.neighbours is not None or bool(picture.neighbours_note), picture.samples is not None)
        self._side.setVisible(bool(picture.rows) and any(there))
        self._tabs.setVisible(not wide and all(there))
        for at, page in enumerate(self._pages):
            page.setVisible(there[at] and (wide or not all(there) or self._tabs.currentIndex() == at))
            self._headings[at].setVisible(self._tabs.isHidden())
        beside = self.width() >= NARROW
        self._row.setDirection(QBoxLayout.Direction.LeftToRight if beside else QBoxLayout.Direction.TopToBottom)
        side = min(PANEL, self.width() // 3) * (2 if wide and all(there) else 1)
        self._side.setMinimumWidth(side if beside else 0)
        self._side.setMaximumWidth(side if beside else self.width())

    def set_theme(self, theme: Theme) -> None:
        """Colours of everything."""
        ground = palette(theme)
        ground.setColor(QPalette.ColorRole.Window, QColor(theme.base))
        self.setPalette(ground)
        self.setAutoFillBackground(True)
        self._montage.set_theme(theme)
        self._neighbours.set_theme(theme)
        self._grid.set_theme(theme)

    def resizeEvent(self, event: QResizeEvent) -> None:
        super().resizeEvent(event)
        self._arrange()

    def release(self) -> None:
        """Let go of connections, so that nothing keeps the view alive."""
        self._montage.level_picked.disconnect(self.level_picked)
        self._grid.sample_picked.disconnect(self.sample_picked)
        self._tabs.currentChanged.disconnect(self._arrange)


def _column(heading: QLabel, note: QLabel, body: QWidget) -> QWidget:
    page = QWidget()
    column = QVBoxLayout(page)
    column.setContentsMargins(0, 0, 0, 0)
    column.setSpacing(4)
    column.addWidget(heading)
    column.addWidget(note)
    column.addWidget(body, 1)
    return page
