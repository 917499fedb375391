"""The engine's loop ends unexpectedly: the window says so, offers a new engine, and closes at once."""

from __future__ import annotations

from dataclasses import replace

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from real_window import WAIT, closed, finished, opened, press, type_in

from app import main_window
from app.engine.contract import Answer
from app.engine.library import Library
from app.engine.messages import CloseNetwork, OpenData, StartRun
from app.engine.refusals import ENDED
from app.engine.thread import EngineThread
from app.rooms.schedule.messages import EndErrorTask

OWN = "class M:\n    shape = (2,)\n    def __call__(self, x, sigma): return x / (1 + sigma**2)\n"


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    made = opened(qtbot)
    yield made
    closed(made)


def kill(qtbot, monkeypatch, window, *queued):
    """End the engine's loop with an exception that nothing handles, with these commands behind it."""
    engine = window.engine

    def end(_library, _path):
        for command in queued:
            engine.submit(command)
        raise SystemExit(7)

    with monkeypatch.context() as patch:
        patch.setattr(Library, "close_network", end)
        with qtbot.waitSignal(engine.died, timeout=WAIT):
            engine.submit(CloseNetwork("any"))
    assert engine.wait(WAIT)


def message(window):
    return window.panels.status._message.text()


def test_the_window_says_it_and_restarts(qtbot, monkeypatch, window):
    action, run = window.actions_by_id["restart_engine"], window.state.run
    assert not action.isEnabled()
    kill(qtbot, monkeypatch, window)
    assert "The engine has stopped (SystemExit: 7)" in message(window)
    assert "Restart the engine" in message(window)
    assert action.isEnabled()
    old = window.engine
    action.trigger()
    assert window.engine is not old
    assert not action.isEnabled()
    assert "restarted" in message(window)
    qtbot.waitUntil(lambda: window.player.device != "", timeout=WAIT)
    assert window.state.run is run  # as it was shown
    assert run.trajectory is not None
    type_in(qtbot, window.panels.sampler.fields["steps"], "9")
    finished(qtbot, window, lambda run: run.settings.steps == 9 and run.linked)


@pytest.mark.slow
def test_a_network_of_ones_own_is_opened_again_and_the_draft_stays(qtbot, monkeypatch, window, tmp_path):
    (tmp_path / "own.py").write_text(f"{OWN}make = M\n", "utf-8")
    spec = f"{tmp_path / 'own.py'}:make"
    window.player.drafting.open_network(spec, own=True)
    finished(qtbot, window, lambda run: run.settings.network == spec)
    window.state.set_draft(replace(window.state.draft, sigma_max=7.0))
    draft, run = window.state.draft, window.state.run
    before = window.state.networks[spec]
    kill(qtbot, monkeypatch, window)
    window.actions_by_id["restart_engine"].trigger()
    qtbot.waitUntil(lambda: window.state.networks[spec] is not before, timeout=WAIT)
    assert window.state.draft == draft
    assert window.state.run is run
    press(qtbot, window, Qt.Key.Key_F5)
    finished(qtbot, window, lambda run: run.settings.sigma_max == 7.0 and run.settings.network == spec)


def test_what_waits_and_what_comes_later_is_refused(qtbot, monkeypatch, window):
    events = []  # but for answers to what the views had asked before
    window.engine.happened.connect(lambda event: isinstance(event, Answer) or events.append(event))
    settings = window.state.run.settings
    kill(qtbot, monkeypatch, window, OpenData("spiral", 20, 0), EndErrorTask(70, settings), StartRun(71, settings))
    assert [event.message for event in events] == [ENDED] * 3
    press(qtbot, window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.state.errors == {"driver": ENDED}, timeout=WAIT)
    assert window.player.computing is None


def test_a_run_that_was_computing_has_stopped(qtbot, monkeypatch, window):
    window.state.run.status = "computing"
    kill(qtbot, monkeypatch, window)
    assert (window.state.run.status, window.state.run.message) == ("stopped", ENDED)
    assert not window.state.run.linked


def test_a_window_without_its_engine_closes_at_once_and_completely(qtbot, monkeypatch, window):
    kill(qtbot, monkeypatch, window)
    waited, released = [], []
    wait = EngineThread.wait
    monkeypatch.setattr(EngineThread, "wait", lambda self, ms: waited.append(self.isFinished()) or wait(self, ms))
    monkeypatch.setattr(window.keys, "release", lambda release=window.keys.release: (released.append(1), release()))
    monkeypatch.setattr(main_window.os, "_exit", lambda code: pytest.fail("the process was ended"))
    window.close()
    assert waited == [True]  # there was nothing to wait for
    assert released == [1]
