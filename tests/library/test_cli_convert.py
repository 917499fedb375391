"""The command `convert`, and hints on the command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import lies
import pytest
import torch
from checkpoint_files import saved
from public_files import SIGMA, noisy

from geomodel import cli, cli_hints
from geomodel.checkpoints import load_checkpoint

ROOT = Path(__file__).parents[2]
MADE, KNOWN = lies.FAMILIES["adm"]
FLAGS = [
    *("--hint", "family=guided_diffusion", "--hint", "image_size=8", "--hint", "num_heads=4"),
    *("--hint", "use_new_attention_order=False", "--hint", "diffusion.steps=1000"),
    *("--hint", "diffusion.noise_schedule=linear"),
]


def command(*arguments: object) -> int:
    return cli.run(cli.parse([str(argument) for argument in arguments]))


@pytest.mark.parametrize("family", lies.FAMILIES)
def test_a_file_of_every_family_becomes_ours(family: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, hints = lies.FAMILIES[family]
    source, out = make(tmp_path), tmp_path / "out.safetensors"
    given = tmp_path / "hints.json"
    given.write_text(json.dumps(hints))
    if family == "adm":
        given.write_text(json.dumps({**hints, "family": "guided_diffusion"}))
    assert command("convert", source, out, "--hints", given) == 0
    shown = capsys.readouterr()
    assert shown.out.splitlines()[0] == str(out)
    assert "3×8×8" in shown.out.splitlines()[1]
    assert shown.err == ""
    model, again = load_checkpoint(source, hints=json.loads(given.read_text())), load_checkpoint(out)
    labels = [1] * len(SIGMA) if model.num_classes else None
    assert torch.equal(again(noisy(model.shape), SIGMA, labels), model(noisy(model.shape), SIGMA, labels))


def test_hints_may_be_typed(tmp_path: Path) -> None:
    source = MADE(tmp_path)
    assert command("convert", source, tmp_path / "a", *FLAGS) == 0
    assert command("convert", tmp_path / "a", tmp_path / "b") == 0
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()
    assert load_checkpoint(tmp_path / "a").info.hints["diffusion.steps"] == 1000


def test_typed_hints_win_over_the_file(tmp_path: Path) -> None:
    (tmp_path / "hints.json").write_text('{"num_heads": 8, "diffusion": {"steps": 4000, "noise_schedule": "cosine"}}')
    arguments = cli.parse(["convert", "IN", "OUT", "--hints", str(tmp_path / "hints.json"), *FLAGS[4:]])
    assert cli_hints.hints(arguments) == {
        "num_heads": 4,
        "use_new_attention_order": False,
        "diffusion": {"steps": 1000, "noise_schedule": "linear"},
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("4", 4),
        ("-1", -1),
        ("0.5", 0.5),
        ("1e-4", 1e-4),
        ("true", True),
        ("False", False),
        ("cosine", "cosine"),
        ('"4"', "4"),
        ("1,2,2,2", [1, 2, 2, 2]),
        ("[16, 8]", [16, 8]),
        ("", ""),
        ("a,b", "a,b"),
        ("a=b", "a=b"),
    ],
)
def test_what_is_typed(text: str, expected: object) -> None:
    found = cli_hints.value(text)
    assert (found, type(found)) == (expected, type(expected))


@pytest.mark.parametrize(
    ("options", "fragment"),
    [
        ([], "give the hint"),
        (["--hint", "num_heads"], "--hint takes NAME=VALUE"),
        (["--hint", "=4"], "--hint takes NAME=VALUE"),
        (["--hint", "diffusion=4", "--hint", "diffusion.steps=4"], "no hint diffusion.steps"),
        ([*FLAGS, "--hint", "num_heads=5"], "5 heads"),
        ([*FLAGS, "--hint", "in_channels=1"], "the hint in_channels says 1, and the file says 3"),
        ([*FLAGS, "--hint", "hedas=4"], "hedas"),
        (["--hints", "nowhere.json"], "nowhere.json could not be read"),
        (["--hints", "list.json"], "list.json is no JSON table"),
        (["--hints", "."], "could not be read"),
    ],
)
def test_hints_that_are_refused(
    options: list[str],
    fragment: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("list.json").write_text("[1]")
    source = MADE(tmp_path)
    assert command("convert", source, tmp_path / "out", *options) == 2
    shown = capsys.readouterr()
    assert fragment in shown.err
    assert shown.err.count("\n") == 1
    assert not (tmp_path / "out").exists()


def test_places_that_are_refused(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    saved(tmp_path / "a")
    before = (tmp_path / "a").read_bytes()
    for source, out, fragment in (
        (tmp_path / "a", tmp_path / "a", "is the file to convert"),
        (tmp_path / "a", tmp_path, "not a place for a file"),
        (tmp_path / "a", tmp_path / "no" / "b", "not a place for a file"),
        (tmp_path / "none", tmp_path / "b", "There is no file"),
    ):
        assert command("convert", source, out) == 2
        assert fragment in capsys.readouterr().err
    assert (tmp_path / "a").read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a"]


def test_an_interrupt_writes_nothing(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: Any, **__: Any) -> None:
        raise KeyboardInterrupt

    saved(tmp_path / "a")
    monkeypatch.setattr("geomodel.checkpoints.save", interrupted)
    assert command("convert", tmp_path / "a", tmp_path / "b") == 130
    assert "nothing was written" in capsys.readouterr().err
    assert [path.name for path in tmp_path.iterdir()] == ["a"]


def test_a_run_takes_hints(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    source = MADE(tmp_path)
    run = ("run", "--out", tmp_path / "run", "--model", source, "--steps", 2, "--count", 1, "--data", "", "--label", 1)
    assert command(*run) == 2
    assert "give the hint" in capsys.readouterr().err
    assert command(*run, *FLAGS) == 0
    assert (tmp_path / "run" / "run.npz").exists()


def test_hints_without_a_checkpoint(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command("run", "--out", tmp_path, "--hint", "num_heads=4") == 2
    assert capsys.readouterr().err == "Hints are for the checkpoint that --model names, and there is none.\n"


def test_the_window_gets_hints_by_their_questions() -> None:
    arguments = cli.parse(["--model", "a.pt", *FLAGS])
    assert cli_hints.answers(cli_hints.hints(arguments)) == {
        "family": "guided_diffusion",
        "image_size": 8,
        "num_heads": 4,
        "use_new_attention_order": False,
        "diffusion.steps": 1000,
        "diffusion.noise_schedule": "linear",
    }


def test_the_program_converts_without_a_window(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    environment = {key: text for key, text in os.environ.items() if key not in ("DISPLAY", "WAYLAND_DISPLAY")}
    done = subprocess.run(
        [sys.executable, "main.py", "convert", tmp_path / "a", tmp_path / "b"],
        cwd=ROOT,
        env={**environment, "QT_QPA_PLATFORM": "xcb"},
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert (tmp_path / "b").read_bytes() == (tmp_path / "a").read_bytes()
