"""A class-conditional U-Net of two resolutions for small images."""

from __future__ import annotations

import math
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.functional import pixel_shuffle, pixel_unshuffle, silu

from geomodel.networks import UNetConfig
from geomodel.networks.blocks import GroupNorm
from geomodel.networks.parts import label_table, noise_frequencies

GROUPS = 8
HEADS = 4

_Layer = TypeVar("_Layer", nn.Linear, nn.Conv2d)


class UNet(nn.Module):
    """F(x, c_noise, labels): x (B, C, H, W) of about unit scale, c_noise (B,), labels (B,) row numbers → x's shape.

    The network sees patches of 2 × 2 pixels: features of `width` channels on (H/2, W/2), twice as many on (H/4, W/4)
    with one self-attention in the middle, and back up, where each block also sees the output of its partner on the way
    down. A learned image is added to the first features, so that the network knows where in the image it is; the mean
    of the data need not be zero. Blocks are scaled and shifted by an embedding of the noise level and label. The last
    layer starts at zero, so that training starts from F = 0. Sources: Ho et al. (2006.11239), appendix B, for the
    U-Net; Dhariwal and Nichol (2105.05233), section 3, for the scale and shift after a group norm.
    """

    noise_frequencies: Tensor

    def __init__(self, config: UNetConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        colours, height, width = shape
        fine, coarse, embedding = config.width, 2 * config.width, config.embedding
        self.register_buffer("noise_frequencies", noise_frequencies(config.noise_features))
        self.embed = nn.Linear(1 + 2 * config.noise_features, embedding)
        self.mix = nn.Linear(embedding, embedding)
        self.label = label_table(label_rows, embedding)
        self.lift = nn.Conv2d(4 * colours, fine, 3, padding=1)
        self.place = nn.Parameter(torch.zeros(fine, height // 2, width // 2))
        self.down = nn.ModuleList(_Block(fine, fine, embedding) for _ in range(config.depth))
        self.shrink = nn.Conv2d(fine, coarse, 3, stride=2, padding=1)
        self.middle = nn.ModuleList(_Block(coarse, coarse, embedding) for _ in range(config.depth))
        self.attention = _Attention(coarse)
        self.last = _Block(coarse, coarse, embedding)
        self.grow = nn.Conv2d(coarse, 4 * fine, 1)
        self.up = nn.ModuleList(_Block(2 * fine, fine, embedding) for _ in range(config.depth))
        self.norm = GroupNorm(GROUPS, fine)
        self.out = _zeroed(nn.Conv2d(fine, 4 * colours, 3, padding=1))
        # The layout of the images, or every call lays the weights out anew.
        self.to(memory_format=torch.channels_last)  # type: ignore[call-overload]  # the stub forgets it

    def forward(self, x: Tensor, noise: Tensor, labels: Tensor | None = None) -> Tensor:
        waves = noise[:, None] * self.noise_frequencies
        embedding = self.mix(silu(self.embed(torch.cat([noise[:, None], waves.sin(), waves.cos()], dim=1))))
        if self.label is not None:
            embedding = embedding + self.label(labels)
        embedding = silu(embedding)
        patches = pixel_unshuffle(x, 2).contiguous(memory_format=torch.channels_last)  # the faster layout
        state = self.lift(patches) + self.place
        skips = []
        for block in self.down:
            state = block(state, embedding)
            skips.append(state)
        state = self.shrink(state)
        for block in self.middle:
            state = block(state, embedding)
        state = self.last(self.attention(state), embedding)
        state = pixel_shuffle(self.grow(state), 2)
        for block in self.up:
            state = block(torch.cat([state, skips.pop()], dim=1), embedding)
        return pixel_shuffle(self.out(_activated(self.norm(state))), 2)


def _activated(x: Tensor) -> Tensor:
    """silu(x), in x's own place where nobody differentiates, because a new tensor costs as much as the function."""
    return silu(x, inplace=not torch.is_grad_enabled())


def _added(x: Tensor, more: Tensor) -> Tensor:
    return x + more if torch.is_grad_enabled() else x.add_(more)


class _Block(nn.Module):
    def __init__(self, entering: int, leaving: int, embedding: int) -> None:
        super().__init__()
        self.norm_in = GroupNorm(GROUPS, entering)
        self.conv_in = nn.Conv2d(entering, leaving, 3, padding=1)
        self.modulate = nn.Linear(embedding, 2 * leaving)
        self.norm_out = GroupNorm(GROUPS, leaving)
        self.conv_out = _zeroed(nn.Conv2d(leaving, leaving, 3, padding=1))
        self.skip = nn.Identity() if entering == leaving else nn.Conv2d(entering, leaving, 1)

    def forward(self, state: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.modulate(embedding)[:, :, None, None].chunk(2, dim=1)
        change = self.conv_in(_activated(self.norm_in(state)))
        change = self.conv_out(_activated(torch.addcmul(shift, self.norm_out(change), 1 + scale)))
        return _added(change, self.skip(state))


class _Attention(nn.Module):
    """Self-attention between all places of the image."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = GroupNorm(GROUPS, channels)
        self.ask = nn.Linear(channels, 3 * channels)
        self.answer = _zeroed(nn.Linear(channels, channels))

    def forward(self, state: Tensor) -> Tensor:
        batch, channels, height, width = state.shape
        tokens = self.norm(state).permute(0, 2, 3, 1).reshape(batch, height * width, channels)
        parts = self.ask(tokens).reshape(batch, height * width, 3, HEADS, channels // HEADS)
        query, key, value = parts.permute(2, 0, 3, 1, 4)
        # Written out, because PyTorch's fused attention takes five times as long to differentiate for so few tokens.
        weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)
        mixed = (weights @ value).transpose(1, 2).reshape(tokens.shape)
        result: Tensor = state + self.answer(mixed).reshape(batch, height, width, channels).permute(0, 3, 1, 2)
        return result


def _zeroed(layer: _Layer) -> _Layer:
    nn.init.zeros_(layer.weight)
    if layer.bias is not None:
        nn.init.zeros_(layer.bias)
    return layer
