"""The sizes of the networks of public codes, as their constructors take them. Everything here is bounded arithmetic."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Literal

from msgspec import Meta

Count = Annotated[int, Meta(ge=1, le=256)]
Width = Annotated[int, Meta(ge=1, le=1 << 16)]
Side = Annotated[int, Meta(ge=1, le=1 << 14)]
Multiplier = Annotated[int, Meta(ge=1, le=256)]
Multipliers = Annotated[tuple[Multiplier, ...], Meta(min_length=1, max_length=16)]
Sides = Annotated[tuple[Side, ...], Meta(max_length=64)]

Taps = Annotated[tuple[Annotated[float, Meta(ge=-100, le=100)], ...], Meta(min_length=2, max_length=8)]
ADM_GROUPS = 32


class Images:
    """A network of images whose sides it halves, or cuts into patches."""

    __slots__ = ()

    @property
    def step(self) -> int:
        """What the sides of an image are multiples of."""
        raise NotImplementedError

    @property
    def square(self) -> bool:
        """Whether the network is made for one side, which both have."""
        return False

    @property
    def depth_in_all(self) -> int:
        """The number of blocks, each of which has several tensors."""
        raise NotImplementedError

    def check_shape(self, shape: tuple[int, ...]) -> None:
        """ValueError (a clause) unless the network can take samples of this shape."""
        fits = len(shape) == 3 and all(side > 0 and side % self.step == 0 for side in shape[1:])
        if not fits or (self.square and shape[1] != shape[2]):
            kind = "square images" if self.square else "images"
            raise ValueError(
                f"its network takes {kind} (channels, height, width) whose sides are multiples of {self.step}, "
                f"not samples of shape {shape}"
            )


class Towers(Images):
    """A way down and a way up, in EDM's manner: blocks at each level, one more on the way up, and square images."""

    __slots__ = ()
    multipliers: Multipliers
    blocks: Count
    attention: Sides

    @property
    def step(self) -> int:
        return 1 << (len(self.multipliers) - 1)

    @property
    def depth_in_all(self) -> int:
        return len(self.multipliers) * (2 * self.blocks + 1)

    @property
    def square(self) -> bool:
        return True


@dataclass(frozen=True, slots=True, kw_only=True)
class SongConfig(Towers):
    """DDPM++ and NCSN++ of EDM. `attention` names resolutions; `outputs` may be twice the colours."""

    outputs: Width
    channels: Width = 128
    multipliers: Multipliers = (1, 2, 2, 2)
    blocks: Count = 4
    attention: Sides = (16,)
    embedding_multiplier: Count = 4
    noise_multiplier: Count = 1
    embedding: Literal["positional", "fourier"] = "positional"
    encoder: Literal["standard", "skip", "residual"] = "standard"
    decoder: Literal["standard", "skip"] = "standard"
    resample_filter: Taps = (1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class DhariwalConfig(Towers):
    """ADM as EDM has it. `attention` names resolutions; `outputs` may be twice the colours."""

    outputs: Width
    channels: Width = 192
    multipliers: Multipliers = (1, 2, 3, 4)
    blocks: Count = 3
    attention: Sides = (32, 16, 8)
    embedding_multiplier: Count = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class ADMConfig(Images):
    """The U-Net of guided-diffusion, improved-diffusion, consistency_models and torch_cfm.

    `widths` are the channels of each level, `attention` the factors of downsampling at which there is attention, and
    `embedding` the sines and cosines of time. `head_channels` 0 means `heads` at every width. `resampling` is done by
    residual blocks, by convolutions, or by pooling alone. `fused_axes` is the number of axes of a projection's kernel.
    """

    outputs: Width
    embedding: Width
    widths: Annotated[tuple[Width, ...], Meta(min_length=1, max_length=16)]
    blocks: Count
    attention: Sides = ()
    heads: Count = 1
    head_channels: Annotated[int, Meta(ge=0, le=1 << 16)] = 0
    new_attention_order: bool = False
    scale_shift: bool = True
    resampling: Literal["blocks", "convolutions", "pooling"] = "blocks"
    fused_axes: Literal[1, 2] = 1

    def __post_init__(self) -> None:
        if wrong := [width for width in self.widths if width % ADM_GROUPS]:
            raise ValueError(f"its widths are multiples of {ADM_GROUPS}, not {wrong[0]}")

    @property
    def step(self) -> int:
        return 1 << (len(self.widths) - 1)

    @property
    def depth_in_all(self) -> int:
        return len(self.widths) * (2 * self.blocks + 1)

    def heads_at(self, width: int) -> int:
        """The heads of attention over this many channels. ValueError (a clause) where the channels do not divide."""
        size = self.head_channels or width // self.heads
        if not size or width % size or (not self.head_channels and width % self.heads):
            split = f"heads of {size} channels" if self.head_channels else f"{self.heads} heads"
            raise ValueError(f"its {width} channels do not divide into {split}")
        return width // size


DownBlock = Literal[
    "DownBlock2D", "AttnDownBlock2D", "ResnetDownsampleBlock2D", "SkipDownBlock2D", "AttnSkipDownBlock2D"
]
UpBlock = Literal["UpBlock2D", "AttnUpBlock2D", "ResnetUpsampleBlock2D", "SkipUpBlock2D", "AttnSkipUpBlock2D"]
Groups = Annotated[int, Meta(ge=1, le=4096)]


@dataclass(frozen=True, slots=True, kw_only=True)
class UNet2DConfig(Images):
    """UNet2DModel of diffusers, with the names and the defaults of its constructor."""

    out_channels: Width = 3
    center_input_sample: bool = False
    time_embedding_type: Literal["positional", "fourier"] = "positional"
    freq_shift: Annotated[int, Meta(ge=0, le=1)] = 0
    flip_sin_to_cos: bool = True
    down_block_types: Annotated[tuple[DownBlock, ...], Meta(min_length=1, max_length=16)]
    up_block_types: Annotated[tuple[UpBlock, ...], Meta(min_length=1, max_length=16)]
    block_out_channels: Annotated[tuple[Width, ...], Meta(min_length=1, max_length=16)]
    layers_per_block: Count = 2
    mid_block_scale_factor: Annotated[float, Meta(gt=0, le=1e6)] = 1.0
    downsample_padding: Literal[0, 1] = 1
    downsample_type: Literal["conv", "resnet"] = "conv"
    upsample_type: Literal["conv", "resnet"] = "conv"
    attention_head_dim: Width | None = 8
    norm_num_groups: Groups = 32
    attn_norm_num_groups: Groups | None = None
    norm_eps: Annotated[float, Meta(ge=0, le=1)] = 1e-5
    resnet_time_scale_shift: Literal["default", "scale_shift"] = "default"
    add_attention: bool = True

    def __post_init__(self) -> None:
        counts = {len(self.down_block_types), len(self.up_block_types), len(self.block_out_channels)}
        if len(counts) != 1:
            raise ValueError("it has different numbers of down blocks, up blocks and widths")
        for width in self.block_out_channels:
            if width % self.norm_num_groups and not self.skips:
                raise ValueError(f"its width {width} does not divide into {self.norm_num_groups} groups")
            if width // (self.attention_head_dim or width) == 0:
                raise ValueError(f"its width {width} is below one head of {self.attention_head_dim}")

    @property
    def step(self) -> int:
        return 1 << (len(self.block_out_channels) - 1)

    @property
    def depth_in_all(self) -> int:
        return len(self.block_out_channels) * (2 * self.layers_per_block + 1)

    @property
    def skips(self) -> bool:
        """Whether the image itself is led down and grown on the way up, as in NCSN++."""
        return any("Skip" in name for name in (*self.down_block_types, *self.up_block_types))


Heads = tuple[Annotated[int, Meta(ge=1, le=1024)], Annotated[int, Meta(ge=1, le=4096)]]  # how many, and their channels


@dataclass(frozen=True, slots=True, kw_only=True)
class LucidrainsConfig(Images):
    """The U-Net of denoising-diffusion-pytorch.

    `widths` are the channels into each level and out of the last. Each level has attention with `heads` of it, all
    places with all where `full` says so, and linear in the places elsewhere. `frequencies` is the number of random ones
    of a Fourier embedding, 0 for positions.
    """

    outputs: Width
    embedding: Width
    widths: Annotated[tuple[Width, ...], Meta(min_length=2, max_length=17)]
    full: Annotated[tuple[bool, ...], Meta(min_length=1, max_length=16)]
    heads: Annotated[tuple[Heads, ...], Meta(min_length=1, max_length=16)]
    memory: Annotated[int, Meta(ge=0, le=4096)] = 4
    frequencies: Annotated[int, Meta(ge=0, le=1 << 16)] = 0
    self_condition: bool = False

    def __post_init__(self) -> None:
        if not len(self.widths) - 1 == len(self.full) == len(self.heads):
            raise ValueError("it has different numbers of levels, widths and attentions")

    @property
    def step(self) -> int:
        return 1 << (len(self.widths) - 2)

    @property
    def depth_in_all(self) -> int:
        return 4 * len(self.full)


@dataclass(frozen=True, slots=True, kw_only=True)
class DiTConfig(Images):
    """The transformer of DiT, SiT and REPA. `outputs` may be twice the channels of the image."""

    outputs: Width
    width: Width = 1152
    depth: Count = 28
    heads: Annotated[int, Meta(ge=1, le=1024)] = 16
    hidden: Annotated[int, Meta(ge=1, le=1 << 18)] = 4608
    patch: Annotated[int, Meta(ge=1, le=256)] = 2
    frequencies: Annotated[int, Meta(ge=2, le=4096)] = 256

    def __post_init__(self) -> None:
        if self.width % self.heads:
            raise ValueError(f"its {self.width} channels do not divide into {self.heads} heads")

    @property
    def step(self) -> int:
        return self.patch

    @property
    def depth_in_all(self) -> int:
        return self.depth


@dataclass(frozen=True, slots=True, kw_only=True)
class DiffusersDiTConfig(Images):
    """DiTTransformer2DModel of diffusers, with the names and the defaults of its constructor."""

    out_channels: Width
    num_attention_heads: Annotated[int, Meta(ge=1, le=1024)] = 16
    attention_head_dim: Width = 72
    num_layers: Count = 28
    patch_size: Annotated[int, Meta(ge=1, le=256)] = 2
    attention_bias: bool = True
    norm_eps: Annotated[float, Meta(ge=0, le=1)] = 1e-5

    @property
    def step(self) -> int:
        return self.patch_size

    @property
    def depth_in_all(self) -> int:
        return self.num_layers


Balance = Annotated[float, Meta(ge=0, le=1)]


@dataclass(frozen=True, slots=True, kw_only=True)
class EDM2Config(Towers):
    """The magnitude-preserving U-Net of EDM2. `attention` names resolutions; `clip` None is no limit."""

    channels: Width = 192
    multipliers: Multipliers = (1, 2, 3, 4)
    noise_channels: Width
    embedding: Width
    blocks: Count = 3
    attention: Sides = (16, 8)
    channels_per_head: Width = 64
    label_balance: Balance = 0.5
    concat_balance: Balance = 0.5
    res_balance: Balance = 0.3
    attn_balance: Balance = 0.3
    clip: Annotated[float, Meta(gt=0)] | None = 256.0
    resample_filter: Taps = (1.0, 1.0)
