"""The compare view: curves over σ and evaluations, the table, trajectories, images, what the buttons ask for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import open_window
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMenu, QSpinBox

from app.export import figure
from app.plotting.sigma_axis import positions
from app.plotting.theme import DARK, LIGHT
from app.rooms.compare.columns import COLUMNS, PrintedTable
from app.rooms.compare.images import images_caption
from app.rooms.compare.lanes import SYMBOLS, distance, lane_curve, lane_symbol, log10
from app.rooms.compare.paths import scaled
from app.rooms.compare.pictures import ComparePicture, LanePicture
from app.rooms.compare.plot import round_counts
from app.rooms.compare.ranges import ASIDE, beside
from app.rooms.compare.view import EMPTY, CompareView
from app.widgets.text import tooltip

SIGMAS = (np.array([80.0, 5.0, 0.5, 0.02, 0.0]), np.array([80.0, 10.0, 1.0, 0.02]))
LEFT = Qt.MouseButton.LeftButton
EVALUATIONS, SECONDS, MEDIAN, WORST, OWN = range(3, 8)
SAMPLE, BATCH = 2, 20


def make_lane(at: int, **changes) -> LanePicture:
    rng = np.random.default_rng(at)
    sigmas = SIGMAS[at % 2]
    errors = rng.uniform(0.5, 2.0, (len(sigmas), BATCH)) * 10.0 ** -(at + 1)
    errors[0] = 0.0
    made = LanePicture(
        name=f"solver {at}",
        hue=at,
        state="done",
        evaluations=4 + 5 * at,
        seconds=1.0 / (at + 1),
        sigmas=sigmas,
        evaluations_at=np.linspace(0, 4 + 5 * at, len(sigmas)).round().astype(int),
        errors=errors,
        sampling=rng.normal(size=(len(sigmas), 2)) * sigmas[:, None] + at,
        denoising=rng.normal(size=(len(sigmas) - 1, 2)),
    )
    return replace(made, **changes)


def make_picture(**changes) -> ComparePicture:
    picture = ComparePicture(
        lanes=tuple(make_lane(at) for at in range(3)),
        caption="two moons",
        reference="DOP853",
        reference_sampling=np.ones((5, 2)),
        reference_sigmas=SIGMAS[0],
        data=np.random.default_rng(9).normal(size=(50, 2)),
        scale=2.0,
        sample=SAMPLE,
    )
    return replace(picture, **changes)


def with_images(picture: ComparePicture) -> ComparePicture:
    rng = np.random.default_rng(3)
    pixels = rng.integers(0, 256, (7, 8, 8), np.uint8)
    lanes = tuple(
        replace(lane, image=pixels[1 + 2 * at], difference=pixels[2 + 2 * at]) for at, lane in enumerate(picture.lanes)
    )
    return replace(picture, lanes=lanes, reference_image=pixels[0], difference_scale=0.2134)


@pytest.fixture
def view(qtbot):
    view = CompareView(LIGHT)
    view.resize(900, 700)
    view.display(make_picture())
    return open_window(qtbot, view)


def column_of(view, column):
    """What stands in a column of the table, from top to bottom."""
    model = view.table.model()
    return [model.index(row, column).data() for row in range(model.rowCount())]


def dot_at(chart, lane, dot):
    """The pixel of a lane's symbol."""
    x, y = chart.curves[lane].dots[dot] + (chart._shifts[lane], 0.0)
    return chart.box.mapViewToScene(QPointF(x, y)).toPoint()


# ---------------------------------------------------------------- what is plotted


def test_logarithms_leave_out_what_has_none():
    np.testing.assert_array_equal(log10([100.0, 0.0, -1.0, np.nan, np.inf]), [2, np.nan, np.nan, np.nan, np.nan])
    np.testing.assert_array_equal(log10([0.0, 1.0], -np.inf), [-np.inf, 0.0])


def test_a_curve_over_sigma_stands_at_the_levels_and_leaves_zero_errors_out():
    lane = make_lane(0)
    slot = float(positions(SIGMAS[0])[-1])
    curve = lane_curve(lane, "sigma", SAMPLE, slot)
    np.testing.assert_allclose(curve.dots[:, 0], positions(SIGMAS[0]), rtol=1e-15)
    np.testing.assert_array_equal(curve.dots[:, 1], [np.nan, *np.log10(lane.errors[1:, SAMPLE])])
    low, high = np.quantile(lane.errors[1:], [0.1, 0.9], axis=1)
    np.testing.assert_allclose(curve.low[1:], np.log10(low), rtol=1e-13)  # one interpolation, written in two ways
    np.testing.assert_allclose(curve.high[1:], np.log10(high), rtol=1e-13)
    assert curve.texts[2] == f"σ 0.5, 2 evaluations\nerror {lane.errors[2, SAMPLE]:.3g}"


def test_a_curve_over_evaluations_leaves_the_start_out():
    curve = lane_curve(make_lane(1), "evaluations", SAMPLE, 0.0)
    np.testing.assert_array_equal(curve.dots[:, 0], [np.nan, *np.log10([3, 6, 9])])


def test_the_end_is_a_median_with_a_bar_once_the_lane_is_done():
    lane = make_lane(1)
    curve = lane_curve(lane, "end", SAMPLE, 0.0)
    assert curve.bar
    np.testing.assert_allclose(curve.dots, [[np.log10(9), np.log10(np.median(lane.errors[-1]))]], rtol=1e-14)
    assert lane_curve(replace(lane, state="running"), "end", SAMPLE, 0.0) is None
    assert lane_curve(LanePicture(name="", hue=0), "sigma", 0, 0.0) is None


def test_errors_of_zero_take_the_band_to_the_bottom(view):
    errors = view.picture.lanes[0].errors.copy()
    errors[-1, :10] = 0.0
    lanes = (replace(view.picture.lanes[0], errors=errors), *view.picture.lanes[1:])
    view.display(replace(view.picture, lanes=lanes))
    assert view.chart.curves[0].low[-1] == -np.inf
    bottom = view.chart.box.viewRange()[1][0]
    area = view.chart.layers[0].band.path().boundingRect()
    assert area.top() == pytest.approx(bottom)  # y grows upwards in the plot


def test_bars_at_one_count_stand_beside_each_other():
    bars = tuple(lane_curve(make_lane(at), "end", 0, 0.0) for at in (0, 1, 0, 0))
    assert beside((*bars, None)) == [-ASIDE, 0.0, 0.0, ASIDE, 0.0]
    lines = tuple(lane_curve(make_lane(at), "evaluations", 0, 0.0) for at in (0, 0))
    assert beside(lines) == [0.0, 0.0]


def test_symbols_differ_where_hues_repeat():
    seven, eight = len(LIGHT.runs), len(SYMBOLS)
    looks = {(hue % seven, lane_symbol(make_lane(0, hue=hue))) for hue in range(seven * eight)}
    assert len(looks) == seven * eight


def test_round_counts_run_from_dense_to_sparse():
    assert round_counts(6.0, 12.5)[0] == list(range(6, 13))
    assert round_counts(6.0, 12.5)[2] == [10]
    assert round_counts(0.9, 120.0)[1] == [1, 2, 5, 10, 20, 50, 100]


def test_the_distance_to_a_polyline_leaves_gaps_out():
    assert distance(np.array([[-3.0, 4.0], [3.0, 4.0]])) == 4.0
    assert distance(np.array([[-3.0, 4.0], [np.nan, 0.0], [3.0, 4.0]])) == 5.0
    assert distance(np.empty((0, 2))) == np.inf


# ---------------------------------------------------------------- the plot


def test_the_plot_draws_a_line_for_each_lane(view):
    for at, layer in enumerate(view.chart.layers):
        x, y = layer.line.getData()
        np.testing.assert_array_equal(np.stack((x, y), 1), view.chart.curves[at].dots[1:])
        assert layer.dots.opts["symbol"] == SYMBOLS[at]
        assert layer.line._logical.color().name() == LIGHT.runs[at]


def test_progress_leaves_the_plot_alone_and_changes_one_row(view):
    curves, changed = view.chart.curves, []
    view.table._model.dataChanged.connect(lambda first, last: changed.append((first.row(), last.row())))
    lanes = (*view.picture.lanes[:2], replace(view.picture.lanes[2], seconds=7.0))
    view.display(replace(view.picture, lanes=lanes))
    assert view.chart.curves is curves
    assert changed == [(2, 2)]
    assert column_of(view, SECONDS)[2] == "7.0"


def test_a_click_on_a_curve_picks_its_lane(view, qtbot):
    picked = []
    view.lane_picked.connect(picked.append)
    qtbot.mouseClick(view.chart.viewport(), LEFT, pos=dot_at(view.chart, 1, 2) + QPoint(2, 1))
    assert picked == [1]
    assert view.table.lane() == 1
    widths = [layer.line._logical.widthF() for layer in view.chart.layers]
    assert widths[1] == max(widths) > widths[0] == widths[2]
    qtbot.mouseClick(view.chart.viewport(), LEFT, pos=QPoint(4, 4))
    assert picked == [1]


def test_the_mouse_finds_the_nearest_symbol(view):
    assert view.chart.nearest(QPointF(dot_at(view.chart, 2, 3))) == (2, 3)
    assert view.chart.nearest(QPointF(2, 2)) == (-1, 0)


@pytest.mark.parametrize("plotted", ["evaluations", "end"])
def test_what_is_plotted_can_be_chosen(view, plotted):
    view._pane.combo.setCurrentIndex(view._pane.combo.findData(plotted))
    view._pane.combo.activated.emit(view._pane.combo.currentIndex())
    for at, lane in enumerate(view.picture.lanes):
        expected = lane_curve(lane, plotted, SAMPLE, 0.0).dots
        np.testing.assert_array_equal(view.chart.curves[at].dots, expected)
    low, high = view.chart.box.viewRange()[0]
    assert low < np.log10(4) < np.log10(14) < high
    assert view._pane.note.text() == ("median" if plotted == "end" else "sample 2") + ", 10–90 % of 20"


def test_without_curves_the_plot_says_what_is_awaited(view):
    waiting = tuple(LanePicture(name=lane.name, hue=lane.hue) for lane in view.picture.lanes)
    view.display(replace(view.picture, lanes=waiting))
    assert view._pane.waiting.isVisible()
    assert "Press Race" in view._pane.waiting.text()
    view.display(replace(view.picture, lanes=waiting, running=True, reference_fraction=0.42))
    assert view._pane.waiting.text() == "Solving the reference: 42 %"
    assert view._caption.toolTip() == tooltip("", "two moons · reference DOP853, 42 %")
    view.display(make_picture())
    assert not view._pane.waiting.isVisible()


# ---------------------------------------------------------------- the table


def test_the_table_says_what_each_lane_cost_and_missed(view):
    for row, lane in enumerate(view.picture.lanes):
        ends = lane.errors[-1]
        expected = (np.median(ends), ends.max(), ends[SAMPLE])
        for column, value in zip((MEDIAN, WORST, OWN), expected, strict=True):
            assert float(column_of(view, column)[row]) == pytest.approx(value, rel=5e-3)  # three digits
        assert column_of(view, EVALUATIONS)[row] == str(lane.evaluations)
    assert view.table.model().headerData(OWN, Qt.Orientation.Horizontal) == "End error\nsample 2"
    view.display(replace(view.picture, sample=5))
    assert view.table.model().headerData(OWN, Qt.Orientation.Horizontal) == "End error\nsample 5"


def test_sorting_is_by_number_with_the_unknown_last(view):
    lanes = (*view.picture.lanes, make_lane(7, evaluations=None, state="running", fraction=0.3))
    view.display(replace(view.picture, lanes=(lanes[1], lanes[3], lanes[2], lanes[0])))
    order = Qt.SortOrder
    for column, values in ((EVALUATIONS, ["4", "9", "14"]), (MEDIAN, None)):
        for direction in (order.AscendingOrder, order.DescendingOrder):
            view.table.sortByColumn(column, direction)
            *known, last = column_of(view, column)
            assert last == ""
            numbers = [float(text) for text in known]
            assert numbers == sorted(numbers, reverse=direction == order.DescendingOrder)
            assert values is None or sorted(known, key=float) == values


def test_a_selected_row_stays_with_its_lane(view):
    picked = []
    view.lane_picked.connect(picked.append)
    view.table.selectRow(1)
    assert picked == [1]
    view.table.sortByColumn(EVALUATIONS, Qt.SortOrder.DescendingOrder)
    assert view.table.lane() == 1
    view.display(replace(view.picture, lanes=view.picture.lanes[1:]))
    assert view.table.lane() == 0
    assert view.chart._lane == 0
    view.display(replace(view.picture, lanes=view.picture.lanes[1:]))
    assert view.table.lane() == -1
    assert picked == [1]  # only what a person picks is told


def test_a_row_can_be_removed(view, qtbot):
    removed = []
    view.remove_wanted.connect(removed.append)
    QTest.keyClick(view.table, Qt.Key.Key_Delete)
    assert removed == []
    view.table.sortByColumn(EVALUATIONS, Qt.SortOrder.DescendingOrder)
    view.table.selectRow(0)
    QTest.keyClick(view.table, Qt.Key.Key_Delete)
    view.table.contextMenuEvent(_ContextEvent())
    menu = view.table.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
    menu.actions()[-1].trigger()
    menu.close()
    assert removed == [2, 2]


def test_the_menu_of_a_row_ends_the_typing_in_it(view, qtbot, qtlog):
    told = []
    view.table._model.edited.connect(lambda *number: told.append(number))
    view.table.selectRow(0)
    view.table._enter(EVALUATIONS)
    editor = view.table.findChild(QSpinBox)
    QTest.keyClicks(editor, "7")
    view.table.contextMenuEvent(_ContextEvent())
    menu = view.table.findChildren(QMenu, options=Qt.FindChildOption.FindDirectChildrenOnly)[-1]
    next(action for action in menu.actions() if "evaluations" in action.text().lower()).trigger()
    menu.close()
    assert [record.message for record in qtlog.records if "editing failed" in record.message] == []
    assert len(told) == 1
    assert view.table.findChildren(QSpinBox)


class _ContextEvent:
    def globalPos(self):
        return QPoint(10, 10)


def test_states_are_written(view):
    states = {"waiting": "waiting", "running": "42 %", "failed": "failed", "done": "done"}
    lanes = tuple(
        make_lane(at, state=state, fraction=0.42, message="It diverged." if state == "failed" else "")
        for at, state in enumerate(states)
    )
    view.display(replace(view.picture, lanes=lanes))
    view.grab()
    assert column_of(view, 1) == list(states.values())
    assert column_of(view, MEDIAN)[:3] == ["", "", ""]
    assert "It diverged." in view.table.model().index(2, 0).data(Qt.ItemDataRole.ToolTipRole)


# ---------------------------------------------------------------- trajectories and images


def test_trajectories_are_drawn_in_the_scaled_frame(view):
    lane, path = view.picture.lanes[0], view.paths._paths[0]
    factor = 1 / np.sqrt(1 + (SIGMAS[0] / 2.0) ** 2)
    np.testing.assert_allclose(np.stack(path.x.getData(), 1), lane.sampling * factor[:, None], rtol=1e-15)
    np.testing.assert_allclose(np.stack(path.d.getData(), 1), lane.denoising * factor[:-1, None], rtol=1e-15)
    np.testing.assert_allclose(
        np.stack(view.paths._reference.getData(), 1), np.repeat(factor[:, None], 2, 1), rtol=1e-15
    )
    assert "√(1 + σ²/s²)" in view.paths.bottom.labelText
    assert path.x._logical.style() == Qt.PenStyle.SolidLine
    assert path.d._logical.style() == Qt.PenStyle.CustomDashLine


def test_a_click_on_a_trajectory_picks_its_lane(view):
    picked = []
    view.lane_picked.connect(picked.append)
    end = scaled(view.picture, view.picture.lanes[2].sampling, SIGMAS[0])[-1]
    view.paths.clicked.emit(*end.tolist(), False)
    assert picked == [2]


def test_pages_are_there_where_there_is_something_to_show(view, qtbot):
    assert view.paths.isVisible()
    assert not view.images.isVisible()
    bare = tuple(replace(lane, sampling=None, denoising=None) for lane in view.picture.lanes)
    view.display(replace(view.picture, lanes=bare))
    assert not view.paths.isVisible()
    assert view.table.isVisible()
    view.display(with_images(replace(view.picture, lanes=bare)))
    assert view.images.isVisible()


def test_a_narrow_view_shows_one_page_at_a_time(view, qtbot):
    view.display(with_images(make_picture()))
    view.resize(400, 560)
    qtbot.waitUntil(lambda: view.width() == 400)
    pages = (view.table, view.paths, view.images)
    for at, _ in enumerate(pages):
        view._below.tabs.setCurrentIndex(at)
        assert [page.isVisible() for page in pages] == [at == other for other in range(3)]
    view.display(make_picture())
    assert not view.images.isVisible()
    assert view.table.isVisible()
    view.display(with_images(make_picture()))
    view.resize(900, 700)
    qtbot.waitUntil(lambda: view.table.isVisible() and view.paths.isVisible() != view.images.isVisible())


def test_images_are_true_pixels(view, qtbot):
    picture = with_images(make_picture())
    view.display(picture)
    view._beside.tabs.setCurrentIndex(1)
    cells = view.images.cells
    qtbot.waitUntil(cells.isVisible)
    zoom = cells.lay_out()[0]
    assert zoom > 1
    shown = cells.grab().toImage()
    ratio = shown.devicePixelRatio()
    images = [(0, picture.reference_image, 0)]
    for at, lane in enumerate(picture.lanes, 1):
        images += [(at, lane.image, 0), (at, lane.difference, 1)]
    for cell, image, side in images:
        left = round(cells.rect_of(cell).left() * ratio) + side * (8 * zoom + round(4 * ratio))
        top = round(cells.rect_of(cell).top() * ratio)
        for row, column in ((0, 0), (7, 0), (3, 5), (7, 7)):
            corners = ((0, 0), (zoom - 1, zoom - 1))
            greys = {shown.pixelColor(left + column * zoom + x, top + row * zoom + y).red() for x, y in corners}
            assert greys == {int(image[row, column])}
    assert images_caption(picture).endswith("Mid grey means no difference; white is +0.21.")


# ---------------------------------------------------------------- buttons and the rest


def test_race_becomes_cancel(view, qtbot):
    with qtbot.waitSignal(view.race_wanted):
        view.bar.race.click()
    view.display(replace(view.picture, running=True))
    assert view.bar.race.text() == "Cancel"
    with qtbot.waitSignal(view.cancel_wanted), qtbot.assertNotEmitted(view.race_wanted):
        view.bar.race.click()


def test_buttons_and_presets_ask_for_what_they_say(view, qtbot):
    assert not view.bar.presets.isEnabled()
    view.set_presets((("classics", "Classics", "Euler, Heun"), ("adams", "Adams", "iPNDM, DEIS")))
    with qtbot.waitSignal(view.preset_wanted) as asked:
        view.bar.menu.actions()[1].trigger()
    assert asked.args == ["adams"]
    with qtbot.waitSignal(view.add_wanted):
        view.bar.add.click()
    with qtbot.waitSignal(view.save_wanted):
        view.bar.save.click()


def test_an_empty_comparison_says_what_to_do(view):
    view.display(ComparePicture())
    assert view._empty.isVisible()
    assert view._empty.text() == EMPTY
    assert not view._body.isVisible()
    assert not view.bar.race.isEnabled()
    assert not view.bar.save.isEnabled()
    view.display(ComparePicture(message="A network is loading."))
    assert view._empty.text() == "A network is loading."
    view.display(make_picture(message="Out of memory."))
    assert not view._empty.isVisible()
    assert view._wrong.isVisible()
    assert view._wrong.text() == "Out of memory."


def test_a_printed_figure_shows_what_the_view_shows(view):
    view._pane.combo.setCurrentIndex(2)
    view._pane.combo.activated.emit(2)
    view._pick(1)
    printed = CompareView(LIGHT, print_mode=True)
    printed.resize(640, 480)
    printed.display(view.picture)
    printed.grab()
    assert printed._pane.title.text() == "Error at the end, over evaluations"
    assert [curve.bar for curve in printed.chart.curves] == [True] * 3
    assert printed.chart._lane == 1
    assert not printed.bar.isVisibleTo(printed)
    assert not printed.table.isVisibleTo(printed)
    assert printed.printed.isVisibleTo(printed)
    printed.release()
    image = figure.render(view, (170.0, 120.0), 96)
    inks = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height() * 3 // 4)}
    assert set(LIGHT.runs[:3]) <= inks  # a bar of every lane


def test_a_printed_table_leaves_room_for_names(view):
    table = PrintedTable(LIGHT)
    table.display(view.picture)
    kept = []
    for width in (900, 330, 150):
        table.resize(width, table.sizeHint().height())
        kept.append(set(table.columns()))
    assert kept[0] == {EVALUATIONS, SECONDS, MEDIAN, WORST, OWN}
    assert kept[0] > kept[1] > kept[2] == {EVALUATIONS, MEDIAN}


def test_the_theme_changes_everything(view):
    view.set_theme(DARK)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2).name() == DARK.base
    assert view.chart.layers[0].line._logical.color().name() == DARK.runs[0]
    assert view.paths._paths[0].x._logical.color().name() == DARK.runs[0]


def test_every_heading_has_a_tooltip(view):
    model = view.table.model()
    for at, column in enumerate(COLUMNS):
        assert column.tip in model.headerData(at, Qt.Orientation.Horizontal, Qt.ItemDataRole.ToolTipRole).replace(
            "&#x27;", "'"
        )
