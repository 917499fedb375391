"""The window: the engine, the state, the views and panels, put together and taken apart."""

from __future__ import annotations

import os
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow, QMenu, QVBoxLayout, QWidget

import resources
from app.engine.thread import EngineThread
from app.panels.feed import Sidebar
from app.panels.model import ModelPanel
from app.panels.runs import RunsPanel
from app.panels.sampler import SamplerPanel
from app.panels.status import StatusBar
from app.plotting.theme import LIGHT, THEMES, Theme, palette
from app.rooms.compare.view import CompareView
from app.rooms.derivatives.view import DerivativesView
from app.rooms.inspector.view import Inspector
from app.rooms.mean_shift.feed import MeanShift
from app.rooms.mean_shift.view import MeanShiftView
from app.rooms.measures.view import MeasuresView
from app.rooms.plane.feed import Presenter
from app.rooms.plane.hover import Hover
from app.rooms.plane.probe_bar import ProbeBar
from app.rooms.plane.view import PlaneView
from app.rooms.schedule.view import ScheduleView
from app.rooms.solver_room import SolverRoom
from app.rooms.strip.view import StripView
from app.rooms.transport.view import TransportBar
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState
from app.shell import actions
from app.shell.commands import Commands
from app.shell.documents import Documents
from app.shell.keys import FocusLaw
from app.shell.layout import Layout
from app.shell.settings_store import SettingsStore

CLOSE_MS = 10_000
WARM_MS = 50  # torch is imported this long after the window is shown: the first picture comes first
RUNS_HEIGHT = 120  # three runs; the list scrolls
TRANSPORT = ("start", "back", "play", "forward", "end", "loop", "inside")


class MainWindow(QMainWindow):
    """Everything a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Geomodel")
        self.setObjectName("main")
        self.resize(1440, 900)
        self.setAcceptDrops(True)
        self.store = SettingsStore()
        self.state = AppState(self)
        self.engine = EngineThread()
        self.playback = Playback(self.state, self)
        self.player = Player(self.state, self.engine, self.playback, self)
        self.documents = Documents(self, self.state, self.player, self.store)
        self.commands = Commands(self)
        self.actions_by_id = actions.build(self, self.commands.handlers())
        self._open_later: list[str] = []
        self._own = ""
        self._build_views()
        self._build_docks()
        self._build_menus()
        self.keys = FocusLaw(self, lambda: self.views.plane)
        self.presenter = Presenter(self.state, self.player, self.playback, self.views, self.panels.probe, self)
        self.sidebar = Sidebar(self.state, self.player, self.playback, self.panels, self)
        self.mean_shift = MeanShift(self.state, self.player, self.views.mean_shift, self)
        self.room = SolverRoom(self)
        self.layout_of_docks.when_seen("Mean shift", self.mean_shift.refresh)
        self.layout_of_docks.when_seen("Measures", self.presenter.show_measures)
        self.hover = Hover(self.state, self.views.plane, self)
        self._connect()
        self.set_theme(self._chosen_theme())

    # ------------------------------------------------------------ building

    def _build_views(self) -> None:
        act = self.actions_by_id
        self.views = SimpleNamespace(
            plane=PlaneView(LIGHT),
            measures=MeasuresView(LIGHT),
            strip=StripView(LIGHT),
            mean_shift=MeanShiftView(LIGHT),
            compare=CompareView(LIGHT),
            schedule=ScheduleView(LIGHT),
            derivatives=DerivativesView(LIGHT),
            inspector=Inspector(LIGHT),
            transport=TransportBar(LIGHT, {name: act[name] for name in TRANSPORT}),
        )
        self.panels = SimpleNamespace(
            model=ModelPanel(LIGHT, act["open_checkpoint"], act["open_data"]),
            sampler=SamplerPanel(LIGHT, act["run"]),
            runs=RunsPanel(LIGHT),
            status=StatusBar(LIGHT, act["cancel"]),
            probe=ProbeBar(LIGHT, act["probe_path"]),
        )

    def _build_docks(self) -> None:
        views, panels = self.views, self.panels
        panels.runs.setMaximumHeight(RUNS_HEIGHT)
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(panels.probe)
        column.addWidget(views.plane, 1)
        self.setCentralWidget(center)
        self.setStatusBar(panels.status)
        self.layout_of_docks = Layout(self, self.store)
        self.layout_of_docks.build(
            [(panels.model, 0), (panels.sampler, 1), (panels.runs, 0)],
            {
                "Measures": views.measures,
                "Mean shift": views.mean_shift,
                "Compare": views.compare,
                "Schedule": views.schedule,
                "Derivatives": views.derivatives,
                "Inspector": views.inspector,
            },
            {"Strip": views.strip, "Transport": views.transport},
        )

    def _build_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for name, parent in actions.MENUS:
            menus[name] = menus[parent].addMenu(name) if parent else self.menuBar().addMenu(f"&{name}")
        for row in actions.ACTIONS:
            if row.rule:
                menus[row.menu].addSeparator()
            menus[row.menu].addAction(self.actions_by_id[row.id])
            if row.id == "open_run":
                self._recent = menus["File"].addMenu("Open recent")
        menus["View"].addSeparator()
        for name, dock in self.layout_of_docks.docks.items():
            if name != "Transport":
                menus["View"].addAction(dock.toggleViewAction())

    def _connect(self) -> None:
        transport, plane, player = self.views.transport, self.views.plane, self.player
        self.panels.model.file_dropped.connect(self.documents.open_path)
        self.documents.said.connect(self.panels.status.say)
        self._recent.aboutToShow.connect(self._fill_recent)
        player.ready.connect(self._engine_ready)
        player.opened.connect(self._opened)
        player.drafting.data_offered.connect(self.commands.offer_data)
        self.playback.playing_changed.connect(self._show_playing)
        player.progress_changed.connect(self._show_progress)
        transport.index_wanted.connect(self.playback.go)
        self.mean_shift.level_wanted.connect(self.playback.go)
        transport.speed_changed.connect(self.commands.set_speed)
        plane.frame_left.connect(self.commands.untick_frames)
        plane.frame_resumed.connect(self.commands.show_look)
        settings = self.store.settings
        self.playback.loop, self.playback.speed = settings.loop, settings.speed
        self.actions_by_id["loop"].setChecked(settings.loop)
        transport.set_loop(settings.loop)
        transport.set_speed(settings.speed)
        self.views.measures.set_visible_measures(settings.measures)
        self.commands.show_look()

    # ------------------------------------------------------------ life

    def begin(self, paths: list[str], denoiser: str = "") -> None:
        """Start the engine, show the recorded run, and load torch once the window has been painted.

        `paths` are opened, and `denoiser` (``file.py:function``) is run, as soon as torch is there.
        """
        self._open_later, self._own = paths, denoiser
        self.engine.start()
        self.player.open_run(str(resources.path("runs", "two-moons.npz")), recorded=True)
        self.player.drafting.open_data(self.state.draft.data)
        QTimer.singleShot(WARM_MS, self.player.warm)

    def _engine_ready(self, _event: object) -> None:
        self.player.play_live()
        for path in self._open_later:
            self.documents.open_path(path)
        self._open_later = []
        if self._own:
            self.player.drafting.open_network(self._own, own=True)

    def showEvent(self, event: QShowEvent) -> None:
        """The first showing lays out the docks."""
        super().showEvent(event)
        self.layout_of_docks.first_showing()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout, hide, cancel, join the engine, leave; nothing is asked."""
        if not self.engine.isFinished():
            self.store.change(measures=self.views.measures.visible_measures)
            self.layout_of_docks.remember()
            self.hide()
            self.player.close()
            if not self.engine.shut_down(CLOSE_MS):
                os._exit(0)  # someone's denoiser holds the thread, and a live QThread must not be dropped
            self.keys.release()
            self.presenter.release()
            self.mean_shift.release()
            for view in self.figures().values():
                view.release()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Files may be dropped anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.documents.open_path(url.toLocalFile())

    # ------------------------------------------------------------ showing

    def set_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        QApplication.instance().setPalette(palette(theme))
        for widget in (*vars(self.views).values(), *vars(self.panels).values()):
            widget.set_theme(theme)
        self.actions_by_id["theme"].setChecked(theme.name == "dark")

    def _chosen_theme(self) -> Theme:
        chosen = self.store.settings.theme
        if chosen == "system":
            dark = QApplication.styleHints().colorScheme() == Qt.ColorScheme.Dark
            return THEMES["dark" if dark else "light"]
        return THEMES[chosen]

    def figures(self) -> dict[str, QWidget]:
        """The views that a picture can be made of."""
        views = self.views
        return {
            "Plane": views.plane,
            "Measures": views.measures,
            "Strip": views.strip,
            "Mean shift": views.mean_shift,
            "Compare": views.compare,
            "Schedule": views.schedule,
            "Derivatives": views.derivatives,
        }

    def bring_up_to_date(self) -> None:
        """Views behind a tab show what they would show in sight: a figure of them is wanted."""
        self.presenter.show_measures()
        for room, view in (
            (self.room.race, self.views.compare),
            (self.room.schedule, self.views.schedule),
            (self.room.derivatives, self.views.derivatives),
        ):
            view.display(room.picture())

    def current_view(self) -> QWidget:
        """The view that has the focus, or the plane."""
        focus = QApplication.focusWidget()
        inside = (view for view in self.figures().values() if focus and (view is focus or view.isAncestorOf(focus)))
        return next(inside, self.views.plane)

    def _opened(self, event: Any) -> None:
        shape = getattr(getattr(event, "dataset", None), "shape", None)
        if shape is not None:
            self.layout_of_docks.show_strip(visible=len(shape) == 3)
        if path := getattr(event, "path", ""):
            self.documents.remember(path)

    def _show_playing(self, playing: bool) -> None:
        self.actions_by_id["play"].setText("Pause" if playing else "Play")
        self.views.transport.set_playing(playing)

    def _show_progress(self) -> None:
        opening = self.player.opening
        computing, tasks = self.player.computing, self.player.tasks
        self.panels.status.show_run(computing or self.state.run, self.player.device, opening, [*tasks.values()])
        self.actions_by_id["cancel"].setEnabled(computing is not None or opening is not None or bool(tasks))

    def _fill_recent(self) -> None:
        self._recent.clear()
        for path, there in self.documents.recent():
            entry = QAction(path if there else f"{path}  (missing)", self._recent)
            entry.setEnabled(there)
            entry.setData(path)
            entry.triggered.connect(self.documents.open_recent)
            self._recent.addAction(entry)
        self._recent.addSeparator()
        self._recent.addAction("Clear", self.documents.forget_recent)
