"""The window opened from a script or a notebook, on a run and on a denoiser of Python."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from code_of_runs import ROOT
from real_window import WAIT, finished

import geomodel as gm
from app import showing
from geomodel import cli

SETTINGS = gm.settings.RunSettings(data_count=60, count=3, steps=4)
NETWORK_DRIVES = {"driver": "network", "count": 3, "steps": 4, "beside": False}


@pytest.fixture(scope="module")
def run():
    return gm.runs.compute(SETTINGS, gm.datasets.load("two-moons", count=60))


class Halving:
    """A denoiser of somebody's script."""

    def __init__(self):
        self.rows = 0

    def __call__(self, x, sigma):
        self.rows += len(x)
        return x / (1 + torch.as_tensor(sigma).reshape(-1, 1) ** 2)


@pytest.fixture
def started(monkeypatch):
    """The processes that would be started: their arguments and environments."""
    found = []
    monkeypatch.setattr(subprocess, "Popen", lambda arguments, env, **more: found.append((arguments, env)))
    return found


def test_a_run_opens_in_a_process_of_its_own(started, run):
    gm.show(run, data="two-moons")
    ((arguments, environment),) = started
    parsed = cli.parse(arguments[3:])
    assert arguments[:2] == [sys.executable, "-c"]
    assert (parsed.command, parsed.data) == ("", "two-moons")
    assert np.array_equal(gm.Trajectory.load(parsed.files[0]).x, run.x)
    assert environment["PYTHONPATH"].split(os.pathsep)[0] == str(ROOT)


def test_data_of_every_kind_are_named(started, tmp_path, run):
    path, points = tmp_path / "run.npz", np.arange(8.0).reshape(4, 2)
    run.save(path)
    labelled = gm.datasets.load("two-moons", count=10)
    for data in (points, labelled, torch.tensor(points)):
        gm.show(path, data)
    for data, (arguments, _) in zip((points, labelled.points, points), started, strict=True):
        parsed = cli.parse(arguments[3:])
        assert parsed.files == [str(path)]
        opened = gm.datasets.load(parsed.data)
        np.testing.assert_array_equal(opened.points, data)
    assert np.array_equal(gm.datasets.load(cli.parse(started[1][0][3:]).data).labels, labelled.labels)


def test_what_cannot_be_shown_is_said(tmp_path):
    with pytest.raises(ValueError, match=r"none\.npz"):
        gm.show(tmp_path / "none.npz")
    with pytest.raises(ValueError, match=r"gm\.sample does not know"):
        gm.show(gm.sample(lambda x, sigma: x / 2, np.zeros((1, 2)), [2.0, 1.0], solver="euler"))
    with pytest.raises(ValueError, match="takes a run, the path of one, or a denoiser"):
        gm.show(3)
    with pytest.raises(ValueError, match="Nothing says the shape"):
        gm.show(lambda x, sigma: x)


def test_a_denoiser_opens_in_this_process_and_moves_the_samples(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path))
    model = Halving()
    data = gm.datasets.load("two-moons", count=50)
    window = gm.show(model, data)
    try:
        qtbot.waitUntil(lambda: bool(window.state.networks), timeout=WAIT)
        (path,) = window.state.networks
        assert Path(path.rpartition(":")[0]).name == "Halving.py"
        qtbot.waitUntil(lambda: window.state.data is not None and len(window.state.data.dataset) == 50, timeout=WAIT)
        assert model.rows > 0  # it was asked in this process
        window.player.drafting.edit({"network": path, **NETWORK_DRIVES})
        window.player.run()
        run = finished(qtbot, window, lambda run: run.settings.driver == "network").trajectory
        x = gm.runs.start_points(run_settings(run), data)
        alone = gm.sample(model, x, run.sigmas, solver="heun")
        np.testing.assert_allclose(run.x[-1], alone.x[-1], atol=1e-5)  # a network's record is float32
    finally:
        window.close()
        showing._windows.remove(window)


def run_settings(run):
    return gm.settings.from_json(run.settings["run"])


BLOCKING = """
import geomodel as gm
from app.main_window import MainWindow
from PySide6.QtCore import QTimer

begin = MainWindow.begin


def begin_and_close(window, *opened):
    begin(window, *opened)
    QTimer.singleShot(100, lambda: close_when_open(window))


def close_when_open(window):
    if window.state.networks:
        window.close()
    else:
        QTimer.singleShot(100, lambda: close_when_open(window))


MainWindow.begin = begin_and_close
print(gm.show(lambda x, sigma: x / 2, gm.datasets.load("two-moons", count=40)))
"""


@pytest.mark.slow
def test_in_a_script_the_call_returns_when_the_window_is_closed(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GEOMODEL_HOME": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", BLOCKING], env=environment, capture_output=True, text=True, check=False, timeout=100
    )
    assert (done.returncode, done.stdout) == (0, "None\n"), done.stderr


SCRIPT = """
import sys
import geomodel as gm
process = gm.show(sys.argv[1])
print(process.pid, flush=True)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform == "win32", reason="a window is asked to close by a signal")
def test_the_window_of_a_run_outlives_its_script_and_opens_the_run(tmp_path, run):
    path, home = tmp_path / "run.npz", tmp_path / "home"
    run.save(path)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "GEOMODEL_HOME": str(home), "QT_QPA_PLATFORM": "offscreen"}
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, str(path)], env=environment, capture_output=True, text=True, check=True
    )
    pid, settings = int(done.stdout), home / "settings.json"
    try:
        for _ in range(600):  # a bound for a stuck test, not a speed
            if settings.exists() and "run.npz" in settings.read_text("utf-8"):
                break
            time.sleep(0.1)
        assert "run.npz" in settings.read_text("utf-8")  # among the recent files, because it was opened
    finally:
        os.kill(pid, signal.SIGTERM)
