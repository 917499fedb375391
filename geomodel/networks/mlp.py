"""A residual MLP for points in R^d."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import layer_norm, silu

from geomodel.networks import MLPConfig
from geomodel.networks.parts import label_table, noise_frequencies, normal


class ResidualMLP(nn.Module):
    """F(x, c_noise, labels): x (B, d) of about unit scale, c_noise (B,), labels (B,) row numbers → (B, d).

    The input is x together with sin and cos of random projections of it, without which an MLP learns fine curves
    slowly. Each block adds a layer of the normalised state, scaled and shifted by an embedding of the noise level and
    label. The last layer starts at zero, so that training starts from F = 0.
    """

    point_frequencies: Tensor
    noise_frequencies: Tensor

    def __init__(self, config: MLPConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        (dimension,) = shape
        self.register_buffer("point_frequencies", normal(dimension, config.point_features, scale=config.point_scale))
        self.register_buffer("noise_frequencies", noise_frequencies(config.noise_features))
        self.embed = nn.Linear(1 + 2 * config.noise_features, config.embedding)
        self.label = label_table(label_rows, config.embedding)
        self.lift = nn.Linear(dimension + 2 * config.point_features, config.width)
        self.blocks = nn.ModuleList(_Block(config.width, config.embedding) for _ in range(config.depth))
        self.out = nn.Linear(config.width, dimension)
        nn.init.zeros_(self.out.weight)
        nn.init.zeros_(self.out.bias)

    def forward(self, x: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        waves = noise[:, None] * self.noise_frequencies
        embedding = self.embed(torch.cat([noise[:, None], waves.sin(), waves.cos()], dim=1))
        if self.label is not None:
            embedding = embedding + self.label(labels)
        embedding = silu(embedding)
        waves = x @ self.point_frequencies
        state = self.lift(torch.cat([x, waves.sin(), waves.cos()], dim=1))
        for block in self.blocks:
            state = block(state, embedding)
        result: Tensor = self.out(silu(_normalised(state)))
        return result


class _Block(nn.Module):
    def __init__(self, width: int, embedding: int) -> None:
        super().__init__()
        self.modulate = nn.Linear(embedding, 2 * width)
        self.layer = nn.Linear(width, width)

    def forward(self, state: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.modulate(embedding).chunk(2, dim=1)
        change: Tensor = self.layer(silu(_normalised(state) * (1 + scale) + shift))
        return state + change


def _normalised(state: Tensor) -> Tensor:
    return layer_norm(state, state.shape[-1:])
