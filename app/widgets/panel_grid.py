"""Images in true pixels with a caption over each and a note under it, in rows that follow the width."""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil

import numpy as np
from PySide6.QtCore import QEvent, QPointF, QRectF, QSize, Qt
from PySide6.QtGui import QColor, QFont, QFontMetricsF, QHelpEvent, QPainter, QPaintEvent
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.image_card import Found, show_card
from app.plotting.images import to_image
from app.plotting.montage_geometry import integer_zoom
from app.plotting.pens_and_numbers import SAMPLE_WIDTH, paint_sample, tabular
from app.plotting.theme import Theme
from app.plotting.values import Panel

WRAPPED = Qt.TextFlag.TextWordWrap | Qt.AlignmentFlag.AlignLeft | Qt.AlignmentFlag.AlignTop
GAP = 12  # pixels between images


def flow(widget: QWidget) -> None:
    """Let a layout ask the widget for its height at a width."""
    policy = QSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Preferred)
    policy.setHeightForWidth(True)
    widget.setSizePolicy(policy)


def refit(widget: QWidget, before: int) -> None:
    """Lay out again only if a height has changed, because a layout asks every widget beside it too."""
    if widget.heightForWidth(widget.width()) != before:
        widget.updateGeometry()


class Flowing(QWidget):
    """A painted widget whose height follows from its width."""

    def __init__(self, theme: Theme, parent: QWidget | None = None) -> None:
        super().__init__(parent)
        self._theme, self._enlarged = theme, False
        flow(self)

    def set_theme(self, theme: Theme) -> None:
        self._theme = theme
        self.update()

    def set_enlarged(self, enlarged: bool) -> None:
        """Whether it fills whatever height it is given."""
        self._enlarged = enlarged
        self.updateGeometry()
        self.update()

    def sizeHint(self) -> QSize:
        return QSize(320, self.heightForWidth(320))

    def minimumSizeHint(self) -> QSize:
        return QSize(0, 0)

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self.updateGeometry()
        return super().event(event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Grid:
    """Where images and texts stand, in pixels of the widget; `zoom` in device pixels."""

    columns: int
    zoom: int
    width: float  # width of a cell, for its texts
    caption: float  # heights
    note: float
    image: tuple[float, float]  # width, height

    @property
    def height(self) -> float:
        return self.caption + self.image[1] + self.note


def _same(one: Panel, other: Panel) -> bool:
    texts = (one.caption, one.note, one.kind) == (other.caption, other.note, other.kind)
    return texts and np.array_equal(one.image, other.image)


class PanelGrid(Flowing):
    """Images with a caption over each and a note under it, in one row if that leaves each enough room."""

    def __init__(self, theme: Theme, *, smallest: int, largest: int, marks: bool, series: int = 1) -> None:
        """A cell takes at least `smallest` pixels of width, and an image at most `largest`, but at least one true
        pixel.

        Several series of equal length, one after the other in `panels`, stand under each other member by member.
        """
        super().__init__(theme)
        self._smallest, self._largest, self._marks, self._series = smallest, largest, marks, series
        self._panels: tuple[Panel, ...] = ()
        self._grids: dict[int, Grid] = {}  # keyed by width, because a layout asks several times
        self._filled: tuple[QSize, Grid] | None = None  # of the enlarged widget

    def set_panels(self, panels: tuple[Panel, ...]) -> None:
        """Show panels. Nothing is drawn again if they are what is shown."""
        if len(panels) == len(self._panels) and all(map(_same, panels, self._panels)):
            return
        before = self.heightForWidth(self.width())
        self._panels = panels
        self._forget()
        self.setAccessibleDescription("; ".join(f"{panel.caption} {panel.note}".strip() for panel in panels))
        refit(self, before)
        self.update()

    def _forget(self) -> None:
        self._grids.clear()
        self._filled = None

    def event(self, event: QEvent) -> bool:
        if event.type() in (QEvent.Type.DevicePixelRatioChange, QEvent.Type.FontChange):
            self._forget()
        if isinstance(event, QHelpEvent) and show_card(event, self, self._found(QPointF(event.pos()))):
            return True
        return super().event(event)

    def _found(self, at: QPointF) -> Found | None:
        """The image at a point, with its caption."""
        here = (k for k in range(len(self._panels)) if self.image_rect(k).contains(at))
        panel = next((self._panels[k] for k in here), None)
        return None if panel is None else (panel.image, f"{panel.caption} {panel.note}".strip())

    def heightForWidth(self, width: int) -> int:
        if not self._panels:
            return 0
        grid = self._measure(width)
        rows = self._series * ceil(self._length() / grid.columns)
        return ceil(rows * (grid.height + GAP) - GAP)

    def image_rect(self, at: int) -> QRectF:
        """Where an image stands."""
        return self._place(self._grid(), at)

    def _grid(self) -> Grid:
        """As its width asks for; enlarged, with the largest zoom at which the height holds everything."""
        usual = self._measure(self.width())
        if not self._enlarged:
            return usual
        if self._filled is None or self._filled[0] != self.size():
            tried = (self._fill(columns) for columns in range(1, self._length() + 1))
            best = max((grid for grid in tried if grid is not None), key=lambda grid: grid.zoom, default=usual)
            self._filled = self.size(), best
        return self._filled[1]

    def _fill(self, columns: int) -> Grid | None:
        """So many columns over the whole width and height; None where the images do not fit."""
        rows, room = self._series * ceil(self._length() / columns), (self.width() + GAP) / columns - GAP
        texts = self._spread(columns, room, room)
        left = (self.height() + GAP) / rows - GAP - texts.caption - texts.note
        grid = self._spread(columns, min(room, left), room)
        return grid if grid.image[0] <= room and grid.image[1] <= left else None

    def _place(self, grid: Grid, at: int) -> QRectF:
        """Round to whole device pixels, so that no image pixel falls between two of them."""
        ratio = self.devicePixelRatioF()
        series, member = divmod(at, self._length())
        row, column = divmod(member, grid.columns)
        x, y = column * (grid.width + GAP), (row * self._series + series) * (grid.height + GAP) + grid.caption
        return QRectF(round(x * ratio) / ratio, round(y * ratio) / ratio, *grid.image)

    def _measure(self, width: int) -> Grid:
        if width not in self._grids:
            self._grids[width] = self._measured(width)
        return self._grids[width]

    def _measured(self, width: int) -> Grid:
        least = max(self._smallest, self._size()[1] / self.devicePixelRatioF())
        fit = max(1, int((width + GAP) // (least + GAP)))
        columns = ceil(self._length() / ceil(self._length() / fit))  # rows of one length
        room = (width + GAP) / columns - GAP
        return self._spread(columns, min(room, self._largest), min(self._smallest, room))

    def _spread(self, columns: int, most: float, text: float) -> Grid:
        """So many columns; an image takes at most so many pixels, a text at least so many of width."""
        ratio, (high, wide) = self.devicePixelRatioF(), self._size()
        zoom = integer_zoom(most * ratio, max(wide, high))
        image = (wide * zoom / ratio, high * zoom / ratio)
        cell = max(image[0], text)
        indent = self._indent()
        captions = [self._text_height(panel.caption, self.font(), cell - indent) for panel in self._panels]
        notes = [self._text_height(panel.note, self._small(), cell) for panel in self._panels]
        return Grid(columns=columns, zoom=zoom, width=cell, caption=max(captions) + 4, note=max(notes) + 4, image=image)

    def _size(self) -> tuple[int, int]:
        """Height and width of the largest image, in its own pixels."""
        high, wide = (max(panel.image.shape[axis] for panel in self._panels) for axis in (0, 1))
        return high, wide

    def _length(self) -> int:
        return len(self._panels) // self._series

    def _indent(self) -> int:
        return SAMPLE_WIDTH + 6 if self._marks else 0

    def _small(self) -> QFont:
        return tabular(self.font(), 0.85)

    @staticmethod
    def _text_height(text: str, font: QFont, width: float) -> float:
        return QFontMetricsF(font).boundingRect(QRectF(0, 0, width, 1000), int(WRAPPED), text).height() if text else 0

    def paintEvent(self, event: QPaintEvent) -> None:
        if not self._panels:
            return
        grid = self._grid()
        with QPainter(self) as painter:
            for at, panel in enumerate(self._panels):
                self._paint_one(painter, grid, panel, self._place(grid, at))

    def _paint_one(self, painter: QPainter, grid: Grid, panel: Panel, image: QRectF) -> None:
        painter.drawImage(image, to_image(panel.image))
        line, indent = QFontMetricsF(self.font()).height(), self._indent()
        text = QRectF(image.left() + indent, image.top() - grid.caption, grid.width - indent, grid.caption)
        if self._marks:
            sample = QRectF(image.left(), text.top(), SAMPLE_WIDTH, line)
            paint_sample(painter, sample, panel.kind, self._theme)
        painter.setFont(self.font())
        painter.setPen(QColor(self._theme.text))
        painter.drawText(text, int(WRAPPED), panel.caption)
        painter.setFont(self._small())
        painter.setPen(QColor(self._theme.muted))
        note = QRectF(image.left(), image.bottom() + 4, grid.width, grid.note)
        painter.drawText(note, int(WRAPPED), panel.note)
