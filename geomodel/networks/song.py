"""DDPM++ and NCSN++, with the names that EDM's files have."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from geomodel.networks.blocks import OpenedNetwork, class_embedding, positional_embedding, waves
from geomodel.networks.configs import SongConfig
from geomodel.networks.edm_block import Block, Convolution, group_norm

EPS = 1e-6
SCALE = math.sqrt(0.5)


class Frequencies(nn.Module):
    """The random frequencies of a Fourier embedding, a buffer of the file."""

    freqs: Tensor

    def __init__(self, count: int) -> None:
        super().__init__()
        self.register_buffer("freqs", torch.zeros(count))


class SongUNet(OpenedNetwork):
    """F(x, time, labels) of DDPM++ and NCSN++: x (B, C, H, H), time (B,), labels (B,) rows → x's shape.

    The row after the last class stands for no label. It expects weights after `fold`. Sources: Song et al.
    (2011.13456), appendix H; Karras et al. (2206.00364), appendix F.
    """

    def __init__(self, config: SongConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self.colours, size, _ = shape
        self._config = config
        width = config.channels
        self._embedding, noise = width * config.embedding_multiplier, width * config.noise_multiplier
        self.map_noise = Frequencies(noise // 2) if config.embedding == "fourier" else None
        self.map_label = nn.Linear(label_rows - 1, noise) if label_rows else None
        self.map_layer0 = nn.Linear(noise, self._embedding)
        self.map_layer1 = nn.Linear(self._embedding, self._embedding)
        levels = [(size >> level, width * multiplier) for level, multiplier in enumerate(config.multipliers)]
        self.enc, self.dec = nn.ModuleDict(), nn.ModuleDict()
        skips = self._add_encoder(levels)
        self._add_decoder(levels, skips)

    def _block(self, entering: int, leaving: int, *, attends: bool = False, change: str = "") -> Block:
        return Block(
            entering,
            leaving,
            self._embedding,
            eps=EPS,
            scale=SCALE,
            scale_shift=False,
            heads=int(attends),
            change=change,
            taps=tuple(self._config.resample_filter),
            convolved_skip=True,
        )

    def _add_encoder(self, levels: list[tuple[int, int]]) -> list[int]:
        """The way down. Returns the channels of its skips."""
        config, taps = self._config, tuple(self._config.resample_filter)
        leaving, picture, skips = config.channels, self.colours, [config.channels]
        for level, (side, wide) in enumerate(levels):
            name = f"{side}x{side}"
            if level == 0:
                self.enc[f"{name}_conv"] = Convolution(self.colours, leaving, 3)
            else:
                self.enc[f"{name}_down"] = self._block(leaving, leaving, change="down")
                skips.append(leaving)
                if config.encoder == "skip":
                    self.enc[f"{name}_aux_down"] = Convolution(picture, picture, 0, "down", taps)
                    self.enc[f"{name}_aux_skip"] = Convolution(picture, leaving, 1)
                if config.encoder == "residual":
                    self.enc[f"{name}_aux_residual"] = Convolution(picture, leaving, 3, "down", taps, filter_last=True)
                    picture = leaving
            for index in range(config.blocks):
                self.enc[f"{name}_block{index}"] = self._block(leaving, wide, attends=side in config.attention)
                leaving = wide
                skips.append(leaving)
        return skips

    def _add_decoder(self, levels: list[tuple[int, int]], skips: list[int]) -> None:
        """The way up, which takes the skips from the last to the first."""
        config, taps = self._config, tuple(self._config.resample_filter)
        leaving = skips[-1]
        for level, (side, wide) in reversed(list(enumerate(levels))):
            name, lowest = f"{side}x{side}", level == len(levels) - 1
            if lowest:
                self.dec[f"{name}_in0"] = self._block(leaving, leaving, attends=True)
                self.dec[f"{name}_in1"] = self._block(leaving, leaving)
            else:
                self.dec[f"{name}_up"] = self._block(leaving, leaving, change="up")
            for index in range(config.blocks + 1):
                attends = index == config.blocks and side in config.attention
                self.dec[f"{name}_block{index}"] = self._block(leaving + skips.pop(), wide, attends=attends)
                leaving = wide
            if config.decoder == "skip" or level == 0:
                if config.decoder == "skip" and not lowest:
                    self.dec[f"{name}_aux_up"] = Convolution(config.outputs, config.outputs, 0, "up", taps)
                self.dec[f"{name}_aux_norm"] = group_norm(leaving, EPS)
                self.dec[f"{name}_aux_conv"] = Convolution(leaving, config.outputs, 3)

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        embedding = self._embed(time, labels)
        x, skips = self._down(x, embedding)
        grown: Tensor | None = None
        picture = x
        for name, layer in self.dec.items():
            if name.endswith("aux_up"):
                grown = layer(grown)
            elif name.endswith("aux_norm"):
                picture = silu(layer(x))
            elif name.endswith("aux_conv"):
                grown = layer(picture) if grown is None else grown + layer(picture)
            else:
                x = layer(x if layer.entering == x.shape[1] else torch.cat([x, skips.pop()], dim=1), embedding)
        assert grown is not None
        return grown[:, : self.colours]

    def _down(self, x: Tensor, embedding: Tensor) -> tuple[Tensor, list[Tensor]]:
        skips: list[Tensor] = []
        picture = x
        for name, layer in self.enc.items():
            if name.endswith("aux_down"):
                picture = layer(picture)
            elif name.endswith("aux_skip"):
                x = skips[-1] = x + layer(picture)
            elif name.endswith("aux_residual"):
                x = skips[-1] = picture = torch.add(layer(picture), x, alpha=SCALE)
            else:
                x = layer(x, embedding) if isinstance(layer, Block) else layer(x)
                skips.append(x)
        return x, skips

    def _embed(self, time: Tensor, labels: Tensor | None) -> Tensor:
        if self.map_noise is not None:
            embedding = waves(time[:, None] * (math.tau * self.map_noise.freqs), sine_first=True)
        else:
            width = self.map_layer0.in_features
            embedding = positional_embedding(time, width, last=width // 2 - 1, sine_first=True)
        if self.map_label is not None:
            assert labels is not None
            embedding = embedding + class_embedding(self.map_label, labels)
        return silu(self.map_layer1(silu(self.map_layer0(embedding))))

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects: the scale √K of labels, and those of blocks."""
        if self.map_label is not None:
            self.map_label.weight.mul_(math.sqrt(self.map_label.in_features))
        for name, layer in [*self.enc.items(), *self.dec.items()]:
            if isinstance(layer, Block):
                layer.fold()
            elif name.endswith("aux_residual"):
                for parameter in layer.parameters():
                    parameter.mul_(SCALE)
