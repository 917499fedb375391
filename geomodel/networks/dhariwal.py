"""The ADM network as EDM has it, with the names that EDM's files have."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from geomodel.networks.blocks import class_embedding, first_outputs, positional_embedding
from geomodel.networks.configs import DhariwalConfig
from geomodel.networks.edm_block import Block, Convolution, TwoTowers, group_norm

CHANNELS_PER_HEAD = 64
EPS = 1e-5


class DhariwalUNet(TwoTowers):
    """F(x, time, labels) of ADM: x (B, C, H, H), time (B,), labels (B,) rows → x's shape.

    The row after the last class stands for no label. It expects weights after `fold`. Sources: Dhariwal and Nichol
    (2105.05233); Karras et al. (2206.00364), appendix F.
    """

    def __init__(self, config: DhariwalConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self.colours, size, _ = shape
        self._embedding = config.channels * config.embedding_multiplier
        self.map_layer0 = nn.Linear(config.channels, self._embedding)
        self.map_layer1 = nn.Linear(self._embedding, self._embedding)
        self.map_label = nn.Linear(label_rows - 1, self._embedding, bias=False) if label_rows else None
        widths = [config.channels * multiplier for multiplier in config.multipliers]
        self.add_towers(config, Convolution(self.colours, widths[0], 3), size, widths)
        self.out_norm = group_norm(widths[0], EPS)
        self.out_conv = nn.Conv2d(widths[0], config.outputs, 3, padding=1)

    def block(
        self, entering: int, leaving: int, *, attends: bool = False, decodes: bool = False, change: str = ""
    ) -> Block:
        heads = leaving // CHANNELS_PER_HEAD if attends else 0  # narrow networks have no attention, though asked for
        return Block(
            entering, leaving, self._embedding, eps=EPS, scale=1.0, scale_shift=True, heads=heads, change=change
        )

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        width = self.map_layer0.in_features
        waves = positional_embedding(time, width, last=width // 2, sine_first=False)
        embedding = self.map_layer1(silu(self.map_layer0(waves)))
        if self.map_label is not None:
            assert labels is not None
            embedding = embedding + class_embedding(self.map_label, labels)
        embedding = silu(embedding)
        skips = []
        for layer in self.enc.values():
            x = layer(x, embedding) if isinstance(layer, Block) else layer(x)
            skips.append(x)
        for layer in self.dec.values():
            x = layer(x if layer.entering == x.shape[1] else torch.cat([x, skips.pop()], dim=1), embedding)
        return first_outputs(self.out_conv, silu(self.out_norm(x)), self.colours)

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects."""
        for layer in [*self.enc.values(), *self.dec.values()]:
            if isinstance(layer, Block):
                layer.fold()
