"""The order in which Tab visits the controls. It is the order of the layouts, which is the reading order.

Layouts know where a control stands even if it was built late, so nothing else has to keep a tab order.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QGridLayout, QLayout, QMainWindow, QScrollArea, QSplitter, QToolBar, QWidget

BY_TAB = (Qt.FocusPolicy.TabFocus, Qt.FocusPolicy.StrongFocus, Qt.FocusPolicy.WheelFocus)
LEFT, RIGHT = (Qt.DockWidgetArea.LeftDockWidgetArea,), (Qt.DockWidgetArea.RightDockWidgetArea,)
DIRECT = Qt.FindChildOption.FindDirectChildrenOnly
BELOW = (Qt.DockWidgetArea.TopDockWidgetArea, Qt.DockWidgetArea.BottomDockWidgetArea)


def reading_order(widget: QWidget | None) -> Iterator[QWidget]:
    """The controls in a widget that can take the focus now, beginning with itself."""
    if widget is None or not widget.isVisible() or not widget.isEnabled():
        return
    if widget.focusPolicy() in BY_TAB and widget.focusProxy() is None:
        yield widget
    for part in _parts(widget):
        yield from reading_order(part)


def _parts(widget: QWidget) -> Iterator[QWidget | None]:
    if isinstance(widget, QMainWindow):
        yield from _areas(widget)
    elif isinstance(widget, QToolBar):
        yield from (widget.widgetForAction(action) for action in widget.actions())
    elif isinstance(widget, QScrollArea | QDockWidget):
        yield widget.widget()
    elif isinstance(widget, QSplitter):
        yield from (widget.widget(at) for at in range(widget.count()))
    elif layout := widget.layout():
        yield from _laid_out(layout)


def _areas(window: QMainWindow) -> Iterator[QWidget | None]:
    """The parts of a window: the row on top, the left column, the central view, the right column, and what stands
    below.
    """
    bars = window.findChildren(QToolBar, options=DIRECT)
    yield from (bar for bar in bars if window.toolBarArea(bar) == Qt.ToolBarArea.TopToolBarArea)
    yield from _docks(window, LEFT)
    yield window.centralWidget()
    yield from _docks(window, RIGHT)
    yield from _docks(window, BELOW)
    yield from (bar for bar in bars if window.toolBarArea(bar) == Qt.ToolBarArea.BottomToolBarArea)
    yield window.statusBar()


def _docks(window: QMainWindow, areas: tuple[Qt.DockWidgetArea, ...]) -> list[QDockWidget]:
    docks = window.findChildren(QDockWidget, options=DIRECT)
    # Qt calls a dock behind another's tab visible, but it stands outside the window.
    shown = [dock for dock in docks if not dock.isFloating() and not dock.visibleRegion().isEmpty()]
    return sorted(
        (dock for dock in shown if window.dockWidgetArea(dock) in areas), key=lambda dock: (dock.y(), dock.x())
    )


def _laid_out(layout: QLayout) -> Iterator[QWidget]:
    """What stands in a layout and in the layouts inside. Its items are not asked for: PySide would go on believing in
    them after Qt has deleted them, and take whatever comes to their address for them.
    """
    around = layout.parentWidget()
    assert around is not None
    widgets = {layout.indexOf(widget): widget for widget in around.findChildren(QWidget, options=DIRECT)}
    layouts = {layout.indexOf(inner): inner for inner in layout.findChildren(QLayout, options=DIRECT)}
    for at in _places(layout):
        if at in widgets:
            yield widgets[at]
        elif at in layouts:
            yield from _laid_out(layouts[at])


def _places(layout: QLayout) -> list[int]:
    places = list(range(layout.count()))
    if isinstance(layout, QGridLayout):  # its items may be in any order
        rows_and_columns: list[Any] = [layout.getItemPosition(at) for at in places]
        places.sort(key=lambda at: tuple(rows_and_columns[at][:2]))
    return places
