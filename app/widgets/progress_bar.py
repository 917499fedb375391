"""A progress bar that is painted with everything else that has changed."""

from __future__ import annotations

from PySide6.QtWidgets import QProgressBar


class ProgressBar(QProgressBar):
    """Qt's own paints before `setValue` returns, and with it all of its window that has changed, at every step."""

    def show_progress(self, done: int, whole: int) -> None:
        """Show how much of the whole is done. A whole of 0 is not known."""
        self.setUpdatesEnabled(False)
        self.setRange(0, whole)
        self.setValue(done)
        self.setUpdatesEnabled(True)
