"""Pictures and films in the real window: dropped, offered on a card, restored by keys; hostile ones change nothing."""

from __future__ import annotations

import json

import numpy as np
import pytest
from films import film
from PIL import Image
from PySide6.QtCore import QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QDropEvent
from PySide6.QtWidgets import QApplication
from real_window import WAIT, choose_file, finished, kept, opened, press

from app.export import figure, formats
from app.session import recipe
from app.shell.palette_sources import entries
from geomodel.settings import to_json


@pytest.fixture(scope="module")
def windows(qapp, tmp_path_factory):
    """Where the one window is kept; the first test opens it."""
    yield from kept(tmp_path_factory)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    window = windows[0]
    yield window
    window.recipes.card.leave()


def settle(qtbot, window, data="two-moons", **draft):
    """The window with these settings computed, and the playhead standing. Other data are opened first."""
    for changes in ({"data": data}, draft):
        if not _has(window.state.draft, changes):
            window.player.drafting.edit(changes)
            _computed(qtbot, window, changes)
    window.playback.pause()
    return _computed(qtbot, window, {"data": data, **draft})


def _computed(qtbot, window, draft):
    return finished(qtbot, window, lambda run: window.player.computing is None and _has(run.settings, draft))


def _has(settings, fields):
    return all(getattr(settings, name) == value for name, value in fields.items())


def drop(window, path):
    mime = QMimeData()
    mime.setUrls([QUrl.fromLocalFile(str(path))])
    none = Qt.KeyboardModifier.NoModifier
    window.dropEvent(QDropEvent(QPointF(5, 5), Qt.DropAction.CopyAction, mime, Qt.MouseButton.LeftButton, none))


def saved(window, kind, path, room="measures"):
    """A picture or a film as the window would save it."""
    said = window.documents.recipe(room)
    if kind in formats.FILMS:
        formats.row(kind).write(film(2, recipe=recipe.text(said)), str(path))
    else:
        view = window.views[room]
        formats.row(kind).write(figure.Figure(view=view, size_mm=(60, 40), dpi=96, recipe=said), str(path))
    return path


def offered(qtbot, window):
    card = window.recipes.card
    qtbot.waitUntil(lambda: QApplication.focusWidget() is card.buttons["everything"], timeout=WAIT)
    return card


@pytest.mark.parametrize("kind", [*formats.PICTURES, *formats.FILMS])
def test_everything_is_restored_from_every_kind_of_file(qtbot, window, tmp_path, kind):
    before = settle(qtbot, window, solver="euler", steps=7)
    x = np.array(before.x)
    window.playback.go(4)
    window.state.select(sample=3)
    drop_me = saved(window, kind, tmp_path / f"a{formats.row(kind).suffix}")
    settle(qtbot, window, solver="heun", steps=11)
    window.state.select(sample=0, index=0)
    drop(window, drop_me)
    card = offered(qtbot, window)
    assert "7 steps · Measures · level 4 of 7, sample 3" in card.about.text()
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    assert not card.isVisible()
    qtbot.waitUntil(lambda: window.state.selection.sample == 3, timeout=WAIT)
    after = finished(qtbot, window)
    assert np.array_equal(after.x, x)
    assert (window.state.selection.index, window.playback.playing) == (4, False)


def test_other_data_are_opened_again(qtbot, window, tmp_path):
    settle(qtbot, window, data="spiral")
    window.playback.go(5)
    path = saved(window, "svg", tmp_path / "a.svg", "plane")
    settle(qtbot, window)
    drop(window, path)
    offered(qtbot, window)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Return)
    finished(qtbot, window, lambda run: run.settings.data == "spiral" and window.state.selection.index == 5)
    assert window.state.data.name == "spiral"


def test_only_the_sampler_leaves_data_and_noise(qtbot, window, tmp_path):
    settle(qtbot, window, solver="euler", steps=7, rho=5.0, seed=4)
    path = saved(window, "png", tmp_path / "a.png")
    settle(qtbot, window, solver="heun", steps=11, rho=7.0, seed=9)
    drop(window, path)
    offered(qtbot, window)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Right)
    assert QApplication.focusWidget() is window.recipes.card.buttons["sampler"]
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Space)
    draft = window.state.draft
    assert (draft.solver, draft.steps, draft.rho) == ("euler", 7, 5.0)
    assert draft.seed == 9


def test_a_lane_is_added(qtbot, window, tmp_path):
    settle(qtbot, window, solver="euler", steps=9)
    path = saved(window, "png", tmp_path / "a.png")
    before = len(window.lanes.lanes)
    window.documents.open_path(str(path))
    offered(qtbot, window).buttons["lane"].click()
    assert len(window.lanes.lanes) == before + 1
    assert (window.lanes.lanes[-1].settings.solver, window.lanes.lanes[-1].settings.steps) == ("euler", 9)


def test_the_key_asks_for_a_picture_and_escape_puts_the_card_away(qtbot, window, tmp_path):
    path = saved(window, "png", tmp_path / "a.png")
    state = (window.state.draft, window.state.selection)
    press(qtbot, window, Qt.Key.Key_I, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    choose_file(qtbot, path)
    card = offered(qtbot, window)
    qtbot.keyClick(QApplication.focusWidget(), Qt.Key.Key_Escape)
    assert not card.isVisible()
    assert (window.state.draft, window.state.selection) == state
    assert any("Restore from a picture" in entry.title for entry in entries(window))


# ---------------------------------------------------------------- what is not a recipe, or not ours


def _png(path, said):
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    text.add_text("recipe", said)
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(path, pnginfo=text)
    return path


def _run(window, **changes):
    return {"run": {**to_json(window.state.run.settings), **changes}}


FOREIGN = "f" * 64


@pytest.mark.parametrize(
    ("said", "sentence"),
    [
        ("{" * 1000, "does not fit"),
        ('{"run": {"steps": "many"}}', "holds settings that no form makes"),
        (
            {"network": "/nowhere/a.safetensors", "driver": "network"},
            "a.safetensors of the picture is not here, or is not what it was.",
        ),
        ({"data": "/nowhere/points.csv"}, "points.csv of the picture is not here, or is not what it was."),
    ],
)
def test_hostile_recipes_are_one_sentence_and_leave_what_is_open(qtbot, window, tmp_path, said, sentence):
    settle(qtbot, window)
    text = said
    if isinstance(said, dict):
        made = {"data": window.documents.recipe("plane")["data"]} | _run(window, **said)
        if "network" in said:
            made["network"] = {"name": "a.safetensors", "sha256": FOREIGN}
        else:
            made["data"] |= {"fingerprint": f"sha256:{FOREIGN}"}
        text = json.dumps(made)
    state = (window.state.draft, window.state.data, dict(window.state.networks), list(window.state.runs))
    heard = []
    window.documents.said.connect(lambda text, is_error, cause: heard.append((text, is_error)))
    drop(window, _png(tmp_path / "a.png", text))
    if isinstance(said, dict):
        offered(qtbot, window).buttons["everything"].click()
    qtbot.waitUntil(lambda: bool(heard), timeout=WAIT)
    assert len(heard) == 1
    assert sentence in heard[0][0]
    assert heard[0][1]
    assert (window.state.draft, window.state.data, dict(window.state.networks), list(window.state.runs)) == state


def test_a_picture_without_a_recipe_goes_to_the_engine_as_before(qtbot, window, tmp_path, monkeypatch):
    Image.fromarray(np.zeros((8, 8), np.uint8)).save(tmp_path / "a.png")
    opened_paths = []
    monkeypatch.setattr(window.player, "open_path", lambda path, answers=None: opened_paths.append(path))
    drop(window, tmp_path / "a.png")
    assert opened_paths == [str(tmp_path / "a.png")]
    assert not window.recipes.card.isVisible()


def test_a_network_is_recognised_by_its_hash(qtbot, window, tmp_path):
    from app.session import bundled
    from geomodel.files import sha256

    path = bundled.path("two-moons")
    window.player.drafting.open_network(path)
    run = finished(qtbot, window, lambda run: run.settings.network == path and window.player.computing is None)
    saved(window, "png", tmp_path / "a.png")
    assert window.documents.recipe("plane")["network"]["sha256"] == sha256(path, lambda: None)
    x = np.array(run.x)
    window.player.close_network(path)
    settle(qtbot, window)
    said = json.loads(Image.open(tmp_path / "a.png").text["recipe"])
    said["run"]["network"] = "/home/somebody/else/two-moons.safetensors"
    drop(window, _png(tmp_path / "b.png", json.dumps(said)))
    offered(qtbot, window).buttons["everything"].click()
    again = finished(qtbot, window, lambda run: run.settings.network == path and window.player.computing is None)
    assert np.array_equal(again.x, x)
