"""Where the panels stand: the docks, their first places, and how a person left them."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

from PySide6.QtCore import QByteArray, Qt, QTimer
from PySide6.QtWidgets import QDockWidget, QMainWindow, QTabWidget, QVBoxLayout, QWidget

from app.shell.settings_store import SettingsStore

VERSION = 3  # of the docks below: a layout of another version is not restored, it can crash Qt
TABS = ("Measures", "Mean shift", "Compare", "Schedule", "Derivatives")  # one behind the other on the right
LEFT_WIDTH, RIGHT_WIDTH, LEAST_RIGHT = 304, 400, 300


def seen(widget: QWidget) -> bool:
    """It is on the screen: a dock behind another's tab is visible to Qt, but stands outside the window."""
    return widget.isVisible() and not widget.visibleRegion().isEmpty()


class Layout:
    """The docks of a window around its central view."""

    def __init__(self, window: QMainWindow, store: SettingsStore) -> None:
        self._window, self._store = window, store
        self.docks: dict[str, QDockWidget] = {}
        self._fresh = True

    def build(self, left: list[tuple[QWidget, int]], right: dict[str, QWidget], bottom: dict[str, QWidget]) -> None:
        """One column on the left, the given docks on the right and below; the last one below has no title."""
        column = QWidget()
        column.setMinimumWidth(LEFT_WIDTH)
        box = QVBoxLayout(column)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        for widget, stretch in left:
            box.addWidget(widget, stretch)
        self._dock("Model and sampler", column, Qt.DockWidgetArea.LeftDockWidgetArea)
        for title, widget in right.items():
            widget.setMinimumWidth(LEAST_RIGHT)
            self._dock(title, widget, Qt.DockWidgetArea.RightDockWidgetArea)
        for title, widget in bottom.items():
            self._dock(title, widget, Qt.DockWidgetArea.BottomDockWidgetArea)
        last = self.docks[next(reversed(bottom))]
        last.setTitleBarWidget(QWidget(last))
        last.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self._window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> None:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock.{title}")
        dock.setWidget(widget)
        self._window.addDockWidget(area, dock)
        self.docks[title] = dock

    def when_seen(self, title: str, refresh: Callable[[], None]) -> None:
        """Call `refresh` when a dock comes into sight, once it has its place."""
        self.docks[title].visibilityChanged.connect(lambda there: QTimer.singleShot(0, refresh) if there else None)

    def reset(self) -> None:
        """Every dock back to its first place."""
        for dock in self.docks.values():
            dock.setFloating(False)
            dock.show()
        d, window = self.docks, self._window
        window.splitDockWidget(d["Measures"], d["Inspector"], Qt.Orientation.Vertical)
        # Along the edge, where five names fit however narrow the column is.
        window.setTabPosition(Qt.DockWidgetArea.RightDockWidgetArea, QTabWidget.TabPosition.East)
        for before, after in pairwise(TABS):
            window.tabifyDockWidget(d[before], d[after])
        d["Measures"].raise_()
        window.splitDockWidget(d["Strip"], d["Transport"], Qt.Orientation.Vertical)
        sides = [d["Model and sampler"], d["Measures"]]
        window.resizeDocks(sides, [LEFT_WIDTH, RIGHT_WIDTH], Qt.Orientation.Horizontal)
        window.resizeDocks([d["Measures"], d["Inspector"]], [560, 240], Qt.Orientation.Vertical)
        self.show_strip(visible=False)

    def show_strip(self, *, visible: bool) -> None:
        """The strip is for images only; when it comes it takes a third of the height."""
        strip = self.docks["Strip"]
        if strip.isVisible() == visible:
            return
        strip.setVisible(visible)
        if visible:
            heights = [max(220, 9 * self._window.height() // 25), 1]
            self._window.resizeDocks([strip, self.docks["Transport"]], heights, Qt.Orientation.Vertical)

    def first_showing(self) -> None:
        """Lay out once the window has its size: before that, docks do not keep theirs."""
        if not self._fresh:
            return
        self._fresh = False
        self.reset()
        settings, crashed = self._store.settings, self._store.mark_open()
        if settings.layout_version == VERSION and not crashed:
            self._window.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
            self._window.restoreState(QByteArray.fromBase64(settings.layout.encode()), VERSION)
            self.show_strip(visible=False)  # a first run shows points

    def remember(self) -> None:
        """Keep the places for the next start; the window leaves in good order."""
        if not self._fresh:
            self._store.change(
                geometry=self._window.saveGeometry().toBase64().toStdString(),
                layout=self._window.saveState(VERSION).toBase64().toStdString(),
                layout_version=VERSION,
            )
            self._store.mark_closed()
