"""The one place where files are asked for: dialogs that do not block, and remember where one was."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QFileDialog, QWidget

from app.shell.settings_store import SettingsStore
from geomodel import recognise
from geomodel.recognise import Kind

Chosen = Callable[[str], None]


def filters(title: str, kind: Kind) -> str:
    """The filters of a dialog for one kind of file, and for all files: "Runs (*.npz);;All files (*)"."""
    return f"{title} ({' '.join(recognise.patterns(kind))});;All files (*)"


class FileDialogs:
    """Asks for files over one window."""

    def __init__(self, parent: QWidget, store: SettingsStore) -> None:
        self._parent, self._store = parent, store

    def ask_open(self, title: str, filters: str, purpose: str, then: Chosen) -> None:
        """As the function of this name."""
        ask_open(self._parent, title, filters, purpose, then, store=self._store)

    def ask_save(self, title: str, filters: str, purpose: str, suffix: str, name: str, then: Chosen) -> None:
        """As the function of this name."""
        ask_save(self._parent, title, filters, purpose, suffix, name, then, store=self._store)


def ask_open(
    parent: QWidget, title: str, filters: str, purpose: str, callback: Chosen, *, store: SettingsStore
) -> QFileDialog:
    """Ask for a file to open; `callback` gets its path, and is not called where the dialog is dismissed.

    Filters are Qt's: "Checkpoints (*.safetensors);;All files (*)". The store remembers the directory of each purpose.
    """
    dialog = _dialog(parent, title, filters, purpose, callback, store)
    dialog.setFileMode(QFileDialog.FileMode.ExistingFile)
    dialog.open()
    return dialog


def ask_save(
    parent: QWidget,
    title: str,
    filters: str,
    purpose: str,
    suffix: str,
    name: str,
    callback: Chosen,
    *,
    store: SettingsStore,
) -> QFileDialog:
    """Ask where to save, proposing a name; one without a suffix gets `suffix`. Otherwise as `ask_open`."""
    dialog = _dialog(parent, title, filters, purpose, callback, store)
    dialog.setAcceptMode(QFileDialog.AcceptMode.AcceptSave)
    dialog.setDefaultSuffix(suffix)
    dialog.selectFile(name)
    dialog.open()
    return dialog


def _dialog(
    parent: QWidget, title: str, filters: str, purpose: str, callback: Chosen, store: SettingsStore
) -> QFileDialog:
    remembered = store.settings.directories.get(purpose, "")
    directory = remembered if remembered and Path(remembered).is_dir() else str(Path.home())
    dialog = QFileDialog(parent, title, directory, filters)
    dialog.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
    dialog.fileSelected.connect(partial(_chosen, store, purpose, callback))
    return dialog


def _chosen(store: SettingsStore, purpose: str, callback: Chosen, path: str) -> None:
    store.change(directories={**store.settings.directories, purpose: str(Path(path).parent)})
    callback(path)
