"""The table of network architectures. Configs are checked here by arithmetic, before a network is built."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, fields
from importlib import import_module
from typing import TYPE_CHECKING, Annotated, NamedTuple, TypeVar

import msgspec
from msgspec import Meta

from geomodel import memory
from geomodel.networks.configs import (
    ADMConfig,
    DhariwalConfig,
    DiffusersDiTConfig,
    DiTConfig,
    EDM2Config,
    LucidrainsConfig,
    SongConfig,
    UNet2DConfig,
)

if TYPE_CHECKING:
    from torch import nn

MAX_DIMENSION = 64  # of points for the MLP
MAX_COLOURS = 4
SIDE, STEP = 12, 4  # of images for the U-Net, which makes patches of 2 × 2 pixels and halves them once more
_HEADS = 4  # of the U-Net's attention, whose memory grows with the fourth power of the side
_NUMBER = 4  # bytes
_FEATURES = 64  # numbers that a network makes of each number of an image, and more


@dataclass(frozen=True, slots=True, kw_only=True)
class MLPConfig:
    """The size of a residual MLP for points."""

    width: Annotated[int, Meta(ge=1, le=4096)] = 128
    depth: Annotated[int, Meta(ge=1, le=64)] = 4
    embedding: Annotated[int, Meta(ge=1, le=1024)] = 64  # numbers that carry the noise level and the label
    noise_features: Annotated[int, Meta(ge=1, le=256)] = 16  # Fourier features of c_noise
    point_features: Annotated[int, Meta(ge=1, le=1024)] = 32  # Fourier features of the point
    point_scale: Annotated[float, Meta(ge=0, le=1000)] = 2.0  # standard deviation of their angular frequencies

    def __post_init__(self) -> None:
        check_room("a network of this width and depth", self.weights)

    @property
    def weights(self) -> int:
        """About how many weights the network has; what does not grow with width² × depth is left out."""
        return self.width**2 * self.depth

    @property
    def depth_in_all(self) -> int:
        """How many blocks the network has."""
        return self.depth

    @staticmethod
    def check_shape(shape: tuple[int, ...]) -> None:
        """ValueError (a clause) unless the network can take samples of this shape."""
        if len(shape) != 1 or not 1 <= shape[0] <= MAX_DIMENSION:
            raise ValueError(f"the MLP takes points of 1 to {MAX_DIMENSION} coordinates, not samples of shape {shape}")


@dataclass(frozen=True, slots=True, kw_only=True)
class UNetConfig:
    """The size of a U-Net for images."""

    width: Annotated[int, Meta(ge=8, le=512, multiple_of=8)] = 64  # channels at half resolution; twice at a quarter
    depth: Annotated[int, Meta(ge=1, le=8)] = 2  # blocks on each resolution, once on the way down and once up
    embedding: Annotated[int, Meta(ge=1, le=1024)] = 128  # numbers that carry the noise level and the label
    noise_features: Annotated[int, Meta(ge=1, le=256)] = 16  # Fourier features of c_noise

    def __post_init__(self) -> None:
        check_room("a network of this width, depth and embedding", self.weights)

    @property
    def weights(self) -> int:
        """About how many weights the network has, and no fewer.

        A depth has 47 w² weights at half and 72 w² at a quarter resolution, and 8 w e for scales and shifts; the rest
        of the network has fewer than one depth more.
        """
        return (self.depth + 1) * self.width * (119 * self.width + 8 * self.embedding)

    @property
    def depth_in_all(self) -> int:
        """How many blocks the network has, on two resolutions and both ways."""
        return 4 * self.depth

    @staticmethod
    def check_shape(shape: tuple[int, ...]) -> None:
        """ValueError (a clause) unless the network can take samples of this shape."""
        if len(shape) != 3 or not 1 <= shape[0] <= MAX_COLOURS or not all(map(_halves_twice, shape[1:])):
            raise ValueError(
                f"the U-Net takes images (colours, height, width) of 1 to {MAX_COLOURS} colours whose sides are "
                f"multiples of {STEP} from {SIDE} on, not samples of shape {shape}"
            )
        places = shape[1] * shape[2] // STEP**2
        check_room(f"the attention between the places of an image of {shape[1]} × {shape[2]}", _HEADS * places**2)


def check_room(what: str, numbers: int) -> None:
    """ValueError (a clause) where so many numbers do not fit into the memory that is free."""
    free = memory.available()
    if numbers * _NUMBER > free:
        raise ValueError(f"{what} takes {memory.text(numbers * _NUMBER)} of memory, and {memory.text(free)} are free")


def _halves_twice(side: int) -> bool:
    return side >= SIDE and side % STEP == 0


Config = MLPConfig | UNetConfig
OpenedConfig = (
    SongConfig
    | DhariwalConfig
    | ADMConfig
    | UNet2DConfig
    | LucidrainsConfig
    | DiTConfig
    | DiffusersDiTConfig
    | EDM2Config
)


_Opened = TypeVar("_Opened", bound=OpenedConfig)
_Sizes = TypeVar("_Sizes", bound=Config | OpenedConfig)


class Architecture(NamedTuple):
    """One row of the table. `network` is module:class, built as class(config, shape, label_rows)."""

    title: str
    network: str
    config: type[Config]


class Opened(NamedTuple):
    """One row of the table of networks that other programs train. `network` is as in `Architecture`."""

    title: str
    network: str
    config: type[OpenedConfig]


ARCHITECTURES = {
    "mlp": Architecture("Residual MLP for points", "geomodel.networks.mlp:ResidualMLP", MLPConfig),
    "unet": Architecture("U-Net for images", "geomodel.networks.unet:UNet", UNetConfig),
}
OPENED = {
    "song": Opened("DDPM++ or NCSN++ of EDM", "geomodel.networks.song:SongUNet", SongConfig),
    "dhariwal": Opened("ADM of EDM", "geomodel.networks.dhariwal:DhariwalUNet", DhariwalConfig),
    "adm": Opened("ADM", "geomodel.networks.adm:ADMUNet", ADMConfig),
    "unet2d": Opened("UNet2DModel of diffusers", "geomodel.networks.unet2d:UNet2D", UNet2DConfig),
    "edm2": Opened("U-Net of EDM2", "geomodel.networks.edm2:EDM2UNet", EDM2Config),
    "lucidrains": Opened("Unet of lucidrains", "geomodel.networks.lucidrains:LucidrainsUNet", LucidrainsConfig),
    "dit": Opened("DiT", "geomodel.networks.dit:DiT", DiTConfig),
    "diffusers-dit": Opened("DiT of diffusers", "geomodel.networks.dit:DiffusersDiT", DiffusersDiTConfig),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """All that a network is built from."""

    architecture: str  # a row of `ARCHITECTURES` or of `OPENED`
    config: Config | OpenedConfig
    shape: tuple[int, ...]
    label_rows: int = 0  # of its table of labels, with the null class

    def __post_init__(self) -> None:
        self.config.check_shape(self.shape)
        check_room(f"one image of shape {self.shape} in such a network", _FEATURES * math.prod(self.shape))

    def check_depth(self, tensors: int) -> None:
        """ValueError (a clause) where a file has too few tensors for the blocks, so that nobody starts to make them."""
        if self.config.depth_in_all > tensors:
            raise ValueError(f"it describes {self.config.depth_in_all} blocks and has {tensors} tensors")


def fitting(shape: tuple[int, ...]) -> str:
    """The architecture for samples of this shape: the U-Net for images, which have three axes, else the MLP."""
    return "unet" if len(shape) == 3 else "mlp"


def configure(architecture: str, values: Mapping[str, object], shape: tuple[int, ...]) -> Config:
    """The checked config of a network for samples of this shape. ValueError (a clause) where something does not fit."""
    _check_entries(ARCHITECTURES, architecture, values)
    return _checked(architecture, ARCHITECTURES[architecture].config, values, shape)


def configure_opened(architecture: str, values: Mapping[str, object], shape: tuple[int, ...]) -> OpenedConfig:
    """What `configure` does, for a network that another program trained."""
    _check_entries(OPENED, architecture, values)
    return _checked(architecture, OPENED[architecture].config, values, shape)


def _check_entries(
    table: Mapping[str, Architecture] | Mapping[str, Opened], architecture: str, values: Mapping[str, object]
) -> None:
    if architecture not in table:
        raise ValueError(f"the architecture {architecture[:60]!r} is unknown; known are: {', '.join(table)}")
    if different := sorted(values.keys() ^ {field.name for field in fields(table[architecture].config)}):
        raise ValueError(f"the config of {architecture!r} has missing or unknown entries: {', '.join(different[:5])}")


def _checked(architecture: str, kind: type[_Sizes], values: Mapping[str, object], shape: tuple[int, ...]) -> _Sizes:
    try:
        config = msgspec.convert(dict(values), kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"the config of {architecture!r} is outside its limits: {error}") from error
    config.check_shape(shape)
    return config


def build(architecture: str, config: Config, shape: tuple[int, ...], label_rows: int) -> nn.Module:
    """The network with fresh weights, on torch's current default device.

    label_rows is the number of classes, plus one for the null class, or 0 for a network without labels.
    """
    return _made(ARCHITECTURES[architecture].network, config, shape, label_rows)


def converted(kind: type[_Opened], **values: object) -> _Opened:
    """A config from values of a file. ValueError (a clause) where one is outside its limits."""
    try:
        return msgspec.convert(values, kind)
    except msgspec.ValidationError as error:
        raise ValueError(f"its network has sizes outside their limits: {error}") from error


def assemble(blueprint: Blueprint) -> nn.Module:
    """The network of a blueprint, on torch's default device. ValueError (a clause) where sizes do not divide."""
    table: dict[str, Architecture | Opened] = {**ARCHITECTURES, **OPENED}
    return _made(table[blueprint.architecture].network, blueprint.config, blueprint.shape, blueprint.label_rows)


def fold(network: nn.Module) -> None:
    """From the weights that another program stores to those that the network computes with, where the two differ."""
    from geomodel.networks.blocks import OpenedNetwork

    assert isinstance(network, OpenedNetwork)
    network.fold()


def _made(place: str, config: Config | OpenedConfig, shape: tuple[int, ...], label_rows: int) -> nn.Module:
    module, _, name = place.partition(":")
    network: nn.Module = getattr(import_module(module), name)(config, shape, label_rows)
    return network
