"""A saved run is linked with what is open, bundled, or beside it. A path inside it is a name and opens nothing."""

from __future__ import annotations

import pickle
import shutil
from dataclasses import replace

import numpy as np
import pytest
from animals import IN_DATA, IN_NETWORK, write_network, write_table
from engine_bench import Bench
from opened_files import opened_files

import geomodel as gm
import resources
from app.engine.library import Library
from app.engine.messages import (
    OPENING,
    Cancel,
    Forget,
    LinkRun,
    Located,
    OpenData,
    OpenFailed,
    OpenNetwork,
    OpenRun,
    RunFinished,
    RunLinked,
    RunOpened,
    Save,
    StartRun,
    Wanted,
)
from app.engine.refusals import ENDED, refusal
from app.rooms.strip.messages import NeighboursRequest
from geomodel import datasets, files
from geomodel.settings import RunSettings, to_json
from geomodel.trajectory import Trajectory

TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=3)
NETWORK = resources.path("checkpoints", "two-moons.safetensors")


@pytest.fixture
def saved(tmp_path, monkeypatch):
    """A folder with data, a network, and a run of them that was computed from within it under relative names."""
    folder = tmp_path / "a"
    folder.mkdir()
    np.savetxt(folder / "points.csv", np.random.default_rng(0).normal(size=(30, 2)), delimiter=",")
    shutil.copy(NETWORK, folder / "net.safetensors")
    monkeypatch.chdir(folder)
    settings = RunSettings(data="points.csv", network="net.safetensors", driver="network", steps=4, count=2)
    bench = Bench()
    trajectory = bench.handle(StartRun(1, settings)).trajectory
    bench.handle(Save(trajectory, str(folder / "run.npz")))
    monkeypatch.chdir(tmp_path)
    return folder


@pytest.fixture
def away(saved, tmp_path):
    """The run alone, in a folder far from what it was made of."""
    (tmp_path / "mail" / "runs").mkdir(parents=True)
    return shutil.move(saved / "run.npz", tmp_path / "mail" / "runs" / "run.npz")


def opened(path, bench=None) -> RunOpened:
    return (bench or Bench()).handle(OpenRun(1, str(path)))


def toy(path, bench=None, settings=None, **entries):
    """A run of two moons in a file, whose settings and other entries were changed."""
    run = (bench or Bench()).handle(StartRun(9, TOY)).trajectory
    said = {**run.settings, **entries}
    said["run"] = {**said["run"], **(settings or {})}
    replace(run, settings={name: value for name, value in said.items() if value is not None}).save(path)
    return path


def link(bench, run, path=None):
    kind = "network" if str(path).endswith("safetensors") else "data"
    return bench.handle(LinkRun(1, run.path, run.trajectory, None if path is None else Located(kind, str(path))))


# ---------------------------------------------------------------- what is linked


def test_what_lies_beside_the_run_wherever_it_was_moved(saved, tmp_path):
    there = tmp_path / "b"
    saved.rename(there)
    run = opened(there / "run.npz")
    assert run.linked
    assert (run.missing, run.wanted) == ("", None)
    assert run.settings.data == run.data.name == str(there / "points.csv")
    assert run.settings.network == str(there / "net.safetensors")


def test_a_run_of_a_drawing_brings_its_strokes(tmp_path):
    bench = Bench()
    drawn = replace(TOY, data="drawing", drawing=(((0.0, 0.0), (1.0, 0.5)), ((2.0, 2.0),)), drawing_width=0.3)
    bench.handle(StartRun(1, drawn)).trajectory.save(tmp_path / "run.npz")
    (tmp_path / "drawing").write_text("0,0\n1,1\n")  # a file of this name is something else
    run = opened(tmp_path / "run.npz")
    assert run.linked
    assert run.settings.data_key == run.data.key == drawn.data_key


def test_what_lies_in_the_folder_above(saved):
    (saved / "results").mkdir()
    run = opened(shutil.move(saved / "run.npz", saved / "results" / "run.npz"))
    assert run.linked
    assert run.settings.data == str(saved / "points.csv")


def test_a_relative_name_of_an_older_run_is_looked_for_beside_it(saved):
    run = opened(saved / "run.npz")
    settings = run.trajectory.settings
    settings["run"] |= {"data": "points.csv", "network": "net.safetensors"}
    run.trajectory.save(saved / "old.npz")
    assert opened(saved / "old.npz").linked


def test_what_is_open_already_under_whatever_name(saved, away, tmp_path):
    shutil.move(saved / "points.csv", tmp_path / "renamed.csv")
    shutil.move(saved / "net.safetensors", tmp_path / "renamed.safetensors")
    bench = Bench()
    bench.handle(OpenData(str(tmp_path / "renamed.csv"), 1, 0), OpenNetwork(str(tmp_path / "renamed.safetensors")))
    run = opened(away, bench)
    assert run.linked
    assert run.settings.data == str(tmp_path / "renamed.csv")
    assert run.settings.network == str(tmp_path / "renamed.safetensors")


def test_of_the_same_points_those_with_the_classes_of_the_run(tmp_path):
    table, bench = write_table(tmp_path / "animals.csv"), Bench()
    run = bench.handle(StartRun(9, RunSettings(data=table, label=1, count=2, steps=3))).trajectory
    run.save(tmp_path / "run.npz")
    bench = Bench()
    bench.handle(OpenData(table, 1, 0, "1-2"), OpenData(table, 1, 0))
    found = opened(tmp_path / "run.npz", bench)
    assert (found.linked, found.settings.data_columns) == (True, "")


def test_what_comes_with_the_program_wherever_that_was_installed(tmp_path):
    settings = {"network": "/opt/elsewhere/resources/checkpoints/two-moons.safetensors", "driver": "network"}
    digest = gm.load_checkpoint(NETWORK).info.sha256
    run = opened(toy(tmp_path / "run.npz", settings=settings, network={"name": "two-moons", "sha256": digest}))
    assert run.linked
    assert run.settings.network == str(NETWORK)


def test_the_data_of_the_model_panel_stay_the_newest(tmp_path):
    """The newest data are kept where no run uses them, because the panel shows them."""
    bench = Bench()
    bench.handle(OpenData("spiral", 40, 0))
    assert opened(toy(tmp_path / "run.npz"), bench).linked
    bench.handle(Forget(1))
    assert [key[0] for key in bench.worker._library._data] == ["spiral"]


# ---------------------------------------------------------------- what is not opened


def test_what_the_run_alone_names_is_neither_linked_nor_opened(saved, away):
    with opened_files() as found:
        run = opened(away)
    assert str(away) in found
    assert not any(name.startswith(str(saved)) for name in found)
    assert not run.linked
    assert run.data is None
    assert run.missing.startswith("Density, field and neighbours need the data points.csv (sha256:")
    assert "File ▸ Locate missing files" in run.missing
    assert run.wanted.kind == "data"


@pytest.fixture
def traps(tmp_path):
    """Files that a run must not make the program open."""
    folder = tmp_path / "private"
    folder.mkdir()
    (folder / "batch").write_bytes(pickle.dumps({b"data": np.zeros((2, 3072), np.uint8), b"labels": [0, 1]}))
    np.savetxt(folder / "secret.csv", np.zeros((4, 2)), delimiter=",")
    (folder / "own.py").write_text("raise SystemExit('the code of a run was carried out')\n", "utf-8")
    shutil.copy(NETWORK, folder / "net.safetensors")
    return folder


@pytest.mark.parametrize("identity", ["said", "not said"])
@pytest.mark.parametrize("name", ["/dev/zero", "/dev/stdin", "batch", "secret.csv", "", "../..", "~"])
def test_no_path_of_data_is_followed(traps, tmp_path, identity, name):
    named = str(traps / name) if (traps / name).is_file() else name
    about = {"name": "two-moons", "fingerprint": "sha256:" + "a" * 64} if identity == "said" else None
    (tmp_path / "inbox").mkdir()
    path = toy(tmp_path / "inbox" / "run.npz", settings={"data": named}, data=about)
    with opened_files() as found:
        run = opened(path)
    assert not any(name.startswith((str(traps), "/dev/", "/etc")) for name in found)
    assert not run.linked
    assert run.data is None
    assert run.missing
    assert (run.wanted is not None) == (identity == "said")


@pytest.mark.parametrize("identity", ["said", "not said"])
@pytest.mark.parametrize("name", ["/dev/zero", "net.safetensors", "own.py:make", "own.py"])
def test_no_path_of_a_network_is_followed(traps, tmp_path, identity, name):
    named = name if name.startswith("/") else str(traps / name)
    about = {"name": "net", "sha256": files.sha256(NETWORK, lambda: None)} if identity == "said" else None
    (tmp_path / "inbox").mkdir()
    path = toy(tmp_path / "inbox" / "run.npz", settings={"network": named, "driver": "network"}, network=about)
    with opened_files() as found:
        run = opened(path)
    assert not any(name.startswith((str(traps), "/dev/zero")) for name in found)
    assert not run.linked
    assert run.missing
    assert (run.wanted is not None) == (identity == "said")


def test_other_data_or_another_network_of_that_name_are_not_taken(saved, tmp_path):
    there = tmp_path / "b"
    saved.rename(there)
    kept = (there / "points.csv").read_bytes()
    (there / "points.csv").write_text("0,1\n1,0\n2,2\n")
    assert "Density, field and neighbours need the data" in opened(there / "run.npz").missing
    (there / "points.csv").write_bytes(kept)
    shutil.copy(resources.path("checkpoints", "fashion-mnist.safetensors"), there / "net.safetensors")
    run = opened(there / "run.npz")
    assert not run.linked
    assert run.missing.startswith("The field needs the network")
    assert run.data is not None  # they are shown


def test_a_file_of_the_networks_name_is_hashed_before_it_is_believed(saved, monkeypatch):
    (saved / "net.safetensors").write_bytes(pickle.dumps("payload"))
    monkeypatch.setattr(Library, "network", lambda *_: pytest.fail("a file of another hash was loaded"))
    assert opened(saved / "run.npz").wanted.kind == "network"


def test_a_named_set_of_other_numbers_is_not_taken(tmp_path):
    about = {"name": "two-moons", "fingerprint": "sha256:" + "a" * 64}
    run = opened(toy(tmp_path / "run.npz", data=about))
    assert run.data is None
    assert run.wanted == Wanted("data", "two-moons", about["fingerprint"])


# ---------------------------------------------------------------- a run that is not what it says


@pytest.mark.parametrize(
    ("settings", "entries", "clause"),
    [
        ({}, {"data": None}, "it does not say which data or network it was made with"),
        ({"network": "n.safetensors"}, {}, "it does not say how its network can be recognised"),
        ({"count": 4}, {}, "it has 3 samples, and its settings ask for 4"),
        ({"count": 10**9}, {}, "it has 3 samples, and its settings ask for 1,000,000,000"),
        ({"label": 7}, {}, "two-moons has no points of class 7"),
        ({"start": "data", "start_index": 60}, {}, "there is no point 60"),
        ({"steps": 4}, {}, "its settings give other noise levels"),
        ({"sigma_max": 9.0}, {}, "its settings give other noise levels"),
        ({"driver": "network"}, {}, "The network drives only when a checkpoint is open"),
    ],
)
def test_settings_of_another_run_answer_nothing(tmp_path, settings, entries, clause):
    """It is shown, but the engine would compute something else about it."""
    bench = Bench()
    run = opened(toy(tmp_path / "run.npz", settings=settings, **entries), bench)
    assert run.missing.startswith("The file alone is shown and nothing more is computed: ")
    assert clause in run.missing
    assert (run.linked, run.wanted) == (False, None)
    count = len(bench.events)
    bench.handle(NeighboursRequest(1, 0, 0))
    assert len(bench.events) == count


def test_samples_of_another_shape_are_not_put_into_the_plane_of_the_data(tmp_path):
    run = Bench().handle(StartRun(9, TOY)).trajectory
    wide = {name: np.concatenate([getattr(run, name)] * 2, axis=-1) for name in ("x", "denoised", "final_denoised")}
    replace(run, **wide, extras={}).save(tmp_path / "run.npz")
    found = opened(tmp_path / "run.npz")
    assert "its samples have shape (4,), and its data (2,)" in found.missing
    assert found.data is None


# ---------------------------------------------------------------- what a person locates


def test_located_files_are_taken_one_after_the_other(saved, away):
    bench = Bench()
    run = opened(away, bench)
    first = link(bench, run, saved / "points.csv")
    assert isinstance(first, RunLinked)
    assert (first.linked, first.data.name, first.wanted.kind) == (False, str(saved / "points.csv"), "network")
    second = link(bench, run, saved / "net.safetensors")
    assert (second.linked, second.missing, second.wanted) == (True, "", None)
    assert second.settings.data == str(saved / "points.csv")
    assert second.settings.network == str(saved / "net.safetensors")
    bench.handle(NeighboursRequest(1, 0, 0))
    assert bench.kinds()[-1] == "NeighboursAnswer"


def test_another_file_is_refused_in_a_sentence_and_the_run_stays(saved, away, tmp_path):
    (tmp_path / "other.csv").write_text("0,1\n1,0\n2,2\n")
    shutil.copy(resources.path("checkpoints", "spiral.safetensors"), tmp_path / "other.safetensors")
    bench = Bench()
    run = opened(away, bench)
    digest = run.wanted.digest
    other = gm.datasets.load(tmp_path / "other.csv").fingerprint
    refused = link(bench, run, tmp_path / "other.csv")
    assert refused == OpenFailed(
        "run",
        str(tmp_path / "other.csv"),
        f"other.csv holds other data than the run was made with: {other[:19]}… instead of {digest[:19]}….",
    )
    assert "no file" in link(bench, run, tmp_path / "gone.csv").message
    assert link(bench, run, saved / "points.csv").wanted.kind == "network"
    refused = link(bench, run, tmp_path / "other.safetensors")
    assert refused.message.startswith("other.safetensors is another network than the run was made with: sha256:")
    assert "There is no file" in link(bench, run, tmp_path / "gone.safetensors").message
    assert link(bench, run, saved / "net.safetensors").linked


def test_data_that_are_opened_later_are_found_without_being_located(saved, away):
    bench = Bench()
    run = opened(away, bench)
    bench.handle(OpenData(str(saved / "points.csv"), 1, 0), OpenNetwork(str(saved / "net.safetensors")))
    assert link(bench, run).linked


def test_a_cancel_leaves_the_search_and_the_run_is_shown(saved, monkeypatch):
    bench, load = Bench(), datasets.load

    def slow(name, *, progress, **options):
        bench.worker.inbox.put(Cancel(OPENING))
        progress(0.5)
        return load(name, **options)

    monkeypatch.setattr(datasets, "load", slow)
    run = opened(saved / "run.npz", bench)
    assert isinstance(run, RunOpened)
    assert run.wanted.kind == "data"
    link(bench, run, saved / "points.csv")
    assert bench.events[-1] is run  # nothing is said of what a person has left
    monkeypatch.undo()
    assert link(bench, run).linked


def test_an_engine_that_has_ended_refuses_to_link(saved):
    run = opened(saved / "run.npz")
    assert refusal(LinkRun(1, run.path, run.trajectory), ENDED) == OpenFailed("run", run.path, ENDED)


def test_a_run_that_cannot_be_saved_is_a_sentence(tmp_path, bench):
    run = bench.handle(StartRun(1, TOY)).trajectory
    halves = replace(run, x=run.x.astype(np.float16))
    said = bench.handle(Save(halves, str(tmp_path / "run.npz"))).message
    assert said.startswith("The run cannot be saved, because it does not fit together: x holds float16")
    assert isinstance(bench.handle(StartRun(2, TOY)), RunFinished)
    assert to_json(TOY)["data"] == "two-moons"
    assert not (tmp_path / "run.npz").exists()
    assert Trajectory.load(toy(tmp_path / "other.npz")).steps == 5


@pytest.mark.parametrize(("driver", "start"), [("blend", "noise"), ("network", "exact"), ("optimal", "exact")])
def test_a_class_that_either_side_numbers_otherwise_is_no_misfit(tmp_path, driver, start):
    """Before the network is found, its classes have no names that could be compared."""
    names = IN_DATA if driver == "optimal" else IN_NETWORK
    settings = RunSettings(
        data=write_table(tmp_path / "animals.csv"),
        network=write_network(tmp_path / "net.safetensors"),
        driver=driver,
        start=start,
        label=names.index("dog"),
        count=2,
        steps=3,
    )
    Bench().handle(StartRun(1, settings)).trajectory.save(tmp_path / "run.npz")
    run = opened(tmp_path / "run.npz")
    assert (run.missing, run.linked) == ("", True)
    assert (run.asked.name, run.asked.data) == ("dog", IN_DATA.index("dog"))
