"""The transformer of DiT, SiT and REPA, and that of diffusers' DiT folders, each with its names."""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.nn.functional import gelu, layer_norm, silu

from geomodel.networks.blocks import OpenedNetwork, mixed, positional_embedding
from geomodel.networks.configs import DiffusersDiTConfig, DiTConfig

EPS = 1e-6
DIFFUSERS_FREQUENCIES = 256


class DiT(OpenedNetwork):
    """F(x, time, labels) of the original codes: x (B, C, H, H), time (B,), labels (B,) rows → x's shape.

    Source: Peebles and Xie (2212.09748), section 3.2.
    """

    def __init__(self, config: DiTConfig, shape: tuple[int, ...], label_rows: int = 0) -> None:
        super().__init__()
        self._config, self._channels = config, shape[0]
        width, patch = config.width, config.patch
        self.x_embedder = _Patches(shape[0], width, patch)
        self.pos_embed = nn.Parameter(torch.zeros(1, (shape[1] // patch) * (shape[2] // patch), width))
        self.t_embedder = nn.ModuleDict({"mlp": _TimeMLP(config.frequencies, width)})
        self.y_embedder = _Labels(label_rows, width) if label_rows else None
        self.blocks = nn.ModuleList(_Block(config) for _ in range(config.depth))
        self.final_layer = _Final(width, patch * patch * config.outputs)

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        count = self._config.frequencies
        embedding = self.t_embedder["mlp"](positional_embedding(time, count, last=count // 2, sine_first=False))
        if self.y_embedder is not None:
            embedding = embedding + self.y_embedder.embedding_table(labels)
        embedding = silu(embedding)
        tokens = self.x_embedder(x) + self.pos_embed
        for block in self.blocks:
            tokens = block(tokens, embedding)
        return picture(self.final_layer(tokens, embedding), x, self._config.patch)


class _TimeMLP(nn.ModuleDict):
    def __init__(self, entering: int, leaving: int) -> None:
        super().__init__({"0": nn.Linear(entering, leaving), "2": nn.Linear(leaving, leaving)})

    def forward(self, waves: Tensor) -> Tensor:
        result: Tensor = self["2"](silu(self["0"](waves)))
        return result


class _Patches(nn.Module):
    """Square patches of the image as tokens, row by row."""

    def __init__(self, channels: int, width: int, patch: int) -> None:
        super().__init__()
        self.proj = nn.Conv2d(channels, width, patch, stride=patch)

    def forward(self, x: Tensor) -> Tensor:
        tokens: Tensor = self.proj(x)
        return tokens.flatten(2).transpose(1, 2)


class _Labels(nn.Module):
    def __init__(self, rows: int, width: int) -> None:
        super().__init__()
        # The zeros are made here, because on the meta device the layer's own initialisation is slow.
        self.embedding_table = nn.Embedding(rows, width, _weight=torch.zeros(rows, width))


def picture(tokens: Tensor, like: Tensor, patch: int) -> Tensor:
    """Tokens (B, N, patch² outputs), which hold rows, columns, channels, as an image with the channels of another."""
    batch, channels, height, width = like.shape
    parts = tokens.reshape(batch, height // patch, width // patch, patch, patch, -1)[..., :channels]
    return parts.permute(0, 5, 1, 3, 2, 4).reshape(like.shape)


def modulated(tokens: Tensor, shift: Tensor, scale: Tensor, eps: float = EPS) -> Tensor:
    """Tokens after a layer norm without weights, with scale and shift (B, C) of the embedding."""
    normal = layer_norm(tokens, tokens.shape[-1:], eps=eps)
    return torch.addcmul(shift[:, None], normal, 1 + scale[:, None])


class _Block(nn.Module):
    def __init__(self, config: DiTConfig) -> None:
        super().__init__()
        self._heads = config.heads
        width, hidden = config.width, config.hidden
        self.attn = nn.ModuleDict({"qkv": nn.Linear(width, 3 * width), "proj": nn.Linear(width, width)})
        self.mlp = nn.ModuleDict({"fc1": nn.Linear(width, hidden), "fc2": nn.Linear(hidden, width)})
        self.adaLN_modulation = nn.ModuleDict({"1": nn.Linear(width, 6 * width)})

    def forward(self, tokens: Tensor, embedding: Tensor) -> Tensor:
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.adaLN_modulation["1"](embedding).chunk(6, dim=1)
        query, key, value = self.attn["qkv"](modulated(tokens, shift, scale)).chunk(3, dim=-1)
        answer = self.attn["proj"](mixed(query, key, value, self._heads))
        tokens = torch.addcmul(tokens, gate[:, None], answer)
        hidden = gelu(self.mlp["fc1"](modulated(tokens, shift_mlp, scale_mlp)), approximate="tanh")
        return torch.addcmul(tokens, gate_mlp[:, None], self.mlp["fc2"](hidden))


class _Final(nn.Module):
    def __init__(self, width: int, outputs: int) -> None:
        super().__init__()
        self.linear = nn.Linear(width, outputs)
        self.adaLN_modulation = nn.ModuleDict({"1": nn.Linear(width, 2 * width)})

    def forward(self, tokens: Tensor, embedding: Tensor) -> Tensor:
        shift, scale = self.adaLN_modulation["1"](embedding).chunk(2, dim=1)
        result: Tensor = self.linear(modulated(tokens, shift, scale))
        return result


# --- diffusers -------------------------------------------------------------------------------------------------------


class DiffusersDiT(OpenedNetwork):
    """F(x, time, labels) of DiTTransformer2DModel: x (B, C, H, H), time (B,), labels (B,) rows → x's shape.

    It differs from the original: each block has an embedding of time and label of its own, of which the output takes
    the first block's; the frequencies end a step later; and the places are not stored but computed.
    """

    def __init__(self, config: DiffusersDiTConfig, shape: tuple[int, ...], label_rows: int) -> None:
        super().__init__()
        width, patch = config.num_attention_heads * config.attention_head_dim, config.patch_size
        self._patch, self._width = patch, width
        self.pos_embed = _Patches(shape[0], width, patch)
        self.transformer_blocks = nn.ModuleList(_DiffusersBlock(config, label_rows) for _ in range(config.num_layers))
        self.proj_out_1 = nn.Linear(width, 2 * width)
        self.proj_out_2 = nn.Linear(width, patch * patch * config.out_channels)

    def forward(self, x: Tensor, time: Tensor, labels: Tensor | None = None) -> Tensor:
        waves = positional_embedding(time, DIFFUSERS_FREQUENCIES, last=DIFFUSERS_FREQUENCIES // 2 - 1, sine_first=False)
        places = place_embedding(self._width, x.shape[2] // self._patch, x.shape[3] // self._patch, x.device, x.dtype)
        tokens = self.pos_embed(x) + places
        first: Tensor | None = None
        for block in self.transformer_blocks:
            tokens, embedding = block(tokens, waves, labels)
            first = embedding if first is None else first
        shift, scale = self.proj_out_1(first).chunk(2, dim=1)
        return picture(self.proj_out_2(modulated(tokens, shift, scale)), x, self._patch)


@lru_cache(maxsize=8)
def place_embedding(width: int, rows: int, columns: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """(1, rows · columns, width): in the first half sines and cosines of the column, in the second of the row.

    They stay on the device, so that they are sent there once.
    """
    row, column = torch.meshgrid(torch.arange(rows).double(), torch.arange(columns).double(), indexing="ij")
    frequencies = 10000.0 ** -(torch.arange(width // 4) / (width // 4)).double()
    angles = [place.flatten()[:, None] * frequencies for place in (column, row)]
    return (
        torch.cat([wave for angle in angles for wave in (angle.sin(), angle.cos())], dim=1)[None]
        .float()
        .to(device, dtype)
    )


class _DiffusersBlock(nn.Module):
    def __init__(self, config: DiffusersDiTConfig, label_rows: int) -> None:
        super().__init__()
        width = config.num_attention_heads * config.attention_head_dim
        self._eps = config.norm_eps
        self.norm1 = nn.ModuleDict({"emb": _TimeAndLabel(label_rows, width), "linear": nn.Linear(width, 6 * width)})
        self.attn1 = _Attention(width, config)
        first = nn.ModuleDict({"proj": nn.Linear(width, 4 * width)})
        self.ff = nn.ModuleDict({"net": nn.ModuleDict({"0": first, "2": nn.Linear(4 * width, width)})})

    def forward(self, tokens: Tensor, waves: Tensor, labels: Tensor | None) -> tuple[Tensor, Tensor]:
        """The tokens after the block, and its embedding of time and label."""
        embedding = self.norm1["emb"](waves, labels)
        shift, scale, gate, shift_mlp, scale_mlp, gate_mlp = self.norm1["linear"](embedding).chunk(6, dim=1)
        tokens = torch.addcmul(tokens, gate[:, None], self.attn1(modulated(tokens, shift, scale)))
        hidden = modulated(tokens, shift_mlp, scale_mlp, self._eps)
        return torch.addcmul(tokens, gate_mlp[:, None], self._mlp(hidden)), embedding

    def _mlp(self, tokens: Tensor) -> Tensor:
        net = self.ff["net"]
        assert isinstance(net, nn.ModuleDict)
        first = net["0"]
        assert isinstance(first, nn.ModuleDict)
        result: Tensor = net["2"](gelu(first["proj"](tokens), approximate="tanh"))
        return result


class _Attention(nn.Module):
    def __init__(self, width: int, config: DiffusersDiTConfig) -> None:
        super().__init__()
        self._heads = config.num_attention_heads
        self.to_q, self.to_k, self.to_v = (nn.Linear(width, width, bias=config.attention_bias) for _ in range(3))
        self.to_out = nn.ModuleList([nn.Linear(width, width)])

    def forward(self, tokens: Tensor) -> Tensor:
        answer = mixed(self.to_q(tokens), self.to_k(tokens), self.to_v(tokens), self._heads)
        result: Tensor = self.to_out[0](answer)
        return result


class _TimeAndLabel(nn.Module):
    def __init__(self, label_rows: int, width: int) -> None:
        super().__init__()
        first, second = nn.Linear(DIFFUSERS_FREQUENCIES, width), nn.Linear(width, width)
        self.timestep_embedder = nn.ModuleDict({"linear_1": first, "linear_2": second})
        self.class_embedder = _Labels(label_rows, width)

    def forward(self, waves: Tensor, labels: Tensor | None) -> Tensor:
        """silu of the embedding, as every block takes it."""
        embedding = self.timestep_embedder["linear_2"](silu(self.timestep_embedder["linear_1"](waves)))
        return silu(embedding + self.class_embedder.embedding_table(labels))
