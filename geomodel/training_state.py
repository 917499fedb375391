"""The file from which a training that was stopped is continued, bit for bit."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import torch
from safetensors.torch import save as save_tensors
from torch import Tensor

from geomodel import files
from geomodel.checkpoints.state_dicts import flat
from geomodel.inert import contents, numbers
from geomodel.inert.values import Contents, InertFault
from geomodel.recipe import TrainError

if TYPE_CHECKING:
    from geomodel.training import Training

ENTRY = "geomodel-training"


def save(training: Training, path: Path) -> None:
    """Write the state, all or nothing."""
    progress = {"iteration": training.iteration, "loss": training.loss}
    metadata = {ENTRY: json.dumps({"identity": training.identity(), **progress})}
    tensors = {key: value.detach().cpu().contiguous() for key, value in _tensors(training)}
    try:
        files.write_bytes(path, save_tensors(tensors, metadata))
    except OSError as error:
        raise TrainError(f"The training state {files.write_error(path, error)}") from error


def load(training: Training, path: Path) -> tuple[int, float]:
    """Take over the tensors that `save` wrote. Returns the iteration and the loss."""
    try:
        stored = contents.read(path)
        values = json.loads(stored.metadata[ENTRY])
        identity, iteration, loss = values["identity"], int(values["iteration"]), float(values["loss"])
        mine = training.identity()
        different = sorted(key for key in mine.keys() | identity.keys() if mine.get(key) != identity.get(key))
    except (InertFault, OSError) as error:
        raise TrainError(f"The training state {path.name} cannot be continued: {error}.") from error
    except (LookupError, TypeError, ValueError, OverflowError, AttributeError, RecursionError) as error:
        raise TrainError(f"{path.name} is not a training state; remove it or choose another output.") from error
    if different:
        raise TrainError(
            f"{path.name} belongs to another training: it differs in {', '.join(different)}; "
            "use the same settings, or remove it to start anew."
        )
    _fill(training, path.name, stored)
    return iteration, loss


def _tensors(training: Training) -> Iterator[tuple[str, Tensor]]:
    """Every tensor of the state with its name. `load` copies into these tensors."""
    yield from ((f"network.{key}", value) for key, value in training.network.state_dict().items())
    yield from ((f"average.{key}", value) for key, value in training.average.items())
    for index, parameter in enumerate(training.network.parameters()):
        moments = training.optimizer.state[parameter]
        if not moments:  # Adam makes them at its first step; before it they are zero
            zeros = torch.zeros_like(parameter, memory_format=torch.preserve_format)
            moments.update(step=torch.tensor(0.0), exp_avg=zeros, exp_avg_sq=zeros.clone())
        yield from ((f"adam.{index}.{key}", moments[key]) for key in ("step", "exp_avg", "exp_avg_sq"))


def _fill(training: Training, name: str, stored: Contents) -> None:
    """Take over the numbers of a stored state. TrainError where they are not those of this training."""
    own, tensors = dict(_tensors(training)), flat(stored.value)
    if {key: value.shape for key, value in tensors.items()} != {key: tuple(value.shape) for key, value in own.items()}:
        raise TrainError(f"{name} holds other tensors than this network; remove it to start anew.")
    found = {key: torch.empty(value.shape, dtype=value.dtype) for key, value in own.items()}
    wanted = [numbers.Wanted(key, tensors[key], value.numpy()) for key, value in found.items()]
    try:
        numbers.fill(wanted, stored.sources, lambda fraction: None)
    except (InertFault, OSError) as error:
        raise TrainError(f"The training state cannot be continued: {error}.") from error
    with torch.no_grad():
        for key, value in own.items():
            value.copy_(found[key])
