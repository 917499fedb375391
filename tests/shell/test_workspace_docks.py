"""Docks and rows of tabs stand where they stood, however often and in whatever order workspaces are changed."""

from __future__ import annotations

from random import Random

import pytest
from PySide6.QtWidgets import QDockWidget, QTabBar

from app.main_window import MainWindow
from app.shell.workspaces import WORKSPACES

NAMES = [workspace.name for workspace in WORKSPACES]


@pytest.fixture
def window(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    window.resize(1440, 900)
    window.show()
    assert all(window.rooms.values())
    yield window
    window.close()


def _stand(window):
    """The docks in front with their places, and the rows of tabs."""
    front = [dock for dock in window.findChildren(QDockWidget) if not dock.visibleRegion().isEmpty()]
    docks = {dock.windowTitle(): dock for dock in front}
    rows = [bar for bar in window.findChildren(QTabBar) if bar.parent() is window and bar.isVisible()]
    tabs = sorted(tuple(bar.tabText(at) for at in range(bar.count())) for bar in rows)
    return {title: dock.geometry().getRect() for title, dock in docks.items()}, tabs


def _go(qtbot, window, name):
    window.layout_of_docks.switch(name)
    qtbot.wait(1)
    return _stand(window)


@pytest.mark.parametrize("floats", [False, True])
def test_docks_and_tabs_come_back(qtbot, window, floats):
    for name in NAMES:
        _go(qtbot, window, name)
    if floats:
        dock = window.layout_of_docks.docks["inspector"]
        dock.show()
        dock.setFloating(True)
        qtbot.wait(1)
    stands = {name: _go(qtbot, window, name) for name in NAMES}
    assert any(tabs for _, tabs in stands.values())
    for docks, tabs in stands.values():
        assert all(len(row) > 1 for row in tabs)
        assert len(docks) > 1
    random = Random(4)
    for _ in range(3):
        for name in random.sample(NAMES, len(NAMES)):
            assert _go(qtbot, window, name) == stands[name], name
