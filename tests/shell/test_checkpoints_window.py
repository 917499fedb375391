"""Checkpoints of others in the real window: the card comes first, answers are asked once, memory is given back."""

from __future__ import annotations

import os

import numpy as np
import pytest
from in_sight import faults
from PySide6.QtCore import Qt
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication
from real_window import WAIT, choose_file, closed, finished, opened, pick, press, type_in
from state_dicts import ANSWERS, SHAPE, state_dict

import resources
from app.main_window import MainWindow

LEFT = Qt.MouseButton.LeftButton
CONTROL, SHIFT = Qt.KeyboardModifier.ControlModifier, Qt.KeyboardModifier.ShiftModifier
MOONS = str(resources.path("checkpoints", "two-moons.safetensors"))


@pytest.fixture
def window(qtbot):
    made = opened(qtbot)
    made.panels._scroll.setFocus()
    yield made
    closed(made)


@pytest.fixture
def path(tmp_path):
    return state_dict(tmp_path / "model.pt")


def card(window):
    return window.panels.model.card


def asked(qtbot, window):
    """The form is there."""
    qtbot.waitUntil(lambda: bool(card(window).form.fields) and card(window).form.isVisible(), timeout=WAIT)
    return card(window).form


def field(qtbot, window, hint):
    qtbot.waitUntil(lambda: hint in asked(qtbot, window).fields, timeout=WAIT)
    QApplication.processEvents()
    return card(window).form.fields[hint]


def answer(qtbot, window, answers):
    """As a person does: lists, and typed numbers."""
    for hint, value in answers.items():
        found = field(qtbot, window, hint)
        if hasattr(found, "choices"):
            pick(qtbot, found, value)
        else:
            type_in(qtbot, found, str(value))
    qtbot.waitUntil(lambda: window.inspecting.ready and not window.inspecting.found.message, timeout=WAIT)


def push(window, name):
    button = card(window).buttons[name]
    assert button.isVisible()
    QTest.mouseClick(button, LEFT)


def in_use(qtbot, window, path, answers=ANSWERS):
    """The network drives, with these answers."""

    def there():
        network = window.state.network
        return network is not None and network.path == str(path) and dict(network.info.hints) == answers

    qtbot.waitUntil(there, timeout=WAIT)


def test_a_card_is_shown_before_the_network_and_says_whether_it_denoises(qtbot, window):
    pictures, known = [], window.network_feed.show_card

    def keep():
        known()
        pictures.append((card(window).picture, window.state.network))

    window.inspecting.changed.connect(keep)
    window.documents.open_path(MOONS)
    finished(qtbot, window, lambda run: run.settings.driver == "network")
    shown, network = pictures[0]
    lines = dict(shown.rows)
    assert network is None
    assert lines["network"] == "mlp, 143,698 parameters"
    assert "SHA-256" not in lines
    qtbot.waitUntil(lambda: "denoises these data" in card(window).verdict.text(), timeout=WAIT)
    assert "SHA-256" in dict(card(window).picture.rows)
    assert "limit" in card(window).verdict.toolTip()
    window.player.drafting.edit({"data": "spiral"})
    qtbot.waitUntil(lambda: "knows other data, or is misread" in card(window).verdict.text(), timeout=WAIT)


def test_a_state_dict_is_opened_with_answers_that_are_remembered(qtbot, window, path, tmp_path):
    window.player.drafting.edit({"data": ""})
    window.documents.open_path(str(path))
    answer(qtbot, window, ANSWERS)
    assert window.state.network is None
    push(window, "open")
    in_use(qtbot, window, path)
    assert "Heads: 4" in dict(card(window).picture.rows)["answered"]
    window.player.close_network()
    os.rename(path, tmp_path / "renamed.pt")
    window.documents.open_path(str(tmp_path / "renamed.pt"))
    in_use(qtbot, window, tmp_path / "renamed.pt")
    again = MainWindow()  # the next session
    try:
        assert ANSWERS in again.store.settings.answers.values()
    finally:
        closed(again)


def test_answers_are_changed_from_the_card(qtbot, window, path):
    window.player.drafting.edit({"data": ""})
    window.documents.open_path(str(path))
    answer(qtbot, window, ANSWERS)
    push(window, "open")
    in_use(qtbot, window, path)
    push(window, "change")
    answer(qtbot, window, {"num_heads": 2})
    push(window, "open")
    in_use(qtbot, window, path, {**ANSWERS, "num_heads": 2})
    push(window, "change")
    asked(qtbot, window)
    push(window, "dismiss")
    assert not card(window).form.isVisible()
    assert dict(window.state.network.info.hints)["num_heads"] == 2


def test_a_refused_answer_is_said_in_the_card(qtbot, window, path):
    window.documents.open_path(str(path))
    pick(qtbot, field(qtbot, window, "family"), "guided_diffusion")
    type_in(qtbot, field(qtbot, window, "num_heads"), "3")
    answer(qtbot, window, {hint: value for hint, value in ANSWERS.items() if hint not in ("family", "num_heads")})
    push(window, "open")
    qtbot.waitUntil(lambda: card(window).error.is_error and card(window).error.isVisible(), timeout=WAIT)
    assert "heads" in card(window).error.text()
    answer(qtbot, window, {"num_heads": 4})
    assert not card(window).error.isVisible()


@pytest.mark.slow
def test_a_network_without_data_is_used_alone(qtbot, window, path):
    window.documents.open_path(str(path))
    answer(qtbot, window, ANSWERS)
    push(window, "open")
    qtbot.waitUntil(lambda: card(window).buttons["alone"].isVisible(), timeout=WAIT)
    assert "works on shape (3, 8, 8)" in card(window).error.text()
    push(window, "alone")
    in_use(qtbot, window, path)
    qtbot.waitUntil(lambda: "not judged: open its data" in card(window).verdict.text(), timeout=WAIT)
    window.player.drafting.edit({"steps": 3, "count": 2})
    window.player.run()
    run = finished(qtbot, window, lambda run: run.settings.data == "")
    assert run.x.shape == (4, 2, *SHAPE)
    assert window.views.strip.isVisible()
    assert window.rooms.strip.picture().rows[1].images.shape == (4, 8, 8, 3)


@pytest.mark.slow
def test_pictures_that_are_opened_later_judge_the_network_that_waits(qtbot, window, path, tmp_path):
    window.documents.open_path(str(path))
    answer(qtbot, window, ANSWERS)
    push(window, "open")
    qtbot.waitUntil(lambda: card(window).buttons["alone"].isVisible(), timeout=WAIT)
    pictures = np.random.default_rng(1).integers(0, 256, (40, *SHAPE[1:], 3), np.uint8)
    np.save(tmp_path / "pictures.npy", pictures)
    window.player.drafting.edit({"steps": 2, "count": 1})
    window.documents.open_path(str(tmp_path / "pictures.npy"))
    in_use(qtbot, window, path)
    qtbot.waitUntil(lambda: "knows other data, or is misread" in card(window).verdict.text(), timeout=WAIT)


def test_a_refused_file_leaves_what_is_open_and_is_put_away(qtbot, window, tmp_path):
    window.documents.open_path(MOONS)
    finished(qtbot, window, lambda run: run.settings.driver == "network")
    (tmp_path / "page.pt").write_text("<!DOCTYPE html>")
    window.documents.open_path(str(tmp_path / "page.pt"))
    qtbot.waitUntil(lambda: "web page" in card(window).error.text(), timeout=WAIT)
    assert window.panels.model._places["network"].error == "page.pt was not opened."
    push(window, "dismiss")
    assert not card(window).error.isVisible()
    assert window.panels.model._places["network"].error == ""
    assert window.state.network.path == MOONS
    assert window.panels.model.fields["network"].value == MOONS


def test_a_model_folder_is_chosen_in_a_dialog(qtbot, window, tmp_path):
    from public_files import pair, write_folder

    from geomodel.networks.configs import UNet2DConfig
    from geomodel.networks.unet2d import UNet2D

    config = {"_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 3, "out_channels": 3,
              "block_out_channels": [32, 32], "layers_per_block": 1, "norm_num_groups": 8,
              "down_block_types": ["DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D"],
              "attention_head_dim": 8}  # fmt: skip
    names = UNet2DConfig.__dataclass_fields__
    given = {key: tuple(v) if isinstance(v, list) else v for key, v in config.items() if key in names}
    stored, _ = pair(UNet2D(UNet2DConfig(**given), SHAPE, 0))
    folder = write_folder(tmp_path / "ddpm", "unet", config, stored, {"_class_name": "DDPMScheduler",
                          "beta_schedule": "linear", "num_train_timesteps": 1000})  # fmt: skip
    press(qtbot, window, Qt.Key.Key_M, CONTROL | SHIFT)
    choose_file(qtbot, folder)
    qtbot.waitUntil(lambda: str(folder) in window.state.networks, timeout=WAIT)
    assert dict(card(window).picture.rows)["kind"] == "diffusers, folder"


@pytest.mark.slow
def test_open_networks_are_listed_and_closed_one_by_one(qtbot, window):
    spiral = str(resources.path("checkpoints", "spiral.safetensors"))
    for each in (MOONS, spiral):
        window.documents.open_path(each)
        finished(qtbot, window, lambda run, each=each: run.settings.network == each)

    def titles():
        choices = window.panels.model.fields["network"].choices
        return {choice.value: choice.title for choice in choices}

    assert titles()[MOONS] == "Two moons · open"
    assert titles()[spiral] == "Spiral"  # it is chosen
    pick(qtbot, window.panels.model.fields["network"], MOONS)
    qtbot.waitUntil(lambda: window.state.network.path == MOONS, timeout=WAIT)
    push(window, "close")
    qtbot.waitUntil(lambda: window.state.networks.keys() == {spiral}, timeout=WAIT)
    assert titles()[MOONS] == "Two moons"
    assert titles()[spiral] == "Spiral · open"


@pytest.mark.slow
def test_the_card_is_folded_and_unfolded_by_key_and_takes_the_focus(qtbot, window):
    window.documents.open_path(MOONS)
    finished(qtbot, window, lambda run: run.settings.driver == "network")
    assert card(window).isVisible()
    press(qtbot, window, Qt.Key.Key_I, CONTROL)
    assert not card(window).isVisible()
    assert window.panels.model._fold.isVisible()
    press(qtbot, window, Qt.Key.Key_I, CONTROL)
    assert card(window).isVisible()
    assert card(window).facts.hasFocus()
    pick(qtbot, window.panels.model.fields["network"], "")
    assert not card(window).isVisible()
    assert not window.panels.model._fold.isVisible()


@pytest.mark.parametrize("size", [(1024, 700), (1280, 800)], ids=str)
@pytest.mark.slow
def test_every_card_is_shown_whole(qtbot, window, path, tmp_path, size):
    """The panel scrolls; nothing in it is cut, covered or wider than the column."""
    window.resize(*size)
    (tmp_path / "page.pt").write_text("<!DOCTYPE html>")
    window.documents.open_path(str(tmp_path / "page.pt"))
    qtbot.waitUntil(lambda: "web page" in card(window).error.text(), timeout=WAIT)
    qtbot.waitUntil(lambda: not faults(window), timeout=WAIT)
    window.documents.open_path(str(path))
    pick(qtbot, field(qtbot, window, "family"), "improved_diffusion")
    field(qtbot, window, "diffusion.rescale_timesteps")
    bar = window.panels._scroll.verticalScrollBar()
    for place in range(0, bar.maximum(), 200):
        bar.setValue(place)
        qtbot.waitUntil(lambda: not faults(window), timeout=WAIT)
    answer(qtbot, window, {**ANSWERS, "family": "guided_diffusion"})
    push(window, "open")
    qtbot.waitUntil(lambda: card(window).buttons["alone"].isVisible(), timeout=WAIT)
    qtbot.waitUntil(lambda: not faults(window), timeout=WAIT)
    push(window, "alone")
    in_use(qtbot, window, path)
    qtbot.waitUntil(lambda: not faults(window), timeout=WAIT)
