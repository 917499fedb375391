"""What a family of networks reads off a file before memory is taken."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from geomodel.checkpoints.info import CheckpointInfo
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Tensor
from geomodel.networks import Blueprint

Answer = str | int | float | bool
Answers = Mapping[str, Answer]  # by the names of questions: {"diffusion.steps": 1000}
# The welcome values of each hint ("num_heads", "diffusion.steps"), whoever said so: the file, a person or a default. ()
# stands for any. A file that this program writes keeps them, and answers to hints as the original does.
Said = Mapping[str, tuple[object, ...]]
_LICENCES = ("license", "licence", "modelspec.license")  # the names of a licence in a safetensors file
_SHOWN = 200  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """Something about a network that its file does not say; `geomodel.checkpoints.questions` has words for each.

    Attributes:
        hint: the name of the hint that answers it: "num_heads", "diffusion.steps".
        kind: int, float, bool or str.
        reason: why it cannot be read off, as a clause.
        choices: what the answer may be; empty where any number may be right.
        default: what is taken where nobody answers; None where nothing is.
        answer: the hint that was given.
        optional: whether the network can be built without an answer and without a default.
    """

    hint: str
    kind: type[Answer]
    reason: str
    choices: tuple[Answer, ...] = ()
    default: Answer | None = None
    answer: Answer | None = None
    optional: bool = False

    @property
    def lacking(self) -> bool:
        """Whether the network cannot be built before somebody answers."""
        return self.answer is None and self.default is None and not self.optional


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """A network that a file holds, from names, shapes and constructor arguments alone.

    Attributes:
        info: what the card shows.
        config: the family's frozen dataclass of numbers and texts, from which `build` makes the network.
        clock: turns noise levels into network times and outputs into D; None while a hint for it is lacking.
        tensors: for each tensor of the built network, by its name there, where the file has it. A name that the file
            lacks is left out, so that the comparison names it.
        questions: what the file does not say, in the order in which a person would answer it.
        said: what hints may repeat.
    """

    info: CheckpointInfo
    config: object
    clock: Clock | None
    tensors: Mapping[str, Tensor]
    questions: tuple[Question, ...] = ()
    said: Said = field(default_factory=dict)

    @property
    def lacks(self) -> tuple[Question, ...]:
        """What must be given as a hint before the network can be built."""
        return tuple(question for question in self.questions if question.lacking)

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
            "licence": next((contents.metadata[key] for key in _LICENCES if key in contents.metadata), "")[:_SHOWN],
            **facts,
        }
    )
