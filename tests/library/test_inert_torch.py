"""Tensors in torch's files, old and new, and in EDM's pickles have the numbers that were written."""

from __future__ import annotations

import pickle
from argparse import Namespace

import edm_pickles
import numpy as np
import pytest
import torch
from torch import nn
from torch_files import KINDS, filled, saved

from geomodel.inert import contents, modules, numbers
from geomodel.inert.tensors import is_contiguous
from geomodel.inert.values import ArrayRecord, InertFault, Instance, Tensor

TYPES = [
    torch.float64, torch.float32, torch.float16, torch.bfloat16, torch.int64, torch.int32, torch.int16, torch.int8,
    torch.uint8, torch.bool,
]  # fmt: skip


@pytest.fixture
def tensors():
    torch.manual_seed(0)
    base = torch.randn(4, 5, 6)
    made = {f"of {dtype}": (torch.randn(3, 4) * 50).to(dtype) for dtype in TYPES}
    return made | {
        "scalar": torch.tensor(2.5),
        "empty": torch.zeros(0, 3),
        "view": base[1:3],
        "its neighbour": base[3],
        "turned": base.permute(2, 0, 1),
        "every second": base[:, ::2],
        "a column": base[0, :, 2],
        "channels last": torch.randn(2, 3, 4, 4).contiguous(memory_format=torch.channels_last),
        "half, turned": torch.randn(3, 4).half().t(),
        "bfloat16, turned": torch.randn(3, 4).bfloat16().t(),
        "one axis": torch.randn(5, 1, 3),
    }


@pytest.mark.parametrize("kind", KINDS)
def test_every_tensor_has_its_numbers(tmp_path, kind, tensors):
    found = contents.read(saved(tmp_path / "any.name", tensors, kind))
    assert found.container == kind
    assert list(found.value) == list(tensors)
    for name, tensor in found.value.items():
        assert (tensor.shape, tensor.count) == (tuple(tensors[name].shape), tensors[name].numel())
        assert tensor.dtype == str(tensors[name].dtype).removeprefix("torch.")
        assert tensor.size == tensors[name].numel() * tensors[name].element_size()
        assert is_contiguous(tensor) == tensors[name].is_contiguous() or not tensor.count
    for name, array in filled(found, found.value).items():
        expected = tensors[name].float() if tensors[name].dtype == torch.bfloat16 else tensors[name]
        np.testing.assert_array_equal(array, expected.numpy())
    fractions = {name: tensor for name, tensor in found.value.items() if tensors[name].is_floating_point()}
    for name, array in filled(found, fractions, "float32").items():
        np.testing.assert_array_equal(array, tensors[name].float().numpy())


def test_tensors_longer_than_a_piece(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "_PIECE", 64)
    value = {str(dtype): torch.randn(1001).to(dtype) for dtype in TYPES[:4]} | {"turned": torch.randn(31, 17).t()}
    found = contents.read(saved(tmp_path / "a", value, "torch zip"))
    for name, array in filled(found, found.value, "float32").items():
        np.testing.assert_array_equal(array, value[name].float().numpy())


def test_tensors_that_share_their_numbers_share_a_storage(tmp_path):
    weight = torch.randn(8)
    for kind in ("torch zip", "legacy torch"):
        parts = {"a": weight[:5], "b": weight[3:], "c": weight[2:4], "d": weight}
        found = contents.read(saved(tmp_path / kind, parts, kind))
        assert len({id(tensor.storage) for tensor in found.value.values()}) == 1
        assert [tensor.offset for tensor in found.value.values()] == [0, 3, 2, 0]
        for name, array in filled(found, found.value).items():
            np.testing.assert_array_equal(array, parts[name].numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_what_stands_beside_the_tensors(tmp_path, kind):
    network = nn.Linear(3, 4)
    value = {
        "args": Namespace(path_type="Linear", prediction="v", betas=(0.9, 0.99), names={"a"}),
        "step": np.int64(7),
        "decay": np.float64(0.5),
        "model": network.state_dict(),
        "parameter": nn.Parameter(torch.ones(2)),
        "size": torch.Size([2, 3]),
        "optimizer": torch.optim.Adam(network.parameters()).state_dict(),
        "array": np.arange(3.0),
        "bytes": b"\x00\xff",
    }
    found = contents.read(saved(tmp_path / "a", value, kind)).value
    assert isinstance(found["args"], Instance)
    assert found["args"].state == {
        "path_type": "Linear", "prediction": "v", "betas": (0.9, 0.99), "names": ["a"],
    }  # fmt: skip
    assert (found["step"], found["decay"], found["size"], found["bytes"]) == (7, 0.5, (2, 3), "\x00\xff")
    assert list(found["model"]) == ["weight", "bias"]
    assert isinstance(found["parameter"], Tensor)
    assert found["optimizer"]["param_groups"][0]["params"] == [0, 1]
    assert isinstance(found["array"], ArrayRecord)


@pytest.mark.parametrize("old", [False, True])
def test_records_of_edm(tmp_path, old):
    torch.manual_seed(0)
    block = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4))
    block.register_buffer("resample_filter", None)
    block.register_module("skip", None)
    inner = nn.Module()
    inner.enc = nn.ModuleDict({"32x32_conv": nn.Conv2d(1, 2, 3, bias=False), "32x32_block0": block})
    inner.register_buffer("freqs", torch.randn(4))
    network = nn.Module()
    network.model = inner
    record = edm_pickles.persistent(network, "EDMPrecond", old=old, sigma_max=float("inf"), label_dim=np.int64(10))
    value = {"ema": record, "loss_fn": edm_pickles.Persistent("EDMLoss", {"P_mean": -1.2}), "augment_pipe": None}
    path = tmp_path / "network-snapshot-000001.pkl"
    path.write_bytes(edm_pickles.dumps(value))
    found = contents.read(path)
    ema = found.value["ema"]
    assert (ema.kind, ema.name, ema.source) == ("persistent", "EDMPrecond", edm_pickles.SOURCE)
    assert (ema.state["sigma_max"], ema.state["label_dim"]) == (float("inf"), 10)
    assert found.value["loss_fn"].state == {"P_mean": -1.2}
    expected = network.state_dict()
    stored = modules.tensors(ema)
    assert list(stored) == list(expected)
    for name, array in filled(found, stored).items():
        np.testing.assert_array_equal(array, expected[name].numpy())
    model = modules.children(ema)["model"]
    assert list(modules.children(modules.children(model)["enc"])) == ["32x32_conv", "32x32_block0"]


def test_a_pickle_may_have_a_brace_where_a_header_has_one(tmp_path):
    for value in ("a{bc", "a{" + "b" * 5000):
        (tmp_path / "a").write_bytes(pickle.dumps(value, 2))
        assert (tmp_path / "a").read_bytes()[8:9] == b"{"
        assert contents.read(tmp_path / "a").value == value


def test_a_record_that_is_no_module():
    for value in (None, 3, {}, Instance("persistent", "X", {"_parameters": 3}), Instance("x", "X", {"_modules": []})):
        with pytest.raises(InertFault, match=r"no proper module|has no table"):
            modules.tensors(value)


# ------------------------------------------------------------------------------------------------ the reading


def test_the_progress_rises_to_one_and_may_stop(tmp_path, monkeypatch):
    monkeypatch.setattr(numbers, "_PIECE", 2**10)
    found = contents.read(saved(tmp_path / "a", {"w": torch.randn(10_000)}, "torch zip"))
    array = np.empty(10_000, np.float32)
    seen: list[float] = []

    def stop(fraction: float) -> None:
        seen.append(fraction)
        if fraction > 0.5:
            raise KeyboardInterrupt

    wanted = [numbers.Wanted("w", found.value["w"], array)]
    with pytest.raises(KeyboardInterrupt):
        numbers.fill(wanted, found.sources, stop)
    assert len(seen) > 10
    numbers.fill(wanted, found.sources, seen.append)
    assert seen[-1] == 1
    np.testing.assert_array_equal(array, torch.load(tmp_path / "a")["w"].numpy())


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("dtype", [torch.float32, torch.float16, torch.bfloat16, torch.float64])
def test_numbers_that_are_not_finite(tmp_path, value, dtype):
    weight = torch.ones(3, 5, dtype=dtype)
    weight[1, 2] = value
    for tensor in (weight, weight.t()):
        found = contents.read(saved(tmp_path / "a", {"w": tensor}, "torch zip"))
        with pytest.raises(InertFault, match="not finite numbers, in tensor w"):
            filled(found, found.value, "float32")


def test_a_number_too_large_for_the_network(tmp_path):
    found = contents.read(saved(tmp_path / "a", {"w": torch.tensor([1e39], dtype=torch.float64)}, "torch zip"))
    with pytest.raises(InertFault, match="not finite"):
        filled(found, found.value, "float32")
    assert filled(found, found.value, "float64")["w"][0] == 1e39


def test_whole_numbers_are_not_taken_for_fractions(tmp_path):
    found = contents.read(saved(tmp_path / "a", {"w": torch.arange(3)}, "torch zip"))
    for dtype in ("float32", "int32"):
        with pytest.raises(InertFault, match=f"tensor w of type int64; {dtype} is expected"):
            filled(found, found.value, dtype)


def test_a_file_that_changes_meanwhile_is_refused(tmp_path):
    path = saved(tmp_path / "a", {"w": torch.randn(100_000)}, "torch zip")
    found = contents.read(path)
    wanted = [numbers.Wanted("w", found.value["w"], np.empty(100_000, np.float32))]

    def change(fraction: float) -> None:
        with path.open("ab") as file:
            file.write(b"x")

    with pytest.raises(InertFault, match="changed while it was read"):
        numbers.fill(wanted, found.sources, change)
    found = contents.read(saved(path, {"w": torch.randn(100_000)}, "torch zip"))
    saved(tmp_path / "b", {"w": torch.randn(100_000)}, "torch zip").replace(path)
    with pytest.raises(InertFault, match="changed while it was read"):
        numbers.fill(wanted, found.sources, lambda fraction: pytest.fail("another file was read"))
    path.unlink()
    with pytest.raises(FileNotFoundError):
        numbers.fill(wanted, found.sources, lambda fraction: None)


def test_a_file_that_becomes_shorter_meanwhile_is_refused(tmp_path, monkeypatch):
    path = saved(tmp_path / "a", {"w": torch.randn(1_000_000)}, "torch zip")
    found = contents.read(path)

    def shorten(fraction: float) -> None:
        with path.open("r+b") as file:
            file.truncate(2**19)

    wanted = [numbers.Wanted("w", found.value["w"], np.empty(1_000_000, np.float32))]
    with pytest.raises(InertFault, match="became shorter"):
        numbers.fill(wanted, found.sources, shorten)


def test_what_was_read_needs_the_file_no_more(tmp_path):
    path = saved(tmp_path / "a", {"w": torch.arange(1000.0)}, "torch zip")
    found = contents.read(path)
    array = filled(found, found.value)["w"]
    path.write_bytes(bytes(path.stat().st_size))
    path.unlink()
    np.testing.assert_array_equal(array, np.arange(1000, dtype=np.float32))
