"""Sessions in the real window: saved, changed, opened again by keys and by dropping, and kept by themselves."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from real_window import WAIT, choose_file, finished, kept, opened, press

import resources
from app.session.plane_options import LAYERS
from geomodel.experiments.literature import STATEMENTS, Claim

windows = pytest.fixture(scope="module")(kept)
CTRL_ALT = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier
TWO_MOONS = resources.path("checkpoints", "two-moons.safetensors")


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    return windows[0]


def told(window):
    return window.panels.status._message.text()


def shown(window):
    """What a person sees, without ids."""
    state, layout = window.state, window.layout_of_docks
    places = {run: at for at, run in enumerate(state.runs)}
    runs = [(run.settings, run.status, run.pinned, run.linked, run.caption) for run in state.runs.values()]
    lanes = [(lane.name, lane.settings, lane.hue, places.get(lane.run_id)) for lane in window.lanes.lanes]
    playhead = (places[state.selection.run_id], state.selection.sample, state.selection.index)
    docks = {name for name, dock in layout.docks.items() if not dock.isHidden()}
    look = (state.plane_options, layout.current.name, docks, [place.docks for place in layout.places()])
    measures = window.views["measures"].visible_measures
    claims = {number: claim.verdict for number, claim in window.rooms["claims"].claims.items()}
    return state.draft, state.data.key, {*state.networks}, runs, lanes, playhead, look, claims, measures


@pytest.fixture
def saved(qtbot, window, tmp_path):
    """A session in a file: a pinned run and one of a network, a lane, a probe, a claim, and another workspace."""
    drafting, state = window.player.drafting, window.state
    state.run.pinned = True
    state.runs_changed.emit()
    last = max(state.runs)
    drafting.open_network(str(TWO_MOONS))
    finished(qtbot, window, lambda run: run.id > last and run.settings.driver == "network")
    window.lanes.add(replace(drafting.filled(), solver="euler"))
    window.playback.go(5)
    state.select(sample=7)
    options = replace(state.plane_options, frame="run", layers=frozenset(LAYERS) - {"density"}, probe=(0.25, -0.5))
    state.set_plane_options(options)
    claim = Claim(statement=STATEMENTS[2], verdict="holds", measured=1.0, expected=1.0, tolerance=0.1, n=64)
    window.rooms["claims"].claims[3] = claim
    window.views["measures"].set_visible_measures(["norm"])
    window.layout_of_docks.switch("solvers")
    window.layout_of_docks.docks["derivatives"].hide()
    path, window.sessions.path = tmp_path / "mine.geomodel", ""  # with a proposed name, Qt takes the file of the list
    press(qtbot, window, Qt.Key.Key_S, CTRL_ALT | Qt.KeyboardModifier.ShiftModifier)
    choose_file(qtbot, path)
    qtbot.waitUntil(lambda: told(window) == f"Saved {path}.", timeout=WAIT)
    return path


def other_state(qtbot, window):
    """Something else is open, so that all of it has to come back."""
    window.layout_of_docks.switch("explore")
    for run in list(window.state.runs):
        window.player.remove(run)
    window.lanes.restore([])
    window.rooms["claims"].claims.clear()
    window.views["measures"].set_visible_measures(None)
    window.player.close_network(str(TWO_MOONS))
    window.player.drafting.edit({"data": "spiral", "steps": 7})
    return finished(qtbot, window, lambda run: run.settings.data == "spiral")


def until_restored(qtbot, window):
    qtbot.waitUntil(lambda: told(window).startswith("Opened the session"), timeout=WAIT)
    qtbot.waitUntil(lambda: not window.restoring.linking, timeout=WAIT)


def test_a_session_is_saved_and_comes_back_by_keys(qtbot, window, saved):
    before, title = shown(window), window.windowTitle()
    xs = [run.x.copy() for run in window.state.runs.values()]
    assert title == "mine – Geomodel"
    other_state(qtbot, window)
    press(qtbot, window, Qt.Key.Key_O, CTRL_ALT)
    choose_file(qtbot, saved)
    until_restored(qtbot, window)
    assert shown(window) == before
    for run, x in zip(window.state.runs.values(), xs, strict=True):
        np.testing.assert_array_equal(run.x, x)
    qtbot.wait(50)
    assert window.player.computing is None  # nothing was computed again
    assert not window.state.errors


def drop(window, *paths):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path)) for path in paths])
    at, buttons, keys = QPointF(600, 400), Qt.MouseButton.LeftButton, Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(at, Qt.DropAction.CopyAction, mime, buttons, keys))


@pytest.mark.slow
def test_a_dropped_session_is_recognised_under_any_name(qtbot, window, saved, tmp_path):
    before = shown(window)
    other_state(qtbot, window)
    drop(window, shutil.copy(saved, tmp_path / "points.csv"))
    until_restored(qtbot, window)
    assert shown(window) == before
    assert window.documents.recent()[0] == (str(tmp_path / "points.csv"), True)
    window.player.drafting.edit({"steps": 5})
    finished(qtbot, window, lambda run: run.settings.steps == 5)
    press(qtbot, window, Qt.Key.Key_S, CTRL_ALT)  # under the name from which it came
    qtbot.waitUntil(lambda: told(window) == f"Saved {tmp_path / 'points.csv'}.", timeout=WAIT)


@pytest.mark.slow
def test_the_session_that_another_replaces_is_kept_as_the_last_one(qtbot, window, saved):
    other_state(qtbot, window)
    window.player.drafting.edit({"steps": 6})
    finished(qtbot, window, lambda run: run.settings.steps == 6)
    window.sessions.open(str(saved))
    until_restored(qtbot, window)
    press(qtbot, window, Qt.Key.Key_R, CTRL_ALT)
    qtbot.waitUntil(lambda: window.state.run.settings.steps == 6, timeout=WAIT)
    until_restored(qtbot, window)
    assert window.state.run.settings.data == "spiral"
    assert window.windowTitle() == "Geomodel"


def lacking(window):
    """How many files are missing."""
    runs = window.state.runs.values()
    return len(window.restoring.wanted) + sum(run.wanted is not None for run in runs)


@pytest.mark.slow
def test_what_is_not_on_this_computer_is_said_and_located(qtbot, window, saved, tmp_path):
    """The data of a session have moved away, and so has what its run needs. The same file serves both."""
    points = tmp_path / "points.csv"
    np.savetxt(points, np.random.default_rng(0).normal(size=(40, 2)), delimiter=",")
    last = max(window.state.runs)
    window.player.close_network(str(TWO_MOONS))
    for run in list(window.state.runs):
        window.player.remove(run)
    window.player.drafting.open_data(str(points))
    finished(qtbot, window, lambda run: run.id > last and run.settings.data == str(points))
    window.sessions._save(str(tmp_path / "other.geomodel"))
    qtbot.waitUntil(lambda: "other.geomodel" in told(window), timeout=WAIT)
    draft = window.state.draft
    window.player.drafting.edit({"data": "spiral"})
    finished(qtbot, window, lambda run: run.settings.data == "spiral")
    away = tmp_path / "away"
    away.mkdir()
    points.rename(away / "renamed.csv")
    window.sessions.open(str(tmp_path / "other.geomodel"))
    qtbot.waitUntil(lambda: "Not on this computer: points.csv" in told(window), timeout=WAIT)
    assert window.state.draft.data == "spiral"  # what is open stays
    assert "need the data points.csv" in window.state.run.caption
    while (before := lacking(window)) > 0:  # the run, then the draft; opening one may have served the other already
        window.actions_by_id["locate"].trigger()
        choose_file(qtbot, away / "renamed.csv")
        qtbot.waitUntil(lambda before=before: lacking(window) < before, timeout=WAIT)
    qtbot.waitUntil(lambda: not window.actions_by_id["locate"].isEnabled(), timeout=WAIT)
    assert window.state.run.linked
    assert window.state.draft == replace(draft, data=str(away / "renamed.csv"))
    assert "Not on this computer" not in told(window)


def test_docks_that_a_session_does_not_name_wait_in_their_usual_areas(qtbot, window, qtlog):
    """Among them a room for images that the session's own data have, which is shown at once."""
    layout, outside = window.layout_of_docks, Qt.DockWidgetArea.NoDockWidgetArea
    layout.switch("explore")
    named = tuple(place for place in layout.places() if "strip" not in place.docks)
    layout.images = True
    layout.restore(layout.current.name, named[:1])
    strip, log = layout.docks["strip"], layout.docks["Log"]
    log.show()
    for dock in (strip, log):
        assert not dock.isHidden()
        assert window.dockWidgetArea(dock) == Qt.DockWidgetArea.BottomDockWidgetArea
    assert [name for name, dock in layout.docks.items() if window.dockWidgetArea(dock) == outside] == []
    assert [record.message for record in qtlog.records if "resizeDocks" in record.message] == []
