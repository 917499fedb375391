"""Saving the chosen network from the window, through the real menu, keys and dialog."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest
import torch
from PySide6.QtCore import Qt, QTimer
from PySide6.QtWidgets import QApplication, QMessageBox
from real_window import WAIT, choose_file, closed, opened, press
from state_dicts import ANSWERS, SHAPE, state_dict

import resources
from app import application
from app.engine import tasks
from app.engine.messages import OpenNetwork
from app.main_window import MainWindow
from app.shell.file_dialogs import SAVE
from geomodel import checkpoints
from geomodel.checkpoints import load_checkpoint
from geomodel.checkpoints.hints import nested

MOONS = str(resources.path("checkpoints", "two-moons.safetensors"))


@pytest.fixture
def window(qtbot, monkeypatch, tmp_path_factory):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
    window = opened(qtbot)
    yield window
    closed(window)


def said(window):
    found = []
    window.documents.said.connect(lambda text, is_error, cause: found.append((text, is_error, cause)))
    return found


def saving(window):
    return [name for name in window.player.tasks.values() if name.startswith("saving")]


def open_network(qtbot, window, path):
    window.player.drafting.open_network(path)
    qtbot.waitUntil(lambda: window.state.network is not None and window.state.network.path == path, timeout=WAIT)


def save_as(qtbot, window, path):
    press(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    choose_file(qtbot, path)


def test_a_network_is_saved_and_opens_again(qtbot, window, tmp_path):
    action = window.actions_by_id["save_network"]
    assert not action.isEnabled()
    open_network(qtbot, window, MOONS)
    assert action.isEnabled()
    heard = said(window)
    save_as(qtbot, window, tmp_path / "mine")
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    assert heard == [(f"Saved {tmp_path / 'mine.safetensors'}.", False, SAVE)]
    assert load_checkpoint(tmp_path / "mine.safetensors").info.recipe == load_checkpoint(MOONS).info.recipe
    assert saving(window) == []
    window.player.close_network()
    assert not action.isEnabled()


@pytest.mark.slow
def test_the_file_of_an_open_network_is_left_alone(qtbot, window, tmp_path):
    source = tmp_path / "a.safetensors"
    source.write_bytes(Path(MOONS).read_bytes())
    open_network(qtbot, window, str(source))
    heard = said(window)
    QTimer.singleShot(0, lambda: replace_it(qtbot))
    save_as(qtbot, window, source)
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    text = f"{source} is the file of an open network, so nothing was saved. Choose another name."
    assert heard == [(text, True, SAVE)]
    assert source.read_bytes() == Path(MOONS).read_bytes()


def replace_it(qtbot):
    """Say yes when the dialog asks whether to replace the file."""
    boxes = [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox) and box.isVisible()]
    if boxes:
        qtbot.mouseClick(boxes[0].button(QMessageBox.StandardButton.Yes), Qt.MouseButton.LeftButton)
    else:
        QTimer.singleShot(10, lambda: replace_it(qtbot))


@pytest.mark.slow
def test_a_network_of_another_program_is_converted(qtbot, window, tmp_path):
    source, out = str(state_dict(tmp_path / "model.pt")), tmp_path / "model.safetensors"
    window.player.submit(OpenNetwork(source, answers=ANSWERS))
    qtbot.waitUntil(lambda: source in window.state.networks, timeout=WAIT)
    window.player.drafting.edit({"network": source})
    heard = said(window)
    save_as(qtbot, window, out)
    qtbot.waitUntil(lambda: (f"Saved {out}.", False, SAVE) in heard, timeout=WAIT)
    model, again = load_checkpoint(source, hints=nested(ANSWERS)), load_checkpoint(out)
    x = torch.randn(2, *SHAPE, dtype=torch.float64)
    assert torch.equal(model(x, 0.7), again(x, 0.7))


def test_the_command_line_may_have_answered(qtbot, monkeypatch, tmp_path_factory, tmp_path):
    """What `main.py --model FILE --hint NAME=VALUE` does once the window is there."""
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
    source = str(state_dict(tmp_path / "model.pt"))
    window = MainWindow()
    window.show()
    window.begin([source], "", {source: ANSWERS})
    qtbot.waitUntil(lambda: source in window.state.networks, timeout=WAIT)
    assert window.state.networks[source].info.hints == ANSWERS
    closed(window)


def test_hints_that_cannot_be_read_open_no_window(monkeypatch, capsys):
    monkeypatch.setattr(application, "show", lambda *_: pytest.fail("a window was opened"))
    assert application.main(["--model", MOONS, "--hint", "num_heads"]) == 2
    assert "--hint takes NAME=VALUE" in capsys.readouterr().err
    assert application.main(["--hint", "num_heads=4"]) == 2
    assert "--model" in capsys.readouterr().err


@pytest.mark.slow
def test_cancel_stops_the_saving(qtbot, window, tmp_path, monkeypatch):
    def endless(network, path, *, progress):
        while True:
            progress(0.25)
            threading.Event().wait(0.01)  # lets the window's thread run

    monkeypatch.setattr(tasks, "TELL_SECONDS", -1.0)
    monkeypatch.setattr(checkpoints, "save", endless)
    open_network(qtbot, window, MOONS)
    heard = said(window)
    save_as(qtbot, window, tmp_path / "mine")
    qtbot.waitUntil(lambda: saving(window) == ["saving mine.safetensors, 25 %"], timeout=WAIT)
    assert "saving mine.safetensors, 25 %" in window.panels.status._facts.text()
    qtbot.mouseClick(window.panels.status._cancel, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    assert heard == [("Saving mine.safetensors was cancelled, so nothing was written.", False, SAVE)]
    assert saving(window) == []
    assert window.engine.isRunning()
