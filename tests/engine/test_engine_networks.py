"""Networks in the engine: looked at first, opened with answers, cancelled, judged, and let go."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
import weakref
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from state_dicts import ANSWERS, SHAPE, state_dict

import resources
from app.engine import opening
from app.engine.contract import Answer, TaskEnded
from app.engine.library import Library
from app.engine.messages import (
    OPENING,
    Cancel,
    CloseNetwork,
    InspectNetwork,
    Judge,
    NetworkInspected,
    NetworkOpened,
    OpenCancelled,
    OpenData,
    OpenFailed,
    Opening,
    OpenNetwork,
    OpenRun,
    Postponed,
    RunOpened,
    StartRun,
)
from app.rooms.plane.messages import DensityRequest
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.judgement import DENOISES, MISREAD, NOT_JUDGED
from geomodel.settings import RunSettings

MOONS = str(resources.path("checkpoints", "two-moons.safetensors"))


@pytest.fixture
def path(tmp_path):
    return str(state_dict(tmp_path / "model.pt"))


@pytest.fixture
def pictures(tmp_path):
    values = np.random.default_rng(1).integers(0, 256, (40, *SHAPE[1:], 3), np.uint8)
    np.save(tmp_path / "pictures.npy", values)
    return str(tmp_path / "pictures.npy")


def test_what_lacks_answers_is_looked_at_and_not_opened(bench, path):
    found = bench.handle(OpenNetwork(path))
    assert bench.kinds() == ["NetworkInspected"]
    assert "num_heads" in [question.hint for question in found.survey.lacks]
    assert found.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()
    assert found.survey.info.device is None


def test_what_lacks_nothing_is_looked_at_before_memory_is_taken(bench, path, monkeypatch):
    seen = []
    known = bench.worker._library.network
    monkeypatch.setattr(Library, "network", lambda self, *given: seen.append(bench.kinds()) or known(*given))
    opened = bench.handle(OpenNetwork(path, answers=ANSWERS))
    assert seen[0][0] == "NetworkInspected"
    assert isinstance(opened, NetworkOpened)
    assert opened.info.hints == ANSWERS
    assert opened.info.sha256 == hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_an_open_network_is_not_read_again_unless_the_answers_change(bench, path):
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    first = bench.worker._library.network(path)
    bench.events.clear()
    assert bench.handle(OpenNetwork(path)).info.hints == ANSWERS
    assert bench.kinds() == ["NetworkOpened"]
    assert bench.worker._library.network(path) is first
    other = {**ANSWERS, "num_heads": 2}
    assert bench.handle(OpenNetwork(path, answers=other)).info.hints == other
    assert bench.worker._library.network(path) is not first


def test_a_closed_network_opens_again_with_its_answers(bench, path):
    bench.handle(OpenNetwork(path, answers=ANSWERS), CloseNetwork(path))
    assert bench.handle(OpenNetwork(path)).info.hints == ANSWERS


def test_answers_are_tried_without_opening(bench, path):
    found = bench.handle(InspectNetwork(path, {"family": "guided_diffusion"}))
    assert "diffusion.steps" in [question.hint for question in found.survey.lacks]
    refused = bench.handle(InspectNetwork(path, {**ANSWERS, "image_size": 8.5}))
    assert refused.survey is None
    assert "image_size is 8.5" in refused.message
    assert bench.kinds() == ["NetworkInspected", "NetworkInspected"]


def test_answers_that_contradict_the_file_keep_what_was_open(bench, path):
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    first = bench.worker._library.network(path)
    failed = bench.handle(OpenNetwork(path, answers={**ANSWERS, "model_channels": 7}))
    assert isinstance(failed, OpenFailed)
    assert "model_channels says 7" in failed.message
    assert bench.worker._library.network(path) is first


def test_answers_are_tried_while_a_run_computes(bench, path, monkeypatch):
    asked = []

    def denoise(self, x, sigma, labels=None):
        if not asked:
            asked.append(InspectNetwork(path, ANSWERS))
            bench.worker.inbox.put(asked[0])
        return 0 * x

    bench.handle(OpenNetwork(MOONS))
    monkeypatch.setattr(NetworkDenoiser, "_denoise", denoise)
    bench.events.clear()
    settings = RunSettings(data="two-moons", data_count=50, count=2, steps=2, network=MOONS, driver="network")
    bench.handle(StartRun(1, settings))
    kinds = bench.kinds()
    assert kinds.index("NetworkInspected") < kinds.index("RunFinished")


@pytest.mark.parametrize("answers", [ANSWERS, {}], ids=["reading", "hashing"])
def test_a_cancel_stops_the_reading(bench, path, answers, monkeypatch):
    monkeypatch.setattr(opening, "TELL_SECONDS", 0.0)
    post = bench.worker.post

    def cancelling(event):
        post(event)
        if isinstance(event, Opening):
            bench.worker.inbox.put(Cancel(OPENING))

    bench.worker.post = cancelling
    bench.handle(OpenNetwork(path, answers=answers))
    assert [event.fraction for event in bench.of(Opening)][-1] == 1.0
    assert not bench.of(NetworkOpened)
    assert not bench.of(OpenFailed)
    assert not [event for event in bench.of(NetworkInspected) if event.sha256]
    assert [event.path for event in bench.of(OpenCancelled)] == [path]
    bench.worker.post = post
    bench.worker.inbox.drain()  # the cancel of the end came too late
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    assert len(bench.of(NetworkOpened)) == 1


def test_a_saved_run_opens_its_network_with_the_answers_of_the_run(bench, path, tmp_path):
    from engine_bench import Bench

    bench.handle(OpenNetwork(path, answers=ANSWERS))
    settings = RunSettings(data="", network=path, driver="network", count=1, steps=2)
    finished = bench.handle(StartRun(1, settings))
    finished.trajectory.save(tmp_path / "run.npz")
    other = Bench()
    opened = other.handle(OpenRun(2, str(tmp_path / "run.npz")))
    assert isinstance(opened, RunOpened)
    assert (opened.linked, opened.missing) == (True, "")
    assert other.worker._library.network(path).info.hints == ANSWERS
    changed = Bench()
    changed.handle(OpenNetwork(path, answers={**ANSWERS, "num_heads": 2}))
    assert "which is not here" in changed.handle(OpenRun(2, str(tmp_path / "run.npz"))).missing


# --- does it denoise -------------------------------------------------------------------------------------------------


def test_a_network_is_judged_by_the_data_it_was_trained_on(bench):
    bench.handle(OpenNetwork(MOONS))
    task = Judge(7, RunSettings(data="two-moons", network=MOONS))
    ended = bench.handle(task)
    assert ended.task is task
    assert ended.result.words == DENOISES
    other = bench.handle(replace(task, settings=RunSettings(data="spiral", network=MOONS)))
    assert other.result.words == MISREAD


def test_without_data_a_network_is_not_judged(bench, path, pictures):
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    assert bench.handle(Judge(7, RunSettings(data="", network=path))).result.words == NOT_JUDGED
    assert bench.handle(Judge(8, RunSettings(data="two-moons", network=path))).result.words == NOT_JUDGED
    assert bench.handle(Judge(9, RunSettings(data=pictures, network=path))).result.words == MISREAD


def test_a_network_that_needs_classes_is_judged_whatever_the_draft_asks_for(bench, tmp_path, pictures):
    path = str(state_dict(tmp_path / "classes.pt", classes=3))
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    ended = bench.handle(Judge(7, RunSettings(data=pictures, network=path)))
    assert ended.message == ""
    assert ended.result.words == NOT_JUDGED  # the pictures have no classes, and the network needs one


def test_a_judgement_is_cancelled_between_evaluations(bench, monkeypatch):
    calls = []

    def denoise(self, x, sigma, labels=None):
        calls.append(float(sigma[0]))
        bench.worker.inbox.put(Cancel(7))
        return 0 * x

    bench.handle(OpenNetwork(MOONS))
    monkeypatch.setattr(NetworkDenoiser, "_denoise", denoise)
    ended = bench.handle(Judge(7, RunSettings(data="two-moons", network=MOONS)))
    assert isinstance(ended, TaskEnded)
    assert (ended.result, ended.message) == (None, "")
    assert len(calls) == 1
    assert bench.worker._library.network(MOONS).between_pieces is None


def test_a_judgement_gives_way_to_what_waits(bench, monkeypatch):
    calls = []

    def denoise(self, x, sigma, labels=None):
        calls.append(float(sigma[0]))
        bench.worker.inbox.put(OpenData("spiral", 20, 0))
        return 0 * x

    bench.handle(OpenNetwork(MOONS))
    monkeypatch.setattr(NetworkDenoiser, "_denoise", denoise)
    bench.worker._library.network(MOONS).piece = 10  # rows; on a slow machine an evaluation has several pieces
    ended = bench.handle(Judge(7, RunSettings(data="two-moons", network=MOONS)))
    assert ended.result == Postponed()
    assert len(calls) == 1
    assert bench.worker.inbox.take() == OpenData("spiral", 20, 0)


def test_an_answer_that_a_judgement_lets_through_is_whole(bench, monkeypatch, caplog):
    """The answer asks the judged network in pieces, and giving way to what waits is not for it."""
    settings = RunSettings(data="two-moons", network=MOONS, driver="network", count=1, steps=1)
    bench.handle(OpenNetwork(MOONS), StartRun(1, settings))
    asked = DensityRequest(run_id=1, sigma=1.0, rect=(-1, -1, 2, 2), pixels=(8, 8), arrows=(3, 3), field="driver")
    plain, calls = NetworkDenoiser._denoise, []

    def denoise(self, *arguments):
        calls.append(arguments)
        if len(calls) < 3:  # the second comes while the first is answered
            bench.worker.inbox.put((asked, OpenData("spiral", 20, 0))[len(calls) - 1])
        return plain(self, *arguments)

    monkeypatch.setattr(NetworkDenoiser, "_denoise", denoise)
    bench.worker._library.network(MOONS).piece = 4  # rows, so that nine arrows are three pieces
    ended = bench.handle(Judge(7, settings))
    assert ended.result == Postponed()
    (answer,) = bench.of(Answer)
    assert answer.request == asked
    assert answer.denoised.shape == (9, 2)
    assert [record for record in caplog.records if record.levelname == "ERROR"] == []


# --- letting go ------------------------------------------------------------------------------------------------------


def test_a_replaced_network_is_let_go(bench, path):
    bench.handle(OpenNetwork(path, answers=ANSWERS))
    first = weakref.ref(bench.worker._library.network(path))
    bench.handle(OpenNetwork(path, answers={**ANSWERS, "num_heads": 2}))
    assert first() is None


MEMORY = """
import sys
from pathlib import Path
from app.engine.messages import CloseNetwork, Judge, OpenNetwork, StartRun
from app.engine.worker import Worker
from geomodel.settings import RunSettings

def resident():
    return int(Path("/proc/self/statm").read_text().split()[1]) * 4096

def use(path):
    settings = RunSettings(data="", network=path, driver="network", count=1, steps=1)
    worker.handle(OpenNetwork(path, answers={answers}))
    worker.handle(StartRun(1, settings))
    worker.handle(Judge(2, settings))

worker = Worker(lambda event: None, lambda: None)
small, *large = sys.argv[1:]
use(small)  # loads torch, its kernels and what the rooms compute with
for round in range(2):
    before = resident()
    for path in large:
        use(path)
    during = resident()
    for path in large:
        worker.handle(CloseNetwork(path))
    print(before, during, resident())
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads the memory of a process as Linux tells it")
def test_closing_networks_gives_their_memory_back(path, tmp_path):
    """Of two networks of 48 MB that were run and judged, less than a tenth is left, and nothing adds up."""
    from public_files import pair
    from state_dicts import TINY

    from geomodel.networks.adm import ADMUNet

    stored, _ = pair(ADMUNet(replace(TINY, embedding=128, widths=(128, 256)), SHAPE, 0))
    size = sum(4 * tensor.numel() for tensor in stored.values())
    paths = [tmp_path / name for name in ("a.pt", "b.pt")]
    for each in paths:
        torch.save(stored, each)
    code = MEMORY.replace("{answers}", repr(ANSWERS))
    result = subprocess.run(
        [sys.executable, "-c", code, path, *map(str, paths)],
        cwd=Path(__file__).parents[2],
        env={**os.environ, "GEOMODEL_HOME": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stderr
    for line in result.stdout.splitlines():
        before, during, after = map(int, line.split())
        assert during - before > 1.8 * size
        assert after - before < 0.1 * (during - before)
