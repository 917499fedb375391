"""Decides which keys belong to a control, and where the focus goes when a person has finished with it.

Space, the arrows, Home, End and the letter keys are shortcuts of the window, which drive time and tools. Number fields
take only the characters of a number, and the few lines of text keep their letters. So two rules are enough. Only Tab,
or a click into text, moves the focus to a control; a click on a control does its work without the focus. Enter, Esc, a
choice, a click elsewhere or the key of an action gives the focus back to the main view.

A control that a person reached by Tab keeps the few keys that work it: Space for a button or a list of ticks, the up
and down arrows for a list, a slider or tabs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from PySide6.QtCore import QEvent, QObject, Qt
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QAbstractItemView,
    QAbstractSlider,
    QAbstractSpinBox,
    QApplication,
    QComboBox,
    QDockWidget,
    QLineEdit,
    QMainWindow,
    QScrollArea,
    QScrollBar,
    QTabBar,
    QWidget,
)
from shiboken6 import isValid

from app.shell.tab_order import reading_order
from app.widgets.focus_frame import FocusFrame
from app.widgets.overlay import Overlay
from app.widgets.ticks import TickList

K, Reason, Type = Qt.Key, Qt.FocusReason, QEvent.Type
CLICKED = (QAbstractButton, QAbstractSlider, QAbstractSpinBox, QComboBox, QTabBar)  # for a spin box, its two arrows
CONTROLS = (*CLICKED, QLineEdit)
ENDS = (K.Key_Return, K.Key_Enter, K.Key_Escape)
COMMANDS = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier | Qt.KeyboardModifier.MetaModifier


class FocusLaw(QObject):
    """Watches events, and decides for the controls of one window.

    A filter in Python costs more than most events do, and a new theme or workspace sends tens of thousands. So the
    whole application is watched only while something else than the main view has the focus. While the main view has
    it, no text is half typed and a click has nothing to give back: only its own keys matter.
    """

    def __init__(self, window: QMainWindow, main_view: Callable[[], QWidget]) -> None:
        super().__init__(window)
        self._window, self._main_view = window, main_view
        self._frame: FocusFrame | None = None
        self._watched: list[QObject] = []
        app = QApplication.instance()
        assert isinstance(app, QApplication)
        self._app = app
        self._app.focusChanged.connect(self._focus_moved)
        self.give_back()
        self._watch(self._app.focusWidget())

    def release(self) -> None:
        """Stop watching, because the window closes."""
        self._app.focusChanged.disconnect(self._focus_moved)
        self._watch_only([])

    def _watch(self, focus: QWidget | None) -> None:
        home = self._main_view()
        if focus is not None and focus in (home, home.focusProxy()):
            self._watch_only(list(_with_parents(focus)))
        else:
            self._watch_only([self._app])

    def _watch_only(self, watched: list[QObject]) -> None:
        for each in self._watched:
            if isValid(each):
                each.removeEventFilter(self)
        self._watched = watched
        for each in watched:
            each.installEventFilter(self)

    def give_back(self) -> None:
        """Move the focus to the main view. A field takes over its half-typed text."""
        view = self._main_view()
        if self._app.activeWindow() is not view.window() and self._is_ours(self._app.activeWindow()):
            view.activateWindow()  # the focus was in a dock that floats
        view.setFocus(Reason.OtherFocusReason)

    def _is_ours(self, widget: QWidget | None) -> bool:
        """Whether it stands in the window or in one of its floating docks, not in a dialog, an open list or an overlay,
        which uses keys and clicks by itself.
        """
        top = None if widget is None or Overlay.has(widget) else widget.window()
        return top is self._window or (isinstance(top, QDockWidget) and top.parent() is self._window)

    # ------------------------------------------------------------ events

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Handle an event of any widget. True means that Qt must not handle it."""
        kind = event.type()
        if kind == Type.Shortcut:
            self._end_typing()
        elif kind in HANDLERS and isinstance(watched, QWidget) and self._is_ours(watched):
            return HANDLERS[kind](self, watched, event)
        return False

    def _end_typing(self) -> None:
        """Take over typed text before an action acts, and give the next keys to the window."""
        if isinstance(self._app.focusWidget(), QAbstractSpinBox | QLineEdit) and self._app.activePopupWidget() is None:
            self.give_back()

    def _keep(self, control: QWidget, event: QKeyEvent) -> bool:
        """Qt asks here whether a control keeps a key although it is a shortcut."""
        escapes = event.key() == K.Key_Escape and isinstance(control, CONTROLS)
        if escapes or (event.key() == K.Key_Space and isinstance(control, QAbstractButton | TickList)):
            event.accept()
            return True
        return False

    def _press_key(self, control: QWidget, event: QKeyEvent) -> bool:
        key, commands = event.key(), event.modifiers() & COMMANDS
        if key in (K.Key_Tab, K.Key_Backtab) and not commands:
            self._walk(control.window(), forward=key == K.Key_Tab)
            return True
        if control.isWindow() and key in ENDS:  # no control used it
            self.give_back()
            return True
        if isinstance(control, QComboBox) and not control.isEditable():
            return self._work_list(control, event)
        if isinstance(control, QTabBar) and key in (K.Key_Up, K.Key_Down):
            control.setCurrentIndex(control.currentIndex() + (1 if key == K.Key_Down else -1))
            return True
        if isinstance(control, TickList) and key == K.Key_Space:
            return False
        searches = isinstance(control, QAbstractItemView) and event.text().isprintable() and event.text() != ""
        return searches and not commands and _pass_on(event)

    def _work_list(self, box: QComboBox, event: QKeyEvent) -> bool:
        """Work a closed list by the up and down arrows only. The focus is given back before the list opens."""
        key = event.key()
        if key in (K.Key_Return, K.Key_Enter, K.Key_F4) or (key == K.Key_Down and event.modifiers() & COMMANDS):
            self.give_back()
            box.showPopup()
            return True
        return key not in (K.Key_Up, K.Key_Down) and _pass_on(event)

    def _press_mouse(self, widget: QWidget, event: QMouseEvent) -> bool:
        """Qt has moved the focus by now. A press that a widget ignores comes again for each parent, above the child."""
        if isinstance(widget, QScrollBar) or widget.childAt(event.position().toPoint()) is not None:
            return False
        focus = widget.window().focusWidget()
        inside = focus is not None and (focus is widget or focus.isAncestorOf(widget))
        if not inside or isinstance(widget, CLICKED):
            self.give_back()
        return False

    # ------------------------------------------------------------ focus

    def _walk(self, window: QWidget, *, forward: bool) -> None:
        """Move to the next control in reading order, and around at the ends."""
        stops = list(reading_order(window))
        if not stops:
            return
        here = window.focusWidget()
        at = stops.index(here) + (1 if forward else -1) if here in stops else (0 if forward else -1)
        control = stops[at % len(stops)]
        window.setAttribute(Qt.WidgetAttribute.WA_KeyboardFocusChange)  # the style marks the focus from now on
        control.setFocus(Reason.TabFocusReason if forward else Reason.BacktabFocusReason)
        around = control.parentWidget()
        while around is not None:
            if isinstance(around, QScrollArea):
                around.ensureWidgetVisible(control)
            around = around.parentWidget()

    def _focus_moved(self, old: QWidget | None, now: QWidget | None) -> None:
        """When the focused control vanishes or is disabled, Qt moves the focus to its neighbour, which nobody
        wanted.
        """
        self._watch(now)
        gone = old is not None and isValid(old) and not (old.isVisible() and old.isEnabled())
        if gone and self._window.isVisible() and (now is None or self._is_ours(now)) and now is not self._main_view():
            self.give_back()
            return
        if self._frame is not None and isValid(self._frame):
            self._frame.hide()
            self._frame.deleteLater()
        self._frame = FocusFrame(now) if now is not None and self._is_ours(now) else None


def _with_parents(widget: QWidget) -> Iterator[QWidget]:
    """A widget and all in which it stands: an event that it ignores comes to each of them."""
    found: QWidget | None = widget
    while found is not None:
        yield found
        found = found.parentWidget()


def _pass_on(event: QKeyEvent) -> bool:
    """Keep a key from its control. Its parents receive it."""
    event.ignore()
    return True


HANDLERS: dict[QEvent.Type, Callable[..., bool]] = {
    Type.ShortcutOverride: FocusLaw._keep,
    Type.KeyPress: FocusLaw._press_key,
    Type.MouseButtonPress: FocusLaw._press_mouse,
    Type.MouseButtonDblClick: FocusLaw._press_mouse,
}
