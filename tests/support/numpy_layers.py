"""Layers in NumPy float64, written from their definitions, for tests that compare a whole network with them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from numpy.lib.stride_tricks import sliding_window_view
from torch import nn

Weights = Mapping[str, Any]


def randomised(network: nn.Module, seed: int = 1) -> nn.Module:
    """Every number of a network random and of a size that keeps its signals near 1; norms are near the identity."""
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for name, tensor in network.state_dict().items():
            fresh = torch.randn(tensor.shape, generator=generator)
            if "resample_filter" in name:
                continue
            if tensor.ndim > 1:
                fresh *= tensor[0].numel() ** -0.5
            elif name.endswith("weight"):
                fresh = 1 + 0.2 * fresh
            else:
                fresh *= 0.3
            tensor.copy_(fresh)
    return network.eval()


def arrays(network: nn.Module) -> dict[str, np.ndarray]:
    return {name: tensor.double().numpy().copy() for name, tensor in network.state_dict().items()}


def part(weights: Weights, prefix: str) -> dict[str, Any]:
    """The weights under a name, without it."""
    return {name.removeprefix(prefix + "."): value for name, value in weights.items() if name.startswith(prefix + ".")}


def silu(x):
    return x / (1 + np.exp(-x))


def softmax(x):
    x = np.exp(x - x.max(axis=-1, keepdims=True))
    return x / x.sum(axis=-1, keepdims=True)


def linear(weights: Weights, x):
    return x @ weights["weight"].T + weights.get("bias", 0)


def conv(weights: Weights, x, *, stride: int = 1, padding: int | None = None):
    kernel = weights["weight"]
    size = kernel.shape[-1]
    pad = size // 2 if padding is None else padding
    windows = sliding_window_view(np.pad(x, [(0, 0), (0, 0), (pad, pad), (pad, pad)]), (size, size), axis=(2, 3))
    y = np.einsum("bchwij,ocij->bohw", windows[:, :, ::stride, ::stride], kernel)
    return y + weights["bias"][:, None, None] if "bias" in weights else y


def each_channel(x, kernel, *, stride: int = 1, padding: int = 0):
    """Every channel with the same kernel."""
    return conv({"weight": kernel[None, None]}, x.reshape(-1, 1, *x.shape[2:]), stride=stride, padding=padding).reshape(
        *x.shape[:2], *((side + 2 * padding - len(kernel)) // stride + 1 for side in x.shape[2:])
    )


def group_norm(weights: Weights, x, groups: int, eps: float):
    parts = x.reshape(len(x), groups, -1)
    parts = (parts - parts.mean(-1, keepdims=True)) / np.sqrt(parts.var(-1, keepdims=True) + eps)
    return parts.reshape(x.shape) * weights["weight"][:, None, None] + weights["bias"][:, None, None]


def layer_norm(x, eps: float):
    return (x - x.mean(-1, keepdims=True)) / np.sqrt(x.var(-1, keepdims=True) + eps)


def halved(x):
    return (x[..., ::2, ::2] + x[..., 1::2, ::2] + x[..., ::2, 1::2] + x[..., 1::2, 1::2]) / 4


def doubled(x):
    return x.repeat(2, axis=-1).repeat(2, axis=-2)


def kernel_of(taps):
    kernel = np.outer(taps, taps)
    return kernel / kernel.sum()


def filtered_half(x, taps):
    return each_channel(x, kernel_of(taps), stride=2, padding=(len(taps) - 1) // 2)


def filtered_double(x, taps):
    """Zeros between the pixels, then four times the kernel: pixel i of x spreads over 2i − pad … 2i − pad + len − 1."""
    size, pad = len(taps), (len(taps) - 1) // 2
    y = np.zeros((*x.shape[:2], 2 * x.shape[2] + 2 * size, 2 * x.shape[3] + 2 * size))
    kernel = 4 * kernel_of(taps)
    for i in range(x.shape[2]):
        for j in range(x.shape[3]):
            top, left = size + 2 * i - pad, size + 2 * j - pad
            y[:, :, top : top + size, left : left + size] += x[:, :, i, j, None, None] * kernel
    return y[:, :, size:-size, size:-size]


def attend(query, key, value):
    """One head: (B, N, d) each."""
    return softmax(query @ key.swapaxes(1, 2) / np.sqrt(query.shape[-1])) @ value


def tokens_of(x):
    return x.reshape(*x.shape[:2], -1).swapaxes(1, 2)


def image_of(tokens, like):
    return tokens.swapaxes(1, 2).reshape(len(like), -1, *like.shape[2:])


def positions(time, width: int, last: float):
    """(sines, cosines) of time · 10000^(−i/last)."""
    angles = np.asarray(time)[:, None] * 10000.0 ** (-np.arange(width // 2) / last)
    return np.sin(angles), np.cos(angles)
