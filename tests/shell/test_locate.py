"""A run without its data and network: the window says what is missing, and a person locates it."""

from __future__ import annotations

import shutil

import numpy as np
import pytest
from parts import button
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication
from real_window import WAIT, choose_file, closed, opened

import geomodel as gm
import resources
from geomodel import runs
from geomodel.settings import RunSettings

LEFT = Qt.MouseButton.LeftButton


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """A run in one folder, and what it was made of, and other files, in another."""
    here, there = tmp_path_factory.mktemp("inbox") / "runs", tmp_path_factory.mktemp("data")
    here.mkdir()
    rng = np.random.default_rng(0)
    np.savetxt(there / "points.csv", rng.normal(size=(40, 2)), delimiter=",")
    np.savetxt(there / "other.csv", rng.normal(size=(40, 2)), delimiter=",")
    network = str(there / "own net.safetensors")
    shutil.copy(resources.path("checkpoints", "two-moons.safetensors"), network)
    settings = RunSettings(data=str(there / "points.csv"), network=network, driver="network", steps=4, count=2)
    data = gm.datasets.load(there / "points.csv")
    runs.compute(settings, data, gm.load_checkpoint(network)).save(here / "run.npz")
    return here / "run.npz", there


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    made = opened(qtbot)
    yield made
    closed(made)


def open_run(qtbot, window, path):
    with qtbot.waitSignal(window.player.opened, timeout=WAIT):
        window.documents.open_path(str(path))
    window.playback.pause()
    return window.state.run


def locate_button(window):
    return button(window.views.plane, "Locate…")


def press_locate(qtbot, window, path):
    qtbot.waitUntil(lambda: locate_button(window).isVisible(), timeout=WAIT)
    qtbot.mouseClick(locate_button(window), LEFT)
    choose_file(qtbot, path)


def test_the_button_leads_to_what_is_missing(qtbot, window, files):
    path, there = files
    assert not locate_button(window).isVisible()
    assert not window.actions_by_id["locate"].isEnabled()
    run = open_run(qtbot, window, path)
    assert "need the data points.csv" in window.views.plane.picture.caption
    assert window.actions_by_id["locate"].isEnabled()
    press_locate(qtbot, window, there / "other.csv")
    qtbot.waitUntil(lambda: "holds other data than" in window.panels.status._message.text(), timeout=WAIT)
    assert run.source is None
    press_locate(qtbot, window, there / "points.csv")
    qtbot.waitUntil(lambda: run.wanted is not None and run.wanted.kind == "network", timeout=WAIT)
    assert run.source.name == str(there / "points.csv")
    assert "needs the network" in window.views.plane.picture.caption
    press_locate(qtbot, window, there / "own net.safetensors")
    qtbot.waitUntil(lambda: run.linked, timeout=WAIT)
    assert (run.caption, run.wanted) == ("", None)
    assert not locate_button(window).isVisible()
    assert not window.actions_by_id["locate"].isEnabled()
    assert "has what it was made of" in window.panels.status._message.text()
    assert window.state.data.name == "two-moons"  # what a new run starts from is as it was
    qtbot.waitUntil(lambda: window.views.plane.picture.background is not None, timeout=WAIT)


def test_data_and_network_that_a_person_opens_are_recognised(qtbot, window, files):
    path, there = files
    run = open_run(qtbot, window, path)
    window.player.drafting.open_data(str(there / "points.csv"))
    qtbot.waitUntil(lambda: run.source is not None, timeout=WAIT)
    window.player.drafting.open_network(str(there / "own net.safetensors"))
    qtbot.waitUntil(lambda: run.linked, timeout=WAIT)


def test_the_button_belongs_to_the_selected_run(qtbot, window, files):
    first = window.state.run
    run = open_run(qtbot, window, files[0])
    qtbot.waitUntil(lambda: locate_button(window).isVisible(), timeout=WAIT)
    window.state.select(run_id=first.id)
    assert not locate_button(window).isVisible()
    assert not window.actions_by_id["locate"].isEnabled()
    window.player.remove(run.id)
    window.player.saved_runs.locate(run.id, str(files[1] / "points.csv"))  # chosen in a dialog that stayed open
    assert run.id not in window.state.runs
