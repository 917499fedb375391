"""What the engine measures for the quality room: the library's numbers, cancelled at once, and reasons in sentences."""

from __future__ import annotations

import numpy as np
import pytest
from engine_bench import Bench

import geomodel as gm
import resources
from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, OpenData, OpenNetwork
from app.rooms.quality.feed import jump_settings
from app.rooms.quality.messages import JumpTask, RunQualityTask
from geomodel import memory, runs
from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.experiments.quality import jump, jump_levels, quality_over_sigma
from geomodel.quality import Yardstick
from geomodel.settings import RunSettings

MOONS = RunSettings(data="two-moons", data_count=200, sigma_min=0.003, sigma_max=15.0, solver="ipndm", rho=5.0)
JUMP = jump_settings(MOONS, count=24, seed=3, evaluations=4)


@pytest.fixture
def bench():
    made = Bench()
    made.handle(OpenData("two-moons", 200, 0))
    return made


def ended(bench, task):
    bench.handle(task)
    (event,) = [event for event in bench.of(TaskEnded) if event.task is task]
    return event


def test_jumps_are_those_of_the_library(bench):
    found = ended(bench, JumpTask(1, JUMP, 4)).result
    data = gm.datasets.load("two-moons", count=200)
    levels = jump_levels(0.003, 15.0, data.std)
    assert found.sigmas.tolist() == levels.tolist()
    x = gm.noise(range(3, 27), (2,), 15.0).numpy() + data.mean
    model = gm.OptimalDenoiser(data.points)
    expected = jump(model, x, data, solver="ipndm", evaluations=4, jump_sigmas=levels, sigma_max=15.0, rho=5.0, seed=3)
    assert found.qualities == expected.qualities
    assert found.control == Yardstick.of(data.points, 24, seed=3).control
    for ends, points in zip(found.ends, expected.ends, strict=True):
        np.testing.assert_allclose(ends.points, points, atol=1e-12)  # the plane of 2-D data is their own
    assert found.held_out.points.shape == (24, 2)
    assert bench.of(TaskProgress)[-1].fraction == 1


def test_a_run_is_measured_as_the_library_does(bench):
    run = runs.compute(MOONS, gm.datasets.load("two-moons", count=200))
    found = ended(bench, RunQualityTask(2, MOONS, 1, run)).result
    expected = quality_over_sigma(run, gm.datasets.load("two-moons", count=200))
    assert found.x == expected.x
    assert found.denoised == expected.denoised
    assert found.control == expected.yardstick.control
    assert found.sigmas.tolist() == run.sigmas.tolist()


def test_a_cancel_takes_effect_before_the_next_evaluation(bench, monkeypatch):
    task, calls, call = JumpTask(1, JUMP, 4), [], OptimalDenoiser.__call__

    def counted(self, *args, **more):
        calls.append(self)
        if len(calls) == 6:  # in the second of the runs
            bench.worker.submit(Cancel(1))
        return call(self, *args, **more)

    monkeypatch.setattr(OptimalDenoiser, "__call__", counted)
    event = ended(bench, task)
    assert (event.result, event.message) == (None, "")
    assert len(calls) == 6


def test_a_run_of_one_class_is_compared_with_its_class():
    bench, (name, count) = Bench(), ("clusters-64", 400)
    data = gm.datasets.load(name, count=count)
    bench.handle(OpenData(name, count, 0))
    settings = RunSettings(data=name, data_count=count, label=2, sigma_min=0.01, sigma_max=50.0, solver="euler")
    found = ended(bench, JumpTask(1, jump_settings(settings, count=8, seed=0, evaluations=3), 3)).result
    own = data.points[data.labels == 2]
    expected = Yardstick.of(own, 8)
    assert found.control.sliced == pytest.approx(expected.control.sliced, rel=1e-12)
    assert found.control.count == 8


def test_a_network_and_a_mixture_drive_jumps_too(bench):
    path = str(resources.path("checkpoints", "two-moons.safetensors"))
    bench.handle(OpenNetwork(path))
    settings = RunSettings(data="two-moons", data_count=200, network=path, driver="network", solver="euler")
    found = ended(bench, JumpTask(1, jump_settings(settings, count=8, seed=0, evaluations=3), 3)).result
    assert np.isfinite([quality.sliced for quality in found.qualities]).all()
    assert found.plane == ""
    bench.handle(OpenData("gaussian-64", 300, 0))
    settings = RunSettings(data="gaussian-64", data_count=300, driver="mixture", solver="deis_tab")
    found = ended(bench, JumpTask(2, jump_settings(settings, count=8, seed=0, evaluations=3), 3)).result
    assert found.ends[0].points.shape == (8, 2)
    assert found.plane.startswith("the data's first 2 principal components (")


def test_images_cross_as_pixels(tmp_path):
    path, bench = tmp_path / "images.npy", Bench()
    np.save(path, np.random.default_rng(0).integers(0, 256, (12, 5, 4, 3), np.uint8))
    bench.handle(OpenData(str(path), 1, 0))
    settings = RunSettings(data=str(path), data_count=1, solver="euler")
    found = ended(bench, JumpTask(1, jump_settings(settings, count=70, seed=0, evaluations=2), 2)).result
    assert found.ends[0].images.shape == (64, 5, 4, 3)  # the first ones
    assert found.held_out.images.shape == (6, 5, 4, 3)
    assert found.note == "The data have only 12 points, of which 6 are held out as the control of 70 samples."


@pytest.mark.parametrize("rows", ["0.5", "0.5,1\n0.5,1\n0.5,1", "0.5,1", "1\n2\n4"])
def test_few_and_equal_data_give_numbers_or_a_sentence(tmp_path, rows):
    path, bench = tmp_path / "points.csv", Bench()
    path.write_text(rows + "\n", "utf-8")
    bench.handle(OpenData(str(path), 1, 0))
    settings = RunSettings(data=str(path), data_count=1, solver="euler", sigma_min=0.01, sigma_max=9.0)
    event = ended(bench, JumpTask(1, jump_settings(settings, count=4, seed=0, evaluations=2), 2))
    assert event.result is not None or event.message.endswith(".")
    if event.result is not None:
        assert all(np.isfinite(quality.sliced) for quality in event.result.qualities)


def test_what_cannot_be_measured_is_a_sentence(bench, monkeypatch):
    heun = RunSettings(data="two-moons", data_count=200, solver="heun", count=4, steps=3)
    assert "one evaluation a step" in ended(bench, JumpTask(1, heun, 3)).message
    narrow = jump_settings(
        RunSettings(data="two-moons", data_count=200, sigma_min=14.9, sigma_max=15.0, solver="euler"),
        count=4,
        seed=0,
        evaluations=3,
    )
    assert len(ended(bench, JumpTask(2, narrow, 3)).result.sigmas) == 1  # nothing lies between: only the whole run
    monkeypatch.setattr(memory, "physical", lambda: 1000)
    assert "would take" in ended(bench, JumpTask(3, JUMP, 4)).message
