"""The schedule view: rows of levels, knobs in the hand, the map of costs, the bar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import choose, open_window, type_into
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QColor, QHelpEvent, QKeySequence
from PySide6.QtWidgets import QApplication, QMainWindow, QToolTip

from app.export.figure import render
from app.plotting.sigma_axis import GAP
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.schedule.levels import Axis, added, moved
from app.rooms.schedule.pictures import CostPicture, SchedulePicture, ScheduleRow
from app.rooms.schedule.scale import Scaling, ramp, ticks
from app.rooms.schedule.view import ScheduleView

LEFT, RIGHT = Qt.MouseButton.LeftButton, Qt.MouseButton.RightButton
KEY, ALT, SHIFT = Qt.Key, Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier
LEVELS = np.array([80.0, 20.0, 3.0, 0.7, 0.1, 0.0])
OTHER = np.geomspace(80.0, 0.01, 7)
FINE = np.geomspace(80.0, 0.01, 9)


def make_cost() -> CostPicture:
    start, end = np.meshgrid(FINE, FINE, indexing="ij")
    cost = np.where(np.triu(np.ones((9, 9)), 1) > 0, (start - end) ** 2 / 100, np.nan)
    return CostPicture(title="GITS, l2, coefficient 1", sigmas=FINE, cost=cost, path=np.array([0, 3, 5, 8]))


def make_picture(levels: np.ndarray = LEVELS) -> SchedulePicture:
    rows = (
        ScheduleRow(name="Draft", sigmas=levels, hue=-1),
        ScheduleRow(name="Uniform in log σ", sigmas=OTHER, hue=1),
    )
    return SchedulePicture(rows=rows, editable=True, cost=make_cost(), end_error="end error 0.02", index=2)


@pytest.fixture
def view(qtbot):
    view = ScheduleView(LIGHT)
    view.resize(640, 620)
    view.display(make_picture())
    return open_window(qtbot, view)


@pytest.fixture
def said(view):
    """What the view says: name and levels, or level."""
    found = []
    view.levels_dragged.connect(lambda levels: found.append(("dragged", levels)))
    view.levels_dropped.connect(lambda levels: found.append(("dropped", levels)))
    view.level_picked.connect(lambda level: found.append(("picked", level)))
    return found


def knob(view, level, row=0):
    rows = view.rows
    return QPointF(rows.places(row)[level], rows.line_of(row)).toPoint()


def drag(qtbot, view, level, dx):
    rows, start = view.rows, knob(view, level)
    qtbot.mousePress(rows, LEFT, pos=start)
    for part in (0.5, 1.0):
        qtbot.mouseMove(rows, start + QPoint(round(dx * part), 3))
    qtbot.mouseRelease(rows, LEFT, pos=start + QPoint(dx, 3))


def same_but(levels, level):
    """The other levels are the same bit for bit."""
    np.testing.assert_array_equal(np.delete(levels, level), np.delete(LEVELS, level))


# ---------------------------------------------------------------- levels


def test_one_axis_holds_the_levels_of_all_rows():
    axis = Axis.over(make_picture().rows)
    np.testing.assert_allclose(axis.at(np.array([80.0, 1.0, 0.0])), [-np.log10(80), 0.0, 2 + GAP], atol=1e-15)
    assert axis.ends == (-np.log10(80.0), 2 + GAP)  # the slot lies beyond the lowest level of any row


@pytest.mark.parametrize("position", [-9.0, -0.6, 0.1, 9.0])
def test_a_moved_level_stays_strictly_between_its_neighbours(position):
    found = moved(LEVELS, 2, position, 2.3)
    assert (np.diff(found) < 0).all()
    same_but(found, 2)
    if -np.log10(20) < position < -np.log10(0.7):
        assert found[2] == pytest.approx(10**-position, rel=1e-14)  # one power


def test_ends_stay_and_a_level_before_zero_ends_at_the_break():
    assert moved(LEVELS, 0, 0.0, 2.3) is LEVELS
    assert moved(LEVELS, 5, 0.0, 2.3) is LEVELS
    assert 10**-2.3 < moved(LEVELS, 4, 9.0, 2.3)[4] < 1.01 * 10**-2.3  # a thousandth of the room is kept


def test_neighbours_without_a_number_between_them_stay():
    tight = np.array([1.0, np.nextafter(0.5, 1), 0.5, np.nextafter(0.5, 0), 0.1])
    assert moved(tight, 2, 0.5, 2.0) is tight


def test_a_level_is_added_between_two():
    found, at = added(LEVELS, 0.0)
    assert at == 3
    np.testing.assert_array_equal(found, np.insert(LEVELS, 3, 1.0))
    assert added(LEVELS, -2.0) == (LEVELS, 0)  # above the first
    assert added(np.array([10.0, 1.0, 0.1]), 0.0)[1] == 0  # it is there already


# ---------------------------------------------------------------- mouse


def test_a_drag_moves_one_level_in_log_sigma(view, said, qtbot):
    per_unit = np.diff(view.rows.along(np.array([0.0, 1.0])))[0]
    drag(qtbot, view, 2, 20)
    assert [name for name, _ in said] == ["dragged", "dragged", "dropped"]
    levels = said[-1][1]
    assert levels.dtype == np.float64
    same_but(levels, 2)
    assert levels[2] == pytest.approx(3.0 * 10 ** (-20 / per_unit), rel=1e-12)  # a few roundings
    same_but(LEVELS, 2)  # what was given is not written to
    assert LEVELS[2] == 3.0


def test_a_drag_stops_before_the_neighbour(view, said, qtbot):
    drag(qtbot, view, 2, 500)
    levels = said[-1][1]
    assert 0.7 < levels[2] < 0.71
    drag(qtbot, view, 2, -900)
    assert 19.5 < said[-1][1][2] < 20.0


@pytest.mark.parametrize("level", [0, 5])
def test_the_ends_are_fixed(view, said, qtbot, level):
    drag(qtbot, view, level, 30 if level == 0 else -30)
    assert said == [("picked", level)]


def test_a_click_picks_and_moves_nothing(view, said, qtbot):
    qtbot.mousePress(view.rows, LEFT, pos=knob(view, 3))
    qtbot.mouseMove(view.rows, knob(view, 3) + QPoint(2, 1))  # a hand that trembles
    qtbot.mouseRelease(view.rows, LEFT, pos=knob(view, 3) + QPoint(2, 1))
    assert said == [("picked", 3)]
    qtbot.mouseClick(view.rows, LEFT, pos=knob(view, 3, row=1))
    assert said == [("picked", 3)]  # the other rows are to be looked at


def test_a_held_knob_is_not_taken_away_by_a_new_picture(view, said, qtbot):
    rows, start = view.rows, knob(view, 2)
    qtbot.mousePress(rows, LEFT, pos=start)
    qtbot.mouseMove(rows, start + QPoint(10, 0))
    view.display(make_picture(said[-1][1]))
    view.display(make_picture())  # an answer that comes late
    assert rows.places(0)[2] == pytest.approx(start.x() + 10, abs=1)  # the press was in whole pixels
    qtbot.mouseMove(rows, start + QPoint(14, 0))
    qtbot.mouseRelease(rows, LEFT, pos=start + QPoint(14, 0))
    assert rows.places(0)[2] == pytest.approx(start.x() + 14, abs=1)
    view.display(make_picture())
    assert rows.places(0)[2] == pytest.approx(start.x(), abs=1)


def test_a_held_knob_is_let_go_where_the_draft_goes(view, said, qtbot):
    start = knob(view, 2)
    qtbot.mousePress(view.rows, LEFT, pos=start)
    qtbot.mouseMove(view.rows, start + QPoint(10, 0))
    picture = make_picture()
    view.display(replace(picture, rows=picture.rows[1:]))
    qtbot.mouseMove(view.rows, start + QPoint(20, 0))
    qtbot.mouseRelease(view.rows, LEFT, pos=start + QPoint(20, 0))
    assert [name for name, _ in said] == ["dragged"]


def test_escape_gives_a_drag_up(view, said, qtbot):
    start = knob(view, 2)
    qtbot.mousePress(view.rows, LEFT, pos=start)
    qtbot.mouseMove(view.rows, start + QPoint(10, 0))
    qtbot.keyClick(view.rows, KEY.Key_Escape)
    qtbot.mouseMove(view.rows, start + QPoint(20, 0))
    qtbot.mouseRelease(view.rows, LEFT, pos=start + QPoint(20, 0))
    assert [name for name, _ in said] == ["dragged", "dragged", "dropped"]
    np.testing.assert_array_equal(said[-1][1], LEVELS)


def test_a_double_click_adds_and_a_right_click_removes(view, said, qtbot):
    x = round(float(view.rows.along(0.0)))
    qtbot.mouseDClick(view.rows, LEFT, pos=QPoint(x, round(view.rows.line_of(0))))
    levels = said[-1][1]
    assert len(said) == 1
    assert levels[3] == pytest.approx(1.0, rel=0.02)  # half a pixel of some hundred a decade
    np.testing.assert_array_equal(np.delete(levels, 3), LEVELS)
    qtbot.mouseClick(view.rows, RIGHT, pos=knob(view, 3))
    np.testing.assert_array_equal(said[-1][1], LEVELS)
    count = len(said)
    qtbot.mouseClick(view.rows, RIGHT, pos=knob(view, 0))
    qtbot.mouseDClick(view.rows, LEFT, pos=knob(view, 5) - QPoint(20, 0))  # beyond the break
    assert len(said) == count


def test_what_cannot_be_edited_is_picked_only(view, said, qtbot):
    view.display(replace(make_picture(), editable=False))
    drag(qtbot, view, 2, 20)
    qtbot.mouseClick(view.rows, RIGHT, pos=knob(view, 2))
    view.rows.setFocus()
    for key in (KEY.Key_Delete, KEY.Key_Up, KEY.Key_Insert):
        qtbot.keyClick(view.rows, key)
    assert said == [("picked", 2)]


def test_the_tooltip_says_level_and_sigma(view):
    at = knob(view, 3, row=1)
    QApplication.sendEvent(view.rows, QHelpEvent(QEvent.Type.ToolTip, at, view.rows.mapToGlobal(at)))
    assert "Uniform in log σ" in QToolTip.text()
    assert f"level 3, σ {OTHER[3]:.6g}" in QToolTip.text()
    view.display(replace(make_picture(), error_of=np.linspace(0, 1, 11)))
    at = view.rows.note_room().center().toPoint()
    QApplication.sendEvent(view.rows, QHelpEvent(QEvent.Type.ToolTip, at, view.rows.mapToGlobal(at)))
    assert "11 samples: median 0.5000, 10–90 % 0.1000 to 0.9000, largest 1.000" in QToolTip.text()


# ---------------------------------------------------------------- keys


def test_the_keyboard_chooses_and_nudges(view, said, qtbot):
    rows = view.rows
    rows.setFocus()
    qtbot.keyClick(rows, KEY.Key_PageUp)
    qtbot.keyClick(rows, KEY.Key_PageDown)
    assert said == [("picked", 1), ("picked", 2)]
    assert rows.accessibleDescription() == "level 2, σ 3, at the playhead"
    share = np.log10(80.0 / 0.1)  # of the draft's own levels above zero
    sigma = 3.0
    for key, modifier, percent in (
        (KEY.Key_Up, Qt.KeyboardModifier.NoModifier, 1),
        (KEY.Key_Down, SHIFT, -5),
    ):
        said.clear()
        qtbot.keyClick(rows, key, modifier)
        sigma *= 10 ** (percent / 100 * share)
        assert [name for name, _ in said] == ["dragged", "dropped"]
        assert said[-1][1][2] == pytest.approx(sigma, rel=1e-12)  # a few roundings
        same_but(said[-1][1], 2)


def test_the_keyboard_adds_and_removes(view, said, qtbot):
    rows = view.rows
    rows.setFocus()
    qtbot.keyClick(rows, KEY.Key_PageUp)
    qtbot.keyClick(rows, KEY.Key_PageUp)
    qtbot.keyClick(rows, KEY.Key_Insert)
    assert said[-1][1][1] == pytest.approx(40.0, rel=1e-12)  # the middle of 80 and 20 in log σ
    qtbot.keyClick(rows, KEY.Key_Delete)
    np.testing.assert_array_equal(said[-1][1], LEVELS)
    for _ in LEVELS:
        qtbot.keyClick(rows, KEY.Key_PageDown)
    count = len(said)
    qtbot.keyClick(rows, KEY.Key_Backspace)
    assert len(said) == count  # the last level stays
    assert rows.accessibleDescription().endswith("fixed")


def test_the_chosen_knob_goes_with_the_playhead_and_not_with_an_edit(view, said, qtbot):
    rows = view.rows
    view.display(replace(make_picture(), index=3))
    assert rows.accessibleDescription().startswith("level 3, ")
    rows.setFocus()
    qtbot.keyClick(rows, KEY.Key_PageUp)
    view.display(replace(make_picture(), index=-1))  # the run of the edited levels is not there yet
    view.display(replace(make_picture(), index=3))
    assert rows.accessibleDescription().startswith("level 2, ")


def test_focused_knobs_leave_time_to_the_windows_shortcuts(qtbot):
    window, view, triggered = QMainWindow(), ScheduleView(LIGHT), []
    for keys in ("Right", "Alt+Right", "Delete", "Space"):
        action = QAction(keys, window, shortcut=QKeySequence(keys))
        action.triggered.connect(lambda _=False, keys=keys: triggered.append(keys))
        window.addAction(action)
    window.setCentralWidget(view)
    view.display(make_picture())
    open_window(qtbot, window)
    view.rows.setFocus()
    for key, modifier in (("Right", 0), ("Right", 1), ("Delete", 0), ("Space", 0)):
        modifiers = ALT if modifier else Qt.KeyboardModifier.NoModifier
        qtbot.keyClick(window.windowHandle(), getattr(KEY, f"Key_{key}"), modifiers)
    assert triggered == ["Right", "Alt+Right", "Space"]


# ---------------------------------------------------------------- the map of costs


def test_rows_start_and_columns_land(view):
    cost = view.cost
    for row, column in ((0, 1), (0, 8), (7, 8), (3, 5)):
        assert cost.cell_at(cost.middle(row, column)) == (row, column)
    assert cost.cell_at(cost.middle(5, 3)) is None  # nothing jumps back
    image, colours = cost.grab().toImage(), ramp(LIGHT)
    share = Scaling.of(make_cost().cost).share(make_cost().cost)
    for row, column in ((1, 7), (2, 4)):
        at = cost.middle(row, column).toPoint()
        assert image.pixelColor(at) == QColor(*colours[round(share[row, column] * 255)].tolist())
    assert image.pixelColor(cost.middle(5, 4).toPoint()).name() == LIGHT.base


def test_pointing_at_a_cell_says_its_cost(view, qtbot):
    cost = view.cost
    qtbot.mouseMove(cost, cost.middle(2, 6).toPoint())
    assert cost.words == "σ 8.5 → 0.095: cost 0.700"  # (8.4590 − 0.0946)²/100
    assert cost.accessibleDescription() == cost.words


def test_the_keyboard_goes_through_the_path(view, qtbot):
    cost = view.cost
    cost.setFocus()
    cells = []
    for key in (KEY.Key_Down, KEY.Key_Down, KEY.Key_Down, KEY.Key_Down, KEY.Key_Up):
        qtbot.keyClick(cost, key)
        cells.append(cost._cell)
    assert cells == [(0, 3), (3, 5), (5, 8), (5, 8), (3, 5)]


def test_the_scale_is_linear_where_costs_are_negative():
    cost = np.array([[np.nan, -1.0, 3.0], [np.nan, np.nan, 1.0]])
    scaling = Scaling.of(cost)
    assert not scaling.log
    np.testing.assert_allclose(scaling.share(cost)[0, 1:], [0, 1])
    assert scaling.share(cost)[1, 2] == 0.5
    assert [text for _, text in scaling.marks] == ["−1.0", "1.0", "3.0"]


def test_the_scale_is_logarithmic_elsewhere_and_a_trifle_below_zero_is_no_reason():
    cost = np.array([[np.nan, 100.0, 1.0], [0.01, -1e-3, 1e-9]])
    scaling = Scaling.of(cost)
    assert scaling.log
    np.testing.assert_allclose(scaling.share(cost), [[np.nan, 1, 0.5], [0, 0, 0]], atol=1e-15)
    assert Scaling.of(np.full((2, 2), np.nan)) == Scaling(0.0, 1.0, False)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT])
def test_the_ramp_goes_in_even_steps_of_lightness(theme):
    rgb = ramp(theme) / 255
    linear = np.where(rgb > 0.04045, ((rgb + 0.055) / 1.055) ** 2.4, rgb / 12.92)
    luminance = np.cbrt(linear @ [0.2126, 0.7152, 0.0722])  # CIE lightness, another space than the ramp's own
    steps = np.diff(luminance[::15])
    assert abs(luminance[-1] - luminance[0]) > 0.35
    assert steps.min() * steps.max() > 0  # no turn
    assert steps.std() < 0.2 * abs(steps.mean())  # 8-bit colours, and a space that differs


def test_ticks_do_not_touch():
    assert ticks(1, 100, 30) == [0]
    for count, room, need in ((9, 300, 40), (61, 300, 40), (20, 100, 14), (3, 20, 40)):
        found = ticks(count, room, need)
        assert found[0] == 0
        assert all(gap * room / count >= need for gap in np.diff(found))


# ---------------------------------------------------------------- the bar and the view


def test_designs_are_asked_for(view, qtbot):
    asked = []
    view.design_wanted.connect(lambda name, options: asked.append((name, options)))
    choose(view.bar.metric_field, "l2")
    type_into(view.bar.coefficient_field, "1.3")
    qtbot.mouseClick(view.bar.gits, LEFT)
    qtbot.mouseClick(view.bar.tors, LEFT)
    choose(view.bar.for_field, "solver")
    qtbot.mouseClick(view.bar.gits, LEFT)
    type_into(view.bar.coefficient_field, "99")
    qtbot.mouseClick(view.bar.gits, LEFT)
    type_into(view.bar.coefficient_field, "1,2", end=None)
    qtbot.mouseClick(view.bar.gits, LEFT)
    l2 = {"metric": "l2", "coeff": 1.3}
    assert asked == [("gits", {**l2, "for_solver": False}), ("tors", {}), ("gits", {**l2, "for_solver": True})]
    assert "1,2" in view.bar.coefficient_field.error


@pytest.mark.parametrize("name", ["copy", "paste", "save", "load", "reset"])
def test_buttons_say_what_is_wanted(view, qtbot, name):
    view.display(replace(make_picture(), edited=True))
    with qtbot.waitSignal(getattr(view, f"{name}_wanted")):
        qtbot.mouseClick(getattr(view.bar, name), LEFT)


def test_what_works_can_be_cancelled(view, qtbot):
    assert not view._progress.isVisible()
    view.display(replace(make_picture(), working="GITS: teacher 40 %"))
    assert view._working.text() == "GITS: teacher 40 %"
    assert not view.bar.gits.isEnabled()
    assert not view.bar.tors.isEnabled()
    with qtbot.waitSignal(view.cancel_wanted):
        qtbot.mouseClick(view._cancel, LEFT)


def test_what_cannot_be_done_is_not_offered(view):
    bar = view.bar
    assert not bar.reset.isEnabled()
    view.display(SchedulePicture(message="Press Run."))
    assert view._empty.isVisible()
    assert not view._body.isVisible()
    assert not any(button.isEnabled() for button in (bar.gits, bar.copy, bar.paste, bar.save, bar.load))


@pytest.mark.parametrize("size", [(400, 560), (900, 700), (1000, 420)])
def test_everything_fits(view, qtbot, size):
    view.resize(*size)
    qtbot.waitUntil(lambda: view._body.verticalScrollBar().maximum() == 0)
    for part in (view.bar.reset, view.bar.tors, view.rows, view.cost):
        assert view.rect().contains(part.rect().translated(part.mapTo(view, QPoint())))
    assert view.rows.needed <= view.rows.height()
    assert view.cost.width() >= 0.4 * size[0]


def test_the_map_is_kept_over_a_move_of_the_playhead(view):
    picture, image = view.picture, view.cost._image
    view.display(replace(picture, index=3))
    assert view.cost._image is image
    view.display(replace(picture, cost=None))
    assert not view.cost.isVisible()


def test_the_theme_changes_everything(view):
    view.set_theme(DARK)
    assert view.grab().toImage().pixelColor(2, 2).name() == DARK.base
    image = view.rows.grab().toImage()
    assert image.pixelColor(knob(view, 3)).name() == DARK.text
    assert image.pixelColor(knob(view, 2)).name() == DARK.accent  # the playhead
    assert image.pixelColor(knob(view, 3, row=1)).name() == DARK.runs[1]


def test_a_print_has_rows_and_map_and_no_bar(view):
    image = render(view, (120, 100), 96)
    colours = {image.pixelColor(x, y).name() for x in range(image.width()) for y in range(image.height())}
    assert PRINT.runs[1] in colours
    assert QColor(*ramp(PRINT)[-1].tolist()).name() in colours
    assert LIGHT.accent not in colours
