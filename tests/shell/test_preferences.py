"""Preferences in the real window: each takes effect or says when it will. The question at closing."""

from __future__ import annotations

import logging

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QMessageBox
from real_window import WAIT, closed, finished, kept, opened, press, type_in

import resources
from app.engine.library import Library
from app.engine.messages import Machine
from app.shell import file_dialogs
from app.shell.settings_store import SettingsStore
from geomodel import memory

CTRL = Qt.KeyboardModifier.ControlModifier
windows = pytest.fixture(scope="module")(kept)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    return windows[0]


@pytest.fixture
def dialog(qtbot, window):
    press(qtbot, window, Qt.Key.Key_Comma, CTRL)
    made = window.preferences.dialog
    qtbot.waitUntil(made.isActiveWindow, timeout=WAIT)
    yield made
    qtbot.keyClick(made, Qt.Key.Key_Escape)
    assert window.preferences.dialog is None
    window.store.change(theme="light", memory_share=0.25, log_level="info", folder="")
    window.choose_theme()
    memory.use_share(0.25)
    logging.getLogger().setLevel(logging.INFO)


def test_every_control_is_reached_by_tab_in_reading_order(qtbot, dialog):
    dialog.fields["theme"].setFocus()
    seen = []
    for _ in range(len(dialog.fields) + 2):
        widget = dialog.focusWidget()
        seen.append(widget.accessibleName() or widget.text())
        qtbot.keyClick(widget, Qt.Key.Key_Tab)
    titles = [field.limits.title for field in dialog.fields.values()]
    at = titles.index("Save in") + 1
    assert seen == [*titles[:at], "Choose the folder to save in", *titles[at:], "Close"]


def test_what_takes_effect_does_so_at_once(qtbot, window, dialog, tmp_path):
    combo = dialog.fields["theme"].editor
    combo.setFocus()
    qtbot.keyClick(combo, Qt.Key.Key_End)
    assert window.store.settings.theme == "dark"
    assert window.actions_by_id["theme"].isChecked()
    type_in(qtbot, dialog.fields["memory_share"], "0.5")
    assert memory.budget() == memory.physical() // 2
    assert dialog.isVisible()  # Enter belongs to the field
    dialog.fields["log_level"]._activated(2)
    assert logging.getLogger().level == logging.ERROR
    type_in(qtbot, dialog.fields["folder"], str(tmp_path))
    asked = file_dialogs.ask_save(window, "run", "x", print, store=window.store, say=print)
    assert asked.directory().path() == str(tmp_path)
    asked.reject()
    assert not window.welcome.card.isHidden()
    qtbot.mouseClick(dialog.fields["welcome"].editor, Qt.MouseButton.LeftButton)
    assert window.welcome.card.isHidden()
    assert SettingsStore(window.store.path).settings == window.store.settings  # in the file too


def test_what_is_wrong_is_explained_and_not_kept(qtbot, window, dialog):
    before = window.store.settings
    for name, text, clause in (
        ("memory_share", "7", "must be at most 0.9"),
        ("threads", "1.5", "is a whole number"),
        ("font_scale", "0", "must be at least 0.5"),
        ("folder", "/nowhere/at/all", "is no folder"),
        ("folder", "x" * 300, "is no folder"),
    ):
        field = dialog.fields[name]
        type_in(qtbot, field, text)
        assert clause in field.error
        assert field.error in dialog._result.error
        field.set_value(None)
        field.set_value(getattr(before, name))
    assert window.store.settings == before


def test_what_waits_for_the_next_start_says_so(window, dialog):
    layout = dialog.layout().itemAt(0).layout()
    notes = {}
    for name, field in dialog.fields.items():
        row = layout.getItemPosition(layout.indexOf(field))[0]
        item = layout.itemAtPosition(row, 2)
        notes[name] = item.widget().text() if item is not None else ""
    later = {name for name, note in notes.items() if note.endswith("after the next start")}
    assert later == {"font_scale", "device", "precision", "threads"}
    window.store.change(device="cpu", threads=1, precision="bfloat16")
    pieces = str(window.store.path.with_name("pieces.json"))
    assert window.store.machine == Machine(device="cpu", threads=1, precision="bfloat16", pieces=pieces)
    window.store.change(device="auto", threads=0, precision="float32")


@pytest.mark.parametrize(("asked", "given"), [("cpu", "cpu"), ("auto", "cpu"), ("cuda", "cpu"), ("mps", "cpu")])
def test_a_device_that_is_not_there_is_replaced_with_a_line_in_the_log(monkeypatch, caplog, asked, given):
    torch = pytest.importorskip("torch")
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    assert Library(Machine(device=asked))._chosen_device() == given
    assert [record.levelname for record in caplog.records] == ["WARNING"] * (asked in ("cuda", "mps"))


def test_frame_tool_and_sampler_are_remembered(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path / "other"))
    first = opened(qtbot)
    first.actions_by_id["frame.run"].trigger()
    first.actions_by_id["tool.probe"].trigger()
    first.player.drafting.edit({"solver": "euler", "steps": 9})
    finished(qtbot, first, lambda run: run.settings.steps == 9)
    first.store.change(ask_at_closing=True)
    # closing asks about the run, because a person wants that
    first.close()
    box = next(box for box in first.findChildren(QMessageBox) if box.isVisible())
    assert "Euler (DDIM), 9 steps, Two moons" in box.text()
    assert first.engine.isRunning()
    qtbot.keyClick(box, Qt.Key.Key_Escape)
    assert first.isVisible()
    first.sessions._save(str(tmp_path / "s.geomodel"))
    qtbot.waitUntil(lambda: first.unsaved.names() == [], timeout=WAIT)
    closed(first)  # now nobody asks
    second = opened(qtbot)
    try:
        options = second.state.plane_options
        assert (options.frame, options.tool) == ("run", "probe")
        assert second.actions_by_id["tool.probe"].isChecked()
        assert (second.state.run.settings.solver, second.state.run.settings.steps) == ("euler", 9)
        assert not second.state.errors
    finally:
        second.store.change(ask_at_closing=False)
        closed(second)


def test_a_network_for_which_bfloat16_is_no_gain_is_what_it_was(caplog):
    """Its weights may have been rounded when that is found out, so they are read again."""
    torch = pytest.importorskip("torch")
    path = str(resources.path("checkpoints", "two-moons.safetensors"))
    plain, asked = Library(), Library(Machine(precision="bfloat16"))
    for library in (plain, asked):
        library._device = "cpu"
    with caplog.at_level(logging.INFO):
        network = asked.network(path)
    assert network.info.precision == "float32"
    assert any("is opened in float32" in record.message for record in caplog.records)
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(network(x, 0.5), plain.network(path)(x, 0.5), rtol=0, atol=0)
