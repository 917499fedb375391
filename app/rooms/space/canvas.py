"""The drawing of Space: the bundle in its box, D in an inset, and the mouse that turns them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from PySide6.QtCore import QPointF, QRectF, QSize, Qt, Signal
from PySide6.QtGui import (
    QColor,
    QFontMetricsF,
    QMouseEvent,
    QPainter,
    QPaintEvent,
    QPen,
    QPixmap,
    QPolygonF,
    QWheelEvent,
)
from PySide6.QtWidgets import QSizePolicy, QWidget

from app.plotting.bundles import draw_symbol
from app.plotting.pens_and_numbers import curve_pen, hue, tabular
from app.plotting.picking import distance_to_segments
from app.plotting.sigma_colours import SHADES, shade_of, sigma_colours
from app.plotting.theme import Theme
from app.rooms.space.camera import Box, Camera, box_of
from app.rooms.space.frame import Frame
from app.rooms.space.labels import EDGE, inset_lines, paint_frame, paint_labels, paint_ranges, paint_title, range_lines
from app.rooms.space.pictures import Bundle, SpacePicture, Strand
from app.rooms.space.slabs import Slabs, mixed
from geomodel.arrays import Array

NEAR = 10.0  # pixels within which a click picks a sample
STILL = 4  # pixels by which a press may move and still be a click
DEGREES = 0.4  # of a turn for each pixel of a drag
WHEEL = 1.0015  # zoom for each unit of the wheel
SMALL = 0.92  # times the size of the font, of the words in the drawing
PRINTED = 0.5  # pixels of a segment on paper
ROOM, INSET_ROOM = (48.0, 28.0), (8.0, 8.0)  # pixels around the box, for the labels
INSET, INSET_LINES = (0.36, 0.48), 3  # shares of the drawing's sides, lines of its title
PINNED = (1, 3, 5)  # of the hues of runs, those of pinned ones; the others have owners
PALE = 0.4  # of the ground's colour in the curves of a walk
LEFT = Qt.MouseButton.LeftButton


def owner_colour(bundle: Bundle, theme: Theme) -> QColor:
    """The hue of what moved the noise."""
    if bundle.owner == "pinned":
        return QColor(theme.runs[PINNED[bundle.hue % len(PINNED)]])
    hues = {"run": theme.sampling, "gaussian": theme.runs[4], "optimal": theme.optimal, "walk": theme.reference}
    return QColor(hues[bundle.owner])


def bundle_colour(bundle: Bundle, theme: Theme) -> QColor:
    """The hue of its many curves; a walk goes everywhere, so that it is paler."""
    colour = owner_colour(bundle, theme)
    return mixed(colour, QColor(theme.base), PALE) if bundle.owner == "walk" else colour


def class_colour(label: int, theme: Theme) -> QColor:
    """The hue of a class; that of secondary text for none."""
    return QColor(theme.classes[label % len(theme.classes)] if label >= 0 else theme.muted)


def _longer(points: Array, levels: int) -> Array:
    """Curves (L, B, 3) with as many levels as others have; what is added is NaN, and not drawn."""
    return np.pad(points, ((0, levels - len(points)), (0, 0), (0, 0)), constant_values=np.nan)


class SpaceCanvas(QWidget):
    """Draws what does not follow the playhead into a pixmap once, and over it the selected sample."""

    picked = Signal(int)
    camera_changed = Signal()

    def __init__(self, theme: Theme, *, print_mode: bool = False) -> None:
        super().__init__()
        self._theme, self._print = theme, print_mode
        self._picture = SpacePicture()
        self.camera = Camera()
        self._main: Box | None = None
        self._inset: Box | None = None
        self._layer: QPixmap | None = None
        self._press: QPointF | None = None
        self._last = QPointF()
        self.setSizePolicy(QSizePolicy.Policy.Expanding, QSizePolicy.Policy.Expanding)
        self.setMinimumSize(240, 160)
        self.setAccessibleName("Space plot")

    # ---------------------------------------------------------------- what is shown

    def display(self, picture: SpacePicture) -> None:
        """Show a picture. The bundles are drawn again only if they are others."""
        old, self._picture = self._picture, picture
        if (picture.bundles, picture.inset) != (old.bundles, old.inset):
            self._main = box_of([bundle.points for bundle in picture.bundles])
            self._inset = None if picture.inset is None else box_of([picture.inset.points])
            self._layer = None
        elif picture.colouring != old.colouring or picture.sigmas is not old.sigmas:
            self._layer = None
        self.update()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self._theme, self._layer = theme, None
        self.update()

    def look_from(self, camera: Camera) -> None:
        """Turn or zoom."""
        if camera != self.camera:
            self.camera, self._layer = camera, None
            self.camera_changed.emit()
            self.update()

    @property
    def exaggeration(self) -> tuple[float, float] | None:
        """How many times larger each component is drawn than the displacement; None without a box."""
        return None if self._main is None else (float(self._main.exaggeration[1]), float(self._main.exaggeration[2]))

    def frames(self) -> tuple[Frame | None, Frame | None]:
        """The whole drawing with the run, and the inset with D."""
        whole, level = QRectF(self.rect()), Camera(self.camera.turn, self.camera.tilt)  # the inset is always whole
        whole.setBottom(whole.bottom() - len(self._ranges()) * self._metrics().height())
        return (
            None if self._main is None else Frame(self._main, whole, self.camera, ROOM, Camera()),
            None if self._inset is None else Frame(self._inset, self._corner(), level, INSET_ROOM, level),
        )

    def _metrics(self) -> QFontMetricsF:
        return QFontMetricsF(tabular(self.font(), SMALL))

    def _ranges(self) -> tuple[str, ...]:
        return () if self._main is None else range_lines(self._main, self._metrics(), self.width())

    def _corner(self) -> QRectF:
        """Where the inset is drawn, under its title."""
        top = INSET_LINES * self.fontMetrics().height()
        return QRectF(0, top, INSET[0] * self.width(), INSET[1] * self.height() - top)

    # ---------------------------------------------------------------- drawing

    def paintEvent(self, event: QPaintEvent) -> None:
        main, inset = self.frames()
        if main is None:
            return
        with QPainter(self) as painter:
            if self._print:
                self._paint_bundles(painter, main, inset)
            else:
                ratio = self.devicePixelRatioF()
                if self._layer is None or self._layer.size() != self.size() * ratio:
                    self._layer = self._drawn(main, inset, ratio)
                painter.drawPixmap(0, 0, self._layer)
            painter.setRenderHint(QPainter.RenderHint.Antialiasing)
            self._paint_sample(painter, main)
            if inset is not None:
                self._paint_inset_sample(painter, inset)

    def _drawn(self, main: Frame, inset: Frame | None, ratio: float) -> QPixmap:
        layer = QPixmap(self.size() * ratio)
        layer.setDevicePixelRatio(ratio)
        layer.fill(QColor(self._theme.base))
        with QPainter(layer) as painter:
            self._paint_bundles(painter, main, inset)
        return layer

    def _paint_bundles(self, painter: QPainter, main: Frame, inset: Frame | None) -> None:
        picture = self._picture
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.setFont(tabular(self.font(), SMALL))
        title = QRectF() if inset is None else QRectF(EDGE, EDGE, inset.area.width(), inset.area.bottom() - EDGE)
        paint_frame(painter, main, self._theme)
        self._paint_curves(painter, main, picture.bundles)
        if inset is not None and picture.inset is not None:
            painter.fillRect(title, QColor(self._theme.base))  # the bundle may pass behind it
            painter.setPen(QPen(QColor(self._theme.line), 1.0))
            painter.drawRect(title)
            paint_frame(painter, inset, self._theme)
            self._paint_curves(painter, inset, (picture.inset,))
            paint_title(painter, inset_lines(inset.box, picture.inset_note), self._theme, title.width())
        paint_labels(painter, main, self._theme, title)
        paint_ranges(painter, self._ranges(), self._theme, self.height())

    def _paint_curves(self, painter: QPainter, frame: Frame, bundles: Sequence[Bundle]) -> None:
        """The curves of several owners together, so that the nearest is on top whosever it is."""
        own, colours = self._shades(bundles[0])
        levels = max(len(bundle.points) for bundle in bundles)
        shades = [np.pad(own, ((0, levels - 1 - len(own)), (0, 0)))]
        for bundle in bundles[1:]:
            shades.append(np.full((levels - 1, bundle.points.shape[1]), len(colours)))
            colours.append(bundle_colour(bundle, self._theme))
        pixels, depth = frame.look(np.concatenate([_longer(bundle.points, levels) for bundle in bundles], axis=1))
        slabs = Slabs(pixels, depth, np.concatenate(shades, axis=1))
        painter.save()
        painter.setClipRect(frame.area)
        slabs.paint(painter, colours, QColor(self._theme.base), PRINTED if self._print else 0.0)
        painter.restore()

    def _shades(self, bundle: Bundle) -> tuple[Array, list[QColor]]:
        """The number of each segment's colour (L − 1, B), and the colours."""
        picture, theme = self._picture, self._theme
        shape = (len(bundle.points) - 1, bundle.points.shape[1])
        if picture.colouring == "class" and picture.classes is not None:
            most = max(0, int(picture.classes.max(initial=0)))
            colours = [class_colour(label, theme) for label in (*range(most + 1), -1)]
            return np.broadcast_to(np.where(picture.classes < 0, most + 1, picture.classes), shape), colours
        if picture.colouring == "sigma" and picture.sigmas is not None:
            shades = shade_of(picture.sigmas)[: shape[0]]
            return np.broadcast_to(np.minimum(shades, SHADES - 1)[:, None], shape), sigma_colours(theme)
        return np.zeros(shape, np.intp), [owner_colour(bundle, theme)]

    def _paint_sample(self, painter: QPainter, main: Frame) -> None:
        picture, theme = self._picture, self._theme
        self._paint_dots(painter, main)
        if picture.strand is None:
            return
        self._paint_strand(painter, main, picture.strand, QPen(QColor(theme.sampling), 2.4))
        here = main.place(picture.strand.points[picture.strand.at]) if picture.strand.at is not None else None
        there = None if picture.target is None else main.place(picture.target)
        if here is not None and there is not None:
            painter.setPen(QPen(QColor(theme.text), 1.4))
            painter.drawLine(here, there)
            painter.setBrush(QColor(theme.base))
            draw_symbol(painter, "ring", there, 8.0, QPen(QColor(theme.denoising), 2.0))
        if here is not None:
            painter.setBrush(QColor(theme.sampling))
            draw_symbol(painter, "disc", here, 10.0, QPen(QColor(theme.base), 1.5))

    def _paint_dots(self, painter: QPainter, main: Frame) -> None:
        """Where every sample of the run is at the playhead."""
        painter.setPen(QPen(QColor(self._theme.text), 3.0, Qt.PenStyle.SolidLine, Qt.PenCapStyle.RoundCap))
        painter.drawPoints(QPolygonF(main.places(self._picture.bundles[0].points[self._picture.at])))

    def _paint_inset_sample(self, painter: QPainter, inset: Frame) -> None:
        strand, theme = self._picture.inset_strand, self._theme
        if strand is None:
            return
        pen = curve_pen("denoising", theme, 2.0)
        pen.setCosmetic(False)
        self._paint_strand(painter, inset, strand, pen)
        here = None if strand.at is None else inset.place(strand.points[strand.at])
        if here is not None:
            painter.setBrush(QColor(theme.base))
            draw_symbol(painter, "ring", here, 8.0, QPen(hue("denoising", theme), 2.0))

    def _paint_strand(self, painter: QPainter, frame: Frame, strand: Strand, pen: QPen) -> None:
        """The selected sample, with a rim of the ground's colour that keeps it apart from the others."""
        line = QPolygonF(frame.places(strand.points))
        painter.setBrush(Qt.BrushStyle.NoBrush)
        for each in (QPen(QColor(self._theme.base), pen.widthF() + 2.6), pen):
            painter.setPen(each)
            painter.drawPolyline(line)

    # ---------------------------------------------------------------- the mouse

    def sample_at(self, position: QPointF) -> int | None:
        """The sample whose curve is nearest to a place on the widget, and near enough."""
        main, inset = self.frames()
        if main is None:
            return None
        in_inset = inset is not None and inset.area.contains(position)
        frame = inset if in_inset and inset is not None else main
        bundle = self._picture.inset if in_inset else self._picture.bundles[0]
        if bundle is None:
            return None
        pixels, _ = frame.look(bundle.points)
        away = distance_to_segments(np.array([position.x(), position.y()]), pixels[:-1], pixels[1:])
        away = np.where(np.isfinite(away), away, np.inf).min(axis=0)
        nearest = int(away.argmin())
        return nearest if away[nearest] <= NEAR else None

    def mousePressEvent(self, event: QMouseEvent) -> None:
        if self._print or event.button() != LEFT:
            event.ignore()
            return
        self._press = self._last = event.position()

    def mouseMoveEvent(self, event: QMouseEvent) -> None:
        if self._press is None:
            event.ignore()
            return
        position = event.position()
        if self._last != self._press or (position - self._press).manhattanLength() >= STILL:
            moved, self._last = position - self._last, position
            self.setCursor(Qt.CursorShape.ClosedHandCursor)
            self.look_from(self.camera.turned(DEGREES * moved.x(), DEGREES * moved.y()))

    def mouseReleaseEvent(self, event: QMouseEvent) -> None:
        if self._press is not None and self._last == self._press:
            sample = self.sample_at(event.position())
            if sample is not None:
                self.picked.emit(sample)
        self._press = None
        self.unsetCursor()

    def mouseDoubleClickEvent(self, event: QMouseEvent) -> None:
        if not self._print and event.button() == LEFT:
            self.look_from(Camera())

    def wheelEvent(self, event: QWheelEvent) -> None:
        delta = event.angleDelta().y()
        if self._print or not delta:
            event.ignore()
            return
        self.look_from(self.camera.zoomed(WHEEL**delta))
        event.accept()

    def sizeHint(self) -> QSize:
        return QSize(560, 380)
