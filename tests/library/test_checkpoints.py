"""Checkpoint files: the round trip and the refusals."""

from __future__ import annotations

import json
import math
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from checkpoint_files import (
    DESCRIPTION,
    HOSTILE,
    LABELLED,
    ONLY_WHEN_LOADED,
    build,
    configured,
    described,
    edited,
    pack,
    saved,
    unpack,
)

import geomodel as gm
from geomodel.checkpoints import CheckpointError, CheckpointInfo, inspect, load_checkpoint
from geomodel.checkpoints.native import save_checkpoint


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    return saved(tmp_path / "good.safetensors")


@pytest.mark.parametrize("case", HOSTILE)
def test_a_hostile_file_is_refused_with_one_sentence(
    case: str, good: bytes, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    make, fragment = HOSTILE[case]
    path = tmp_path / "hostile.safetensors"
    path.write_bytes(make(good))
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(path)
    sentence = str(refusal.value)
    assert fragment in sentence
    assert "hostile.safetensors" in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 400  # a file cannot fill the window with its own text
    assert not (tmp_path / "executed").exists()
    if not case.startswith(ONLY_WHEN_LOADED):
        with pytest.raises(CheckpointError):
            inspect(path)


def test_the_cases_start_from_a_file_that_opens(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "again.safetensors"
    for content in (described(good), configured(good), edited(good, lambda header: None)):
        path.write_bytes(content)
        assert load_checkpoint(path).shape == (2,)


def test_header_of_1152_bytes_is_not_taken_for_a_pickle(good: bytes, tmp_path: Path) -> None:
    header, body = unpack(good)
    header["__metadata__"]["geomodel"] += " " * (1152 - len(json.dumps(header)))
    if len(json.dumps(header)) != 1152:  # a longer header: fill up to a length that ends in the same two bytes
        header["__metadata__"]["geomodel"] += " " * (1152 + (1 << 16) - len(json.dumps(header)))
    content = pack(header, body)
    assert content[:2] == b"\x80\x04"  # how a pickle of protocol 4 starts
    path = tmp_path / "edge.safetensors"
    path.write_bytes(content)
    assert load_checkpoint(path).shape == (2,)


def test_places_that_are_no_file(tmp_path: Path) -> None:
    (tmp_path / "empty.safetensors").touch()
    cases = {"missing": "no file", ".": "directory", "empty.safetensors": "empty", "a\0b": "opened"}
    if hasattr(os, "mkfifo"):  # reading one would wait for ever
        os.mkfifo(tmp_path / "pipe")
        cases["pipe"] = "regular"
    for name, fragment in cases.items():
        for opening in (load_checkpoint, inspect):
            with pytest.raises(CheckpointError, match=fragment):
                opening(tmp_path / name)


@pytest.mark.skipif(os.name == "nt", reason="links need a right of their own on Windows")
def test_links(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors")
    links = {"good": "a.safetensors", "dangling": "nowhere", "loop": "loop", "out": "/dev/null"}
    for name, target in links.items():
        (tmp_path / name).symlink_to(target)
    assert load_checkpoint(tmp_path / "good").shape == (2,)
    for name, fragment in (("dangling", "no file"), ("loop", "cannot be opened"), ("out", "not a regular file")):
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(tmp_path / name)


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", 3.5])
def test_a_device_that_is_not_here(device: Any, tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="device"):
        load_checkpoint(tmp_path / "a.safetensors", device=device)


def test_hints_may_repeat_what_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "a.safetensors"
    saved(path)
    right = {"family": "native", "width": 8, "num_classes": 0, "diffusion": {"sigma_data": 1.5, "prediction": "edm"}}
    for hints in ({}, right):
        assert load_checkpoint(path, hints=hints).shape == (2,)
    for hints, fragment in (
        ({"heads": 4}, "the hint heads is not one that its network has"),
        ({"width": 9}, "the hint width says 9, and the file says 8"),
        ({"diffusion": {"sigma_data": 0.5}}, "sigma_data says 0.5, and the file says 1.5"),
        ({"diffusion": {"steps": 1000}}, "steps is not one"),
    ):
        with pytest.raises(CheckpointError, match=fragment):
            load_checkpoint(path, hints=hints)


# --- the round trip ------------------------------------------------------------------------------------------------


def test_round_trip_bit_by_bit(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    written = save_checkpoint(path, build(LABELLED), LABELLED)
    model = load_checkpoint(path)
    expected = build(LABELLED).state_dict()
    assert model.network.state_dict().keys() == expected.keys()
    assert all(torch.equal(value, expected[key]) for key, value in model.network.state_dict().items())
    assert model.info == written
    assert model.info == CheckpointInfo(
        name="net",
        path=path,
        format="native",
        architecture="mlp",
        parameters=sum(value.numel() for value in expected.values()),
        dtype="float32",
        shape=(2,),
        sigma_data=1.5,
        sigma_min=0.003,
        sigma_max=150.0,
        sigma_recommended=(0.003, 15.0),
        classes=3,
        label_names=("a", "b", "c"),
        has_null_class=True,
        data_name="some points",
        data_fingerprint="sha256:0",
        data_count=7,
        recipe=DESCRIPTION.recipe,
        size=4 * sum(value.numel() for value in expected.values()),
        device="cpu",
        sha256=written.sha256,
    )
    assert inspect(path) == replace(model.info, device=None, sha256=None)
    assert not model.network.training
    assert not any(weight.requires_grad for weight in model.network.parameters())
    again = tmp_path / "again.safetensors"
    save_checkpoint(again, model.network, LABELLED)
    assert again.read_bytes() == path.read_bytes()


def test_what_could_not_be_read_again_is_not_written(tmp_path: Path) -> None:
    network = build()
    with pytest.raises(CheckpointError, match="noise levels"):
        save_checkpoint(tmp_path / "a", network, replace(DESCRIPTION, sigma_min=200.0))
    with torch.no_grad():
        next(network.parameters()).fill_(math.nan)
    with pytest.raises(CheckpointError, match="not finite"):
        save_checkpoint(tmp_path / "a", network, DESCRIPTION)
    with pytest.raises(CheckpointError, match="could not be written"):
        save_checkpoint(tmp_path / "nowhere" / "a", build(), DESCRIPTION)
    assert list(tmp_path.iterdir()) == []


def test_inspect_needs_no_torch_and_opening_not_its_compiler(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    saved(path)
    code = (
        "import sys, geomodel as gm\n"
        f"info = gm.checkpoints.inspect({str(path)!r})\n"
        "import geomodel.cli_train\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
        "print(info.shape, info.data_name)\n"
        f"gm.load_checkpoint({str(path)!r})\n"
        "import resources\n"
        "gm.load_checkpoint(str(resources.path('checkpoints', 'fashion-mnist.safetensors')))\n"
        "assert 'sympy' not in sys.modules, 'torch has loaded its compiler, which takes a second'\n"
    )
    root = Path(gm.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "(2,) some points"), done.stderr
