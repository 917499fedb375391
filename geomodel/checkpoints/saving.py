"""Writes a network that is open, whatever program trained it, as a checkpoint of this program."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from geomodel.checkpoints import converted, native
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo
from geomodel.checkpoints.writing import write
from geomodel.inert.values import Progress
from geomodel.networks import Blueprint

if TYPE_CHECKING:
    from geomodel.denoisers.base import Denoiser


def save(model: Denoiser, path: Path, progress: Progress) -> CheckpointInfo:
    """Write a network with all that it takes to open it again without hints: the same D, bit for bit."""
    from geomodel.denoisers.network import NetworkDenoiser

    if not isinstance(model, NetworkDenoiser) or model.plan is None or not isinstance(model.plan.config, Blueprint):
        raise CheckpointError("This denoiser was made by a script; only one that was opened from a file can be saved.")
    if model.info.precision != "float32":
        raise CheckpointError(f"The network computes in {model.info.precision}; open it in float32 to save it.")
    info, blueprint = model.info, model.plan.config
    if info.family == "native":
        return native.save_checkpoint(path, model.network, native.describe(info, blueprint), progress)
    return write(path, model.network, converted.describe(info, blueprint, model.clock, model.plan.said), progress)
