"""The window: docks and menus, and which handler an action has."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from types import SimpleNamespace
from typing import Any

from PySide6.QtCore import QEvent, QObject, Qt, QTimer
from PySide6.QtGui import QAction, QCloseEvent, QShowEvent
from PySide6.QtWidgets import (
    QAbstractButton,
    QApplication,
    QComboBox,
    QDockWidget,
    QLabel,
    QMainWindow,
    QMenu,
    QMessageBox,
    QVBoxLayout,
    QWidget,
)

import resources
from app import actions
from app.documents import Documents
from app.engine.thread import EngineThread
from app.panels.inspector import Inspector
from app.panels.model import ModelPanel
from app.panels.runs import RunsPanel
from app.panels.sampler import SamplerPanel
from app.panels.status import StatusBar
from app.panels.transport import TransportBar
from app.player import Player
from app.plotting.theme import LIGHT, THEMES, Theme, palette
from app.presenter import Presenter
from app.settings_store import SettingsStore
from app.sidebar import Sidebar
from app.state import AppState
from app.views.measures import MeasuresView
from app.views.plane import PlaneView
from app.views.strip import StripView

CLOSE_MS = 10_000
SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)


class KeyKeeper(QObject):
    """Leaves Space and the arrows to the control that has the focus where it uses them itself."""

    def eventFilter(self, watched: QObject, event: QEvent) -> bool:
        """Qt asks here whether a key is a shortcut or belongs to the control."""
        if event.type() == QEvent.Type.ShortcutOverride and isinstance(watched, QAbstractButton | QComboBox):
            key = event.key()  # type: ignore[attr-defined]
            if key == Qt.Key.Key_Space or (isinstance(watched, QComboBox) and key in (Qt.Key.Key_Up, Qt.Key.Key_Down)):
                event.accept()
                return True
        return False


class MainWindow(QMainWindow):
    """Everything a person sees."""

    def __init__(self) -> None:
        super().__init__()
        self.setWindowTitle("Geomodel")
        self.resize(1440, 900)
        self.setObjectName("main")
        self.setAcceptDrops(True)
        self.store = SettingsStore()
        self.theme = LIGHT
        self.state = AppState(self)
        self.engine = EngineThread()
        self.player = Player(self.state, self.engine, self)
        self.documents = Documents(self, self.state, self.player, self.store)
        self._laid_out = False
        self._keeper = KeyKeeper(self)
        QApplication.instance().installEventFilter(self._keeper)
        self.actions_by_id = actions.build(self, self._handlers())
        self._build_menus()
        self._build_views()
        self._build_docks()
        self.presenter = Presenter(self.state, self.player, self.views, self)
        self.sidebar = Sidebar(self.state, self.player, self.panels, self)
        self._connect()
        self.set_theme(self._chosen_theme())

    # ------------------------------------------------------------ building

    def _build_menus(self) -> None:
        menus: dict[str, QMenu] = {}
        for name, parent in actions.MENUS:
            menus[name] = menus[parent].addMenu(name) if parent else self.menuBar().addMenu(f"&{name}")
        for row in actions.ACTIONS:
            if row.rule:
                menus[row.menu].addSeparator()
            menus[row.menu].addAction(self.actions_by_id[row.id])
        self.menus = menus

    def _build_views(self) -> None:
        self.views = SimpleNamespace(
            plane=PlaneView(self.theme),
            measures=MeasuresView(self.theme),
            strip=StripView(self.theme),
            inspector=Inspector(self.theme),
            transport=TransportBar(self.theme, self._transport_actions()),
        )
        self.panels = SimpleNamespace(
            model=ModelPanel(self.theme, self.actions_by_id["open_checkpoint"], self.actions_by_id["open_data"]),
            sampler=SamplerPanel(self.theme, self.actions_by_id["run"]),
            runs=RunsPanel(self.theme),
        )

    def _transport_actions(self) -> dict[str, QAction]:
        return {
            name: self.actions_by_id[name] for name in ("start", "back", "play", "forward", "end", "loop", "inside")
        }

    def _build_docks(self) -> None:
        center = QWidget()
        column = QVBoxLayout(center)
        column.setContentsMargins(0, 0, 0, 0)
        column.setSpacing(0)
        column.addWidget(self.views.plane, 1)
        self.setCentralWidget(center)
        self.docks: dict[str, QDockWidget] = {}
        left, right = Qt.DockWidgetArea.LeftDockWidgetArea, Qt.DockWidgetArea.RightDockWidgetArea
        bottom = Qt.DockWidgetArea.BottomDockWidgetArea
        self._dock("Model and sampler", self._left_column(), left)
        self._dock("Measures", self.views.measures, right)
        self._dock("Inspector", self.views.inspector, right)
        self._dock("Strip", self.views.strip, bottom)
        self._dock("Transport", self.views.transport, bottom, titled=False)
        self.setCorner(Qt.Corner.BottomLeftCorner, left)
        self.setCorner(Qt.Corner.BottomRightCorner, right)
        self.status = StatusBar(self.theme, self.actions_by_id["cancel"])
        self.setStatusBar(self.status)
        for name, dock in self.docks.items():
            if name != "Transport":
                self.menus["View"].addAction(dock.toggleViewAction())

    def _left_column(self) -> QWidget:
        column = QWidget()
        column.setMinimumWidth(304)
        layout = QVBoxLayout(column)
        layout.setContentsMargins(0, 0, 0, 0)
        layout.setSpacing(0)
        layout.addWidget(self.panels.model)
        layout.addWidget(self.panels.sampler, 3)
        layout.addWidget(self.panels.runs, 1)
        return column

    def _dock(self, title: str, widget: QWidget, area: Qt.DockWidgetArea, *, titled: bool = True) -> None:
        dock = QDockWidget(title, self)
        dock.setObjectName(f"dock.{title}")
        dock.setWidget(widget)
        if not titled:
            dock.setTitleBarWidget(QWidget(dock))
            dock.setFeatures(QDockWidget.DockWidgetFeature.NoDockWidgetFeatures)
        self.addDockWidget(area, dock)
        self.docks[title] = dock

    def reset_layout(self) -> None:
        """Every dock back to its first place."""
        vertical, horizontal = Qt.Orientation.Vertical, Qt.Orientation.Horizontal
        for dock in self.docks.values():
            dock.setFloating(False)
            dock.show()
        d = self.docks
        self.splitDockWidget(d["Measures"], d["Inspector"], vertical)
        self.splitDockWidget(d["Strip"], d["Transport"], vertical)
        self.resizeDocks([d["Model and sampler"], d["Measures"]], [304, 400], horizontal)
        self.resizeDocks([d["Measures"], d["Inspector"]], [560, 240], vertical)
        self._show_strip(visible=False)

    def _connect(self) -> None:
        self.panels.model.file_dropped.connect(self.documents.open_path)
        self.documents.said.connect(self.status.say)
        self.player.ready.connect(self._engine_ready)
        self.player.opened.connect(self._opened)
        self.player.playing_changed.connect(self._show_playing)
        self.player.progress_changed.connect(self._show_progress)
        self.views.transport.index_wanted.connect(self.player.go)
        self.views.transport.speed_changed.connect(self._set_speed)
        self.views.plane.frame_left.connect(self._frame_left)
        self.views.plane.frame_resumed.connect(self._check_look)
        self.actions_by_id["loop"].setChecked(True)
        self.views.transport.set_loop(True)
        self._check_look()

    def _handlers(self) -> dict[str, Callable[..., None]]:
        documents, player = self.documents, self.player
        handlers: dict[str, Callable[..., None]] = {
            name: getattr(documents, name)
            for name in (
                "open_checkpoint",
                "open_data",
                "open_run",
                "save_run",
                "save_csv",
                "save_figure",
                "copy_figure",
            )
        }
        handlers |= {
            "quit": self.close,
            "undo": partial(player.undo),
            "redo": partial(player.undo, forward=True),
            "run": self._run,
            "cancel": player.cancel,
            "play": player.toggle,
            "back": partial(player.step, -1),
            "forward": partial(player.step, 1),
            "back10": partial(player.step, -10),
            "forward10": partial(player.step, 10),
            "start": partial(player.go, 0),
            "end": partial(player.go, 1 << 30),
            "loop": self._toggle_loop,
            "inside": self._toggle_inside,
            "slower": partial(self._change_speed, -1),
            "faster": partial(self._change_speed, 1),
            "next_sample": partial(self._next_sample, 1),
            "previous_sample": partial(self._next_sample, -1),
            "probe_up": self._probe_up,
            "probe_down": self._probe_down,
            "probe_follow": self._probe_follow,
            "probe_path": self._toggle_path,
            "theme": self._toggle_theme,
            "reset_layout": self.reset_layout,
            "keys": self._show_keys,
            "about": self._show_about,
        }
        for row in actions.ACTIONS:
            kind, _, value = row.id.partition(".")
            if kind == "layer":
                handlers[row.id] = partial(self._set_layer, value)
            elif value:
                handlers[row.id] = partial(self._set_look, kind, value)
        return {name: _without_checked(handler) for name, handler in handlers.items()}

    # ------------------------------------------------------------ life

    def begin(self, paths: list[str]) -> None:
        """Start the engine, show the recorded run, and load torch once the window has been painted."""
        self.engine.start()
        self.player.open_run(str(resources.path("runs", "two-moons.npz")), recorded=True)
        self.player.open_data(self.state.draft.data)
        QTimer.singleShot(50, self.player.warm)
        self._open_later = paths

    def _engine_ready(self, _event: object) -> None:
        self.player.play_live()
        for path in self._open_later:
            self.documents.open_path(path)
        self._open_later = []

    def showEvent(self, event: QShowEvent) -> None:
        """The first showing lays out the docks: before it their sizes are not kept."""
        super().showEvent(event)
        if not self._laid_out:
            self._laid_out = True
            self.reset_layout()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Hide, cancel, join the engine, leave; nothing is asked and nothing is lost that was saved."""
        self.hide()
        self.player.close()
        self.store.save()
        if not self.engine.shut_down(CLOSE_MS):
            os._exit(0)  # someone's denoiser holds the thread; a live QThread must not be dropped
        QApplication.instance().removeEventFilter(self._keeper)
        self.presenter.release()
        for view in self.figures().values():
            view.release()
        event.accept()

    def dragEnterEvent(self, event: Any) -> None:
        """Files may be dropped anywhere."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: Any) -> None:
        """Open what was dropped."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.documents.open_path(url.toLocalFile())

    # ------------------------------------------------------------ showing

    def set_theme(self, theme: Theme) -> None:
        """Recolour everything."""
        self.theme = theme
        QApplication.instance().setPalette(palette(theme))
        for widget in (*vars(self.views).values(), *vars(self.panels).values(), self.status):
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
        return {"Plane": self.views.plane, "Measures": self.views.measures, "Strip": self.views.strip}

    def current_view(self) -> QWidget:
        """The view under the focus, or the plane."""
        focus = QApplication.focusWidget()
        return next((view for view in self.figures().values() if focus and view.isAncestorOf(focus)), self.views.plane)

    def _opened(self, event: Any) -> None:
        shape = getattr(getattr(event, "dataset", None), "shape", ())
        if len(shape) == 3 and not self.docks["Strip"].isVisible():
            self._show_strip(visible=True)

    def _show_strip(self, *, visible: bool) -> None:
        self.docks["Strip"].setVisible(visible)
        if visible:
            heights = [max(180, self.height() // 3), 0]
            self.resizeDocks([self.docks["Strip"], self.docks["Transport"]], heights, Qt.Orientation.Vertical)

    def _show_playing(self, playing: bool) -> None:
        self.actions_by_id["play"].setText("Pause" if playing else "Play")
        self.views.transport.set_playing(playing)

    def _show_progress(self) -> None:
        self.status.show_run(self.player.computing or self.state.run, self.player.device)
        self.actions_by_id["cancel"].setEnabled(self.player.computing is not None)

    def _check_look(self) -> None:
        look = self.state.look
        for kind in ("frame", "arrow", "field", "tool"):
            self.actions_by_id[f"{kind}.{getattr(look, kind)}"].setChecked(True)
        for row in actions.ACTIONS:
            if row.id.startswith("layer."):
                self.actions_by_id[row.id].setChecked(row.id.removeprefix("layer.") in look.layers)
        self.actions_by_id["probe_path"].setChecked(look.probe_path)

    # ------------------------------------------------------------ handlers

    def _set_look(self, kind: str, value: str) -> None:
        changes: dict[str, Any] = {kind: value}
        if kind in ("field", "arrow"):
            changes["layers"] = self.state.look.layers | {"field"}
        if kind == "tool" and value == "probe" and self.state.look.probe is None:
            changes["probe"] = self.presenter.probe_start()
        self.state.set_look(replace(self.state.look, **changes))
        if kind == "frame":
            self.views.plane.reset_frame()
        self._check_look()

    def _set_layer(self, name: str) -> None:
        self.state.set_look(replace(self.state.look, layers=self.state.look.layers ^ {name}))
        self._check_look()

    def _frame_left(self) -> None:
        group = self.actions_by_id["frame.sigma"].actionGroup()
        group.setExclusive(False)
        for action in group.actions():
            action.setChecked(False)
        group.setExclusive(True)

    def _run(self) -> None:
        if self.panels.model.commit() and self.panels.sampler.commit():  # what is still being typed counts
            self.player.run()

    def _toggle_loop(self) -> None:
        self.player.loop = self.actions_by_id["loop"].isChecked()
        self.views.transport.set_loop(self.player.loop)

    def _toggle_inside(self) -> None:
        inside = self.actions_by_id["inside"].isChecked()
        self.player.pause()
        self.state.set_look(replace(self.state.look, inside=inside))
        self.views.transport.set_inside(inside)

    def _set_speed(self, speed: float) -> None:
        self.player.speed = speed

    def _change_speed(self, by: int) -> None:
        at = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self.player.speed)) + by
        self.player.speed = SPEEDS[min(max(at, 0), len(SPEEDS) - 1)]
        self.views.transport.set_speed(self.player.speed)

    def _next_sample(self, by: int) -> None:
        run = self.state.run
        if run is not None and run.committed:
            self.state.select(sample=(self.state.selection.sample + by) % run.x.shape[1])

    def _probe_up(self) -> None:
        self.presenter.scale_probe_sigma(up=True)

    def _probe_down(self) -> None:
        self.presenter.scale_probe_sigma(up=False)

    def _probe_follow(self) -> None:
        self.state.set_look(replace(self.state.look, probe_sigma=None))

    def _toggle_path(self) -> None:
        self.state.set_look(replace(self.state.look, probe_path=not self.state.look.probe_path))
        self._check_look()

    def _toggle_theme(self) -> None:
        self.set_theme(THEMES["dark" if self.actions_by_id["theme"].isChecked() else "light"])
        self.store.change(theme=self.theme.name)

    def _show_keys(self) -> None:
        self._sheet("Keys", actions.key_sheet())

    def _show_about(self) -> None:
        self._sheet("What am I seeing?", resources.path("help", "views.html").read_text("utf-8"))

    def _sheet(self, title: str, html: str) -> None:
        box = QMessageBox(self)
        box.setWindowTitle(title)
        box.setTextFormat(Qt.TextFormat.RichText)
        box.setText(html)
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.findChild(QLabel, "qt_msgbox_label").setTextInteractionFlags(Qt.TextInteractionFlag.TextSelectableByMouse)
        box.show()


def _without_checked(handler: Callable[..., None]) -> Callable[..., None]:
    """`triggered` passes `checked`; handlers ask the action instead."""

    def call(_checked: bool = False) -> None:
        handler()

    return call
