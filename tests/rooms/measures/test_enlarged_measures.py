"""A measure takes all of its view, with titles on its axes."""

from __future__ import annotations

import gc
import weakref
from dataclasses import replace

import numpy as np
import pytest
from enlarging import assert_enlarges, double_click, is_large
from gestures import open_window
from parts import part, words
from PySide6.QtCore import QPointF, Qt
from PySide6.QtTest import QTest

from app.export import figure
from app.plotting.theme import LIGHT
from app.plotting.values import Curve, MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from app.rooms.measures.view import MeasuresView
from app.widgets.measure_cell import Cell

SIGMAS = np.array([80.0, 10.0, 1.0, 0.1, 0.0])


def make_plot(name, unit="data units"):
    values = np.random.default_rng(0).uniform(1, 4, (5, 8))
    curves = (Curve(kind="sampling", label="x", values=values),)
    return MeasurePlot(name=name, title=name.capitalize(), unit=unit, formula="‖x‖", curves=curves)


def make_picture(*names):
    plots = tuple(make_plot(name) for name in names)
    return MeasuresPicture(sigmas=SIGMAS, plots=plots, index=1, sample=3)


@pytest.fixture
def view(qtbot):
    view = MeasuresView(LIGHT)
    view.resize(420, 560)
    view.display(make_picture("norm", "angle", "end"))
    open_window(qtbot, view)
    qtbot.waitUntil(lambda: len(cells(view)) == 3)
    return view


def cells(view):
    return {cell.accessibleName(): cell for cell in view.findChildren(Cell)}


@pytest.mark.parametrize("name", ["Norm", "End"])
def test_each_measure_enlarges(view, qtbot, name):
    cell = part(view, Cell, name)
    assert_enlarges(qtbot, view, cell.header)


def test_both_axes_get_their_titles_and_the_curves_their_names(view, qtbot):
    cell = part(view, Cell, "Norm")
    assert cell.chart.titles == ("", "")
    double_click(cell.header)
    qtbot.waitUntil(lambda: cell.chart.titles == ("noise level σ", "Norm (data units)"))
    assert [text.split()[0] for _, text in cell.header.values] == ["x"]
    view.set_scale("index")
    assert cell.chart.titles == ("step", "Norm (data units)")


def test_it_stays_while_pictures_and_sizes_change(view, qtbot):
    cell, picked = part(view, Cell, "Angle"), []
    double_click(cell.header)
    view.display(replace(view.picture, index=3, sample=1))
    view.display(make_picture("norm", "angle", "end", "more"))
    view.resize(800, 600)  # the others would stand in two columns now
    qtbot.waitUntil(lambda: is_large(view, cell) and view.width() == 800)
    view.level_picked.connect(picked.append)
    box = cell.chart.box
    place = cell.chart.mapFromScene(box.mapViewToScene(QPointF(cell.chart._x[2], sum(box.viewRange()[1]) / 2)))
    QTest.mouseClick(cell.chart.viewport(), Qt.MouseButton.LeftButton, pos=place)
    assert picked == [2]
    double_click(cell.header)
    qtbot.waitUntil(lambda: len(cells(view)) == 4 and all(other.isVisible() for other in cells(view).values()))
    rects = [other.geometry() for other in cells(view).values()]
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])


def test_a_measure_that_goes_gives_the_view_back(view, qtbot):
    cell = part(view, Cell, "Angle")
    double_click(cell.header)
    qtbot.waitUntil(lambda: is_large(view, cell))
    view.set_visible_measures(["norm", "end"])
    qtbot.waitUntil(part(view, Cell, "Norm").isVisible)
    assert not cell.isVisible()
    double_click(part(view, Cell, "Norm").header)
    view.display(MeasuresPicture(message="Press Run."))
    qtbot.waitUntil(lambda: "Press Run." in words(view))


def test_a_figure_has_every_measure_whatever_is_enlarged(view, qtbot):
    plain = figure.render(view, (120, 120), 96)
    double_click(part(view, Cell, "Norm").header)
    qtbot.waitUntil(lambda: is_large(view, part(view, Cell, "Norm")))
    assert len(view.picture.plots) == 3
    assert figure.render(view, (120, 120), 96) == plain


def test_a_printed_measure_has_titles_on_its_axes(qtbot):
    printed = MeasuresView(LIGHT, print_mode=True)
    qtbot.addWidget(printed)
    printed.resize(640, 480)
    printed.display(make_picture("norm"))
    printed.grab()
    assert part(printed, Cell).chart.titles == ("noise level σ", "Norm (data units)")


def test_a_view_dies_with_an_enlarged_measure(qtbot):
    view = MeasuresView(LIGHT)
    view.display(make_picture("norm", "end"))
    view.grab()
    double_click(part(view, Cell, "Norm").header)
    gone = weakref.ref(view)
    view.release()
    view.deleteLater()
    del view
    qtbot.waitUntil(lambda: bool(gc.collect()) is not None and gone() is None)
