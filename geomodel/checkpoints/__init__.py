"""Checkpoints: `inspect` and `load_checkpoint`, and the table of file formats. No torch until weights are read."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from geomodel.denoisers.network import NetworkDenoiser

Scalar = int | float | str | bool | None


class CheckpointError(ValueError):
    """A checkpoint was refused; the message is one sentence for the person who picked the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointInfo:
    """What a checkpoint says of itself. Noise levels are in units of the data."""

    name: str
    path: Path
    format: str
    architecture: str
    parameters: int  # numbers stored
    dtype: str
    shape: tuple[int, ...]
    sigma_data: float
    sigma_min: float
    sigma_max: float
    sigma_recommended: tuple[float, float]  # (min, max)
    classes: int = 0
    label_names: tuple[str, ...] = ()
    has_null_class: bool = False
    data_name: str = ""
    data_fingerprint: str = ""
    data_count: int = 0
    recipe: Mapping[str, Scalar] = field(default_factory=dict)
    device: str | None = None  # None until the weights are loaded
    sha256: str | None = None  # of the whole file; None where only the header was read


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
