"""Real mouse events at places of the plane."""

from __future__ import annotations

from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QMouseEvent, QWheelEvent
from PySide6.QtWidgets import QApplication

LEFT, NONE = Qt.MouseButton.LeftButton, Qt.MouseButton.NoButton


def mouse(view, kind, at, buttons=LEFT, modifiers=Qt.KeyboardModifier.NoModifier):
    """A real mouse event at a place (displayed coordinates or QPointF) of the plot."""
    place = at if isinstance(at, QPointF) else view.ground.to_widget(*at)
    target = view.ground.viewport()
    button = NONE if kind == QEvent.Type.MouseMove else LEFT
    held = NONE if kind == QEvent.Type.MouseButtonRelease else buttons
    event = QMouseEvent(kind, place, QPointF(target.mapToGlobal(place.toPoint())), button, held, modifiers)
    QApplication.sendEvent(target, event)
    return place


def press(view, at, **more):
    return mouse(view, QEvent.Type.MouseButtonPress, at, **more)


def move(view, at, **more):
    return mouse(view, QEvent.Type.MouseMove, at, **more)


def let_go(view, at, **more):
    return mouse(view, QEvent.Type.MouseButtonRelease, at, **more)


def click(view, at, **more):
    let_go(view, press(view, at, **more), **more)


def wheel(view, at, delta):
    place, target = view.ground.to_widget(*at), view.ground.viewport()
    event = QWheelEvent(
        place,
        QPointF(target.mapToGlobal(place.toPoint())),
        QPoint(),
        QPoint(0, delta),
        NONE,
        Qt.KeyboardModifier.NoModifier,
        Qt.ScrollPhase.NoScrollPhase,
        False,
    )
    QApplication.sendEvent(target, event)
