"""The blocks of diffusers' UNet2DModel, with their names."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import pad, silu

from geomodel.networks.blocks import (
    GroupNorm,
    doubled,
    filter_kernel,
    filtered_double,
    filtered_half,
    halved,
    mixed,
    projected_image,
    residual_branch,
)
from geomodel.networks.configs import UNet2DConfig

FIR = (1.0, 3.0, 3.0, 1.0)
SKIP_SCALE = math.sqrt(2.0)
SKIP_NORM_GROUPS = 32  # of attention in blocks with skips
SKIP_COLOURS = 3


def changed(x: Tensor, change: str) -> Tensor:
    """x at half or twice its resolution; "fir" uses the filter of NCSN++."""
    match change:
        case "down":
            return halved(x)
        case "up":
            return doubled(x)
        case "fir down":
            return filtered_half(x, filter_kernel(FIR).to(x), 1)
        case "fir up":
            return filtered_double(x, filter_kernel(FIR).to(x), 1)
    return x


def skip_groups(channels: int) -> int:
    return max(min(channels // 4, 32), 1)


class ResnetBlock(nn.Module):
    """A residual block. It expects weights after `fold`, which divides its last layers by `divisor`."""

    def __init__(
        self,
        config: UNet2DConfig,
        entering: int,
        leaving: int,
        *,
        groups: tuple[int, int] | None = None,
        divisor: float = 1.0,
        change: str = "",
        convolved_skip: bool = False,
    ) -> None:
        super().__init__()
        first, second = groups or (config.norm_num_groups, config.norm_num_groups)
        self._divisor, self._change = divisor, change
        self._scale_shift = config.resnet_time_scale_shift == "scale_shift"
        embedding = 4 * config.block_out_channels[0]
        self.norm1 = GroupNorm(first, entering, eps=config.norm_eps)
        self.conv1 = nn.Conv2d(entering, leaving, 3, padding=1)
        self.time_emb_proj = nn.Linear(embedding, leaving * (2 if self._scale_shift else 1))
        self.norm2 = GroupNorm(second, leaving, eps=config.norm_eps)
        self.conv2 = nn.Conv2d(leaving, leaving, 3, padding=1)
        convolved = convolved_skip or entering != leaving
        self.conv_shortcut = nn.Conv2d(entering, leaving, 1) if convolved else None

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        change = residual_branch(
            x,
            self.time_emb_proj(embedding),
            self.norm1,
            self.conv1,
            self.norm2,
            self.conv2,
            scale_shift=self._scale_shift,
            resample=lambda h: changed(h, self._change),
        )
        x = changed(x, self._change)
        if self.conv_shortcut is not None:
            kept: Tensor = self.conv_shortcut(x)
            return change.add_(kept)
        return change.add_(x, alpha=1 / self._divisor)

    def fold(self) -> None:
        layers = (self.conv2, self.conv_shortcut) if self._divisor != 1 else ()
        for layer in layers:
            for parameter in () if layer is None else layer.parameters():
                parameter.div_(self._divisor)


class Attention(nn.Module):
    """Self-attention. It expects weights after `fold`, which divides its last layer by `divisor`."""

    def __init__(self, config: UNet2DConfig, width: int, *, groups: int | None, divisor: float = 1.0) -> None:
        super().__init__()
        size = config.attention_head_dim or width
        self._heads, self._divisor = width // size, divisor
        inner = self._heads * size
        self.group_norm = None if groups is None else GroupNorm(groups, width, eps=config.norm_eps)
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, inner) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(inner, width)])

    def forward(self, x: Tensor) -> Tensor:
        normal = x if self.group_norm is None else self.group_norm(x)
        tokens = normal.flatten(2).transpose(1, 2)
        answer = mixed(self.to_q(tokens), self.to_k(tokens), self.to_v(tokens), self._heads)
        last = self.to_out[0]
        assert isinstance(last, nn.Linear)
        return projected_image(answer, last.weight, last.bias, x).add_(x, alpha=1 / self._divisor)

    def fold(self) -> None:
        for parameter in self.to_out.parameters() if self._divisor != 1 else ():
            parameter.div_(self._divisor)


class MidBlock(nn.Module):
    """Block, attention, block. With scale and shift its attention has a norm only where the config names its groups."""

    def __init__(self, config: UNet2DConfig, width: int) -> None:
        super().__init__()
        divisor = config.mid_block_scale_factor
        groups = config.attn_norm_num_groups
        if groups is None and config.resnet_time_scale_shift == "default":
            groups = config.norm_num_groups
        self.resnets = nn.ModuleList(ResnetBlock(config, width, width, divisor=divisor) for _ in range(2))
        attention = [Attention(config, width, groups=groups, divisor=divisor)] if config.add_attention else []
        self.attentions = nn.ModuleList(attention)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        x = self.resnets[0](x, embedding)
        for attention in self.attentions:
            x = attention(x)
        result: Tensor = self.resnets[1](x, embedding)
        return result


class Convolution(nn.Module):
    """A change of resolution with a 3 × 3 convolution."""

    def __init__(self, width: int, change: str, padding: int = 1) -> None:
        super().__init__()
        self._change, self._padding = change, padding
        down = change == "down"
        self.conv = nn.Conv2d(width, width, 3, stride=2 if down else 1, padding=padding if down else 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        if self._change == "up":
            x = doubled(x)
        elif not self._padding:
            x = pad(x, (0, 1, 0, 1))  # one pixel to the right and below
        result: Tensor = self.conv(x)
        return result


class Down(nn.Module):
    """Blocks at one resolution, then half of it unless it is the last."""

    def __init__(self, config: UNet2DConfig, kind: str, entering: int, leaving: int, *, last: bool) -> None:
        super().__init__()
        self._skips, attends = "Skip" in kind, kind.startswith("Attn")
        divisor = SKIP_SCALE if self._skips else 1.0
        self.resnets, self.attentions = nn.ModuleList(), nn.ModuleList()
        for _ in range(config.layers_per_block):
            groups = (skip_groups(entering), skip_groups(leaving)) if self._skips else None
            self.resnets.append(ResnetBlock(config, entering, leaving, groups=groups, divisor=divisor))
            entering = leaving
            if attends:
                groups_of_norm = SKIP_NORM_GROUPS if self._skips else config.norm_num_groups
                self.attentions.append(Attention(config, leaving, groups=groups_of_norm, divisor=divisor))
        self.downsamplers, self.resnet_down, self.skip_conv = nn.ModuleList(), None, None
        if last:
            return
        if self._skips:
            self.resnet_down = _skip_resampler(config, leaving, "fir down")
            self.skip_conv = nn.Conv2d(SKIP_COLOURS, leaving, 1)
        elif kind.startswith("Resnet") or (attends and config.downsample_type == "resnet"):
            self.downsamplers.append(ResnetBlock(config, leaving, leaving, change="down"))
        else:
            self.downsamplers.append(Convolution(leaving, "down", config.downsample_padding))

    def forward(self, x: Tensor, embedding: Tensor, picture: Tensor, skips: list[Tensor]) -> tuple[Tensor, Tensor]:
        """The features and the picture below, after adding to the skips."""
        for index, resnet in enumerate(self.resnets):
            x = resnet(x, embedding)
            if self.attentions:
                x = self.attentions[index](x)
            skips.append(x)
        for downsampler in self.downsamplers:
            x = downsampler(x, embedding)
            skips.append(x)
        if self.resnet_down is not None and self.skip_conv is not None:
            picture = changed(picture, "fir down")
            x = self.skip_conv(picture) + self.resnet_down(x, embedding)
            skips.append(x)
        return x, picture


class Up(nn.Module):
    """Blocks at one resolution, each with a skip, then twice the resolution unless it is the last."""

    def __init__(self, config: UNet2DConfig, kind: str, below: int, skip: int, leaving: int, *, last: bool) -> None:
        super().__init__()
        self._skips, attends = "Skip" in kind, kind.startswith("Attn")
        divisor = SKIP_SCALE if self._skips else 1.0
        self.resnets, self.attentions = nn.ModuleList(), nn.ModuleList()
        for index in range(config.layers_per_block + 1):
            entering = leaving if index else below
            beside = skip if index == config.layers_per_block else leaving
            groups = None
            if self._skips:  # the two kinds of block differ in a bracket, which their files have learned with
                share = entering + beside // 4 if attends else (entering + beside) // 4
                groups = (max(min(share, 32), 1), skip_groups(leaving))
            self.resnets.append(ResnetBlock(config, entering + beside, leaving, groups=groups, divisor=divisor))
            if attends and not self._skips:
                self.attentions.append(Attention(config, leaving, groups=config.norm_num_groups))
        if attends and self._skips:
            self.attentions.append(Attention(config, leaving, groups=SKIP_NORM_GROUPS, divisor=divisor))
        self.upsamplers, self.resnet_up, self.skip_conv, self.skip_norm = nn.ModuleList(), None, None, None
        if last:
            return
        if self._skips:
            self.resnet_up = _skip_resampler(config, leaving, "fir up")
            self.skip_conv = nn.Conv2d(leaving, SKIP_COLOURS, 3, padding=1)
            self.skip_norm = GroupNorm(skip_groups(leaving), leaving, eps=config.norm_eps)
        elif kind.startswith("Resnet") or (attends and config.upsample_type == "resnet"):
            self.upsamplers.append(ResnetBlock(config, leaving, leaving, change="up"))
        else:
            self.upsamplers.append(Convolution(leaving, "up"))

    def forward(
        self, x: Tensor, embedding: Tensor, grown: Tensor | None, skips: list[Tensor]
    ) -> tuple[Tensor, Tensor | None]:
        """The features above and the picture that grows, after taking from the skips."""
        for index, resnet in enumerate(self.resnets):
            x = resnet(torch.cat([x, skips.pop()], dim=1), embedding)
            if self.attentions and not self._skips:
                x = self.attentions[index](x)
        if self._skips:
            for attention in self.attentions:
                x = attention(x)
            grown = None if grown is None else changed(grown, "fir up")
        for upsampler in self.upsamplers:
            x = upsampler(x, embedding)
        if self.resnet_up is not None and self.skip_conv is not None and self.skip_norm is not None:
            picture = self.skip_conv(silu(self.skip_norm(x)))
            grown = picture if grown is None else grown + picture
            x = self.resnet_up(x, embedding)
        return x, grown


def _skip_resampler(config: UNet2DConfig, width: int, change: str) -> ResnetBlock:
    groups = (skip_groups(width), skip_groups(width))
    return ResnetBlock(config, width, width, groups=groups, divisor=SKIP_SCALE, change=change, convolved_skip=True)
