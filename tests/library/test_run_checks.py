"""What does not fit between settings, data, network and memory, said at its field."""

from __future__ import annotations

from dataclasses import replace

import pytest
from checkpoint_files import LABELLED, saved

import geomodel as gm
import resources
from geomodel import memory, run_checks, runs
from geomodel.settings import RunSettings

CHECKPOINT = resources.path("checkpoints", "two-moons.safetensors")
TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=4)


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def ring():
    return gm.datasets.load("gaussian-ring", count=80)


@pytest.fixture(scope="module")
def fashion():
    return gm.datasets.load("fashion-mnist")


@pytest.fixture(scope="module")
def network():
    return gm.load_checkpoint(CHECKPOINT)


def test_what_fits_has_no_problems(moons, ring, fashion, network):
    assert runs.problems(TOY, moons) == {}
    assert runs.problems(replace(TOY, driver="mixture"), ring) == {}
    assert runs.problems(replace(TOY, driver="network"), moons, network) == {}
    assert runs.problems(replace(TOY, driver="network"), None, network) == {}
    assert runs.problems(replace(TOY, start="data", start_index=59), moons) == {}
    assert runs.problems(replace(TOY, start="point", start_point=(1.0, 2.0)), moons) == {}
    assert runs.problems(replace(TOY, count=16), fashion) == {}


def test_nothing_is_open():
    assert runs.problems(TOY, None) == {"data": "Choose reference data or a network first."}


def test_each_problem_is_said_at_its_field(moons, fashion, network):
    def said(settings, data, model=None):
        ((field, sentence),) = runs.problems(settings, data, model).items()
        assert sentence.endswith(".")
        return field, sentence

    assert said(replace(TOY, driver="network"), moons)[0] == "driver"
    assert said(TOY, None, network) == ("driver", "The driver “Optimal denoiser D*” needs reference data.")
    field, sentence = said(replace(TOY, driver="mixture"), moons)
    assert (field, "two-moons" in sentence) == ("driver", True)
    field, sentence = said(replace(TOY, count=1), fashion, network)
    assert field == "network"
    assert "(2,)" in sentence
    assert "(1, 28, 28)" in sentence
    assert said(replace(TOY, driver="network", start="exact"), None, network)[0] == "start"
    assert said(replace(TOY, driver="network", start="data"), None, network)[0] == "start"
    field, sentence = said(replace(TOY, start="data", start_index=60), moons)
    assert (field, "points 0 to 59" in sentence, "no point 60" in sentence) == ("start_index", True, True)
    field, sentence = said(replace(TOY, start="point", start_point=(1.0,)), moons)
    assert (field, "has 1 numbers" in sentence, "need 2" in sentence) == ("start", True, True)


def test_a_run_beyond_memory_is_refused_with_its_size(moons):
    huge = replace(TOY, count=10**9)
    need = memory.text(run_checks.needed_bytes(huge, moons))
    found = runs.problems(huge, moons)
    assert found.keys() == {"count"}
    assert "1,000,000,000 trajectories over 5 steps" in found["count"]
    assert f"would take {need};" in found["count"]
    with pytest.raises(ValueError, match=r"1,000,000,000 trajectories"):
        runs.prepare(huge, moons)


def test_a_quarter_of_memory_is_the_limit(moons, monkeypatch):
    need = run_checks.needed_bytes(TOY, moons)
    monkeypatch.setattr(memory, "physical", lambda: 4 * need)
    assert runs.problems(TOY, moons) == {}
    monkeypatch.setattr(memory, "physical", lambda: 4 * need - 4)
    assert runs.problems(TOY, moons).keys() == {"count"}


@pytest.mark.parametrize("driver", ["optimal", "mixture", "network"])
def test_the_needed_memory_covers_what_a_run_keeps(driver, ring, network):
    settings = replace(TOY, driver=driver, solver="ipndm", options={"order": 4}, steps=20)  # the longest history
    job = runs.prepare(settings, ring, network if driver == "network" else None)
    record = runs.new_record(job)
    runs.advance(job, job.model, record)
    kept = [record.x, record.denoised, *(value for value in record.extras.values() if value.ndim > 2)]
    kept += [array for detail in record.details for array in (detail.x, detail.denoised)]
    held = sum(array.nbytes for array in kept)
    assert held <= run_checks.needed_bytes(settings, ring) <= 2 * held


def test_prepare_raises_the_first_sentence(moons):
    with pytest.raises(ValueError, match="The network drives only"):
        runs.prepare(replace(TOY, driver="network"), moons)


# ---------------------------------------------------------------- classes


@pytest.fixture(scope="module")
def labelled(tmp_path_factory):
    """Networks of three classes, with and without a null class."""
    folder = tmp_path_factory.mktemp("networks")
    found = {}
    for name, null in (("null", True), ("no null", False)):
        saved(folder / f"{name}.safetensors", replace(LABELLED, has_null_class=null))
        found[name] = gm.load_checkpoint(folder / f"{name}.safetensors")
    return found


def test_a_class_must_be_one_of_the_data(moons, ring):
    assert runs.problems(replace(TOY, label=1), moons) == {}
    assert runs.problems(replace(TOY, label=2), moons) == {"label": "two-moons has no points of class 2."}
    plain = gm.datasets.load("checkerboard", count=20)
    assert runs.problems(replace(TOY, label=0), plain) == {
        "label": "checkerboard has no classes, so D* cannot run over one."
    }
    assert runs.problems(replace(TOY, label=0, driver="mixture"), ring) == {
        "label": "The driver “Exact mixture” has no classes."
    }


def test_a_class_must_be_one_of_the_network(moons, network, labelled):
    drive = replace(TOY, driver="network")
    assert runs.problems(replace(drive, label=1), moons, labelled["null"]) == {}
    assert runs.problems(replace(drive, label=3), moons, labelled["null"]) == {
        "label": "The network has classes 0 to 2."
    }
    assert runs.problems(replace(drive, label=0), moons, network) == {"label": "The network has no classes."}


def test_without_a_null_class_a_class_is_needed_and_guidance_is_refused(moons, labelled):
    drive = replace(TOY, driver="network")
    needs = {"label": "The network has no null class: choose a class, and no guidance."}
    assert runs.problems(drive, moons, labelled["no null"]) == needs
    assert runs.problems(replace(drive, label=1, guidance=2.0), moons, labelled["no null"]) == needs
    assert runs.problems(replace(drive, label=1), moons, labelled["no null"]) == {}
    assert runs.problems(replace(drive, label=1, guidance=2.0), moons, labelled["null"]) == {}
