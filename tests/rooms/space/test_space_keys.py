"""The keys of Space in the whole window, whose engine never starts."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from window_runs import computed, moons

from app.main_window import MainWindow
from app.rooms.space.camera import Camera
from app.rooms.space.pictures import Bundle, SpacePicture, Strand

Key = Qt.Key


@pytest.fixture
def window(qtbot):
    made = MainWindow()
    made.resize(1280, 800)
    made.show()
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    yield made
    made.close()
    made.deleteLater()


def bundle():
    """A picture with something to turn."""
    points = np.random.default_rng(0).normal(size=(6, 4, 3)).cumsum(axis=0)
    strand = Strand(points=points[:, 0], at=0)
    return SpacePicture(bundles=(Bundle(owner="run", points=points),), sigmas=np.arange(6.0, 0.0, -1.0), strand=strand)


def test_two_keys_change_the_main_view(window):
    layout = window.layout_of_docks
    QTest.keyClick(window, Key.Key_F3)
    assert layout.main_view() is window.views.space
    assert window.views.space.hasFocus()
    QTest.keyClick(window.views.space, Key.Key_F2)
    assert layout.main_view() is window.views.plane
    assert layout.tabs.tabText(layout.tabs.currentIndex()) == "Explore"


def test_arrows_turn_space_and_all_other_keys_move_time(window):
    run = computed(moons())
    window.state.add_run(run)
    window.state.select(run_id=run.id, index=2)
    QTest.keyClick(window, Key.Key_F3)
    view = window.views.space
    view.display(bundle())
    QTest.keyClick(view, Key.Key_Left)
    assert view.canvas.camera != Camera()
    assert window.state.selection.index == 2
    view.display(bundle())
    for key, level in ((Key.Key_Period, 3), (Key.Key_Comma, 2), (Key.Key_End, 5), (Key.Key_Home, 0)):
        QTest.keyClick(view, key)
        assert window.state.selection.index == level
    QTest.keyClick(view, Key.Key_Space)
    assert window.playback.playing
    window.playback.pause()


def test_in_the_plane_the_arrows_step(window):
    run = computed(moons())
    window.state.add_run(run)
    window.state.select(run_id=run.id, index=2)
    window.views.plane.setFocus()
    QTest.keyClick(window.views.plane, Key.Key_Right)
    assert window.state.selection.index == 3


def test_a_space_without_curves_leaves_the_arrows_to_time(qtbot, window):
    run = computed(moons())
    window.state.add_run(run)
    window.state.select(run_id=run.id, index=2)
    QTest.keyClick(window, Key.Key_F3)
    qtbot.waitUntil(lambda: "no Space" in window.views.space.picture.message)
    QTest.keyClick(window.views.space, Key.Key_Right)
    assert window.state.selection.index == 3
