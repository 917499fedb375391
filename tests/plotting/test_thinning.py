"""A curve of more points than pixels is drawn with as few as can be seen, and keeps its extremes."""

from __future__ import annotations

import numpy as np
import pyqtgraph as pg
import pytest
from PySide6.QtGui import QColor, QImage, QPainter, QPen
from PySide6.QtWidgets import QApplication, QWidget

from app.plotting import long_lines
from app.plotting.long_lines import LongLine, dashes
from app.plotting.measure_plot import MeasureChart, band_path
from app.plotting.pens_and_numbers import tabular
from app.plotting.theme import LIGHT
from app.plotting.thinning import FEWEST, columns_of, enveloped, thinned
from app.plotting.values import Curve

COLUMNS = 300


def columns(x, of):
    return np.minimum(((x - of[0]) / (of[-1] - of[0]) * COLUMNS).astype(int), COLUMNS)


def walk(n, seed=0):
    rng = np.random.default_rng(seed)
    return np.sort(rng.random(n)), np.cumsum(rng.standard_normal(n))


@pytest.mark.parametrize("n", [700, 10_001, 50_001])
def test_each_column_keeps_its_extremes_and_the_curve_its_ends(n):
    x, y = walk(n)
    kept, joined = thinned(x, y, COLUMNS)
    assert len(kept) <= 2 * COLUMNS + 4
    assert (np.diff(kept) > 0).all()
    assert (kept[0], kept[-1]) == (0, n - 1)
    assert joined[:-1].all()
    assert not joined[-1]
    at, whole = columns(x[kept], x), columns(x, x)
    for column in np.unique(whole):
        here, every = y[kept][at == column], y[whole == column]
        assert (here.min(), here.max()) == (every.min(), every.max())


def test_few_points_are_all_drawn():
    x, y = walk(2 * COLUMNS)
    y[50] = np.nan
    kept, joined = thinned(x, y, COLUMNS)
    assert len(kept) == len(x)
    assert np.flatnonzero(~joined).tolist() == [49, 50, len(x) - 1]


def test_a_gap_that_can_be_seen_stays_and_the_others_close():
    x, y = np.linspace(0, 1, 9_001), np.ones(9_001)
    y[2_000:5_000] = np.nan
    y[6_000] = np.nan
    kept, joined = thinned(x, y, COLUMNS)
    assert np.isfinite(y[kept]).all()
    (gap,) = np.flatnonzero(~joined[:-1])
    assert (kept[gap], kept[gap + 1]) == (1_999, 5_000)
    _, low, high, band = enveloped(x, y, 2 * y, COLUMNS)
    assert np.flatnonzero(~band[:-1]).size == 1
    assert (low == 1).all()
    assert (high == 2).all()


@pytest.mark.parametrize("values", [np.full(5_000, np.nan), np.where(np.arange(5_000) % 2, np.nan, 1.0)])
def test_where_no_line_is_none_is_drawn(values):
    x = np.linspace(0, 1, 5_000)
    assert not thinned(x, values, COLUMNS).joined.any()
    assert not enveloped(x, values, values, COLUMNS)[3].any()


def test_levels_at_one_place_are_one_column():
    kept, joined = thinned(np.zeros(5_000), np.arange(5_000.0), COLUMNS)
    assert kept.tolist() == [0, 4_999]
    assert joined.tolist() == [True, False]


def test_columns_double():
    assert [columns_of(width) for width in (10, FEWEST, FEWEST + 1, 1_000, 10**6)] == [256, 256, 512, 1024, 4096]


def test_a_band_of_fifty_thousand_levels_is_an_outline_of_few(qapp):
    x, low = walk(50_001)
    path = band_path(x, low, low + 1, COLUMNS)
    assert path.elementCount() <= 2 * COLUMNS + 8
    box = path.boundingRect()
    np.testing.assert_allclose((box.top(), box.bottom()), (low.min(), low.max() + 1))


def test_a_chart_hands_as_many_points_to_the_painter_as_it_is_wide(qtbot, monkeypatch):
    """A picture of ten times the levels costs no more, however they jump and whatever the dash of the curve."""
    pieces = []
    real = long_lines.draw_pieces
    monkeypatch.setattr(long_lines, "draw_pieces", lambda *parts: (pieces.append(len(parts[1])), real(*parts)))
    chart = MeasureChart(LIGHT, tabular(QApplication.font(), 0.85))
    qtbot.addWidget(chart)
    chart.resize(500, 160)
    for levels in (5_000, 50_001):
        values = np.random.default_rng(0).random((levels, 4))
        curves = tuple(Curve(kind=kind, label=kind, values=values) for kind in ("sampling", "denoising"))
        chart.set_data(np.geomspace(20, 0.01, levels), "log", curves, 0)
        pieces.clear()
        chart.grab()
        assert len(pieces) == 2  # of each curve
        assert max(pieces) <= 2 * 512 + 2
        assert all(layer.band.path().elementCount() <= 2 * 512 + 8 for layer in chart.layers)
        chart.set_index(levels - 2)
        np.testing.assert_array_equal(chart.values(), values[-2, 0])  # the number is that of the level itself
    chart.resize(1_000, 160)
    chart.show()  # Qt sends a hidden widget no resize event
    chart.grab()
    assert 2 * 512 < len(chart.layers[0].line.xData) <= 2 * 1024 + 2


def test_dashes_run_on_through_corners_and_wait_at_gaps():
    points = np.array([[0.0, 0.0], [4.0, 0.0], [4.0, 4.0], [9.0, 9.0], [9.0, 0.0]])
    found = dashes(points, np.array([True, True, False, True]), [3.0, 2.0])
    np.testing.assert_allclose(
        found, [[0, 0, 3, 0], [4, 1, 4, 4], [9, 7, 9, 4], [9, 2, 9, 0]]
    )  # 8 along the corner is the end of the second dash, and the third begins at 10


@pytest.mark.parametrize("points", [800, 20_000])  # of which some dozens are in a pixel
@pytest.mark.parametrize("pattern", [None, [3.5, 2.0]])
def test_a_long_line_is_painted_as_qt_paints_it(qapp, monkeypatch, pattern, points):
    t = np.linspace(0, 1, points)
    curve = 100 + 90 * np.cos(5 * t), 100 + 90 * np.sin(4 * t)
    pen = QPen(QColor("black"), 2.0)
    pen.setCosmetic(True)
    if pattern:
        pen.setDashPattern(pattern)
    found = []
    for few in (10, 100_000):
        monkeypatch.setattr(long_lines, "FEW", few)
        line = LongLine(antialias=True, pen=pen)
        joined = np.append(np.ones(len(t) - 1, bool), False)
        joined[points // 2] = pattern is not None  # after a gap Qt begins its pattern again
        line.setData(*curve, connect=joined)
        image = QImage(200, 200, QImage.Format.Format_Grayscale8)
        image.fill(255)
        with QPainter(image) as painter:
            line.paint(painter, None, None)
        found.append(np.frombuffer(image.constBits(), np.uint8).reshape(200, -1).astype(float))
    assert (found[0] < 128).sum() > 200
    assert (abs(found[0] - found[1]) > 128).mean() < 0.002  # a dash that begins a pixel elsewhere, at most
    assert found[0].sum() == pytest.approx(found[1].sum(), rel=0.01)


@pytest.mark.parametrize("ratio", [1.0, 2.0])
@pytest.mark.parametrize("pattern", [None, [3.5, 2.0]])
def test_a_long_line_lies_where_its_plot_lies(qtbot, monkeypatch, pattern, ratio):
    """A widget in a window paints on the window's pixels, which may be smaller than those of the widget."""
    window = QWidget()
    qtbot.addWidget(window)
    view = pg.GraphicsView(window, background="white")
    view.setGeometry(70, 40, 200, 160)
    window.resize(300, 220)
    box = pg.ViewBox(enableMenu=False)
    view.setCentralItem(box)
    pen = QPen(QColor("black"), 2.0 * ratio)
    pen.setCosmetic(True)
    if pattern:
        pen.setDashPattern(pattern)
    line = LongLine(antialias=True, pen=pen)
    t = np.linspace(0, 1, 2_000)
    line.setData(np.cos(5 * t), np.sin(4 * t), connect=np.append(np.ones(len(t) - 1, bool), False))
    box.addItem(line)
    found = []
    for few in (10, 100_000):
        monkeypatch.setattr(long_lines, "FEW", few)
        image = QImage(*(round(side * ratio) for side in (300, 220)), QImage.Format.Format_Grayscale8)
        image.setDevicePixelRatio(ratio)
        image.fill(255)
        window.render(image)
        found.append(np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), -1).astype(float))
    assert (found[1] < 128).sum() > 200
    assert (abs(found[0] - found[1]) > 128).mean() < 0.002
