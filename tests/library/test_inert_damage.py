"""Checkpoints that are damaged at random, by the thousand: each opens or is refused, within ten seconds and 2 GB."""

from __future__ import annotations

import subprocess
import sys
from argparse import Namespace
from pathlib import Path

import damage
import edm_pickles
import pytest
import torch
import torch_files
from bare import bare
from safetensors.torch import save_file
from torch import nn

ROOT = Path(__file__).parents[2]
KINDS = ["safetensors", *torch_files.KINDS]
MOST = 2 * 2**20  # kilobytes


def sample(path: Path, kind: str) -> Path:
    """A small file of a kind, with everything in it that real ones have."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(2, 3, 3), nn.GroupNorm(1, 3))
    weights = {**network.state_dict(), "half": torch.randn(4).half(), "turned": torch.randn(3, 4).bfloat16().t()}
    if kind == "safetensors":
        save_file({name: tensor.contiguous() for name, tensor in weights.items()}, path, metadata={"geomodel": "{}"})
        return path
    record = edm_pickles.persistent(network, "EDMPrecond", sigma_data=0.5)
    value = (
        {"ema": record, "net": weights} if kind == "pickle" else {"ema": weights, "args": Namespace(lr=1e-4), "n": {1}}
    )
    return torch_files.saved(path, value, kind)


@pytest.mark.parametrize("kind", KINDS)
def test_damaged_files_are_refused_or_open(tmp_path, kind):
    original = sample(tmp_path / "a", kind).read_bytes()
    damage.rounds(original, "a.pt", 60, seed=0)


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.parametrize("kind", KINDS)
def test_a_thousand_damaged_files_in_bounded_time_and_memory(tmp_path, kind):
    path = sample(tmp_path / "a.pt", kind)
    (tmp_path / "empty").mkdir()
    done = subprocess.run(
        [sys.executable, ROOT / "tests/support/damage.py", path, "1000", "1"],
        cwd=tmp_path / "empty",
        env=bare(ROOT),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert int(done.stdout) < MOST
    assert list((tmp_path / "empty").iterdir()) == []
