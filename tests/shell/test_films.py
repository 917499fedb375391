"""Films in the real window: asked for by keys, made while the window answers, cancelled by Esc."""

from __future__ import annotations

import pytest
from films import changed, shown
from PySide6.QtCore import Qt
from real_window import WAIT, choose_file, kept, opened, press

from app.shell.films import ARRANGEMENT, NO_RUN


@pytest.fixture(scope="module")
def windows(qapp, tmp_path_factory):
    """Where the one window is kept; the first test opens it."""
    yield from kept(tmp_path_factory)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    window = windows[0]
    window.playback.go(7)
    yield window
    if window.films.dialog is not None:
        window.films.dialog.stop()
        window.films.dialog.close()


def _asked(qtbot, window, **values):
    """The dialog as Ctrl+Alt+P opens it, with these values."""
    press(qtbot, window, Qt.Key.Key_P, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    dialog = window.films.dialog
    qtbot.waitUntil(dialog.isVisible, timeout=WAIT)
    for name, value in {"size": (640, 360), **values}.items():
        getattr(dialog, f"_{name}").set_value(value)
    return dialog


def _save(qtbot, dialog, path):
    dialog.activateWindow()
    dialog._rate.setFocus()
    qtbot.keyClick(dialog, Qt.Key.Key_Return)
    choose_file(qtbot, path)


def test_the_whole_arrangement_is_filmed_and_the_playhead_stays(qtbot, window, tmp_path):
    told, before = [], window.state.selection
    window.state.selection_changed.connect(lambda: told.append(window.state.selection))
    dialog = _asked(qtbot, window, view=ARRANGEMENT, kind="gif", rate=10.0, hold=0.5)
    assert not dialog.isModal()
    turns = []
    _save(qtbot, dialog, tmp_path / "a.gif")
    qtbot.waitUntil(lambda: turns.append(window.isEnabled()) or (tmp_path / "a.gif").exists(), timeout=WAIT)
    assert len(turns) > 5  # the window had its turns between the frames
    seen, times = shown(tmp_path / "a.gif")
    levels = len(window.state.run.sigmas)
    assert times == [100] * (levels - 1) + [600]
    assert seen[0].shape == (360, 640, 3)
    for left, right in ((0, 380), (420, 640)):  # the plane, and the measures beside it
        assert all(changed(seen[at][:, left:right], seen[at + 3][:, left:right]) for at in range(levels - 3))
    assert window.state.selection == before
    assert told == []
    qtbot.waitUntil(lambda: window.films.dialog is None, timeout=WAIT)
    assert "a.gif" in window.panels.status._message.text()


def test_escape_cancels_the_film_and_then_closes(qtbot, window, tmp_path):
    dialog = _asked(qtbot, window, view="plane", kind="gif", size=(1920, 1080))
    _save(qtbot, dialog, tmp_path / "a.gif")
    qtbot.waitUntil(lambda: dialog.filming is not None and dialog._progress.value() > 0, timeout=WAIT)
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert dialog.filming is None
    assert list(tmp_path.iterdir()) == []
    assert "cancelled" in dialog._result.usual.text()
    assert dialog._rate.isEnabled()
    qtbot.keyClick(dialog, Qt.Key.Key_Escape)
    assert not dialog.isVisible()


def test_a_view_with_nothing_to_film_says_why(qtbot, window, tmp_path):
    dialog = _asked(qtbot, window, view="strip", kind="gif")
    dialog._begin(str(tmp_path / "a.gif"))
    assert dialog._result._errors["file"].startswith("There is nothing to film. The strip shows image data.")
    run = window.state.run
    trajectory, run.trajectory = run.trajectory, None
    dialog._begin(str(tmp_path / "a.gif"))
    run.trajectory = trajectory
    assert dialog._result._errors["file"] == NO_RUN


def test_pressing_the_key_again_shows_the_dialog_that_is_there(qtbot, window):
    first = _asked(qtbot, window)
    assert _asked(qtbot, window) is first
