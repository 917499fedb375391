"""Rooms are built when they are needed, and the others while nobody waits."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from real_window import WAIT

from app.main_window import MainWindow
from app.plotting.theme import THEMES
from app.rooms import ROOMS


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    made.show()
    yield made
    made.close()
    made.deleteLater()


def test_the_window_opens_with_the_rooms_that_it_shows(window):
    built = len(window.building.built)
    assert built < len(ROOMS) / 2
    with pytest.raises(AttributeError):
        window.rooms.cellar  # noqa: B018
    with pytest.raises(KeyError):
        window.views["cellar"]
    assert len(window.building.built) == built


def test_an_action_builds_its_room_and_a_theme_reaches_rooms_that_come_later(window, qtbot):
    window.set_theme(THEMES["dark"])
    window.actions_by_id["claims"].trigger()
    room = window.rooms.claims
    assert room in window.building.built
    assert room.view.palette().color(room.view.backgroundRole()).lightness() < 100
    window.layout_of_docks.bring_forward("claims")
    assert room.view.isVisible()


def test_the_rest_is_built_in_the_background_with_menus(window, qtbot):
    window.building.build_rest(0)
    qtbot.waitUntil(lambda: len(window.building.built) == len(ROOMS), timeout=WAIT)
    policies = {view.contextMenuPolicy() for view in window.views.values()}
    assert Qt.ContextMenuPolicy.DefaultContextMenu not in policies


def test_every_action_of_a_room_has_a_handler(window):
    for row in ROOMS:
        if row.actions:
            assert {action.id for action in row.actions} <= window.rooms[row.name].handlers().keys()
