"""The column on the left and the line at the bottom."""

from __future__ import annotations

from collections.abc import Mapping

from PySide6.QtGui import QAction
from PySide6.QtWidgets import QVBoxLayout, QWidget

from app.panels.log import LogPanel
from app.panels.model import ModelPanel
from app.panels.runs import RunsPanel
from app.panels.sampler import SamplerPanel
from app.panels.status import StatusBar
from app.plotting.theme import Theme

LEFT_WIDTH = 304
RUNS_HEIGHT = 120  # as high as three runs; the list scrolls


class Panels:
    """The panels, which are not rooms."""

    def __init__(self, theme: Theme, actions: Mapping[str, QAction]) -> None:
        self.model = ModelPanel(theme, actions["open_checkpoint"], actions["open_data"])
        self.sampler = SamplerPanel(theme, actions["run"])
        self.runs = RunsPanel(theme, actions["save_run"])
        self.status = StatusBar(theme, actions["cancel"])
        self.log = LogPanel(theme)
        self.column = QWidget()
        self.column.setMinimumWidth(LEFT_WIDTH)
        self.runs.setMaximumHeight(RUNS_HEIGHT)
        box = QVBoxLayout(self.column)
        box.setContentsMargins(0, 0, 0, 0)
        box.setSpacing(0)
        box.addWidget(self.model)
        box.addWidget(self.sampler, 1)
        box.addWidget(self.runs)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of every panel."""
        for panel in (self.model, self.sampler, self.runs, self.status, self.log):
            panel.set_theme(theme)
