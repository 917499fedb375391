"""The real window for tests of keys and focus: one for a whole module, worked as a person works it."""

from __future__ import annotations

import time
from dataclasses import fields

import pytest
from pausing import pause
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication

from app.main_window import MainWindow

WAIT = 60  # seconds, a bound for a stuck test, not a speed
Key, NONE = Qt.Key, Qt.KeyboardModifier.NoModifier
ALT, SHIFT, LEFT = Qt.KeyboardModifier.AltModifier, Qt.KeyboardModifier.ShiftModifier, Qt.MouseButton.LeftButton


def opened_once(tmp_path_factory):
    """A window for a whole module. No test leaves more behind than a run and a playhead."""
    patch = pytest.MonkeyPatch()
    patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
    patch.setattr(QApplication, "style", QApplication.style)
    window = MainWindow()
    window.first = window.focusWidget()
    window.resize(1280, 800)
    window.show()
    window.begin([])
    until(lambda: window.state.run is not None and window.state.run.status == "complete")
    window.player.drafting.edit({"data_count": 50})  # every change of a field computes it again
    until(lambda: window.state.draft.data_count == 50)  # the data are there, and with them their own proposals
    window.player.drafting.edit({"count": 4})
    settled(window)
    yield window
    window.close()
    assert not window.engine.isRunning()
    window.deleteLater()
    patch.undo()


def as_at_first(opened):
    """The workspace, the playhead, the tool and the focus with which every test begins."""
    activate(opened)
    opened.layout_of_docks.switch("explore")
    settled(opened)
    opened.playback.pause()
    opened.playback.go(3)
    opened.actions_by_id["tool.select"].trigger()
    opened.views.plane.setFocus()
    return opened


def until(check):
    end = time.monotonic() + WAIT
    while not check():
        pause(5)  # the engine computes meanwhile
        assert time.monotonic() < end, "it never comes"


def activate(window):
    """A list that has closed does not give the activity back on the offscreen platform."""
    window.activateWindow()
    until(window.isActiveWindow)


def settled(window):
    def done():
        run, draft = window.state.run, window.state.draft
        chosen = {name: value for name, value in vars_of(draft).items() if value is not None}
        return run.status == "complete" and chosen.items() <= vars_of(run.settings).items()

    until(done)


def vars_of(settings):
    return {item.name: getattr(settings, item.name) for item in fields(settings) if item.name != "options"}


def focus():
    return QApplication.focusWidget()


def press(key, modifier=NONE):
    """A key as the person presses it: the control that has the focus gets it."""
    QTest.keyClick(focus(), key, modifier)


def visit(control):
    """Tab until a control has the focus."""
    for _ in range(80):
        if focus() is control:
            return control
        press(Key.Key_Tab)
    raise AssertionError(f"Tab does not reach {control.accessibleName()}")


def click_text(field):
    QTest.mouseClick(field.editor.lineEdit(), LEFT)
    assert focus() is field.editor


def number(window, name="steps"):
    return window.panels.sampler.fields[name]
