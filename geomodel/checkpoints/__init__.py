"""Checkpoints: `inspect` and `load_checkpoint`, and the table of file formats. No torch until weights are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from geomodel.checkpoints.info import CheckpointError, CheckpointInfo

if TYPE_CHECKING:
    from geomodel.denoisers.network import NetworkDenoiser

__all__ = ["FORMATS", "CheckpointError", "CheckpointInfo", "Format", "inspect", "load_checkpoint"]


class Format(NamedTuple):
    """One row of the table. The module offers inspect(path) and load(path, device, hints)."""

    title: str
    module: str
    suffixes: tuple[str, ...]


FORMATS = {
    "native": Format("Geomodel checkpoint", "geomodel.checkpoints.native", (".safetensors",)),
}


def inspect(path: str | os.PathLike[str]) -> CheckpointInfo:
    """What the file says of itself, from its header alone. CheckpointError where it is not a checkpoint."""
    file = _regular_file(path)
    info: CheckpointInfo = import_module(FORMATS["native"].module).inspect(file)
    return info


def load_checkpoint(
    path: str | os.PathLike[str], *, device: Any = "cpu", hints: Mapping[str, Any] | None = None
) -> NetworkDenoiser:
    """The denoiser that a file holds, on a device. The file never executes code.

    `hints` says what a format does not carry; Geomodel's own carries everything.
    Raises CheckpointError, with one sentence, where the file, the device or a hint is refused.
    """
    file = _regular_file(path)
    model: NetworkDenoiser = import_module(FORMATS["native"].module).load(file, device, dict(hints or {}))
    return model


def _regular_file(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    try:
        status = file.stat()
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {file}.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The file {str(file)!r} cannot be opened: {error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise CheckpointError(f"{file.name} is a directory; a checkpoint is one .safetensors file.")
    if not stat.S_ISREG(status.st_mode):
        raise CheckpointError(f"{file.name} is not a regular file; a checkpoint is one .safetensors file.")
    if status.st_size == 0:
        raise CheckpointError(f"{file.name} is empty (0 bytes); copy or train it again.")
    return file
