"""One part of a view takes all of its room: by a double click on the part's title, or Enter on it; and back."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from PySide6.QtCore import QEvent, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QKeyEvent, QMouseEvent
from PySide6.QtWidgets import QFrame, QLayout, QScrollArea, QSplitter, QVBoxLayout, QWidget

ENLARGE, BACK = "Double click or Enter: enlarge", "Double click, Enter or Esc: back"
ENTER = (Qt.Key.Key_Return, Qt.Key.Key_Enter)
MARGIN = 8  # pixels around the part
Type = QEvent.Type


class Enlarged(QObject):
    """Moves a part of a view to a stage as large as the view, while the rest is hidden as one page.

    The view goes on showing and hiding its parts as if nothing had happened. If the part on the stage is hidden, or
    what was around it, it goes back to its place.
    """

    changed = Signal()

    # Defaults for a view that Python takes apart before Qt does, because Qt still sends events then.
    _parts: Mapping[QObject, tuple[QWidget, Callable[[bool], None] | None]] = MappingProxyType({})  # by their titles
    _title: QWidget | None = None  # of the part on the stage
    _around: tuple[QWidget, ...] = ()  # what the part needs to be shown

    def __init__(self, view: QWidget) -> None:
        """Of a view that is laid out. A printed view has no stage, because it shows every part."""
        super().__init__(view)
        self._view = view
        self._page, self._stage, self._ground = QWidget(), QScrollArea(widgetResizable=True), QWidget()
        self._page.setLayout(_layout(view))  # the page takes it from the view
        self._stage.setFrameShape(QFrame.Shape.NoFrame)
        self._stage.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self._stage.setAccessibleName(f"{view.accessibleName()} enlarged".strip().capitalize())
        self._stage.hide()
        QVBoxLayout(self._ground).setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        self._stage.setWidget(self._ground)
        column = QVBoxLayout(view)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for half in (self._page, self._stage):
            column.addWidget(half, 1)
        self._parts = {}
        self._place = QWidget()  # stands in the layout for it
        self._area: QWidget | None = None  # the view's own place for the keyboard
        self._lost = QTimer(self, interval=0, singleShot=True)  # a view that is being changed is not moved about
        self._lost.timeout.connect(self._fall_back)
        for watched in (view, self._stage):
            watched.installEventFilter(self)

    @property
    def part(self) -> QWidget | None:
        """The part that has all the room."""
        return self._parts[self._title][0] if self._title is not None else None

    def add(self, title: QWidget, part: QWidget, grow: Callable[[bool], None] | None = None) -> None:
        """A part can be enlarged by its title; `grow` is told when it is, so that it shows more."""
        self._parts = {**self._parts, title: (part, grow)}
        title.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        title.installEventFilter(self)
        self._hint(title)

    def release(self) -> None:
        """Watch no longer, and let go of the parts' methods."""
        self._lost.stop()
        self._lost.timeout.disconnect(self._fall_back)
        for watched in (self._view, self._stage, *self._parts, *self._around):
            watched.removeEventFilter(self)
        self._parts = {}

    # ------------------------------------------------------------ there and back

    def toggle(self, title: QWidget) -> None:
        """Enlarge the part of this title, or take it back."""
        back, had_focus = self._title is title, title.hasFocus()
        self.shrink()
        if not back:
            self._enlarge(title)
        if had_focus:  # it was lost on the way
            title.setFocus(Qt.FocusReason.OtherFocusReason)
        elif not back:
            self._stage.setFocus(Qt.FocusReason.OtherFocusReason)

    def _enlarge(self, title: QWidget) -> None:
        part, grow = self._parts[title]
        self._title, self._place = title, QWidget()
        around = [part]
        while (above := around[-1].parentWidget()) is not None and above is not self._page:
            around.append(above)
        self._around = tuple(around)
        for widget in self._around:
            widget.installEventFilter(self)
        _replace(part, self._place)
        _layout(self._ground).addWidget(part)
        part.show()
        self._area = self._view.focusProxy()
        if self._area is not None:
            self._area.setFocusProxy(self._stage)  # the view may set its own anew at any time
        self._show(grow)

    def shrink(self) -> None:
        """Everything in its place."""
        if self._title is None:
            return
        part, grow = self._parts[self._title]
        had_focus, wanted = self._title.hasFocus(), not part.isHidden()
        title, self._title = self._title, None
        for widget in self._around:
            widget.removeEventFilter(self)
        self._around = ()
        _layout(self._ground).removeWidget(part)
        _replace(self._place, part)
        part.setVisible(wanted)
        self._place.deleteLater()
        if self._area is not None:
            self._area.setFocusProxy(None)  # type: ignore[arg-type]  # the stubs forget that there may be none
        self._show(grow)
        if had_focus and wanted:
            title.setFocus(Qt.FocusReason.OtherFocusReason)

    def _show(self, grow: Callable[[bool], None] | None) -> None:
        there = self._title is not None
        self._page.setVisible(not there)
        self._stage.setVisible(there)
        for title in self._parts:
            assert isinstance(title, QWidget)
            self._hint(title)
        if grow is not None:
            grow(there)
        self.changed.emit()

    def _fall_back(self) -> None:
        part = self.part
        if part is not None and (part.isHidden() or not self._place.isVisibleTo(self._page)):
            self.shrink()

    # ------------------------------------------------------------ titles and keys

    def _hint(self, title: QWidget) -> None:
        """A tooltip that a view has written ends with what can be done."""
        wanted, other = (BACK, ENLARGE) if title is self._title else (ENLARGE, BACK)
        title.setAccessibleDescription(wanted)
        text, end = title.toolTip(), ""
        if text.endswith("</qt>"):
            text, end = text.removesuffix("</qt>"), "</qt>"
        line = "<br>" if end else "\n"
        if not text.endswith(wanted):
            text = text.removesuffix(other).removesuffix(line)
            title.setToolTip(f"{text}{line if text else ''}{wanted}{end}")

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """True where the event is done with."""
        if event.type() == Type.HideToParent and watched in self._around:
            self._lost.start()
        elif watched in self._parts and isinstance(watched, QWidget) and self._work_title(watched, event):
            return True
        elif isinstance(event, QKeyEvent) and self._title is not None:
            return self._work_back(watched, event)
        return False

    def _work_title(self, title: QWidget, event: QEvent) -> bool:
        if event.type() == Type.ToolTipChange:
            self._hint(title)
        double = isinstance(event, QMouseEvent) and event.type() == Type.MouseButtonDblClick
        clicked = double and event.button() == Qt.MouseButton.LeftButton  # type: ignore[attr-defined]
        entered = isinstance(event, QKeyEvent) and event.type() == Type.KeyPress and event.key() in ENTER
        if clicked or entered:
            self.toggle(title)
        return clicked or entered

    def _work_back(self, watched: QObject, event: QKeyEvent) -> bool:
        """Esc comes to the view where no control in it has taken it; Enter counts on the stage itself alone."""
        escape = watched is self._view and event.key() == Qt.Key.Key_Escape
        if event.type() == Type.ShortcutOverride and escape:
            event.accept()  # it is not the window's yet
            return True
        if event.type() == Type.KeyPress and (escape or (watched is self._stage and event.key() in ENTER)):
            self.shrink()
            return True
        return False


def _replace(old: QWidget, new: QWidget) -> None:
    """Put a widget in another's place, whatever lays it out."""
    around = old.parentWidget()
    assert around is not None
    if isinstance(around, QSplitter):
        around.replaceWidget(around.indexOf(old), new)
    else:
        _layout(around).replaceWidget(old, new)


def _layout(widget: QWidget) -> QLayout:
    layout = widget.layout()
    assert layout is not None
    return layout
