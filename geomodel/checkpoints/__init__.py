"""Checkpoints: `inspect` reads what a file says of itself, `load_checkpoint` its network. The latter loads torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel.checkpoints import opening
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.inert.contents import container

if TYPE_CHECKING:
    from geomodel.denoisers.network import NetworkDenoiser

__all__ = ["CheckpointError", "CheckpointInfo", "inspect", "load_checkpoint"]

PRECISIONS = ("float32", "bfloat16")
_KINDS = "a checkpoint is one file, or a folder that diffusers wrote"


def inspect(path: str | os.PathLike[str], *, hints: Mapping[str, Any] | None = None) -> CheckpointInfo:
    """What a file says of its network. CheckpointError where it is not a checkpoint. No weights are read."""
    return opening.inspect(_existing(path), dict(hints or {}))


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    device: Any = "cpu",
    hints: Mapping[str, Any] | None = None,
    precision: str = "float32",
) -> NetworkDenoiser:
    """The denoiser that a file holds, on a device. No code in the file is executed.

    `hints` adds what a format does not carry; Geomodel's own format carries everything. `precision` is "float32", or
    "bfloat16" for products of half the bytes where the processor has them and they are faster; the card names the error
    of D. Raises CheckpointError, with one sentence, where the file, the device, a hint or the precision is refused.
    """
    if precision not in PRECISIONS:
        raise CheckpointError(f"The precision is {str(precision)[:60]!r}; known are: {', '.join(PRECISIONS)}.")
    model = opening.load(_existing(path), device, dict(hints or {}), lambda fraction: None)
    return model if precision == "float32" else _halved(model)


def _halved(model: NetworkDenoiser) -> NetworkDenoiser:
    from geomodel.denoisers.half import in_bfloat16

    try:
        return in_bfloat16(model)
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def _existing(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    try:
        status = file.stat()
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {file}.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The file {str(file)!r} cannot be opened: {error}.") from error
    if stat.S_ISDIR(status.st_mode) and container(file) is None:
        raise CheckpointError(f"{file.name} is a directory without a network of diffusers; {_KINDS}.")
    if not stat.S_ISREG(status.st_mode) and not stat.S_ISDIR(status.st_mode):
        raise CheckpointError(f"{file.name} is not a regular file; {_KINDS}.")
    if stat.S_ISREG(status.st_mode) and status.st_size == 0:
        raise CheckpointError(f"{file.name} is empty (0 bytes); copy or train it again.")
    return file
