"""The command line on consoles whose encoding lacks Greek letters."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import geomodel
from geomodel import console

ROOT = Path(geomodel.__file__).parents[1]


def command(encoding, *arguments, folder=ROOT):
    environment = {**os.environ, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0", "PYTHONPATH": str(ROOT)}
    run = subprocess.run(
        [sys.executable, str(ROOT / "main.py"), *arguments],
        env=environment,
        cwd=folder,
        capture_output=True,
        check=False,
    )
    assert run.returncode == 0, run.stderr.decode(encoding)
    return run.stdout.decode(encoding)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "cp437", "utf-8"])
def test_help_is_shown_everywhere(encoding):
    shown = command(encoding, "run", "--help")
    assert ("sigma" if encoding in ("ascii", "cp1252") else "σ") in shown
    assert "?" not in shown


@pytest.mark.parametrize("name", ["", "train"])
def test_every_help_is_spelled(name):
    shown = command("ascii", *name.split(), "--help")
    assert "without a window" in shown or "sigma" in shown
    assert "?" not in shown


@pytest.mark.parametrize("encoding", ["cp1252", "cp437"])
@pytest.mark.slow
def test_a_training_ends_everywhere(encoding, tmp_path):
    arguments = "train --data two-moons --iterations 2 --width 8 --depth 1 --batch 8 --out a.safetensors"
    shown = command(encoding, *arguments.split(), folder=tmp_path)
    assert f"{'sigma' if encoding == 'cp1252' else 'σ'} from" in shown
    assert (tmp_path / "a.safetensors").exists()


def test_notation_is_spelled():
    assert console.spelled("σ² − Δx₀ × θ′ ≤ ‖é‖ ς") == "sigma^2 - Deltax_0 x theta' <= ||e|| sigma"
    assert console.spelled("日") == "?"


def test_a_stream_that_cannot_be_changed_is_left(monkeypatch):
    monkeypatch.setattr(sys, "stdout", None)
    monkeypatch.setattr(sys, "stderr", object())
    console.spell_out()
