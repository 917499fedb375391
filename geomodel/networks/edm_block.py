"""The layers of EDM's networks: convolutions that change the resolution, and residual blocks with attention."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d

from geomodel.networks.blocks import (
    GroupNorm,
    OpenedNetwork,
    doubled,
    filter_kernel,
    filtered_double,
    filtered_half,
    halved,
    image_attention,
    residual_branch,
    rows_by_part,
)
from geomodel.networks.configs import Towers

BOX = (1.0, 1.0)  # the filter that takes means of 2 × 2 pixels, and repeats pixels


class Convolution(nn.Module):
    """A convolution after or before a change of resolution. With kernel 0 it only changes the resolution."""

    resample_filter: Tensor

    def __init__(
        self,
        entering: int,
        leaving: int,
        kernel: int,
        change: str = "",
        taps: tuple[float, ...] = BOX,
        filter_last: bool = False,
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(leaving, entering, kernel, kernel)) if kernel else None
        self.bias = nn.Parameter(torch.zeros(leaving)) if kernel else None
        self.change, self.box, self.filter_last = change, taps == BOX, filter_last
        self.padding, self.filter_padding = kernel // 2, (len(taps) - 1) // 2
        if change:
            self.register_buffer("resample_filter", filter_kernel(taps)[None, None])

    def forward(self, x: Tensor) -> Tensor:
        if self.filter_last:
            return filtered_half(self._convolved(x, self.padding + self.filter_padding), self._kernel, 0)
        if self.change == "up" and self.box and self.padding == 0:
            return doubled(self._convolved(x, 0))  # a quarter of the work, and the same numbers
        return self._convolved(self._resampled(x), self.padding)

    @property
    def _kernel(self) -> Tensor:
        return self.resample_filter[0, 0]

    def _convolved(self, x: Tensor, padding: int) -> Tensor:
        return x if self.weight is None else conv2d(x, self.weight, self.bias, padding=padding)

    def _resampled(self, x: Tensor) -> Tensor:
        if not self.change:
            return x
        if self.box:
            return doubled(x) if self.change == "up" else halved(x)
        resample = filtered_double if self.change == "up" else filtered_half
        return resample(x, self._kernel, self.filter_padding)


class Block(nn.Module):
    """A residual block with attention after it, both scaled by `scale` together with their input.

    It expects weights after `fold`: the last layers of both were multiplied by the scale, the rows of q, k, v sorted.
    """

    def __init__(
        self,
        entering: int,
        leaving: int,
        embedding: int,
        *,
        eps: float,
        scale: float,
        scale_shift: bool,
        heads: int = 0,
        change: str = "",
        taps: tuple[float, ...] = BOX,
        convolved_skip: bool = False,
    ) -> None:
        super().__init__()
        self.entering, self.leaving, self.scale, self.scale_shift, self.heads = (
            entering,
            leaving,
            scale,
            scale_shift,
            heads,
        )
        self.norm0 = group_norm(entering, eps)
        self.conv0 = Convolution(entering, leaving, 3, change, taps)
        self.affine = nn.Linear(embedding, leaving * (2 if scale_shift else 1))
        self.norm1 = group_norm(leaving, eps)
        self.conv1 = Convolution(leaving, leaving, 3)
        self.skip = None
        if entering != leaving or change:
            kernel = 1 if convolved_skip or entering != leaving else 0
            self.skip = Convolution(entering, leaving, kernel, change, taps)
        if heads:
            self.norm2 = group_norm(leaving, eps)
            self.qkv = nn.Conv2d(leaving, 3 * leaving, 1)
            self.proj = nn.Conv2d(leaving, leaving, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        change = residual_branch(
            x,
            self.affine(embedding),
            self.norm0,
            self.conv0,
            self.norm1,
            self.conv1,
            scale_shift=self.scale_shift,
        )
        kept = x if self.skip is None else self.skip(x)
        folded = self.skip is not None and self.skip.weight is not None
        x = change.add_(kept, alpha=1.0 if folded else self.scale)
        if self.heads:
            answer = image_attention(self.norm2(x), self.qkv, self.proj, self.heads)
            x = answer.add_(x, alpha=self.scale)
        return x

    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects."""
        last = (self.conv1.weight, self.conv1.bias)
        skip = () if self.skip is None else (self.skip.weight, self.skip.bias)
        attention = (self.proj.weight, self.proj.bias) if self.heads else ()
        for parameter in (*last, *skip, *attention):
            if parameter is not None:
                parameter.mul_(self.scale)
        for parameter in (self.qkv.weight, self.qkv.bias) if self.heads else ():
            assert parameter is not None
            parameter.copy_(rows_by_part(parameter, self.heads, interleaved=True))


def group_norm(channels: int, eps: float) -> GroupNorm:
    return GroupNorm(max(min(32, channels // 4), 1), channels, eps=eps)


class TwoTowers(OpenedNetwork):
    """A network with the tables `enc` and `dec` of EDM's files, whose blocks a subclass makes."""

    def add_towers(self, config: Towers, first: nn.Module, size: int, widths: list[int]) -> None:
        """Fill the tables. A block on the way up takes a skip where its name says "block"."""
        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        levels = [(f"{side}x{side}", side in config.attention, wide) for side, wide in _levels(size, widths)]
        leaving = widths[0]
        self.enc[f"{levels[0][0]}_conv"], skips = first, [leaving]
        for level, (name, attends, wide) in enumerate(levels):
            if level:
                self.enc[f"{name}_down"] = self.block(leaving, leaving, change="down")
                skips.append(leaving)
            for index in range(config.blocks):
                self.enc[f"{name}_block{index}"] = self.block(leaving, wide, attends=attends)
                leaving = wide
                skips.append(leaving)
        for level, (name, attends, wide) in reversed(list(enumerate(levels))):
            if level == len(levels) - 1:
                self.dec[f"{name}_in0"] = self.block(leaving, leaving, decodes=True, attends=True)
                self.dec[f"{name}_in1"] = self.block(leaving, leaving, decodes=True)
            else:
                self.dec[f"{name}_up"] = self.block(leaving, leaving, decodes=True, change="up")
            for index in range(config.blocks + 1):
                entering = leaving + skips.pop()
                self.dec[f"{name}_block{index}"] = self.block(entering, wide, decodes=True, attends=attends)
                leaving = wide

    def block(
        self, entering: int, leaving: int, *, attends: bool = False, decodes: bool = False, change: str = ""
    ) -> nn.Module:
        raise NotImplementedError


def _levels(size: int, widths: list[int]) -> list[tuple[int, int]]:
    """Side and channels of each level, from the finest on."""
    return [(size >> level, wide) for level, wide in enumerate(widths)]
