"""Small files as the public codes write them, and the D that their formulas give."""

from __future__ import annotations

import json
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy_layers as ours
import torch
from edm_pickles import HOOKS, Persistent, dumps, modules
from safetensors.torch import save_file
from torch import Tensor, nn

from geomodel.networks.blocks import GroupNorm, OpenedNetwork
from geomodel.networks.edm2 import _Block as EDM2Block
from geomodel.networks.edm_block import Block

SIGMA = torch.tensor([0.03, 0.6, 7.0, 60.0], dtype=torch.float64)  # one for each row of a batch


def noisy(shape: tuple[int, ...], sigma: Tensor = SIGMA, mean: float = 0.0) -> Tensor:
    generator = torch.Generator().manual_seed(4)
    clean, noise = torch.randn(2, len(sigma), *shape, dtype=torch.float64, generator=generator)
    return mean + 0.5 * clean + sigma.reshape(-1, *[1] * len(shape)) * noise


def pair(network: OpenedNetwork, seed: int = 1) -> tuple[dict[str, Tensor], OpenedNetwork]:
    """Weights as a file has them, and the network that computes with them."""
    ours.randomised(network, seed)
    stored = {name: tensor.clone() for name, tensor in network.state_dict().items()}
    network.fold()
    return stored, network


def evaluated(network: nn.Module, x: Tensor, scale: Any, time: Any, rows: Tensor | None = None) -> Tensor:
    """The network's answer to scale · x at a time, in float64."""
    numbers = torch.as_tensor(scale, dtype=torch.float64).expand(len(x)).reshape(-1, *[1] * (x.ndim - 1))
    times = torch.as_tensor(time, dtype=torch.float64).expand(len(x))
    with torch.no_grad():
        answer: Tensor = network((numbers * x).float(), times.float(), rows)
    return answer.double()


def each(numbers: Any) -> Tensor:
    """One number a sample, as it multiplies images."""
    return torch.as_tensor(numbers, dtype=torch.float64).reshape(-1, 1, 1, 1)


def near(found: Tensor, expected: Tensor, sigma: Tensor, tolerance: float = 2e-5) -> None:
    """Within the tolerance times max(1, σ, |D|): float32 networks of hundreds of products, times σ."""
    scale = torch.maximum(torch.maximum(expected.abs(), each(sigma)), torch.ones(()))
    worst = float(((found - expected).abs() / scale).max())
    assert worst < tolerance, worst


# --- EDM and EDM2 ----------------------------------------------------------------------------------------------------


def record(module: nn.Module, name: str, *, old: bool = False, **attributes: Any) -> Persistent:
    """A module and those inside it as records of EDM's, each with the attributes that the public classes keep."""
    table = OrderedDict if old else dict
    state = {
        "training": True,
        "_parameters": table(module._parameters),
        "_buffers": table(module._buffers),
        "_non_persistent_buffers_set": set(),
        "_modules": table((key, _inside(child, old)) for key, child in module._modules.items()),
        **{hook: OrderedDict() for hook in HOOKS},
        "_init_args": (),
        "_init_kwargs": {},
        **_kept(module),
        **attributes,
    }
    return Persistent(name, state)


def _inside(module: nn.Module | None, old: bool) -> Any:
    if module is None or not isinstance(module, nn.ModuleDict):
        return None if module is None else record(module, _class(module), old=old)
    found = nn.ModuleDict()
    found.__dict__["_modules"] = {key: _inside(child, old) for key, child in module.items()}
    return found


def _class(module: nn.Module) -> str:
    names = {
        "Convolution": "Conv2d",
        "Block": "UNetBlock",
        "_Block": "Block",
        "_Weight": "MPConv",
        "_Fourier": "MPFourier",
    }
    return names.get(type(module).__name__, type(module).__name__)


def _kept(module: nn.Module) -> dict[str, Any]:
    if isinstance(module, Block):
        return {
            "in_channels": module.entering,
            "out_channels": module.leaving,
            "num_heads": module.heads,
            "skip_scale": np.float64(module.scale),
            "adaptive_scale": module.scale_shift,
        }
    if isinstance(module, EDM2Block):
        config = module._config
        return {
            "out_channels": module.conv_res1.weight.shape[0],
            "num_heads": module._heads,
            "res_balance": config.res_balance,
            "attn_balance": config.attn_balance,
            "clip_act": config.clip,
            "resample_filter": [int(tap) for tap in config.resample_filter],
        }
    if isinstance(module, GroupNorm):
        return {"num_groups": module.num_groups, "eps": module.eps}
    return {}


def with_weights(network: OpenedNetwork, stored: Mapping[str, Tensor]) -> OpenedNetwork:
    """The network before `fold`."""
    network.load_state_dict(dict(stored))
    return network


def write_pickle(path: Path, value: Any) -> Path:
    path.write_bytes(dumps(value))
    return path


def write_torch(path: Path, value: Any) -> Path:
    """torch.save of a value with such records."""
    with modules():
        torch.save(value, path)
    return path


# --- folders of diffusers --------------------------------------------------------------------------------------------


def write_folder(
    path: Path, network: str, config: Mapping[str, Any], stored: Mapping[str, Tensor], scheduler: Mapping[str, Any]
) -> Path:
    """A pipeline whose network stands in the folder `network`: "unet" or "transformer"."""
    (path / network).mkdir(parents=True)
    (path / "scheduler").mkdir()
    (path / "model_index.json").write_text(json.dumps({"_class_name": "Pipeline"}))
    (path / network / "config.json").write_text(json.dumps(dict(config)))
    (path / "scheduler" / "scheduler_config.json").write_text(json.dumps(dict(scheduler)))
    save_file(dict(stored), path / network / "diffusion_pytorch_model.safetensors", {"format": "pt"})
    return path
