"""Where a training starts: the coordinates in which its network sees the data, and the weights of another network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import torch
from torch import Tensor

from geomodel.arrays import Floats
from geomodel.denoisers.base import Denoiser
from geomodel.recipe import TrainError

if TYPE_CHECKING:
    from torch import nn

    from geomodel.denoisers.network import NetworkDenoiser


class TrainingData(Protocol):
    """The part of a data set that training uses."""

    @property
    def points(self) -> Any: ...
    @property
    def labels(self) -> Any: ...
    @property
    def label_names(self) -> Any: ...
    @property
    def name(self) -> str: ...
    @property
    def mean(self) -> Any: ...
    @property
    def std(self) -> float: ...
    @property
    def largest_deviation(self) -> float: ...
    @property
    def fingerprint(self) -> str: ...


@dataclass(frozen=True, slots=True, eq=False)
class Coordinates:
    """How the network sees the data: (y − mean)/unit, with the deviation sigma_data there.

    mean: (d,) for points; for images (C, 1, 1), one number a colour.
    """

    mean: Floats
    unit: float
    sigma_data: float

    @classmethod
    def of_data(cls, data: TrainingData) -> Coordinates:
        """Those in which the data have the mean 0 and the deviation 1."""
        mean = np.asarray(data.mean, np.float64)
        return cls(np.asarray(mean.mean(axis=tuple(range(1, mean.ndim)), keepdims=True)), float(data.std), 1.0)

    @classmethod
    def of_network(cls, network: NetworkDenoiser) -> Coordinates:
        """Those of a network that is trained further."""
        info = network.info
        mean = np.asarray(info.mean or [0.0] * info.shape[0], np.float64)
        return cls(mean.reshape(-1, *[1] * (len(info.shape) - 1)), info.unit, info.sigma_data / info.unit)

    def seen(self, model: Denoiser, x: Tensor, sigma: Tensor, labels: Tensor | None = None) -> Tensor:
        """What a denoiser of the data answers, with x, σ and the answer in these coordinates."""
        mean = torch.from_numpy(self.mean)
        answer: Tensor = model(mean + self.unit * x, self.unit * sigma, labels)
        return (answer - mean) / self.unit


def take_over(network: nn.Module, start: NetworkDenoiser, classes: int, shape: tuple[int, ...]) -> str:
    """Give the network the weights of another one. Returns the hash of its file."""
    info = start.info
    if info.format != "native" or info.shape != shape or (info.classes, info.has_null_class) != (classes, classes > 0):
        raise TrainError(f"{info.name} cannot be trained further on these data: it has other samples or classes.")
    weights = start.network.state_dict()
    if {name: value.shape for name, value in weights.items()} != {
        name: value.shape for name, value in network.state_dict().items()
    }:
        raise TrainError(f"{info.name} has another width or depth; give --width and --depth of its own training.")
    network.load_state_dict(weights)
    return info.sha256 or "a network that was not saved"


def levels_of(start: NetworkDenoiser) -> tuple[tuple[float, float], tuple[float, float]]:
    """The noise levels that a network allows and those that it recommends, which stay when it is trained further."""
    info = start.info
    return (info.sigma_min, info.sigma_max), info.sigma_recommended
