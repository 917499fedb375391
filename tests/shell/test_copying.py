"""Runs of the real window, copied as code by keys and menus, give their numbers again."""

from __future__ import annotations

import shlex
from dataclasses import replace

import pytest
import torch
from code_of_runs import NETWORK, here, same
from gestures import choose_entry, right_click
from PySide6.QtCore import QEvent, Qt
from PySide6.QtWidgets import QApplication, QTreeWidget
from real_window import finished, kept, opened, press
from saved_runs import make_run

import geomodel as gm
from app.main_window import MainWindow
from app.session.code_of_runs import NO_RUN, OWN_CODE, UNFINISHED, why_not
from app.session.state import Run
from geomodel import cli
from geomodel.settings import RunSettings

Key, Control = Qt.Key, Qt.KeyboardModifier.ControlModifier


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Where the one window is kept; the first test opens it."""
    before = torch.get_num_threads()
    yield from kept(tmp_path_factory)
    torch.set_num_threads(before)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    (window,) = windows
    QApplication.clipboard().clear()
    yield window
    if (menu := QApplication.activePopupWidget()) is not None:
        menu.close()
    QApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)


def said(window):
    return window.panels.status._message.text()


def computed(qtbot, window, **changes):
    """A run of the draft with changes, which has been computed."""
    window.state.set_draft(replace(window.state.draft, steps=4, count=5, **changes))
    window.actions_by_id["run"].trigger()
    return finished(qtbot, window, lambda run: all(getattr(run.settings, k) == v for k, v in changes.items()))


def test_without_a_run_the_actions_say_why(qtbot):
    window = MainWindow()
    qtbot.addWidget(window)
    for name in ("copy_python", "copy_command"):
        action = window.actions_by_id[name]
        assert not action.isEnabled()
        assert action.toolTip().endswith(NO_RUN)
    window.close()


def test_a_run_that_is_not_finished_or_of_own_code_has_none():
    assert why_not(Run(1, RunSettings(), "computing")) == UNFINISHED
    run = Run(1, RunSettings(network="/there/mine.py:make"), "complete", trajectory=make_run())
    assert why_not(run) == OWN_CODE


def test_a_key_copies_the_selected_run_as_python(qtbot, window):
    run = computed(qtbot, window, seed=3, solver="churn")
    assert NO_RUN not in window.actions_by_id["copy_python"].toolTip()
    press(qtbot, window, Key.Key_C, Control | Qt.KeyboardModifier.AltModifier)
    script = QApplication.clipboard().text()
    assert (
        said(window) == f"Copied as Python: a script of {len(script.splitlines())} lines that computes this run again."
    )
    assert same(run.trajectory, here(script)["run"])


def test_a_network_runs_again_as_a_command_line(qtbot, window, tmp_path):
    window.player.drafting.open_network(NETWORK["network"])
    qtbot.waitUntil(lambda: window.state.network is not None, timeout=60_000)
    run = computed(qtbot, window, driver="network", solver="heun", seed=4)
    window.actions_by_id["copy_command"].trigger()
    command = QApplication.clipboard().text()
    assert said(window).startswith("Copied as a command line")
    assert cli.run(cli.parse([*shlex.split(command)[2:], "--out", str(tmp_path)])) == 0
    assert same(run.trajectory, gm.Trajectory.load(tmp_path / "run.npz"))


def test_the_menu_of_a_run_copies_that_run(qtbot, window):
    first = computed(qtbot, window, seed=8)
    first.pinned = True
    window.state.runs_changed.emit()
    computed(qtbot, window, seed=9)
    tree = window.panels.runs.findChild(QTreeWidget)
    at = list(window.state.runs).index(first.id)
    right_click(tree.viewport(), tree.visualItemRect(tree.topLevelItem(at)).center())
    choose_entry(qtbot, "Copy as Python")
    assert "seed=8," in QApplication.clipboard().text()
    assert window.state.run is not first


def test_what_a_command_line_cannot_hold_is_said(qtbot, window):
    levels = tuple(20 / (k + 1) for k in range(6_000))
    run = window.state.run
    kept_settings, run.settings = run.settings, replace(run.settings, schedule="custom", levels=levels)
    window.actions_by_id["copy_command"].trigger()
    run.settings = kept_settings
    assert said(window) == (
        "⚠ A list of levels or a drawing is longer than a command line takes; copy the run as Python."
    )
    assert QApplication.clipboard().text() == ""
