"""What every action does."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtCore import QObject, Qt
from PySide6.QtWidgets import QMessageBox

import resources
from app.engine.messages import NetworkOpened
from app.plotting.theme import THEMES
from app.shell import actions
from app.shell import help_sheets as sheets
from app.widgets.sheet import Sheet
from geomodel import datasets

SPEEDS = (0.25, 0.5, 1.0, 2.0, 4.0, 8.0)
NUDGE = 8.0  # pixels that a key moves the probe
DOCUMENTS = ("open_checkpoint", "open_data", "open_run", "save_run", "save_csv", "save_figure", "copy_figure")


class Commands(QObject):
    """The handlers of the action table. `window` gives state, player, views, panels and actions."""

    def __init__(self, window: Any) -> None:
        super().__init__(window)
        self._window = window
        self._state, self._player, self._playback = window.state, window.player, window.playback

    def handlers(self) -> dict[str, Callable[..., None]]:
        """Action id → what it does; `triggered` passes `checked`, which no handler needs."""
        player, playback = self._player, self._playback
        found: dict[str, Callable[..., None]] = {
            "quit": self._window.close,
            "undo": player.drafting.undo,
            "redo": partial(player.drafting.undo, forward=True),
            "run": self._run,
            "cancel": player.cancel,
            "race": self._race,
            "add_lane": self._add_lane,
            "close_network": player.close_network,
            "play": player.toggle,
            "back": partial(playback.step, -1),
            "forward": partial(playback.step, 1),
            "back10": partial(playback.step, -10),
            "forward10": partial(playback.step, 10),
            "start": partial(playback.go, 0),
            "end": playback.go_to_end,
            "loop": self._toggle_loop,
            "inside": self._toggle_inside,
            "slower": partial(self._change_speed, -1),
            "faster": partial(self._change_speed, 1),
            "next_sample": partial(self._next_sample, 1),
            "previous_sample": partial(self._next_sample, -1),
            "probe_up": partial(self._scale_probe, up=True),
            "probe_down": partial(self._scale_probe, up=False),
            "probe_left": partial(self._nudge_probe, -NUDGE, 0),
            "probe_right": partial(self._nudge_probe, NUDGE, 0),
            "probe_higher": partial(self._nudge_probe, 0, NUDGE),
            "probe_lower": partial(self._nudge_probe, 0, -NUDGE),
            "probe_follow": self._probe_follow,
            "probe_path": self._toggle_path,
            "theme": self._toggle_theme,
            "reset_layout": self._reset_layout,
            "keys": self._show_keys,
            "about": self._show_about,
            "solvers": self._show_solvers,
        }
        found |= {name: getattr(self._window.documents, name) for name in DOCUMENTS}
        for row in actions.ACTIONS:
            kind, _, value = row.id.partition(".")
            if kind == "layer":
                found[row.id] = partial(self._toggle_layer, value)
            elif value:
                found[row.id] = partial(self._set_look, kind, value)
        return {name: partial(_call, handler) for name, handler in found.items()}

    def show_look(self) -> None:
        """Tick the actions that describe how the plane is looked at."""
        look, ticks = self._state.look, self._window.actions_by_id
        for kind in ("frame", "mode", "arrow", "field", "tool"):
            ticks[f"{kind}.{getattr(look, kind)}"].setChecked(True)
        for name in ticks:
            if name.startswith("layer."):
                ticks[name].setChecked(name.removeprefix("layer.") in look.layers)
        ticks["probe_path"].setChecked(look.probe_path)
        ticks["inside"].setChecked(look.inside)

    def untick_frames(self) -> None:
        """A person has zoomed: no frame holds."""
        group = self._window.actions_by_id["frame.sigma"].actionGroup()
        group.setExclusive(False)
        for action in group.actions():
            action.setChecked(False)
        group.setExclusive(True)

    def _run(self) -> None:
        panels = self._window.panels
        if panels.model.commit() and panels.sampler.commit():  # what is still being typed counts
            self._player.run()

    def _race(self) -> None:
        self._window.room.race_now()

    def _add_lane(self) -> None:
        self._window.room.add_lane()

    def _look(self, **changes: Any) -> None:
        self._state.set_look(replace(self._state.look, **changes))
        self.show_look()

    def _set_look(self, kind: str, value: str) -> None:
        look, changes = self._state.look, {kind: value}
        if kind in ("field", "arrow"):
            changes["layers"] = look.layers | {"field"}
        if kind == "tool" and value == "probe":
            changes["layers"] = look.layers | {"probe"}
            changes["probe"] = look.probe or self._window.presenter.probe_start()
        self._look(**changes)
        if kind == "frame":
            self._window.views.plane.reset_frame()

    def _toggle_layer(self, name: str) -> None:
        self._look(layers=self._state.look.layers ^ {name})

    def _toggle_loop(self) -> None:
        self._playback.loop = self._window.actions_by_id["loop"].isChecked()
        self._window.views.transport.set_loop(self._playback.loop)
        self._window.store.change(loop=self._playback.loop)

    def _toggle_inside(self) -> None:
        self._playback.pause()
        self._look(inside=self._window.actions_by_id["inside"].isChecked())
        self._window.views.transport.set_inside(self._state.look.inside)

    def _change_speed(self, by: int) -> None:
        nearest = min(range(len(SPEEDS)), key=lambda i: abs(SPEEDS[i] - self._playback.speed))
        self.set_speed(SPEEDS[min(max(nearest + by, 0), len(SPEEDS) - 1)])

    def set_speed(self, speed: float) -> None:
        """Playback speed, remembered."""
        self._playback.speed = speed
        self._window.views.transport.set_speed(speed)
        self._window.store.change(speed=speed)

    def _next_sample(self, by: int) -> None:
        run = self._state.run
        if run is not None and run.committed:
            self._state.select(sample=(self._state.selection.sample + by) % run.x.shape[1])

    def _scale_probe(self, *, up: bool) -> None:
        self._window.presenter.scale_probe_sigma(up=up)

    def _nudge_probe(self, right: float, up: float) -> None:
        self._window.views.plane.nudge_probe(right, up)

    def _probe_follow(self) -> None:
        self._look(probe_sigma=None)

    def _toggle_path(self) -> None:
        self._look(probe_path=not self._state.look.probe_path)

    def _toggle_theme(self) -> None:
        theme = THEMES["dark" if self._window.actions_by_id["theme"].isChecked() else "light"]
        self._window.set_theme(theme)
        self._window.store.change(theme=theme.name)

    def _reset_layout(self) -> None:
        self._window.layout_of_docks.reset()

    def _show_keys(self) -> None:
        Sheet(self._window, "Keys", sheets.key_sheet()).show()

    def _show_solvers(self) -> None:
        Sheet(self._window, "Solvers", sheets.solver_sheet()).show()

    def _show_about(self) -> None:
        Sheet(self._window, "What am I seeing?", resources.path("help", "views.html").read_text("utf-8")).show()

    def offer_data(self, event: NetworkOpened) -> None:
        """A network was opened that does not fit the present data: ask whether to open those it was trained on."""
        title = datasets.row(event.info.data_name).title
        box = QMessageBox(QMessageBox.Icon.Question, "Open its training data?", "", parent=self._window)
        box.setText(f"{event.info.name} was trained on {title}, which is not open.\nOpen {title} and let it drive?")
        box.setStandardButtons(QMessageBox.StandardButton.Open | QMessageBox.StandardButton.Cancel)
        box.setModal(False)
        box.setAttribute(Qt.WidgetAttribute.WA_DeleteOnClose)
        box.accepted.connect(partial(self._player.drafting.open_training_data, event))
        box.show()


def _call(handler: Callable[..., None], _checked: bool = False) -> None:
    handler()
