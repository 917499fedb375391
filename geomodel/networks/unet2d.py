"""UNet2DModel of diffusers, with its names."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from geomodel.networks.blocks import GroupNorm, OpenedNetwork, first_outputs, positional_embedding, waves
from geomodel.networks.configs import UNet2DConfig
from geomodel.networks.unet2d_blocks import Attention, Down, MidBlock, ResnetBlock, Up


class _TimeEmbedding(nn.Module):
    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(entering, leaving)
        self.linear_2 = nn.Linear(leaving, leaving)

    def forward(self, waves: Tensor) -> Tensor:
        result: Tensor = self.linear_2(silu(self.linear_1(waves)))
        return result


class _Frequencies(nn.Module):
    def __init__(self, count: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.zeros(count))


class UNet2D(OpenedNetwork):
    """F(x, time, labels): x (B, C, H, W), time (B,), labels (B,) rows → x's shape.

    A network with Fourier embedding takes σ as its time; its output here is σ times the score. It expects weights after
    `fold`. Sources: Ho et al. (2006.11239); Song et al. (2011.13456), appendix H.
    """

    def __init__(self, config: UNet2DConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self._config, self._colours = config, shape[0]
        widths, count = config.block_out_channels, len(config.block_out_channels)
        embedding, fourier = 4 * widths[0], config.time_embedding_type == "fourier"
        self.conv_in = nn.Conv2d(self._colours, widths[0], 3, padding=1)
        self.time_proj = _Frequencies(widths[0]) if fourier else None
        self.time_embedding = _TimeEmbedding(widths[0] * (2 if fourier else 1), embedding)
        table = torch.zeros(label_rows, embedding)
        self.class_embedding = nn.Embedding(label_rows, embedding, _weight=table) if label_rows else None
        self.down_blocks, self.up_blocks = nn.ModuleList(), nn.ModuleList()
        for i, down in enumerate(config.down_block_types):
            self.down_blocks.append(Down(config, down, widths[max(i - 1, 0)], widths[i], last=i == count - 1))
        self.mid_block = MidBlock(config, widths[-1])
        rising = widths[::-1]
        for i, up in enumerate(config.up_block_types):
            below, skip = rising[max(i - 1, 0)], rising[min(i + 1, count - 1)]
            self.up_blocks.append(Up(config, up, below, skip, rising[i], last=i == count - 1))
        self.conv_norm_out = GroupNorm(config.norm_num_groups, widths[0], eps=config.norm_eps)
        self.conv_out = nn.Conv2d(widths[0], config.out_channels, 3, padding=1)

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self._embed(time, labels)
        if self._config.center_input_sample:
            x = 2 * x - 1
        picture = x
        x = self.conv_in(x)
        skips = [x]
        for down in self.down_blocks:
            x, picture = down(x, embedding, picture, skips)
        x = self.mid_block(x, embedding)
        grown: Tensor | None = None
        for up in self.up_blocks:
            x, grown = up(x, embedding, grown, skips)
        answer = first_outputs(self.conv_out, silu(self.conv_norm_out(x)), self._colours)
        return answer if grown is None else answer + grown

    def _embed(self, time: Tensor, labels: Tensor | None) -> Tensor:
        """silu of the embedding of time and label, as every block takes it."""
        config, width = self._config, self.conv_in.out_channels
        if self.time_proj is not None:
            angles = time.log()[:, None] * (math.tau * self.time_proj.weight)
            embedding = waves(angles, sine_first=True)
        else:
            last = width // 2 - config.freq_shift
            embedding = positional_embedding(time, width, last=last, sine_first=not config.flip_sin_to_cos)
        embedding = self.time_embedding(embedding)
        if self.class_embedding is not None:
            embedding = embedding + self.class_embedding(labels)
        return silu(embedding)

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects: the last layers of blocks are divided."""
        for layer in self.modules():
            if isinstance(layer, ResnetBlock | Attention):
                layer.fold()
