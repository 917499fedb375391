"""The parts of the compare view take all of it, and its chart of errors hides no lane."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from enlarging import assert_enlarges, double_click, is_large, title_of
from gestures import open_window
from parts import part, words
from PySide6.QtCore import QRectF
from PySide6.QtWidgets import QComboBox, QTabBar

from app.export import figure
from app.plotting.theme import LIGHT
from app.rooms.compare.cells import BESIDE_NAME
from app.rooms.compare.lanes import lane_curve
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.ranges import ASIDE_ALL, DEPTH, beside
from app.rooms.compare.view import EMPTY, CompareView

BATCH = 16
LONG = "DPM-Solver++ 3M (as published), order 3, 18 steps to 0, Karras (ρ)"


def make_lane(at: int, evaluations: int, steps: int = 5, error: float = 0.1, **changes) -> LanePicture:
    """A lane that ends at a median error; its samples spread around it."""
    errors = np.outer(np.linspace(3.0, 1.0, steps + 1), np.linspace(0.5, 1.5, BATCH)) * error
    errors[0] = 0.0
    lane = LanePicture(
        name=f"solver {at}",
        hue=at,
        state="done",
        evaluations=evaluations,
        seconds=0.1,
        sigmas=np.geomspace(80.0, 0.01, steps + 1),
        evaluations_at=np.linspace(0, evaluations, steps + 1).round().astype(int),
        errors=errors,
        sampling=np.zeros((steps + 1, 2)),
        denoising=np.zeros((steps, 2)),
        image=np.zeros((8, 8), np.uint8),
        difference=np.zeros((8, 8), np.uint8),
    )
    return replace(lane, **changes)


def exact(at: int) -> LanePicture:
    """A lane that is the reference itself."""
    lane = make_lane(at, 200, steps=1)
    return replace(lane, errors=np.zeros_like(lane.errors))


def shown(qtbot, *lanes, size=(900, 700)):
    view = CompareView(LIGHT)
    view.resize(*size)
    view.display(ComparePicture(lanes=lanes, reference_image=np.zeros((8, 8), np.uint8), difference_scale=0.1))
    return open_window(qtbot, view)


def plot(view, plotted):
    combo = part(view, QComboBox, "What is plotted")
    combo.setCurrentIndex(combo.findData(plotted))
    combo.activated.emit(combo.currentIndex())


def tabs_with(view, text):
    """The tabs that are the titles of several pages."""
    bars = view.findChildren(QTabBar)
    return next(bar for bar in bars if text in [bar.tabText(at) for at in range(bar.count())])


def assert_in_sight(view):
    """Each lane has a symbol inside the axes, half a symbol from their edge at least."""
    chart = view.chart
    area = chart.box.mapRectToScene(QRectF(chart.box.rect())).adjusted(4, 4, -4, -4)
    for lane, curve in enumerate(chart.curves):
        pixels = chart._pixels(chart.places(lane))
        pixels = pixels[np.isfinite(pixels).all(axis=1)]
        assert curve is not None
        assert len(pixels)
        for x, y in pixels.tolist():
            assert area.contains(x, y), (lane, x, y)


# ---------------------------------------------------------------- the chart


RACES = {
    "few and many evaluations": [make_lane(0, 5, error=0.5), make_lane(1, 100, 50, 1e-4), make_lane(2, 10, 10, 1e-5)],
    "one lane": [make_lane(0, 18)],
    "one step": [make_lane(0, 1, 1), make_lane(1, 36, 18)],
    "twelve at one count": [make_lane(at, 10, 10, 10.0**-at) for at in range(12)],
    "twelve at one count, one far off": [*(make_lane(at, 10, 10) for at in range(12)), make_lane(12, 100, 50)],
    "thirty at one count": [make_lane(at, 10, 10) for at in range(30)],
    "adaptive": [make_lane(at, count, steps) for at, (count, steps) in enumerate(((37, 6), (91, 15), (10, 10)))],
    "exact": [make_lane(0, 5), make_lane(1, 100, 50, 1e-4), exact(2)],
    "exact alone": [exact(0)],
    "one ran away": [make_lane(0, 5, error=10.0 ** (DEPTH + 6)), make_lane(1, 10, error=1e-3)],
}


@pytest.mark.parametrize("plotted", ["sigma", "evaluations", "end"])
@pytest.mark.parametrize("race", RACES)
def test_no_lane_is_hidden(qtbot, race, plotted):
    view = shown(qtbot, *RACES[race])
    plot(view, plotted)
    view.grab()
    assert_in_sight(view)


def test_an_error_of_zero_has_a_place_of_its_own_under_the_rest(qtbot):
    view = shown(qtbot, make_lane(0, 5), exact(1))
    plot(view, "end")
    view.grab()
    chart, (bottom, top) = view.chart, view.chart.box.viewRange()[1]
    zero, least = chart.places(1)[0, 1], chart.places(0)[0, 1]
    assert bottom < zero < least
    ((spacing, ticks),) = chart._left.tickValues(bottom, top, 300)
    texts = dict(zip(ticks, chart._left.tickStrings(ticks, 1.0, spacing), strict=True))
    assert texts.pop(zero) == "0"
    assert min(texts) > zero  # and there are readable ones above it
    plot(view, "sigma")
    assert np.isnan(chart.places(1)[0, 1])  # a start is no result
    assert np.isfinite(chart.places(1)[1, 1])


TITLES = {
    "sigma": ("noise level σ", "‖x − x_ref‖ of the sample in data units"),
    "evaluations": ("network evaluations", "‖x − x_ref‖ of the sample in data units"),
    "end": ("network evaluations", "median ‖x − x_ref‖ in data units"),
}


@pytest.mark.parametrize("plotted", TITLES)
def test_both_axes_say_what_they_carry(qtbot, plotted):
    view = shown(qtbot, make_lane(0, 5), size=(1000, 900))
    plot(view, plotted)
    view.grab()
    assert view.chart.titles == TITLES[plotted]


def test_a_title_that_does_not_fit_gives_way_to_a_shorter_one(qtbot):
    view = shown(qtbot, make_lane(0, 5), size=(420, 420))
    view.grab()
    assert view.chart.titles[1] in ("‖x − x_ref‖, data units", "‖x − x_ref‖", "")
    assert view.chart.titles[1] != TITLES["sigma"][1]


# ---------------------------------------------------------------- names


def test_bars_at_one_count_stay_near_it_however_many_they_are():
    bars = [lane_curve(make_lane(at, 10), "end", 0, 0.0) for at in range(60)]
    shifts = beside(tuple(bars))
    assert len(set(shifts)) == 60
    assert max(map(abs, shifts)) <= ASIDE_ALL / 2


@pytest.mark.parametrize("width", [600, 800, 1200])
def test_names_are_whole(qtbot, width):
    view = shown(qtbot, make_lane(0, 5, name=LONG), make_lane(1, 7), size=(1000, 700))
    table = view.table
    view.resize(width, 700)
    qtbot.waitUntil(lambda: view.width() == width)
    qtbot.waitUntil(lambda: table.horizontalScrollBar().maximum() == 0)  # the numbers are in sight, too
    metrics, room = table.fontMetrics(), QRectF(0, 0, table.columnWidth(0) - BESIDE_NAME, 1000).toRect()
    needed = metrics.boundingRect(room, 0x1000, LONG)  # wrapped between words
    assert needed.height() <= table.rowHeight(0)
    assert needed.width() <= room.width()
    assert LONG in table.model().index(0, 0).data(0x3)  # the tooltip


def test_names_under_images_are_whole(qtbot):
    view = shown(qtbot, make_lane(0, 5, name=LONG), make_lane(1, 7))
    cells = view.images.cells
    rect = cells.rect_of(1)
    height = cells._name_height(rect.width())
    words = rect.adjusted(30, 0, 0, 0).toRect()
    assert cells.fontMetrics().boundingRect(words, 0x1000, LONG).height() <= np.ceil(height)


# ---------------------------------------------------------------- enlarging


def test_chart_and_pages_enlarge(qtbot):
    view = shown(qtbot, make_lane(0, 5), make_lane(1, 100))
    for title in (title_of(view, "Error"), tabs_with(view, "Trajectories"), tabs_with(view, "Table")):
        assert_enlarges(qtbot, view, title)


def test_the_pages_of_an_enlarged_place_still_change(qtbot):
    view = shown(qtbot, make_lane(0, 5), make_lane(1, 100))
    before = view.images.cells.lay_out()[0]
    tabs = tabs_with(view, "Images")
    double_click(tabs)
    qtbot.waitUntil(lambda: is_large(view, tabs.parentWidget()))
    tabs.setCurrentIndex(1)
    qtbot.waitUntil(view.images.isVisible)
    assert view.images.cells.lay_out()[0] > before


def test_it_stays_while_a_race_goes_on_and_ends_with_its_lanes(qtbot):
    view = shown(qtbot, make_lane(0, 5), make_lane(1, 100))
    title, plot = title_of(view, "Error"), view.chart.parentWidget()
    double_click(title)
    view.display(replace(view.picture, running=True))
    view.resize(1100, 640)
    qtbot.waitUntil(lambda: is_large(view, plot) and view.width() == 1100)
    view.display(ComparePicture())
    qtbot.waitUntil(lambda: EMPTY in words(view))
    assert not title.isVisible()


def test_a_place_that_loses_its_pages_gives_the_view_back(qtbot):
    view = shown(qtbot, make_lane(0, 5), make_lane(1, 100))
    double_click(tabs_with(view, "Images"))
    view.resize(500, 700)  # its pages stand beside the table now
    qtbot.waitUntil(lambda: view.chart.isVisible() and tabs_with(view, "Table").isVisible())
    assert tabs_with(view, "Table").count() == 3


def test_a_figure_shows_chart_and_table_whatever_is_enlarged(qtbot):
    view = shown(qtbot, make_lane(0, 5), make_lane(1, 100))
    plain = figure.render(view, (170, 120), 96)
    tabs = tabs_with(view, "Images")
    double_click(tabs)
    qtbot.waitUntil(lambda: is_large(view, tabs.parentWidget()))
    assert figure.render(view, (170, 120), 96) == plain
