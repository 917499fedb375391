"""Geomodel's own checkpoint: a safetensors file whose metadata entry "geomodel" describes the network as JSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import msgspec
from msgspec import Meta

from geomodel import networks
from geomodel.checkpoints import converted
from geomodel.checkpoints.described import FORMAT, Classes, DataSource, Level, Mean, Shape, Text, Word, check_samples
from geomodel.checkpoints.hints import Hints
from geomodel.checkpoints.info import CheckpointInfo, Scalar
from geomodel.checkpoints.plan import Plan, card
from geomodel.checkpoints.writing import ENTRY, write
from geomodel.datasets.common import silent
from geomodel.denoisers import clocks
from geomodel.denoisers.clock import Clock
from geomodel.inert.values import Contents, Progress, Tensor
from geomodel.networks import Blueprint

if TYPE_CHECKING:
    from torch import nn

MAX_DESCRIPTION = 3 << 20
OWN_VERSION = 2  # of networks that this program trained; 1: the mean is 0 and the unit is 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Description:
    """The JSON in the header. Noise levels are in units of the data. With `has_null_class`, label -1 is allowed.

    `mean` has one number for each entry of the first axis of `shape`, a coordinate or a colour; () is 0. The network is
    given (x − mean)/unit and sigma/unit. `version` is set when the file is written.
    """

    format: str = FORMAT
    version: int = 1
    architecture: Word
    config: Annotated[dict[Word, int | float], Meta(max_length=100)]
    preconditioning: Word = "edm"
    shape: Shape
    sigma_data: Level
    mean: Mean = ()
    unit: Level = 1.0
    sigma_min: Level
    sigma_max: Level
    sigma_recommended: tuple[Level, Level]
    classes: Classes = 0
    label_names: tuple[Text, ...] = ()
    has_null_class: bool = False
    data: DataSource = field(default_factory=DataSource)
    recipe: Annotated[dict[Word, Scalar], Meta(max_length=200)] = field(default_factory=dict)

    @property
    def label_rows(self) -> int:
        """Rows of the network's label table."""
        return self.classes + self.has_null_class

    @property
    def needed_version(self) -> int:
        """The oldest version that says all of this, so that older programs open what they understand."""
        return OWN_VERSION if any(self.mean) or self.unit != 1 else 1


def recognise(contents: Contents, hints: Mapping[str, object]) -> Plan | None:
    """The network of a file that this program wrote; None for another file. ValueError (a clause) where it is wrong."""
    text = contents.metadata.get(ENTRY)
    if text is None or not isinstance(contents.value, dict):
        return None
    if len(text) > MAX_DESCRIPTION:
        raise ValueError(f"it has a description of {len(text)} characters; at most {MAX_DESCRIPTION} are allowed")
    tensors = {str(name): tensor for name, tensor in contents.value.items() if isinstance(tensor, Tensor)}
    try:
        kind = msgspec.json.decode(text, type=_Kind)
        _check_version(kind)
        make = converted.plan if kind.version == converted.VERSION else _plan
        return make(contents, text, tensors, hints)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise ValueError(f"it has a description that does not fit: {error}") from error


def _plan(contents: Contents, text: str, tensors: Mapping[str, Tensor], hints: Mapping[str, object]) -> Plan:
    """A network that this program trained."""
    description = msgspec.json.decode(text, type=Description)
    _check_meaning(description)
    config = networks.configure(description.architecture, description.config, description.shape)
    blueprint = Blueprint(
        architecture=description.architecture,
        config=config,
        shape=description.shape,
        label_rows=description.label_rows,
    )
    facts = {name: getattr(description, name) for name in _SAME}
    data = description.data
    info = card(
        contents,
        tensors,
        format="native",
        data_name=data.name,
        data_fingerprint=data.fingerprint,
        data_count=data.count,
        **facts,
    )
    _confirm(Hints(hints), description)
    return Plan(info=info, config=blueprint, clock=clock_of(description), tensors=tensors)


# What the JSON and the card call by the same name.
_SAME = (
    "architecture",
    "shape",
    "sigma_data",
    "mean",
    "unit",
    "sigma_min",
    "sigma_max",
    "sigma_recommended",
    "classes",
    "label_names",
    "has_null_class",
    "recipe",
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


def clock_of(description: Description) -> Clock:
    """The clock of a network that this program trained."""
    unit, (low, high) = description.unit, description.sigma_recommended
    return replace(
        clocks.edm(sigma_data=description.sigma_data / unit),
        sigma_min=description.sigma_min / unit,
        sigma_max=description.sigma_max / unit,
        sigma_recommended=(low / unit, high / unit),
    )


def info_of(description: Description, network: nn.Module, name: str) -> CheckpointInfo:
    """The card of a network that stands in no file."""
    data = description.data
    return CheckpointInfo(
        name=name,
        path=Path(name),
        format="native",
        parameters=sum(value.numel() for value in network.state_dict().values()),
        dtype="float32",
        data_name=data.name,
        data_fingerprint=data.fingerprint,
        data_count=data.count,
        **{field: getattr(description, field) for field in _SAME},
    )


def describe(info: CheckpointInfo, blueprint: Blueprint) -> Description:
    """The description of a network that this program trained and has open."""
    assert isinstance(blueprint.config, networks.MLPConfig | networks.UNetConfig)
    facts = {name: getattr(info, name) for name in _SAME}
    data = DataSource(name=info.data_name, fingerprint=info.data_fingerprint, count=info.data_count)
    return Description(config=asdict(blueprint.config), data=data, **facts)


def save_checkpoint(
    path: str | Path, network: nn.Module, description: Description, progress: Progress = silent
) -> CheckpointInfo:
    """Write a network and its description, all or nothing. CheckpointError where the file could not be opened again."""
    description = replace(description, version=description.needed_version)
    return write(Path(path), network, msgspec.json.encode(description).decode(), progress)


@dataclass(frozen=True, slots=True)
class _Kind:
    format: str
    version: int


def _check_version(kind: _Kind) -> None:
    if kind.format != FORMAT:
        raise ValueError(f"it calls its format {kind.format[:60]!r}; {FORMAT!r} is expected")
    if not 1 <= kind.version <= converted.VERSION:
        raise ValueError(f"it has format version {kind.version}; this program reads versions 1 to {converted.VERSION}")


def _check_meaning(description: Description) -> None:
    """ValueError (a clause) where fields contradict each other."""
    low, high = description.sigma_recommended
    if description.preconditioning != "edm":
        raise ValueError(f"its preconditioning is {description.preconditioning!r}; 'edm' is expected")
    if description.version < description.needed_version:
        raise ValueError(f"it has a mean or a unit, which version {description.version} of the format does not have")
    if not description.sigma_min < description.sigma_max:
        raise ValueError(f"its noise levels run from {description.sigma_min:g} to {description.sigma_max:g}")
    if not description.sigma_min <= low < high <= description.sigma_max:
        raise ValueError(f"its recommended noise levels, {low:g} to {high:g}, are not inside its range")
    check_samples(
        description.mean,
        description.shape,
        description.classes,
        description.label_names,
        description.has_null_class,
    )
