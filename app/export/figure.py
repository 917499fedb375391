"""Makes pictures of views for papers and slides. The view is built anew in the print theme and drawn at a physical
size.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from PySide6.QtCore import QBuffer, QCoreApplication, QEvent, QIODevice
from PySide6.QtGui import QGuiApplication, QImage, QImageWriter
from PySide6.QtWidgets import QGraphicsView, QWidget

from app.export.scaled import DPI, ScaledDevice
from app.plotting.theme import PRINT
from geomodel import __version__
from geomodel.files import write_bytes, write_error

MM_PER_INCH = 25.4
MAX_PIXELS = 100_000_000  # 400 MB while it is drawn
CLIPBOARD_DPI = 192  # sharp on a slide


def pixels(size_mm: tuple[float, float], dpi: float) -> tuple[int, int]:
    """Width and height of a picture in pixels."""
    width, height = (max(1, round(side / MM_PER_INCH * dpi)) for side in size_mm)
    return width, height


def render(view: Any, size_mm: tuple[float, float], dpi: float, recipe: Mapping[str, Any] | None = None) -> QImage:
    """Draw the view in the print theme at this size on paper, so that text, lines and symbols are alike at every dpi.

    The view is built as `type(view)(theme, print_mode=True)` and shows the view's `picture`.

    `recipe` holds the settings behind the picture, and the file keeps them. Raises ValueError if the picture would be
    too large.
    """
    width, height = pixels(size_mm, dpi)
    fits = width * height <= MAX_PIXELS
    image = QImage(width, height, QImage.Format.Format_ARGB32_Premultiplied) if fits else QImage()
    if image.isNull():
        raise ValueError(
            f"A picture of {width:,} × {height:,} pixels is too large; at most {MAX_PIXELS // 10**6} million are "
            "drawn. Lower the dpi or the size."
        )
    image.fill(PRINT.base)
    _draw(view, image, pixels(size_mm, DPI))
    per_metre = round(dpi / MM_PER_INCH * 1000)  # not earlier, because fonts would follow the image's own resolution
    image.setDotsPerMeterX(per_metre)
    image.setDotsPerMeterY(per_metre)
    image.setText("Software", f"Geomodel {__version__}")
    if recipe:
        image.setText("recipe", json.dumps(recipe, ensure_ascii=False, sort_keys=True))
    return image


def save_png(
    view: Any,
    path: str | Path,
    size_mm: tuple[float, float],
    dpi: float,
    recipe: Mapping[str, Any] | None = None,
) -> None:
    """Write the picture as PNG. Raises OSError with a sentence if the file cannot be written, and ValueError as
    `render` does.
    """
    write_png(render(view, size_mm, dpi, recipe), path)


def write_png(image: QImage, path: str | Path) -> None:
    """Write an image as PNG. Raises OSError with a sentence if the file cannot be written."""
    content = QBuffer()
    content.open(QIODevice.OpenModeFlag.WriteOnly)
    QImageWriter(content, b"png").write(image)
    try:
        write_bytes(path, bytes(content.data().data()))
    except OSError as error:
        raise OSError(f"{write_error(path, error)} Choose another place.") from error


def copy_to_clipboard(view: Any, recipe: Mapping[str, Any] | None = None) -> None:
    """Copy the view to the clipboard, in the print theme and in its present proportions."""
    size = (view.width() * MM_PER_INCH / DPI, view.height() * MM_PER_INCH / DPI)
    QGuiApplication.clipboard().setImage(render(view, size, CLIPBOARD_DPI, recipe))


def _draw(view: Any, image: QImage, size: tuple[int, int]) -> None:
    """Build the view again, off screen, and draw it over the whole image."""
    printed: Any = type(view)(PRINT, print_mode=True)
    try:
        printed.resize(*size)
        printed.display(view.picture)
        _settle(printed)
        QWidget.render(printed, ScaledDevice(image, *size))
    finally:
        printed.release()
        printed.deleteLater()


def _settle(view: QWidget) -> None:
    """Lay everything out. Plots place their axes only after they were drawn once, because they measure the labels
    then.
    """
    for _ in range(2):
        view.grab()
        QCoreApplication.sendPostedEvents(None, QEvent.Type.LayoutRequest)
    plots = [widget for widget in (view, *view.findChildren(QWidget)) if isinstance(widget, QGraphicsView)]
    for plot in plots:
        for item in plot.scene().items():
            if hasattr(item, "setExportMode"):
                # symbols are drawn as outlines, because pixmaps would be coarse
                item.setExportMode(True, {"antialias": True})
