"""How the process starts and ends: signals, the end of the session, a home that cannot be written, another folder."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from app.shell.settings_store import SettingsStore

ROOT = Path(__file__).parents[2]
WAIT = 60  # seconds: a bound for a stuck process, not a speed

# The program, which says when its window is open and then does what the test wants there.
PROGRAM = """
import os, signal, sys
sys.path.insert(0, {root!r})
sys.argv = ["main.py"]
signal.signal(signal.SIGINT, {interrupt})  # as a terminal's foreground job has it, or a background job
from PySide6.QtCore import QCoreApplication, QTimer
import app.main_window as module

class Window(module.MainWindow):
    def __init__(self):
        {built}
        super().__init__()

    def begin(self, *arguments):  # without an engine: other tests close it at work, and torch takes seconds
        QTimer.singleShot(0, self.opened)

    def opened(self):
        {opened}
        print("open", flush=True)

module.MainWindow = Window
from app.application import main
sys.exit(main([]))
"""
FOREGROUND = "signal.default_int_handler"


def start(tmp_path, opened="pass", built="pass", interrupt=FOREGROUND, home=None):
    """Start the program in another folder."""
    environment = {**os.environ, "GEOMODEL_HOME": str(home or tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
    return subprocess.Popen(
        [sys.executable, "-c", PROGRAM.format(root=str(ROOT), opened=opened, built=built, interrupt=interrupt)],
        cwd=tmp_path,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def opened(process):
    """Wait until the window is open."""
    assert process.stdout.readline() == "open\n", process.communicate(timeout=WAIT)[1]


def ended(process):
    """Exit code and what was written to stderr."""
    _, errors = process.communicate(timeout=WAIT)
    return process.returncode, errors


@pytest.mark.skipif(sys.platform == "win32", reason="no process can send these there")
@pytest.mark.parametrize(("name", "code"), [("SIGINT", 130), ("SIGTERM", 0), ("SIGHUP", 0)])
@pytest.mark.slow
def test_a_signal_closes_the_window_in_good_order(tmp_path, name, code):
    process = start(tmp_path)
    opened(process)
    process.send_signal(getattr(signal, name))
    assert ended(process) == (code, "")
    assert json.loads((tmp_path / "home" / "settings.json").read_text("utf-8"))["layouts"]
    assert not (tmp_path / "home" / "open").exists()


@pytest.mark.skipif(sys.platform == "win32", reason="no process can send these there")
@pytest.mark.slow
def test_a_signal_before_the_window_is_there_is_not_lost(tmp_path):
    process = start(tmp_path, built="os.kill(os.getpid(), signal.SIGTERM)")
    opened(process)
    assert ended(process) == (0, "")


@pytest.mark.skipif(sys.platform == "win32", reason="no process can send these there")
@pytest.mark.slow
def test_a_signal_that_the_shell_ignores_is_ignored(tmp_path):
    kept = "print(signal.getsignal(signal.SIGINT) is signal.SIG_IGN); self.close()"
    process = start(tmp_path, kept, interrupt="signal.SIG_IGN")
    assert process.stdout.readline() == "True\n"
    assert ended(process) == (0, "")


def test_the_end_of_the_session_keeps_the_layout(tmp_path):
    # Python cannot emit the signal, because only Qt has a session manager: who hears it is called instead.
    end = "print(QCoreApplication.instance().receivers('2commitDataRequest(QSessionManager&)')); "
    process = start(tmp_path, f"{end} self.keep_layout(); sys.stdout.flush(); os._exit(3)")
    assert process.stdout.readline() == "1\n"
    assert ended(process) == (3, "")  # the desktop does not wait
    assert json.loads((tmp_path / "home" / "settings.json").read_text("utf-8"))["layouts"]
    assert not (tmp_path / "home" / "open").exists()


def test_a_home_that_cannot_be_written_opens_the_window_with_a_sentence(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    say = "print(self.panels.status._message.text()); QTimer.singleShot(0, self.close)"
    process = start(tmp_path, say, home=tmp_path / "file" / "home")
    sentence = process.stdout.readline()
    assert "cannot be written" in sentence
    opened(process)
    code, errors = ended(process)
    assert code == 0
    told = [line for line in errors.splitlines() if "propagateSizeHints" not in line]  # of the offscreen platform
    assert [line.partition("WARNING ")[2].partition(":")[0] for line in told] == [
        "app.message",
        "app.shell.settings_store",
    ]
    assert (tmp_path / "file").read_text() == "not a folder"


def test_settings_that_cannot_be_written_hold_for_the_session_and_are_logged_once(tmp_path, caplog):
    (tmp_path / "file").write_text("not a folder")
    store = SettingsStore(tmp_path / "file" / "home" / "settings.json")
    assert not store.mark_open()
    store.change(speed=2.0)
    store.change(speed=4.0)
    store.mark_closed()
    assert store.settings.speed == 4.0
    assert len(caplog.records) == 1


def test_a_crash_leaves_its_mark(tmp_path):
    store = SettingsStore(tmp_path / "settings.json")
    assert not store.mark_open()
    assert SettingsStore(tmp_path / "settings.json").mark_open()
    store.mark_closed()
    assert not store.mark_open()


@pytest.mark.skipif(sys.platform != "linux", reason="other systems always have a display")
def test_a_platform_that_is_not_there_is_one_sentence(tmp_path):
    result = subprocess.run(
        [sys.executable, str(ROOT / "main.py")],
        cwd=tmp_path,
        env={**os.environ, "GEOMODEL_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "nonsense"},
        capture_output=True,
        text=True,
        timeout=WAIT,
        check=False,
    )
    assert result.returncode == 1
    assert len(result.stderr.splitlines()) == 1
    assert "offscreen" in result.stderr
