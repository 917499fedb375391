"""The inspector: rows under headers, copied as text, changed in place."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtGui import QGuiApplication

from app.plotting.theme import LIGHT
from app.rooms.inspector.pictures import InspectorPicture, Row
from app.rooms.inspector.view import InspectorView

LEFT = Qt.MouseButton.LeftButton
ROWS = (
    Row("Playhead", "σ", "3.88", "noise level"),
    Row("Playhead", "level", "7 of 18"),
    Row("Measures", "norm", "2.5 data units", "‖x‖"),
)


@pytest.fixture
def inspector(qtbot):
    inspector = InspectorView(LIGHT)
    qtbot.addWidget(inspector)
    inspector.resize(360, 300)
    inspector.display(InspectorPicture(rows=ROWS))
    with qtbot.waitActive(inspector):
        inspector.show()
    return inspector


ALL = "Playhead\tσ\t3.88\nPlayhead\tlevel\t7 of 18\nMeasures\tnorm\t2.5 data units"


def test_groups_stand_as_headers(inspector):
    model = inspector._model
    shown = [[model.data(model.index(row, column)) for column in (0, 1)] for row in range(model.rowCount())]
    assert shown == [
        ["Playhead", ""],
        ["σ", "3.88"],
        ["level", "7 of 18"],
        ["Measures", ""],
        ["norm", "2.5 data units"],
    ]
    assert inspector._table.columnSpan(0, 0) == 2
    assert "‖x‖" in model.data(model.index(4, 0), Qt.ItemDataRole.ToolTipRole)


def test_copy_takes_the_selected_rows_or_all(inspector, qtbot):
    clipboard = QGuiApplication.clipboard()
    inspector._table.setFocus()
    qtbot.keyClick(inspector._table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == ALL
    inspector._table.selectRow(4)
    qtbot.keyClick(inspector._table, Qt.Key.Key_C, Qt.KeyboardModifier.ControlModifier)
    assert clipboard.text() == "Measures\tnorm\t2.5 data units"
    qtbot.mouseClick(inspector._copy_button, LEFT)
    assert clipboard.text() == ALL


def test_values_change_in_place(inspector, qtbot):
    inspector._table.selectRow(4)
    changed = (*ROWS[:2], Row("Measures", "norm", "9 data units", "‖x‖"))
    with qtbot.assertNotEmitted(inspector._model.modelReset), qtbot.waitSignal(inspector._model.dataChanged) as caught:
        inspector.display(InspectorPicture(rows=changed))
    assert (caught.args[0].row(), caught.args[1].row()) == (4, 4)
    assert inspector.text(selected=True) == "Measures\tnorm\t9 data units"
    with qtbot.assertNotEmitted(inspector._model.dataChanged):
        inspector.display(InspectorPicture(rows=changed))


def test_other_names_build_the_table_again(inspector, qtbot):
    with qtbot.waitSignal(inspector._model.modelReset):
        inspector.display(InspectorPicture(rows=ROWS[:1]))
    assert inspector.text() == "Playhead\tσ\t3.88"
    inspector.display(InspectorPicture(rows=()))
    assert inspector.text() == ""
