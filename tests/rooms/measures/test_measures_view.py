"""The axis of noise levels and the measures over it."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from parts import button, part, words
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QFont
from PySide6.QtWidgets import QGraphicsPathItem

from app.plotting import sigma_axis
from app.plotting.measure_plot import MeasureChart, value_range, wants_log
from app.plotting.sigma_axis import GAP, SigmaAxis, break_at, labels, minor_ticks, positions, sigma_text
from app.plotting.theme import DARK, LIGHT
from app.plotting.value_axis import ValueAxis
from app.plotting.values import Curve, MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from app.rooms.measures.view import MeasuresView
from app.widgets.measure_cell import Cell
from geomodel.number_text import fixed

SIGMAS = np.array([80.0, 10.0, 1.0, 0.1, 0.0])
LEFT = Qt.MouseButton.LeftButton


def make_picture(batch: int = 16, index: int = 1, sample: int = 3) -> MeasuresPicture:
    rng = np.random.default_rng(0)
    x = rng.uniform(1, 4, (5, batch))
    denoised = rng.uniform(1, 4, (4, batch))
    angle = rng.uniform(-1, 1, (5, batch))
    angle[4] = np.nan  # undefined at the end, for every sample
    angle[2, :3] = np.nan  # and for some samples in between
    plots = (
        MeasurePlot(
            name="norm",
            title="Norm",
            unit="data units",
            formula="‖x‖",
            curves=(
                Curve(kind="sampling", label="x", values=x),
                Curve(kind="denoising", label="D", values=denoised),
            ),
        ),
        MeasurePlot(
            name="cosine",
            title="Cosine",
            unit="",
            formula="cos",
            curves=(Curve(kind="sampling", label="x", values=angle),),
        ),
        MeasurePlot(name="end", title="Distance to the end", unit="", formula="", curves=(), waiting="Not yet."),
    )
    return MeasuresPicture(sigmas=SIGMAS, plots=plots, index=index, sample=sample)


@pytest.fixture
def view(qtbot):
    view = MeasuresView(LIGHT)
    qtbot.addWidget(view)
    view.resize(420, 560)
    view.display(make_picture())
    with qtbot.waitExposed(view):
        view.show()
    kept = []

    def settled():
        """Every chart keeps its picture over a turn of the event loop."""
        kept.append([cell.chart._still for cell in view.findChildren(Cell)])
        return len(kept) > 1 and kept[-1] == kept[-2] and None not in kept[-1]

    qtbot.waitUntil(settled)
    return view


def cell_of(view, name):
    """The cell of a measure, by the title over it."""
    title = next(plot.title for plot in make_picture().plots if plot.name == name)
    return part(view, Cell, title)


def chart_of(view, name):
    return cell_of(view, name).chart


def point_at(chart, level, y=None):
    """The pixel of the chart's viewport where a level stands."""
    box = chart.box
    middle = sum(box.viewRange()[1]) / 2 if y is None else y
    return chart.mapFromScene(box.mapViewToScene(QPointF(chart._x[level], middle)))


# ---------------------------------------------------------------- the axis


def test_positions_run_from_noise_to_data_with_zero_beyond_a_break():
    np.testing.assert_array_equal(positions(SIGMAS), [-np.log10(80.0), -1.0, 0.0, 1.0, 1.0 + GAP])
    assert break_at(SIGMAS, "log") == 1.0 + GAP / 2
    assert break_at(SIGMAS[:-1], "log") is None


def test_positions_by_index_and_by_sigma():
    np.testing.assert_array_equal(positions(SIGMAS, "index"), np.arange(5))
    np.testing.assert_array_equal(positions(SIGMAS, "sigma"), -SIGMAS)
    assert break_at(SIGMAS, "index") is None


def test_a_run_at_zero_alone_has_a_place():
    np.testing.assert_array_equal(positions(np.zeros(1)), [0.0])
    assert labels(np.zeros(1), "log", len, 10.0) == [(0.0, "σ 0")]


def test_labels_are_real_levels_and_powers_of_ten_at_their_places():
    found = dict(labels(SIGMAS, "log", lambda text: 6.0 * len(text), 60.0))
    assert {text: round(10.0**-at, 9) for at, text in found.items() if text != "0"} == {
        "σ 80": 80.0,
        "10": 10.0,
        "1": 1.0,
        "0.1": 0.1,
    }
    assert found[1.0 + GAP] == "0"


@pytest.mark.parametrize("scale", ["log", "index", "sigma"])
@pytest.mark.parametrize("pixels", [3.0, 20.0, 150.0])
def test_labels_never_touch(scale, pixels):
    sigmas = np.append(np.geomspace(80, 0.002, 60), 0.0)
    unit = {"log": 1.0, "index": 0.08, "sigma": 0.06}[scale]
    placed = sorted(labels(sigmas, scale, lambda text: 6.0 * len(text), pixels * unit))
    for (at, text), (after, other) in pairwise(placed):
        assert (after - at) * pixels * unit >= 3.0 * (len(text) + len(other))


def test_minor_ticks_lie_within_the_positive_levels():
    ticks = minor_ticks(np.array([20.0, 0.3]), "log")
    # 20, 10, 9 … 1, 0.9 … 0.3
    np.testing.assert_allclose(
        np.sort(10.0**-ticks), [*np.arange(3, 10) / 10, *np.arange(1, 10), 10, 20], rtol=1e-12
    )  # two roundings of a logarithm


def test_noise_levels_far_from_1_are_powers_of_ten():
    assert [sigma_text(s) for s in (99_999.0, 1e5, 1.16e10, 1e-4, 2.76e-5, 1e-9)] == [
        "99999",
        "10⁵",
        "1.2×10¹⁰",
        "0.0001",
        "2.8×10⁻⁵",
        "10⁻⁹",
    ]


def test_sigma_text_keeps_two_digits_and_whole_numbers():
    assert [sigma_text(s) for s in (157.4, 80.0, 24.35, 5.84, 0.5777, 0.002, 0.0)] == [
        "157",
        "80",
        "24",
        "5.8",
        "0.58",
        "0.002",
        "0",
    ]


def test_the_axis_item_labels_and_switches(qtbot):
    axis = SigmaAxis(LIGHT, QFont())
    axis.set_levels(SIGMAS)
    (_, major), (_, minor) = axis.tickValues(-2.0, 1.7, 400.0)
    assert axis.tickStrings(major, 1.0, 1.0) == ["σ 80", "0", "0.1", "10", "1"]
    assert len(minor) > 10
    axis.set_levels(SIGMAS, "index")
    (_, major), _ = axis.tickValues(0.0, 4.0, 400.0)
    assert axis.tickStrings(major, 1.0, 1.0) == ["step 0", "4", "1", "2", "3"]


def test_nearest_level():
    assert [sigma_axis.nearest(positions(SIGMAS), x) for x in (-9.0, -0.4, 0.6, 9.0)] == [0, 2, 3, 4]


def test_numbers_keep_their_digits():
    assert [fixed(v) for v in (3.88, 0.0012, 123456.0, -2e-7, 0.0, float("nan"))] == [
        "3.880",
        "0.001200",
        "123456",
        "−2.000×10⁻⁷",
        "0",
        "–",
    ]


# ---------------------------------------------------------------- what is drawn


def test_the_selected_samples_curves_are_drawn(view):
    chart, picture = chart_of(view, "norm"), view.picture
    for layer, curve in zip(chart.layers, picture.plots[0].curves, strict=True):
        x, y = layer.line.getData()
        np.testing.assert_array_equal(x, positions(SIGMAS)[: len(curve.values)])
        np.testing.assert_array_equal(y, curve.values[:, picture.sample])
    sampling, denoising = chart.layers
    assert sampling.line.opts["pen"].style() == Qt.PenStyle.SolidLine
    assert denoising.line.opts["pen"].style() == Qt.PenStyle.CustomDashLine
    assert denoising.dots.isVisible()
    assert len(denoising.dots.data) == 4
    assert not sampling.dots.isVisible()


@pytest.mark.parametrize("scale", ["log", "index"])
def test_regions_are_named_between_their_borders(view, scale):
    high, low = float(SIGMAS[1]), float(SIGMAS[2])
    regions = (("match", float(SIGMAS[0]), high), ("diverge", high, low), ("coincide", low, low * 0.999))
    norm = replace(view.picture.plots[0], regions=regions, curves=(view.picture.plots[0].curves[0],))
    view.set_scale(scale)
    view.display(replace(view.picture, plots=(norm,)))
    chart = chart_of(view, "norm")
    view._show_next()
    lines, names = chart._regions._lines, chart._regions._names
    assert [line.value() for line in lines] == pytest.approx(positions(SIGMAS, scale)[1:3])
    chart._regions.fit()
    shown = [name.toPlainText() for name in names if name.isVisible()]
    assert shown == ["match", "diverge"]  # the last one is too narrow for its name
    chart._regions._box.resize(40, 40)
    chart._regions.fit()
    assert not any(name.isVisible() for name in names)  # no two names run into each other
    top = chart.box.viewRange()[1][1]
    shown = np.log10(norm.curves[0].values) if chart.log else norm.curves[0].values
    assert np.nanmax(shown) < top - 0.1 * (top - np.nanmin(shown))  # names lie above the curves
    view.display(replace(view.picture, plots=(replace(norm, regions=(), curves=norm.curves * 2),)))
    view._show_next()
    assert chart._regions._lines == []


def test_undefined_values_are_left_out(view):
    view.display(replace(view.picture, sample=0))
    line = chart_of(view, "cosine").layers[0].line
    np.testing.assert_array_equal(line.opts["connect"], [True, False, False, False, False])


def test_the_band_lies_between_the_quantiles(view):
    values = view.picture.plots[0].curves[0].values
    low, high = np.quantile(values, [0.1, 0.9], axis=1)
    np.testing.assert_allclose(
        outline(chart_of(view, "norm").layers[0].band),
        np.concatenate((np.stack((positions(SIGMAS), high), 1), np.stack((positions(SIGMAS), low), 1)[::-1])),
        rtol=1e-14,  # one interpolation, written in two ways
    )


def test_the_band_leaves_undefined_samples_out(view):
    values = view.picture.plots[1].curves[0].values
    low, high = np.nanquantile(values[:4], [0.1, 0.9], axis=1)
    found = outline(chart_of(view, "cosine").layers[0].band)
    np.testing.assert_allclose(found[:, 1], [*high, *low[::-1]], rtol=1e-14)  # as above


def outline(band: QGraphicsPathItem) -> np.ndarray:
    """The corners of a closed path of one piece, without the closing one."""
    path = band.path()
    return np.array([(path.elementAt(i).x, path.elementAt(i).y) for i in range(path.elementCount() - 1)])


def test_a_logarithmic_axis_is_for_positive_values_over_a_decade_and_a_half():
    assert wants_log(np.array([0.1, 3.3]))
    assert not wants_log(np.array([0.1, 3.1]))
    assert not wants_log(np.array([0.0, 0.001, 10.0]))
    assert not wants_log(np.empty(0))


def drawn(qtbot, view):
    """New values are drawn one chart a turn of the event loop."""
    qtbot.waitUntil(lambda: not view._due)


def test_logarithmic_values_are_drawn_and_said(qtbot, view):
    values = np.geomspace(1e-4, 10, 5)[:, None] * np.linspace(1, 2, 16)
    plot = replace(view.picture.plots[0], curves=(Curve(kind="optimal", label="D*", values=values),))
    view.display(replace(view.picture, plots=(plot,)))
    drawn(qtbot, view)
    layer = chart_of(view, "norm").layers[0]
    np.testing.assert_array_equal(layer.line.getData()[1], np.log10(values[:, 3]))
    # The quantiles are those of the values, not of their logarithms.
    high = np.log10(np.quantile(values, 0.9, axis=1))
    np.testing.assert_allclose(outline(layer.band)[:5, 1], high, rtol=1e-13)
    assert cell_of(view, "norm").header.unit == "data units, log scale"


def test_value_range_holds_the_values():
    assert value_range(np.array([1.0, 10.0]), log=False)[0] < 0 < 10 < value_range(np.array([1.0, 10.0]), log=False)[1]
    low, high = value_range(np.array([5.0, 5.0]), log=False)
    assert low < 5 < high
    assert value_range(np.zeros(3), log=False) == (-1.0, 1.0)


@pytest.mark.parametrize("scale", [1e-9, 3.6e-3, 1.0, 7e5, 1e12])
@pytest.mark.parametrize("spread", [1e-12, 1e-5, 1e-3, 0.02, 0.5])
def test_no_two_labels_of_an_axis_are_the_same(qapp, scale, spread):
    """Values that hardly differ, such as a curve that stays where it is, have an axis that is read too."""
    axis = ValueAxis(LIGHT, QFont())
    low, high = value_range(np.array([scale, scale * (1 + spread)]), log=False)
    ((spacing, ticks),) = axis.tickValues(low, high, 120)
    texts = axis.tickStrings(ticks, 1.0, spacing)
    assert len(texts) == len(set(texts)) > 1


def test_a_measure_that_waits_says_why(view):
    cell = cell_of(view, "end")
    assert words(cell) == ["Not yet."]
    assert words(cell_of(view, "norm")) == []


# ---------------------------------------------------------------- the playhead


def test_a_playhead_move_moves_the_cursor_and_the_values_only(view):
    picture = view.picture
    charts = [chart_of(view, plot.name) for plot in picture.plots]
    stills = [chart._still for chart in charts]
    ranges = [chart.box.viewRange() for chart in charts]
    before = view.grab().toImage()
    view.display(replace(picture, index=2))
    after = view.grab().toImage()
    assert [chart._still for chart in charts] == stills
    assert [chart.box.viewRange() for chart in charts] == ranges
    assert before != after
    expected = [fixed(curve.values[2, 3]) for curve in picture.plots[0].curves]
    assert [text for _, text in cell_of(view, "norm").header.values] == expected
    assert cell_of(view, "norm").accessibleDescription() == f"x {expected[0]}, D {expected[1]}"


def test_the_cursor_stands_at_its_level(view):
    chart = chart_of(view, "norm")
    for index in (0, 2, 4):
        view.display(replace(view.picture, index=index))
        image = chart.grab().toImage()
        at = point_at(chart, index, chart.box.viewRange()[1][1])
        colours = [image.pixelColor(at.x() + dx, at.y() + 4) for dx in (-1, 0, 1)]
        assert any(color.blue() - color.red() > 60 for color in colours)  # the accent, antialiased over white
        elsewhere = image.pixelColor(at.x() + 12, at.y() + 4)
        assert abs(elsewhere.blue() - elsewhere.red()) < 60


def test_another_sample_keeps_the_band(view):
    chart = chart_of(view, "norm")
    band = outline(chart.layers[0].band)
    view.display(replace(view.picture, sample=5))
    np.testing.assert_array_equal(outline(chart.layers[0].band), band)
    np.testing.assert_array_equal(chart.layers[0].line.getData()[1], view.picture.plots[0].curves[0].values[:, 5])


def test_value_at_the_playhead(view):
    view.display(replace(view.picture, index=4))
    found = view.value_at("norm")
    assert found["x"] == view.picture.plots[0].curves[0].values[4, 3]
    assert np.isnan(found["D"])  # the denoising trajectory has no last level


@pytest.mark.parametrize("scale", ["log", "index"])
def test_clicking_picks_the_nearest_level(view, qtbot, scale):
    view.set_scale(scale)
    chart = chart_of(view, "norm")
    picked = []
    view.level_picked.connect(picked.append)
    for level in range(5):
        qtbot.mouseClick(chart.viewport(), LEFT, pos=point_at(chart, level) + QPoint(2, 0))
    assert picked == [0, 1, 2, 3, 4]


def test_dragging_picks_every_level_once(view, qtbot):
    chart = chart_of(view, "norm")
    picked = []
    view.level_picked.connect(picked.append)
    start, end = point_at(chart, 1), point_at(chart, 4)
    qtbot.mousePress(chart.viewport(), LEFT, pos=start)
    for x in range(start.x(), end.x() + 1):
        qtbot.mouseMove(chart.viewport(), QPoint(x, start.y()))
    qtbot.mouseRelease(chart.viewport(), LEFT, pos=end)
    assert picked == [1, 2, 3, 4]


# ---------------------------------------------------------------- the view


def test_measures_can_be_chosen(view):
    assert view.visible_measures == ("norm", "cosine", "end")
    button(view, "Measures").menu().actions()[1].trigger()
    assert view.visible_measures == ("norm", "end")
    assert not cell_of(view, "cosine").isVisibleTo(view)
    assert [plot.name for plot in view.picture.plots] == ["norm", "end"]
    view.set_visible_measures(["cosine"])
    assert [action.isChecked() for action in button(view, "Measures").menu().actions()[:3]] == [False, True, False]
    view.set_visible_measures(None)
    assert view.visible_measures == ("norm", "cosine", "end")


def test_columns_follow_the_width(view, qtbot):
    cells = [cell_of(view, name) for name in view.visible_measures]
    assert len({cell.x() for cell in cells}) == 1
    view.resize(900, 560)
    qtbot.waitUntil(lambda: len({cell.y() for cell in cells}) == 2)


def test_an_empty_picture_says_what_to_do(view):
    view.display(MeasuresPicture(message="Press Run."))
    assert words(view) == ["Press Run."]
    view.display(make_picture())
    assert cell_of(view, "norm").isVisibleTo(view)
    assert "Press Run." not in words(view)


def test_a_shorter_run_replaces_a_longer_one(qtbot, view):
    short = make_picture()
    plots = tuple(
        replace(plot, curves=tuple(replace(curve, values=curve.values[:2]) for curve in plot.curves))
        for plot in short.plots
    )
    view.display(replace(short, sigmas=SIGMAS[:2], plots=plots, index=1))
    drawn(qtbot, view)
    assert len(chart_of(view, "norm").layers[0].line.getData()[0]) == 2


def test_the_theme_changes_everything(view):
    chart = chart_of(view, "norm")
    view.set_theme(DARK)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2).name() == DARK.base
    assert chart.layers[0].line.opts["pen"].color().name() == DARK.sampling


def test_a_zero_that_is_written_after_the_scale_was_chosen_is_a_gap(qapp):
    """A run that grows writes into the arrays that are being drawn."""
    chart = MeasureChart(LIGHT, QFont())
    values = np.array([[1e-3], [1.0], [10.0]])
    curve = Curve(kind="sampling", label="x", values=values)
    chart.set_data(np.array([3.0, 2.0, 1.0]), "log", (curve,), 0)
    assert chart.log
    values[1] = 0.0
    chart.set_sample(0)  # warnings are errors here
    chart.grab()
    chart.deleteLater()
