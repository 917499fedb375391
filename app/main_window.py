"""The window: puts session, rooms, panels and shell together, and takes them apart."""

from __future__ import annotations

import os
from collections.abc import Mapping
from functools import partial

from PySide6.QtCore import Qt, QTimer
from PySide6.QtGui import QCloseEvent, QDragEnterEvent, QDropEvent, QShowEvent
from PySide6.QtWidgets import QApplication, QMainWindow

import resources
from app.engine.messages import DataOpened, NetworkOpened, Ready, RunOpened
from app.engine.thread import EngineThread
from app.panels import Panels
from app.panels.feed import PanelsFeed
from app.panels.network_feed import NetworkFeed
from app.plotting import wrapping
from app.plotting.theme import LIGHT, THEMES, Theme, palette
from app.rooms.contract import Room, Services, View
from app.rooms.row import RoomRow
from app.session.drafted import Drafted
from app.session.inspecting import Inspecting
from app.session.judging import Judging
from app.session.lanes import Lanes
from app.session.measured import Measured
from app.session.playback import Playback
from app.session.player import Player
from app.session.restoring import Restoring
from app.session.state import AppState
from app.shell import actions, kept_look
from app.shell.autosave import Autosave
from app.shell.building import Building
from app.shell.by_name import ByName
from app.shell.collecting import Collecting
from app.shell.commands import Commands
from app.shell.contact_sheets import ContactSheets
from app.shell.context_menus import ContextMenus
from app.shell.copying import Copying
from app.shell.documents import Documents
from app.shell.engine_life import EngineLife
from app.shell.file_dialogs import FileDialogs
from app.shell.films import Films
from app.shell.kept_layers import LayersKeeper
from app.shell.keys import FocusLaw
from app.shell.layout import Layout
from app.shell.menus import Menus
from app.shell.network_files import NetworkFiles
from app.shell.palette import Palette
from app.shell.palette_sources import entries
from app.shell.preferences import Preferences
from app.shell.recipes import Recipes
from app.shell.screens import expected_frame, first_size
from app.shell.sessions import Sessions
from app.shell.settings_store import SettingsStore
from app.shell.turns import Turns
from app.shell.unsaved import Unsaved
from app.shell.welcome import Welcome
from app.widgets.overrides import guard
from geomodel.checkpoints.plan import Answers
from geomodel.run_checks import point_shape

CLOSE_MS = 10_000
WARM_MS = 50  # torch is imported this long after the window is shown, so that the first picture comes first


def application() -> QApplication:
    """The one application, which exists before any window."""
    found = QApplication.instance()
    assert isinstance(found, QApplication)
    return found


class MainWindow(QMainWindow):
    """The main window, which owns everything that a person sees."""

    def __init__(self) -> None:
        super().__init__()
        wrapping.install()
        self.setWindowTitle("Geomodel")
        self.setObjectName("main")
        self.resize(first_size(self.screen().availableSize(), expected_frame(self)))
        self.setAcceptDrops(True)
        self._closed = False
        self._open_later: list[str] = []
        self._own = ""
        self._hints: Mapping[str, Answers] = {}
        guard()
        self.collecting = Collecting(self)  # before there is another thread
        self.store = SettingsStore()
        self.state = AppState(self)
        self.engine = EngineThread(self.store.machine)
        self.playback = Playback(self.state, self)
        self.player = Player(self.state, self.engine, self.playback, self)
        self.drafted = Drafted(self.state, self.player, self)
        self.lanes = Lanes(self.state, self)
        self.restoring = Restoring(self.state, self.player, self.playback, self.lanes, self)
        self.measured = Measured(self.state, self)
        store = self.store
        self.inspecting = Inspecting(self.state, self.player, store.answers_of, store.remember_answers, self)
        self.judging = Judging(self.state, self.player, self)
        self.layers_keeper = LayersKeeper(self.state, store, self)
        kept_look.restore(self.state, store)
        self.actions_by_id = actions.build(self)
        self.panels = Panels(LIGHT, self.actions_by_id)
        self.turns = Turns(self)
        self.layout_of_docks = Layout(self, self.store, self.turns)
        self.context_menus = ContextMenus(self)
        self.building = Building(self._services(), self._place, self)
        self.rooms, self.views = self.building.rooms, self.building.views
        self.layout_of_docks.build(self.rooms, self.panels.column, self.panels.log)
        self.building.build_early()
        self.setStatusBar(self.panels.status)
        self.documents = Documents(self)
        self.films = Films(self)
        self.contact_sheets = ContactSheets(self)
        self.recipes = Recipes(self)
        self.sessions = Sessions(self)
        self.autosave = Autosave(self)
        self.preferences = Preferences(self)
        self.unsaved = Unsaved(self)
        self.copying = Copying(self)
        self.network_files = NetworkFiles(self)
        self.command_palette = Palette(
            self, partial(entries, self), self.actions_by_id.values(), self.layout_of_docks.main_view
        )
        self.commands = Commands(self)
        self.engine_life = EngineLife(self)
        self.welcome = Welcome(self)
        self.menus = Menus(self)
        actions.connect(self.actions_by_id, self._handlers())
        self.panels_feed = PanelsFeed(
            self.state, self.player, self.playback, self.drafted, self.panels, self.documents.recent_networks, self
        )
        self.network_feed = NetworkFeed(self.state, self.player, self.inspecting, self.judging, self.panels.model, self)
        self.keys = FocusLaw(self, self.layout_of_docks.main_view)
        self.panels.sampler.open_advanced(store.settings.advanced)
        self.panels.sampler.advanced_opened.connect(lambda is_open: store.change(advanced=is_open))
        self._connect()
        self.choose_theme()
        application().styleHints().colorSchemeChanged.connect(self._follow_system)

    @property
    def room(self) -> ByName[Room]:
        """The rooms by name, so that scripts can write ``window.room.schedule``."""
        return self.rooms

    def _services(self) -> Services:
        dialogs = FileDialogs(self, self.store, self.panels.status.say)
        return Services(
            theme=LIGHT,
            state=self.state,
            player=self.player,
            playback=self.playback,
            drafted=self.drafted,
            lanes=self.lanes,
            measured=self.measured,
            settings=self.store,
            actions=self.actions_by_id,
            ask_open=dialogs.ask_open,
            ask_save=dialogs.ask_save,
            say=self.panels.status.say,
            settle=self.panels.status.clear,
            bring_forward=self.layout_of_docks.bring_forward,
        )

    def _place(self, row: RoomRow, view: View) -> None:
        self.layout_of_docks.place(row, view)
        self.context_menus.attend(row, view)

    def _handlers(self) -> dict[str, actions.Handler]:
        owners = (
            self.commands,
            self.documents,
            self.films,
            self.contact_sheets,
            self.recipes,
            self.sessions,
            self.autosave,
            self.preferences,
            self.copying,
            self.network_files,
            self.welcome,
            self.engine_life,
        )
        found = {name: handler for owner in owners for name, handler in owner.handlers().items()}
        return {**found, **self.building.handlers()}

    def _connect(self) -> None:
        player = self.player
        self.panels.model.file_dropped.connect(self.documents.open_path)
        self.documents.said.connect(self.panels.status.say)
        self.documents.settled.connect(self.panels.status.clear)
        player.ready.connect(self._engine_ready)
        player.opened.connect(self._opened)
        player.drafting.data_offered.connect(self.commands.offer_data)
        player.progress_changed.connect(self._show_progress)
        self.state.data_changed.connect(self._show_image_rooms)
        self.state.network_changed.connect(self._show_image_rooms)

    # ------------------------------------------------------------ life

    def begin(self, paths: list[str], denoiser: str = "", hints: Mapping[str, Answers] | None = None) -> None:
        """Start the engine, show the recorded run, and load torch after the window was painted.

        Once torch is loaded, it opens `paths` and runs `denoiser` (``file.py:function``). `hints` has what the
        checkpoints among the paths do not say.
        """
        self._open_later, self._own, self._hints = paths, denoiser, hints or {}
        self.engine.start()
        self.player.saved_runs.open(str(resources.path("runs", "two-moons.npz")), recorded=True)
        self.player.drafting.open_data(self.state.draft.data)
        QTimer.singleShot(WARM_MS, self.player.warm)

    def _engine_ready(self, _event: Ready) -> None:
        self.player.play_live()
        self.building.build_rest()
        for path in self._open_later:
            self.documents.open_path(path, self._hints.get(path))
        self._open_later = []
        if self._own:
            self.player.drafting.open_network(self._own, own=True)
        self._own = ""

    def showEvent(self, event: QShowEvent) -> None:
        """Lay out the docks when the window is first shown."""
        super().showEvent(event)
        if self.layout_of_docks.first_showing():
            self.autosave.offer()

    def keep_layout(self) -> None:
        """Remember layout, look and sampler for the next start."""
        kept_look.remember(self.state, self.store)
        self.layout_of_docks.remember()

    def closeEvent(self, event: QCloseEvent) -> None:
        """Keep the layout, hide, cancel, join the engine and leave. A question is asked only if a person wants it."""
        if not self._closed and not self.unsaved.may_close():
            event.ignore()
            return
        if not self._closed:
            self._closed = True
            self.layers_keeper.keep()
            self.keep_layout()
            self.autosave.save()
            self.hide()
            self.documents.release()
            self.films.release()
            self.recipes.release()
            self.player.close()
            self.autosave.finish()
            if not self.engine.shut_down(CLOSE_MS) or self.engine_life.holding:
                os._exit(0)  # someone's denoiser holds a thread, and a live QThread must not be destroyed
            self.collecting.release()
            self.keys.release()
            self.turns.release()
            self.measured.release()
            self.judging.release()
            self.building.release()
        event.accept()

    def dragEnterEvent(self, event: QDragEnterEvent) -> None:
        """Accept files anywhere in the window."""
        if event.mimeData().hasUrls():
            event.acceptProposedAction()

    def dropEvent(self, event: QDropEvent) -> None:
        """Open the dropped files."""
        for url in event.mimeData().urls():
            if url.isLocalFile():
                self.documents.open_path(url.toLocalFile())

    # ------------------------------------------------------------ showing

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of everything."""
        application().setPalette(palette(theme))
        self.building.set_theme(theme)
        self.panels.set_theme(theme)
        self.actions_by_id["theme"].setChecked(theme.name == "dark")

    def choose_theme(self) -> None:
        """Take the theme that the settings name."""
        chosen = self.store.settings.theme
        if chosen == "system":
            dark = application().styleHints().colorScheme() == Qt.ColorScheme.Dark
            chosen = "dark" if dark else "light"
        self.set_theme(THEMES[chosen])

    def _follow_system(self, _scheme: Qt.ColorScheme) -> None:
        if self.store.settings.theme == "system" and not self._closed:
            self.choose_theme()

    def _opened(self, event: DataOpened | NetworkOpened | RunOpened) -> None:
        if not isinstance(event, DataOpened):
            self.documents.remember(event.path, is_network=isinstance(event, NetworkOpened))

    def _show_image_rooms(self) -> None:
        data, network = self.state.data, self.state.network
        shape = point_shape(None if data is None else data.dataset, None if network is None else network.info)
        self.layout_of_docks.show_image_rooms(visible=shape is not None and len(shape) == 3)

    def _show_progress(self) -> None:
        begun = self.player.opening or self.player.preparing
        computing, tasks = self.player.computing, self.player.tasks
        named = [name for name in tasks.values() if name]
        self.panels.status.show_run(computing or self.state.run, self.player.device, begun, named)
        self.actions_by_id["cancel"].setEnabled(computing is not None or begun is not None or bool(tasks))
