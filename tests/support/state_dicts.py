"""A state dict of guided-diffusion or improved-diffusion, and what a person answers about it."""

from __future__ import annotations

import torch
from public_files import pair

from geomodel.networks.adm import ADMUNet
from geomodel.networks.configs import ADMConfig

SHAPE = (3, 8, 8)
TINY = ADMConfig(outputs=6, embedding=32, widths=(32, 64), blocks=1, attention=(2,), heads=4, resampling="convolutions")
ANSWERS = {
    "family": "guided_diffusion",
    "image_size": 8,
    "num_heads": 4,
    "use_new_attention_order": False,
    "diffusion.steps": 1000,
    "diffusion.noise_schedule": "linear",
}


def state_dict(path, classes=0):
    """Write the weights alone, which say nothing of heads, size and noise."""
    stored, _ = pair(ADMUNet(TINY, SHAPE, classes))
    torch.save(stored, path)
    return path
