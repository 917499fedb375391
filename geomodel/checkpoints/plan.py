"""What a family of networks reads off a file before memory is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from geomodel.checkpoints.info import CheckpointInfo
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Tensor
from geomodel.networks import Blueprint


@dataclass(frozen=True, slots=True)
class Lack:
    """Something that a network needs and its file does not say.

    Attributes:
        hint: the name of the hint that gives it: "num_heads".
        reason: why it is needed and cannot be read off, as a sentence.
        choices: what it may be; empty where any number may be right.
    """

    hint: str
    reason: str
    choices: tuple[str | int | float | bool, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A network that a file holds, from names, shapes and constructor arguments alone.

    Attributes:
        info: what the card shows.
        config: the family's frozen dataclass of numbers and texts, from which `build` makes the network.
        clock: turns noise levels into network times and outputs into D; None while a hint for it is lacking.
        tensors: for each tensor of the built network, by its name there, where the file has it. A name that the file
            lacks is left out, so that the comparison names it.
        lacks: what must be given as a hint before the network can be built.
    """

    info: CheckpointInfo
    config: object
    clock: Clock | None
    tensors: Mapping[str, Tensor]
    lacks: tuple[Lack, ...] = ()

    def __post_init__(self) -> None:
        if isinstance(self.config, Blueprint):
            self.config.check_depth(len(self.tensors))


def card(contents: Contents, tensors: Mapping[str, Tensor], **facts: Any) -> CheckpointInfo:
    """The card. `facts` are the fields of `CheckpointInfo` that the family knows; the file gives the others."""
    return CheckpointInfo(
        **{
            "name": contents.path.stem,
            "path": contents.path,
            "format": contents.container,
            "parameters": sum(tensor.count for tensor in tensors.values()),
            "dtype": ", ".join(sorted({tensor.dtype for tensor in tensors.values()})),
            "size": sum(tensor.size for tensor in tensors.values()),
            **facts,
        }
    )
