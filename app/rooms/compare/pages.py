"""Pages of the compare view, shown one at a time."""

from __future__ import annotations

from PySide6.QtWidgets import QTabBar, QVBoxLayout, QWidget


class Pages(QWidget):
    """Shows one of its pages, under tabs that are their titles."""

    def __init__(self) -> None:
        super().__init__()
        self._pages: list[tuple[str, QWidget]] = []
        self.tabs = QTabBar(drawBase=False, expanding=False, usesScrollButtons=False)
        self.tabs.setAccessibleName("Pages of the comparison")
        self.tabs.currentChanged.connect(self._show)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self.tabs)
        self.hide()

    def set_pages(self, pages: list[tuple[str, QWidget]]) -> None:
        """Set the pages. The one in view stays if it is among them."""
        if pages == self._pages:
            return
        shown = self.tabs.tabText(self.tabs.currentIndex())
        for _, page in self._pages:
            self._column.removeWidget(page)
            page.hide()  # else it would float at its old place
        self._pages = pages
        self.tabs.blockSignals(True)
        while self.tabs.count():
            self.tabs.removeTab(0)
        for title, page in pages:
            self.tabs.addTab(title)
            self._column.addWidget(page, 1)
        titles = [title for title, _ in pages]
        self.tabs.setCurrentIndex(titles.index(shown) if shown in titles else 0)
        self.tabs.blockSignals(False)
        self.tabs.setVisible(bool(pages))
        self.setVisible(bool(pages))
        self._show()

    def _show(self) -> None:
        for at, (_, page) in enumerate(self._pages):
            page.setVisible(at == self.tabs.currentIndex())

    def release(self) -> None:
        """Disconnect the tabs."""
        self.tabs.currentChanged.disconnect(self._show)
