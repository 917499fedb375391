"""Makes pictures of views for papers and slides. The view is built anew in the print theme and drawn at a physical
size: as pixels, or as SVG or PDF, where lines stay lines and text stays text.

Drawing pauses after each widget, so that a window can draw a figure in turns. Scripts and the headless program draw it
at once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Protocol, runtime_checkable

from PySide6.QtCore import QBuffer, QCoreApplication, QEvent, QIODevice, QMarginsF, QPoint, QRect, QSizeF, Qt
from PySide6.QtGui import (
    QColor,
    QFontInfo,
    QGuiApplication,
    QImage,
    QImageWriter,
    QPageSize,
    QPaintDevice,
    QPainter,
    QPdfWriter,
    QRegion,
)
from PySide6.QtWidgets import QGraphicsView, QWidget

from app.export.paper import DPI, MM_PER_INCH, PaperDevice
from app.export.pdf_engine import PdfEngine
from app.export.scaled import scaled_device
from app.export.steps import Steps, at_once
from app.export.style import PLAIN, Style, apply, styled
from app.export.svg import SvgPage
from app.export.svg_engine import SvgEngine
from app.export.xmp import packet
from app.plotting.theme import PRINT
from geomodel import __version__
from geomodel.files import write_bytes, write_error

MAX_PIXELS = 100_000_000  # 400 MB while it is drawn
CLIPBOARD_DPI = 192  # sharp on a slide
SOFTWARE = f"Geomodel {__version__}"

Writing = Callable[[], None]  # encodes and writes what was drawn; any thread may do it
Flag = QWidget.RenderFlag


@runtime_checkable
class Fills(Protocol):
    """A view with so many parts that it can pause after each while it displays a picture."""

    def fill(self, picture: Any) -> Iterator[None]:
        """Do what `display` does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """The picture of a view, to be drawn at a size on paper. Only a picture made of pixels needs their number."""

    view: Any
    size_mm: tuple[float, float]
    dpi: float
    recipe: Mapping[str, Any] | None = None
    points: float | None = None  # of the text on paper; lines and symbols follow it; None: as on the screen
    style: Style = PLAIN


def text_points() -> float:
    """How many points the program's text has on the screen."""
    return QFontInfo(QGuiApplication.font()).pointSizeF()


def layout(size_mm: tuple[float, float], points: float | None) -> tuple[int, tuple[int, int]]:
    """For how many pixels in an inch the view is laid out, and its size in them. Smaller text leaves room for more."""
    dpi = DPI if points is None else round(DPI * text_points() / points)
    return dpi, pixels(size_mm, dpi)


def pixels(size_mm: tuple[float, float], dpi: float) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    width, height = (max(1, round(side / MM_PER_INCH * dpi)) for side in size_mm)
    return width, height


def render(
    view: Any,
    size_mm: tuple[float, float],
    dpi: float,
    recipe: Mapping[str, Any] | None = None,
    points: float | None = None,
    style: Style = PLAIN,
) -> QImage:
    """Draw the view in the print theme at this size on paper, so that text, lines and symbols are alike at every dpi.

    The view is built as `type(view)(theme, print_mode=True)` and shows the view's `picture`.

    `recipe` holds the settings behind the picture, and the file keeps them. `points` is the size of the text, and
    `style` says what is left out. Raises ValueError if the picture would be too large.
    """
    return at_once(rendered(Figure(view=view, size_mm=size_mm, dpi=dpi, recipe=recipe, points=points, style=style)))


def rendered(figure: Figure) -> Steps[QImage]:
    """The steps of `render`."""
    width, height = pixels(figure.size_mm, figure.dpi)
    fits = width * height <= MAX_PIXELS
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied) if fits else QImage()
    if image.isNull():
        raise ValueError(
            f"A picture of {width:,} × {height:,} pixels is too large; at most {MAX_PIXELS // 10**6} million are "
            "drawn. Lower the dpi or the size."
        )
    image.fill(Qt.GlobalColor.transparent if figure.style.transparent else QColor(PRINT.base))
    _, size = layout(figure.size_mm, figure.points)
    yield from _drawn(figure, scaled_device(image, *size), size)
    per_metre = round(figure.dpi / MM_PER_INCH * 1000)  # not earlier, because fonts would follow the image's resolution
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    image.setText("Software", SOFTWARE)
    if figure.recipe:
        image.setText("recipe", _written(figure.recipe))
    return image


def save_png(
    view: Any,
    path: str | Path,
    size_mm: tuple[float, float],
    dpi: float,
    recipe: Mapping[str, Any] | None = None,
    points: float | None = None,
    style: Style = PLAIN,
) -> None:
    """Write the picture as PNG, with the recipe as text. Raises OSError with a sentence if the file cannot be written,
    and ValueError as `render` does.
    """
    at_once(png(Figure(view=view, size_mm=size_mm, dpi=dpi, recipe=recipe, points=points, style=style), path))()


def save_svg(
    view: Any,
    path: str | Path,
    size_mm: tuple[float, float],
    recipe: Mapping[str, Any] | None = None,
    points: float | None = None,
    style: Style = PLAIN,
) -> None:
    """Write the picture as SVG, with the recipe in its metadata. Raises OSError with a sentence if the file cannot be
    written.
    """
    at_once(svg(Figure(view=view, size_mm=size_mm, dpi=DPI, recipe=recipe, points=points, style=style), path))()


def save_pdf(
    view: Any,
    path: str | Path,
    size_mm: tuple[float, float],
    recipe: Mapping[str, Any] | None = None,
    points: float | None = None,
    style: Style = PLAIN,
) -> None:
    """Write the picture as PDF of one page, with the recipe in its metadata (XMP). Raises OSError with a sentence if
    the file cannot be written.
    """
    at_once(pdf(Figure(view=view, size_mm=size_mm, dpi=DPI, recipe=recipe, points=points, style=style), path))()


def png(figure: Figure, path: str | Path) -> Steps[Writing]:
    """The steps of `save_png`, up to the writing."""
    image = yield from rendered(figure)

    def write() -> None:
        content = QBuffer()
        content.open(QIODevice.OpenModeFlag.WriteOnly)
        QImageWriter(content, b"png").write(image)
        _write(path, content)

    return write


def svg(figure: Figure, path: str | Path) -> Steps[Writing]:
    """The steps of `save_svg`, up to the writing."""
    page, (_, size) = SvgPage(), layout(figure.size_mm, figure.points)
    yield from _drawn(figure, PaperDevice(SvgEngine(page), *size), size)
    text = page.document(figure.size_mm, size, Path(path).stem, SOFTWARE, _written(figure.recipe))
    return partial(_write, path, text.encode())


def pdf(figure: Figure, path: str | Path) -> Steps[Writing]:
    """The steps of `save_pdf`, up to the writing."""
    content, title = QBuffer(), Path(path).stem
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(content)
    exact = QPageSize.SizeMatchPolicy.ExactMatch
    writer.setPageSize(QPageSize(QSizeF(*figure.size_mm), QPageSize.Unit.Millimeter, title, exact))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    dpi, size = layout(figure.size_mm, figure.points)
    writer.setResolution(dpi)
    writer.setTitle(title)
    writer.setCreator(SOFTWARE)
    writer.setDocumentXmpMetadata(packet(title, SOFTWARE, _written(figure.recipe)).encode())
    yield from _drawn(figure, PaperDevice(PdfEngine(writer), *size), size)
    return partial(_write, path, content)


STEPS = {"png": png, "svg": svg, "pdf": pdf}  # by the name of the format


def copied(view: Any, recipe: Mapping[str, Any] | None = None) -> Steps[None]:
    """The steps of `copy_to_clipboard`."""
    size = (view.width() * MM_PER_INCH / DPI, view.height() * MM_PER_INCH / DPI)
    image = yield from rendered(Figure(view=view, size_mm=size, dpi=CLIPBOARD_DPI, recipe=recipe))
    QGuiApplication.clipboard().setImage(image)


def copy_to_clipboard(view: Any, recipe: Mapping[str, Any] | None = None) -> None:
    """Copy the view to the clipboard, in the print theme and in its present proportions."""
    at_once(copied(view, recipe))


def _written(recipe: Mapping[str, Any] | None) -> str:
    """The recipe as JSON in ASCII, which every kind of file can hold."""
    return json.dumps(recipe or {}, sort_keys=True)


def _write(path: str | Path, content: QBuffer | bytes) -> None:
    held = content.data().data() if isinstance(content, QBuffer) else content
    try:
        write_bytes(path, bytes(held))
    except OSError as error:
        raise OSError(f"{write_error(path, error)} Choose another place.") from error


def _drawn(figure: Figure, device: QPaintDevice, size: tuple[int, int]) -> Steps[None]:
    """Build the view again, off screen, and draw it over the whole device, which has this many logical pixels."""
    style, picture = figure.style, styled(figure.view.picture, figure.style)
    printed: Any = type(figure.view)(PRINT, print_mode=True)
    try:
        yield
        printed.resize(*size)
        if isinstance(printed, Fills):
            yield from printed.fill(picture)
        else:
            printed.display(picture)
        yield from _settled(printed)
        if style != PLAIN:
            apply(printed, style)
            yield from _settled(printed)
        ground = Flag(0) if style.transparent else Flag.DrawWindowBackground
        with QPainter(device) as painter:
            yield from _painted(painter, printed, QPoint(0, 0), printed.rect(), ground)
    finally:
        printed.release()
        printed.deleteLater()


def _painted(painter: QPainter, widget: QWidget, at: QPoint, shown: QRect, ground: Flag) -> Steps[None]:
    """Paint a widget that lies at a place of the figure, then those in it, over each other as Qt does. `shown` is the
    part of the figure that its parents leave free.
    """
    if shown.isEmpty():
        return
    QWidget.render(widget, painter, at, QRegion(shown.translated(-at)), ground)  # a plot has another method so named
    yield
    for child in widget.children():
        if isinstance(child, QWidget) and not child.isWindow() and not child.isHidden():
            place = child.geometry().translated(at)
            yield from _painted(painter, child, place.topLeft(), shown & place, Flag(0))


def settle(view: QWidget, *, again: bool = True) -> None:
    """Lay everything out. Plots place their axes only after they were drawn once, because they measure the labels
    then. A view that was settled before, and shows another picture, need not do so `again`.
    """
    at_once(_settled(view, again=again))


def _settled(view: QWidget, *, again: bool = True) -> Steps[None]:
    for _ in range(2 if again else 0):
        view.grab()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
        yield
    QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    plots = [widget for widget in (view, *view.findChildren(QWidget)) if isinstance(widget, QGraphicsView)]
    for plot in plots:
        plot.setCacheMode(QGraphicsView.CacheModeFlag.CacheNone)  # a kept background would be an image under the lines
        for item in plot.scene().items():
            if hasattr(item, "setExportMode"):
                # symbols are drawn as outlines, because pixmaps would be coarse
                item.setExportMode(True, {"antialias": True})
