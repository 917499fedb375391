"""Pictures as files: their size, what is written in them, and lines as thick on paper at every resolution."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import numpy as np
import pytest
from PySide6.QtCore import QPointF, QRectF, Qt
from PySide6.QtGui import QColor, QImage, QPainter, QPainterPath, QPen, QPolygonF
from PySide6.QtWidgets import QApplication, QWidget

import pyqtgraph as pg  # isort: skip - after PySide6, which it then uses

from app.export import figure
from app.export.steps import at_once
from app.plotting.theme import DARK, LIGHT, PRINT, palette
from app.plotting.values import Curve, ImageRow, MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from app.rooms.measures.view import MeasuresView
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView
from app.rooms.strip.pictures import StripPicture
from app.rooms.strip.view import StripView

SIZE = (85.0, 60.0)
RECIPE = {"run": {"solver": "heun", "data": "σ"}}


class TinyView(QWidget):
    """A view whose picture is what it draws."""

    built = 0

    def __init__(self, theme, parent=None, *, print_mode=False):
        super().__init__(parent)
        self.theme, self.print_mode, self.picture = theme, print_mode, None
        type(self).built += 1

    def display(self, picture):
        self.picture = picture

    def release(self):
        type(self).built -= 1

    def paintEvent(self, event):
        painter = QPainter(self)
        painter.fillRect(self.rect(), QColor("white"))
        if self.picture:
            self.picture(painter, self)
        painter.end()


def _view(picture=None):
    view = TinyView(LIGHT)
    view.resize(320, 240)
    view.display(picture)
    return view


def _darkness(image: QImage) -> np.ndarray:
    """0 for white, 1 for black, (rows, columns)."""
    grey = image.convertToFormat(QImage.Format.Format_Grayscale8)
    rows = np.frombuffer(grey.constBits(), np.uint8).reshape(grey.height(), grey.bytesPerLine())
    return 1 - rows[:, : grey.width()] / 255


def _thickness(picture, dpi: float) -> float:
    """What a horizontal line's ink amounts to, in 1/96 inch: the mean over the columns of the middle half."""
    ink = _darkness(figure.render(_view(picture), SIZE, dpi))
    return float(ink[:, ink.shape[1] // 4 : -ink.shape[1] // 4].sum(0).mean()) * 96 / dpi


def _line(width: float, *, cosmetic: bool, scale: float = 1.0, path: str = "line"):
    def draw(painter, view):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.scale(scale, scale)
        pen = QPen(QColor("black"), width)
        pen.setCosmetic(cosmetic)
        painter.setPen(pen)
        ends = [QPointF(0, 50.5 / scale), QPointF(400 / scale, 50.5 / scale)]
        if path == "line":
            painter.drawLine(*ends)
        else:
            painter.drawPolyline(QPolygonF(ends))

    return draw


# ---------------------------------------------------------------- the file


@pytest.mark.parametrize(("size", "dpi"), [((85, 60), 300), ((170, 90.5), 96), ((30, 20), 1200), ((50, 50), 333)])
def test_pixels_resolution_and_recipe(qapp, tmp_path, size, dpi):
    path = tmp_path / "σ.png"
    figure.save_png(_view(), path, size, dpi, RECIPE)
    image = QImage(str(path))
    assert (image.width(), image.height()) == tuple(round(side / 25.4 * dpi) for side in size)
    # The file holds whole dots a metre.
    assert image.dotsPerMeterX() == image.dotsPerMeterY() == round(dpi / 0.0254)
    assert json.loads(image.text("recipe")) == RECIPE
    assert image.text("Software").startswith("Geomodel ")
    assert path.read_bytes().startswith(b"\x89PNG")


def test_the_view_is_built_anew_in_the_print_theme_and_let_go(qapp):
    seen = []
    view = _view(lambda painter, drawn: seen.append((drawn, drawn.theme, drawn.print_mode, drawn.width())))
    before = TinyView.built
    figure.render(view, SIZE, 300)
    assert TinyView.built == before
    assert seen
    for drawn, *how in seen:
        assert drawn is not view
        assert how == [PRINT, True, round(85 / 25.4 * 96)]


def test_a_picture_that_is_too_large_is_refused(qapp):
    with pytest.raises(ValueError, match=r"47,244 × 47,244 pixels is too large.*Lower the dpi"):
        figure.render(_view(), (1000, 1000), 1200)


def test_a_file_that_cannot_be_written_is_an_error_and_no_file(qapp, tmp_path):
    with pytest.raises(OSError, match=r"could not be written: .*Choose another place"):
        figure.save_png(_view(), tmp_path / "missing" / "a.png", SIZE, 96)
    assert not list(tmp_path.iterdir())


def test_the_clipboard_gets_the_picture_in_the_views_proportions(qapp):
    figure.copy_to_clipboard(_view(), RECIPE)
    image = QApplication.clipboard().image()
    assert (image.width(), image.height()) == (640, 480)  # 192 dpi: twice the pixels of the screen


def test_a_picture_that_is_drawn_in_steps_is_the_same_and_keeps_no_view(qapp):
    view, before = _view(_line(2.0, cosmetic=True)), TinyView.built
    whole = figure.render(view, SIZE, 96, RECIPE)
    steps = figure.rendered(figure.Figure(view=view, size_mm=SIZE, dpi=96, recipe=RECIPE))
    next(steps)
    assert TinyView.built == before + 1
    assert at_once(steps) == whole
    given_up = figure.rendered(figure.Figure(view=view, size_mm=SIZE, dpi=96))
    next(given_up)
    given_up.close()
    assert TinyView.built == before


# ---------------------------------------------------------------- alike at every resolution


@pytest.mark.parametrize("dpi", [96, 300, 600])
@pytest.mark.parametrize("path", ["line", "polyline"])
@pytest.mark.parametrize(
    ("width", "cosmetic", "scale", "expected"),
    [(0, False, 7, 1), (1, True, 1, 1), (2, True, 1, 2), (2, True, 7, 2), (2, False, 1, 2), (1, False, 3, 3)],
    ids=["zero", "cosmetic 1", "cosmetic 2", "cosmetic in a scaled painter", "plain", "plain in a scaled painter"],
)
def test_lines_are_as_thick_on_paper_at_every_resolution(qapp, dpi, path, width, cosmetic, scale, expected):
    # Coverage is antialiased in 256 levels, and width and height are whole pixels at 96 dpi: 1 % is what they allow.
    assert _thickness(_line(width, cosmetic=cosmetic, scale=scale, path=path), dpi) == pytest.approx(expected, rel=0.01)


def test_dashes_keep_their_length(qapp):
    def draw(painter, view):
        pen = QPen(QColor("black"), 2)
        pen.setCosmetic(True)
        pen.setCapStyle(Qt.PenCapStyle.FlatCap)
        pen.setDashPattern([10, 5])
        painter.setPen(pen)
        painter.drawLine(QPointF(0, 50), QPointF(400, 50))

    for dpi in (96, 288):
        row = _darkness(figure.render(_view(draw), SIZE, dpi)).max(0) > 0.5
        starts = np.flatnonzero(row[1:] & ~row[:-1])
        # 10 + 5 pen widths of 2 pixels; a start is found to the pixel, and 321 pixels were rounded from 321.3
        assert np.diff(starts) * 96 / dpi == pytest.approx(30, abs=1)


def test_text_symbols_images_clips_and_opacity_scale_alike(qapp):
    shades = np.repeat(np.arange(256, dtype=np.uint8)[None], 16, 0)
    ramp = QImage(shades.tobytes(), 256, 16, 256, QImage.Format.Format_Grayscale8).copy()

    def draw(painter, view):
        painter.setRenderHint(QPainter.RenderHint.Antialiasing)
        painter.drawText(QPointF(10, 30), "‖x − D(x; σ)‖ over σ")
        painter.drawImage(QRectF(10, 40, 200, 20), ramp)
        painter.setOpacity(0.5)
        painter.setBrush(QColor("black"))
        painter.drawEllipse(QPointF(60, 100), 20, 20)
        painter.setOpacity(1)
        painter.setClipRect(QRectF(150, 80, 30, 30))
        painter.fillRect(QRectF(100, 70, 200, 200), QColor("black"))
        painter.setClipping(False)
        triangle = QPainterPath()
        triangle.addPolygon(QPolygonF([QPointF(240, 150), QPointF(280, 150), QPointF(240, 190)]))
        painter.setClipPath(triangle)
        painter.fillRect(QRectF(220, 140, 100, 100), QColor("black"))
        painter.setClipping(False)
        painter.fillRect(QRectF(300, 200, 10, 10), QColor("black"))

    whole = (320 * 25.4 / 96, 240 * 25.4 / 96)
    low, high = (_darkness(figure.render(_view(draw), whole, dpi)) for dpi in (96, 288))
    rows, columns = low.shape
    assert high.shape == (3 * rows, 3 * columns)
    shrunk = high.reshape(rows, 3, columns, 3).mean((1, 3))
    # Symbols, image and clip differ only by antialiasing at edges; glyphs are placed to the pixel.
    assert np.abs(shrunk - low)[62:].mean() < 2e-3
    assert np.abs(shrunk - low)[38:62].mean() < 2e-3
    assert shrunk[:38].sum() == pytest.approx(low[:38].sum(), rel=0.1)
    assert high[3 * 85 : 3 * 105, 3 * 155 : 3 * 175].min() == 1
    assert high[3 * 115 : 3 * 145, 3 * 100 :].max() == 0
    assert high[3 * 140 : 3 * 195, 3 * 220 :].sum() / 9 == pytest.approx(40 * 40 / 2, rel=0.05)  # its edge is not soft
    assert high[3 * 201 : 3 * 209, 3 * 301 : 3 * 309].min() == 1
    assert high[300, 180] == pytest.approx(0.5, abs=0.01)  # an 8-bit half


class DotView(pg.PlotWidget):
    """One large dot of pyqtgraph's."""

    def __init__(self, theme, parent=None, *, print_mode=False):
        super().__init__(parent, background="w")
        self.picture = None
        self.addItem(pg.ScatterPlotItem([0], [0], size=20, pen=None, brush="k"))
        self.hideAxis("left")
        self.hideAxis("bottom")

    def display(self, picture):
        self.picture = picture

    def release(self):
        self.close()


def test_symbols_are_outlines_and_not_enlarged_pixels(qapp):
    view = DotView(LIGHT)
    ink = _darkness(figure.render(view, (40, 40), 960))
    assert ink.sum() / 100 == pytest.approx(np.pi * 10**2, rel=0.02)  # 20 pixels across, drawn ten times as large
    # An outline is soft over one pixel of a circumference of 628; stamps have soft blocks of 10 × 10.
    assert ((ink > 0.05) & (ink < 0.95)).sum() < 1500
    view.close()


def _trajectories():
    rng = np.random.default_rng(0)
    sigmas = np.geomspace(8, 0.01, 9)
    x = rng.normal(size=(1, 12, 2)) * sigmas[:, None, None] + rng.normal(size=(12, 2))
    return sigmas, x, x[:-1] * 0.2


def _plane():
    sigmas, x, denoised = _trajectories()
    curves = PlaneCurves(sampling=x, denoising=denoised, sigmas=sigmas, committed=9)
    return PlaneView, PlanePicture(title="Two moons", data=x[-1], curves=curves, index=3)


def _measures():
    sigmas, x, _ = _trajectories()
    curve = Curve(kind="sampling", label="x", values=np.linalg.norm(x, axis=-1))
    plot = MeasurePlot(name="norm", title="Norm", unit="data units", formula="‖x‖", curves=(curve,))
    return MeasuresView, MeasuresPicture(sigmas=sigmas, plots=(plot,), index=3)


def _strip():
    sigmas, *_ = _trajectories()
    images = np.random.default_rng(0).integers(0, 256, (9, 28, 28), dtype=np.uint8)
    return StripView, StripPicture(sigmas=sigmas, rows=(ImageRow(caption="x(σ)", kind="sampling", images=images),))


@pytest.mark.parametrize("made", [_plane, _measures, _strip], ids=["plane", "measures", "strip"])
def test_the_programs_views_have_as_much_ink_at_every_resolution(qapp, made):
    kind, picture = made()
    view = kind(LIGHT)
    view.display(picture)
    low, high = (_darkness(figure.render(view, SIZE, dpi)).mean() for dpi in (96, 288))
    assert low > 0.005
    # Lines a third as thick would lose far more; hinted glyphs and snapped edges account for a few per cent.
    assert high == pytest.approx(low, rel=0.1)
    view.release()


@pytest.mark.parametrize("made", [_plane, _measures, _strip], ids=["plane", "measures", "strip"])
def test_a_dark_window_gives_the_same_picture(qapp, made):
    kind, picture = made()
    old, images = qapp.palette(), []
    for theme in (LIGHT, DARK):
        qapp.setPalette(palette(theme))
        view = kind(theme)
        view.display(picture)
        images.append(figure.render(view, SIZE, 96))
        view.release()
    qapp.setPalette(old)
    assert images[0] == images[1]


@pytest.mark.slow
def test_a_screen_of_scale_two_gives_the_same_picture(qapp, tmp_path):
    script = """if True:
        import sys
        from PySide6.QtWidgets import QApplication
        qapp = QApplication([])
        from app.export import figure
        from app.plotting.theme import LIGHT
        from tests.export.test_export import _plane
        kind, picture = _plane()
        view = kind(LIGHT)
        view.display(picture)
        figure.save_png(view, sys.argv[1], (60, 50), 288)
        assert view.devicePixelRatioF() == float(sys.argv[2])
    """
    written = []
    for scale in ("1", "2"):
        written.append(tmp_path / f"{scale}.png")
        command = [sys.executable, "-W", "ignore", "-c", script, str(written[-1]), scale]
        subprocess.run(command, env={**os.environ, "QT_SCALE_FACTOR": scale}, check=True)
    assert QImage(str(written[0])) == QImage(str(written[1]))
