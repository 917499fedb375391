"""Every room of the table, fed by a small real run of images and a race of two solvers, or of points where a room is
for those.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
import pytest

from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.consistency import feed as consistency_feed
from app.rooms.contract import Room
from app.rooms.error_bounds.pictures import ERROR
from app.session.plane_options import LAYERS, PlaneOptions

SIZE = (640, 480)  # of a view
LEVEL, SAMPLE = 2, 1  # of the selection
FOR_POINTS = ("consistency",)  # rooms with nothing to show of images; each has an action of its own name


@dataclass
class FullRooms:
    """The rooms with what they show before there is a run, and of one."""

    stage: Offstage = field(default_factory=Offstage)
    rooms: dict[str, Room] = field(default_factory=dict)
    empty: dict[str, object] = field(default_factory=dict)
    full: dict[str, object] = field(default_factory=dict)

    def close(self):
        """Let everything go."""
        for room in self.rooms.values():
            room.view.hide()
            room.release()
            room.view.deleteLater()


def full_rooms(folder) -> FullRooms:
    """Build every room, compute a run with the engine in this thread, and keep the pictures."""
    made = FullRooms()
    stage, services = made.stage, made.stage.services
    for row in ROOMS:
        room = made.rooms[row.name] = stage.room(row)
        made.empty[row.name] = room.picture()
        room.view.resize(*SIZE)
    _train(stage, made.rooms["training"])
    for room in made.rooms.values():
        room.view.show()
    path = folder / "images.npz"  # in two classes
    np.savez(path, x=np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8), y=np.arange(12) % 2)
    services.player.drafting.edit({"data": str(path)})
    stage.settle()
    services.player.drafting.edit({"steps": 3, "count": 3, "solver": "heun"})
    services.player.run()
    stage.settle()
    services.playback.pause()
    services.state.select(index=LEVEL, sample=SAMPLE)
    plane = PlaneOptions(mode="slice", layers=frozenset(LAYERS), probe=(0.5, -0.5), tool="probe", inside=True)
    services.state.set_plane_options(plane)
    compare = made.rooms["compare"].handlers()
    compare["add_lane"]()
    services.player.drafting.edit({"solver": "euler"})
    compare["add_lane"]()
    compare["race"]()
    stage.settle()
    made.rooms["claims"].check_one(1)
    stage.settle()
    for name, action in (
        ("quality", "measure_jumps"),
        ("quality", "measure_run"),
        ("interpolation", "interpolate"),
        ("commitment", "commitment"),
        ("likelihood", "likelihood"),
        ("theories", "theories"),
        ("theories", "theories_hand_over"),
        ("families", "families"),
    ):
        made.rooms[name].handlers()[action]()
        stage.settle()
    bounds = made.rooms["error_bounds"]
    bounds.choose(replace(bounds.chosen, page=ERROR))
    stage.settle()
    for name, room in made.rooms.items():
        room.refresh()
        stage.settle()
        made.full[name] = room.picture()
    made.full["tilt"] = of_points("tilt", "gaussian-ring")
    made.full["drift"] = of_points("drift", "two-moons")
    made.full |= _pictures_of_points(stage.services.state.run.sigmas)
    return made


def of_points(name, data) -> object:
    """The picture of a room that has nothing to show of images, of a run on other data."""
    stage = Offstage()
    room = stage.room(next(row for row in ROOMS if row.name == name))
    room.view.resize(*SIZE)
    room.view.show()
    stage.services.player.drafting.edit({"data": data, "steps": 3, "count": 3})
    stage.settle()
    stage.services.player.run()
    stage.settle()
    picture = room.picture()
    room.view.hide()
    room.release()
    room.view.deleteLater()
    return picture


def _pictures_of_points(sigmas) -> dict[str, object]:
    """The pictures of the rooms for points, of a run between the same noise levels."""
    stage = Offstage()
    services = stage.services
    rooms = {row.name: stage.room(row) for row in ROOMS if row.name in FOR_POINTS}
    services.player.drafting.edit({"data": "two-moons", "data_count": 20})
    stage.settle()
    ends = {"sigma_min": float(sigmas[-1]), "sigma_max": float(sigmas[0])}
    services.player.drafting.edit({"steps": len(sigmas) - 1, "count": 3, "solver": "heun", **ends})
    services.player.run()
    stage.settle()
    services.playback.pause()
    services.state.select(index=LEVEL, sample=SAMPLE)
    found = {}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(consistency_feed, "ITERATIONS", 2)
        for name, room in rooms.items():
            room.handlers()[name]()
            stage.settle()
            found[name] = room.picture()
            room.release()
            room.view.deleteLater()
    return found


def _train(stage: Offstage, room: Room) -> None:
    """Train on points, which alone are trained, while no room is in sight. It stays when images are opened."""
    stage.services.player.drafting.edit({"data": "two-moons", "data_count": 20, "count": 2, "steps": 3})
    stage.settle()
    for number in room.view.form.fields:
        number.set_value({"iterations": 3, "batch": 8, "width": 8, "depth": 1}.get(number.name, number.value))
    room.toggle()
    stage.settle()
