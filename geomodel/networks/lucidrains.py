"""The U-Net of denoising-diffusion-pytorch (lucidrains), with its names."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, normalize, silu

from geomodel.networks.blocks import (
    OpenedNetwork,
    attention,
    doubled,
    first_outputs,
    positional_embedding,
    projected_image,
    waves,
)
from geomodel.networks.configs import LucidrainsConfig


class LucidrainsUNet(OpenedNetwork):
    """F(x, time, labels): x (B, C, H, W), time (B,), labels None → x's shape.

    A network that was trained to see its own last answer beside x is given zeros. It expects weights after `fold`.
    Source: Ho et al. (2006.11239); https://github.com/lucidrains/denoising-diffusion-pytorch.
    """

    def __init__(self, config: LucidrainsConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self._config, self._colours = config, shape[0]
        widths = config.widths
        self._embedding = 4 * config.embedding
        self.init_conv = nn.Conv2d(shape[0] * (2 if config.self_condition else 1), widths[0], 7, padding=3)
        waves = 2 * config.frequencies + 1 if config.frequencies else config.embedding
        self.time_mlp = nn.ModuleDict(
            {
                **({"0": _Frequencies(config.frequencies)} if config.frequencies else {}),
                "1": nn.Linear(waves, self._embedding),
                "3": nn.Linear(self._embedding, self._embedding),
            }
        )
        levels = list(zip(widths[:-1], widths[1:], config.full, config.heads, strict=True))
        self.downs = nn.ModuleList(
            self._level(wide, 0, self._attention(wide, full, heads), _down(wide, leaving, last=i == len(levels) - 1))
            for i, (wide, leaving, full, heads) in enumerate(levels)
        )
        self.mid_block1 = self._block(widths[-1], widths[-1])
        self.mid_attn = self._attention(widths[-1], True, config.heads[-1])
        self.mid_block2 = self._block(widths[-1], widths[-1])
        self.ups = nn.ModuleList(
            self._level(wide, leaving, self._attention(wide, full, heads), _up(wide, leaving, last=i == 0))
            for i, (leaving, wide, full, heads) in reversed(list(enumerate(levels)))
        )
        self.final_res_block = self._block(2 * widths[0], widths[0])
        self.final_conv = nn.Conv2d(widths[0], config.outputs, 1)

    def _block(self, entering: int, leaving: int) -> _Block:
        return _Block(entering, leaving, self._embedding)

    def _attention(self, width: int, full: bool, heads: tuple[int, int]) -> nn.Module:
        kind = _Attention if full else _LinearAttention
        return kind(width, *heads, self._config.memory)

    def _level(self, width: int, skip: int, attends: nn.Module, change: nn.Module) -> nn.ModuleList:
        blocks = [self._block(width + skip, width) for _ in range(2)]
        return nn.ModuleList([*blocks, attends, change])

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self._embed(time)
        if self._config.self_condition:
            x = torch.cat([torch.zeros_like(x), x], dim=1)
        first = x = self.init_conv(x)
        skips = []
        for block1, block2, attends, change in map(_layers, self.downs):
            x = block1(x, embedding)
            skips.append(x)
            x = attends(block2(x, embedding))
            skips.append(x)
            x = change(x)
        x = self.mid_block2(self.mid_attn(self.mid_block1(x, embedding)), embedding)
        for block1, block2, attends, change in map(_layers, self.ups):
            x = block1(torch.cat([x, skips.pop()], dim=1), embedding)
            x = block2(torch.cat([x, skips.pop()], dim=1), embedding)
            x = change(attends(x))
        x = self.final_res_block(torch.cat([x, first], dim=1), embedding)
        return first_outputs(self.final_conv, x, self._colours)

    def _embed(self, time: Tensor) -> Tensor:
        """silu of the embedding of time, as every block takes it."""
        if self._config.frequencies:
            frequencies = self.time_mlp["0"].weights
            assert isinstance(frequencies, Tensor)
            angles = time[:, None] * (math.tau * frequencies)
            embedding = torch.cat([time[:, None], waves(angles, sine_first=True)], dim=1)
        else:
            width = self._config.embedding
            embedding = positional_embedding(time, width, last=width // 2 - 1, sine_first=True)
        return silu(self.time_mlp["3"](gelu(self.time_mlp["1"](embedding))))

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects: √C goes into the norms."""
        for layer in self.modules():
            if isinstance(layer, RMSNorm):
                layer.g.mul_(math.sqrt(layer.g.shape[1]))


def _layers(level: nn.Module) -> tuple[nn.Module, nn.Module, nn.Module, nn.Module]:
    assert isinstance(level, nn.ModuleList)
    block1, block2, attends, change = level
    return block1, block2, attends, change


class _Frequencies(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.weights = nn.Parameter(torch.zeros(count))


class RMSNorm(nn.Module):
    """g x/‖x‖ over the channels, with √C inside g after `fold`."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.g = nn.Parameter(torch.zeros(1, width, 1, 1))

    def forward(self, x: Tensor) -> Tensor:
        return normalize(x, dim=1) * self.g


class _HalfBlock(nn.Module):
    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(entering, leaving, 3, padding=1)
        self.norm = RMSNorm(leaving)


class _Block(nn.Module):
    def __init__(self, entering: int, leaving: int, embedding: int) -> None:
        super().__init__()
        self.mlp = nn.ModuleDict({"1": nn.Linear(embedding, 2 * leaving)})
        self.block1 = _HalfBlock(entering, leaving)
        self.block2 = _HalfBlock(leaving, leaving)
        self.res_conv = nn.Identity() if entering == leaving else nn.Conv2d(entering, leaving, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        scale, shift = self.mlp["1"](embedding)[:, :, None, None].chunk(2, dim=1)
        h = silu(torch.addcmul(shift, self.block1.norm(self.block1.proj(x)), 1 + scale))
        h = silu(self.block2.norm(self.block2.proj(h)))
        kept: Tensor = self.res_conv(x)
        return h + kept


class _Attention(nn.Module):
    """Self-attention in which every place also sees a few learned keys and values."""

    def __init__(self, width: int, heads: int, size: int, memory: int) -> None:
        super().__init__()
        self._heads = heads
        self.norm = RMSNorm(width)
        self.mem_kv = nn.Parameter(torch.zeros(2, heads, memory, size))
        self.to_qkv = nn.Conv2d(width, 3 * heads * size, 1, bias=False)
        self.to_out = nn.Conv2d(heads * size, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = _split(self.to_qkv(self.norm(x)), self._heads)
        memory = self.mem_kv[:, None].expand(-1, len(x), -1, -1, -1)
        key, value = (
            torch.cat([own, part.transpose(-1, -2)], dim=2) for own, part in zip(memory, (key, value), strict=True)
        )
        answer = attention(query.transpose(-1, -2), key, value).transpose(1, 2).flatten(2)
        return projected_image(answer, self.to_out.weight.flatten(1), self.to_out.bias, x).add_(x)


class _LinearAttention(nn.Module):
    """Attention whose work grows with the number of places: q over the channels, k over the places, each softmax.

    Source: Shen et al. (1812.01243).
    """

    def __init__(self, width: int, heads: int, size: int, memory: int) -> None:
        super().__init__()
        self._heads = heads
        self.norm = RMSNorm(width)
        self.mem_kv = nn.Parameter(torch.zeros(2, heads, size, memory))
        self.to_qkv = nn.Conv2d(width, 3 * heads * size, 1, bias=False)
        self.to_out = nn.ModuleList([nn.Conv2d(heads * size, width, 1), RMSNorm(width)])

    def forward(self, x: Tensor) -> Tensor:
        query, key, value = _split(self.to_qkv(self.norm(x)), self._heads)
        memory = self.mem_kv[:, None].expand(-1, len(x), -1, -1, -1)
        key, value = (torch.cat([own, part], dim=3) for own, part in zip(memory, (key, value), strict=True))
        query = query.softmax(dim=2) * query.shape[2] ** -0.5
        answer = (value @ key.softmax(dim=3).transpose(-1, -2)) @ query
        result: Tensor = self.to_out[1](self.to_out[0](answer.reshape(len(x), -1, *x.shape[2:])))
        return result + x


def _split(parts: Tensor, heads: int) -> tuple[Tensor, Tensor, Tensor]:
    """q, k, v (B, heads, d, N) of an image whose channels are all q, all k, all v, each head by head."""
    query, key, value = parts.reshape(len(parts), 3, heads, -1, parts.shape[2] * parts.shape[3]).unbind(1)
    return query, key, value


def _down(entering: int, leaving: int, *, last: bool) -> nn.Module:
    """2 × 2 pixels become channels, which a convolution mixes; the last level keeps its resolution."""
    if last:
        return nn.Conv2d(entering, leaving, 3, padding=1)
    return nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * entering, leaving, 1))


def _up(entering: int, leaving: int, *, last: bool) -> nn.Module:
    convolution = nn.Conv2d(entering, leaving, 3, padding=1)
    return convolution if last else nn.Sequential(_Doubled(), convolution)


class _Doubled(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return doubled(x)
