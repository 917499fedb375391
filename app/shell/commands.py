"""Carries out the actions of the window itself. Rooms and documents handle their own actions."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

from app.engine.messages import NetworkOpened
from app.plotting.theme import THEMES
from app.rooms.contract import Handlers
from app.session.changes import changes, sentence
from app.shell import help_sheets, set_up
from app.shell.workspaces import WORKSPACES
from app.widgets.sheet import Sheet
from geomodel import datasets
from geomodel.settings import Option

if TYPE_CHECKING:
    from app.main_window import MainWindow

NAMED = 1  # change that a menu entry names


class Commands(QObject):
    """Runs, undoes, switches workspaces and theme, and shows help."""

    def __init__(self, window: MainWindow) -> None:
        super().__init__(window)
        self._window = window
        self._player, self._layout = window.player, window.layout_of_docks
        self._layout.help_wanted.connect(self.show_help)
        self._layout.workspace_changed.connect(self._tick_workspace)
        self._tick_workspace(self._layout.current.name)
        window.state.draft_changed.connect(self._name_changes)
        self._name_changes()

    def handlers(self) -> Handlers:
        """What each action does."""
        player, layout = self._player, self._layout
        found: dict[str, Callable[[], object]] = {
            "quit": self._quit,
            "undo": player.drafting.undo,
            "redo": partial(player.drafting.undo, forward=True),
            "palette": self._window.command_palette.toggle,
            "context_menu": self._window.context_menus.show_at_focus,
            "run": self._run,
            "cancel": player.cancel,
            "close_network": player.close_network,
            "network_card": self._window.panels.model.toggle_card,
            "theme": self._toggle_theme,
            "reset_layout": layout.reset,
            "keys": self._show_keys,
            "about": self._show_about,
            "solvers": self._show_solvers,
        }
        return found | {f"workspace.{item.name}": partial(layout.switch, item.name) for item in WORKSPACES}

    def _quit(self) -> None:
        self._window.close()

    def _run(self) -> None:
        panels = self._window.panels
        if panels.commit():  # half-typed text counts
            self._player.run()
        panels.show_wrong()

    def _name_changes(self) -> None:
        """Undo and Redo say what they take back or repeat."""
        state = self._window.state
        before, after = state.undo_leads_to, state.redo_leads_to
        undone = () if before is None else changes(before, state.draft, state.class_name)
        redone = () if after is None else changes(state.draft, after, state.class_name)
        for name, title, there, found in (
            ("undo", "Undo", before is not None, undone),
            ("redo", "Redo", after is not None, redone),
        ):
            action = self._window.actions_by_id[name]
            action.setEnabled(there)
            action.setText(f"{title} {sentence(found, NAMED)}".strip())

    def _tick_workspace(self, name: str) -> None:
        self._window.actions_by_id[f"workspace.{name}"].setChecked(True)

    def _toggle_theme(self) -> None:
        theme = THEMES["dark" if self._window.actions_by_id["theme"].isChecked() else "light"]
        self._window.set_theme(theme)
        self._window.store.change(theme=theme.name)

    def _show_keys(self) -> None:
        Sheet(self._window, "Keys", help_sheets.key_sheet()).show()

    def _show_solvers(self) -> None:
        Sheet(self._window, "Solvers", help_sheets.solver_sheet()).show()

    def _show_about(self) -> None:
        self.show_help(self._layout.room_in_use())

    def show_help(self, room: str) -> None:
        """Open the help at the page of a room."""
        sheet = Sheet(self._window, "What am I seeing?", help_sheets.room_sheet())
        sheet.followed.connect(self.follow)
        sheet.show_at(room)

    def follow(self, link: str) -> None:
        """Set the window up as a link of a help page says. What is switched on already stays on. Settings that follow
        each other change together.
        """
        settings: dict[str, Option] = {}
        for step in set_up.steps(link):
            if step.kind == "setting":
                settings[step.name] = step.value
                continue
            self._edit(settings)
            if step.kind == "preset":
                self._player.drafting.apply_preset(step.name)
            elif not (action := self._window.actions_by_id[step.name]).isChecked():
                action.trigger()
        self._edit(settings)

    def _edit(self, settings: dict[str, Option]) -> None:
        """Other data come last, because they are opened first and the draft follows later."""
        drafting, data = self._player.drafting, settings.pop("data", self._window.state.draft.data)
        if settings:
            drafting.edit(dict(settings))
            settings.clear()
        if data != self._window.state.draft.data:
            drafting.edit({"data": data})

    def offer_data(self, event: NetworkOpened) -> None:
        """The open network does not fit the present data, so ask whether to open those it was trained on."""
        title = datasets.row(event.info.data_name).title
        box = QMessageBox(QMessageBox.Icon.Question, "Open its training data?", "", parent=self._window)
        box.setTextFormat(Qt.TextFormat.PlainText)
        box.setText(f"{event.info.name} was trained on {title}, which is not open.\nOpen {title} and let it drive?")
        box.setStandardButtons(QMessageBox.StandardButton.Open | QMessageBox.StandardButton.Cancel)
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.accepted.connect(partial(self._player.drafting.open_training_data, event))
        box.show()
