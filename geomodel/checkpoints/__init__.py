"""Checkpoints: `inspect` reads what a file says of itself, `load_checkpoint` its network. The latter loads torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel.checkpoints.formats import FORMATS, IS_ONE_FILE
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.formats import Format, function, recognised

if TYPE_CHECKING:
    from geomodel.denoisers.network import NetworkDenoiser

__all__ = ["CheckpointError", "CheckpointInfo", "inspect", "load_checkpoint"]


def inspect(path: str | os.PathLike[str]) -> CheckpointInfo:
    """What the header of a file says. CheckpointError where the file is not a checkpoint."""
    file = _regular_file(path)
    info: CheckpointInfo = function(_format(file).inspect)(file)
    return info


def load_checkpoint(
    path: str | os.PathLike[str], *, device: Any = "cpu", hints: Mapping[str, Any] | None = None
) -> NetworkDenoiser:
    """The denoiser that a file holds, on a device. No code in the file is executed.

    `hints` adds what a format does not carry; Geomodel's own format carries everything.
    Raises CheckpointError, with one sentence, where the file, the device or a hint is refused.
    """
    file = _regular_file(path)
    model: NetworkDenoiser = function(_format(file).open)(file, device, dict(hints or {}))
    return model


def _format(file: Path) -> Format:
    """The row for a file. One that cannot be read, or has no format, goes to the first, which says what is wrong."""
    try:
        return recognised(FORMATS, file) or FORMATS[0]
    except OSError:
        return FORMATS[0]


def _regular_file(path: str | os.PathLike[str]) -> Path:
    file = Path(path)
    try:
        status = file.stat()
    except FileNotFoundError as error:
        raise CheckpointError(f"There is no file {file}.") from error
    except (OSError, ValueError) as error:
        raise CheckpointError(f"The file {str(file)!r} cannot be opened: {error}.") from error
    if stat.S_ISDIR(status.st_mode):
        raise CheckpointError(f"{file.name} is a directory; {IS_ONE_FILE}.")
    if not stat.S_ISREG(status.st_mode):
        raise CheckpointError(f"{file.name} is not a regular file; {IS_ONE_FILE}.")
    if status.st_size == 0:
        raise CheckpointError(f"{file.name} is empty (0 bytes); copy or train it again.")
    return file
