"""The session is kept while it changes, and offered after a crash: by a line with a button, and by a key."""

from __future__ import annotations

import threading

import pytest
from PySide6.QtCore import Qt
from real_window import WAIT, closed, finished, opened, press

from app.shell.autosave import LAST, PRESENT
from app.shell.settings_store import home
from geomodel import session_files

CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return tmp_path_factory.mktemp("home")


@pytest.fixture(scope="module")
def windows(folder):
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(folder))
        yield found
        closed(found[0])


@pytest.fixture
def window(qtbot, windows, folder, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(folder))
    if not windows:
        windows.append(opened(qtbot))
    return windows[0]


def a_minute_later(qtbot, window):
    """What the timer does a minute after a change, and the thread of the files after that."""
    assert window.autosave._timer.isActive()
    window.autosave._timer.timeout.emit()
    done = []
    window.sessions.disk.submit(lambda: None, done.append, done.append)
    qtbot.waitUntil(lambda: bool(done), timeout=WAIT)


def edited(qtbot, window, steps):
    window.player.drafting.edit({"steps": steps})
    return finished(qtbot, window, lambda run: run.settings.steps == steps)


def test_a_crash_costs_a_minute(qtbot, window, monkeypatch):
    present, last, status = home() / PRESENT, home() / LAST, window.panels.status
    a_minute_later(qtbot, window)
    assert not present.exists()  # nobody has done anything yet
    edited(qtbot, window, 5)
    writers = []
    write = session_files.Writer.write

    def noted(*arguments):
        writers.append(threading.current_thread())
        write(*arguments)

    monkeypatch.setattr(session_files.Writer, "write", noted)
    a_minute_later(qtbot, window)
    assert [thread.name for thread in writers] == ["files"]
    assert present.stat().st_mode & 0o077 == 0  # it names the files that a person opened
    window.playback.go(3)
    assert len(session_files.read(present)[1]) == 1
    assert not status._reopen_last.isVisible()
    window.autosave._lock.unlock()  # the process dies here, and another window opens
    other = opened(qtbot)
    try:
        assert other.panels.status._reopen_last.isVisible()
        assert "ended unexpectedly" in other.panels.status._message.text()
        assert not present.exists()
        assert last.exists()
        press(qtbot, other, Qt.Key.Key_R, CTRL_ALT)
        qtbot.waitUntil(lambda: other.state.run.settings.steps == 5, timeout=WAIT)
        assert not other.panels.status._reopen_last.isVisible()
        assert "unexpectedly" not in other.panels.status._message.text()
        assert other.state.run.status == "complete"
    finally:
        closed(other)
    assert present.exists()  # what was open at closing is the last session of the next window
    assert not (home() / "open").exists()


def test_without_autosave_nothing_is_written(qtbot, window):
    window.store.change(autosave=False)
    edited(qtbot, window, 7)
    (home() / PRESENT).unlink(missing_ok=True)
    a_minute_later(qtbot, window)
    window.store.change(autosave=True)
    assert not (home() / PRESENT).exists()


def test_a_folder_that_cannot_be_written_is_said_once(qtbot, window, monkeypatch):
    edited(qtbot, window, 8)
    said = []
    window.documents.said.connect(lambda text, error, cause: said.append(text))

    def full(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(session_files.Writer, "write", full)
    a_minute_later(qtbot, window)
    edited(qtbot, window, 9)
    a_minute_later(qtbot, window)
    assert [text for text in said if "No space left" in text] == [
        f"The session is not kept. {home() / PRESENT} could not be written: No space left on device."
    ]


@pytest.mark.slow
def test_two_windows_at_once_do_not_take_each_others_session(qtbot, window):
    edited(qtbot, window, 10)
    a_minute_later(qtbot, window)
    kept = (home() / PRESENT).read_bytes()
    other = opened(qtbot)
    try:
        assert not other.panels.status._reopen_last.isVisible()
        edited(qtbot, other, 11)
        a_minute_later(qtbot, other)
    finally:
        closed(other)
    assert (home() / PRESENT).read_bytes() == kept
