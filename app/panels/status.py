"""The line at the bottom: device, precision, cost, progress, cancel, and the newest message."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QResizeEvent
from PySide6.QtWidgets import QStatusBar, QToolButton, QWidget

from app.engine.messages import Opening, Preparing
from app.plotting.theme import Theme
from app.session.state import Run
from app.widgets.elided import ElidedLabel
from app.widgets.progress_bar import ProgressBar
from geomodel import memory
from geomodel.error_text import cut

log = logging.getLogger("app.message")  # so that the log keeps what a person was shown

MESSAGE_MS = 8000
LEAST_FACTS = 96  # pixels of the facts that a long message leaves


class StatusBar(QStatusBar):
    """Shows what the engine is doing, and the newest message. Both lines are cut if they do not fit, the facts
    first.
    """

    def __init__(self, theme: Theme, cancel: QAction, stop_waiting: QAction, reopen_last: QAction) -> None:
        super().__init__()
        self._theme = theme
        self._errors: dict[str, str] = {}  # cause → sentence, the newest last
        self._notice, self._cause = "", ""  # what is said for a while, and why
        self._message = ElidedLabel(Qt.TextElideMode.ElideMiddle)  # a file's name stands first, the reason last
        self._message.setAccessibleName("Message")
        self._facts = ElidedLabel()
        self._facts.setAccessibleName("Device and cost")
        self._progress = ProgressBar()
        self._progress.setAccessibleName("Progress of the run")
        self._progress.setFixedWidth(160)
        self._progress.setMaximumHeight(16)
        self._progress.setFormat("%v/%m")
        self._cancel = _button(cancel, "Cancel the run")
        self._stop_waiting = _button(stop_waiting, "Stop waiting")
        self._reopen_last = _button(reopen_last, "Open the last session")
        self._reopen_last.hide()
        stop_waiting.changed.connect(self._offer_to_stop)
        self._offer_to_stop()
        self._arrange()
        self._timer = QTimer(self)
        self._timer.setSingleShot(True)
        self._timer.setInterval(MESSAGE_MS)
        self._timer.timeout.connect(self._forget_notice)
        self._free = memory.available()
        self.show_run(None, "")

    def _arrange(self) -> None:
        self.setContentsMargins(8, 0, 8, 0)
        self._message.setContentsMargins(16, 0, 0, 0)
        self._line = _Line(self._facts, self._message)
        self.addWidget(self._line, 1)
        self.addPermanentWidget(self._progress)
        self.addPermanentWidget(self._reopen_last)
        self.addPermanentWidget(self._stop_waiting)
        self.addPermanentWidget(self._cancel)

    def say(self, text: str, is_error: bool = False, cause: str = "") -> None:
        """Show a message for a while. An error stays until its cause is gone, or until the next message if it names no
        cause.

        A message that is no error also ends the errors of its cause.
        """
        text = cut(text)
        log.log(logging.WARNING if is_error else logging.INFO, "%s", text)
        self._errors.pop("", None)
        self._errors.pop(cause, None)
        if is_error:
            self._errors[cause] = text
        self._notice, self._cause = "" if is_error else text, cause
        self._timer.start()
        self._show_message()

    def retell(self, text: str, cause: str) -> None:
        """Change the words of the error of this cause, such as a number that grows. The log keeps the first words."""
        if cause in self._errors:
            self._errors[cause] = cut(text)
            self._show_message()

    def _offer_to_stop(self) -> None:
        """The button is there only while there is something to leave."""
        self._stop_waiting.setVisible(self._stop_waiting.defaultAction().isEnabled())

    def offer_last(self, offered: bool) -> None:
        """Show the button that opens the last session, or put it away."""
        self._reopen_last.setVisible(offered)

    def clear(self, cause: str) -> None:
        """End the error or the message of this cause."""
        noticed = bool(self._notice) and self._cause == cause
        if noticed:
            self._notice = ""
        if self._errors.pop(cause, None) is not None or noticed:
            self._show_message()

    def _forget_notice(self) -> None:
        self._notice = ""
        self._show_message()

    def _show_message(self) -> None:
        errors = [*self._errors.values()]
        self._message.setText(self._notice or (f"⚠ {errors[-1]}" if errors else ""))
        self._line.share()

    def show_run(
        self, run: Run | None, device: str, begun: Opening | Preparing | None = None, tasks: Sequence[str] = ()
    ) -> None:
        """Show facts of the run that computes, or of the selected one; how far what has `begun` is; and the tasks."""
        computing = run is not None and run.status == "computing"
        self._progress.setVisible(computing or begun is not None)
        self._cancel.setVisible(computing or begun is not None or bool(tasks))
        self._progress.setFormat("%v/%m" if begun is None else "%p %")
        facts = [device.upper() or "loading torch…"]
        facts += tasks
        if begun is not None:
            doing = "opening" if isinstance(begun, Opening) else "preparing D* of"
            facts.append(f"{doing} {Path(begun.name).name}")
            self._progress.show_progress(round(100 * begun.fraction), 100)
            computing = False
        if run is not None and run.committed:
            steps = len(run.sigmas) - 1
            spent = run.spent(run.committed - 1)
            facts.append(str(run.x.dtype))
            if run.evaluating and spent:
                facts.append(f"{milliseconds(1000 * run.evaluating / spent)} ms/evaluation")
            facts.append(f"{spent} evaluations")
            if computing:
                self._progress.show_progress(run.committed - 1, steps)
            else:
                self._free = memory.available()
        elif computing:
            self._progress.show_progress(0, 0)
        facts.append(f"{memory.text(self._free)} free")
        self._facts.setText("  ·  ".join(facts))
        self._line.share()

    def set_theme(self, theme: Theme) -> None:
        """The palette sets every colour."""
        self._theme = theme


def _button(action: QAction, name: str) -> QToolButton:
    button = QToolButton()
    button.setDefaultAction(action)
    button.setAccessibleName(name)
    return button


class _Line(QWidget):
    """Place the facts, then the message. If both do not fit, the facts are cut first, because the message is news."""

    def __init__(self, facts: ElidedLabel, message: ElidedLabel) -> None:
        super().__init__()
        self._facts, self._message = facts, message
        for label in (facts, message):
            label.setParent(self)
        self.setMinimumSize(LEAST_FACTS, facts.sizeHint().height())

    def resizeEvent(self, event: QResizeEvent) -> None:
        self.share()

    def share(self) -> None:
        """Give both their places."""
        least = max(LEAST_FACTS, self.width() - self._message.sizeHint().width())
        facts = min(self._facts.sizeHint().width(), least)
        self._facts.setGeometry(0, 0, facts, self.height())
        self._message.setGeometry(facts, 0, max(0, self.width() - facts), self.height())


def milliseconds(value: float) -> str:
    """Two digits of a small time, whole milliseconds of a longer one."""
    return f"{value:.2g}" if value < 10 else f"{value:,.0f}"
