"""Runs with more levels than a plot has pixels: what is measured and drawn, and the words for what is left out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parts import part, words
from saved_runs import make_run

from app.plotting.theme import LIGHT
from app.plotting.values import Curve
from app.rooms.inspector.picture import inspector_rows
from app.rooms.measures.picture import measures_picture
from app.rooms.measures.text import describe
from app.rooms.measures.view import MeasuresView
from app.session.measured import measured
from app.session.state import Run, Selection
from app.widgets.measure_cell import Cell
from geomodel import measures
from geomodel.curves import MOST_LEVELS
from geomodel.settings import RunSettings

LEVELS = 6_001


@pytest.fixture(scope="module")
def run():
    rng = np.random.default_rng(0)
    trajectory = make_run(
        x=rng.standard_normal((LEVELS, 2, 2)),
        denoised=rng.standard_normal((LEVELS - 1, 2, 2)),
        sigmas=np.geomspace(80.0, 0.01, LEVELS),
        evaluations_at=np.arange(LEVELS),
        final_denoised=None,
        seeds=None,
        labels=None,
        settings={},
        extras={"effective_neighbours": rng.uniform(1, 9, (LEVELS, 2))},
    )
    return Run(1, RunSettings(), "complete", trajectory=trajectory)


@pytest.fixture(scope="module")
def plots(run):
    return measured(run)


def test_levels_are_left_out_and_the_others_keep_their_values(run, plots):
    for plot in plots:
        whole = measures.compute(plot.name, run.trajectory)
        for curve, values in zip(plot.curves, whole.values(), strict=True):
            assert len(curve.values) <= MOST_LEVELS
            assert curve.levels[0] == 0
            assert curve.levels[-1] == len(values) - 1
            np.testing.assert_allclose(curve.values, values[curve.levels], rtol=1e-12, atol=1e-12)


def test_a_short_run_leaves_out_nothing(run):
    whole = run.trajectory
    short = replace(whole, x=whole.x[:9], denoised=whole.denoised[:8], sigmas=whole.sigmas[:9], extras={})
    found = measured(Run(1, RunSettings(), "complete", trajectory=short))
    assert all(curve.measured is None for plot in found for curve in plot.curves)
    picture = measures_picture(Run(1, RunSettings(), "complete", trajectory=short), found, Selection(1, 0, 4))
    assert "easured at" not in describe(picture)
    assert picture.sigmas is short.sigmas


def test_the_view_says_how_many_levels_are_measured(qtbot, run, plots):
    view = MeasuresView(LIGHT)
    qtbot.addWidget(view)
    view.resize(420, 560)
    with qtbot.waitExposed(view):
        view.show()
    index = 1 + int(next(iter(plots[0].curves)).levels[700])  # between two that are measured
    view.display(measures_picture(run, plots, Selection(1, 1, index)))
    qtbot.waitUntil(lambda: "measured at 2,000 of 6,001 levels" in words(view))
    said = view.describe()
    assert "Measured at 2,000 of 6,001 levels; a value is that of the last of them before the playhead." in said
    norm = next(plot for plot in plots if plot.name == "norm").curves[0]
    row = int(np.searchsorted(norm.levels, index)) - 1
    assert norm.levels[row] < index < norm.levels[row + 1]
    assert view.value_at("norm")["x"] == norm.values[row, 1]
    rows = {row.name: row.value for row in inspector_rows(run, plots, Selection(1, 1, index))}
    assert float(rows["Norm x"].split()[0]) == pytest.approx(norm.values[row, 1], rel=1e-5)

    distance = next(plot for plot in plots if plot.name == "distance_to_end").curves[0]

    def drawn():
        chart = part(view, Cell, "Distance to the end").chart
        return chart.layers and chart.layers[0].line.xData is not None

    qtbot.waitUntil(drawn)
    chart = part(view, Cell, "Distance to the end").chart
    line, shown = chart.layers[0].line, chart._shown(distance.values[:, 1])
    places = -np.log10(run.sigmas[distance.levels])
    rows = np.abs(places[:, None] - line.xData).argmin(axis=0)  # each point that is drawn is one of those measured
    np.testing.assert_allclose(line.xData, places[rows])
    np.testing.assert_array_equal(line.yData, shown[rows])
    whole = shown[np.isfinite(shown)]
    assert (line.yData.min(), line.yData.max()) == (whole.min(), whole.max())
    assert (rows[0], rows[-1]) == (0, len(whole) - 1)
    assert 500 < len(rows) < len(whole)


def test_a_value_belongs_to_a_level_or_to_the_one_before():
    values = np.arange(8.0).reshape(4, 2)
    whole = Curve(kind="sampling", label="", values=values)
    assert [whole.at(level, 1) for level in range(4)] == [1, 3, 5, 7]
    assert np.isnan(whole.at(4, 1))
    some = Curve(kind="sampling", label="", values=values, measured=np.array([0, 10, 20, 29]))
    assert [some.at(level, 0) for level in (0, 9, 10, 15, 20, 28, 29)] == [0, 0, 2, 2, 4, 4, 6]
    assert np.isnan(some.at(30, 0))
    assert np.isnan(Curve(kind="sampling", label="", values=np.empty((0, 2))).at(0, 0))
