"""What the networks share."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn


def noise_frequencies(count: int) -> Tensor:
    """c_noise = ln(σ)/4 spans about 3 units: from one slow wave over all of it to one wave an e-fold of σ.

    On the CPU even where a network is built without memory: torch's meta version of logspace loads its compiler.
    """
    return math.tau * torch.logspace(-1, 2, count, base=2.0, device="cpu")


def label_table(rows: int, width: int) -> nn.Embedding | None:
    """A row a class, drawn from N(0, 1); None without classes. Drawn here: the layer's own meta version is slow too."""
    return nn.Embedding(rows, width, _weight=torch.randn(rows, width)) if rows else None
