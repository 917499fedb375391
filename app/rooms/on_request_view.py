"""The skeleton of a view of something that is computed on request: a work bar over a page that scrolls."""

from __future__ import annotations

from typing import Any, Protocol

from PySide6.QtCore import Qt, Signal
from PySide6.QtGui import QPalette
from PySide6.QtWidgets import QLayout, QVBoxLayout, QWidget

from app.plotting.theme import Theme
from app.rooms.contract import View
from app.widgets.enlarged import Enlarged
from app.widgets.focus_area import show_area
from app.widgets.scrolled import scrolled
from app.widgets.text import PlainLabel
from app.widgets.work_bar import WorkBar


class OnRequestPicture(Protocol):
    """What the pictures of such views have in common."""

    @property
    def message(self) -> str:
        """What stands in place of the page."""

    @property
    def ready(self) -> bool:
        """Whether the work can start."""

    @property
    def running(self) -> bool:
        """Whether it is under way."""

    @property
    def words(self) -> str:
        """How far it is."""


class OnRequestView(View):
    """A subclass fills `page` with what it shows, then calls `lay_out`, and lets `display` begin with `frame`."""

    start_wanted = Signal()
    cancel_wanted = Signal()
    level_picked = Signal(int)

    def __init__(self, theme: Theme, parent: QWidget | None, picture: Any, name: str, bar: WorkBar, print_mode: bool):
        super().__init__(parent)
        self._picture, self._theme, self._print = picture, theme, print_mode
        self.setAccessibleName(name)
        self.bar = bar
        self.bar.start_wanted.connect(self.start_wanted)
        self.bar.cancel_wanted.connect(self.cancel_wanted)
        self._message = PlainLabel(alignment=Qt.AlignmentFlag.AlignCenter, wordWrap=True)
        self._message.setForegroundRole(QPalette.ColorRole.PlaceholderText)
        self.page = QWidget()
        self.inside = QVBoxLayout(self.page)
        self.inside.setContentsMargins(0, 0, 0, 0)
        self.inside.setSpacing(6)
        self.enlarged: Enlarged | None = None

    def lay_out(self, *under_bar: QWidget) -> None:
        """The bar, what stands under it, and the page. Print shows the page alone and does not scroll."""
        column = QVBoxLayout(self)
        column.setContentsMargins(8, 8, 8, 8)
        column.setSpacing(8)
        for part in (self.bar, *under_bar):
            column.addWidget(part)
            part.setHidden(self._print)
        column.addWidget(self._message, 1)
        name = f"{self.accessibleName()} over the noise levels"
        self._whole = self.page if self._print else scrolled(self.page, name)
        column.addWidget(self._whole, 1)
        if self._print:  # a print keeps the size it is given, whatever its parts prefer during the layout
            column.setSizeConstraint(QLayout.SizeConstraint.SetNoConstraint)
        else:
            self.enlarged = Enlarged(self)

    def frame(self, picture: OnRequestPicture, *, there: bool) -> None:
        """Show what all have in common; `there` says whether the page has something to show."""
        self._picture = picture
        self.setAccessibleDescription(self.describe())
        self.bar.display(enabled=picture.ready, running=picture.running, words=picture.words)
        self._message.setText(picture.message)
        self._message.setVisible(not there)
        show_area(self, self._whole, there=there)

    def release(self) -> None:
        """Disconnect everything, so that nothing keeps the view alive."""
        self.bar.release()
        if self.enlarged is not None:
            self.enlarged.release()
