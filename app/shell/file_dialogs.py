"""Asks for files. The dialogs do not block, and they remember the last directory."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Protocol

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.export import formats
from app.export.formats import ExportFormat
from app.shell.settings_store import SettingsStore
from geomodel import recognise
from geomodel.recognise import Kind

Chosen = Callable[[str], None]
SAVE = "save"  # the cause of an error, which the next saved file settles


class Say(Protocol):
    """Shows one sentence in the status bar."""

    def __call__(self, text: str, is_error: bool = False, cause: str = "") -> None:
        """Show the sentence. An error stays until its cause is settled, or until the next message if it names no
        cause.
        """


def filters(title: str, kind: Kind) -> str:
    """The filters of a dialog for one kind of file, and for all files: "Runs (*.npz);;All files (*)"."""
    return f"{title} ({' '.join(recognise.patterns(kind))});;All files (*)"


class FileDialogs:
    """Asks for files over one window."""

    def __init__(self, parent: QWidget, store: SettingsStore, say: Say) -> None:
        self._parent, self._store, self._say = parent, store, say

    def ask_open(self, title: str, filters: str, purpose: str, then: Chosen) -> None:
        """Do what the function of this name does."""
        ask_open(self._parent, title, filters, purpose, then, store=self._store)

    def ask_save(self, format: str, name: str, then: Chosen) -> None:
        """Do what the function of this name does."""
        ask_save(self._parent, format, name, then, store=self._store, say=self._say)


def ask_open(
    parent: QWidget, title: str, filters: str, purpose: str, callback: Chosen, *, store: SettingsStore
) -> QFileDialog:
    """Ask for a file to open. `callback` gets its path; it is not called if the dialog is dismissed.

    Filters are Qt's: "Checkpoints (*.safetensors);;All files (*)". The store remembers the directory of each purpose.
    """
    dialog = _dialog(parent, title, filters, purpose, callback, store)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.open()
    return dialog


def ask_folder(parent: QWidget, title: str, purpose: str, callback: Chosen, *, store: SettingsStore) -> QFileDialog:
    """Ask for a folder, as `ask_open` asks for a file. Files are listed too, so that a folder of pictures is not empty
    to the eye.
    """
    dialog = _dialog(parent, title, "All files (*)", purpose, callback, store)
    dialog.setFileMode(QFileDialog.FileMode.Directory)
    dialog.setOption(QFileDialog.Option.ShowDirsOnly, False)
    dialog.open()
    return dialog


def ask_save(
    parent: QWidget, format: str, name: str, callback: Chosen, *, store: SettingsStore, say: Say
) -> QFileDialog:
    """Ask where to save, proposing a name. `callback` gets the path with the format's suffix.

    The dialog asks before a file is replaced, but it knows only the typed name. If the added suffix leads to another
    file that exists, nothing is saved and `say` gets the sentence.
    """
    row = formats.row(format)
    dialog = _dialog(parent, row.title, row.filter, format, partial(_save_as, row, callback, say), store)
    if os.path.isdir(store.settings.folder or "?"):
        dialog.setDirectory(store.settings.folder)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(row.suffix)
    dialog.selectFile(row.named(name))
    dialog.open()
    return dialog


def _save_as(row: ExportFormat, callback: Chosen, say: Say, chosen: str) -> None:
    path = row.named(chosen)
    if path != chosen and os.path.exists(path):
        say(f"{path} exists already, so nothing was saved. Choose it by its whole name to replace it.", True, SAVE)
    else:
        callback(path)


def _dialog(
    parent: QWidget, title: str, filters: str, purpose: str, callback: Chosen, store: SettingsStore
) -> QFileDialog:
    remembered = store.settings.directories.get(purpose, "")
    directory = remembered if remembered and os.path.isdir(remembered) else str(Path.home())
    dialog = QFileDialog(parent, title, directory, filters)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(partial(_chosen, store, purpose, callback))
    return dialog


def _chosen(store: SettingsStore, purpose: str, callback: Chosen, path: str) -> None:
    store.change(directories={**store.settings.directories, purpose: str(Path(path).parent)})
    callback(path)
