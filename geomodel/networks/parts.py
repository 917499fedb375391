"""Parts that several networks use."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def noise_frequencies(count: int) -> Tensor:
    """Frequencies for c_noise = ln(σ)/4, which spans 3 units: from one wave over all of it to one a factor e of σ.

    They are made on the CPU even if a network is built on the meta device, where torch's logspace loads its compiler.
    """
    return math.tau * torch.logspace(-1, 2, count, base=2.0, device="cpu")


def normal(*shape: int, scale: float = 1.0) -> Tensor:
    """Numbers drawn from N(0, scale²). The meta device has none, and torch would load its compiler to draw them."""
    drawn = torch.empty(shape)
    return drawn if drawn.is_meta else drawn.normal_().mul_(scale)


def label_table(rows: int, width: int) -> nn.Embedding | None:
    """An embedding with a row for each class, drawn from N(0, 1); None without classes.

    The rows are drawn here, because on the meta device the layer's own initialisation is slow.
    """
    return nn.Embedding(rows, width, _weight=normal(rows, width)) if rows else None
