"""The command palette in the real window: what it lists, how keys work it, where the focus goes, what it edits."""

from __future__ import annotations

import pytest
from focused_window import LEFT, Key, as_at_first, focus, number, opened_once, press, settled, until, visit
from pausing import pause
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QTextBrowser, QWidget

from app.plotting.theme import THEMES
from app.rooms import ROOMS
from app.shell.actions import ACTIONS, NOT_NOW, offer, refusal
from app.shell.palette import Palette
from app.shell.palette_sources import entries
from app.shell.workspaces import WORKSPACES
from app.widgets.focus_frame import FocusFrame
from app.widgets.sheet import Sheet
from geomodel import datasets
from geomodel.experiments.literature import STATEMENTS
from geomodel.measures import MEASURES
from geomodel.presets import PRESETS
from geomodel.schedules import SCHEDULES
from geomodel.solvers import SOLVERS

CTRL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier


@pytest.fixture(scope="module")
def opened(qapp, tmp_path_factory):
    yield from opened_once(tmp_path_factory)


@pytest.fixture
def window(opened):
    opened.resize(1280, 800)
    yield as_at_first(opened)
    opened.command_palette.leave()


@pytest.fixture
def palette(window):
    press(Key.Key_K, CTRL)
    assert focus() is window.command_palette.field
    return window.command_palette


def listed(palette):
    return [palette.list.model().index(row).data() for row in range(palette.list.model().rowCount())]


def find(palette, typed):
    palette.field.clear()
    QTest.keyClicks(palette.field, typed)
    return palette.entry


def find_kind(palette, typed, kind):
    """Type, then go down to the line of this kind."""
    find(palette, typed)
    for _ in range(len(listed(palette))):
        if palette.entry.kind == kind:
            return palette.entry
        press(Key.Key_Down)
    raise AssertionError(f"no {kind} is found for {typed}")


# ------------------------------------------------------------ what is listed


@pytest.mark.parametrize("row", [row for row in ACTIONS if row.id != "palette"], ids=lambda row: row.id)
def test_every_action_is_found_by_its_title_and_by_its_key(palette, window, row):
    action = window.actions_by_id[row.id]
    palette.field.setText(row.title)
    palette._find(row.title)
    assert palette.entry.title == action.text() or palette.entry.title == row.title
    assert any(match.entry.act == action.trigger for match in palette._lines.matches)
    for key in row.keys:
        palette._find(key)
        first = palette._lines.matches if len(key) == 1 else palette._lines.matches[:2]  # titles begin with letters too
        assert any(match.entry.act == action.trigger for match in first)


def test_every_table_is_listed(window):
    found = {}
    for entry in entries(window):
        found.setdefault(entry.kind.split()[0], []).append(entry.title)
    assert {row.title for row in SOLVERS} == set(found["Solver"])
    assert {row.title for row in SCHEDULES} | {"Own levels"} == set(found["Schedule"])
    assert {row.title for row in PRESETS} == set(found["Preset"])
    assert {datasets.row(name).title for name in datasets.names()} <= set(found["Data"])
    assert [row.title for row in MEASURES] == found["Measure"]
    assert [statement.title for statement in STATEMENTS] == found["Claim"]
    assert {row.title for row in ROOMS if row.area != "foot"} <= set(found["View"])
    assert [item.title for item in WORKSPACES] == found["Workspace"]
    assert [f"Help on {row.title}" for row in ROOMS] == found["Help"][-len(ROOMS) :]


def test_no_two_entries_are_the_same_and_each_that_cannot_be_chosen_has_a_reason(window):
    found = entries(window)
    assert len({entry.identity for entry in found}) == len(found)
    by_title = {entry.title: entry for entry in found}
    for row in ACTIONS:
        if row.id != "palette" and not window.actions_by_id[row.id].isEnabled():
            assert by_title[window.actions_by_id[row.id].text()].reason.endswith(".")


def test_an_action_is_refused_for_the_reason_that_was_given_last(window):
    row = next(row for row in ACTIONS if row.id == "copy_python")
    action = window.actions_by_id[row.id]
    try:
        for reason, shown in (("The run has no code.", "The run has no code."), ("", ""), ("Why not.", "Why not.")):
            offer(action, reason)
            assert refusal(action, row) == shown
        offer(action, "")
        action.setEnabled(False)
        assert refusal(action, row) == NOT_NOW
    finally:
        offer(action, "")


# ------------------------------------------------------------ keys, focus and place


def test_three_letters_and_enter_do_what_the_line_says(palette, window):
    find(palette, "pro")
    find(palette, "probe")
    assert palette.entry.title == "Probe"
    find_kind(palette, "probe", "View ▸ Tool")
    press(Key.Key_Return)
    assert palette.isHidden()
    assert window.state.plane_options.tool == "probe"


def test_arrows_go_around_and_pages_end(palette):
    count = len(listed(palette))
    rows = []
    for key in (Key.Key_Up, Key.Key_Down, Key.Key_PageDown, Key.Key_PageUp, Key.Key_PageUp, Key.Key_Down):
        press(key)
        rows.append(palette.list.currentIndex().row())
    assert rows == [count - 1, 0, 11, 0, 0, 1]
    for _ in range(count):
        press(Key.Key_PageDown)
    assert palette.list.currentIndex().row() == count - 1


def test_keys_in_any_order_are_harmless(palette, window):
    before = window.state.draft
    find(palette, "qqqq")
    assert palette.about.usual.sentence == "Nothing is found for “qqqq”."
    for key in (Key.Key_Return, Key.Key_Down, Key.Key_PageUp, Key.Key_Tab, Key.Key_Backtab, Key.Key_Home, Key.Key_End):
        press(key)
        assert focus() is palette.field
    for key in (Key.Key_Left, Key.Key_Space, Key.Key_Backspace, Key.Key_Backspace, Key.Key_Delete):
        press(key)
    assert palette.field.text() == "qq"
    assert window.state.selection.index == 3  # the playhead has not moved
    press(Key.Key_Escape)
    press(Key.Key_Escape)
    assert palette.isHidden()
    assert window.state.draft == before


@pytest.mark.parametrize(("key", "modifier"), [(Key.Key_K, CTRL), (Key.Key_P, CTRL | SHIFT), (Key.Key_Escape, None)])
def test_the_keys_that_open_it_close_it_too(palette, window, key, modifier):
    press(key, modifier or Qt.KeyboardModifier.NoModifier)
    until(palette.isHidden)
    assert focus() is window.views.plane


def test_the_focus_returns_to_the_control_that_had_it(window):
    for control in (number(window, "solver").editor, window.panels.runs._list, window.views.transport._scrubber):
        visit(control)
        press(Key.Key_K, CTRL)
        press(Key.Key_Escape)
        assert focus() is control
        press(Key.Key_K, CTRL)
        find(window.command_palette, "faster")
        press(Key.Key_Return)
        assert focus() is control


def test_the_focus_goes_to_the_main_view_if_its_control_is_gone(window):
    button = Fleeting(window)
    button.setFocus()
    window.command_palette.toggle()
    button.setParent(None)
    button.deleteLater()
    press(Key.Key_Escape)
    assert focus() is window.views.plane


class Fleeting(QWidget):
    """A control that goes away."""

    def __init__(self, window):
        super().__init__(window)
        self.setFocusPolicy(Qt.FocusPolicy.StrongFocus)
        self.show()


def test_a_click_elsewhere_closes_it_and_a_click_into_text_keeps_the_focus(palette, window):
    editor = number(window).editor
    QTest.mouseClick(editor.lineEdit(), LEFT)
    until(palette.isHidden)
    assert focus() is editor
    press(Key.Key_K, CTRL)
    QTest.mouseClick(window.views.plane.ground.viewport(), LEFT)
    until(palette.isHidden)
    assert focus() is window.views.plane


def test_a_click_on_a_line_does_what_it_says(palette, window):
    find(palette, "geometry")
    rect = palette.list.visualRect(palette.list.currentIndex())
    QTest.mouseClick(palette.list.viewport(), LEFT, pos=rect.center())
    assert palette.isHidden()
    assert window.layout_of_docks.current.name == "geometry"


def at_rest(window):
    """The places once the layouts are done."""
    seen = [None, places(window)]
    while seen[-1] != seen[-2]:
        pause(50)
        seen.append(places(window))
    return seen[-1]


def places(window):
    """Where everything stands that is in sight, but for the palette and the frame around the focus."""
    shown = [w for w in window.findChildren(QWidget) if w.isVisible() and not isinstance(w, FocusFrame)]
    return [(w.mapTo(window, w.rect().topLeft()), w.size()) for w in shown if not Palette.has(w)]


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)], ids=str)
def test_it_lies_over_the_upper_middle_and_nothing_moves(window, size):
    window.resize(*size)
    before = at_rest(window)
    press(Key.Key_K, CTRL)
    palette = window.command_palette
    assert at_rest(window) == before
    place = palette.geometry()
    assert window.rect().contains(place)
    assert abs(place.center().x() - window.rect().center().x()) <= 1
    assert place.top() > window.menuBar().geometry().bottom()
    shape = [part.geometry() for part in (palette, palette.field, palette.list, palette.about)]
    for typed in ("sig", "qqqq", "cancel"):
        find(palette, typed)
        press(Key.Key_Return) if typed != "sig" else None
        assert [part.geometry() for part in (palette, palette.field, palette.list, palette.about)] == shape
    assert palette.list.height() >= 12 * palette.list.visualRect(palette.list.currentIndex()).height()


def test_it_follows_the_size_of_the_window_and_the_theme(palette, window):
    window.resize(1024, 700)
    pause(0)
    assert abs(palette.geometry().center().x() - 511) <= 1
    window.set_theme(THEMES["dark"])
    pause(0)
    colour = palette.grab().toImage().pixelColor(4, palette.height() // 2).name()
    window.set_theme(THEMES["light"])
    assert colour == THEMES["dark"].window


def test_it_has_words_for_those_who_cannot_see_it(palette):
    assert palette.field.accessibleName()
    assert palette.list.accessibleName()
    find(palette, "probe: larger")
    assert palette.field.accessibleDescription().startswith("Probe: larger σ, Ctrl+Up, View ▸ Tool")
    index = palette.list.currentIndex()
    assert index.data(Qt.ItemDataRole.AccessibleTextRole) == palette.field.accessibleDescription()


# ------------------------------------------------------------ what cannot be chosen


def test_enter_on_what_cannot_be_chosen_says_why(palette):
    find(palette, "cancel")
    press(Key.Key_Return)
    assert palette.about.error == "Nothing is being computed or opened."
    assert focus() is palette.field
    find(palette, "probe")
    assert palette.about.error == ""


def test_an_action_that_is_disabled_while_the_palette_is_open_is_not_done(palette, window):
    action = window.actions_by_id["cancel"]
    action.setEnabled(True)
    until(lambda: find(palette, "cancel").reason == "")
    done = []
    action.triggered.connect(lambda: done.append(1))
    action.setEnabled(False)
    press(Key.Key_Return)  # before the list is asked for again
    assert palette.about.error == "Nothing is being computed or opened."
    assert done == []
    action.setEnabled(True)
    until(lambda: palette.entry.reason == "")
    assert palette.entry.title == "Cancel"
    press(Key.Key_Return)
    assert done == [1]
    action.setEnabled(False)


def test_recent_files_are_opened_and_a_deleted_one_says_so(window, tmp_path, monkeypatch):
    there, gone = tmp_path / "there.csv", tmp_path / "gone.csv"
    chosen = []
    monkeypatch.setattr(window.documents, "open_path", chosen.append)
    for path in (there, gone):
        path.write_text("1,2\n3,4\n")
        window.store.remember_file(str(path))
    press(Key.Key_K, CTRL)
    palette = window.command_palette
    assert find(palette, "gone.csv").reason == ""
    gone.unlink()
    press(Key.Key_Return)
    assert palette.about.error == "This file is no longer there."
    find(palette, "there.csv")
    assert palette.entry.tip == str(there)
    press(Key.Key_Return)
    assert chosen == [str(there)]
    window.documents.forget_recent()


def test_what_has_vanished_is_not_replaced_by_its_neighbour(window, tmp_path):
    window.store.remember_file(str(tmp_path / "only.csv"))
    press(Key.Key_K, CTRL)
    palette = window.command_palette
    find(palette, "only.csv")
    window.documents.forget_recent()
    press(Key.Key_Return)
    assert palette.entry is None
    assert not palette.isHidden()


def test_a_driver_that_needs_a_network_says_so(palette):
    assert find_kind(palette, "network", "Driver").reason == "The network drives only when a checkpoint is open."


# ------------------------------------------------------------ what is chosen


@pytest.mark.parametrize(
    ("typed", "kind", "name", "value"),
    [("euler ddim", "Solver", "solver", "euler"), ("uniform log sigma", "Schedule", "schedule", "log_uniform")],
)
def test_a_setting_edits_the_draft_and_can_be_undone(palette, window, typed, kind, name, value):
    before = getattr(window.state.draft, name)
    find_kind(palette, typed, kind)
    press(Key.Key_Return)
    assert getattr(window.state.draft, name) == value
    assert number(window, name).value == value
    window.actions_by_id["undo"].trigger()
    assert getattr(window.state.draft, name) == before
    settled(window)


def test_a_preset_is_taken_over(palette, window):
    find_kind(palette, "unipc", "Preset")
    press(Key.Key_Return)
    assert (window.state.draft.solver, window.state.draft.steps) == ("unipc", 10)
    window.actions_by_id["undo"].trigger()
    settled(window)


def test_data_are_opened(palette, window):
    find_kind(palette, "swiss", "Data") if "swiss-roll" in datasets.names() else find_kind(palette, "ring", "Data")
    name = palette.entry.words.split()[0]
    press(Key.Key_Return)
    until(lambda: window.state.draft.data == name)
    window.player.drafting.edit({"data": "two-moons", "data_count": 50})
    until(lambda: window.state.draft.data == "two-moons")
    settled(window)


def test_a_measure_is_shown_and_hidden(palette, window):
    view = window.views.measures
    title, name = MEASURES[0].title, MEASURES[0].name
    shown = view.shows(name)
    for wanted in (not shown, shown):
        if palette.isHidden():
            press(Key.Key_K, CTRL)
        assert find_kind(palette, title, "Measure").checked == (not wanted)
        press(Key.Key_Return)
        assert view.shows(name) == wanted
        assert (name in view.visible_measures) == wanted
        assert (name in window.store.settings.measures) == wanted


@pytest.mark.parametrize("number", [statement.number for statement in STATEMENTS[::13]] + [STATEMENTS[-1].number])
def test_a_claim_opens_its_row(window, number):
    window.resize(1024, 700)
    press(Key.Key_K, CTRL)
    find(window.command_palette, f"claim {number}")
    assert window.command_palette.entry.title == STATEMENTS[number - 1].title
    press(Key.Key_Return)
    assert window.layout_of_docks.current.name == "claims"
    table = window.views.claims.table
    assert table.number == number
    assert focus() is table
    at_rest(window)
    assert table.viewport().rect().contains(table.visualRect(table.currentIndex()))


def test_a_view_comes_forward_with_the_focus(palette, window):
    find_kind(palette, "interpolation", "View")
    press(Key.Key_Return)
    view = window.views.interpolation
    assert view.isVisible()
    assert view is focus() or view.isAncestorOf(focus())


def test_a_view_of_images_needs_images(palette):
    find_kind(palette, "strip", "View")
    press(Key.Key_Return)
    assert palette.about.error == "It shows images, and the data are none."


def test_the_log_is_shown(palette, window):
    find_kind(palette, "log", "Panel")
    press(Key.Key_Return)
    dock = window.layout_of_docks.docks["Log"]
    assert dock.isVisible()
    dock.hide()


def test_a_help_page_opens_at_its_room(palette, window, qtbot):
    find(palette, "help on quality")
    press(Key.Key_Return)
    sheet = window.findChild(Sheet)
    page = sheet.findChild(QTextBrowser)
    assert page.cursorForPosition(page.viewport().rect().topLeft()).block().text() == "Quality"
    with qtbot.waitSignal(sheet.destroyed):
        sheet.close()
    assert QApplication.activeModalWidget() is None
