"""What the card of a network says of the data that it was trained on."""

from __future__ import annotations

from dataclasses import replace
from html import escape

import pytest
from checkpoint_files import DESCRIPTION, saved

from app.main_window import MainWindow
from app.panels.card_text import mean_words
from geomodel.checkpoints import inspect


@pytest.mark.parametrize(
    ("mean", "scale", "words"),
    [
        ((), 1.5, "0"),
        ((0.0, 0.0), 1.5, "0"),
        ((0.4975, -0.25), 0.6, "0.4975, −0.25"),
        ((52.5, 13.4), 0.04, "52.5, 13.4"),
        ((450_000.25, 5_800_000.125), 0.05, "450000.25, 5800000.125"),  # a hundredth of the scale is 0.0005
        ((1e-6, 2e-6, 3e-6, 4e-6, 5e-6), 1e-6, "1×10⁻⁶, 2×10⁻⁶, 3×10⁻⁶, 4×10⁻⁶, …"),
        ((), float("nan"), "unknown"),  # code of one's own
    ],
)
def test_a_mean_has_digits_down_to_a_hundredth_of_the_scale(mean, scale, words, tmp_path):
    saved(tmp_path / "net.safetensors")
    assert mean_words(replace(inspect(tmp_path / "net.safetensors"), mean=mean, sigma_data=scale)) == words


def test_the_card_in_the_window_names_the_mean(qtbot, tmp_path, monkeypatch):
    monkeypatch.setenv("GEOMODEL_HOME", str(tmp_path / "home"))
    saved(tmp_path / "town.safetensors", replace(DESCRIPTION, mean=(52.5, 13.4), unit=0.05, sigma_data=0.05))
    window = MainWindow()
    qtbot.addWidget(window)
    try:
        window.begin([])
        window.documents.open_path(str(tmp_path / "town.safetensors"))
        card = window.panels.model._places["network"].usual
        qtbot.waitUntil(lambda: escape("52.5, 13.4") in card.toolTip(), timeout=60_000)
    finally:
        window.close()
