"""The columns of a table in the real window: typed by keys, refused in a sentence, kept for the file."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QLineEdit
from real_window import WAIT, closed, finished, opened, type_in

ROWS = [f"{n},{n / 7:.4f},{(n * n) % 11},{'rose' if n % 3 else 'tulip'}" for n in range(40)]


@pytest.fixture
def window(qtbot):
    made = opened(qtbot)
    yield made
    closed(made)


def test_a_table_that_was_refused_opens_with_the_columns_that_are_typed(window, qtbot, tmp_path):
    path = tmp_path / "flowers.csv"
    path.write_text("\n".join(["id,width,height,kind", *ROWS]))
    model, field = window.panels.model, window.panels.model.fields["data_columns"]
    line = field.editor
    assert isinstance(line, QLineEdit)
    assert field.isHidden()  # two moons are no table
    window.documents.open_path(str(path))
    qtbot.waitUntil(lambda: "'tulip' is not a number" in model.places[1].error, timeout=WAIT)
    assert "flowers.csv" in line.placeholderText()
    type_in(qtbot, field, "width, hight; class kind")
    qtbot.waitUntil(lambda: "no column 'hight'" in model.places[1].error, timeout=WAIT)
    assert line.text() == "width, hight; class kind"  # to be mended
    assert not line.hasFocus()  # Enter gave the focus back
    type_in(qtbot, field, "width, height; class kind")
    run = finished(qtbot, window, lambda run: run.settings.data == str(path))
    assert run.source.dataset.label_names == ("rose", "tulip")
    assert model.places[1].error == ""
    assert "2 coordinates: width, height; class from column 4; column 1 left out." in model.places[1].usual.sentence
    line.setFocus()
    qtbot.keyClicks(line, " spv")  # letters and Space are typed, and Esc takes them back
    assert line.text() == "width, height; class kind spv"
    qtbot.keyClick(line, Qt.Key.Key_Escape)
    assert line.text() == "width, height; class kind"
    window.player.drafting.edit({"label": 1})
    run = finished(qtbot, window, lambda run: run.settings.label == 1)
    assert run.asked.words == "class tulip"
    type_in(qtbot, field, "height, width; class kind")
    run = finished(qtbot, window, lambda run: run.settings.data_columns == "height, width; class kind")
    assert run.asked.words == "class tulip"  # the class stays
