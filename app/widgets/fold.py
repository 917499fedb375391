"""Fields that few people need, behind a title that opens and closes. What differs from its default is never hidden."""

from __future__ import annotations

from PySide6.QtCore import QSignalBlocker, Qt, Signal
from PySide6.QtWidgets import QSizePolicy, QToolButton, QVBoxLayout, QWidget

from app.widgets.text import tooltip


class Fold(QWidget):
    """A title with an arrow over some widgets."""

    toggled = Signal(bool)  # a person has opened or closed it

    def __init__(self, title: str, text: str, foot: QWidget) -> None:
        """`foot` stands under the widgets while one of them is shown."""
        super().__init__()
        self._title, self._foot = title, foot
        self._widgets: list[QWidget] = []
        self._changed: frozenset[QWidget] = frozenset()
        self._button = QToolButton(autoRaise=True)
        self._button.setCheckable(True)
        self._button.setToolButtonStyle(Qt.ToolButtonStyle.ToolButtonTextBesideIcon)
        self._button.setFocusPolicy(Qt.FocusPolicy.TabFocus)
        self._button.setSizePolicy(QSizePolicy.Policy.Preferred, QSizePolicy.Policy.Fixed)
        self._button.setToolTip(tooltip(title, text))
        self._button.toggled.connect(self._switched)
        self._column = QVBoxLayout(self)
        self._column.setContentsMargins(0, 0, 0, 0)
        self._column.setSpacing(4)
        self._column.addWidget(self._button, 0, Qt.AlignmentFlag.AlignLeft)
        self._column.addWidget(foot)
        self._show()

    @property
    def is_open(self) -> bool:
        """Whether everything in it is shown."""
        return self._button.isChecked()

    def set_open(self, is_open: bool) -> None:
        """Open or close it and emit nothing."""
        with QSignalBlocker(self._button):
            self._button.setChecked(is_open)
        self._show()

    def add(self, widget: QWidget) -> None:
        """Put a widget under the others."""
        self._widgets.append(widget)
        self._column.insertWidget(self._column.count() - 1, widget)
        self._show()

    def drop(self, widget: QWidget) -> None:
        """Leave a widget out, because it goes."""
        if widget in self._widgets:
            self._widgets.remove(widget)
            self._show()

    def set_changed(self, widgets: frozenset[QWidget]) -> None:
        """Say which differ from their defaults. They are shown even while the rest is not."""
        if widgets != self._changed:
            self._changed = widgets
            self._show()

    def _switched(self, is_open: bool) -> None:
        self._show()
        self.toggled.emit(is_open)

    def _show(self) -> None:
        count = len(self._changed)
        text = f"{self._title} ({count} changed)" if count else self._title
        self._button.setText(text)
        self._button.setAccessibleName(text)
        self._button.setArrowType(Qt.ArrowType.DownArrow if self.is_open else Qt.ArrowType.RightArrow)
        shown = [widget for widget in self._widgets if self.is_open or widget in self._changed]
        for widget in self._widgets:
            widget.setVisible(widget in shown)
        self._foot.setVisible(bool(shown))
