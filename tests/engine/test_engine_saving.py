"""Networks are written by the engine: bit by bit, cancelled between two pieces, and refused in a sentence."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch
from state_dicts import ANSWERS, state_dict

import resources
from app.engine import tasks
from app.engine.contract import TaskEnded, TaskProgress
from app.engine.messages import Cancel, OpenNetwork, SaveNetwork
from geomodel.checkpoints import inspect, load_checkpoint
from geomodel.checkpoints.hints import nested
from geomodel.settings import RunSettings

MOONS = str(resources.path("checkpoints", "two-moons.safetensors"))


def task(network: str, out: Path, id: int = 7) -> SaveNetwork:
    return SaveNetwork(id, RunSettings(network=network), str(out))


def test_a_network_of_another_program_is_written(bench, tmp_path):
    source, out = str(state_dict(tmp_path / "model.pt")), tmp_path / "out.safetensors"
    bench.handle(OpenNetwork(source, answers=ANSWERS), task(source, out))
    (ended,) = bench.of(TaskEnded)
    assert (ended.result, ended.message) == (str(out), "")
    assert bench.of(TaskProgress)[-1].task_id == 7
    model, again = load_checkpoint(source, hints=nested(ANSWERS)), load_checkpoint(out)
    x = torch.randn(2, *model.shape, dtype=torch.float64)
    labels = [0, 0] if model.num_classes else None
    assert torch.equal(model(x, 0.7, labels), again(x, 0.7, labels))


def test_one_of_ours_stays_what_it_is(bench, tmp_path):
    bench.handle(task(MOONS, tmp_path / "out"))
    before, after = inspect(MOONS), inspect(tmp_path / "out")
    assert after == replace(before, name="out", path=tmp_path / "out")
    bench.handle(task(str(tmp_path / "out"), tmp_path / "again"))
    assert (tmp_path / "again").read_bytes() == (tmp_path / "out").read_bytes()


def test_a_cancel_writes_nothing(bench, tmp_path):
    bench.handle(OpenNetwork(MOONS))
    bench.worker.inbox.put(Cancel(7))
    ended = bench.handle(task(MOONS, tmp_path / "out"))
    assert isinstance(ended, TaskEnded)
    assert (ended.result, ended.message) == (None, "")
    assert [*tmp_path.iterdir()] == []
    assert bench.worker.running is None


def test_what_cannot_be_written_is_a_sentence(bench, tmp_path):
    ended = bench.handle(task(MOONS, tmp_path / "nowhere" / "out"))
    assert "could not be written" in ended.message
    (tmp_path / "own.py").write_text("def make():\n    f = lambda x, sigma: x\n    f.shape = (2,)\n    return f\n")
    own = f"{tmp_path / 'own.py'}:make"
    bench.handle(OpenNetwork(own, own=True))
    ended = bench.handle(task(own, tmp_path / "out"))
    assert "made by a script" in ended.message
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize("share", [0.0, 0.4, 0.6, 0.9])
def test_a_cancel_is_heard_at_every_piece(share, bench, tmp_path, monkeypatch):
    """The worker reads its queue before each piece, while it writes and while it reads back."""
    monkeypatch.setattr(tasks, "TELL_SECONDS", -1.0)
    bench.handle(OpenNetwork(MOONS))

    def cancel_at_share(event):
        bench.events.append(event)
        if isinstance(event, TaskProgress) and event.fraction >= share:
            bench.worker.inbox.put(Cancel(7))

    bench.worker.post = cancel_at_share
    ended = bench.handle(task(MOONS, tmp_path / "out"))
    assert (ended.result, ended.message) == (None, "")
    assert bench.of(TaskProgress)[-1].fraction < 0.99
    assert [*tmp_path.iterdir()] == []
