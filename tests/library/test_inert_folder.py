"""Folders of diffusers: what is looked at in them, and what is refused."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch_files import filled

from geomodel.inert import contents, folder
from geomodel.inert.values import InertFault, Tensor

WEIGHTS = {"conv_in.weight": torch.arange(6.0).reshape(2, 3), "bias": torch.ones(2).half()}
NETWORK = {"_class_name": "UNet2DModel", "sample_size": 32, "attention_head_dim": None}
SCHEDULER = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000}


def network(path: Path, name="diffusion_pytorch_model.safetensors") -> Path:
    path.mkdir(parents=True)
    (path / "config.json").write_text(json.dumps(NETWORK))
    torch.save(WEIGHTS, path / name) if name.endswith(".bin") else save_file(WEIGHTS, path / name)
    return path


def pipeline(path: Path, part="unet", **options) -> Path:
    network(path / part, **options)
    (path / "model_index.json").write_text(json.dumps({"_class_name": "DDPMPipeline", part: ["diffusers", "X"]}))
    (path / "scheduler").mkdir()
    (path / "scheduler" / "scheduler_config.json").write_text(json.dumps(SCHEDULER))
    (path / "vae").mkdir()
    (path / "vae" / "config.json").write_text("never read")
    return path


NAMES = [
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.bin",
    "diffusion_pytorch_model.fp16.safetensors",
]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("part", ["unet", "transformer"])
def test_a_pipeline(tmp_path, part, name):
    root = pipeline(tmp_path / "ddpm", part, name=name)
    for picked in (root, root / "model_index.json", root / part, root / part / "config.json"):
        found = contents.read(picked)
        assert (found.container, found.path) == ("folder", root)
        assert set(found.value) == {"model_index.json", part, "scheduler"}
        assert found.value["scheduler"] == {"scheduler_config.json": SCHEDULER}
        assert found.value[part]["config.json"] == NETWORK
        arrays = filled(found, found.value[part]["weights"])
        assert arrays["conv_in.weight"].tolist() == WEIGHTS["conv_in.weight"].tolist()


def test_a_network_without_a_pipeline(tmp_path):
    root = network(tmp_path / "unet")
    for picked in (root, root / "config.json"):
        found = contents.read(picked)
        assert (found.container, found.path) == ("folder", root)
        assert set(found.value) == {"config.json", "weights"}
        assert isinstance(found.value["weights"]["bias"], Tensor)


def test_safetensors_come_before_pickles(tmp_path):
    root = network(tmp_path / "a")
    (root / "diffusion_pytorch_model.bin").write_bytes(b"never read")
    assert len(contents.read(root).value["weights"]) == 2


def test_folders_that_are_none_of_diffusers(tmp_path):
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures" / "config.json").write_text("{}")  # another program's settings, and no network
    for path in (tmp_path, tmp_path / "pictures", tmp_path / "pictures" / "config.json", tmp_path / "missing"):
        assert folder.of(path) is None


def refused(picked, sentence):
    with pytest.raises(InertFault) as caught:
        contents.read(picked)
    assert sentence in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        (b"[]", "its config.json holds no table"),
        (b"{", "its config.json is not proper JSON"),
        (b"\xff\xfe{}", "its config.json is not proper JSON"),
        (b"{" + b" " * 2**20 + b"}", "its config.json has 1,048,578 bytes"),
        (b"[" * 100_000, "its config.json is not proper JSON"),
        (b'{"a":' + b"[" * 500 + b"]" * 500 + b"}", "nested more than 200 deep"),
    ],
)
def test_settings_that_are_damaged(tmp_path, text, sentence):
    root = network(tmp_path / "a")
    (root / "config.json").write_bytes(text)
    refused(root, sentence)


def test_weights_that_are_damaged_are_named(tmp_path):
    root = pipeline(tmp_path / "a")
    path = root / "unet" / "diffusion_pytorch_model.safetensors"
    path.write_bytes(path.read_bytes()[:-1])
    refused(root, "its diffusion_pytorch_model.safetensors cannot be read: it is damaged")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no pipes in folders")
def test_links_and_pipes(tmp_path):
    """The cache of the Hugging Face Hub is made of links, which are followed to regular files."""
    root, elsewhere = network(tmp_path / "a"), tmp_path / "blob"
    weights = root / "diffusion_pytorch_model.safetensors"
    weights.rename(elsewhere)
    weights.symlink_to(elsewhere)
    assert len(contents.read(root).value["weights"]) == 2
    (root / "config.json").unlink()
    os.mkfifo(root / "config.json")  # reading it would wait for ever
    (root / "model_index.json").write_text("{}")
    refused(root, "'config.json' is not a regular file")
    weights.unlink()
    (root / "config.json").unlink()
    (root / "config.json").symlink_to(root / "config.json")
    assert contents.read(root).value == {"model_index.json": {}}
