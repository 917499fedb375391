"""The worst run files in the real window with its real engine: a sentence or a picture, and the next run computes."""

from __future__ import annotations

import json

import numpy as np
import pytest
from PySide6.QtCore import Qt
from real_window import WAIT, finished, kept, opened, press
from saved_runs import npy, write_zip

import geomodel as gm
from app.engine.messages import OpenFailed, RunOpened
from app.rooms import ROOMS
from geomodel import runs
from geomodel.run_files import FORMAT, VERSION
from geomodel.run_format import LARGEST
from geomodel.settings import RunSettings, to_json

windows = pytest.fixture(scope="module")(kept)
HASH = "sha256:" + "a" * 64
MEASURES = ("effective_neighbours", "nearest_x", "nearest_denoised", "denoiser_difference", "exact_distance_x")


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    return windows[0]


def said(data="two-moons", **settings):
    """What a run of these settings says of itself, with the fingerprint of named data."""
    ends = {"sigma_max": 20.0, "sigma_min": 0.01, "schedule": "log_uniform", "steps": 6, "count": 3}
    run = to_json(RunSettings(data=data, **{**ends, **settings}))
    named = runs.identity(gm.datasets.load(data)) if data in gm.datasets.names() else {}
    return {"run": run, **named}


def entries(settings=None, levels=7, shape=(2,), scale=1.0, **changes):
    """The entries of a run of three samples, some of them changed; None takes one away."""
    rng = np.random.default_rng(0)
    made = {
        "format": np.array(FORMAT),
        "version": np.array(VERSION),
        "settings": np.array(json.dumps(said() if settings is None else settings)),
        "x": scale * rng.standard_normal((levels, 3, *shape)),
        "denoised": scale * rng.standard_normal((levels - 1, 3, *shape)),
        "sigmas": np.geomspace(20.0, 0.01, levels),
        "evaluations": np.array(2 * levels - 2),
        "evaluations_at": 2 * np.arange(levels),
        "network_calls": np.array(0),
        "looks": np.array(0),
    }
    return {name: value for name, value in {**made, **changes}.items() if value is not None}


NOWHERE = {f"extra.{name}": np.full((7, 3), np.nan) for name in MEASURES}
CLASSLESS = {**said("x.csv", label=99), "data": {"name": "<b>x</b><img src='/etc/passwd'>", "fingerprint": HASH}}
NETWORK = {**said(network="/dev/zero", driver="network"), "network": {"name": "n", "sha256": "b" * 64}}
SHOWN = {
    "nothing is known": (entries(denoised=np.full((6, 3, 2), np.nan), **NOWHERE), ""),
    "the largest numbers": (entries(scale=LARGEST / 10), ""),
    "the widest levels": (entries(sigmas=np.geomspace(1e99, 1e-99, 7)), "gives other noise levels"),
    "levels that hardly differ": (entries(sigmas=1 + 1e-15 * np.arange(7)[::-1]), "give other noise levels"),
    "a class that is not there": (entries(said(label=99)), "two-moons has no points of class 99"),
    "more samples than there are": (entries(said(count=10**9)), "its settings ask for 1,000,000,000"),
    "another shape": (entries(shape=(5,)), "its samples have shape (5,), and its data (2,)"),
    "six axes": (entries(said(""), shape=(2, 1, 2, 2)), "it does not say which data or network"),
    "latents": (entries(said(""), shape=(4, 3, 3)), "it does not say which data or network"),
    "markup in a name": (entries(CLASSLESS), "need the data <b>x</b><img src='/etc/passwd'> (sha256:aaaa"),
    "a device for a network": (entries(NETWORK), "The field needs the network /dev/zero"),
    "fifty thousand levels": (entries(levels=50_001), "give other noise levels"),
}
REFUSED = {
    "complex measures": (entries(**{"extra.nearest_x": np.zeros((7, 3), complex)}), "holds complex128 instead of"),
    "measures of one axis": (entries(**{"extra.effective_neighbours": np.ones(7)}), "has shape (7,), expected"),
    "images without a side": (entries(shape=(1, 0, 5)), "x has shape (7, 3, 1, 0, 5)"),
    "half precision": (entries(x=np.zeros((7, 3, 2), np.float16)), "holds float16 instead of floats"),
    "x is missing": (entries(x=np.full((7, 3, 2), np.nan)), "x has a value that is not a number"),
    "endless settings": (entries({**said(), "run": {f"k{k}": 1 for k in range(10**5)}}), "100,000 unknown entries"),
    "an unknown solver": (entries({"run": {**said()["run"], "solver": "<b>" * 600}}), "There is no solver '<b>"),
}


def answer(qtbot, window, path):
    """What the engine says to a file that is opened as a run."""
    found = []
    for signal in (window.player.opened, window.player.open_failed):
        signal.connect(found.append)
    window.player.saved_runs.open(str(path))
    qtbot.waitUntil(lambda: any(isinstance(event, RunOpened | OpenFailed) for event in found), timeout=WAIT)
    window.playback.pause()
    for signal in (window.player.opened, window.player.open_failed):
        signal.disconnect(found.append)
    return next(event for event in found if isinstance(event, RunOpened | OpenFailed))


def looked_at(window):
    """Show, paint and read every view, in sight or not, with the playhead at both ends and between."""
    last = window.state.run.committed - 1
    rooms = [window.rooms[row.name] for row in ROOMS]
    for index in (last, 0, last // 2):
        window.playback.go(index)
        for room in rooms:
            room.view.display(room.picture())
            assert isinstance(room.view.describe(), str)
    for room in rooms:
        room.view.grab()


def the_moons_run(qtbot, window):
    last = max(window.state.runs)
    press(qtbot, window, Qt.Key.Key_F5)
    run = finished(qtbot, window, lambda run: run.id > last)
    window.playback.pause()
    assert run.linked
    assert run.settings.data == "two-moons"
    np.testing.assert_allclose(run.extras["nearest_denoised"][-1], 0, atol=0.1)  # the exact sampler ends at the data


@pytest.mark.parametrize("case", SHOWN)
def test_what_follows_the_format_is_shown(qtbot, window, tmp_path, case):
    arrays, missing = SHOWN[case]
    np.savez(tmp_path / "worst.npz", **arrays)
    event = answer(qtbot, window, tmp_path / "worst.npz")
    assert isinstance(event, RunOpened), event
    assert missing.replace("gives", "give") in event.missing
    assert event.linked == (not missing)
    looked_at(window)
    window.player.remove(window.state.run.id)
    the_moons_run(qtbot, window)


@pytest.mark.parametrize("case", REFUSED)
@pytest.mark.slow
def test_what_does_not_is_a_sentence(qtbot, window, tmp_path, case):
    arrays, clause = REFUSED[case]
    np.savez(tmp_path / "worst.npz", **arrays)
    event = answer(qtbot, window, tmp_path / "worst.npz")
    assert isinstance(event, OpenFailed), event
    assert clause in event.message
    assert event.message in window.panels.status._message.text() or len(event.message) > 200
    the_moons_run(qtbot, window)


@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_an_archive_with_an_entry_twice_is_a_sentence(qtbot, window, tmp_path):
    stored = {f"{name}.npy": npy(array) for name, array in entries().items()}
    write_zip(tmp_path / "twice.npz", {**stored, "x": stored["x.npy"]})
    assert "has 1 entry twice" in answer(qtbot, window, tmp_path / "twice.npz").message
    the_moons_run(qtbot, window)
