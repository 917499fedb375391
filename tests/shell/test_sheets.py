"""The sheets of the help menu: they scroll, fit the screen, wait for nothing, and Esc closes them."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QSize, Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QMainWindow, QTextBrowser

from app.shell import help_sheets
from app.widgets.sheet import Sheet

LONG = "<p>A line of text.</p>" * 500


@pytest.fixture
def parent(qtbot):
    parent = QMainWindow()
    qtbot.addWidget(parent)
    parent.show()
    return parent


@pytest.mark.parametrize(
    "html", [LONG, help_sheets.key_sheet(), help_sheets.solver_sheet(), help_sheets.room_sheet(), "<p>short</p>"]
)
def test_a_sheet_fits_the_screen_and_can_be_made_smaller(qtbot, parent, html):
    sheet = Sheet(parent, "Title", html)
    sheet.show()
    qtbot.waitExposed(sheet)
    screen = sheet.screen().availableSize()
    assert sheet.width() < screen.width()
    assert sheet.height() < screen.height()
    assert not sheet.isModal()
    sheet.resize(QSize(320, 240))
    assert sheet.size() == QSize(320, 240)
    page = sheet.findChild(QTextBrowser)
    assert page.verticalScrollBar().maximum() > 0 or html == "<p>short</p>"


def test_esc_closes_a_sheet_and_it_goes(qtbot, parent):
    sheet = Sheet(parent, "Title", LONG)
    sheet.show()
    qtbot.waitExposed(sheet)
    with qtbot.waitSignal(sheet.destroyed):
        QTest.keyClick(sheet.findChild(QTextBrowser), Qt.Key.Key_Escape)


def test_a_key_is_not_broken_over_lines(qtbot, parent):
    sheet = Sheet(parent, "Keys", help_sheets.key_sheet())
    page = sheet.findChild(QTextBrowser).document()
    page.setTextWidth(200)
    block = page.begin()
    while block.isValid():
        assert block.layout().lineCount() <= 1, block.text()
        block = block.next()
