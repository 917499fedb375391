"""What a checkpoint says of itself, and the error for one that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from geomodel.arrays import Floats
from geomodel.precision import is_far

Scalar = int | float | str | bool | None


class CheckpointError(ValueError):
    """A checkpoint was refused; the message is one sentence for the person who picked the file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CheckpointInfo:
    """What a checkpoint says of itself. Noise levels are in units of the data."""

    name: str
    path: Path
    format: str  # "native", or the kind of file that another program wrote: "torch zip"
    architecture: str
    parameters: int  # numbers stored
    dtype: str  # of the stored numbers; several are joined by commas
    shape: tuple[int, ...]
    sigma_data: float
    mean: tuple[float, ...] = ()  # of the training data, one number for each entry of the first axis; empty: 0
    unit: float = 1.0  # of the data; the network is given (x − mean)/unit and sigma/unit
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
    family: str = "native"  # the code that trained it, as the hint names it: "guided_diffusion"
    clock: str = "EDM"  # how noise levels become the network's times, and its outputs D
    size: int = 0  # bytes of the stored tensors
    average: str = ""  # which of several sets of weights was taken: "ema_model"
    ignored: Mapping[str, int] = field(default_factory=dict)  # what else the file holds → how many tensors
    latents: str = ""  # a kind of `geomodel.latents` where the network knows no images
    remarks: tuple[str, ...] = ()  # sentences that a person should read before trusting D
    licence: str = ""
    hints: Mapping[str, Scalar] = field(default_factory=dict)  # what a person answered → the answer
    precision: str = "float32"  # of the network's products
    device: str | None = None  # None until the weights are loaded
    sha256: str | None = None  # of the whole file; None where only the header was read

    @property
    def mean_point(self) -> Floats:
        """The mean of the training data as a point, (*shape)."""
        numbers = np.asarray(self.mean or [0.0]).reshape(-1, *[1] * (len(self.shape) - 1))
        return np.broadcast_to(numbers, self.shape).copy()

    @property
    def far(self) -> bool:
        """Whether the training data are far from the origin; see `precision`."""
        return is_far(self.mean, self.sigma_data)
