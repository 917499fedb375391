"""The rows of levels and the map of costs take all of their view, with titles on their axes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from enlarging import assert_enlarges, double_click, is_large, title_of
from gestures import open_window
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.plotting.theme import LIGHT
from app.rooms.schedule.pictures import CostPicture, SchedulePicture, ScheduleRow
from app.rooms.schedule.view import ScheduleView

LEVELS = np.array([80.0, 20.0, 3.0, 0.5, 0.1])
ROWS, MAP = "Noise levels", "GITS, l2"


@pytest.fixture
def view(qtbot):
    cost = np.where(np.arange(5)[:, None] < np.arange(5), 1.0, np.nan)
    view = ScheduleView(LIGHT)
    view.resize(480, 620)
    view.display(
        SchedulePicture(
            rows=(ScheduleRow(name="Draft", sigmas=LEVELS, hue=-1),),
            editable=True,
            cost=CostPicture(title=MAP, sigmas=LEVELS, cost=cost, path=np.array([0, 2, 4])),
            index=2,
        )
    )
    return open_window(qtbot, view)


@pytest.mark.parametrize("name", [ROWS, MAP])
def test_rows_and_map_enlarge(view, qtbot, name):
    assert_enlarges(qtbot, view, title_of(view, name))


def test_enlarged_and_printed_plots_have_room_for_the_titles_of_their_axes(view, qtbot):
    needed, top = view.rows.needed, view.cost.area.top()
    printed = ScheduleView(LIGHT, print_mode=True)
    qtbot.addWidget(printed)
    printed.display(view.picture)
    assert printed.rows.needed > needed
    assert printed.cost.area.top() > top
    double_click(title_of(view, ROWS))
    qtbot.waitUntil(lambda: view.rows.needed > needed)
    double_click(title_of(view, ROWS))
    double_click(title_of(view, MAP))
    qtbot.waitUntil(lambda: view.cost.area.top() > top and view.rows.needed == needed)


def test_esc_belongs_to_a_knob_that_moves_before_it_gives_the_view_back(view, qtbot):
    part = title_of(view, ROWS).parentWidget()
    double_click(title_of(view, ROWS))
    qtbot.waitUntil(lambda: is_large(view, part))
    view.rows.setFocus()
    QTest.keyPress(view.rows, Qt.Key.Key_Up)
    QTest.keyClick(view.rows, Qt.Key.Key_Escape)  # the level goes back
    assert is_large(view, part)
    QTest.keyRelease(view.rows, Qt.Key.Key_Up)
    QTest.keyClick(view.rows, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not is_large(view, part))


def test_a_map_that_goes_gives_the_view_back(view, qtbot):
    title = title_of(view, MAP)
    double_click(title)
    qtbot.waitUntil(lambda: is_large(view, title.parentWidget()))
    view.display(replace(view.picture, cost=None))
    qtbot.waitUntil(view.rows.isVisible)
    assert not title.isVisible()
