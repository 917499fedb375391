"""Writes a network as a checkpoint of this program: whole and read back bit by bit, or not at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from geomodel import files
from geomodel.checkpoints import opening
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.datasets.common import portion
from geomodel.inert import safetensors_writing
from geomodel.inert.values import Progress

if TYPE_CHECKING:
    from torch import Tensor, nn

ENTRY = "geomodel"  # the entry of the metadata that describes the network


def write(path: Path, network: nn.Module, description: str, progress: Progress) -> CheckpointInfo:
    """Write a network with the JSON that describes it. What was at `path` stays if anything fails.

    `progress` is called often and may raise to stop. CheckpointError where the file could not be written, or could not
    be opened again as the same network.
    """
    tensors = {name: tensor for name, tensor in network.state_dict().items() if tensor.numel()}
    metadata = {ENTRY: description}
    _check_finite(path, tensors)
    try:
        with files.replacing(path) as file:
            safetensors_writing.write(file, tensors, metadata, portion(progress, 0.0, 0.5))
            file.flush()
            written = Path(file.name)
            info = _opened(path, written)
            digest = safetensors_writing.same(written, tensors, metadata, portion(progress, 0.5, 1.0))
            if digest is None:
                raise CheckpointError(f"{path} was not written, because other bytes were read back; try another disk.")
    except OSError as error:
        raise CheckpointError(files.write_error(path, error)) from error
    return replace(info, name=path.stem, path=path, device="cpu", sha256=digest)


def _opened(path: Path, written: Path) -> CheckpointInfo:
    """What the new file says of itself, with its tensors compared with those of its network."""
    try:
        return opening.compared(written, {})
    except CheckpointError as error:
        reason = str(error).removeprefix(f"{written.name} cannot be opened: ")
        raise CheckpointError(f"{path} was not written, because it could not be opened again: {reason}") from error


def _check_finite(path: Path, tensors: Mapping[str, Tensor]) -> None:
    for name, tensor in tensors.items():
        if not bool(tensor.isfinite().all()):
            raise CheckpointError(f"{path} was not written, because its tensor {name} has numbers that are not finite.")
