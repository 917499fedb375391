"""A checkpoint that is refused leaves what was open as it was."""

from __future__ import annotations

import os
import pickle

import pytest
import torch

import resources
from app.engine.messages import NetworkOpened, OpenFailed, OpenNetwork, OpenPath, RunFinished, StartRun
from geomodel.settings import RunSettings

NETWORK = str(resources.path("checkpoints", "two-moons.safetensors"))


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


BAD = {
    "evil.pkl": lambda path: path.write_bytes(pickle.dumps({"ema": Evil()}, 4)),
    "evil.pt": lambda path: torch.save(Evil(), path),
    "deep.pkl": lambda path: path.write_bytes(b"\x80\x02" + b"(" * 40_000 + b"t" * 40_000 + b"."),
    "pointer.ckpt": lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:a\nsize 7\n"),
    "other.pth": lambda path: torch.save({"w": torch.zeros(2)}, path),
    "config.json": lambda path: path.write_text("{}"),
}


@pytest.mark.parametrize("name", BAD)
def test_a_refused_checkpoint_leaves_the_open_one(bench, tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    BAD[name](tmp_path / name)
    assert isinstance(bench.handle(OpenNetwork(NETWORK)), NetworkOpened)
    for command in (OpenPath(str(tmp_path / name), 1, 100, 0), OpenNetwork(str(tmp_path / name))):
        refused = bench.handle(command)
        assert isinstance(refused, OpenFailed)
        assert refused.slot == "network"
        assert name in refused.message
        assert "\n" not in refused.message
    settings = RunSettings(data="two-moons", data_count=50, count=2, steps=2, network=NETWORK, driver="network")
    assert isinstance(bench.handle(StartRun(2, settings)), RunFinished)
    assert [path.name for path in tmp_path.iterdir() if path.name != "home"] == [name]
