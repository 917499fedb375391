"""Every room, given answers about runs over other data: with more samples, levels, points or dimensions, or fewer."""

from __future__ import annotations

from dataclasses import fields, replace
from importlib import import_module

import numpy as np
import pytest

from app.engine.contract import Answer
from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.session.plane_options import LAYERS, PlaneOptions

SHAPES = {"many": (200, 2), "few": (3, 2), "space": (20, 3), "images": (12, 5, 4)}
SAMPLERS = {
    "many": {"steps": 9, "count": 16},
    "few": {"steps": 1, "count": 1},
    "space": {"steps": 4, "count": 3, "solver": "dpmpp_2m"},
    "images": {"steps": 3, "count": 2, "solver": "euler"},
}
# The plots that ask for the first two stand further down than these views are high. The others need a trained function,
# a mixture or a canvas.
UNSEEN = {"AlongAnswer", "PatchAnswer", "ColoursAnswer", "TiltAnswer", "SketchAnswer", "TraceAnswer"}
every_room = pytest.mark.parametrize("name", [row.name for row in ROOMS])
every_set = pytest.mark.parametrize("chosen", SHAPES)
OPTIONS = PlaneOptions(mode="slice", layers=frozenset(LAYERS), probe=(0.5, -0.5), tool="probe", inside=True)


class Stage(Offstage):
    """Every room in sight, a pinned run over each set, and what the engine said on the way."""

    def __init__(self, folder):
        super().__init__()
        self.said = {}  # the newest of each kind for each run
        self.services.player.answered.connect(self.keep)
        self.rooms = {row.name: self.room(row) for row in ROOMS}
        self.runs = {}
        self.services.state.set_plane_options(OPTIONS)
        for name, shape in SHAPES.items():
            self.runs[name] = self.run_over(folder / name, shape, SAMPLERS[name])

    def keep(self, answer):
        self.said[type(answer), answer.request.run_id] = answer

    def show(self, there):
        for room in self.rooms.values():
            room.view.resize(480, 480)
            room.view.setVisible(there)

    def run_over(self, path, shape, sampler):
        player, state = self.services.player, self.services.state
        rng = np.random.default_rng(0)
        values = rng.normal(size=shape) if len(shape) == 2 else rng.integers(0, 256, shape, np.uint8)
        path = path.with_suffix(".npy")
        np.save(path, values)
        self.show(False)  # nothing is asked about the run that follows the opening
        state.set_draft(replace(state.draft, **sampler))
        player.drafting.edit({"data": str(path)})
        self.settle()
        player.drafting.edit(sampler)
        player.run()
        self.settle()
        self.services.playback.pause()
        run = state.run
        run.pinned = True
        state.runs_changed.emit()
        state.select(index=run.committed - 2, sample=run.x.shape[1] - 1)
        self.come_into_sight()
        self.rooms["mean_shift"].view.annealed_wanted.emit()
        self.rooms["plane"].view.branch_dropped.emit(0.3, 0.2)
        self.settle()
        return run

    def come_into_sight(self):
        self.show(True)
        for room in self.rooms.values():
            room.refresh()
        self.settle()

    def choose(self, name):
        run = self.runs[name]
        self.services.state.select(run_id=run.id, sample=run.x.shape[1] - 1, index=run.committed - 2)
        self.settle()
        return run


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
        made = Stage(tmp_path_factory.mktemp("data"))
        yield made
        for room in made.rooms.values():
            room.release()
            room.view.deleteLater()


def test_the_engine_has_answered_about_every_run(stage):
    for run in stage.runs.values():
        assert len([kind for kind, of in stage.said if of == run.id]) >= 4
    assert {kind.__name__ for kind, _ in stage.said} >= {
        name.replace("Request", "Answer") for name in requests()
    } - UNSEEN


def requests():
    """What every room asks, by name."""
    return {kind.__name__ for row in ROOMS if row.answers for kind in import_module(row.answers).ANSWERS}


@every_room
@every_set
def test_a_late_answer_about_another_run_changes_nothing(stage, name, chosen):
    stage.show(True)
    run, room, player = stage.choose(chosen), stage.rooms[name], stage.services.player
    before = room.view.describe()
    for (_, about), answer in list(stage.said.items()):
        if about != run.id:
            player.receive(answer)
    room.view.grab()
    assert room.view.describe() == before


@every_set
@pytest.mark.parametrize("seen", ["many", "images"])
def test_rooms_that_are_out_of_sight_show_nothing_of_the_run_that_they_last_saw(stage, seen, chosen):
    stage.show(True)
    stage.choose(seen)
    stage.come_into_sight()
    stage.show(False)
    run = stage.choose(chosen)
    for room in stage.rooms.values():
        picture = room.picture()
        shown = [getattr(picture, item.name) for item in fields(picture)]
        assert {each.request.run_id for each in shown if isinstance(each, Answer)} <= {run.id}
        room.view.display(picture)
        room.view.grab()
    if seen != chosen:
        assert np.isnan(stage.rooms["derivatives"].picture().implied).all()
