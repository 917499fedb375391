"""Words of errors and files are shown as they are, and a megabyte of them is cut."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QLabel
from real_window import WAIT, closed, opened

from app.panels.runs import NAME
from geomodel.error_text import MOST_CHARACTERS

CODE = """
class Trap:
    shape, calls = (2,), 0
    def __call__(self, x, sigma):
        Trap.calls += 1
        if Trap.calls > 30:
            raise ValueError("<b>bold</b> & <img src='a'>" + "x" * 2**20)
        return 0 * x
def make():
    return Trap()
"""
SHOWN = "&lt;b&gt;bold&lt;/b&gt; &amp; "


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    made = opened(qtbot)
    yield made
    closed(made)


def test_no_label_guesses_whether_its_words_are_markup(window):
    found = window.findChildren(QLabel)
    assert len(found) > 50
    assert [label.text() for label in found if label.textFormat() == Qt.TextFormat.AutoText] == []


def test_a_megabyte_of_markup_is_a_page_of_plain_text_everywhere(qtbot, window, tmp_path):
    (tmp_path / "own.py").write_text(CODE, "utf-8")
    spec = f"{tmp_path / 'own.py'}:make"
    window.player.drafting.open_network(spec, own=True)
    qtbot.waitUntil(lambda: window.state.network is not None, timeout=WAIT)
    qtbot.waitUntil(lambda: window.player.computing is None, timeout=WAIT)
    window.state.set_draft(replace(window.state.draft, steps=40))
    window.actions_by_id["run"].trigger()
    qtbot.waitUntil(lambda: window.state.run.status == "stopped" and bool(window.state.run.message), timeout=WAIT)
    assert len(window.state.run.message) == MOST_CHARACTERS
    window.panels.status.say(window.state.run.message * 2, True)
    row = window.panels.runs._list.topLevelItem(0)
    told = [window.panels.status._message.toolTip(), row.toolTip(NAME)]
    assert [SHOWN in text and len(text) < 2 * MOST_CHARACTERS for text in told] == [True, True]
