"""The column on the left and the line at the bottom."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction
from PySide6.QtWidgets import QFrame, QScrollArea, QVBoxLayout, QWidget

from app.panels.log import LogPanel
from app.panels.model import ModelPanel
from app.panels.run_bar import RunBar
from app.panels.runs import RunsPanel
from app.panels.sampler import SamplerPanel
from app.panels.status import StatusBar
from app.plotting.theme import Theme

LEFT_WIDTH = 304
OPENING = ("open_checkpoint", "open_model_folder", "open_data", "open_folder", "tool.draw")  # actions
RUNS_HEIGHT = 120  # two runs; the list scrolls


class Panels:
    """The panels, which are not rooms."""

    def __init__(self, theme: Theme, actions: Mapping[str, QAction]) -> None:
        self.model = ModelPanel(theme, *(actions[name] for name in OPENING))
        self.sampler = SamplerPanel(theme)
        self.run_bar = RunBar(actions["run"])
        self.runs = RunsPanel(theme, actions["save_run"])
        self.status = StatusBar(theme, *(actions[name] for name in ("cancel", "stop_waiting", "reopen_last")))
        self.log = LogPanel(theme)
        self.column = QWidget()
        self.runs.setFixedHeight(max(RUNS_HEIGHT, 6 * self.runs.fontMetrics().height()))
        box = QVBoxLayout(self.column)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        self._scroll = self._scrolled(self.model, self.sampler)
        self.column.setMinimumWidth(max(LEFT_WIDTH, _needed(self._scroll)))  # larger text needs more
        box.addWidget(self._scroll, 1)
        box.addWidget(self.run_bar)
        box.addWidget(self.runs)

    def _scrolled(self, *panels: QWidget) -> QScrollArea:
        """What is longer than the window is high: Run and the runs stay in sight under it."""
        body = QWidget()
        column = QVBoxLayout(body)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        for panel in panels:
            column.addWidget(panel)
        column.addStretch(1)
        scroll = QScrollArea()
        scroll.setWidget(body)
        scroll.setWidgetResizable(True)
        scroll.setFrameShape(QFrame.Shape.NoFrame)
        scroll.setFocusPolicy(Qt.FocusPolicy.NoFocus)  # it scrolls to the field that Tab visits
        scroll.setHorizontalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
        scroll.setVerticalScrollBarPolicy(Qt.ScrollBarPolicy.ScrollBarAlwaysOn)  # fields keep their width
        return scroll

    def commit(self) -> bool:
        """Take over what is being typed. False where something is no value, which then has the focus."""
        return self.model.commit() and self.sampler.commit()

    def show_wrong(self) -> None:
        """Bring into sight what keeps a run from starting."""
        wrong = next((place for place in (*self.model.places, *self.sampler.places) if place.error), None)
        if wrong is not None:
            self._scroll.ensureWidgetVisible(wrong)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of every panel."""
        for panel in (self.model, self.sampler, self.runs, self.status, self.log):
            panel.set_theme(theme)


def _needed(scroll: QScrollArea) -> int:
    """The width at which nothing in a scroll area is cut."""
    body = scroll.widget()
    assert body is not None
    return body.minimumSizeHint().width() + scroll.verticalScrollBar().sizeHint().width()
