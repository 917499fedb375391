"""Checkpoints and networks as denoisers: the round trip, the refusals, the preconditioning."""

from __future__ import annotations

import json
import math
import os
import pickle
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

import geomodel as gm
import resources
from geomodel import networks
from geomodel.checkpoints import CheckpointError, CheckpointInfo, inspect, load_checkpoint
from geomodel.checkpoints.header import MAX_TENSORS
from geomodel.checkpoints.native import DataSource, Description, save_checkpoint
from geomodel.denoisers import network as network_module
from geomodel.denoisers.network import NetworkDenoiser, edm_preconditioning, measure_piece

CONFIG = networks.MLPConfig(width=8, depth=2, embedding=4, noise_features=3, point_features=5)
DESCRIPTION = Description(
    architecture="mlp",
    config=asdict(CONFIG),
    shape=(2,),
    sigma_data=1.5,
    sigma_min=0.003,
    sigma_max=150.0,
    sigma_recommended=(0.003, 15.0),
    data=DataSource(name="some points", fingerprint="sha256:0", count=7),
    recipe={"iterations": 3, "learning_rate": 1e-3, "note": "σ", "conditional": False, "nothing": None},
)
LABELLED = replace(DESCRIPTION, classes=3, label_names=("a", "b", "c"), has_null_class=True)


def build(description: Description = DESCRIPTION) -> nn.Module:
    """A network whose every number is random, the last layer included."""
    generator = torch.Generator().manual_seed(5)
    network = networks.build("mlp", CONFIG, description.shape, description.label_rows)
    with torch.no_grad():
        for tensor in network.state_dict().values():
            tensor.copy_(0.3 * torch.randn(tensor.shape, generator=generator))
    return network


def saved(path: Path, description: Description = DESCRIPTION) -> bytes:
    save_checkpoint(path, build(description), description)
    return path.read_bytes()


@pytest.fixture
def good(tmp_path: Path) -> bytes:
    return saved(tmp_path / "good.safetensors")


@pytest.fixture
def labelled(tmp_path: Path) -> NetworkDenoiser:
    saved(tmp_path / "labelled.safetensors", LABELLED)
    return load_checkpoint(tmp_path / "labelled.safetensors")


# --- files, taken apart and put together ---------------------------------------------------------------------------


def unpack(content: bytes) -> tuple[dict[str, Any], bytes]:
    length = int.from_bytes(content[:8], "little")
    return json.loads(content[8 : 8 + length]), content[8 + length :]


def pack(header: Any, body: bytes) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    return struct.pack("<Q", len(text)) + text + body


def described(content: bytes, **changes: Any) -> bytes:
    """The file with other entries in its description."""
    header, body = unpack(content)
    values = {**json.loads(header["__metadata__"]["geomodel"]), **changes}
    header["__metadata__"]["geomodel"] = json.dumps(values)
    return pack(header, body)


def with_text(content: bytes, text: str) -> bytes:
    """The file with another text as its description."""
    header, body = unpack(content)
    header["__metadata__"]["geomodel"] = text
    return pack(header, body)


def edited(content: bytes, change: Callable[[dict[str, Any]], Any]) -> bytes:
    """The file with a changed header over the same numbers."""
    header, body = unpack(content)
    change(header)
    return pack(header, body)


def configured(content: bytes, **changes: Any) -> bytes:
    return described(content, config={**asdict(CONFIG), **changes})


def with_numbers(content: bytes, tensor: str, numbers: bytes) -> bytes:
    header, body = unpack(content)
    begin = header[tensor]["data_offsets"][0]
    return pack(header, body[:begin] + numbers + body[begin + len(numbers) :])


def as_half(header: dict[str, Any]) -> None:
    """The same bytes, claimed as twice as many numbers of half the size."""
    header["out.bias"].update(dtype="F16", shape=[4])


def one_tensor(**entry: Any) -> bytes:
    return pack({"__metadata__": {"geomodel": "{}"}, "w": entry}, b"\0" * 8)


class Bomb:
    def __reduce__(self) -> tuple[Any, ...]:
        return os.mkdir, ("executed",)


def zipped(good: bytes, path: Path) -> bytes:
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("archive/data.pkl", good)
    return path.read_bytes()


# Name of the case → (the file's bytes from a good file's, a piece of the sentence).
HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "7 bytes": (lambda good: good[:7], "not a safetensors file"),
    "text": (lambda good: b"weights, weights, weights", "not a safetensors file"),
    "pickle": (lambda good: pickle.dumps(Bomb(), protocol=4), "Python pickle"),
    "truncated in the header": (lambda good: good[:100], "truncated"),
    "truncated in the numbers": (lambda good: good[:-1], "damaged"),
    "bytes after the end": (lambda good: good + b"\0", "damaged"),
    "header of 17 MB": (lambda good: pack(b"{" + b" " * (17 << 20) + b"}", b""), "not a safetensors file"),
    "header of 2⁶³ bytes": (lambda good: struct.pack("<Q", 1 << 63) + good[8:], "not a safetensors file"),
    "header is not JSON": (lambda good: pack(b"{]" + b" " * 50, b""), "header"),
    "header is a list": (lambda good: pack(b"[]" + b" " * 50, b""), "not a safetensors file"),
    "header is not UTF-8": (lambda good: pack(b'{"\xff\xff": {}}', b""), "header"),
    "header nested 10⁶ deep": (lambda good: pack(b'{"w":' + b"[" * 10**6 + b"]" * 10**6 + b"}", b""), "header"),
    "metadata not of strings": (lambda good: pack({"__metadata__": {"geomodel": 3}}, b""), "header"),
    "no tensors": (lambda good: pack({"__metadata__": {"geomodel": "{}"}}, b""), "no tensors"),
    "offsets beyond the file": (lambda good: one_tensor(dtype="F32", shape=[250], data_offsets=[0, 1000]), "damaged"),
    "offsets backwards": (lambda good: one_tensor(dtype="F32", shape=[2], data_offsets=[8, 0]), "needs 8 bytes"),
    "negative offset": (lambda good: one_tensor(dtype="F32", shape=[2], data_offsets=[-8, 0]), "header"),
    "negative shape": (lambda good: one_tensor(dtype="F32", shape=[-2, -1], data_offsets=[0, 8]), "header"),
    "shape does not match": (lambda good: one_tensor(dtype="F32", shape=[3], data_offsets=[0, 8]), "needs 12 bytes"),
    "zero-size 10¹²": (lambda good: one_tensor(dtype="F32", shape=[0, 10**12], data_offsets=[0, 0]), "no numbers"),
    "shape of 10¹²": (lambda good: one_tensor(dtype="F32", shape=[10**12], data_offsets=[0, 8]), "needs 4000"),
    "9 axes": (lambda good: one_tensor(dtype="F32", shape=[1] * 9, data_offsets=[0, 4]), "header"),
    "unknown dtype": (lambda good: one_tensor(dtype="F7", shape=[2], data_offsets=[0, 8]), "'F7'"),
    "overlap": (
        lambda good: pack(
            {name: {"dtype": "F32", "shape": [2], "data_offsets": [at, at + 8]} for name, at in (("a", 0), ("b", 4))},
            b"\0" * 12,
        ),
        "starts at byte 4 where 8",
    ),
    "hole": (lambda good: one_tensor(dtype="F32", shape=[1], data_offsets=[4, 8]), "starts at byte 4 where 0"),
    "too many tensors": (
        lambda good: pack({f"w{i}": {} for i in range(MAX_TENSORS + 1)}, b""),
        f"at most {MAX_TENSORS}",
    ),
    "path as a name": (
        lambda good: pack({"../w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}, b"\0" * 4),
        "named '../w'",
    ),
    "of another program": (lambda good: edited(good, lambda h: h.update(__metadata__={"a": "b"})), "another program"),
    "without metadata": (lambda good: edited(good, lambda h: h.pop("__metadata__")), "another program"),
    "description is not JSON": (lambda good: with_text(good, "{"), "description"),
    "description nested deep": (
        lambda good: with_text(good, '{"format":' + "[" * 10**5 + "]" * 10**5 + "}"),
        "description",
    ),
    "recipe nested deep": (
        lambda good: with_text(good, json.dumps(asdict(DESCRIPTION))[:-1] + ',"recipe":{"a":' + "[" * 10**5),
        "description",
    ),
    "description of 2 MB": (lambda good: described(good, label_names=["a" * (2 << 20)]), "2097"),
    "huge whole number": (lambda good: with_text(good, '{"format":' + "9" * 10**4 + "}"), "description"),
    "other format": (lambda good: described(good, format="other"), "'other'"),
    "version 2": (lambda good: described(good, version=2), "version 2"),
    "unknown architecture": (lambda good: described(good, architecture="unet"), "'unet' is unknown"),
    "unknown preconditioning": (lambda good: described(good, preconditioning="vp"), "'vp'"),
    "width above the limit": (lambda good: configured(good, width=10**9), "limits"),
    "width not whole": (lambda good: configured(good, width=8.5), "limits"),
    "width true": (lambda good: configured(good, width=True), "does not fit"),
    "width and depth together": (lambda good: configured(good, width=4096, depth=64), "width² × depth"),
    "config entry missing": (lambda good: described(good, config={"width": 8}), "missing or unknown"),
    "config entry unknown": (lambda good: configured(good, run="rm"), "does not fit"),
    "config entry unknown number": (lambda good: configured(good, heads=2), "heads"),
    "image shape": (lambda good: described(good, shape=[1, 8, 8]), "points of 1 to 64"),
    "65 dimensions": (lambda good: described(good, shape=[65]), "points of 1 to 64"),
    "σ upside down": (lambda good: described(good, sigma_min=200.0), "noise levels run from"),
    "σ of 0": (lambda good: described(good, sigma_min=0.0), "description"),
    "σ infinite": (
        lambda good: with_text(good, json.dumps({**asdict(DESCRIPTION), "sigma_max": 1e999})),
        "description",
    ),
    "σ of 10³⁰": (lambda good: described(good, sigma_max=1e30), "description"),
    "negative σ_data": (lambda good: described(good, sigma_data=-1.0), "description"),
    "recommended σ outside": (lambda good: described(good, sigma_recommended=[0.001, 10.0]), "recommended"),
    "label names without classes": (lambda good: described(good, label_names=["a"]), "label names"),
    "null class without classes": (lambda good: described(good, has_null_class=True), "null class"),
    "10⁹ classes": (lambda good: described(good, classes=10**9), "description"),
    "classes without table": (lambda good: described(good, classes=2), "lacks 1 of the network's tensors"),
    "wrong shape": (lambda good: configured(good, embedding=5), "its config asks for"),
    "tensors missing": (lambda good: configured(good, depth=3), "lacks 4 of the network's tensors"),
    "tensors extra": (lambda good: configured(good, depth=1), "4 tensors that its network does not have"),
    "half precision": (lambda good: edited(good, as_half), "shape (4,)"),
    "whole numbers": (lambda good: edited(good, lambda h: h["out.bias"].update(dtype="I32")), "F32 is expected"),
    "NaN": (lambda good: with_numbers(good, "out.bias", struct.pack("<f", math.nan)), "not finite"),
    "infinite": (lambda good: with_numbers(good, "lift.bias", struct.pack("<f", math.inf)), "not finite"),
}
ONLY_WHEN_LOADED = ("classes without", "wrong shape", "tensors", "half", "whole numbers", "NaN", "infinite")


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


def test_zip_archive(good: bytes, tmp_path: Path) -> None:
    path = tmp_path / "zip.safetensors"
    zipped(good, path)
    with pytest.raises(CheckpointError, match="zip archive"):
        load_checkpoint(path)


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


@pytest.mark.parametrize("device", ["cuda:99", "nonsense", 3.5])
def test_a_device_that_is_not_here(device: Any, tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors")
    with pytest.raises(CheckpointError, match="device"):
        load_checkpoint(tmp_path / "a.safetensors", device=device)


def test_hints_do_not_apply(tmp_path: Path) -> None:
    saved(tmp_path / "a.safetensors")
    assert load_checkpoint(tmp_path / "a.safetensors", hints={}).shape == (2,)
    with pytest.raises(CheckpointError, match="heads"):
        load_checkpoint(tmp_path / "a.safetensors", hints={"heads": 4})


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
    with pytest.raises(CheckpointError, match="cannot be written"):
        save_checkpoint(tmp_path / "nowhere" / "a", build(), DESCRIPTION)
    assert list(tmp_path.iterdir()) == []


def test_inspect_needs_no_torch(tmp_path: Path) -> None:
    path = tmp_path / "net.safetensors"
    saved(path)
    code = (
        "import sys, geomodel as gm\n"
        f"info = gm.checkpoints.inspect({str(path)!r})\n"
        "import geomodel.cli_train\n"
        "assert 'torch' not in sys.modules, 'torch was loaded'\n"
        "print(info.shape, info.data_name)"
    )
    root = Path(gm.__file__).parents[1]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout.strip()) == (0, "(2,) some points"), done.stderr


# --- the network as a denoiser -------------------------------------------------------------------------------------


def test_preconditioning_is_the_published_one() -> None:
    s = torch.logspace(-4, 4, 50, dtype=torch.float64)
    d = 0.7
    c = edm_preconditioning(s, d)
    # Relative 1e-14: a few roundings in float64.
    expected = (d**2 / (s**2 + d**2), s * d / (s**2 + d**2).sqrt(), 1 / (s**2 + d**2).sqrt(), s.log() / 4)
    for ours, theirs in zip(c, expected, strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-14, atol=1e-14)


def test_limits_of_the_noise_level(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    model = load_checkpoint(tmp_path / "a")
    x = torch.randn(5, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    assert torch.equal(model(x, 0.0), x)
    # |D − x| ≤ (1 − c_skip)|x| + c_out |F|: of the order of σ, and |F| < 100 for these weights.
    assert (model(x, 1e-9) - x).abs().max() < 1e-7
    # c_skip x → d² x/σ² = 2e-8: what is left is c_out F with c_out → d.
    c = edm_preconditioning(torch.tensor([1e4], dtype=torch.float64), 1.5)
    assert c.c_skip < 3e-8
    assert c.c_out == pytest.approx(1.5, rel=1e-7)
    assert model(x, 1e200).isfinite().all()


def test_fresh_network_is_the_denoiser_of_a_gaussian(tmp_path: Path) -> None:
    """F starts at 0, and D = d²/(σ² + d²) x is the exact denoiser of N(0, d² I)."""
    save_checkpoint(tmp_path / "a", networks.build("mlp", CONFIG, (2,), 0), DESCRIPTION)
    model = load_checkpoint(tmp_path / "a")
    x = torch.randn(4, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    sigma = np.array([0.01, 0.5, 3.0, 70.0])
    expected = x * torch.as_tensor(1.5**2 / (sigma**2 + 1.5**2))[:, None]
    torch.testing.assert_close(model(x, sigma), expected, rtol=1e-14, atol=0)  # float64 roundings only


class Recorder(nn.Module):
    """Answers 1 and remembers what it was given."""

    def __init__(self) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(1))

    def forward(self, x: Tensor, noise: Tensor, labels: Tensor | None) -> Tensor:
        self.given = (x, noise, labels)
        return torch.ones_like(x)


def test_what_the_network_is_given(tmp_path: Path) -> None:
    recorder = Recorder()
    model = NetworkDenoiser(recorder, save_checkpoint(tmp_path / "a", build(LABELLED), LABELLED))
    x = torch.tensor([[3.0, 4.0], [-1.0, 0.5]], dtype=torch.float64)
    denoised = model(x, torch.tensor([2.0, 0.1]), labels=[2, -1])
    inputs, noise, labels = recorder.given
    assert inputs.dtype == noise.dtype == torch.float32
    # Tolerances: one rounding to float32 in, none in the sum.
    root = (torch.tensor([2.0, 0.1], dtype=torch.float64) ** 2 + 1.5**2).sqrt()
    torch.testing.assert_close(inputs.double(), x / root[:, None], rtol=1e-7, atol=0)
    torch.testing.assert_close(noise.double(), torch.tensor([2.0, 0.1]).double().log() / 4, rtol=1e-7, atol=0)
    assert labels is not None
    assert labels.tolist() == [2, 3]  # the null class is the last row
    sigma = torch.tensor([2.0, 0.1]).double()  # 0.1 came as float32
    expected = (1.5 / root) ** 2
    torch.testing.assert_close(denoised, x * expected[:, None] + (sigma * 1.5 / root)[:, None], rtol=1e-7, atol=0)


def test_labels(labelled: NetworkDenoiser, tmp_path: Path) -> None:
    x = torch.ones(2, 2, dtype=torch.float64)
    assert labelled.num_classes == 3
    assert torch.equal(labelled(x, 1.0), labelled(x, 1.0, labels=[-1, -1]))
    assert not torch.equal(labelled(x, 1.0, labels=[0, 0]), labelled(x, 1.0, labels=[1, 1]))
    for wrong in ([0, 3], [-2, 0]):
        with pytest.raises(ValueError, match="0 to 2"):
            labelled(x, 1.0, labels=wrong)
    saved(tmp_path / "plain")
    plain = load_checkpoint(tmp_path / "plain")
    assert plain.num_classes == 0
    assert torch.equal(plain(x, 1.0), plain(x, 1.0, labels=[-1, -1]))
    with pytest.raises(ValueError, match="no classes"):
        plain(x, 1.0, labels=[0, -1])
    saved(tmp_path / "strict", replace(LABELLED, has_null_class=False))
    strict = load_checkpoint(tmp_path / "strict")
    assert strict(x, 1.0, labels=[0, 2]).shape == (2, 2)
    for missing in (None, [0, -1]):
        with pytest.raises(ValueError, match="no null class"):
            strict(x, 1.0, labels=missing)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
def test_dtype_and_kind_come_back(dtype: torch.dtype, labelled: NetworkDenoiser) -> None:
    x = torch.ones(3, 2, dtype=dtype)
    denoised = labelled(x, 1.0)
    assert (denoised.dtype, denoised.device, denoised.shape) == (x.dtype, x.device, x.shape)
    array = labelled(x.numpy(), np.float64(1.0))
    assert isinstance(array, np.ndarray)
    np.testing.assert_array_equal(array, denoised.numpy())


@pytest.mark.cuda_only
def test_network_on_cuda_answers_on_the_cpu(tmp_path: Path) -> None:
    saved(tmp_path / "a")
    x = torch.ones(3, 2, dtype=torch.float64)
    here, there = (load_checkpoint(tmp_path / "a", device=device) for device in ("cpu", "cuda"))
    denoised = there(x, 1.0)
    assert (denoised.device.type, there.info.device) == ("cpu", "cuda")
    torch.testing.assert_close(denoised, here(x, 1.0), rtol=1e-3, atol=1e-3)  # TF32 may be allowed there


def test_attributes(labelled: NetworkDenoiser) -> None:
    assert labelled.shape == (2,)
    assert (labelled.sigma_min, labelled.sigma_max, labelled.sigma_recommended) == (0.003, 150.0, (0.003, 15.0))
    assert labelled.round_sigma(1.234) == 1.234
    assert not labelled.analytic
    assert labelled.piece is None
    assert labelled.calls_at(1.0) == 1


def test_gradients_flow_to_x_and_not_to_weights(labelled: NetworkDenoiser) -> None:
    x = torch.ones(1, 2, dtype=torch.float64, requires_grad=True)
    labelled(x, 1.0).sum().backward()
    # float32 differences: a step of 1e-2 leaves an error of about 1e-4 (second order) + 1e-7/1e-2 (rounding).
    step = torch.tensor([[1e-2, 0.0]], dtype=torch.float64)
    with torch.no_grad():
        difference = (labelled(x + step, 1.0) - labelled(x - step, 1.0)).sum() / 2e-2
    assert x.grad is not None
    assert x.grad[0, 0].item() == pytest.approx(difference.item(), abs=1e-3)
    assert all(weight.grad is None for weight in labelled.network.parameters())


def test_pieces_give_the_same_answer(labelled: NetworkDenoiser) -> None:
    generator = torch.Generator().manual_seed(2)
    x = torch.randn(37, 2, dtype=torch.float64, generator=generator)
    sigma = torch.rand(37, dtype=torch.float64, generator=generator) + 0.1
    labels = torch.arange(37) % 4 - 1
    whole = labelled(x, sigma, labels)
    hooks: list[int] = []
    labelled.piece, labelled.between_pieces = 8, lambda: hooks.append(1)
    # float32 sums of 8 to 70 terms may be added in another order for another batch: 1e-5 of values of about 1.
    torch.testing.assert_close(labelled(x, sigma, labels), whole, rtol=1e-5, atol=1e-5)
    assert len(hooks) == 4  # before each of the 5 pieces but the first


@pytest.mark.parametrize(("row_seconds", "expected"), [(1e-3, 128), (1.0, 1), (0.0, 65536), (0.25 / 64, 64)])
def test_measured_piece(
    row_seconds: float, expected: int, labelled: NetworkDenoiser, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On a clock that the network itself moves: 250 rows of 1 ms would fit, so 128 do."""
    now = 0.0

    class Slow(Recorder):
        def forward(self, x: Tensor, noise: Tensor, labels: Tensor | None) -> Tensor:
            nonlocal now
            now += row_seconds * len(x)
            return super().forward(x, noise, labels)

    monkeypatch.setattr(network_module, "perf_counter", lambda: now)
    model = NetworkDenoiser(Slow(), labelled.info)
    assert measure_piece(model) == expected
    assert model.piece == expected


# --- the bundled ones ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_bundled_checkpoints_know_their_data(name: str) -> None:
    path = resources.path("checkpoints", f"{name}.safetensors")
    assert path.stat().st_size <= 1_000_000
    model = load_checkpoint(path)
    data = gm.datasets.load(name, count=1000, seed=0)
    assert (model.info.data_name, model.info.data_count) == (name, 1000)
    assert model.info.data_fingerprint == data.fingerprint
    assert model.info.sigma_data == data.std
    assert model.shape == data.shape


@pytest.mark.parametrize("name", ["two-moons", "spiral"])
def test_bundled_checkpoints_are_near_the_optimal_denoiser(name: str) -> None:
    """RMS ‖D_θ − D*‖ over samples of p_σ, in units of the data's scale; D* is a plain softmax over all points.

    The limits are about twice what was measured after training. Neither network was trained to follow D* itself.
    """
    model = load_checkpoint(resources.path("checkpoints", f"{name}.safetensors"))
    data = gm.datasets.load(name)
    points = torch.as_tensor(data.points)
    noise = torch.randn(points.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(3))
    for relative, limit in ((0.03, 0.03), (0.3, 0.025), (1.0, 0.04), (10.0, 0.04), (40.0, 0.03)):
        sigma = relative * data.std
        x = points + sigma * noise
        weights = torch.softmax(-torch.cdist(x, points).square() / (2 * sigma**2), dim=1)
        difference = (model(x, sigma) - weights @ points).square().sum(1).mean().sqrt().item() / data.std
        assert difference < limit, (relative, difference)
