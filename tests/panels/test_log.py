"""The log panel: what it lists, keeps, filters and copies."""

from __future__ import annotations

import logging
import threading

import pytest
from gestures import choose, open_window
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.panels.log import LogPanel
from app.plotting.theme import DARK, LIGHT
from app.session.log_lines import MOST_CHARACTERS, MOST_LINES, LogLines, log_lines

log = logging.getLogger("app.somewhere")


@pytest.fixture(autouse=True)
def _fresh_log(caplog):
    """No lines of other tests, and the level that the program sets."""
    caplog.set_level(logging.INFO)
    yield
    logging.getLogger().removeHandler(log_lines())


@pytest.fixture
def panel(qtbot):
    log_lines()
    log.info("Saved a.npz.")  # before there is a panel
    panel = open_window(qtbot, LogPanel(LIGHT))
    panel.resize(700, 300)
    yield panel
    panel.release()


def listed(panel):
    """The cells of every row."""
    model = panel._table.model()
    return [tuple(model.index(row, column).data() for column in (1, 2, 3)) for row in range(model.rowCount())]


def copied(panel):
    QTest.mouseClick(panel._copy, Qt.MouseButton.LeftButton)
    return QApplication.clipboard().text().splitlines()


def test_lines_from_before_and_after_are_listed(qtbot, panel):
    log.warning("b.csv is %s.", "empty")
    qtbot.waitUntil(lambda: len([line for line in listed(panel) if line[1] == "somewhere"]) == 2)
    own = [line for line in listed(panel) if line[1] == "somewhere"]
    assert own == [("info", "somewhere", "Saved a.npz."), ("warning", "somewhere", "b.csv is empty.")]


def test_lines_from_another_thread_come_by_a_signal(qtbot, panel):
    thread = threading.Thread(target=lambda: [log.error("line %d", at) for at in range(500)])
    thread.start()
    thread.join()
    assert len(listed(panel)) == 1  # nothing happens outside the window's own loop
    qtbot.waitUntil(lambda: len(listed(panel)) == 501)
    assert listed(panel)[-1][2] == "line 499"


def test_only_so_many_lines_and_characters_are_kept(qtbot, panel):
    for at in range(MOST_LINES + 5):
        log.info("line %d", at)
    log.info("y" * 5000)
    qtbot.waitUntil(lambda: listed(panel)[-1][2].startswith("y"))
    lines = listed(panel)
    assert len(lines) == MOST_LINES
    assert lines[0][2] == "line 6"
    assert len(lines[-1][2]) == MOST_CHARACTERS


def test_the_filter_and_the_level_hide_lines(qtbot, panel):
    log.warning("b.csv is empty.")
    log.error("A run failed.")
    qtbot.waitUntil(lambda: len(listed(panel)) == 3)
    QTest.keyClicks(panel._words, "B.CSV")
    assert [line[2] for line in listed(panel)] == ["b.csv is empty."]
    panel._words.clear()
    choose(panel._level, logging.ERROR)
    assert [line[2] for line in listed(panel)] == ["A run failed."]
    log.warning("b.csv is empty again.")
    log.error("A run failed again.")
    qtbot.waitUntil(lambda: len(listed(panel)) == 2)
    choose(panel._level, logging.INFO)
    assert len(listed(panel)) == 5
    QTest.keyClicks(panel._words, "somewhere")  # the source counts
    assert len(listed(panel)) == 5


def test_copy_takes_the_selected_lines_or_all_that_are_listed(qtbot, panel):
    log.warning("b.csv is empty.")
    log.error("A run failed.")
    qtbot.waitUntil(lambda: len(listed(panel)) == 3)
    assert [line.partition(" ")[2].partition(" ")[2] for line in copied(panel)] == [
        "info somewhere: Saved a.npz.",
        "warning somewhere: b.csv is empty.",
        "error somewhere: A run failed.",
    ]
    QTest.keyClicks(panel._words, "b.csv")
    assert len(copied(panel)) == 1
    panel._words.clear()
    table = panel._table
    table.setFocus()
    for row, modifier in ((2, Qt.KeyboardModifier.NoModifier), (0, Qt.KeyboardModifier.ControlModifier)):
        at = table.visualRect(table.model().index(row, 3)).center()
        QTest.mouseClick(table.viewport(), Qt.MouseButton.LeftButton, modifier, at)
    QApplication.clipboard().clear()
    QTest.keyClick(table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    text = QApplication.clipboard().text()
    assert text.index("Saved a.npz.") < text.index("A run failed.")  # in the order of the list
    assert "b.csv" not in text


def test_a_traceback_is_one_row_and_copied_whole(qtbot, panel):
    try:
        raise ValueError("<b>no</b>")
    except ValueError:
        log.exception("unhandled")
    qtbot.waitUntil(lambda: len(listed(panel)) == 2)
    assert listed(panel)[-1][2] == "unhandled … ValueError: <b>no</b>"
    tip = panel._table.model().index(1, 3).data(Qt.ItemDataRole.ToolTipRole)
    assert "&lt;b&gt;no" in tip  # plain text
    assert any("raise ValueError" in line for line in copied(panel))


def test_a_selection_and_a_place_further_up_stay_when_lines_come(qtbot, panel):
    for at in range(100):
        log.info("line %d", at)
    qtbot.waitUntil(lambda: len(listed(panel)) == 101)
    table = panel._table
    bar = table.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.value() == bar.maximum() > 0)  # the newest is in sight
    bar.setValue(40)
    table.selectRow(3)
    log.info("one more")
    qtbot.waitUntil(lambda: len(listed(panel)) == 102)
    assert bar.value() == 40
    assert [index.row() for index in table.selectionModel().selectedRows()] == [3]


def test_a_line_whose_arguments_do_not_fit_is_kept_as_it_is():
    lines = LogLines()
    lines.handle(logging.LogRecord("app.x", logging.INFO, "", 0, "%d apples", ("no",), None))
    assert [line.text for line in lines.after(0)[1]] == ["%d apples"]


def test_it_has_names_and_themes_and_hears_nothing_once_released(qtbot, panel):
    panel.set_theme(DARK)
    for widget in (panel._words, panel._table, panel._level.editor):
        assert widget.accessibleName()
    other = LogPanel(LIGHT)
    other.release()
    log.info("later")
    qtbot.waitUntil(lambda: len(listed(panel)) == 2)
    assert len(listed(other)) == 1
