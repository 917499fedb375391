"""A page of text in a window of its own. It scrolls, fits the screen, does not block the program, and Esc closes it."""

from __future__ import annotations

from PySide6.QtCore import Qt, QUrl, Signal
from PySide6.QtWidgets import QDialog, QTextBrowser, QVBoxLayout, QWidget

MOST = 0.85  # share of the screen's width and height
COLUMN = 760  # pixels; longer lines are hard to read
SPARE = 48  # pixels for the frame, the margins and a scroll bar


class Sheet(QDialog):
    """Shows HTML. It is deleted when it is closed."""

    followed = Signal(str)  # the address of a link

    def __init__(self, parent: QWidget, title: str, html: str) -> None:
        super().__init__(parent)
        self.setWindowTitle(title)
        self.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        self._page = QTextBrowser()
        self._page.setAccessibleName(title)
        self._page.setOpenLinks(False)
        self._page.anchorClicked.connect(self._follow)
        self._page.setHtml(html)
        box = QVBoxLayout(self)
        box.setContentsMargins(0, 0, 0, 0)
        box.addWidget(self._page)
        self._fit()

    def _follow(self, link: QUrl) -> None:
        self.followed.emit(link.toString())

    def _fit(self) -> None:
        """Make the window as large as the text if the screen has the room."""
        page, screen = self._page.document().clone(self), self.screen().availableSize() * MOST
        page.setTextWidth(COLUMN)
        page.setTextWidth(max(COLUMN, page.idealWidth()))  # a table may need more
        wanted = page.size().toSize()
        self.resize(min(wanted.width() + SPARE, screen.width()), min(wanted.height() + SPARE, screen.height()))

    def show_at(self, anchor: str) -> None:
        """Show the page from this anchor on. The window opens first, because lines have no position before that."""
        self.show()
        self._page.scrollToAnchor(anchor)
