"""Small files of every family, and changes of what they say: other numbers, other kinds of values, other shapes.

    python lies.py FAMILY ROUNDS SEED

opens the changed contents in a process of its own and prints the most memory that it took beyond what it had taken
before, in kilobytes. The process ends with an error where anything but a CheckpointError is raised, or where one round
takes longer than ten seconds.
"""

from __future__ import annotations

import copy
import math
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from public_files import pair, record, with_weights, write_folder, write_pickle

from geomodel.checkpoints import CheckpointError, opening
from geomodel.inert import contents
from geomodel.inert.tensors import contiguous
from geomodel.inert.values import ArrayRecord, Contents, Instance, Tensor
from geomodel.networks import configs
from geomodel.networks.adm import ADMUNet
from geomodel.networks.dit import DiT
from geomodel.networks.edm2 import EDM2UNet
from geomodel.networks.lucidrains import LucidrainsUNet
from geomodel.networks.song import SongUNet
from geomodel.networks.unet2d import UNet2D

SECONDS = 10
SHAPE = (3, 8, 8)
OTHERS: tuple[Any, ...] = (
    None, True, -1, 0, 1, 2, 3, 7, 64, 1000, 2**31, 2**40, 2**62, -(2**62), 0.0, 0.5, -1.5, 1e308, math.inf, math.nan,
    "", "x", "silu", "x" * 5000, "a\nb", [], {}, (), [1] * 200, [2**40] * 3, [[1]], {"a": 1}, [None], ["x"], (0, 0),
)  # fmt: skip


def edm(folder: Path) -> Path:
    config = configs.SongConfig(outputs=3, channels=8, multipliers=(1, 2), blocks=1, attention=(4,))
    own = with_weights(SongUNet(config, SHAPE, 4), pair(SongUNet(config, SHAPE, 4))[0])
    arguments = {
        "out_channels": 3,
        "model_channels": 8,
        "channel_mult": [1, 2],
        "num_blocks": 1,
        "attn_resolutions": [4],
    }
    top = {"img_resolution": 8, "img_channels": 3, "label_dim": 3}
    outer = record(torch.nn.Module(), "EDMPrecond", **top, sigma_min=0.0, sigma_max=math.inf, sigma_data=0.5)
    outer.state["_modules"]["model"] = record(own, "SongUNet", _init_kwargs=arguments)
    return write_pickle(folder / "a.pkl", {"ema": outer, "loss_fn": None, "augment_pipe": None})


def edm2(folder: Path) -> Path:
    config = configs.EDM2Config(
        channels=8, multipliers=(1, 2), noise_channels=8, embedding=16, blocks=1, attention=(4,), channels_per_head=8
    )
    own = with_weights(EDM2UNet(config, SHAPE, 4), pair(EDM2UNet(config, SHAPE, 4))[0]).half()
    arguments = {"model_channels": 8, "channel_mult": [1, 2], "num_blocks": 1, "attn_resolutions": [4]}
    inner = record(
        own, "UNet", label_balance=0.5, concat_balance=0.5, _init_kwargs={**arguments, "channels_per_head": 8}
    )
    top = record(torch.nn.Module(), "Precond", img_resolution=8, img_channels=3, label_dim=3, sigma_data=0.5)
    top.state["_modules"]["unet"] = inner
    return write_pickle(folder / "a.pkl", {"ema": top, "encoder": None})


def adm(folder: Path) -> Path:
    config = configs.ADMConfig(outputs=6, embedding=32, widths=(32, 64), blocks=1, attention=(2,), heads=4)
    torch.save({"model": pair(ADMUNet(config, SHAPE, 3))[0]}, folder / "a.pt")
    return folder / "a.pt"


def lucidrains(folder: Path) -> Path:
    heads = ((2, 4), (3, 4))
    config = configs.LucidrainsConfig(
        outputs=3, embedding=8, widths=(8, 8, 16), full=(False, True), heads=heads, memory=3
    )
    signal = torch.linspace(0.99, 0.01, 50)
    weights = {f"ema_model.model.{name}": tensor for name, tensor in pair(LucidrainsUNet(config, SHAPE))[0].items()}
    torch.save(
        {"step": 3, "ema": {**weights, "ema_model.alphas_cumprod": signal, "ema_model.loss_weight": signal}},
        folder / "a.pt",
    )
    return folder / "a.pt"


def dit(folder: Path) -> Path:
    config = configs.DiTConfig(outputs=6, patch=2, width=24, depth=2, heads=3)
    torch.save(pair(DiT(config, (3, 8, 8), 4))[0], folder / "a.pt")
    return folder / "a.pt"


def diffusers(folder: Path) -> Path:
    config = configs.UNet2DConfig(
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
    )
    settings = {"_class_name": "UNet2DModel", "sample_size": 8, "in_channels": 3, **asdict(config)}
    scheduler = {"_class_name": "DDPMScheduler", "num_train_timesteps": 1000, "beta_start": 1e-4, "beta_end": 0.02}
    return write_folder(folder / "a", "unet", settings, pair(UNet2D(config, SHAPE, 0))[0], scheduler)


HINTS: dict[str, Any] = {
    "image_size": 8,
    "num_heads": 4,
    "use_new_attention_order": False,
    "diffusion": {"steps": 1000, "noise_schedule": "linear"},
}
# Each family: how its file is written, and the hints that it needs.
FAMILIES: dict[str, tuple[Callable[[Path], Path], dict[str, Any]]] = {
    "edm": (edm, {}),
    "edm2": (edm2, {}),
    "adm": (adm, HINTS),
    "lucidrains": (lucidrains, {"image_size": 8}),
    "dit": (dit, {"family": "dit", "num_heads": 3}),
    "diffusers": (diffusers, {}),
}


def _sites(value: Any) -> list[tuple[Any, Any]]:
    """Every table or list in a value with each of its keys, where something else can be put."""
    found: list[tuple[Any, Any]] = []
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, Instance):
            part = part.state
        if isinstance(part, dict):
            found += [(part, key) for key in part]
            waiting += part.values()
        elif isinstance(part, list):
            found += [(part, index) for index in range(len(part))]
            waiting += part
    return found


def _changed(value: Any, others: list[tuple[Any, Any]], random: np.random.Generator) -> Any:
    """Something else in the place of a value."""
    if isinstance(value, Tensor) and random.random() < 0.7:
        axes = int(random.integers(0, 6))
        shape = tuple(int(random.choice([0, 1, 2, 3, 8, 24, 64, 2**20, 2**39])) for _ in range(axes))
        if random.random() < 0.5 and value.shape:
            shape = value.shape[::-1] if random.random() < 0.5 else (value.shape[0] + 1, *value.shape[1:])
        return Tensor(value.storage, 0, shape, contiguous(shape))
    if random.random() < 0.3:
        table, key = others[random.integers(0, len(others))]
        return _copy(table[key])  # nothing contains itself in what was read
    return copy.deepcopy(OTHERS[random.integers(0, len(OTHERS))])


def _copy(value: Any) -> Any:
    """A copy whose tensors look into the storages of the honest file."""
    leaves = [table[key] for table, key in _sites([value]) if isinstance(table[key], Tensor | ArrayRecord)]
    return copy.deepcopy(value, {id(leaf): leaf for leaf in leaves})


def lied(honest: Contents, random: np.random.Generator) -> Contents:
    """The contents with one to three changes."""
    value = _copy(honest.value)
    for _ in range(random.integers(1, 4)):
        sites = _sites(value)
        if not sites:  # an earlier change left nothing
            break
        table, key = sites[random.integers(0, len(sites))]
        if isinstance(table, dict) and random.random() < 0.15:
            del table[key]
        else:
            table[key] = _changed(table[key], sites, random)
    return replace(honest, value=value)


def open_lies(name: str, honest: Contents, hints: dict[str, Any], seed: int) -> str:
    """Open contents that were changed; returns the sentence with which they are refused, or nothing."""
    changed = lied(honest, np.random.default_rng(seed))
    read, contents.read = contents.read, lambda path: changed
    try:
        opening.load(honest.path, "cpu", hints, lambda fraction: None)
    except CheckpointError as error:
        return str(error)
    finally:
        contents.read = read
    return ""


def rounds(name: str, count: int, seed: int, before: Callable[[], None] = lambda: None) -> int:
    """Tell a family a number of lies; returns how many were refused. `before` is called before each."""
    make, hints = FAMILIES[name]
    refused = 0
    with tempfile.TemporaryDirectory() as folder:
        path = make(Path(folder))
        opening.load(path, "cpu", hints, lambda fraction: None)  # the honest file opens
        honest = contents.read(path)
        for round_seed in np.random.default_rng(seed).integers(0, 2**31, count):
            before()
            sentence = open_lies(name, honest, hints, int(round_seed))
            refused += bool(sentence)
            assert "\n" not in sentence, sentence
            assert len(sentence) < 500, sentence
    return refused


if __name__ == "__main__":
    import faulthandler
    import resource

    FAMILIES[sys.argv[1]]  # the table and torch are loaded
    start = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rounds(
        sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), lambda: faulthandler.dump_traceback_later(SECONDS, exit=True)
    )
    faulthandler.cancel_dump_traceback_later()
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - start)
