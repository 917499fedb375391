"""The command palette: a field and a list that lie over the window, where a few letters find anything."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from PySide6.QtCore import QEvent, QModelIndex, QObject, Qt, QTimer, Signal
from PySide6.QtGui import QAction, QFocusEvent, QKeyEvent, QPaintEvent
from PySide6.QtWidgets import QApplication, QFrame, QLineEdit, QListView, QMainWindow, QVBoxLayout, QWidget
from shiboken6 import isValid

from app.shell.palette_lines import HEIGHT, LinePainter, Lines, spoken
from app.shell.palette_search import PaletteEntry, search
from app.widgets.explanation import Explanation
from app.widgets.overlay import Overlay
from app.widgets.text import outline_widget

K, Reason = Qt.Key, Qt.FocusReason
WIDTH, LINES, ASIDE, MARGIN = 720, 12, 24, 8  # pixels, lines in sight, pixels beside it and inside
LONGEST = 80  # letters
HINT = "↑ ↓ choose · Enter does it · Esc closes"
GONE = "This is no longer there."


class Field(QLineEdit):
    """The line of text. It passes on the keys that work the list, and says when the focus has left it."""

    pressed = Signal(int)  # one of `KEYS`
    left = Signal()

    def __init__(self) -> None:
        super().__init__(clearButtonEnabled=False, maxLength=LONGEST)
        self.setPlaceholderText("Type a few letters of a command, setting, file, view or claim")
        self.setContextMenuPolicy(Qt.ContextMenuPolicy.NoContextMenu)  # its list would take the focus

    def event(self, event: QEvent) -> bool:
        """Take the keys of the list before they are shortcuts of the window."""
        if isinstance(event, QKeyEvent) and _is_own(event):
            event.accept()
            if event.type() == QEvent.Type.KeyPress:
                self.pressed.emit(event.key())
            return True
        return super().event(event)

    def focusOutEvent(self, event: QFocusEvent) -> None:
        super().focusOutEvent(event)
        self.left.emit()

    def paintEvent(self, event: QPaintEvent) -> None:
        super().paintEvent(event)
        outline_widget(self, self.rect())


class Palette(Overlay):
    """Lists what matches the typed letters and does what is chosen. Nothing in the window moves for it."""

    def __init__(
        self,
        window: QMainWindow,
        entries: Callable[[], Sequence[PaletteEntry]],
        actions: Iterable[QAction],
        main_view: Callable[[], QWidget],
    ) -> None:
        """`entries` lists everything as it stands now. A change of one of `actions` asks for it again.

        `main_view` gets the focus if the control that had it is gone.
        """
        super().__init__(window)
        self.hide()
        self.setAccessibleName("Command palette")
        self._window, self._entries, self._main_view = window, entries, main_view
        self._listed: Sequence[PaletteEntry] = ()
        self._before: QWidget | None = None  # the control that had the focus
        self.field, self.list, self._lines = Field(), QListView(), Lines()
        self.field.setAccessibleName("Command palette")
        self.list.setAccessibleName("What was found")
        self.list.setModel(self._lines)
        self.list.setItemDelegate(LinePainter(self.list))
        self.list.setFocusPolicy(Qt.FocusPolicy.NoFocus)
        self.list.setUniformItemSizes(True)
        self.list.setFrameShape(QFrame.Shape.NoFrame)
        self.list.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        self.about = Explanation(2)
        column = QVBoxLayout(self)
        column.setContentsMargins(MARGIN, MARGIN, MARGIN, MARGIN)
        column.setSpacing(MARGIN)
        column.addWidget(self.field)
        column.addWidget(self.list, 1)
        column.addWidget(self.about)
        self._later = QTimer(self, singleShot=True, interval=0)
        self._later.timeout.connect(self._list_anew)
        for action in actions:
            action.changed.connect(self._action_changed)
        self.field.textEdited.connect(self._find)
        self.field.pressed.connect(self._press)
        self.field.left.connect(self._left)
        self.list.clicked.connect(self._clicked)
        self.list.selectionModel().currentChanged.connect(self._describe)
        window.installEventFilter(self)

    @property
    def entry(self) -> PaletteEntry | None:
        """The entry of the current line."""
        index = self.list.currentIndex()
        return self._lines.matches[index.row()].entry if index.isValid() else None

    # ------------------------------------------------------------ opening and closing

    def toggle(self) -> None:
        """Open with nothing typed, or close."""
        if not self.isHidden():
            self.leave()
            return
        self._before = QApplication.focusWidget()
        self.field.clear()
        self._place()
        self.show()
        self.raise_()
        self.field.setFocus(Reason.ShortcutFocusReason)
        self._listed = self._entries()
        self._find("")

    def leave(self) -> None:
        """Give the focus back to where it was, then hide: the focus of a hidden control would go anywhere."""
        before, focus = self._before, self._window.focusWidget()
        if focus is self.field:
            there = before is not None and isValid(before) and before.isVisible() and before.isEnabled()
            target = before if there and before is not None else self._main_view()
            if target.window() is not self._window:  # a dock that floats
                target.activateWindow()
            target.setFocus(Reason.OtherFocusReason)
        self.hide()

    def _left(self) -> None:
        """The focus has gone elsewhere. Wait until everybody knows, because they ask whether its old place is shown."""
        QTimer.singleShot(0, self, self._close_if_left)

    def _close_if_left(self) -> None:
        if not self.isHidden() and not self.field.hasFocus():
            self.leave()

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Follow the size of the window."""
        if event.type() == QEvent.Type.Resize and not self.isHidden():
            self._place()
        return False

    def _place(self) -> None:
        """Lie over the upper middle of the window, below its menus."""
        window, top = self._window.rect(), self._window.menuBar().geometry().bottom() + 1
        lines = LINES * (self.list.fontMetrics().height() + HEIGHT)
        wanted = self.sizeHint().height() - self.list.sizeHint().height() + lines
        width, height = min(WIDTH, window.width() - 2 * ASIDE), min(wanted, window.height() - top - ASIDE)
        self.setGeometry((window.width() - width) // 2, top, width, height)

    # ------------------------------------------------------------ finding

    def _action_changed(self) -> None:
        if not self.isHidden():
            self._later.start()

    def _list_anew(self) -> None:
        """Ask what there is now. The current line stays if it is still there."""
        self._listed = self._entries()
        self._find(self.field.text(), keep=self.entry)

    def _find(self, typed: str, *, keep: PaletteEntry | None = None) -> None:
        self._lines.show_matches(search(self._listed, typed))
        same = [keep is not None and match.entry.identity == keep.identity for match in self._lines.matches]
        self.list.setCurrentIndex(self._lines.index(same.index(True) if True in same else 0))
        self._describe()

    def _describe(self) -> None:
        entry, typed = self.entry, self.field.text().strip()
        said = spoken(entry) if entry is not None else f"Nothing is found for “{typed}”."
        self.field.setAccessibleDescription(said)
        self.about.set_error("entry", "")
        self.about.say(said if entry is None else entry.tip if typed else HINT)

    # ------------------------------------------------------------ choosing

    def _press(self, key: int) -> None:
        if key in STEPS:
            self._move(STEPS[key])
        elif key in (K.Key_Return, K.Key_Enter):
            self._choose()
        elif key not in (K.Key_Tab, K.Key_Backtab):  # the focus stays in the field
            self.leave()

    def _move(self, step: int) -> None:
        """Up and down go around at the ends; pages end there."""
        count, at = len(self._lines.matches), self.list.currentIndex().row()
        if count:
            row = (at + step) % count if abs(step) == 1 else min(max(at + step, 0), count - 1)
            self.list.setCurrentIndex(self._lines.index(row))

    def _clicked(self, index: QModelIndex) -> None:
        self._choose()

    def _choose(self) -> None:
        """Do what the current line says, or say why that cannot be done now."""
        wanted = self.entry
        self._list_anew()
        entry = self.entry
        if wanted is None or entry is None:
            return
        reason = entry.reason if entry.identity == wanted.identity else GONE
        if reason:
            self.about.set_error("entry", reason)
            self.field.setAccessibleDescription(reason)
        else:
            self.leave()
            entry.act()


STEPS: dict[int, int] = {K.Key_Up: -1, K.Key_Down: 1, K.Key_PageUp: 1 - LINES, K.Key_PageDown: LINES - 1}
OWN = (*STEPS, K.Key_Return, K.Key_Enter, K.Key_Escape, K.Key_Tab, K.Key_Backtab)


def _is_own(event: QKeyEvent) -> bool:
    """Whether a key works the list, or is Ctrl+K, which closes the palette as it opened it."""
    return event.key() in OWN or (event.key() == K.Key_K and event.modifiers() == Qt.KeyboardModifier.ControlModifier)
