"""What other programs see in an SVG and a PDF: librsvg and poppler where they are installed."""

from __future__ import annotations

import ctypes
import re
import shutil
import subprocess
import zlib
from ctypes.util import find_library
from pathlib import Path

import numpy as np
from PySide6.QtGui import QImage


def darkness(image: QImage) -> np.ndarray:
    """0 for white, 1 for black, (rows, columns)."""
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return 1 - rows[:, : grey.width()] / 255


def rendered_svg(path: Path) -> QImage | None:
    """The SVG on white at 96 dpi as librsvg draws it, by its command or by its library; None if there is neither."""
    out = path.with_suffix(".seen.png")
    if command := shutil.which("rsvg-convert"):
        subprocess.run([command, "-d", "96", "-p", "96", "-b", "white", "-o", out, path], check=True)
    elif (rsvg := find_library("rsvg-2")) and (cairo := find_library("cairo")):
        _by_library(ctypes.CDLL(rsvg), ctypes.CDLL(cairo), path, out)
    else:
        return None
    return QImage(str(out))


def rendered_pdf(path: Path) -> QImage | None:
    """The PDF's page at 96 dpi as poppler draws it, or None if it is not installed."""
    command = shutil.which("pdftoppm")
    if command is None:
        return None
    subprocess.run([command, "-r", "96", "-png", "-singlefile", path, path.with_suffix("")], check=True)
    return QImage(str(path.with_suffix(".png")))


def page_of(path: Path) -> str:
    """The drawing commands of a PDF of one page."""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", path.read_bytes(), re.DOTALL):
        try:
            content = zlib.decompress(stream)
        except zlib.error:
            continue
        if b" cm\n" in content[:100]:
            return content.decode("latin-1")
    raise AssertionError("the file has no page")


class _Rectangle(ctypes.Structure):
    _fields_ = [(name, ctypes.c_double) for name in ("x", "y", "width", "height")]


def _by_library(rsvg: ctypes.CDLL, cairo: ctypes.CDLL, path: Path, out: Path) -> None:
    pointer, real = ctypes.c_void_p, ctypes.c_double
    content = path.read_bytes()
    rsvg.rsvg_handle_new_from_data.restype = pointer
    handle = pointer(rsvg.rsvg_handle_new_from_data(content, ctypes.c_size_t(len(content)), None))
    assert handle, "librsvg cannot read it"
    rsvg.rsvg_handle_set_dpi(handle, real(96))
    wide, high = real(), real()
    rsvg.rsvg_handle_get_intrinsic_size_in_pixels(handle, ctypes.byref(wide), ctypes.byref(high))
    size = round(wide.value), round(high.value)
    cairo.cairo_image_surface_create.restype = cairo.cairo_create.restype = pointer
    surface = pointer(cairo.cairo_image_surface_create(0, *size))
    context = pointer(cairo.cairo_create(surface))
    cairo.cairo_set_source_rgb(context, real(1), real(1), real(1))
    cairo.cairo_paint(context)
    whole = _Rectangle(0, 0, *size)
    assert rsvg.rsvg_handle_render_document(handle, context, ctypes.byref(whole), None)
    cairo.cairo_surface_write_to_png(surface, str(out).encode())
    cairo.cairo_destroy(context)
    cairo.cairo_surface_destroy(surface)
