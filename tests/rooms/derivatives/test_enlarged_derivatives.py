"""The plots of the derivatives take all of their view, with titles on their axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from enlarging import assert_enlarges, double_click, is_large, title_of
from gestures import open_window

from app.plotting.theme import LIGHT
from app.rooms.derivatives.pictures import DerivativesPicture
from app.rooms.derivatives.view import DerivativesView

VECTORS = "Ḋ of the step in the plane"


@pytest.fixture
def view(qtbot):
    view = DerivativesView(LIGHT)
    view.resize(400, 560)
    numbers = np.array([0.1, 0.25, 0.9, 0.02])
    view.display(
        DerivativesPicture(
            sigmas=np.geomspace(10.0, 0.1, 5),
            implied=numbers,
            true=2 * numbers,
            effective=3 * numbers,
            to_true=numbers,
            to_effective=2 * numbers,
            solver="DPM-Solver++ 2M",
            index=1,
            arrows=(("implied", np.array([0.3, 0.0])), ("true", np.array([0.2, 0.1]))),
        )
    )
    return open_window(qtbot, view)


@pytest.mark.parametrize("name", ["‖dD/dσ‖", "Relative distance", VECTORS])
def test_each_plot_enlarges(view, qtbot, name):
    assert_enlarges(qtbot, view, title_of(view, name))


def test_an_enlarged_plot_says_what_its_axes_and_curves_are(view, qtbot):
    header = title_of(view, "‖dD/dσ‖")
    chart = header.parentWidget().chart
    assert chart.titles == ("", "")
    double_click(header)
    wanted = ("noise level σ", "‖dD/dσ‖ (data units per unit of σ)")
    qtbot.waitUntil(lambda: chart.titles == wanted)
    assert [text.split()[0] for _, text in header.values] == ["implied", "true", "effective"]


def test_vectors_that_go_give_the_view_back(view, qtbot):
    title, chart = title_of(view, VECTORS), title_of(view, "‖dD/dσ‖").parentWidget()
    double_click(title)
    view.display(replace(view.picture, index=2))
    qtbot.waitUntil(lambda: is_large(view, title.parentWidget()))
    view.display(replace(view.picture, sigmas=view.picture.sigmas.copy(), arrows=()))
    qtbot.waitUntil(chart.isVisible)
    assert not title.isVisible()
