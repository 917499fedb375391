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


@dataclass(frozen=True, slots=True, kw_only=True)
class SongConfig:
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
    resample_filter: Annotated[
        tuple[Annotated[float, Meta(ge=-100, le=100)], ...], Meta(min_length=2, max_length=8)
    ] = (
        1.0,
        1.0,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class DhariwalConfig:
    """ADM as EDM has it. `attention` names resolutions; `outputs` may be twice the colours."""

    outputs: Width
    channels: Width = 192
    multipliers: Multipliers = (1, 2, 3, 4)
    blocks: Count = 3
    attention: Sides = (32, 16, 8)
    embedding_multiplier: Count = 4
