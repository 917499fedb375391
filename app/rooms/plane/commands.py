"""Carries out the plane's actions and gestures."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from typing import Any

from PySide6.QtGui import QAction

from app.rooms.contract import Handlers
from app.rooms.plane.actions import ACTIONS
from app.rooms.plane.handles import NUDGE
from app.rooms.plane.picture import branch_handle
from app.rooms.plane.view import PlaneView
from app.session.facts import probe_sigma, run_basis
from app.session.plane_options import BranchStart
from app.session.playback import Playback
from app.session.player import Player
from app.session.state import AppState

SIGMA_STEP = 1.15  # by which a key scales the probe's σ


class PlaneCommands:
    """Changes the plane's options, and ticks the actions that show them."""

    def __init__(
        self, state: AppState, playback: Playback, player: Player, view: PlaneView, actions: Mapping[str, QAction]
    ) -> None:
        self._state, self._playback, self._player, self._view, self._actions = state, playback, player, view, actions
        state.plane_options_changed.connect(self._tick)
        view.frame_left.connect(self._untick_frames)
        view.frame_resumed.connect(self._tick)
        view.probe_dragged.connect(self._probe_to)
        view.probe_dropped.connect(self._probe_to)
        view.probe_wanted.connect(self._probe_here)
        view.sigma_wanted.connect(self._probe_sigma_to)
        view.branch_dragged.connect(partial(self._branch_to, held=True))
        view.branch_dropped.connect(self._branch_to)
        view.branch_left.connect(self._drop_branch)
        view.start_clicked.connect(self._start_at)
        view.sample_picked.connect(self._pick_sample)
        self._tick()

    def handlers(self) -> Handlers:
        """What each action does. The names of the actions say which layer or choice they mean."""
        found: dict[str, Callable[[], object]] = {
            "inside": self._toggle_inside,
            "probe_up": partial(self._scale_probe, SIGMA_STEP),
            "probe_down": partial(self._scale_probe, 1 / SIGMA_STEP),
            "probe_left": partial(self._view.nudge_probe, -NUDGE, 0),
            "probe_right": partial(self._view.nudge_probe, NUDGE, 0),
            "probe_higher": partial(self._view.nudge_probe, 0, NUDGE),
            "probe_lower": partial(self._view.nudge_probe, 0, -NUDGE),
            "probe_follow": partial(self._change, probe_sigma=None),
            "probe_path": self._toggle_path,
            "branch_renoise": self._renoise,
            "branch_drop": self._drop_branch,
        }
        for row in ACTIONS:
            kind, _, value = row.id.partition(".")
            if kind == "layer":
                found[row.id] = partial(self._toggle_layer, value)
            elif value:
                found[row.id] = partial(self._choose, kind, value)
        return found

    # ------------------------------------------------------------ ticks

    def _tick(self) -> None:
        options, actions = self._state.plane_options, self._actions
        chosen = {
            "frame": options.frame,
            "mode": options.mode,
            "arrow": options.arrow,
            "field": options.field,
            "tool": options.tool,
        }
        for kind, value in chosen.items():
            actions[f"{kind}.{value}"].setChecked(True)
        for row in ACTIONS:
            if row.id.startswith("layer."):
                actions[row.id].setChecked(row.id.removeprefix("layer.") in options.layers)
        actions["probe_path"].setChecked(options.probe_path)
        actions["inside"].setChecked(options.inside)

    def _untick_frames(self) -> None:
        """A person has zoomed, so no frame holds."""
        group = self._actions["frame.sigma"].actionGroup()
        group.setExclusive(False)
        for action in group.actions():
            action.setChecked(False)
        group.setExclusive(True)

    # ------------------------------------------------------------ actions

    def _change(self, **changes: Any) -> None:
        self._state.set_plane_options(replace(self._state.plane_options, **changes))

    def _choose(self, kind: str, value: str) -> None:
        options, changes = self._state.plane_options, dict[str, Any]({kind: value})
        if kind in ("field", "arrow"):
            changes["layers"] = options.layers | {"field"}
        if kind == "tool" and value == "probe":
            changes["layers"] = options.layers | {"probe"}
            changes["probe"] = options.probe or self._probe_start()
        self._change(**changes)
        self._tick()  # a click on the present choice changes nothing, unless a person has zoomed
        if kind == "frame":
            self._view.reset_frame()

    def _toggle_layer(self, name: str) -> None:
        self._change(layers=self._state.plane_options.layers ^ {name})

    def _toggle_inside(self) -> None:
        self._playback.pause()
        self._change(inside=self._actions["inside"].isChecked())

    def _toggle_path(self) -> None:
        self._change(probe_path=not self._state.plane_options.probe_path)

    # ------------------------------------------------------------ the probe

    def _probe_start(self) -> tuple[float, float] | None:
        """Where a new probe stands: at the selected sample."""
        run, selection = self._state.run, self._state.selection
        basis = None if run is None else run_basis(run)
        if run is None or basis is None:
            return None
        x, y = basis.project(run.x[selection.index, selection.sample])
        return float(x), float(y)

    def _probe_to(self, x: float, y: float) -> None:
        self._change(probe=(x, y))

    def _probe_here(self, x: float, y: float) -> None:
        self._choose("tool", "probe")
        self._probe_to(x, y)

    def _probe_sigma_to(self, sigma: float | None) -> None:
        self._change(probe_sigma=sigma)

    def _scale_probe(self, factor: float) -> None:
        run = self._state.run
        sigma = 0.0 if run is None else probe_sigma(run, self._state.selection, self._state.plane_options)
        if sigma > 0:
            self._change(probe_sigma=sigma * factor)

    # ------------------------------------------------------------ the branch

    def _branch_to(self, x: float, y: float, *, held: bool = False) -> None:
        run, selection = self._state.run, self._state.selection
        if run is not None:
            start = BranchStart(run_id=run.id, sample=selection.sample, level=selection.index, point=(x, y), held=held)
            self._playback.pause()
            self._change(branch=start)

    def _renoise(self) -> None:
        """Begin at D + σz. Each time z is drawn anew."""
        run, selection, old = self._state.run, self._state.selection, self._state.plane_options.branch
        basis = None if run is None else run_basis(run)
        if run is None or basis is None or branch_handle(run, selection, basis, None) is None:
            return
        self._playback.pause()
        seed = 0 if old is None else old.seed + 1
        start = BranchStart(run_id=run.id, sample=selection.sample, level=selection.index, seed=seed)
        self._choose("tool", "branch")
        self._change(branch=start)

    def _drop_branch(self) -> None:
        self._change(branch=None)

    # ------------------------------------------------------------ samples

    def _start_at(self, x: float, y: float) -> None:
        run = self._state.run
        if run is None or tuple(run.x.shape[2:]) != (2,):
            return
        self._player.drafting.edit({"start": "point", "start_point": (x, y)})
        self._state.select(sample=0)
        self._player.run()

    def _pick_sample(self, sample: int) -> None:
        self._state.select(sample=sample)
