"""Tab in the real window: every control in reading order, and the edge of the one that has the focus."""

from __future__ import annotations

import gc

import pytest
from focused_window import (
    SHIFT,
    Key,
    as_at_first,
    focus,
    number,
    opened_once,
    press,
    settled,
    until,
    visit,
)
from pyqtgraph import GraphicsView
from PySide6.QtCore import Qt
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractScrollArea,
    QAbstractSlider,
    QAbstractSpinBox,
    QComboBox,
    QGraphicsScene,
    QLayout,
    QLayoutItem,
    QTabBar,
    QToolBar,
)
from shiboken6 import isValid

from app.plotting.headings import Header
from app.plotting.theme import THEMES
from app.rooms.schedule.knobs import ScheduleRows
from app.shell.tab_order import reading_order
from app.shell.workspaces import WORKSPACES
from app.widgets.focus_frame import FocusFrame
from app.widgets.sight import seen
from app.widgets.titled import Title


@pytest.fixture(scope="module")
def opened(qapp, tmp_path_factory):
    yield from opened_once(tmp_path_factory)


@pytest.fixture
def window(opened, qtbot):
    return as_at_first(opened)


# ---------------------------------------------------------------- Tab


def all_controls(window):
    """Every visible control that a person can work, found without the order of Tab."""
    lists = (QComboBox, QAbstractScrollArea, QTabBar)
    kinds = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, Header, Title, *lists)
    docks = [dock for dock in window.layout_of_docks.docks.values() if not dock.visibleRegion().isEmpty()]
    bars = window.findChildren(QToolBar)
    found = {w for root in (window.centralWidget(), *docks, *bars) for kind in kinds for w in root.findChildren(kind)}
    return {w for w in found if w.isVisible() and w.isEnabled() and w.focusPolicy() & Qt.FocusPolicy.TabFocus}


@pytest.mark.slow
def test_the_options_of_another_solver_are_visited_where_they_stand(window):
    window.player.drafting.edit({"solver": "dpm2"})
    settled(window)
    editors = [field.editor for field in window.panels.sampler._options.values()]
    options = [editor for editor in editors if editor.isVisible()]  # the others are folded under Advanced
    assert len(options) == 1
    visit(number(window, "solver").editor)
    for control in (*options, number(window, "steps").editor):
        press(Key.Key_Tab)
        assert focus() is control
    window.actions_by_id["undo"].trigger()
    settled(window)


# The rooms below ask the engine for work that runs would wait for, so what follows changes no setting.
@pytest.mark.parametrize("room", ["measures", "mean_shift", "compare", "schedule", "derivatives"])
def test_tab_visits_every_control_once_in_reading_order(window, room):
    window.layout_of_docks.bring_forward(room)
    until(lambda: seen(window.views[room]))
    main = window.layout_of_docks.main_view()
    main.setFocus()
    order = list(reading_order(window))
    visited = []
    for _ in order:
        press(Key.Key_Tab)
        visited.append(focus())
        assert focus().isVisible()
    assert sorted(map(id, visited)) == sorted(map(id, order))
    at = order.index(visited[0])
    assert visited == order[at:] + order[:at]
    assert len(set(visited)) == len(visited)
    views = {view for view in order if view in window.views.values() or isinstance(view, ScheduleRows)}
    assert set(visited) == all_controls(window) | views
    back = []
    for _ in order:
        press(Key.Key_Backtab, SHIFT)
        back.append(focus())
    assert back == [*reversed(visited[:-1]), visited[-1]]


@pytest.mark.parametrize("name", [workspace.name for workspace in WORKSPACES])
def test_every_workspace_gives_the_focus_to_its_own_main_view(window, name):
    window.layout_of_docks.switch(name)
    main = window.layout_of_docks.main_view()
    assert main.hasFocus()
    visit(number(window).editor)
    press(Key.Key_Return)
    assert main.hasFocus()


def test_the_order_goes_through_the_places_of_the_window(window):
    panels, views = window.panels, window.views
    left = (panels.model, panels.sampler, panels.run_bar, panels.runs)
    right = (views.measures, views.inspector, views.transport)
    places = (window.layout_of_docks.tabs, *left, views.plane, window.welcome.card, *right)
    at = [next(i for i, p in enumerate(places) if p is w or p.isAncestorOf(w)) for w in reading_order(window)]
    assert at == sorted(at)
    assert set(at) == set(range(len(places)))


def test_a_field_out_of_sight_is_scrolled_into_sight(window):
    visit(number(window, "seed").editor)
    assert not focus().visibleRegion().isEmpty()
    visit(window.panels.sampler._preset.editor)
    assert not focus().visibleRegion().isEmpty()


# ---------------------------------------------------------------- the edge


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_control_that_has_the_focus_shows_an_edge_and_no_other_does(window, theme):
    window.set_theme(THEMES[theme])
    for control in list(reading_order(window)):
        visit(control)
        frames = [f for f in window.findChildren(FocusFrame) if not f.isHidden()]
        assert [f.parentWidget() for f in frames] == [control]
        image, frame = control.grab().toImage(), frames[0].geometry()
        middle = frame.center()
        sides = [(0, middle.y()), (frame.right(), middle.y()), (middle.x(), 0), (middle.x(), frame.bottom())]
        assert {image.pixelColor(*side).name() for side in sides} == {THEMES[theme].accent}
        if isinstance(control, QAbstractScrollArea):  # its scroll bars do not cut the edge
            assert frame.bottomRight() == control.viewport().geometry().bottomRight()
    window.set_theme(THEMES["light"])


def test_nothing_in_python_holds_an_item_of_a_layout(window):
    """Else PySide takes what comes to its address, once Qt has deleted it, for the item."""
    assert list(reading_order(window))
    for layout in window.findChildren(QLayout):
        held = [each for each in gc.get_referents(layout) if isinstance(each, QLayoutItem)]
        assert not [item for item in held if not isinstance(item, QLayout) and isValid(item)], layout.parentWidget()


def test_no_plot_has_an_index_of_places(window):
    """pyqtgraph tells of a move afterwards, when an index finds the item no more; it would be painted when deleted."""
    plots = window.findChildren(GraphicsView)
    assert len(plots) > 5
    assert {plot.scene().itemIndexMethod() for plot in plots} == {QGraphicsScene.ItemIndexMethod.NoIndex}
