"""Chooses an image of the data by sight: a line for a class or a number, and the images that match."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QDialog, QLineEdit, QVBoxLayout, QWidget

from app.plotting.theme import Theme, palette
from app.widgets.text import PlainLabel, outline_widget
from app.widgets.thumbnails import Fetch, Thumbnails
from geomodel.arrays import Integers

HINT = "Arrows choose, Enter takes the image, Esc closes. Type to search."
LONGEST = 80  # letters


@dataclass(frozen=True, slots=True)
class ImageSource:
    """Where the images come from."""

    search: Callable[[str], Integers]  # the numbers of the images that match a text
    fetch: Fetch
    words: Callable[[int], str]  # what an image is called
    size: tuple[int, int]  # width and height in its own pixels


class _Line(QLineEdit):
    """Keys that work the images go to them."""

    passed = Signal(QKeyEvent)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter, Qt.Key.Key_Up, Qt.Key.Key_Down):
            self.passed.emit(event)
        else:
            super().keyPressEvent(event)

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())


class ImageChooser(QDialog):
    """Does not block the window. It stays open after a double click, so that several images can be tried."""

    taken = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget, title: str, source: ImageSource, current: int) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self.setModal(False)
        self._source, self._current = source, current
        self._line = _Line(maxLength=LONGEST)
        self._line.setClearButtonEnabled(True)
        self._line.setPlaceholderText("Class or number, such as sneaker or 512")
        self._line.setAccessibleName("Search by class or number")
        self._grid = Thumbnails(theme, source.words)
        self._words, self._hint = PlainLabel(), PlainLabel(HINT)
        column = QVBoxLayout(self)
        for widget in (self._line, self._grid, self._words, self._hint):
            column.addWidget(widget, int(widget is self._grid))
        self._line.textChanged.connect(self._search)
        self._line.passed.connect(self._pass)
        self._grid.current_changed.connect(self._show_words)
        self._grid.taken.connect(self.taken)
        self._grid.typed.connect(self._type)
        self.resize(560, 520)
        self.set_theme(theme)
        self._search("")
        self._grid.setFocus()

    def set_theme(self, theme: Theme) -> None:
        """Set all colours."""
        self.setPalette(palette(theme))
        self._grid.set_theme(theme)

    def _search(self, text: str) -> None:
        found = self._source.search(text)
        self._count = len(found)
        self._grid.set_images(found, self._source.fetch, self._source.size, self._current)

    def _show_words(self, number: int) -> None:
        if number < 0:
            self._words.setText("No image matches.")
        else:
            self._words.setText(f"{self._source.words(number)} · {self._count:,} shown")

    def _pass(self, event: QKeyEvent) -> None:
        if event.key() in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            self._grid.keyPressEvent(event)
        else:
            self._grid.setFocus()

    def _type(self, text: str) -> None:
        self._line.setFocus()
        self._line.insert(text)

    def keyPressEvent(self, event: QKeyEvent) -> None:
        """Esc closes. Enter belongs to the images."""
        if event.key() not in (Qt.Key.Key_Return, Qt.Key.Key_Enter):
            super().keyPressEvent(event)
