"""The magnitude-preserving U-Net of EDM2, with its names."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, linear, silu

from geomodel.networks.blocks import (
    attention,
    doubled,
    filter_kernel,
    filtered_double,
    filtered_half,
    halved,
    projected_image,
    rows_by_part,
    split_heads,
)
from geomodel.networks.configs import EDM2Config
from geomodel.networks.edm_block import BOX, TwoTowers

EPS = 1e-4
SILU_SCALE = 0.596  # the root mean square of silu of a normal number


class EDM2UNet(TwoTowers):
    """F(x, time, labels): x (B, C, H, H), time (B,), labels (B,) rows → x's shape.

    The row after the last class stands for no label. It expects weights after `fold`, which normalises them once and
    puts the gains and most balances inside. Source: Karras et al. (2312.02696), config G and appendix B.
    """

    def __init__(self, config: EDM2Config, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self._config = config
        colours, size, _ = shape
        self.emb_fourier = _Fourier(config.noise_channels)
        self.emb_noise = _Weight(config.embedding, config.noise_channels)
        self.emb_label = _Weight(config.embedding, label_rows - 1) if label_rows else None
        widths = [config.channels * multiplier for multiplier in config.multipliers]
        self.add_towers(config, _Weight(widths[0], colours + 1, 3, 3), size, widths)
        self.out_conv = _Weight(colours, widths[0], 3, 3)
        self.out_gain = nn.Parameter(torch.zeros([]))

    def block(
        self, entering: int, leaving: int, *, attends: bool = False, decodes: bool = False, change: str = ""
    ) -> _Block:
        heads = leaving // self._config.channels_per_head if attends else 0
        return _Block(self._config, entering, leaving, heads, decodes=decodes, change=change)

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self._embed(time, labels)
        x = torch.cat([x, torch.ones_like(x[:, :1])], dim=1)
        skips = []
        for layer in self.enc.values():
            x = layer(x, embedding) if isinstance(layer, _Block) else _convolved(x, layer)
            skips.append(x)
        for name, layer in self.dec.items():
            if "block" in name:
                x = _beside(x, skips.pop(), self._config.concat_balance)
            x = layer(x, embedding)
        return _convolved(x, self.out_conv)

    def _embed(self, time: Tensor, labels: Tensor | None) -> Tensor:
        """silu of the embedding of noise level and label, as every block takes it."""
        fourier = self.emb_fourier
        waves = math.sqrt(2) * torch.cos(time[:, None] * fourier.freqs + fourier.phases)
        embedding = linear(waves, self.emb_noise.weight)
        if self.emb_label is not None:
            assert labels is not None
            table = self.emb_label.weight.t()
            chosen = table[labels.clamp(max=len(table) - 1)] * (labels < len(table))[:, None]
            embedding = embedding + chosen
        return silu(embedding)

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects. Gains become 1."""
        for layer in self.modules():
            if isinstance(layer, _Weight):
                layer.normalise()
        self.out_conv.weight.mul_(self.out_gain)
        self.out_gain.fill_(1.0)
        if self.emb_label is not None:
            first, second = balances(self._config.label_balance)
            self.emb_noise.weight.mul_(first)
            self.emb_label.weight.mul_(second * math.sqrt(self.emb_label.weight.shape[1]))
        for layer in self.modules():
            if isinstance(layer, _Block):
                layer.fold()


class _Fourier(nn.Module):
    freqs: Tensor
    phases: Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_buffer("freqs", torch.zeros(count))
        self.register_buffer("phases", torch.zeros(count))


class _Weight(nn.Module):
    """The weight of a convolution or a linear layer, neither of which has a bias."""

    def __init__(self, *shape: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(shape))

    def normalise(self) -> None:
        """Row by row w/(√n (10⁻⁴ + ‖w‖/√n)), with n the numbers of a row."""
        rows = self.weight.flatten(1)
        root = math.sqrt(rows.shape[1])
        rows.div_(root * (EPS + rows.norm(dim=1, keepdim=True) / root))


def _convolved(x: Tensor, layer: nn.Module) -> Tensor:
    assert isinstance(layer, _Weight)
    return conv2d(x, layer.weight, padding=layer.weight.shape[-1] // 2)


def balances(t: float) -> tuple[float, float]:
    """The weights of a and b in ((1 − t) a + t b)/√((1 − t)² + t²), which keeps the magnitude."""
    total = math.hypot(1 - t, t)
    return (1 - t) / total, t / total


def _beside(x: Tensor, skip: Tensor, t: float) -> Tensor:
    """Channels side by side, each part in proportion to its size and its balance."""
    entering, skipped = x.shape[1], skip.shape[1]
    total = math.sqrt((entering + skipped) / ((1 - t) ** 2 + t**2))
    return torch.cat([x * (total * (1 - t) / math.sqrt(entering)), skip * (total * t / math.sqrt(skipped))], dim=1)


def _normalised(x: Tensor, dim: int) -> Tensor:
    """x of root mean square 1 along an axis."""
    norm = torch.linalg.vector_norm(x, dim=dim, keepdim=True)
    return x / torch.add(norm / math.sqrt(x.shape[dim]), EPS)


class _Block(nn.Module):
    resample_filter: Tensor

    def __init__(
        self, config: EDM2Config, entering: int, leaving: int, heads: int, *, decodes: bool, change: str = ""
    ) -> None:
        super().__init__()
        self._config, self._heads, self._decodes, self._change = config, heads, decodes, change
        self.emb_gain = nn.Parameter(torch.zeros([]))
        self.conv_res0 = _Weight(leaving, entering if decodes else leaving, 3, 3)
        self.emb_linear = _Weight(leaving, config.embedding)
        self.conv_res1 = _Weight(leaving, leaving, 3, 3)
        self.conv_skip = _Weight(leaving, entering, 1, 1) if entering != leaving else None
        if heads:
            self.attn_qkv = _Weight(3 * leaving, leaving, 1, 1)
            self.attn_proj = _Weight(leaving, leaving, 1, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        x = self._resampled(x)
        if not self._decodes:
            x = x if self.conv_skip is None else _convolved(x, self.conv_skip)
            x = _normalised(x, dim=1)
        scale = 1 + linear(embedding, self.emb_linear.weight)[:, :, None, None]
        y = _convolved(silu(_convolved(silu(x), self.conv_res0).mul_(scale), inplace=True), self.conv_res1)
        kept = balances(self._config.res_balance)[0]
        if self._decodes and self.conv_skip is not None:
            x, kept = _convolved(x, self.conv_skip), 1.0
        x = y.add_(x, alpha=kept)
        if self._heads:
            x = self._attention(x).add_(x, alpha=balances(self._config.attn_balance)[0])
        return x if self._config.clip is None else x.clamp_(-self._config.clip, self._config.clip)

    def _resampled(self, x: Tensor) -> Tensor:
        taps = tuple(self._config.resample_filter)
        if not self._change:
            return x
        if taps == BOX:
            return doubled(x) if self._change == "up" else halved(x)
        resample = filtered_double if self._change == "up" else filtered_half
        return resample(x, filter_kernel(taps).to(x), (len(taps) - 1) // 2)

    def _attention(self, x: Tensor) -> Tensor:
        tokens = linear(x.flatten(2).transpose(1, 2), self.attn_qkv.weight.flatten(1))
        parts = (_normalised(split_heads(part, self._heads), dim=-1) for part in tokens.chunk(3, dim=-1))
        answer = attention(*parts).transpose(1, 2).flatten(2)
        return projected_image(answer, self.attn_proj.weight.flatten(1), None, x)

    def fold(self) -> None:
        """From normalised weights to those that `forward` expects."""
        kept, added = balances(self._config.res_balance)
        self.conv_res0.weight.div_(SILU_SCALE)
        self.conv_res1.weight.mul_(added / SILU_SCALE)
        self.emb_linear.weight.mul_(self.emb_gain / SILU_SCALE)
        self.emb_gain.fill_(1.0)
        if self._decodes and self.conv_skip is not None:
            self.conv_skip.weight.mul_(kept)
        if self._heads:
            self.attn_qkv.weight.copy_(rows_by_part(self.attn_qkv.weight, self._heads, interleaved=True))
            self.attn_proj.weight.mul_(balances(self._config.attn_balance)[1])
