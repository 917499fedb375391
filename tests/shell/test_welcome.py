"""The networks that come with the program, and the card that greets whoever is here for the first time."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QAbstractButton, QApplication, QFileDialog
from real_window import WAIT, closed, finished, opened, pick

import resources
from app.main_window import MainWindow
from app.session import bundled
from app.shell.tab_order import reading_order
from app.shell.welcome import WAYS

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    made = opened(qtbot)
    yield made
    closed(made)


@pytest.fixture
def still(qtbot):
    """A window whose engine has not begun."""
    made = MainWindow()
    made.resize(1024, 700)
    made.show()
    QApplication.processEvents()
    yield made
    made.close()
    made.deleteLater()


def button(window, name):
    return next(b for b in window.welcome.card.findChildren(QAbstractButton) if b.accessibleName() == name)


def test_every_bundled_network_has_a_title_and_is_offered(still):
    files = sorted(path.stem for path in resources.path("checkpoints").glob("*.safetensors"))
    assert sorted(bundled.TITLES) == files
    combo = still.panels.model.fields["network"].editor
    assert [combo.itemText(at) for at in range(combo.count())] == ["none", "Two moons", "Spiral", "Fashion-MNIST"]


def test_recent_checkpoints_are_offered_where_they_still_are(qtbot, tmp_path):
    there, folder, data = tmp_path / "mine.safetensors", tmp_path / "unet", tmp_path / "points.safetensors"
    there.touch()
    folder.mkdir()  # a checkpoint may be a folder
    data.touch()
    first = MainWindow()
    first.store.remember_file(data)
    for path in (data, there, folder, tmp_path / "gone.safetensors"):
        first.store.remember_file(path, is_network=True)
    first.store.remember_file(data)  # it holds something else now
    first.close()
    second = MainWindow()
    lines = {choice.value: choice.title for choice in second.panels.model.fields["network"].choices}
    second.close()
    assert lines[str(there)] == "mine"
    assert lines[str(folder)] == "unet"
    assert str(data) not in lines
    assert len(lines) == 6


def test_a_bundled_network_opens_when_it_is_chosen(qtbot, window):
    pick(qtbot, window.panels.model.fields["network"], bundled.path("two-moons"))
    run = finished(qtbot, window, lambda run: run.settings.driver == "network")
    assert run.settings.network == bundled.path("two-moons")
    assert window.panels.model.fields["network"].editor.currentText() == "Two moons"
    assert window.store.settings.recent_files == ()  # those of the program are always there


def test_the_card_lies_in_a_corner_and_can_be_reached_with_keys(still):
    card, plane = still.welcome.card, still.views.plane
    assert card.isVisible()
    assert still.centralWidget().rect().contains(card.geometry())
    centre = plane.ground.mapTo(still.centralWidget(), plane.ground.rect().center())
    assert not card.geometry().contains(centre)
    names = [control.accessibleName() for control in reading_order(still)]
    at = names.index("Put the welcome away")
    assert names[at + 1 : at + 4] == [title.rstrip("…") for _, title, _ in WAYS]


def test_the_card_goes_for_good_moves_nothing_and_comes_back_from_the_menu(still):
    before = [view.geometry() for view in (still.views.plane.ground, still.views.transport, still.panels.model)]
    QTest.mouseClick(button(still, "Put the welcome away"), LEFT)
    QApplication.processEvents()
    assert not still.welcome.card.isVisible()
    assert [v.geometry() for v in (still.views.plane.ground, still.views.transport, still.panels.model)] == before
    later = MainWindow()
    assert later.welcome.card.isHidden()
    later.close()
    still.actions_by_id["welcome"].trigger()
    assert still.welcome.card.isVisible()


def test_the_card_does_not_lie_over_the_controls_of_other_workspaces(still):
    still.actions_by_id["workspace.solvers"].trigger()
    assert still.welcome.card.isHidden()
    still.actions_by_id["welcome"].trigger()
    assert still.layout_of_docks.current.name == "explore"
    assert still.welcome.card.isVisible()


def test_two_moons_play_from_their_start(qtbot, window):
    window.playback.go(9)
    QTest.mouseClick(button(window, "Watch two moons"), LEFT)
    assert window.playback.playing
    assert window.state.selection.index == 0
    assert window.store.settings.greeted
    window.playback.pause()
    pick(qtbot, window.panels.model.fields["data"], "rings")
    finished(qtbot, window, lambda run: run.settings.data == "rings")
    window.actions_by_id["welcome"].trigger()
    QTest.mouseClick(button(window, "Watch two moons"), LEFT)
    finished(qtbot, window, lambda run: run.settings.data == "two-moons")
    qtbot.waitUntil(lambda: window.playback.playing, timeout=WAIT)


@pytest.mark.slow
def test_fashion_mnist_is_opened_with_its_network_and_runs_without_a_question(qtbot, window):
    asked = []
    window.player.drafting.data_offered.connect(asked.append)
    QTest.mouseClick(button(window, "Watch Fashion-MNIST"), LEFT)
    qtbot.waitUntil(lambda: window.state.run.settings.driver == "network", timeout=WAIT)
    assert (window.state.run.settings.data, window.state.run.settings.network) == (
        "fashion-mnist",
        bundled.path("fashion-mnist"),
    )
    assert window.state.errors == {}
    assert not asked
    qtbot.waitUntil(lambda: window.playback.playing, timeout=WAIT)


def test_own_files_are_asked_for(still):
    QTest.mouseClick(button(still, "Open your own"), LEFT)
    dialogs = [found for found in still.findChildren(QFileDialog) if found.isVisible()]
    assert len(dialogs) == 1
    dialogs[0].reject()
