"""What a checkpoint says of itself, and the error for one that is refused."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

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
    family: str = "native"  # a row of `FAMILIES`
    clock: str = "EDM"  # how noise levels become the network's times, and its outputs D
    size: int = 0  # bytes of the stored tensors
    average: str = ""  # which of several sets of weights was taken: "ema_model"
    ignored: Mapping[str, int] = field(default_factory=dict)  # what else the file holds → how many tensors
    remarks: tuple[str, ...] = ()  # sentences that a person should read before trusting D
    licence: str = ""
    device: str | None = None  # None until the weights are loaded
    sha256: str | None = None  # of the whole file; None where only the header was read
