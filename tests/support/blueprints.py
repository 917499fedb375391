"""A small network of every architecture that other programs train, a clock of every code, and both as a denoiser."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy_layers as ours
from torch import nn

from geomodel.checkpoints.info import CheckpointInfo
from geomodel.checkpoints.plan import Plan
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.denoisers.network import NetworkDenoiser
from geomodel.denoisers.noise_tables import named_levels
from geomodel.inert.values import Source, Storage, Tensor
from geomodel.networks import Blueprint, OpenedConfig, assemble
from geomodel.networks.configs import (
    ADMConfig,
    DhariwalConfig,
    DiffusersDiTConfig,
    DiTConfig,
    EDM2Config,
    LucidrainsConfig,
    SongConfig,
    UNet2DConfig,
)

SHAPE, CLASSES = (3, 8, 8), 3
EDM = clocks.edm()
UNREAD = Tensor(Storage("float32", 1, Source(Path(), 4, 0, 0)), 0, (1,), (1,))
CONFIGS: dict[str, OpenedConfig] = {
    "song": SongConfig(
        outputs=3,
        channels=8,
        multipliers=(1, 2),
        blocks=1,
        attention=(4,),
        embedding="fourier",
        encoder="residual",
        noise_multiplier=2,
        resample_filter=(1.0, 3.0, 3.0, 1.0),
    ),
    "dhariwal": DhariwalConfig(outputs=6, channels=64, multipliers=(1, 1), blocks=1, attention=(4,)),
    "adm": ADMConfig(outputs=6, embedding=32, widths=(32, 64), blocks=1, attention=(2,), heads=4),
    "unet2d": UNet2DConfig(
        down_block_types=("DownBlock2D", "AttnDownBlock2D"),
        up_block_types=("AttnUpBlock2D", "UpBlock2D"),
        block_out_channels=(8, 16),
        layers_per_block=1,
        norm_num_groups=4,
        attention_head_dim=None,
        mid_block_scale_factor=math.sqrt(2),
    ),
    "edm2": EDM2Config(
        channels=8,
        multipliers=(1, 2),
        noise_channels=8,
        embedding=16,
        blocks=1,
        attention=(4,),
        channels_per_head=8,
        clip=None,
    ),
    "lucidrains": LucidrainsConfig(
        outputs=3, embedding=8, widths=(8, 8, 16), full=(False, True), heads=((2, 4), (3, 4)), memory=3
    ),
    "dit": DiTConfig(outputs=6, width=24, depth=2, heads=3, hidden=96),
    "diffusers-dit": DiffusersDiTConfig(
        out_channels=6, num_attention_heads=3, attention_head_dim=8, num_layers=2, norm_eps=1e-6
    ),
}
# Architecture → whether it has classes; most may have them or not.
CASES = [
    (name, labelled)
    for name in CONFIGS
    for labelled in (False, True)
    if (name, labelled) not in (("lucidrains", True), ("diffusers-dit", False))
]

CLOCKS: dict[str, Clock] = {
    "edm": clocks.edm(),
    "edm in a range": clocks.edm(0.003, 79.3, 1 / 3),
    "edm_consistency": clocks.edm_consistency(0.003, math.inf),
    "edm_vp": clocks.edm_vp(0.001, 152.2, 19.8, 0.11, 900),
    "edm_ve": clocks.edm_ve(),
    "edm_iddpm": clocks.edm_iddpm([90.0, 30.0, 10.0, 3.0, 1 / 3, 0.1, 0.0]),
    "consistency_models": clocks.consistency_models(True, 0.0021, 81.0, 0.49),
    "table": clocks.discrete(named_levels("cosine", 50), "v"),
    "rescaled table": clocks.discrete(named_levels("linear", 4000), rescaled=True),
    "score": clocks.score(0.01, 1348.0),
    "flow to the data": clocks.flow(data_at_end=True),
    "flow to the noise": clocks.flow("gvp", data_at_end=False),
}


def blueprint(architecture: str, *, labelled: bool = False) -> Blueprint:
    config = CONFIGS[architecture]
    rows = CLASSES + 1 if labelled else 0
    return Blueprint(architecture=architecture, config=config, shape=SHAPE, label_rows=rows)


def opened(architecture: str, *, labelled: bool = False, clock: Clock = EDM, **facts: Any) -> NetworkDenoiser:
    """A network as if it had been opened from a file."""
    made = blueprint(architecture, labelled=labelled)
    network = assemble(made)
    ours.randomised(network, 1)
    unit = facts.get("unit", 1.0)
    low, high = clock.sigma_recommended
    known = {
        "name": "a",
        "path": Path("a.pkl"),
        "format": "pickle",
        "architecture": architecture,
        "family": "edm",
        "parameters": sum(tensor.numel() for tensor in network.state_dict().values()),
        "dtype": "float32",
        "shape": SHAPE,
        "clock": "Clock of σ",
        "sigma_data": unit * clock.sigma_data,
        "sigma_min": unit * clock.sigma_min,
        "sigma_max": unit * clock.sigma_max,
        "sigma_recommended": (unit * low, unit * high),
        "classes": CLASSES if made.label_rows else 0,
        "has_null_class": made.label_rows > 0,
        "size": 4 * sum(tensor.numel() for tensor in network.state_dict().values()),
        **facts,
    }
    return denoiser(network, CheckpointInfo(**known), clock, made)


def denoiser(network: nn.Module, info: CheckpointInfo, clock: Clock, made: Blueprint, **said: Any) -> NetworkDenoiser:
    tensors = dict.fromkeys(network.state_dict(), UNREAD)
    return NetworkDenoiser(network, info, clock, Plan(info=info, config=made, clock=clock, tensors=tensors, **said))
