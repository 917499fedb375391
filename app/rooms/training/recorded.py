"""Everything that the window keeps of one training, and what is drawn of it."""

from __future__ import annotations

from functools import cached_property
from pathlib import Path

from app.engine.messages import DataOpened
from app.plotting.values import MeasurePlot
from app.rooms.training import picture as pictures
from app.rooms.training.messages import Controls, Snapshot
from app.rooms.training.pictures import PathsPicture, State
from geomodel.arrays import Array
from geomodel.recipe import TrainSettings
from geomodel.settings import RunSettings


class Recorded:
    """The snapshots of a training in their order. What is drawn is kept, so that a slider draws only what changes."""

    def __init__(self, id: int, settings: RunSettings, recipe: TrainSettings, source: DataOpened) -> None:
        self.id, self.settings, self.recipe, self.source = id, settings, recipe, source
        self.snapshots: list[Snapshot] = []
        self.controls: Controls | None = None
        self.rate = 0.0  # iterations a second, lately
        self._curves: tuple[int, Array, MeasurePlot, MeasurePlot] | None = None
        self._distance: tuple[int, int, MeasurePlot] | None = None
        self._paths: tuple[Snapshot, Array, Array] | None = None

    @property
    def iteration(self) -> int:
        """How many iterations are done."""
        return self.snapshots[-1].iteration if self.snapshots else 0

    @property
    def state(self) -> State:
        """Of a training that is not under way."""
        if not self.snapshots:
            return "none"
        return "ended" if self.iteration >= self.recipe.iterations else "stopped"

    @property
    def name(self) -> str:
        """What a file of its network is called."""
        return f"{Path(self.source.dataset.name).stem}-{self.iteration}"

    @cached_property
    def _data(self) -> Array:
        return pictures.data_of(self.source)

    def curves(self) -> tuple[Array, MeasurePlot, MeasurePlot]:
        """What the curves stand over, the loss, and the share of copies."""
        assert self.controls is not None
        if self._curves is None or self._curves[0] != len(self.snapshots):
            places = pictures.places_of(self.snapshots, self.recipe)
            loss = pictures.loss_plot(self.snapshots, self.controls, len(places))
            copies = pictures.copies_plot(self.snapshots, self.controls, len(places))
            self._curves = len(self.snapshots), places, loss, copies
        return self._curves[1:]

    def distance(self, level: int) -> MeasurePlot:
        """The distances at a level."""
        assert self.controls is not None
        wanted = len(self.snapshots), level
        if self._distance is None or self._distance[:2] != wanted:
            self._distance = *wanted, pictures.distance_plot(self.snapshots, self.controls, level)
        return self._distance[2]

    def paths(self, snapshot: Snapshot, level: int) -> PathsPicture:
        """The trajectories of a snapshot."""
        assert self.controls is not None
        if self._paths is None or self._paths[0] is not snapshot:
            sigmas = self.controls.sigmas
            x, optimal = (pictures.scaled(each, sigmas, self.source) for each in (snapshot.x, self.controls.optimal))
            self._paths = snapshot, x, optimal
        return PathsPicture(
            data=self._data,
            x=self._paths[1],
            optimal=self._paths[2],
            level=level,
            box=pictures.frame(self.source),
            axes=pictures.axes_of(self.source),
        )
