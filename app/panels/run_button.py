"""The button that runs the draft. It says whether the draft is another one than what is shown."""

from __future__ import annotations

from PySide6.QtGui import QAction

from app.widgets.form import ActionButton

CHANGED = " · changed"


class RunButton(ActionButton):
    """As wide as its longer text, so that nothing beside it moves."""

    def __init__(self, run: QAction) -> None:
        self._changes = CHANGED
        super().__init__(run, primary=True)
        self.setFixedWidth(self.sizeHint().width())
        self.set_changes("")

    def set_changes(self, words: str) -> None:
        """What Run would change; empty: nothing."""
        self._changes = words
        self._follow()

    def _follow(self) -> None:
        super()._follow()
        if self._changes:
            self.setText(f"{self.text()}{CHANGED}")
            self.setAccessibleName(f"{self.accessibleName()}, settings changed")
            self.setToolTip(f"{self.toolTip()}\nChanged: {self._changes}")
