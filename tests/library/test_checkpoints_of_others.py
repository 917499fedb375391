"""Checkpoints of other programs: what is the same for every family, and the sentences for what is refused."""

from __future__ import annotations

import hashlib
import json
import os
import pickle
from dataclasses import dataclass
from pathlib import Path

import edm_pickles
import numpy as np
import pytest
import torch
import torch_files
from safetensors.torch import save_file
from torch import nn

import geomodel as gm
from geomodel import memory, recognise
from geomodel.checkpoints import CheckpointError, inspect, load_checkpoint, opening
from geomodel.checkpoints.families import Family
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.plan import Plan, card
from geomodel.checkpoints.state_dicts import find


@dataclass(frozen=True)
class Config:
    """The size of the family that these tests add."""

    entering: int
    leaving: int


def toy(contents, hints):
    """A family of one layer: its file does not say what `times` is."""
    found = find(contents.value, "linear.weight")
    if found is None:
        return None
    leaving, entering = found.tensors["linear.weight"].shape
    if entering == 12:
        raise ValueError("it says\n" + "x" * 10**6 + ", which is long")
    if entering == 13:
        raise ValueError("it has 13 inputs, which no network of this family has")
    info = card(
        contents,
        found.tensors,
        family="toy",
        architecture="one layer",
        shape=(entering,),
        sigma_data=0.5,
        sigma_min=0.002,
        sigma_max=80.0,
        sigma_recommended=(0.002, 80.0),
        average=found.average,
        ignored=found.ignored,
        remarks=("It has seen nothing.",),
    )
    given = Hints(hints)
    given.ask("times", str, reason="the file holds no clock", choices=("slow", "fast"))
    config, questions = Config(entering, leaving), given.finish()
    return Plan(info=info, config=config, clock=None, tensors=found.tensors, questions=questions)


class Toy(nn.Module):
    def __init__(self, config):
        super().__init__()
        self.linear = nn.Linear(config.entering, config.leaving)
        self.register_buffer("steps", torch.zeros(2, dtype=torch.int64))

    def forward(self, x, noise, labels=None):
        return self.linear(x)


def build(config):
    if config.leaving == 2**40:
        raise RuntimeError("an overflow inside torch")
    return Toy(config)


def finish(network):
    with torch.no_grad():
        network.linear.bias += 1


HINTS = {"times": "fast"}


@pytest.fixture(autouse=True)
def _families(monkeypatch):
    here = __name__
    family = Family(name="toy", title="Toy", recognise=f"{here}:toy", build=f"{here}:build", finish=f"{here}:finish")
    named = {f"{here}:{name}": value for name, value in {"toy": toy, "build": build, "finish": finish}.items()}
    known = opening.function
    monkeypatch.setattr(opening, "FAMILIES", (*opening.FAMILIES, family))
    monkeypatch.setattr(opening, "function", lambda dotted: named.get(dotted) or known(dotted))


def weights(entering=2, leaving=2):
    torch.manual_seed(0)
    return {
        "linear.weight": torch.randn(leaving, entering),
        "linear.bias": torch.zeros(leaving),
        "steps": torch.tensor([3, 2**40]),
    }


def written(path: Path, value, kind="torch zip") -> Path:
    if kind == "safetensors":
        save_file(value, path)
        return path
    return torch_files.saved(path, value, kind)


@pytest.mark.parametrize("key", ["license", "modelspec.license"])
def test_a_licence_is_shown_where_it_is_stated(tmp_path, key):
    save_file(weights(), tmp_path / "a.safetensors", {key: "CC BY 4.0", "other": "text"})
    assert inspect(tmp_path / "a.safetensors").licence == "CC BY 4.0"
    save_file(weights(), tmp_path / "b.safetensors")
    assert inspect(tmp_path / "b.safetensors").licence == ""


@pytest.mark.parametrize("kind", ["safetensors", *torch_files.KINDS])
@pytest.mark.parametrize("name", ["model.pt", "model.safetensors", "model.csv", "model"])
def test_a_network_opens_under_any_name(tmp_path, kind, name):
    path = written(tmp_path / name, weights(), kind)
    assert recognise.kind_of(path) == "checkpoint"
    model = load_checkpoint(path, hints=HINTS)
    expected = weights()
    assert torch.equal(model.network.linear.weight, expected["linear.weight"])
    assert torch.equal(model.network.linear.bias, expected["linear.bias"] + 1)
    assert torch.equal(model.network.steps, expected["steps"])
    info = inspect(path)
    assert (info.family, info.format, info.name) == ("toy", kind, "model")
    assert (info.parameters, info.size, info.dtype) == (4 + 2 + 2, 4 * 6 + 8 * 2, "float32, int64")
    assert (info.sha256, info.device) == (None, None)
    assert model.info.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert (model.info.device, model.info.remarks) == ("cpu", ("It has seen nothing.",))


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_weights_of_other_types_become_float32(tmp_path, dtype):
    value = {name: tensor.to(dtype) if name != "steps" else tensor for name, tensor in weights().items()}
    model = load_checkpoint(written(tmp_path / "a", value), hints=HINTS)
    assert model.network.linear.weight.dtype == torch.float32
    assert torch.equal(model.network.linear.weight, value["linear.weight"].float())


def test_the_average_is_taken_and_the_rest_is_named(tmp_path):
    value = {"model": weights(), "ema": {f"module.{name}": tensor + 1 for name, tensor in weights().items()}, "step": 3}
    info = inspect(written(tmp_path / "a", value))
    assert (info.average, info.ignored) == ("ema", {"model": 3})
    model = load_checkpoint(tmp_path / "a", hints=HINTS)
    assert torch.equal(model.network.linear.weight, weights()["linear.weight"] + 1)


def test_what_the_file_does_not_say_is_asked_for(tmp_path):
    path = written(tmp_path / "a.pt", weights())
    assert inspect(path).family == "toy"
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(path)
    assert str(refusal.value) == (
        "a.pt does not say everything: give the hint times (slow, fast), because the file holds no clock."
    )


def test_nothing_is_read_before_the_comparison(tmp_path, monkeypatch):
    """The numbers are read last: a file that does not fit its network costs no memory."""
    monkeypatch.setattr(opening.numbers, "fill", lambda *_: pytest.fail("the numbers were read"))
    good = weights()
    for change, fragment in (
        ({"linear.bias": torch.zeros(3)}, "tensor linear.bias with shape (3,), and its config asks for (2,)"),
        ({"linear.bias": None}, "lacks 1 of the network's tensors, among them linear.bias"),
        ({"linear.extra": torch.zeros(1)}, "1 tensors that its network does not have, among them linear.extra"),
        ({"linear.weight": torch.zeros(2, 12)}, "xx, which is long"),
        ({"linear.weight": torch.zeros(2, 13)}, "13 inputs, which no network of this family has"),
    ):
        value = {name: tensor for name, tensor in (good | change).items() if tensor is not None}
        refused(written(tmp_path / "a.pt", value), fragment)


def test_a_network_larger_than_the_free_memory(tmp_path, monkeypatch):
    path = written(tmp_path / "a.pt", weights(leaving=1000))
    size = 4 * (2 * 1000 + 1000 + 2)
    monkeypatch.setattr(memory, "available", lambda: size - 1)
    monkeypatch.setattr(opening, "_built", lambda *_: pytest.fail("the network was built"))
    refused(path, "its network takes 12 kB of memory, and 12 kB are free")
    monkeypatch.undo()


def test_memory_that_ends_while_a_network_is_made(tmp_path, monkeypatch):
    path = written(tmp_path / "a.pt", weights(leaving=1000))

    def full(*arguments, empty=torch.empty, **options):
        if "device" in options:  # a layer that takes no memory
            return empty(*arguments, **options)
        raise RuntimeError("[enforce fail at alloc_cpu.cpp:121] DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(torch, "empty", full)
    refused(path, "its network takes 12 kB, for which memory is short")


def test_sizes_that_torch_cannot_take(tmp_path):
    value = {"linear.weight": torch_files.claimed(torch_files.Stored(), (2**40 - 1, 1), (1, 1))}
    path = tmp_path / "a.pt"
    path.write_bytes(torch_files.zipped(torch_files.entries(value, {"0": bytes(24)})))
    refused(path, "reaches outside its storage")


def refused(path, fragment, **hints):
    """Check that a file is refused with one sentence that names it, and that nothing was written or run."""
    before = sorted(path.parent.rglob("*"))
    with pytest.raises(CheckpointError) as refusal:
        load_checkpoint(path, hints=HINTS | hints)
    sentence = str(refusal.value)
    assert fragment in sentence
    assert path.name in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert len(sentence) < 500
    assert sorted(path.parent.rglob("*")) == before


def script(path):
    with pytest.warns(DeprecationWarning, match="torch.jit.script"):
        torch.jit.script(nn.Linear(2, 2)).save(path)


def exported(path):
    torch.export.save(torch.export.export(nn.Linear(2, 2), (torch.zeros(1, 2),)), path)


class Evil:
    def __reduce__(self):
        return os.mkdir, ("executed",)


PROGRAM = "programs in files are not run; name code of your own that loads it instead: --denoiser file.py:make"
REFUSED = {
    "script.pt": (script, f"it is a program (TorchScript), and {PROGRAM}"),
    "exported.pt2": (exported, f"it is a program (torch.export), and {PROGRAM}"),
    "whole.pt": (
        lambda path: torch.save(nn.Linear(2, 2), path),
        "asks for 'torch.nn.modules.linear.Linear', which was",
    ),
    "evil.pkl": (lambda path: path.write_bytes(pickle.dumps({"ema": Evil()}, 4)), "'posix.mkdir', which was not run"),
    "evil.pt": (lambda path: torch.save({"ema": Evil()}, path), "save its state_dict alone"),
    "edm.pkl": (
        lambda path: path.write_bytes(edm_pickles.dumps({"ema": edm_pickles.Persistent("MyNet", {}), "a": None})),
        "a pickle with a table of 'ema' of the class 'MyNet', and no network that this program knows is in it",
    ),
    "state.pt": (
        lambda path: torch.save({f"layer{n}.w": torch.zeros(2) for n in range(6)}, path),
        "a file of torch.save with 6 tensors (layer0.w, layer1.w, layer2.w, layer3.w, …), and no network",
    ),
    "old.pt": (
        lambda path: torch.save({"w": torch.zeros(2)}, path, _use_new_zipfile_serialization=False),
        "an old file of torch.save with 1 tensors (w), and no network that this program knows",
    ),
    "array.pkl": (
        lambda path: path.write_bytes(pickle.dumps(np.zeros(3), 4)),
        "a pickle with an array, and no network",
    ),
    "number.pkl": (lambda path: path.write_bytes(pickle.dumps(3, 4)), "a pickle with no tensors"),
    "config.pt": (lambda path: torch.save({"a": 1, "b": 2}, path), "with a table of 'a', 'b', and no network"),
    "other.safetensors": (lambda path: save_file({"w": torch.zeros(2)}, path), "a safetensors file of another program"),
    "pointer.pt": (
        lambda path: path.write_text("version https://git-lfs.github.com/spec/v1\noid sha256:aa\nsize 1234567\n"),
        "it is a Git LFS pointer to a file of 1.23 MB that was not downloaded; run git lfs pull",
    ),
    "page.ckpt": (lambda path: path.write_text("\n<!DOCTYPE html><html></html>"), "it is a web page"),
    "text.pt": (lambda path: path.write_text("weights"), "not a safetensors file, nor a pickle"),
    "index.safetensors": (lambda path: path.write_text('{"weight_map": {}}'), "not a safetensors file"),
    "short.pt": (lambda path: path.write_bytes(b"PK\x03\x04"), "zip archive that cannot be read"),
    "zeros.pt": (lambda path: path.write_bytes(bytes(1000)), "not a safetensors file, nor a pickle"),
    "lightning.ckpt": (
        lambda path: path.write_bytes(b"\x80\x02}cpytorch_lightning.callbacks\nModelCheckpoint\n}s."),
        "asks for 'pytorch_lightning.callbacks.ModelCheckpoint', which was not run",
    ),
}


@pytest.mark.parametrize("name", REFUSED)
def test_other_files_are_refused_with_a_sentence(tmp_path, monkeypatch, name):
    monkeypatch.chdir(tmp_path)
    make, fragment = REFUSED[name]
    path = tmp_path / name
    make(path)
    refused(path, fragment)
    assert recognise.kind_of(path) == "checkpoint"
    with pytest.raises(CheckpointError):
        inspect(path)


def test_weights_that_are_not_finite(tmp_path):
    value = weights()
    value["linear.weight"][1, 0] = float("nan")
    refused(written(tmp_path / "a.pt", value), "weights that are not finite numbers, in tensor linear.weight")


def test_weights_of_a_type_that_does_not_fit(tmp_path):
    refused(written(tmp_path / "a.pt", weights() | {"linear.bias": torch.arange(2)}), "float32 is expected")


def test_a_loading_that_is_stopped_leaves_everything_as_it_was(tmp_path):
    path = written(tmp_path / "a", weights())

    class Stop(BaseException):
        pass

    def stop(fraction):
        raise Stop

    with pytest.raises(Stop):
        opening.load(path, "cpu", HINTS, stop)
    assert load_checkpoint(path, hints=HINTS).shape == (2,)


def test_a_folder_is_known_by_its_files(tmp_path):
    root = tmp_path / "ddpm"
    (root / "unet").mkdir(parents=True)
    (root / "model_index.json").write_text(json.dumps({"unet": ["diffusers", "UNet2DModel"]}))
    (root / "unet" / "config.json").write_text("{}")
    save_file(weights(), root / "unet" / "diffusion_pytorch_model.safetensors")
    for picked in (root, root / "model_index.json", root / "unet", root / "unet" / "config.json"):
        assert recognise.kind_of(picked) == "checkpoint"
        model = load_checkpoint(picked, hints=HINTS)
        assert (model.info.format, model.info.path) == ("folder", root)
    files = [root / "model_index.json", root / "unet/config.json", root / "unet/diffusion_pytorch_model.safetensors"]
    listed = "".join(f"{hashlib.sha256(path.read_bytes()).hexdigest()} {path.name}\n" for path in files)
    assert model.info.sha256 == hashlib.sha256(listed.encode()).hexdigest()
    assert gm.datasets.load("two-moons").name == "two-moons"
    (tmp_path / "pictures").mkdir()
    assert recognise.kind_of(tmp_path / "pictures") == "data"
    with pytest.raises(CheckpointError, match="pictures is a directory without a network of diffusers"):
        load_checkpoint(tmp_path / "pictures")


def test_a_batch_of_cifar_is_data_and_another_pickle_is_not(tmp_path):
    batch = {"data": np.zeros((2, 3072), np.uint8), "labels": [0, 1]}
    for name, value, kind in (
        ("batch.pkl", batch, "data"),
        ("data_batch_1", batch, "data"),
        ("data_batch_2", {"ema": 1}, "checkpoint"),
        ("model.pkl", {"data": 3}, "checkpoint"),
    ):
        (tmp_path / name).write_bytes(pickle.dumps(value, 4))
        assert recognise.kind_of(tmp_path / name) == kind, name
    (tmp_path / "data_batch_3").write_bytes(pickle.dumps(batch, 4)[:-30])
    assert recognise.kind_of(tmp_path / "data_batch_3") == "data"
