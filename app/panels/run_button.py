"""The button that runs the draft. Its text changes when the draft differs from the selected run."""

from __future__ import annotations

from PySide6.QtGui import QAction

from app.widgets.form import ActionButton

CHANGED = " · changed"


class RunButton(ActionButton):
    """A button as wide as its longer text, so that nothing beside it moves."""

    def __init__(self, run: QAction) -> None:
        self._changes = CHANGED
        super().__init__(run, primary=True)
        self.setFixedWidth(self.sizeHint().width())
        self.set_changes("")

    def set_changes(self, words: str) -> None:
        """Set what Run would change; an empty text means nothing."""
        self._changes = words
        self._follow()

    def _follow(self) -> None:
        super()._follow()
        if self._changes:
            self.setText(f"{self.text()}{CHANGED}")
            self.setAccessibleName(f"{self.accessibleName()}, settings changed")
            self.setToolTip(f"{self.toolTip()}\nChanged: {self._changes}")
