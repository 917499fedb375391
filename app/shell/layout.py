"""Places the views and panels: workspaces, docks, and the arrangement that a person left."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from itertools import pairwise

from PySide6.QtCore import QByteArray, Qt, Signal
from PySide6.QtWidgets import (
    QApplication,
    QDockWidget,
    QGridLayout,
    QHBoxLayout,
    QMainWindow,
    QTabBar,
    QTabWidget,
    QToolBar,
    QVBoxLayout,
    QWidget,
)

from app.rooms import ROOMS
from app.rooms.contract import Room, View
from app.rooms.row import RoomRow
from app.session.snapshot import Place
from app.shell import arrangement
from app.shell.help_buttons import HelpButton, TitleHelp
from app.shell.settings_store import SettingsStore
from app.shell.turns import Turns
from app.shell.workspaces import WORKSPACES, Workspace, home_of, workspace

VERSION = 4  # version of the docks; a layout of another version is not restored, because it can crash Qt
LEFT_WIDTH, LEAST_RIGHT = 304, 280
LEFT_TITLE, LOG_TITLE = "Model and sampler", "Log"


class Layout(QWidget):
    """The centre of the window, and the docks around it that a workspace arranges."""

    workspace_changed = Signal(str)
    help_wanted = Signal(str)  # the name of a room

    def __init__(self, window: QMainWindow, store: SettingsStore, turns: Turns) -> None:
        super().__init__(window)
        self.docks: dict[str, QDockWidget] = {}  # by the name of the room, or the title of the panel
        self._areas: dict[str, Qt.DockWidgetArea] = {}  # where each dock stands at first
        self.current: Workspace = WORKSPACES[0]
        self._window, self._store, self._turns = window, store, turns
        self._rooms: Mapping[str, Room] = {}
        self._views: dict[str, View] = {}  # of the rooms that are built
        self._places: dict[str, QVBoxLayout] = {}  # what a dock holds: the view, once it is built
        self._states: dict[str, QByteArray] = {}  # the docks of the workspaces that a person has left
        self.images = False  # whether the data are images
        self._fresh = True
        self._corner: QWidget | None = None  # what lies over the main view
        self._centre = QGridLayout(self)
        self._centre.setContentsMargins(0, 0, 0, 0)
        self.tabs = QTabBar()
        self.tabs.setAccessibleName("Workspaces")
        self.tabs.setDrawBase(False)
        self.tabs.setExpanding(False)
        for number, item in enumerate(WORKSPACES, 1):
            at = self.tabs.addTab(item.title)
            self.tabs.setTabToolTip(at, f"{item.tip} (Ctrl+Alt+{number})")
        self.tabs.currentChanged.connect(self._tab_chosen)
        self._main_help = HelpButton("", lambda: self.help_wanted.emit(self.current.centre))

    def build(self, rooms: Mapping[str, Room], left: QWidget, log: QWidget) -> None:
        """Put every view and panel into its place. Nothing is shown yet."""
        self._rooms, window = rooms, self._window
        window.setCentralWidget(self)
        self._bar("Workspaces", self._head(), Qt.ToolBarArea.TopToolBarArea)
        for row in ROOMS:
            if row.area == "foot":
                self._bar(row.title, rooms[row.name].view, Qt.ToolBarArea.BottomToolBarArea)
                continue
            below = row.area == "below"
            place = QWidget()
            if not below:
                place.setMinimumWidth(LEAST_RIGHT)
            self._places[row.name] = QVBoxLayout(place)
            self._places[row.name].setContentsMargins(0, 0, 0, 0)
            area = Qt.DockWidgetArea.BottomDockWidgetArea if below else Qt.DockWidgetArea.RightDockWidgetArea
            dock = self._dock(row.name, row.title, place, area)
            TitleHelp(dock, HelpButton(row.title, partial(self.help_wanted.emit, row.name)))
            dock.visibilityChanged.connect(lambda there, name=row.name: self._came_into_sight(name) if there else None)
        self._dock(LEFT_TITLE, LEFT_TITLE, left, Qt.DockWidgetArea.LeftDockWidgetArea)
        self._dock(LOG_TITLE, LOG_TITLE, log, Qt.DockWidgetArea.BottomDockWidgetArea)
        window.setCorner(Qt.Corner.BottomLeftCorner, Qt.DockWidgetArea.LeftDockWidgetArea)
        window.setCorner(Qt.Corner.BottomRightCorner, Qt.DockWidgetArea.RightDockWidgetArea)
        window.setTabPosition(Qt.DockWidgetArea.AllDockWidgetAreas, QTabWidget.TabPosition.North)
        self._take_centre()

    def place(self, row: RoomRow, view: View) -> None:
        """Put the view of a room that has just been built into its dock."""
        self._views[row.name] = view
        if row.area != "foot":
            self._places[row.name].addWidget(view)

    def _head(self) -> QWidget:
        """The tabs of the workspaces, and at the end of the row the "?" of the main view."""
        head = QWidget()
        row = QHBoxLayout(head)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self.tabs)
        row.addStretch(1)
        row.addWidget(self._main_help)
        return head

    def _bar(self, title: str, widget: QWidget, area: Qt.ToolBarArea) -> None:
        """A row over the whole width. Nothing in it can be moved or hidden."""
        bar = QToolBar(title, self._window)
        bar.setObjectName(f"bar.{title}")
        bar.setMovable(False)
        bar.toggleViewAction().setVisible(False)
        bar.setContextMenuPolicy(Qt.ContextMenuPolicy.PreventContextMenu)
        bar.addWidget(widget)
        self._window.addToolBar(area, bar)

    def _dock(self, name: str, title: str, widget: QWidget, area: Qt.DockWidgetArea) -> QDockWidget:
        dock = QDockWidget(title, self._window)
        dock.setObjectName(f"dock.{name}")
        dock.setWidget(widget)
        dock.hide()  # until the first arrangement: all docks at once would need a wide window
        self._window.addDockWidget(area, dock)
        self.docks[name], self._areas[name] = dock, area
        return dock

    # ------------------------------------------------------------ workspaces

    def main_view(self) -> QWidget:
        """The view in the centre."""
        return self._rooms[self.current.centre].view

    def put_in_corner(self, widget: QWidget) -> None:
        """Let a widget lie over the lower right corner of the main view, which does not move for it."""
        self._corner = widget
        self._centre.removeWidget(widget)  # it comes after the view, in the order of Tab too
        self._centre.addWidget(widget, 0, 0, Qt.AlignmentFlag.AlignRight | Qt.AlignmentFlag.AlignBottom)
        widget.raise_()

    def room_in_use(self) -> str:
        """The name of the room that has the focus, or else of the one in the centre."""
        focus = QApplication.focusWidget()
        for name, view in self._views.items():
            if focus is not None and (view is focus or view.isAncestorOf(focus)):
                return name
        return self.current.centre

    def switch(self, name: str) -> None:
        """Arrange the rooms as a person left them in this workspace."""
        target = workspace(name)
        if target is self.current or self._fresh:
            return
        self._states[self.current.name] = self._window.saveState(VERSION)
        self._show(target)

    def _show(self, target: Workspace) -> None:
        with self._at_once():
            left = self.current.centre
            self._places[left].addWidget(self._rooms[left].view)
            self.current = target
            self._take_centre()
            state = self._states.get(target.name)
            if state is not None:
                arrangement.take_out(self._window, self.docks)
            if state is None or not self._window.restoreState(state, VERSION):
                self._arrange()
            self._complete()
        self.tabs.setCurrentIndex(WORKSPACES.index(target))
        self.workspace_changed.emit(target.name)
        self.main_view().setFocus()
        self._came_into_sight(target.centre)

    def _complete(self) -> None:
        """Give the docks that an arrangement does not name their usual areas, where they wait until they are asked for:
        a dock in no area would lie over the others.
        """
        for name, dock in self.docks.items():
            if self._window.dockWidgetArea(dock) == Qt.DockWidgetArea.NoDockWidgetArea:
                self._window.addDockWidget(self._areas[name], dock)
                dock.hide()
        self.docks[self.current.centre].hide()
        self._show_image_rooms()

    @contextlib.contextmanager
    def _at_once(self) -> Iterator[None]:
        """The docks are painted once, after the last has its place, or a person would see every one move."""
        self._window.setUpdatesEnabled(False)
        try:
            yield
        finally:
            self._window.setUpdatesEnabled(True)

    def _take_centre(self) -> None:
        """Move the main view from its dock to the centre."""
        view = self._rooms[self.current.centre].view
        title = next(row.title for row in ROOMS if row.name == self.current.centre)
        self._main_help.name(title)
        self._main_help.setText(f"{title} ?")  # it stands apart from the view
        self._centre.addWidget(view, 0, 0)
        view.show()
        if self._corner is not None:
            self.put_in_corner(self._corner)

    def reset(self) -> None:
        """Return the present workspace, and no other, to its first arrangement."""
        with self._at_once():
            self._arrange()
            self._show_image_rooms()

    def _arrange(self) -> None:
        window, docks = self._window, self.docks
        arrangement.take_out(window, docks)
        for name, dock in docks.items():
            window.addDockWidget(self._areas[name], dock)
            dock.setVisible(name == LEFT_TITLE)  # the others when they have their places, else the window would grow
        places = [place for place in self.current.right if place]
        for above, below in pairwise(places):
            window.splitDockWidget(docks[above[0]], docks[below[0]], Qt.Orientation.Vertical)
        for place in places:
            for before, after in pairwise(place):
                window.tabifyDockWidget(docks[before], docks[after])
        for name in self.current.rooms:
            docks[name].show()
        for place in places:
            docks[place[0]].raise_()
        tops = [docks[place[0]] for place in places]
        right = max(LEAST_RIGHT, round(0.28 * window.width()))
        window.resizeDocks([docks[LEFT_TITLE], tops[0]], [LEFT_WIDTH, right], Qt.Orientation.Horizontal)
        window.resizeDocks(tops, [600, 300][: len(tops)], Qt.Orientation.Vertical)

    def bring_forward(self, name: str) -> None:
        """Show a room. If the present workspace lacks it, switch to one that has it."""
        if name == self.current.centre:
            return
        if name not in self.current.rooms and (other := home_of(name)) is not None:
            self.switch(other.name)
        if name in self.current.rooms:
            self.docks[name].show()
            self.docks[name].raise_()

    def visit(self, name: str) -> None:
        """Show a room and give it the focus."""
        self.bring_forward(name)
        self._rooms[name].view.setFocus(Qt.FocusReason.ShortcutFocusReason)

    def show_panel(self, title: str) -> None:
        """Show a panel that a person may have closed."""
        self.docks[title].show()
        self.docks[title].raise_()

    def _tab_chosen(self, at: int) -> None:
        self.switch(WORKSPACES[at].name)

    def _came_into_sight(self, name: str) -> None:
        self._turns.add(self._rooms[name].refresh)  # after the dock has its place

    # ------------------------------------------------------------ as a session keeps it

    def places(self) -> tuple[Place, ...]:
        """Where the docks of the present workspace stand."""
        return arrangement.described(self._window, self.docks)

    def restore(self, name: str, places: Sequence[Place]) -> None:
        """Switch to a workspace, and put its docks where a session had them."""
        self.switch(name)
        if not places or self._fresh:
            return
        with self._at_once():
            arrangement.put(self._window, self.docks, places)
            self._complete()

    # ------------------------------------------------------------ rooms for images

    def show_image_rooms(self, *, visible: bool) -> None:
        """Some rooms stand there for images only."""
        self.images = visible
        self._show_image_rooms()

    def _show_image_rooms(self) -> None:
        for row in ROOMS:
            dock, wanted = self.docks.get(row.name), self.images and row.name in self.current.rooms
            if not row.images_only or dock is None or dock.isHidden() == (not wanted):
                continue
            dock.setVisible(wanted)
            if wanted:
                self._window.resizeDocks([dock], [max(180, self._window.height() // 4)], Qt.Orientation.Vertical)

    # ------------------------------------------------------------ from session to session

    def first_showing(self) -> bool:
        """Lay out once the window has its size, because docks do not keep their sizes before that. Returns True if the
        last window ended in a crash.
        """
        if not self._fresh:
            return False
        self._fresh = False
        self._arrange()
        settings, crashed = self._store.settings, self._store.mark_open()
        if settings.layout_version == VERSION and not crashed:
            # Qt brings a place that no screen has any more onto one that is there.
            self._window.restoreGeometry(QByteArray.fromBase64(settings.geometry.encode()))
            self._states = {name: QByteArray.fromBase64(text.encode()) for name, text in settings.layouts.items()}
            self._show(workspace(settings.workspace))
        else:
            self._show(self.current)
        return crashed

    def remember(self) -> None:
        """Keep the arrangements for the next start, because the window closes in good order."""
        if self._fresh:
            return
        self._states[self.current.name] = self._window.saveState(VERSION)
        self._store.change(
            geometry=self._window.saveGeometry().toBase64().toStdString(),
            layouts={name: state.toBase64().toStdString() for name, state in self._states.items()},
            workspace=self.current.name,
            layout_version=VERSION,
        )
        self._store.mark_closed()
