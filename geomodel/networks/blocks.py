"""Blocks that the networks of the public codes share: norms, embeddings, attention, resampling, the residual branch.

Each is written for answering, not for training: dropout is left out. Images are (B, C, H, W), embeddings (B, E), and
tokens (B, N, C).
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, conv_transpose2d, linear, scaled_dot_product_attention, silu


class OpenedNetwork(nn.Module):
    """A network that another program trains: its state dict has the names and shapes of that program's."""

    def fold(self) -> None:
        """From the weights of a file, in place, to those that `forward` expects: by default they are the same."""


class GroupNorm(nn.GroupNorm):
    """torch's group norm, also in forward-mode differentiation, whose rule knows only the plain memory layout."""

    def forward(self, x: Tensor) -> Tensor:
        try:
            return super().forward(x)
        except RuntimeError:
            return super().forward(x.contiguous())


def positional_embedding(time: Tensor, width: int, *, last: float, sine_first: bool) -> Tensor:
    """Sines and cosines of time · 10000^(−i/last), i = 0 … width/2 − 1: time (B,) → (B, width).

    Source: Vaswani et al. (1706.03762), section 3.5; the public codes differ in the last frequency and in the order.
    """
    exponents = torch.arange(width // 2, dtype=torch.float32, device=time.device) / last
    return waves(time[:, None] * 10000.0**-exponents, sine_first=sine_first)


def waves(angles: Tensor, *, sine_first: bool) -> Tensor:
    """Sines beside cosines, or the other way: (B, n) → (B, 2n)."""
    parts = (angles.sin(), angles.cos()) if sine_first else (angles.cos(), angles.sin())
    return torch.cat(parts, dim=1)


def class_embedding(layer: nn.Linear, rows: Tensor) -> Tensor:
    """The layer's answer to a one-hot vector of the class, or to a vector of zeros for the row after the last class."""
    classes = layer.weight.shape[1]
    table = layer.weight.t()[rows.clamp(max=classes - 1)]
    chosen = table * (rows < classes)[:, None]
    return chosen if layer.bias is None else chosen + layer.bias


# --- attention -------------------------------------------------------------------------------------------------------


def attention(query: Tensor, key: Tensor, value: Tensor) -> Tensor:
    """softmax(q kᵀ/√d) v for (B, heads, N, d). Source: Vaswani et al. (1706.03762), eq. 1.

    PyTorch's fused attention can be differentiated neither forwards nor twice, so there it is written out.
    """
    if not (torch.is_grad_enabled() and query.requires_grad):
        try:
            return scaled_dot_product_attention(query, key, value)
        except (RuntimeError, NotImplementedError):
            pass
    weights = torch.softmax(query @ key.transpose(-1, -2) / math.sqrt(query.shape[-1]), dim=-1)
    return weights @ value


def split_heads(parts: Tensor, heads: int) -> Tensor:
    """Tokens (B, N, C) whose channels are head by head, as (B, heads, N, C/heads)."""
    batch, count, width = parts.shape
    return parts.reshape(batch, count, heads, width // heads).transpose(1, 2)


def mixed(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    """Attention between tokens (B, N, C) whose channels are head by head."""
    answer = attention(split_heads(query, heads), split_heads(key, heads), split_heads(value, heads))
    return answer.transpose(1, 2).flatten(2)


def image_attention(x: Tensor, ask: nn.Conv1d | nn.Conv2d, answer: nn.Conv1d | nn.Conv2d, heads: int) -> Tensor:
    """Self-attention between the places of a normalised image, with the two projections as layers of width 1.

    The rows of `ask` are all queries, all keys, all values, each head by head.
    """
    query, key, value = linear(x.flatten(2).transpose(1, 2), ask.weight.flatten(1), ask.bias).chunk(3, dim=-1)
    return projected_image(mixed(query, key, value, heads), answer.weight.flatten(1), answer.bias, x)


def projected_image(tokens: Tensor, weight: Tensor, bias: Tensor | None, like: Tensor) -> Tensor:
    """Tokens (B, H·W, C) after a linear layer, as an image (B, C', H, W) of the size of another, in plain layout.

    A transposed view would do for one image; but the layers after it, fed one layout here and another there, are slow.
    """
    columns = weight @ tokens.transpose(1, 2)
    if bias is not None:
        columns.add_(bias[:, None])
    return columns.reshape(len(like), -1, *like.shape[2:])


def rows_by_part(parameter: Tensor, heads: int, *, interleaved: bool) -> Tensor:
    """The rows of a fused projection in the order of `image_attention`: all q, all k, all v, each head by head.

    The rows (3C, …) come head by head. Inside a head, q, k, v of one channel lie side by side (interleaved), or else
    all q come first, then all k, then all v.
    """
    rest = parameter.shape[1:]
    if interleaved:
        return parameter.reshape(heads, -1, 3, *rest).movedim(2, 0).reshape(-1, *rest)
    return parameter.reshape(heads, 3, -1, *rest).movedim(1, 0).reshape(-1, *rest)


# --- resampling ------------------------------------------------------------------------------------------------------

Resampling = Callable[[Tensor], Tensor]


def halved(x: Tensor) -> Tensor:
    """The means of 2 × 2 pixels."""
    return avg_pool2d(x, 2)


def doubled(x: Tensor) -> Tensor:
    """Every pixel as 2 × 2 pixels."""
    batch, channels, height, width = x.shape
    wide = x[:, :, :, None, :, None].expand(batch, channels, height, 2, width, 2)
    return wide.reshape(batch, channels, 2 * height, 2 * width)


def filter_kernel(taps: tuple[float, ...]) -> Tensor:
    """The outer product of a filter with itself, of sum 1."""
    values = torch.tensor(taps, dtype=torch.float32, device="cpu")
    kernel = values[:, None] * values[None, :]
    return kernel / kernel.sum()


def filtered_half(x: Tensor, kernel: Tensor, padding: int) -> Tensor:
    """Every second pixel of x after a filter, channel by channel."""
    channels = x.shape[1]
    return conv2d(x, kernel.expand(channels, 1, *kernel.shape), stride=2, padding=padding, groups=channels)


def filtered_double(x: Tensor, kernel: Tensor, padding: int) -> Tensor:
    """x with zeros between its pixels, after a filter of four times the weight, channel by channel."""
    channels = x.shape[1]
    return conv_transpose2d(
        x, 4 * kernel.expand(channels, 1, *kernel.shape), stride=2, padding=padding, groups=channels
    )


# --- the residual branch ---------------------------------------------------------------------------------------------


def residual_branch(
    x: Tensor,
    rows: Tensor,
    norm_in: nn.Module,
    conv_in: nn.Module,
    norm_out: nn.Module,
    conv_out: nn.Module,
    *,
    scale_shift: bool,
    resample: Resampling | None = None,
) -> Tensor:
    """What a residual block adds to its input: norm, silu, resampling, convolution, embedding, norm, silu, convolution.

    rows (B, R) come from the embedding. With scale_shift, R = 2C: the second norm is multiplied by 1 + the first half
    and the second half is added. Otherwise R = C, and they are added before the second norm. Sources: Ho et al.
    (2006.11239), appendix B; Dhariwal and Nichol (2105.05233), section 3.
    """
    h = silu(norm_in(x), inplace=True)  # large images make new memory the slowest part of such steps
    h = conv_in(h if resample is None else resample(h))
    rows = rows[:, :, None, None]
    if scale_shift:
        scale, shift = rows.chunk(2, dim=1)
        h = norm_out(h).mul_(1 + scale).add_(shift)
    else:
        h = norm_out(h.add_(rows))
    result: Tensor = conv_out(silu(h, inplace=True))
    return result


def first_outputs(layer: nn.Conv2d, x: Tensor, count: int) -> Tensor:
    """The first output channels of a convolution. Networks that learned a variance have it in the others."""
    bias = None if layer.bias is None else layer.bias[:count]
    return conv2d(x, layer.weight[:count], bias, layer.stride, layer.padding)
