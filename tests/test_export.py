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
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialogButtonBox, QFileDialog, QLineEdit, QWidget

import pyqtgraph as pg  # isort: skip - after PySide6, which it then uses

from app import files
from app.export import dialogs, figure
from app.plotting.theme import DARK, LIGHT, PRINT, palette
from app.settings_store import SettingsStore
from app.views.measures import MeasuresView
from app.views.pictures import Curve, MeasurePlot, MeasuresPicture, PlaneCurves, PlanePicture, StripPicture, StripRow
from app.views.plane import PlaneView
from app.views.strip import StripView

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
    with pytest.raises(OSError, match=r"could not be written to .*Choose another place"):
        figure.save_png(_view(), tmp_path / "missing" / "a.png", SIZE, 96)
    assert not list(tmp_path.iterdir())


def test_the_clipboard_gets_the_picture_in_the_views_proportions(qapp):
    figure.copy_to_clipboard(_view(), RECIPE)
    image = QApplication.clipboard().image()
    assert (image.width(), image.height()) == (640, 480)  # 192 dpi: twice the pixels of the screen


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
    return StripView, StripPicture(sigmas=sigmas, rows=(StripRow(caption="x(σ)", kind="sampling", images=images),))


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
        from tests.test_export import _plane
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


# ---------------------------------------------------------------- asking


@pytest.fixture
def window(qtbot):
    widget = QWidget()
    qtbot.addWidget(widget)
    widget.show()
    qtbot.waitExposed(widget)
    return widget


def _answer(qtbot, dialog, text):
    """Write a name into Qt's own dialog and press its button."""
    qtbot.waitUntil(dialog.isVisible)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(text)
    kinds = QDialogButtonBox.StandardButton
    saving = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    button = dialog.findChild(QDialogButtonBox).button(kinds.Save if saving else kinds.Open)
    qtbot.waitUntil(button.isEnabled)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_opening_calls_back_and_remembers_the_directory(qtbot, window, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.npz").touch()
    store, chosen = SettingsStore(), []
    ask = (window, "Open run", "Runs (*.npz);;All files (*)", "run", chosen.append)
    dialog = files.ask_open(*ask, store=store)
    assert dialog.isModal()
    assert chosen == []  # it does not block
    _answer(qtbot, dialog, str(tmp_path / "runs" / "a.npz"))
    qtbot.waitUntil(lambda: chosen == [str(tmp_path / "runs" / "a.npz")])
    again = files.ask_open(*ask, store=SettingsStore())
    assert again.directory().absolutePath() == str(tmp_path / "runs")
    other = files.ask_open(*ask[:3], "data", chosen.append, store=store)
    assert other.directory().absolutePath() != str(tmp_path / "runs")
    for dialog in (again, other):
        dialog.reject()
    qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))
    assert len(chosen) == 1


@pytest.mark.parametrize(("typed", "written"), [("fine", "fine.npz"), ("fine.v2", "fine.v2"), ("b.npz", "b.npz")])
def test_saving_adds_the_suffix_where_there_is_none(qtbot, window, tmp_path, typed, written):
    chosen = []
    dialog = files.ask_save(
        window, "Save run", "Runs (*.npz)", "run", "npz", "heun-18.npz", chosen.append, store=SettingsStore()
    )
    assert dialog.findChild(QLineEdit, "fileNameEdit").text() == "heun-18.npz"
    _answer(qtbot, dialog, str(tmp_path / typed))
    qtbot.waitUntil(lambda: chosen == [str(tmp_path / written)])


def test_a_directory_that_is_gone_is_not_used(window, tmp_path, qtbot):
    store = SettingsStore()
    store.change(directories={"run": str(tmp_path / "gone")})
    dialog = files.ask_open(window, "Open run", "Runs (*.npz)", "run", print, store=store)
    assert dialog.directory().exists()
    dialog.reject()


# ---------------------------------------------------------------- the dialog


@pytest.fixture
def dialog(qtbot, window):
    wide, tall = _view(), _view()
    tall.resize(100, 200)
    window.written = []
    views, recipe = {"Plane": wide, "Strip": tall}, dict(RECIPE)
    made = dialogs.save_picture(window, views, lambda: recipe, window.written.append, store=SettingsStore())
    made.recipe = recipe
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def _enter(field, text):
    field.setFocus()
    field.editor.selectAll()
    QTest.keyClicks(field.editor, text)
    QTest.keyClick(field.editor, Qt.Key.Key_Tab)


def test_presets_keep_the_views_proportions_and_the_pixels_are_told(dialog):
    assert (dialog._width.value, dialog._height.value) == (85, 64)  # 4 : 3
    assert dialog._result.text() == "1,004 × 756 pixels"
    dialog._column.editor.setFocus()
    QTest.keyClick(dialog._column.editor, Qt.Key.Key_Down)
    assert (dialog._width.value, dialog._height.value) == (170, 128)
    dialog._view.editor.setFocus()
    QTest.keyClick(dialog._view.editor, Qt.Key.Key_Down)
    assert (dialog._width.value, dialog._height.value) == (170, 340)  # 1 : 2
    _enter(dialog._width, "100")
    assert dialog._column.value == dialogs.CUSTOM
    assert dialog._height.value == 200
    _enter(dialog._height, "30")
    _enter(dialog._dpi, "96")
    assert dialog._result.text() == "378 × 113 pixels"


def test_the_picture_is_written_where_it_is_asked_for(qtbot, dialog, window, tmp_path):
    _enter(dialog._dpi, "200")
    dialog.recipe["run"] = "a later one"
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    asked = dialog.findChild(QFileDialog)
    assert asked.findChild(QLineEdit, "fileNameEdit").text() == "plane-85mm.png"
    _answer(qtbot, asked, str(tmp_path / "figure"))
    qtbot.waitUntil(lambda: window.written == [str(tmp_path / "figure.png")])
    image = QImage(str(tmp_path / "figure.png"))
    assert (image.width(), image.height()) == (669, 504)
    assert json.loads(image.text("recipe")) == {"run": "a later one"}  # of the moment it was made


def test_what_does_not_fit_is_explained_and_nothing_is_asked(dialog):
    _enter(dialog._dpi, "2400")
    assert "at most 1,200" in dialog._dpi.error
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    assert not dialog.findChildren(QFileDialog)


def test_a_failure_is_told_and_the_dialog_stays(dialog, window, tmp_path):
    dialog._save(str(tmp_path / "missing" / "a.png"))
    assert dialog._result.is_error
    assert "could not be written" in dialog._result.text()
    assert dialog.isVisible()
    assert window.written == []
