"""The real window for tests: opened with its first run computed, driven by keys, lists and dialogs, closed."""

from __future__ import annotations

import pytest
from PySide6.QtCore import Qt
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit

from app.main_window import MainWindow

WAIT = 60_000  # a bound for a stuck test, not a speed


def opened(qtbot):
    """A window with the first run, which was computed and stands still."""
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.begin([])
    finished(qtbot, window)
    window.playback.pause()
    return window


def closed(window):
    window.close()
    assert not window.engine.isRunning()
    window.deleteLater()


def kept(tmp_path_factory):
    """For a fixture of a module: where its one window is kept, which the first test opens."""
    found = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
        yield found
        for window in found:
            closed(window)


def finished(qtbot, window, check=lambda run: True):
    def done():
        run = window.state.run
        return run is not None and run.status == "complete" and check(run)

    qtbot.waitUntil(done, timeout=WAIT)
    return window.state.run


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()  # a closed dialog or list does not give the activity back on the offscreen platform
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    window.views.plane.setFocus()
    qtbot.keyClick(window.views.plane, key, modifier)


def choose_file(qtbot, path):
    """Type a path into the file dialog that is open and press Enter."""
    qtbot.waitUntil(lambda: bool(_dialogs()), timeout=WAIT)
    dialog = _dialogs()[0]
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(path))
    qtbot.keyClick(dialog.findChild(QLineEdit, "fileNameEdit"), Qt.Key.Key_Return)


def _dialogs():
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()]


def pick(qtbot, field, value):
    """Choose a line of a combo field by its value: open the list, go to the line, Enter."""
    combo = field.editor
    assert isinstance(combo, QComboBox)
    combo.setFocus()
    combo.showPopup()
    view = combo.view()
    view.setCurrentIndex(combo.model().index([choice.value for choice in field.choices].index(value), 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert not view.isVisible()


def type_in(qtbot, field, text):
    line = field.editor.findChild(QLineEdit) or field.editor
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)
