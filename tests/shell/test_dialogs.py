"""Asking for files and for a picture's size, through the real dialogs."""

from __future__ import annotations

import gc
import json
import sys
import weakref

import pytest
from blank_view import Blank
from gestures import open_window, type_into
from PySide6.QtCore import QCoreApplication, QEvent, Qt
from PySide6.QtGui import QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QDialogButtonBox, QFileDialog, QLineEdit, QWidget
from shiboken6 import isValid

from app.export import dialogs
from app.shell import file_dialogs as files
from app.shell.settings_store import SettingsStore

RECIPE = {"run": {"solver": "heun"}}


@pytest.fixture
def window(qtbot):
    return open_window(qtbot, QWidget())


def _answer(qtbot, dialog, text):
    """Write a name into Qt's own dialog and press its button."""
    qtbot.waitUntil(dialog.isVisible)
    dialog.findChild(QLineEdit, "fileNameEdit").setText(text)
    kinds = QDialogButtonBox.StandardButton
    saving = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
    button = dialog.findChild(QDialogButtonBox).button(kinds.Save if saving else kinds.Open)  # or "Choose" of a folder
    qtbot.waitUntil(button.isEnabled)
    QTest.mouseClick(button, Qt.MouseButton.LeftButton)


def test_opening_calls_back_and_remembers_the_directory(qtbot, window, tmp_path):
    (tmp_path / "runs").mkdir()
    (tmp_path / "runs" / "a.npz").touch()
    store, chosen = SettingsStore(), []
    ask = (window, "Open run", "Runs (*.npz);;All files (*)", "run", chosen.append)
    dialog = files.ask_open(*ask, store=store)
    assert dialog.isModal()
    assert chosen == []  # it does not block
    _answer(qtbot, dialog, str(tmp_path / "runs" / "a.npz"))
    qtbot.waitUntil(lambda: chosen == [str(tmp_path / "runs" / "a.npz")])
    again = files.ask_open(*ask, store=SettingsStore())
    assert again.directory().absolutePath() == str(tmp_path / "runs")
    other = files.ask_open(*ask[:3], "data", chosen.append, store=store)
    assert other.directory().absolutePath() != str(tmp_path / "runs")
    for dialog in (again, other):
        dialog.reject()
    qtbot.waitUntil(lambda: not window.findChildren(QFileDialog))
    assert len(chosen) == 1


NAMES = [("fine", "fine.npz"), ("fine.v2", "fine.v2.npz"), ("a.csv", "a.csv.npz"), ("b.npz", "b.npz")]


@pytest.mark.parametrize(("typed", "written"), NAMES)
def test_saving_adds_the_suffix_of_what_is_saved(qtbot, window, tmp_path, typed, written):
    chosen = []
    dialog = files.ask_save(window, "run", "heun-18", chosen.append, store=SettingsStore(), say=print)
    assert dialog.findChild(QLineEdit, "fileNameEdit").text() == "heun-18.npz"
    _answer(qtbot, dialog, str(tmp_path / typed))
    qtbot.waitUntil(lambda: chosen == [str(tmp_path / written)])


def test_a_suffix_that_is_added_replaces_no_other_file(qtbot, window, tmp_path):
    (tmp_path / "a.v2.npz").write_bytes(b"kept")
    said, chosen = [], []
    dialog = files.ask_save(
        window, "run", "a", chosen.append, store=SettingsStore(), say=lambda text, *more: said.append((text, *more))
    )
    _answer(qtbot, dialog, str(tmp_path / "a.v2"))
    qtbot.waitUntil(lambda: bool(said))
    assert chosen == []
    assert "a.v2.npz exists already" in said[0][0]
    assert said[0][1:] == (True, "save")


def test_a_directory_that_is_gone_is_not_used(window, tmp_path, qtbot):
    store = SettingsStore()
    store.change(directories={"run": str(tmp_path / "gone")})
    dialog = files.ask_open(window, "Open run", "Runs (*.npz)", "run", print, store=store)
    assert dialog.directory().exists()
    dialog.reject()


# ---------------------------------------------------------------- the dialog


@pytest.fixture
def dialog(qtbot, window):
    wide, tall = Blank(), Blank()
    wide.resize(320, 240)
    tall.resize(100, 200)
    window.written = []
    views, recipe = {"Plane": wide, "Strip": tall}, dict(RECIPE)
    made = dialogs.save_picture(window, views, lambda _: recipe, window.written.append, store=SettingsStore())
    made.recipe = recipe
    qtbot.waitExposed(made)
    made.activateWindow()
    qtbot.waitUntil(made.isActiveWindow)
    return made


def _enter(field, text):
    type_into(field, text, end=Qt.Key.Key_Tab)


def test_presets_keep_the_views_proportions_and_the_pixels_are_told(dialog):
    assert (dialog._width.value, dialog._height.value) == (85, 64)  # 4 : 3
    assert dialog._result.usual.text() == "1,004 × 756 pixels"
    dialog._fits.editor.setFocus()
    QTest.keyClick(dialog._fits.editor, Qt.Key.Key_Down)
    assert (dialog._width.value, dialog._height.value) == (114, 86)
    dialog._view.editor.setFocus()
    QTest.keyClick(dialog._view.editor, Qt.Key.Key_Down)
    assert (dialog._width.value, dialog._height.value) == (114, 228)  # 1 : 2
    _enter(dialog._width, "100")
    assert dialog._fits.value == dialogs.CUSTOM
    assert dialog._height.value == 200
    _enter(dialog._height, "30")
    _enter(dialog._dpi, "96")
    assert dialog._result.usual.text() == "378 × 113 pixels"


def test_the_picture_is_written_where_it_is_asked_for(qtbot, dialog, window, tmp_path):
    _enter(dialog._dpi, "200")
    dialog.recipe["run"] = "a later one"
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    asked = dialog.findChild(QFileDialog)
    assert asked.findChild(QLineEdit, "fileNameEdit").text() == "plane-85mm.png"
    _answer(qtbot, asked, str(tmp_path / "figure"))
    qtbot.waitUntil(lambda: window.written == [str(tmp_path / "figure.png")])
    image = QImage(str(tmp_path / "figure.png"))
    assert (image.width(), image.height()) == (669, 504)
    assert json.loads(image.text("recipe")) == {"run": "a later one"}  # of the moment it was made


@pytest.mark.parametrize(("width", "height", "millimetres"), [(1200, 3, 10.0), (2, 900, 1000.0)])
def test_a_view_that_is_a_sliver_has_a_picture_within_the_limits(qtbot, window, width, height, millimetres):
    view = Blank()
    view.resize(width, height)
    made = dialogs.save_picture(window, {"view": view}, lambda _: RECIPE, print, store=SettingsStore())
    assert made._height.value == millimetres
    made._show_preview()
    made.reject()


def test_a_picture_of_lines_and_text_has_no_resolution(qtbot, dialog, window, tmp_path):
    dialog._kind.editor.setFocus()
    QTest.keyClick(dialog._kind.editor, Qt.Key.Key_Down)
    assert not dialog._dpi.isEnabled()
    assert "can be edited" in dialog._result.usual.text()
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    asked = dialog.findChild(QFileDialog)
    assert asked.findChild(QLineEdit, "fileNameEdit").text() == "plane-85mm.svg"
    _answer(qtbot, asked, str(tmp_path / "figure"))
    qtbot.waitUntil(lambda: window.written == [str(tmp_path / "figure.svg")])
    text = (tmp_path / "figure.svg").read_text()
    assert 'width="85mm" height="64mm"' in text
    assert '{"run": {"solver": "heun"}}' in text


def test_a_slide_has_a_height_of_its_own(dialog):
    dialog._fits.editor.setFocus()
    for _ in range(3):
        QTest.keyClick(dialog._fits.editor, Qt.Key.Key_Down)
    assert (dialog._width.value, dialog._height.value) == dialogs.SLIDE
    dialog._view.editor.setFocus()
    QTest.keyClick(dialog._view.editor, Qt.Key.Key_Down)  # another view is on the same slide
    assert (dialog._width.value, dialog._height.value) == dialogs.SLIDE
    _enter(dialog._height, "100")
    assert dialog._fits.value == dialogs.CUSTOM


def test_what_does_not_fit_is_explained_and_nothing_is_asked(dialog):
    _enter(dialog._dpi, "2400")
    assert "at most 1,200" in dialog._dpi.error
    save = dialog.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Save)
    QTest.mouseClick(save, Qt.MouseButton.LeftButton)
    assert not dialog.findChildren(QFileDialog)


def test_no_preview_is_drawn_of_a_number_that_does_not_fit(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog._preview._image.isNull())
    _enter(dialog._points, "0")  # as many points would need infinitely many pixels
    dialog._show_preview()
    assert "at least 4" in dialog._points.error


def test_a_failure_is_told_and_the_dialog_stays(qtbot, dialog, window, tmp_path):
    dialog._save(str(tmp_path / "missing" / "a.png"))
    qtbot.waitUntil(lambda: "could not be written" in dialog._result.error)
    assert dialog.isVisible()
    assert window.written == []


def test_a_dialog_that_closes_while_it_draws_writes_nothing(qtbot, dialog, window, tmp_path):
    dialog._save(str(tmp_path / "a.png"))
    assert not dialog._save_button.isEnabled()  # a second picture would be drawn beside this one
    dialog.close()
    qtbot.waitUntil(lambda: not isValid(dialog))
    qtbot.wait(50)
    assert window.written == []
    assert not (tmp_path / "a.png").exists()


def test_a_window_that_goes_while_its_dialog_draws_leaves_nothing(qtbot, monkeypatch, tmp_path):
    """Python would end the drawing when it collects the dialog, and what is drawn on may be gone first."""
    wrong = []
    monkeypatch.setattr(sys, "unraisablehook", wrong.append)
    for turns in range(8):
        around, view = QWidget(), Blank()
        view.resize(300, 200)
        dialog = dialogs.save_picture(around, {"view": view}, lambda _: RECIPE, print, store=SettingsStore())
        dialog._show_preview()
        dialog._save(str(tmp_path / "a.png"))
        for _ in range(turns):
            QCoreApplication.processEvents()
        works = [weakref.ref(act.args[0]) for act in (*dialog._previews._acts, *dialog._saving._acts)]
        assert works or turns
        around.deleteLater()
        del around, dialog
        QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
        assert [work() for work in works if work() is not None] == []
        gc.collect()
    assert wrong == []


def test_a_folder_is_chosen_and_the_one_above_is_remembered(qtbot, window, tmp_path):
    (tmp_path / "pictures" / "cats").mkdir(parents=True)
    (tmp_path / "pictures" / "cats" / "a.png").touch()
    chosen = []
    ask = (window, "Open folder", "folder", chosen.append)
    dialog = files.ask_folder(*ask, store=SettingsStore())
    _answer(qtbot, dialog, str(tmp_path / "pictures"))
    qtbot.waitUntil(lambda: chosen == [str(tmp_path / "pictures")])
    again = files.ask_folder(*ask, store=SettingsStore())
    assert again.directory().absolutePath() == str(tmp_path)
    again.reject()


def test_the_preview_follows_what_is_chosen(qtbot, dialog):
    qtbot.waitUntil(lambda: not dialog._preview._image.isNull())
    wide = dialog._preview._image.deviceIndependentSize()
    assert wide.width() / wide.height() == pytest.approx(85 / 64, rel=0.02)  # whole pixels
    dialog._ground.editor.setFocus()
    QTest.keyClick(dialog._ground.editor, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: dialog._preview._image.pixelColor(1, 1).alpha() == 0)
    _enter(dialog._height, "170")
    qtbot.waitUntil(lambda: dialog._preview._image.height() > 1.9 * dialog._preview._image.width())
    assert not dialog._parts["legend"].isEnabled()  # a blank view has none
