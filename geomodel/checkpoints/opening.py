"""Opens a checkpoint of any family: what the file says first, then the comparison with it, then its numbers."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel import memory
from geomodel.checkpoints.families import FAMILIES, Family
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.checkpoints.plan import Plan, Question
from geomodel.checkpoints.unclaimed import instead
from geomodel.error_text import cut
from geomodel.files import read_error
from geomodel.formats import function
from geomodel.inert import contents, numbers
from geomodel.inert.values import Contents, Progress, UnknownName

if TYPE_CHECKING:
    from torch import Tensor, nn

    from geomodel.denoisers.network import NetworkDenoiser

# What a description causes that has other kinds of values in it than a family expects.
_MISTAKEN = (ArithmeticError, AttributeError, LookupError, TypeError)
_WEIGHT = 4  # bytes that a number takes in the network
_LISTED = 5
_CLAUSE = 400  # characters


def inspect(path: Path, hints: Mapping[str, object]) -> CheckpointInfo:
    """What a file says of its network. No number of a tensor is read."""
    return plan(path, hints)[1].info


def plan(path: Path, hints: Mapping[str, object]) -> tuple[Family, Plan, Contents]:
    """The family that a file belongs to, and what it read off the file."""
    with _sentences(path):
        found = contents.read(path)
        for family in FAMILIES:
            try:
                planned: Plan | None = function(family.recognise)(found, hints)
            except _MISTAKEN as error:
                raise ValueError(f"it is not what files of {family.title} are ({error})") from error
            if planned is not None:
                answers = {asked.hint: asked.answer for asked in planned.questions if asked.answer is not None}
                info = replace(planned.info, hints={**planned.info.hints, **answers})
                return family, replace(planned, info=info), found
        raise CheckpointError(instead(found))


def compared(path: Path, hints: Mapping[str, object]) -> CheckpointInfo:
    """What `inspect` returns, after the comparison of the network with the names and shapes of the stored tensors."""
    family, planned, _ = plan(path, hints)
    with _sentences(path):
        _built(family, planned)
    return planned.info


def load(path: Path, device: Any, hints: Mapping[str, object], progress: Progress) -> NetworkDenoiser:
    """The network on a device. `progress` is called while the numbers are read, and may raise to stop."""
    from geomodel.denoisers.network import NetworkDenoiser

    family, planned, found = plan(path, hints)
    if planned.lacks:
        raise CheckpointError(_lacking(path.name, planned.lacks[0]))
    with _sentences(path):
        _check_room(planned)
        network = _built(family, planned)
        digest = _read(network, planned, found, progress)
        if family.finish:
            function(family.finish)(network)
    info = replace(planned.info, device=str(device), sha256=digest)
    return NetworkDenoiser(_placed(network, device), info, planned.clock, planned)


@contextmanager
def _sentences(path: Path) -> Iterator[None]:
    """Turns whatever a reader or a family finds wrong into a CheckpointError with one sentence that names the file."""
    try:
        yield
    except CheckpointError:
        raise
    except UnknownName as error:
        raise CheckpointError(
            f"{path.name} cannot be opened: {error}; where a network was saved as an object or beside other objects, "
            "load it in the program that wrote it and save its state_dict alone."
        ) from error
    except ValueError as error:
        clause = cut(" ".join(str(error).split()), _CLAUSE)  # texts of the file may stand in it
        raise CheckpointError(f"{path.name} cannot be opened: {clause}.") from error
    except OSError as error:
        raise CheckpointError(read_error(path.name, error)) from error


def _lacking(name: str, lack: Question) -> str:
    choices = f" ({', '.join(map(str, lack.choices))})" if lack.choices else ""
    return f"{name} does not say everything: give the hint {lack.hint}{choices}, because {lack.reason}."


def needed(planned: Plan) -> int:
    """Bytes of memory that the network will take."""
    return sum(tensor.count for tensor in planned.tensors.values()) * _WEIGHT


def _check_room(planned: Plan) -> None:
    """ValueError where the stored tensors would not fit into the memory that is free."""
    size, free = needed(planned), memory.available()
    if size > free:
        raise ValueError(
            f"its network takes {memory.text(size)} of memory, and {memory.text(free)} are free; close something else"
        )


def _built(family: Family, planned: Plan) -> nn.Module:
    """The network without memory. ValueError where its tensors are not those of the file."""
    import torch

    try:
        with torch.device("meta"):  # makes the shapes and takes no memory
            network: nn.Module = function(family.build)(planned.config)
    except (RuntimeError, *_MISTAKEN) as error:  # sizes that no tensor can have
        raise ValueError("it describes a network of impossible sizes") from error
    _compare(network.state_dict(), planned)
    return network


def _compare(expected: Mapping[str, Tensor], planned: Plan) -> None:
    stored = planned.tensors
    asked_for = {key for key, tensor in expected.items() if tensor.numel()}
    if missing := sorted(asked_for - stored.keys()):
        raise ValueError(f"it lacks {len(missing)} of the network's tensors, among them {_some(missing)}")
    if extra := sorted(stored.keys() - expected.keys()):
        raise ValueError(f"it has {len(extra)} tensors that its network does not have, among them {_some(extra)}")
    for key, tensor in stored.items():
        asked = tuple(expected[key].shape)
        if tensor.shape != asked:
            raise ValueError(f"it has tensor {key} with shape {tensor.shape}, and its config asks for {asked}")


def _some(names: list[str]) -> str:
    return ", ".join(name[:100] for name in names[:_LISTED])


def _read(network: nn.Module, planned: Plan, found: Contents, progress: Progress) -> str:
    """Gives the network the numbers of the file; returns the SHA-256 of the file or folder."""
    import torch

    try:
        tensors = {name: torch.empty(like.shape, dtype=like.dtype) for name, like in network.state_dict().items()}
    except (RuntimeError, MemoryError) as error:
        raise ValueError(f"its network takes {memory.text(planned.info.size)}, for which memory is short") from error
    wanted = [numbers.Wanted(name, tensor, tensors[name].numpy()) for name, tensor in planned.tensors.items()]
    digests = numbers.fill(wanted, found.sources, progress)
    network.load_state_dict(tensors, assign=True)
    return _together(digests)


def digest(path: Path, progress: Progress) -> str:
    """The SHA-256 that the network of a file or folder will have, from reading it once without keeping it."""
    with _sentences(path):
        return _together(numbers.fill((), contents.read(path).sources, progress))


def _together(digests: Mapping[Path, str]) -> str:
    """One SHA-256 for all files."""
    if len(digests) == 1:
        return next(iter(digests.values()))
    listed = "".join(f"{digest} {file.name}\n" for file, digest in digests.items())  # as sha256sum prints them
    return hashlib.sha256(listed.encode()).hexdigest()


def _placed(network: nn.Module, device: Any) -> nn.Module:
    import torch

    try:
        return network.to(torch.device(device))
    except (RuntimeError, AssertionError, TypeError) as error:  # a build without CUDA raises an AssertionError
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"The device {str(device)!r} cannot be used here: {reason}.") from error
