"""The help pages of the rooms: each exists, is small and plain HTML, stands in the sheet, and is where help opens."""

from __future__ import annotations

from xml.etree import ElementTree

import pytest
from PySide6.QtCore import QPoint, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDockWidget, QTextBrowser

import resources
from app.main_window import MainWindow
from app.rooms import ROOMS
from app.shell import help_sheets, set_up
from app.shell.help_buttons import HelpButton
from app.widgets.sheet import Sheet

TAGS = {"page", "p", "b", "i", "sub", "sup", "a"}
LARGEST = 5_000  # bytes: a page that is longer is a chapter
PAGES = [help_sheets.INTRODUCTION, *(row.help for row in ROOMS), *(page for _, _, page in help_sheets.OTHERS)]


@pytest.fixture
def window(qtbot):
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    qtbot.waitExposed(window)
    yield window
    window.close()
    window.deleteLater()


@pytest.mark.parametrize("name", PAGES)
def test_a_page_is_small_html_that_is_closed_where_it_is_opened(name):
    path = resources.path("help", name)
    assert path.stat().st_size < LARGEST
    page = ElementTree.fromstring(f"<page>{path.read_text('utf-8')}</page>")
    assert {part.tag for part in page.iter()} <= TAGS
    assert not (page.text or "").strip()  # every sentence stands in a paragraph


def test_no_page_is_left_over():
    assert {path.name for path in resources.path("help").iterdir()} == set(PAGES)


def test_the_sheet_begins_with_the_introduction_and_has_the_page_of_every_room(qtbot):
    shown = QTextBrowser()
    qtbot.addWidget(shown)
    shown.setHtml(help_sheets.room_sheet())
    text, single = shown.toPlainText(), QTextBrowser()
    qtbot.addWidget(single)
    for name in PAGES:
        single.setHtml(resources.path("help", name).read_text("utf-8").strip())
        assert single.toPlainText() in text
    single.setHtml(resources.path("help", help_sheets.INTRODUCTION).read_text("utf-8").strip())
    assert text.startswith(single.toPlainText())
    assert [line for line in text.splitlines() if line in {row.title for row in ROOMS}] == [row.title for row in ROOMS]


def line_at_the_top(qtbot, window):
    sheet = window.findChild(Sheet)
    sheet.activateWindow()
    qtbot.waitUntil(sheet.isActiveWindow)
    page = sheet.findChild(QTextBrowser)
    text = page.cursorForPosition(QPoint(8, 8)).block().text()
    with qtbot.waitSignal(sheet.destroyed):
        QTest.keyClick(page, Qt.Key.Key_Escape)
    return text


def test_help_opens_at_the_room_with_the_focus_or_else_at_the_one_in_the_centre(qtbot, window):
    for workspace, focus, title in (
        ("explore", None, "Plane"),
        ("solvers", None, "Compare"),
        ("solvers", "schedule", "Schedule"),
    ):
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        window.layout_of_docks.switch(workspace)
        if focus:
            window.views[focus].setFocus()
        else:
            window.keys.give_back()
        QTest.keyClick(window.focusWidget(), Qt.Key.Key_F1, Qt.KeyboardModifier.ShiftModifier)
        assert line_at_the_top(qtbot, window) == title


# ------------------------------------------------------------ the "?" of every view


def test_every_view_has_a_question_mark_beside_its_title(qtbot, window):
    titles = {row.title for row in ROOMS if row.area != "foot"}
    for workspace in ("explore", "solvers", "claims"):
        window.layout_of_docks.switch(workspace)
        QTest.qWait(0)
        for button in window.findChildren(HelpButton):
            assert button.accessibleName().removeprefix("Help on ") in titles
            dock = button.parentWidget()
            if isinstance(dock, QDockWidget) and not dock.visibleRegion().isEmpty():
                assert button.accessibleName() == f"Help on {dock.windowTitle()}"
                assert button.isVisible()
                assert 0 < button.x() < dock.width() - 2 * button.width()
                assert button.geometry().bottom() < dock.widget().y()


def test_a_question_mark_opens_the_page_of_its_view(qtbot, window):
    window.layout_of_docks.switch("solvers")
    for title in ("Schedule", "Compare"):
        window.activateWindow()
        qtbot.waitUntil(window.isActiveWindow)
        button = next(
            b for b in window.findChildren(HelpButton) if b.accessibleName() == f"Help on {title}" and b.isVisible()
        )
        QTest.mouseClick(button, Qt.MouseButton.LeftButton)
        assert line_at_the_top(qtbot, window) == title


# ------------------------------------------------------------ try this


def links():
    """(page, link) of every link."""
    for row in ROOMS:
        text = resources.path("help", row.help).read_text("utf-8")
        for part in ElementTree.fromstring(f"<page>{text}</page>").iter("a"):
            yield row.name, part.attrib["href"]


def test_every_page_of_a_room_has_something_to_try():
    assert {name for name, _ in links()} == {row.name for row in ROOMS}


@pytest.mark.parametrize(("name", "link"), list(links()))
def test_every_step_of_a_link_is_in_a_table(name, link):
    assert set_up.steps(link)


@pytest.mark.parametrize(
    "link", ["http://x", "do:", "do:quit()", "do:data./etc/passwd", "do:solver.none", "do:steps.-1", "do:preset.x"]
)
def test_a_link_with_any_other_step_is_refused(link):
    with pytest.raises(ValueError, match="link of a help page"):
        set_up.steps(link)


@pytest.mark.parametrize("name", [row.help for row in ROOMS])
def test_a_page_says_what_is_seen_by_which_formula_from_where_and_what_does_not_follow(name):
    text = resources.path("help", name).read_text("utf-8")
    heads = [part.text for part in ElementTree.fromstring(f"<page>{text}</page>").iter("b")]
    assert heads[0] == "What you see."
    assert heads[-3:] == ["What not to conclude.", "Source.", "Try this:"]
    assert "arXiv" in text or "Hairer" in text
    assert any(sign in text for sign in ("=", "‖", "Σ"))


def test_a_link_sets_the_window_up_by_keyboard(qtbot, window):
    window.commands.show_help("derivatives")
    sheet = window.findChild(Sheet)
    assert "do:workspace.solvers,preset.ipndm,run" in [link for _, link in links()]
    with qtbot.waitSignal(sheet.followed):  # the first link of the sheet is the plane's
        QTest.keyClick(sheet.findChild(QTextBrowser), Qt.Key.Key_Tab)
        QTest.keyClick(sheet.findChild(QTextBrowser), Qt.Key.Key_Return)
    assert "basins" in window.state.plane_options.layers
    window.commands.follow("do:layer.basins")  # stays on
    assert "basins" in window.state.plane_options.layers
    window.commands.follow("do:workspace.solvers,preset.ipndm")
    assert window.layout_of_docks.current.name == "solvers"
    assert window.state.draft.solver == "ipndm"
    window.commands.follow("do:workspace.explore,data.two-moons,solver.euler,steps.6,layer.ghost.ode")
    assert (window.state.draft.solver, window.state.draft.steps) == ("euler", 6)
    assert "ghost.ode" in window.state.plane_options.layers
    window.commands.follow("do:layers")
    assert window.views.plane.layer_list.panel.isVisible()
    sheet.close()
