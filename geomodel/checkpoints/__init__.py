"""Checkpoints: `inspect` reads what a file says of itself, `load_checkpoint` its network. The latter loads torch."""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from geomodel.checkpoints import opening, surveying
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.checkpoints.plan import Answer
from geomodel.checkpoints.surveying import Survey
from geomodel.datasets.common import silent
from geomodel.inert.contents import container
from geomodel.inert.values import Progress

if TYPE_CHECKING:
    from geomodel.denoisers.base import Denoiser
    from geomodel.denoisers.network import NetworkDenoiser

__all__ = ["CheckpointError", "CheckpointInfo", "Survey", "inspect", "load", "load_checkpoint", "save", "survey"]

PRECISIONS = ("float32", "bfloat16")
_KINDS = "a checkpoint is one file, or a folder that diffusers wrote"


def inspect(path: str | os.PathLike[str], *, hints: Mapping[str, Any] | None = None) -> CheckpointInfo:
    """What a file says of its network. CheckpointError where it is not a checkpoint. No weights are read."""
    return opening.inspect(_existing(path), dict(hints or {}))


def survey(path: str | os.PathLike[str], answers: Mapping[str, Answer] | None = None) -> Survey:
    """What a file says of its network and what it does not say, with answers to the latter by the names of the
    questions. CheckpointError where it is not a checkpoint or contradicts an answer. No weights are read.
    """
    return surveying.survey(_existing(path), answers or {})


def load_checkpoint(
    path: str | os.PathLike[str],
    *,
    device: Any = "cpu",
    hints: Mapping[str, Any] | None = None,
    precision: str = "float32",
) -> NetworkDenoiser:
    """The denoiser that a file holds, on a device. No code in the file is executed.

    `hints` adds what a format does not carry: {"num_heads": 4, "diffusion": {"steps": 1000}}. What the file says wins:
    a hint that repeats it is welcome, and one that contradicts it is refused. Geomodel's own format says everything.
    `precision` is "float32", or "bfloat16" for products of half the bytes where the processor has them and they are
    faster; the card names the error of D. Raises CheckpointError, with one sentence, where the file, the device, a hint
    or the precision is refused.
    """
    if precision not in PRECISIONS:
        raise CheckpointError(f"The precision is {str(precision)[:60]!r}; known are: {', '.join(PRECISIONS)}.")
    model = load(path, device, hints or {}, silent)
    return model if precision == "float32" else _halved(model)


def _halved(model: NetworkDenoiser) -> NetworkDenoiser:
    from geomodel.denoisers.half import in_bfloat16

    try:
        return in_bfloat16(model)
    except ValueError as error:
        raise CheckpointError(str(error)) from error


def load(path: str | os.PathLike[str], device: Any, hints: Mapping[str, Any], progress: Progress) -> NetworkDenoiser:
    """What `load_checkpoint` does. `progress` is called with the share that was read, and may raise to stop."""
    return opening.load(_existing(path), device, dict(hints), progress)


def save(model: Denoiser, path: str | os.PathLike[str], *, progress: Progress = silent) -> CheckpointInfo:
    """Write a network that was opened, whatever program trained it, as a checkpoint of Geomodel's own format.

    The file carries everything: opened again, without hints, it gives the same D, bit for bit. It is read back and
    compared before it takes the place of what was at `path`. `progress` is called with the share that is done, and may
    raise to stop. Raises CheckpointError, with one sentence, where the file cannot be written.
    """
    from geomodel.checkpoints import saving

    return saving.save(model, Path(path), progress)


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
