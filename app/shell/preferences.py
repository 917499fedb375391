"""The preferences: what a person sets once, in a small window of its own that blocks nothing."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtWidgets import QDialog, QDialogButtonBox, QGridLayout, QPushButton, QVBoxLayout, QWidget

from app.rooms.contract import Handlers
from app.shell import file_dialogs as files
from app.shell.log_level import use_level
from app.shell.settings_store import AppSettings, SettingsStore
from app.widgets.explanation import Explanation
from app.widgets.form import BoolField, Choice, ChoiceField, Field, explain
from app.widgets.number_field import FloatField, IntField
from app.widgets.text import PlainLabel
from app.widgets.text_field import TextField
from app.widgets.titled import Title
from geomodel import memory
from geomodel.origin import MOST_THREADS
from geomodel.settings import Limits

if TYPE_CHECKING:
    from app.main_window import MainWindow

LATER = "after the next start"
THEMES = (Choice("system", "As the system"), Choice("light", "Light"), Choice("dark", "Dark"))
DEVICES = (
    Choice("auto", "Automatic", "CUDA where there is such a device, else the CPU."),
    Choice("cpu", "CPU"),
    Choice("cuda", "CUDA", "A GPU of NVIDIA or AMD."),
    Choice("mps", "MPS", "The GPU of a Mac."),
)
PRECISIONS = (
    Choice("float32", "float32"),
    Choice("bfloat16", "bfloat16", "Faster on some processors. The card of a network says the error of its D."),
)
LEVELS = (
    Choice("info", "Everything"),
    Choice("warning", "Warnings and errors"),
    Choice("error", "Errors alone"),
)


def _choice(name: str, title: str, help_text: str, choices: tuple[Choice, ...]) -> Field:
    return ChoiceField(name, Limits(title, help_text, None, None), choices)


def _yes(name: str, title: str, help_text: str) -> Field:
    return BoolField(name, Limits(title, help_text, None, None))


def _groups() -> tuple[tuple[str, tuple[tuple[Field, str], ...]], ...]:
    """The title of each group, and its fields, each with when a change takes effect."""
    text_size = Limits("Text size", "All text of the window, as a multiple of the system's size.", 0.5, 3)
    threads = Limits("Threads", "Processor threads of PyTorch; 0 takes all but one.", 0, MOST_THREADS)
    share = Limits("Memory of a run", "The share of this computer's memory that one run may take.", 0.05, 0.9)
    folder = TextField(
        "folder", Limits("Save in", "The folder in which dialogs begin to save; empty is the last one.", None, None)
    )
    folder.set_placeholder("where a file was saved last")
    return (
        (
            "Look",
            (
                (_choice("theme", "Theme", "The colours of the window.", THEMES), ""),
                (FloatField("font_scale", text_size, step=0.1), f"×, {LATER}"),
                (_yes("welcome", "Welcome at the start", "The card with what there is to watch at first."), ""),
            ),
        ),
        (
            "Computing",
            (
                (
                    _choice("device", "Device", "Where networks compute; D* stays on the CPU.", DEVICES),
                    LATER,
                ),
                (_choice("precision", "Precision", "Of the products in a network.", PRECISIONS), LATER),
                (IntField("threads", threads), f"0: automatic, {LATER}"),
                (FloatField("memory_share", share, step=0.05), f"of {memory.text(memory.physical())}"),
            ),
        ),
        (
            "Files",
            (
                (folder, ""),
                (_yes("autosave", "Keep the session", "Every minute of change, for after a crash."), ""),
                (_yes("ask_at_closing", "Ask about unsaved runs", "When the window closes."), ""),
                (_choice("log_level", "Log", "What the log keeps.", LEVELS), ""),
            ),
        ),
    )


class PreferencesDialog(QDialog):
    """Shows the settings and changes them at once. `changed` is called with the name of each that took effect."""

    def __init__(self, parent: QWidget, store: SettingsStore, changed: Callable[[str], None]) -> None:
        super().__init__(parent)
        self.setWindowTitle("Preferences")
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._store, self._changed = store, changed
        self.fields: dict[str, Field] = {}
        self._result = Explanation(2)
        self._arrange()
        self.show_settings()

    def _arrange(self) -> None:
        column = QVBoxLayout(self)
        column.setContentsMargins(16, 16, 16, 16)
        column.setSpacing(8)
        grid = QGridLayout()
        grid.setHorizontalSpacing(16)
        grid.setVerticalSpacing(4)
        grid.setColumnMinimumWidth(1, 240)
        at = 0
        for title, rows in _groups():
            if at:
                grid.setRowMinimumHeight(at, 8)
            grid.addWidget(Title(title), at + 1, 0, 1, 3)
            at += 2
            for field, when in rows:
                self._add(grid, at, field, when)
                at += 1
        column.addLayout(grid)
        column.addWidget(self._result)
        place = PlainLabel(f"Settings, log and kept sessions lie in {self._store.path.parent}")
        place.setWordWrap(True)
        place.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        column.addWidget(place)
        column.addStretch(1)
        buttons = QDialogButtonBox(QDialogButtonBox.StandardButton.Close)
        buttons.rejected.connect(self.reject)
        buttons.button(QDialogButtonBox.StandardButton.Close).setAutoDefault(False)  # Enter belongs to the fields
        column.addWidget(buttons)
        explain(self.fields.values(), self._result)

    def _add(self, grid: QGridLayout, at: int, field: Field, when: str) -> None:
        self.fields[field.name] = field
        field.edited.connect(self._edited)
        field.label.setParent(self)
        if field.label.text():
            grid.addWidget(field.label, at, 0)
        grid.addWidget(field, at, 1)
        if when:
            grid.addWidget(PlainLabel(when), at, 2)
        elif field.name == "folder":
            choose = QPushButton("Choose…", autoDefault=False)
            choose.setAccessibleName("Choose the folder to save in")
            choose.clicked.connect(self._choose_folder)
            grid.addWidget(choose, at, 2)

    def show_settings(self) -> None:
        """Show the settings as they are."""
        settings = self._store.settings
        for name, field in self.fields.items():
            field.set_value(not settings.greeted if name == "welcome" else getattr(settings, name))

    def event(self, event: QEvent) -> bool:
        """A theme may have been chosen elsewhere meanwhile."""
        if event.type() == QEvent.Type.WindowActivate:
            self.show_settings()
        return super().event(event)

    def _edited(self, name: str, value: Any) -> None:
        field = self.fields[name]
        if name == "folder":
            field.set_error("" if not value or os.path.isdir(value) else f"{value} is no folder.")
        if field.error:
            return
        changes = {"greeted": not value} if name == "welcome" else {name: value}
        self._store.change(**changes)
        self._changed(name)

    def _choose_folder(self) -> None:
        files.ask_folder(self, "Save in", "folder", self._take_folder, store=self._store)

    def _take_folder(self, path: str) -> None:
        self.fields["folder"].set_value(path)
        self._edited("folder", path)


class Preferences(QObject):
    """Opens the dialog, and lets changes take effect."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window, self._store = window, window.store
        self.dialog: PreferencesDialog | None = None
        self._effects: dict[str, Callable[[AppSettings], object]] = {
            "theme": lambda _: window.choose_theme(),
            "welcome": lambda settings: window.welcome.want(not settings.greeted),
            "memory_share": lambda settings: memory.use_share(settings.memory_share),
            "log_level": lambda settings: use_level(settings.log_level),
        }
        memory.use_share(self._store.settings.memory_share)

    def handlers(self) -> Handlers:
        """What the action does."""
        return {"preferences": self.show}

    def show(self) -> None:
        """Open the dialog, or bring it to the front."""
        if self.dialog is None:
            self.dialog = PreferencesDialog(self._window, self._store, self._take_effect)
            self.dialog.finished.connect(self._closed)
            self.dialog.show()
        self.dialog.raise_()
        self.dialog.activateWindow()

    def _closed(self, _result: int) -> None:
        self.dialog = None

    def _take_effect(self, name: str) -> None:
        if name in self._effects:
            self._effects[name](self._store.settings)
