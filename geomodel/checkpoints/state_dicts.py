"""Finds the network's tensors in what a training program saved: its average, without the prefixes of wrappers."""

from __future__ import annotations

from dataclasses import dataclass

from geomodel.inert.values import Tensor, Value


@dataclass(frozen=True, slots=True)
class StateDict:
    """The tensors of one network by their names in it.

    Attributes:
        tensors: the tensors whose names had `prefix`, without it.
        prefix: where they stood: "ema_model.module.".
        average: the word that says they are an average over the training ("ema_model"), or "".
        ignored: the first words of everything else, each with how many tensors it has: {"optimizer": 12}.
    """

    tensors: dict[str, Tensor]
    prefix: str
    average: str
    ignored: dict[str, int]


def find(value: Value, anchor: str) -> StateDict | None:
    """The network that has a tensor named `anchor` ("input_blocks.0.0.weight"); None where there is none.

    `value` is a state dict, or a dict of dicts of them at any depth up to 4. Where several networks have the anchor, an
    average is taken before the weights of the last step. Raises CheckpointError where several are left.
    """
    raise NotImplementedError
