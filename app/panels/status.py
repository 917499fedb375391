"""The line at the bottom: device, precision, cost, progress, cancel, and what just happened."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QLabel, QProgressBar, QStatusBar, QToolButton

from app.engine.messages import Opening
from app.plotting.theme import Theme
from app.session.state import Run
from geomodel import memory

MESSAGE_MS = 8000


class StatusBar(QStatusBar):
    """Says what the engine is doing."""

    def __init__(self, theme: Theme, cancel: QAction) -> None:
        super().__init__()
        self._theme = theme
        self._message = QLabel()
        self._message.setAccessibleName("Message")
        self._message.setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        self._facts = QLabel("starting the engine…")
        self._facts.setAccessibleName("Device and cost")
        self._progress = QProgressBar()
        self._progress.setAccessibleName("Progress of the run")
        self._progress.setFixedWidth(160)
        self._progress.setMaximumHeight(16)
        self._progress.setFormat("%v/%m")
        self._cancel = QToolButton()
        self._cancel.setDefaultAction(cancel)
        self._cancel.setAccessibleName("Cancel the run")
        self.setContentsMargins(8, 0, 8, 0)
        self._message.setContentsMargins(16, 0, 0, 0)
        self.addWidget(self._facts)
        self.addWidget(self._message, 1)
        self.addPermanentWidget(self._progress)
        self.addPermanentWidget(self._cancel)
        self._clear = QTimer(self)
        self._clear.setSingleShot(True)
        self._clear.setInterval(MESSAGE_MS)
        self._clear.timeout.connect(self._message.clear)
        self._free = memory.available()
        self.show_run(None, "")

    def say(self, text: str, is_error: bool = False) -> None:
        """A message; an error stays until the next one."""
        self._message.setText(("⚠ " if is_error else "") + text)
        self._message.setToolTip(text)
        if is_error:
            self._clear.stop()
        else:
            self._clear.start()

    def show_run(self, run: Run | None, device: str, opening: Opening | None = None, tasks: Sequence[str] = ()) -> None:
        """Facts of the run that computes, or of the one that is shown; how far an opening is; experiments."""
        computing = run is not None and run.status == "computing"
        self._progress.setVisible(computing or opening is not None)
        self._cancel.setVisible(computing or opening is not None or bool(tasks))
        self._progress.setFormat("%v/%m" if opening is None else "%p %")
        facts = [device.upper() or "loading torch…"]
        facts += tasks
        if opening is not None:
            facts.append(f"opening {Path(opening.name).name}")
            self._progress.setRange(0, 100)
            self._progress.setValue(round(100 * opening.fraction))
            computing = False
        if run is not None and run.committed:
            steps = len(run.sigmas) - 1
            spent = run.spent(run.committed - 1)
            facts.append(str(run.x.dtype))
            if run.evaluating and spent:
                facts.append(f"{milliseconds(1000 * run.evaluating / spent)} ms/evaluation")
            facts.append(f"{spent} evaluations")
            if computing:
                self._progress.setRange(0, steps)
                self._progress.setValue(run.committed - 1)
            else:
                self._free = memory.available()
        elif computing:
            self._progress.setRange(0, 0)
        facts.append(f"{memory.text(self._free)} free")
        self._facts.setText("  ·  ".join(facts))

    def set_theme(self, theme: Theme) -> None:
        """The palette does it all."""
        self._theme = theme


def milliseconds(value: float) -> str:
    """Two digits of a small time, whole milliseconds of a longer one."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"
