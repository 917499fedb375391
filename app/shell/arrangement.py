"""Describes where the docks of a workspace stand, in plain words, and puts them there again.

Qt's own record of a window is bytes that can crash it, so a file of somebody else must not bring them. What a person
has moved is kept as places: the docks of each place, its area and its size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Literal

from PySide6.QtCore import Qt
from PySide6.QtWidgets import QDockWidget, QMainWindow

from app.session.snapshot import Place

Area = Literal["left", "right", "top", "bottom"]
AREAS: dict[Area, Qt.DockWidgetArea] = {
    "left": Qt.DockWidgetArea.LeftDockWidgetArea,
    "right": Qt.DockWidgetArea.RightDockWidgetArea,
    "top": Qt.DockWidgetArea.TopDockWidgetArea,
    "bottom": Qt.DockWidgetArea.BottomDockWidgetArea,
}


def described(window: QMainWindow, docks: dict[str, QDockWidget]) -> tuple[Place, ...]:
    """The places of the docks that are there, in the order in which `put` needs them.

    A floating dock counts as standing in its area.
    """
    places, done = [], set[str]()
    for area, value in AREAS.items():
        there = {name: dock for name, dock in docks.items() if not dock.isHidden()}
        inside = [name for name, dock in there.items() if window.dockWidgetArea(dock) == value]
        inside.sort(key=lambda name: (there[name].y(), there[name].x()) if _in_front(there[name]) else (1 << 20, 0))
        last: QDockWidget | None = None
        for name in inside:
            if name in done:
                continue
            dock = there[name]
            tabs = [other for other in inside if there[other] in window.tabifiedDockWidgets(dock)]
            done |= {name, *tabs}
            beside = last is not None and dock.y() < last.y() + last.height() and dock.x() >= last.x() + last.width()
            size = {"width": max(0, dock.width()), "height": max(0, dock.height())}
            places.append(Place(area=area, docks=(name, *tabs), beside=beside, **size))
            last = dock
    return tuple(places)


def _in_front(dock: QDockWidget) -> bool:
    """Whether it is not behind a tab."""
    return not dock.visibleRegion().isEmpty()


def take_out(window: QMainWindow, docks: dict[str, QDockWidget]) -> None:
    """Take every dock out of its place: one that stays behind a tab would take its neighbours there, and the row of
    tabs would stay although nothing is behind it. Docks in front go last, because each would bring another forward.
    """
    tabbed = {name for name, dock in docks.items() if window.tabifiedDockWidgets(dock)}
    for name in sorted(docks, key=lambda name: _in_front(docks[name])):
        if name in tabbed or docks[name].isFloating():  # it hides and shows the dock, which takes milliseconds
            docks[name].setFloating(False)  # also where it does not float, or the row of tabs stays
        window.removeDockWidget(docks[name])


def put(window: QMainWindow, docks: dict[str, QDockWidget], places: Sequence[Place]) -> None:
    """Put the docks into these places and hide the others. Names that this window does not have are left out."""
    take_out(window, docks)
    known, seen = [], set[str]()
    for place in places:
        names = [name for name in place.docks if name in docks and name not in seen]
        seen |= {*names}
        if names:
            known.append((place, [docks[name] for name in names]))
    for area, value in AREAS.items():
        here = [(place, there) for place, there in known if place.area == area]
        for _, there in here[:1]:
            window.addDockWidget(value, there[0])
        for (_, before), (place, there) in pairwise(here):
            direction = Qt.Orientation.Horizontal if place.beside else Qt.Orientation.Vertical
            window.splitDockWidget(before[0], there[0], direction)
        for _, there in here:
            for front, behind in pairwise(there):
                window.tabifyDockWidget(front, behind)
    for _, there in known:
        for dock in there:
            dock.show()
        there[0].raise_()
    firsts = [there[0] for _, there in known]
    for name, orientation in (("width", Qt.Orientation.Horizontal), ("height", Qt.Orientation.Vertical)):
        sizes = [max(1, getattr(place, name)) for place, _ in known]
        if firsts:
            window.resizeDocks(firsts, sizes, orientation)
