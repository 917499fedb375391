"""Geomodel's own checkpoint: a safetensors file whose metadata entry "geomodel" describes the network as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from geomodel import files, networks
from geomodel.checkpoints import opening
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo, Scalar
from geomodel.checkpoints.plan import Plan, card
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Tensor

if TYPE_CHECKING:
    from torch import nn

FORMAT = "geomodel-checkpoint"
VERSION = 2  # 1: the mean is 0 and the unit is 1
MAX_DESCRIPTION = 1 << 20
MAX_SIGMA = 1e20  # data may be in any unit, such as hertz
MAX_MEAN = 64

_Word = Annotated[str, Meta(max_length=60)]
_Text = Annotated[str, Meta(max_length=1000)]
_Level = Annotated[float, Meta(gt=0, le=MAX_SIGMA)]
_Number = Annotated[float, Meta(ge=-MAX_SIGMA, le=MAX_SIGMA)]


@dataclass(frozen=True, slots=True, kw_only=True)
class DataSource:
    """The points that a network was trained on."""

    name: _Text = ""
    fingerprint: _Text = ""
    count: Annotated[int, Meta(ge=0, le=1 << 40)] = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The JSON in the header. Noise levels are in units of the data. With `has_null_class`, label -1 is allowed.

    `mean` has one number for each entry of the first axis of `shape`, a coordinate or a colour; () is 0. The network is
    given (x − mean)/unit and sigma/unit. `version` is set when the file is written.
    """

    format: str = FORMAT
    version: int = 1
    architecture: _Word
    config: Annotated[dict[_Word, int | float], Meta(max_length=100)]
    preconditioning: _Word = "edm"
    shape: Annotated[tuple[Annotated[int, Meta(ge=1, le=1 << 20)], ...], Meta(min_length=1, max_length=4)]
    sigma_data: _Level
    mean: Annotated[tuple[_Number, ...], Meta(max_length=MAX_MEAN)] = ()
    unit: _Level = 1.0
    sigma_min: _Level
    sigma_max: _Level
    sigma_recommended: tuple[_Level, _Level]
    classes: Annotated[int, Meta(ge=0, le=10_000)] = 0
    label_names: tuple[_Text, ...] = ()
    has_null_class: bool = False
    data: DataSource = field(default_factory=DataSource)
    recipe: Annotated[dict[_Word, Scalar], Meta(max_length=200)] = field(default_factory=dict)

    @property
    def label_rows(self) -> int:
        """Rows of the network's label table."""
        return self.classes + self.has_null_class

    @property
    def needed_version(self) -> int:
        """The oldest version that says all of this, so that older programs open what they understand."""
        return VERSION if any(self.mean) or self.unit != 1 else 1


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkConfig:
    """What a network of this program is built from."""

    architecture: str
    config: networks.Config
    shape: tuple[int, ...]
    label_rows: int


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of a file that this program wrote; None for another file. ValueError (a clause) where it is wrong."""
    text = contents.metadata.get("geomodel")
    if text is None or not isinstance(contents.value, dict):
        return None
    description, config = _description(text)
    _confirm(Hints(hints), description)
    tensors = {str(name): tensor for name, tensor in contents.value.items() if isinstance(tensor, Tensor)}
    return Plan(
        info=card(
            contents,
            tensors,
            format="native",
            architecture=description.architecture,
            shape=description.shape,
            sigma_data=description.sigma_data,
            mean=description.mean,
            unit=description.unit,
            sigma_min=description.sigma_min,
            sigma_max=description.sigma_max,
            sigma_recommended=description.sigma_recommended,
            classes=description.classes,
            label_names=description.label_names,
            has_null_class=description.has_null_class,
            data_name=description.data.name,
            data_fingerprint=description.data.fingerprint,
            data_count=description.data.count,
            recipe=description.recipe,
        ),
        config=NetworkConfig(
            architecture=description.architecture,
            config=config,
            shape=description.shape,
            label_rows=description.label_rows,
        ),
        clock=_clock(description),
        tensors=tensors,
    )


def _confirm(hints: Hints, description: Description) -> None:
    """ValueError (a clause) where a hint contradicts the file, which carries everything that a network needs."""
    size = {"image_size": description.shape[-1]} if len(set(description.shape[1:])) == 1 else {}
    hints.confirm(
        family="native",
        architecture=description.architecture,
        num_classes=description.classes,
        **size,
        **description.config,
    )
    hints.within("diffusion").confirm(
        prediction=description.preconditioning,
        sigma_data=description.sigma_data,
        sigma_min=description.sigma_min,
        sigma_max=description.sigma_max,
    )
    hints.finish()


def _clock(description: Description) -> Clock:
    unit, (low, high) = description.unit, description.sigma_recommended
    return replace(
        clocks.edm(sigma_data=description.sigma_data / unit),
        sigma_min=description.sigma_min / unit,
        sigma_max=description.sigma_max / unit,
        sigma_recommended=(low / unit, high / unit),
    )


def build(config: NetworkConfig) -> nn.Module:
    """The network with fresh weights."""
    return networks.build(config.architecture, config.config, config.shape, config.label_rows)


def save_checkpoint(path: str | Path, network: nn.Module, description: Description) -> CheckpointInfo:
    """Write a network and its description, all or nothing. CheckpointError where the file could not be opened again."""
    from safetensors.torch import save

    path = Path(path)
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    description = replace(description, version=description.needed_version)
    metadata = {"geomodel": msgspec.json.encode(description).decode()}
    try:
        with files.replacing(path) as file:
            file.write(save(tensors, metadata))
            file.flush()
            info = opening.load(Path(file.name), "cpu", {}, lambda fraction: None).info
    except OSError as error:
        raise CheckpointError(files.write_error(path, error)) from error
    return replace(info, name=path.stem, path=path)


def _description(text: str) -> tuple[Description, networks.Config]:
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(f"it has a description of {len(text)} characters; at most {MAX_DESCRIPTION} are allowed")
    try:
        _check_version(msgspec.json.decode(text, type=_Kind))
        description = msgspec.json.decode(text, type=Description)
        _check_meaning(description)
        config = networks.configure(description.architecture, description.config, description.shape)
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise ValueError(f"it has a description that does not fit: {error}") from error
    return description, config


@dataclass(frozen=True, slots=True)
class _Kind:
    format: str
    version: int


def _check_version(kind: _Kind) -> None:
    if kind.format != FORMAT:
        raise ValueError(f"it calls its format {kind.format[:60]!r}; {FORMAT!r} is expected")
    if not 1 <= kind.version <= VERSION:
        raise ValueError(f"it has format version {kind.version}; this program reads versions 1 to {VERSION}")


def _check_meaning(description: Description) -> None:
    """ValueError (a clause) where fields contradict each other."""
    low, high = description.sigma_recommended
    if description.preconditioning != "edm":
        raise ValueError(f"its preconditioning is {description.preconditioning!r}; 'edm' is expected")
    if description.version < description.needed_version:
        raise ValueError(f"it has a mean or a unit, which version {description.version} of the format does not have")
    if len(description.mean) not in (0, description.shape[0]):
        raise ValueError(f"its mean has {len(description.mean)} numbers and its samples the shape {description.shape}")
    if not description.sigma_min < description.sigma_max:
        raise ValueError(f"its noise levels run from {description.sigma_min:g} to {description.sigma_max:g}")
    if not description.sigma_min <= low < high <= description.sigma_max:
        raise ValueError(f"its recommended noise levels, {low:g} to {high:g}, are not inside its range")
    if description.label_names and len(description.label_names) != description.classes:
        raise ValueError(f"it has {description.classes} classes and {len(description.label_names)} label names")
    if description.has_null_class and not description.classes:
        raise ValueError("it has a null class but no classes")
