"""The marks by which a file shows that it is a checkpoint, whatever it is called. Each reads a bounded part of it."""

from __future__ import annotations

from pathlib import Path

from geomodel.datasets import cifar
from geomodel.inert import safetensors_file
from geomodel.inert.contents import container
from geomodel.zip_files import glance


def safetensors(path: Path) -> bool:
    """Whether a file begins with the header of a safetensors file."""
    return safetensors_file.recognises(path)


def torch(path: Path) -> bool:
    """Whether torch wrote a file: weights, old or new, or a program, which is refused as such when it is opened."""
    kind = container(path)
    if kind == "torch zip":
        return any(_of_torch(name) for name in glance(path))
    return kind == "legacy torch"


def pickle(path: Path) -> bool:
    """Whether a file is a pickle, but no batch of CIFAR-10."""
    return container(path) == "pickle" and not cifar.recognises(path)


def folder(path: Path) -> bool:
    """Whether this is a folder of diffusers, or the settings in one."""
    return container(path) == "folder"


def _of_torch(name: str) -> bool:
    return name.rpartition("/")[2] in ("data.pkl", "archive_format", "serialized_exported_program.json")
