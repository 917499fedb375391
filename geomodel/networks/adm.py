"""The U-Net of guided-diffusion, improved-diffusion, consistency_models and torch_cfm, with their names."""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor, nn
from torch.nn.functional import silu

from geomodel.networks.blocks import (
    GroupNorm,
    OpenedNetwork,
    doubled,
    first_outputs,
    halved,
    image_attention,
    positional_embedding,
    residual_branch,
    rows_by_part,
)
from geomodel.networks.configs import ADM_GROUPS, ADMConfig

_Layer = nn.Module


class ADMUNet(OpenedNetwork):
    """F(x, time, labels): x (B, C, H, W), time (B,), labels (B,) rows → x's shape.

    It expects weights after `fold`, which sorts the rows of q, k, v. Sources: Ho et al. (2006.11239); Nichol and
    Dhariwal (2102.09672); Dhariwal and Nichol (2105.05233), section 3.
    """

    def __init__(self, config: ADMConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self._config, self.colours = config, shape[0]
        embedding = 4 * config.embedding
        self.time_embed = _numbered({0: nn.Linear(config.embedding, embedding), 2: nn.Linear(embedding, embedding)})
        # The zeros are made here, because on the meta device the layer's own initialisation is slow.
        table = torch.zeros(label_rows, embedding)
        self.label_emb = nn.Embedding(label_rows, embedding, _weight=table) if label_rows else None
        first = nn.Conv2d(self.colours, config.widths[0], 3, padding=1)
        self.input_blocks = nn.ModuleList([nn.ModuleList([first]), *(nn.ModuleList(layers) for layers in self._down())])
        last = config.widths[-1]
        self.middle_block = nn.ModuleList([self._block(last, last), self._attention(last), self._block(last, last)])
        self.output_blocks = nn.ModuleList(nn.ModuleList(layers) for layers in self._up())
        self.out = _numbered({0: _norm(config.widths[0]), 2: nn.Conv2d(config.widths[0], config.outputs, 3, padding=1)})

    def _block(self, entering: int, leaving: int, change: str = "") -> _Block:
        return _Block(entering, leaving, 4 * self._config.embedding, self._config.scale_shift, change)

    def _attention(self, width: int) -> _Attention:
        return _Attention(width, self._config)

    def _resampling(self, width: int, change: str) -> _Layer:
        if self._config.resampling == "blocks":
            return self._block(width, width, change)
        return _Resampling(width, change, convolved=self._config.resampling == "convolutions")

    def _down(self) -> Iterator[list[_Layer]]:
        width = self._config.widths[0]
        for level, wide in enumerate(self._config.widths):
            if level:
                yield [self._resampling(width, "down")]
            for _ in range(self._config.blocks):
                layers: list[_Layer] = [self._block(width, wide)]
                width = wide
                if 1 << level in self._config.attention:
                    layers.append(self._attention(width))
                yield layers

    def _up(self) -> Iterator[list[_Layer]]:
        config = self._config
        skips = [config.widths[0]]
        for level, wide in enumerate(config.widths):
            skips += [config.widths[level - 1]] if level else []
            skips += [wide] * config.blocks
        width = config.widths[-1]
        for level, wide in reversed(list(enumerate(config.widths))):
            for index in range(config.blocks + 1):
                layers: list[_Layer] = [self._block(width + skips.pop(), wide)]
                width = wide
                if 1 << level in config.attention:
                    layers.append(self._attention(width))
                if level and index == config.blocks:
                    layers.append(self._resampling(width, "up"))
                yield layers

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        width = self._config.embedding
        embedding = positional_embedding(time, width, last=width // 2, sine_first=False)
        embedding = self.time_embed["2"](silu(self.time_embed["0"](embedding)))
        if self.label_emb is not None:
            embedding = embedding + self.label_emb(labels)
        embedding = silu(embedding)
        skips = []
        for layers in self.input_blocks:
            x = _through(layers, x, embedding)
            skips.append(x)
        x = _through(self.middle_block, x, embedding)
        for layers in self.output_blocks:
            x = _through(layers, torch.cat([x, skips.pop()], dim=1), embedding)
        final = self.out["2"]
        assert isinstance(final, nn.Conv2d)
        return first_outputs(final, silu(self.out["0"](x)), self.colours)

    @torch.no_grad()
    def fold(self) -> None:
        """From the weights of a file to those that `forward` expects."""
        for layer in self.modules():
            if isinstance(layer, _Attention):
                layer.fold()


def _through(layers: nn.Module, x: Tensor, embedding: Tensor) -> Tensor:
    assert isinstance(layers, nn.ModuleList)
    for layer in layers:
        x = layer(x, embedding) if isinstance(layer, _Block) else layer(x)
    return x


def _numbered(layers: dict[int, nn.Module]) -> nn.ModuleDict:
    """Layers under the numbers that they have in the original sequence, where activations count too."""
    return nn.ModuleDict({str(number): layer for number, layer in layers.items()})


def _norm(width: int) -> GroupNorm:
    return GroupNorm(ADM_GROUPS, width)


_CHANGES = {"": None, "down": halved, "up": doubled}


class _Block(nn.Module):
    def __init__(self, entering: int, leaving: int, embedding: int, scale_shift: bool, change: str) -> None:
        super().__init__()
        self._scale_shift, self._change = scale_shift, _CHANGES[change]
        self.in_layers = _numbered({0: _norm(entering), 2: nn.Conv2d(entering, leaving, 3, padding=1)})
        self.emb_layers = _numbered({1: nn.Linear(embedding, leaving * (2 if scale_shift else 1))})
        self.out_layers = _numbered({0: _norm(leaving), 3: nn.Conv2d(leaving, leaving, 3, padding=1)})
        self.skip_connection = nn.Identity() if entering == leaving else nn.Conv2d(entering, leaving, 1)

    def forward(self, x: Tensor, embedding: Tensor) -> Tensor:
        change = residual_branch(
            x,
            self.emb_layers["1"](embedding),
            self.in_layers["0"],
            self.in_layers["2"],
            self.out_layers["0"],
            self.out_layers["3"],
            scale_shift=self._scale_shift,
            resample=self._change,
        )
        kept: Tensor = self.skip_connection(x if self._change is None else self._change(x))
        return change.add_(kept)


class _Attention(nn.Module):
    def __init__(self, width: int, config: ADMConfig) -> None:
        super().__init__()
        kernel = nn.Conv1d if config.fused_axes == 1 else nn.Conv2d
        self._heads, self._sorted = config.heads_at(width), config.new_attention_order
        self.norm = _norm(width)
        self.qkv = kernel(width, 3 * width, 1)
        self.proj_out = kernel(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        return image_attention(self.norm(x), self.qkv, self.proj_out, self._heads).add_(x)

    def fold(self) -> None:
        if not self._sorted:
            for parameter in self.qkv.parameters():
                parameter.copy_(rows_by_part(parameter, self._heads, interleaved=False))


class _Resampling(nn.Module):
    """A change of resolution by a convolution, or by means and repeated pixels."""

    def __init__(self, width: int, change: str, *, convolved: bool) -> None:
        super().__init__()
        self._change = change
        self.op = nn.Conv2d(width, width, 3, stride=2, padding=1) if convolved and change == "down" else None
        self.conv = nn.Conv2d(width, width, 3, padding=1) if convolved and change == "up" else None

    def forward(self, x: Tensor) -> Tensor:
        if self._change == "up":
            x = doubled(x)
            return x if self.conv is None else self.conv(x)
        return halved(x) if self.op is None else self.op(x)
