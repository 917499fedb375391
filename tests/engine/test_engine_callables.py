"""A person's own denoiser may end the program or say a megabyte. The engine says one sentence and lives."""

from __future__ import annotations

from dataclasses import replace

import pytest

from app.engine.contract import TaskEnded
from app.engine.messages import NetworkOpened, OpenFailed, OpenNetwork, RunFinished, RunStopped, StartRun
from app.rooms.plane.messages import ProbeRequest
from app.rooms.schedule.messages import EndErrorTask
from geomodel.error_text import MOST_CHARACTERS
from geomodel.settings import RunSettings

TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=3)
CODE = """
class Trap:
    shape, armed = (2,), False
    def __call__(self, x, sigma):
        if Trap.armed:
            raise {raised}
        return 0 * x
def make():
    return Trap()
"""
RAISED = (
    "SystemExit(2)",
    "KeyboardInterrupt",
    "GeneratorExit",
    "BaseException('odd')",
    "StopIteration",
    "KeyError('k')",
)


def opened(bench, folder, text):
    """The spec of a denoiser whose file holds this text, and what the engine said when it opened it."""
    (folder / "own.py").write_text(text, "utf-8")
    spec = f"{folder / 'own.py'}:make"
    return spec, bench.handle(OpenNetwork(spec, own=True))


def lives(bench):
    return isinstance(bench.handle(StartRun(99, TOY)), RunFinished)


@pytest.mark.parametrize("raised", RAISED)
@pytest.mark.parametrize(
    "place", ["raise {}", "def make(): raise {}", "class M:\n  shape = 2,\n  def __call__(s, *a): raise {}\nmake = M"]
)
def test_what_is_raised_while_it_opens_is_a_sentence(bench, tmp_path, raised, place):
    _, said = opened(bench, tmp_path, place.format(raised))
    assert isinstance(said, OpenFailed)
    assert said.slot == "network"
    assert raised.partition("(")[0].strip("'") in said.message
    assert lives(bench)


@pytest.mark.parametrize("raised", RAISED)
def test_what_is_raised_in_a_run_and_in_a_task_is_a_sentence(bench, tmp_path, raised):
    spec, said = opened(bench, tmp_path, CODE.format(raised=raised))
    assert isinstance(said, NetworkOpened)
    type(bench.worker._library.network(spec).model).armed = True
    settings = replace(TOY, network=spec, driver="network")
    stopped = bench.handle(StartRun(1, settings))
    assert isinstance(stopped, RunStopped)
    assert stopped.message
    ended = bench.handle(EndErrorTask(2, settings))
    assert isinstance(ended, TaskEnded)
    assert ended.message
    assert bench.worker.running is None
    assert lives(bench)


@pytest.mark.parametrize("raised", RAISED)
def test_what_is_raised_in_an_answer_leaves_the_view_without_it(bench, tmp_path, raised):
    spec, _ = opened(bench, tmp_path, CODE.format(raised=raised))
    assert isinstance(bench.handle(StartRun(1, replace(TOY, network=spec, driver="network"))), RunFinished)
    type(bench.worker._library.network(spec).model).armed = True
    before = len(bench.events)
    bench.handle(ProbeRequest(run_id=1, point=(0.0, 0.0), sigma=1.0, path=False))
    assert len(bench.events) == before
    assert lives(bench)


def test_an_end_of_the_program_is_told_as_one(bench, tmp_path):
    spec, _ = opened(bench, tmp_path, CODE.format(raised="SystemExit(2)"))
    type(bench.worker._library.network(spec).model).armed = True
    stopped = bench.handle(StartRun(1, replace(TOY, network=spec, driver="network")))
    assert stopped.message == "The denoiser's code wanted to end the program (SystemExit: 2)."


def test_a_megabyte_of_error_is_cut(bench, tmp_path):
    spec, _ = opened(bench, tmp_path, CODE.format(raised="ValueError('<b>' + 'x' * 2**20)"))
    type(bench.worker._library.network(spec).model).armed = True
    settings = replace(TOY, network=spec, driver="network")
    stopped, ended = bench.handle(StartRun(1, settings)), bench.handle(EndErrorTask(2, settings))
    (tmp_path / "other").mkdir()
    _, failed = opened(bench, tmp_path / "other", "raise ValueError('x' * 2**20)")
    assert [len(event.message) for event in (stopped, ended, failed)] == [MOST_CHARACTERS] * 3


@pytest.mark.parametrize("raised", ["ValueError", "SystemExit(3)", "KeyboardInterrupt", "GeneratorExit"])
def test_an_error_that_cannot_say_itself_is_told_by_its_type(bench, tmp_path, raised):
    mute = f"class Mute(Exception):\n  def __str__(self): raise {raised}\n"
    _, said = opened(bench, tmp_path, f"{mute}raise Mute")
    assert said.message.endswith("Mute")
    (tmp_path / "later").mkdir()
    spec, _ = opened(bench, tmp_path / "later", mute + CODE.format(raised="Mute"))
    type(bench.worker._library.network(spec).model).armed = True
    assert bench.handle(StartRun(1, replace(TOY, network=spec, driver="network"))).message == "Mute"
    assert lives(bench)
