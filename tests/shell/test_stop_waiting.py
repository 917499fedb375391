"""A denoiser of a person's own does not return: the window says so, leaves it, goes on, and closes with code 0."""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from PySide6.QtCore import Qt, QThread
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QToolButton
from real_window import WAIT, closed, finished, opened

from app.shell import engine_life
from app.shell.engine_life import EngineLife

ROOT = Path(__file__).parents[2]
SECONDS = 60  # a bound for a stuck process, not a speed
WAITS = """
import os, time
def held():
    while os.path.exists({hold!r}):
        time.sleep(0.01)
"""
OWN = """
class M:
    shape = (2,)
    def __call__(self, x, sigma):
        held()
        return x / (1 + sigma**2)
make = M
"""
MAKES = """
def make():
    held()
"""


@pytest.fixture
def window(qtbot, monkeypatch, tmp_path):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    monkeypatch.setattr(engine_life, "PATIENCE", 0.1)
    monkeypatch.setattr(engine_life, "LOOK_MS", 10)
    made = opened(qtbot)
    yield made
    (tmp_path / "hold").unlink(missing_ok=True)  # so that no thread is left for the next test
    qtbot.waitUntil(lambda: not made.engine_life.holding, timeout=WAIT)
    closed(made)


def written(folder, code):
    """The spec of a denoiser that does not return while the file "hold" is there."""
    (folder / "own.py").write_text(WAITS.format(hold=str(folder / "hold")) + code, "utf-8")
    return f"{folder / 'own.py'}:make"


def message(window):
    return window.panels.status._message.text()


def holds(qtbot, window, folder):
    """A run is held by the denoiser, and the window has said so."""
    spec = written(folder, OWN)
    window.player.drafting.open_network(spec, own=True)
    finished(qtbot, window, lambda run: run.settings.network == spec)
    (folder / "hold").touch()
    window.actions_by_id["run"].trigger()
    qtbot.waitUntil(window.actions_by_id["stop_waiting"].isEnabled, timeout=WAIT)
    return spec


def button(window):
    return next(each for each in window.panels.status.findChildren(QToolButton) if "Stop" in each.accessibleName())


@pytest.mark.slow
def test_what_does_not_return_is_said_and_the_seconds_are_counted(qtbot, window, tmp_path, monkeypatch, caplog):
    assert button(window).isHidden()
    with caplog.at_level(logging.INFO):
        holds(qtbot, window, tmp_path)
        assert button(window).isVisible()
        assert "own.py:make has not returned for 0 s" in message(window)
        call = window.engine.call
        monkeypatch.setattr(type(call), "seconds", property(lambda self: 12.4))
        qtbot.waitUntil(lambda: "has not returned for 12 s" in message(window), timeout=WAIT)
    assert len([line for line in caplog.messages if "has not returned" in line]) == 1
    (tmp_path / "hold").unlink()  # it returns after all
    qtbot.waitUntil(lambda: "has not returned" not in message(window), timeout=WAIT)
    assert not window.actions_by_id["stop_waiting"].isEnabled()
    assert button(window).isHidden()
    finished(qtbot, window)


def test_waiting_is_stopped_and_the_window_goes_on_without_it(qtbot, window, tmp_path, monkeypatch):
    spec, old, threads = holds(qtbot, window, tmp_path), window.engine, []
    let_go = EngineLife._let_go
    monkeypatch.setattr(
        EngineLife, "_let_go", lambda self, engine: threads.append(QThread.currentThread()) or let_go(self, engine)
    )
    run = window.state.run
    QTest.mouseClick(button(window), Qt.MouseButton.LeftButton)
    assert window.engine is not old
    assert "You stopped waiting for own.py:make." in message(window)
    assert (window.state.draft.network, window.state.draft.driver) == ("", "optimal")
    assert spec not in window.state.networks
    assert window.player.tasks == {}
    assert window.state.runs[run.id] is run  # what is shown stays
    assert not run.linked
    finished(qtbot, window, lambda run: run.linked and run.settings.driver == "optimal")  # the two moons, by D*
    assert old.isRunning()
    assert window.engine_life.holding
    (tmp_path / "hold").unlink()
    qtbot.waitUntil(lambda: not window.engine_life.holding and bool(threads), timeout=WAIT)
    assert threads == [window.thread()]
    assert window.state.run.linked  # nothing that the old thread said was heard


def test_what_holds_while_it_opens_is_left_too(qtbot, window, tmp_path):
    spec = written(tmp_path, MAKES)
    (tmp_path / "hold").touch()
    with qtbot.waitSignal(window.player.open_failed, timeout=WAIT) as failed:
        window.player.drafting.open_network(spec, own=True)
        qtbot.waitUntil(window.actions_by_id["stop_waiting"].isEnabled, timeout=WAIT)
        before = window.state.draft
        window.actions_by_id["stop_waiting"].trigger()
    assert failed.args[0].message == "You stopped waiting for own.py:make."
    assert window.state.draft == before
    qtbot.waitUntil(lambda: window.player.device != "", timeout=WAIT)


PROGRAM = """
import os, sys
sys.path.insert(0, {root!r})
from PySide6.QtCore import QTimer
from app.shell import engine_life
engine_life.PATIENCE, engine_life.LOOK_MS = 0.1, 10
import app.main_window as module

class Window(module.MainWindow):
    def begin(self, *arguments):
        super().begin(*arguments)
        self.turns = QTimer(self, interval=20)
        self.turns.timeout.connect(self.turn)
        self.turns.start()

    def turn(self):
        stop = self.actions_by_id["stop_waiting"]
        if stop.isEnabled():
            stop.trigger()
            print("stopped", flush=True)
            QTimer.singleShot(100, self.close)

module.MainWindow = Window
from app.application import main
sys.exit(main(["--denoiser", {spec!r}]))
"""


@pytest.mark.slow
def test_a_window_that_left_a_thread_closes_with_code_0(tmp_path):
    spec = written(tmp_path, OWN)
    (tmp_path / "hold").touch()  # for ever
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(root=str(ROOT), spec=spec)],
        cwd=tmp_path,
        env={**os.environ, "GEOMODEL_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"},
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    told = [line for line in process.stderr.splitlines() if "plugin does not support" not in line]
    assert (process.stdout, process.returncode, told) == ("stopped\n", 0, [])
    assert not (tmp_path / "home" / "open").exists()  # it was closed in good order
