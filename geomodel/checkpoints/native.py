"""Geomodel's own checkpoint: a safetensors file whose metadata entry "geomodel" describes the network as JSON."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import msgspec
from msgspec import Meta

from geomodel import files, networks
from geomodel.checkpoints.header import Header, parse_header, read_file, read_header
from geomodel.checkpoints.info import CheckpointError, CheckpointInfo, Scalar

if TYPE_CHECKING:
    from torch import Tensor, nn

    from geomodel.denoisers.network import NetworkDenoiser

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


def inspect(path: Path) -> CheckpointInfo:
    """What the header says. This reads no weights and does not load torch."""
    header = read_header(path)
    description, _ = _description(path.name, header)
    return _info(path, header, description)


def load(path: Path, device: Any, hints: Mapping[str, Any]) -> NetworkDenoiser:
    """The network on a device. CheckpointError where the tensors are not those of its config."""
    from geomodel.denoisers.network import NetworkDenoiser

    if hints:
        raise CheckpointError(
            f"{path.name} carries everything a network needs; the hints {', '.join(map(str, hints))} do not apply."
        )
    header, content = read_file(path)
    description, config = _description(path.name, header)
    network = _assemble(path.name, header, content, description, config)
    placed = _place(network, device)
    info = _info(path, header, description, device=str(device), sha256=hashlib.sha256(content).hexdigest())
    return NetworkDenoiser(placed, info)


def save_checkpoint(path: str | Path, network: nn.Module, description: Description) -> CheckpointInfo:
    """Write a network and its description, all or nothing. CheckpointError where the file could not be opened again."""
    from safetensors.torch import save

    path = Path(path)
    tensors = {key: value.detach().cpu().contiguous() for key, value in network.state_dict().items()}
    description = replace(description, version=description.needed_version)
    content = save(tensors, metadata={"geomodel": msgspec.json.encode(description).decode()})
    header = parse_header(path.name, content, len(content))
    description, config = _description(path.name, header)
    _assemble(path.name, header, content, description, config)
    try:
        files.write_bytes(path, content)
    except OSError as error:
        raise CheckpointError(files.write_error(path, error)) from error
    return _info(path, header, description, device="cpu", sha256=hashlib.sha256(content).hexdigest())


def _description(name: str, header: Header) -> tuple[Description, networks.Config]:
    text = header.metadata.get("geomodel")
    if text is None:
        raise CheckpointError(f"{name} is a safetensors file of another program: its header has no 'geomodel' entry.")
    if len(text) > MAX_DESCRIPTION:
        raise CheckpointError(
            f"{name} has a description of {len(text)} characters; at most {MAX_DESCRIPTION} are allowed."
        )
    try:
        _check_version(name, msgspec.json.decode(text, type=_Kind))
        description = msgspec.json.decode(text, type=Description)
        _check_meaning(description)
        config = networks.configure(description.architecture, description.config, description.shape)
    except CheckpointError:
        raise
    except (ValueError, RecursionError) as error:  # msgspec's errors are ValueErrors
        raise CheckpointError(f"{name} has a description that does not fit: {error}.") from error
    return description, config


@dataclass(frozen=True, slots=True)
class _Kind:
    format: str
    version: int


def _check_version(name: str, kind: _Kind) -> None:
    if kind.format != FORMAT:
        raise CheckpointError(f"{name} calls its format {kind.format[:60]!r}; {FORMAT!r} is expected.")
    if not 1 <= kind.version <= VERSION:
        raise CheckpointError(f"{name} has format version {kind.version}; this program reads versions 1 to {VERSION}.")


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


def _assemble(
    name: str, header: Header, content: bytes, description: Description, config: networks.Config
) -> nn.Module:
    import safetensors
    import torch
    from safetensors.torch import load as load_tensors

    with torch.device("meta"):  # makes the shapes and takes no memory
        network = networks.build(description.architecture, config, description.shape, description.label_rows)
    _compare(name, header, network.state_dict())
    try:
        tensors = load_tensors(content)
    except safetensors.SafetensorError as error:
        raise CheckpointError(f"{name} cannot be read as a safetensors file: {error}.") from error
    for key, tensor in tensors.items():
        if not bool(torch.isfinite(tensor).all()):
            raise CheckpointError(f"{name} has weights that are not finite numbers, in tensor {key}.")
    network.load_state_dict(tensors, assign=True)
    return network


def _compare(name: str, header: Header, expected: Mapping[str, Tensor]) -> None:
    stored = header.tensors
    if missing := sorted(expected.keys() - stored.keys()):
        raise CheckpointError(f"{name} lacks {len(missing)} of the network's tensors, among them {missing[0]}.")
    if extra := sorted(stored.keys() - expected.keys()):
        raise CheckpointError(f"{name} has {len(extra)} tensors that its network does not have, among them {extra[0]}.")
    for key, tensor in expected.items():
        entry = stored[key]
        if entry.shape != tuple(tensor.shape):
            raise CheckpointError(
                f"{name} has tensor {key} with shape {entry.shape}; its config asks for {tuple(tensor.shape)}."
            )
        if entry.dtype != "F32":
            raise CheckpointError(f"{name} has tensor {key} of type {entry.dtype}; F32 is expected.")


def _place(network: nn.Module, device: Any) -> nn.Module:
    import torch

    try:
        return network.to(torch.device(device))
    except (RuntimeError, AssertionError, TypeError) as error:  # a build without CUDA raises an AssertionError
        reason = str(error).splitlines()[0]
        raise CheckpointError(f"The device {str(device)!r} cannot be used here: {reason}.") from error


def _info(
    path: Path, header: Header, description: Description, *, device: str | None = None, sha256: str | None = None
) -> CheckpointInfo:
    return CheckpointInfo(
        name=path.stem,
        path=path,
        format="native",
        architecture=description.architecture,
        parameters=sum(math.prod(entry.shape) for entry in header.tensors.values()),
        dtype="float32",
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
        device=device,
        sha256=sha256,
    )
