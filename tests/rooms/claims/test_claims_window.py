"""Claims in the real window, by the keyboard alone."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest

from app.main_window import MainWindow
from app.widgets.sight import seen
from geomodel.experiments.literature import STATEMENTS

WAIT = 60_000


@pytest.mark.slow
def test_f12_checks_escape_cancels_and_enter_opens_the_view(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1280, 800)
    window.show()
    window.begin([])
    state, player, room = window.state, window.player, window.rooms.claims
    qtbot.waitUntil(lambda: state.run is not None and player.computing is None and bool(player.device), timeout=WAIT)
    window.playback.pause()
    QTest.keyClick(window, Qt.Key.Key_F12)
    qtbot.waitUntil(lambda: seen(room.view) and len(room.claims) > 10, timeout=WAIT)
    assert all(claim.verdict == "holds" for number, claim in room.claims.items() if number < 10)
    QTest.keyClick(window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: not room.picture().running, timeout=WAIT)
    assert len(room.claims) < len(STATEMENTS)
    room.view.table.setFocus()
    room.view.table.choose(3)
    QTest.keyClick(room.view.table, Qt.Key.Key_Return)
    qtbot.waitUntil(lambda: seen(window.views.derivatives), timeout=WAIT)
    window.close()
