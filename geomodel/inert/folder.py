"""Reads the folders that diffusers writes: settings in JSON, and the tensors of the network beside them."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import msgspec

from geomodel.inert.depth import check_depth
from geomodel.inert.files import opened
from geomodel.inert.values import Contents, InertFault, Source, Value

PIPELINE, NETWORK = "model_index.json", "config.json"
_SETTINGS = (PIPELINE, NETWORK, "scheduler_config.json")
_PARTS = ("unet", "transformer", "scheduler")  # folders inside; those of decoders and texts are not looked at
_WEIGHTS = (  # the first that is there
    "diffusion_pytorch_model.safetensors",
    "diffusion_pytorch_model.bin",
    "diffusion_pytorch_model.fp16.safetensors",
    "diffusion_pytorch_model.fp16.bin",
)
WEIGHTS = "weights"  # the key of the tensors in the dict of a folder
_LONGEST_JSON = 2**20  # bytes


def of(path: Path) -> Path | None:
    """The folder of diffusers that a folder, or the settings in one, stand for; None where it is none.

    The settings of the network inside a pipeline stand for the pipeline, which also has a scheduler.
    """
    inside = path.parent if path.name in (PIPELINE, NETWORK) else path
    outside = inside.absolute().parent
    if inside.name in _PARTS and (outside / PIPELINE).is_file():
        return outside
    if (inside / PIPELINE).is_file():
        return inside
    network = (inside / NETWORK).is_file() and any((inside / name).exists() for name in _WEIGHTS)
    return inside if network else None


def read(root: Path, weights: Callable[[Path], Contents]) -> tuple[Value, tuple[Source, ...]]:
    """What a folder holds. `weights` reads a file of tensors.

    Raises InertFault, which names the file that it is about, and OSError.
    """
    sources: list[Source] = []
    value = _settings(root, sources) | _weights(root, weights, sources)
    for part in _PARTS:
        if (root / part).is_dir():
            value[part] = _settings(root / part, sources) | _weights(root / part, weights, sources)
    return value, tuple(sources)


def _settings(folder: Path, sources: list[Source]) -> dict[str | int, Value]:
    found: dict[str | int, Value] = {}
    for path in (folder / name for name in _SETTINGS if (folder / name).exists()):
        with opened(path) as (stream, source):
            if source.size > _LONGEST_JSON:
                raise InertFault(f"its {path.name} has {source.size:,} bytes; at most {_LONGEST_JSON:,} are read")
            try:
                settings = check_depth(msgspec.json.decode(stream.read(_LONGEST_JSON)))
            except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
                raise InertFault(f"its {path.name} is not proper JSON ({error})") from error
        if not isinstance(settings, dict):
            raise InertFault(f"its {path.name} holds no table")
        found[path.name] = settings
        sources.append(source)
    return found


def _weights(folder: Path, read_file: Callable[[Path], Contents], sources: list[Source]) -> dict[str | int, Value]:
    path = next((folder / name for name in _WEIGHTS if (folder / name).exists()), None)
    if path is None:
        return {}
    try:
        contents = read_file(path)
    except InertFault as error:
        raise InertFault(f"its {path.name} cannot be read: {error}") from error
    sources += contents.sources
    return {WEIGHTS: contents.value}
