"""Checkpoint files for tests: a small good one, its parts, and everything that may be wrong with it."""

from __future__ import annotations

import io
import json
import math
import os
import pickle
import struct
import zipfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import torch
from torch import nn

from geomodel import networks
from geomodel.checkpoints.described import DataSource
from geomodel.checkpoints.native import Description, save_checkpoint
from geomodel.inert.safetensors_file import MAX_TENSORS

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


def zipped(content: bytes) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("archive/data.pkl", content)
    return buffer.getvalue()


# Name of the case → (the file's bytes from a good file's, a piece of the sentence).
HOSTILE: dict[str, tuple[Callable[[bytes], bytes], str]] = {
    "7 bytes": (lambda good: good[:7], "not a safetensors file"),
    "text": (lambda good: b"weights, weights, weights", "not a safetensors file"),
    "pickle": (lambda good: pickle.dumps(Bomb(), protocol=4), "asks for 'posix.mkdir'"),
    "zip": (lambda good: zipped(pickle.dumps(Bomb(), protocol=2)), "asks for 'posix.mkdir'"),
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
    "description of 3.5 MB": (lambda good: described(good, label_names=["a" * (7 << 19)]), "3670"),
    "huge whole number": (lambda good: with_text(good, '{"format":' + "9" * 10**4 + "}"), "description"),
    "other format": (lambda good: described(good, format="other"), "'other'"),
    "version 0": (lambda good: described(good, version=0), "version 0"),
    "version 4": (lambda good: described(good, version=4), "version 4"),
    "version 3 of a network of ours": (lambda good: described(good, version=3), "description"),
    "version 1 with a mean": (lambda good: described(good, mean=[0.0, 1.0]), "version 1"),
    "version 1 with a unit": (lambda good: described(good, unit=2.0), "version 1"),
    "mean of one number": (lambda good: described(good, version=2, mean=[1.0]), "1 numbers"),
    "mean of 10⁵ numbers": (lambda good: described(good, version=2, mean=[1.0] * 10**5), "description"),
    "mean infinite": (
        lambda good: with_text(good, json.dumps({**asdict(DESCRIPTION), "version": 2, "mean": [0.0, 1e999]})),
        "description",
    ),
    "mean of 10³⁰": (lambda good: described(good, version=2, mean=[0.0, -1e30]), "description"),
    "unit of 0": (lambda good: described(good, version=2, unit=0.0), "description"),
    "unknown architecture": (lambda good: described(good, architecture="transformer"), "'transformer' is unknown"),
    "unknown preconditioning": (lambda good: described(good, preconditioning="vp"), "'vp'"),
    "width above the limit": (lambda good: configured(good, width=10**9), "limits"),
    "width not whole": (lambda good: configured(good, width=8.5), "limits"),
    "width true": (lambda good: configured(good, width=True), "does not fit"),
    "width and depth together": (lambda good: configured(good, width=4096, depth=64), "64 blocks"),
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
    "whole numbers": (lambda good: edited(good, lambda h: h["out.bias"].update(dtype="I32")), "float32 is expected"),
    "NaN": (lambda good: with_numbers(good, "out.bias", struct.pack("<f", math.nan)), "not finite"),
    "infinite": (lambda good: with_numbers(good, "lift.bias", struct.pack("<f", math.inf)), "not finite"),
}
ONLY_WHEN_LOADED = ("classes without", "width and", "wrong shape", "tensors", "half", "whole num", "NaN", "infinite")
