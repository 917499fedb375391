"""Feeds the list of layers and the ghosts: what a person changes in the list, which runs are pinned."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from PySide6.QtCore import QObject

from app.rooms.contract import Services
from app.rooms.plane.ghosts_feed import GhostsFeed
from app.rooms.plane.picture import Pinned, ghost_pictures
from app.rooms.plane.pictures import GhostPicture
from app.rooms.plane.projected import Projected
from app.rooms.plane.view import PlaneView
from app.session.lane import lane_name
from app.session.plane_options import GHOST, PINNED, USUAL, LayerLook, PlaneOptions, moved, stacked
from app.session.state import Run, Selection
from geomodel.experiments.ghosts import GHOSTS


class LayersFeed(QObject):
    """Carries out what the list of layers asks for. A run that is pinned becomes a layer, and is shown at first."""

    def __init__(self, services: Services, view: PlaneView, show: Callable[[], None]) -> None:
        super().__init__()
        self._state, self._lanes = services.state, services.lanes
        self._pinned: tuple[str, ...] = ()
        self._ghosts = GhostsFeed(services.state, services.player, self)
        self._ghosts.changed.connect(show)
        view.layer_list.toggled.connect(self._toggle)
        view.layer_list.looked.connect(self._look)
        view.layer_list.moved.connect(self._move)
        view.layer_list.reset_wanted.connect(self._reset)

    def release(self) -> None:
        """Stop listening, because the window closes."""
        self._ghosts.release()

    # ------------------------------------------------------------ what the list asks for

    def _toggle(self, name: str) -> None:
        self._change(layers=self._state.plane_options.layers ^ {name})

    def _look(self, name: str, look: LayerLook) -> None:
        looks = {other: kept for other, kept in self._state.plane_options.looks.items() if other != name}
        self._change(looks=looks if look == USUAL else {**looks, name: look})

    def _move(self, name: str, by: int) -> None:
        self._change(order=moved(self.order, name, by))

    def _reset(self) -> None:
        usual = PlaneOptions()
        self._change(layers=usual.layers.union(self._pinned), order=usual.order, looks=usual.looks)

    def _change(self, **changes: Any) -> None:
        self._state.set_plane_options(replace(self._state.plane_options, **changes))

    # ------------------------------------------------------------ what there is

    @property
    def order(self) -> tuple[str, ...]:
        """Every layer from back to front."""
        return stacked(self._state.plane_options.order, self._pinned)

    def follow_pins(self) -> None:
        """A run that was pinned is shown; the layer of one that no longer is goes."""
        names = tuple(_name(run) for run in self._state.runs.values() if run.pinned and run.trajectory is not None)
        before, self._pinned = self._pinned, names
        if names != before:
            gone, new = set(before) - set(names), set(names) - set(before)
            self._change(layers=(self._state.plane_options.layers - gone) | new)

    def want(self, run: Run | None) -> None:
        """Ask for the ghosts that are shown, of the selected sample of a run; None where nobody sees them."""
        shown = self._state.plane_options.layers
        kinds = tuple(kind for kind in GHOSTS if f"{GHOST}{kind}" in shown)  # the one that takes longest comes last
        if run is not None:
            self._ghosts.want(run, self._state.selection.sample, kinds)

    def ghosts(self, run: Run, projected: Projected) -> tuple[GhostPicture, ...]:
        """The ghosts beside a run, in its plane."""
        return self.ghosts_along(run, projected)(self._state.selection)

    def ghosts_along(self, run: Run, projected: Projected) -> Callable[[Selection], tuple[GhostPicture, ...]]:
        """The ghosts that are known now, at whatever level is asked for later."""
        own = self._ghosts if self._ghosts.of == (run.id, self._state.selection.sample) else None
        curves, note, beside = dict(own.curves) if own else {}, self._ghosts.note, self._beside(run)
        return lambda at: ghost_pictures(run, at, projected.basis, curves, note, beside)

    def _beside(self, run: Run) -> Sequence[Pinned]:
        """The pinned runs that can be drawn in a run's plane, with their hues in comparisons."""
        hues = {lane.run_id: lane.hue for lane in self._lanes.lanes}
        return [
            Pinned(_name(other), lane_name(other.settings), other, hues.get(other.id, 0))
            for other in self._state.runs.values()
            if _name(other) in self._pinned and other is not run and _comparable(run, other)
        ]


def _name(run: Run) -> str:
    return f"{PINNED}{run.id}"


def _comparable(run: Run, other: Run) -> bool:
    """Whether a run lies in another's plane: of the same data, or at least of their name and shape."""
    return run.x.shape[2:] == other.x.shape[2:] and run.settings.data == other.settings.data
