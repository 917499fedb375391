"""A window's state goes into a session file and comes back, in another window; what is missing there can be located."""

from __future__ import annotations

import shutil
from dataclasses import replace

import numpy as np
import pytest
from PySide6.QtCore import QObject
from session_bench import StandIn

import resources
from app.engine.messages import OpenData, OpenNetwork, StartRun
from app.engine.worker import Worker
from app.session import capturing
from app.session.lanes import Lanes
from app.session.plane_options import BranchStart
from app.session.playback import Playback
from app.session.player import Player
from app.session.restoring import Restoring
from app.session.snapshot import decoded, encoded
from app.session.state import AppState
from geomodel import session_files
from geomodel.origin import origin


class Bench(QObject):
    """A session over a real worker, which handles each command at once."""

    def __init__(self):
        super().__init__()
        self.state = AppState(self)
        self.engine = StandIn(self)
        self.worker = Worker(self.engine.happened.emit, lambda: None)
        self.engine.submit = self._submit
        self.playback = Playback(self.state, self)
        self.player = Player(self.state, self.engine, self.playback, self)
        self.lanes = Lanes(self.state, self)
        self.restoring = Restoring(self.state, self.player, self.playback, self.lanes, self)
        self.asked = []
        self.said = []
        self.restoring.refused.connect(self.said.append)

    def _submit(self, command):
        self.asked.append(type(command))
        self.worker.handle(command)

    def snapshot(self):
        return capturing.snapshot(self.state, self.lanes)

    def reread(self, path):
        """The snapshot as another window would read it from a file."""
        taken = self.snapshot()
        session_files.write(path, encoded(taken), taken.trajectories)
        return decoded(*session_files.read(path), folder=str(path.parent))


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    folder = tmp_path_factory.mktemp("here")
    np.savetxt(folder / "points.csv", np.random.default_rng(0).normal(size=(40, 2)), delimiter=",")
    shutil.copy(resources.path("checkpoints", "two-moons.safetensors"), folder / "net.safetensors")
    return folder


@pytest.fixture
def bench(qapp, files):
    """Two runs over points of a file, driven by D* and a network; the first is pinned, and a lane stands beside it."""
    made = Bench()
    made.player.drafting.open_data(str(files / "points.csv"))
    made.player.drafting.edit({"steps": 4, "count": 3})
    made.player.run()
    made.state.run.pinned = True
    made.state.runs_changed.emit()
    made.player.drafting.open_network(str(files / "net.safetensors"))
    made.player.run()
    made.lanes.add(replace(made.player.drafting.filled(), solver="euler"))
    made.playback.pause()
    run = made.state.run
    made.state.select(sample=2, index=3)
    branch = BranchStart(run_id=run.id, sample=2, level=1, seed=5)
    options = replace(made.state.plane_options, tool="probe", probe=(0.5, -1.0), branch=branch)
    made.state.set_plane_options(options)
    return made


def shown(bench):
    """What a person sees, without the ids."""
    state, places = bench.state, {id: at for at, id in enumerate(bench.state.runs)}
    options = state.plane_options
    branch = options.branch and replace(options.branch, run_id=places[options.branch.run_id])
    lanes = [(lane.name, lane.settings, lane.hue, places.get(lane.run_id)) for lane in bench.lanes.lanes]
    runs = [(run.settings, run.status, run.pinned, run.seconds, run.linked) for run in state.runs.values()]
    playhead = (places[state.selection.run_id], state.selection.sample, state.selection.index)
    return state.draft, state.data.key, [*state.networks], runs, playhead, lanes, replace(options, branch=branch)


def test_a_session_comes_back_in_another_window(bench, tmp_path):
    kept, other = bench.reread(tmp_path / "s.geomodel"), Bench()
    other.restoring.restore(kept)
    assert shown(other) == shown(bench)
    assert (other.restoring.wanted, other.restoring.linking) == ((), set())
    for run, old in zip(other.state.runs.values(), bench.state.runs.values(), strict=True):
        np.testing.assert_array_equal(run.x, old.x)
        np.testing.assert_array_equal(run.denoised, old.denoised)
        assert origin(run.trajectory) == origin(old.trajectory)
    assert StartRun not in other.asked  # nothing is computed
    assert not {OpenData, OpenNetwork} & {*other.asked}


def test_it_takes_the_place_of_what_is_there(bench, tmp_path):
    kept = bench.reread(tmp_path / "s.geomodel")
    before = shown(bench)
    bench.player.drafting.edit({"steps": 7})
    bench.player.run()
    bench.restoring.restore(kept)
    assert shown(bench) == before
    assert len(bench.state.runs) == 2
    assert not bench.state.errors


def test_what_moved_with_the_session_is_found_beside_it(bench, files, tmp_path):
    kept = bench.reread(tmp_path / "s.geomodel")
    for name in ("points.csv", "net.safetensors"):
        shutil.copy(files / name, tmp_path / name)
    elsewhere = str(files / "nowhere")
    text = encoded(kept).replace(str(files).encode(), elsewhere.encode())
    moved = decoded(text, tuple(_moved(run, str(files), elsewhere) for run in kept.trajectories), kept.folder)
    other = Bench()
    other.restoring.restore(moved)
    assert other.state.draft.data == str(tmp_path / "points.csv")
    assert other.state.draft.network == str(tmp_path / "net.safetensors")
    assert all(run.linked for run in other.state.runs.values())


def _moved(trajectory, here, there):
    said = dict(trajectory.settings)
    run = {key: value.replace(here, there) if isinstance(value, str) else value for key, value in said["run"].items()}
    return replace(trajectory, settings={**said, "run": run})


def test_what_is_missing_is_located(bench, files, tmp_path):
    kept = bench.reread(tmp_path / "s.geomodel")
    away = str(tmp_path / "away")
    text = encoded(kept).replace(str(files).encode(), away.encode())
    lost = decoded(text, tuple(_moved(run, str(files), away) for run in kept.trajectories), kept.folder)
    other = Bench()
    other.player.drafting.open_data("two-moons")
    other.restoring.restore(lost)
    assert [wanted.kind for wanted in other.restoring.wanted] == ["data", "network"]
    assert (other.state.draft.data, other.state.draft.network, other.state.draft.driver) == ("two-moons", "", "optimal")
    assert not any(run.linked for run in other.state.runs.values())
    other.restoring.locate(str(files / "net.safetensors"))
    assert "is not points.csv as it was" in other.said[0]
    other.restoring.locate(str(files / "points.csv"))
    other.restoring.locate(str(files / "net.safetensors"))
    assert other.restoring.wanted == ()
    assert other.state.draft == bench.state.draft
    assert StartRun not in other.asked


def test_data_of_that_name_with_other_points_are_not_taken(bench, files, tmp_path):
    kept = bench.reread(tmp_path / "s.geomodel")
    points = (files / "points.csv").read_bytes()
    np.savetxt(files / "points.csv", np.zeros((40, 2)) + np.arange(40)[:, None], delimiter=",")
    try:
        other = Bench()
        other.restoring.restore(kept)
    finally:
        (files / "points.csv").write_bytes(points)
    assert [wanted.kind for wanted in other.restoring.wanted] == ["data"]
    assert other.state.data is None
    assert other.state.network is not None  # it moves the samples alone


def test_files_of_odd_names_do_not_keep_a_session_from_being_saved(bench, tmp_path):
    """Linux allows line breaks and bytes that are no text in the names of files; a half-typed draft is no session's."""
    state = bench.state
    state.run.path = "/a/b\n\udce4.npz"
    state.networks["odd\n"] = replace(state.network, path="odd\n")
    state.draft = replace(state.draft, steps=10**9)
    found = bench.reread(tmp_path / "s.geomodel")
    assert [run.name for run in found.session.runs][-1] == "b??.npz"
    assert [network.path for network in found.session.networks] == [path for path in state.networks if path != "odd\n"]
    assert found.draft == state.run.settings


@pytest.mark.parametrize("changes", [{"sample": 3}, {"level": 4}, {"sample": -1}, {"seed": -1}], ids=str)
def test_a_branch_that_begins_nowhere_is_left_out(bench, changes):
    """The run has three samples and four steps."""
    options = bench.state.plane_options
    assert decoded(encoded(bench.snapshot()), bench.snapshot().trajectories).session.options.branch is not None
    bench.state.set_plane_options(replace(options, branch=replace(options.branch, **changes)))
    assert decoded(encoded(bench.snapshot()), bench.snapshot().trajectories).session.options.branch is None


def test_a_snapshot_without_runs_is_computed_where_that_is_wanted(bench):
    kept, other = bench.snapshot(), Bench()
    bare = replace(kept, session=replace(kept.session, runs=(), options=other.state.plane_options), trajectories=())
    other.restoring.restore(bare, compute=True)
    assert other.state.run.settings.driver == "network"
    assert (other.state.selection.sample, other.state.selection.index) == (2, 3)
    assert not other.playback.playing
    np.testing.assert_array_equal(other.state.run.x, bench.state.run.x)
