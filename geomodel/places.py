"""Where the files that settings name lie: an absolute path to store, and where to look for a file that has moved."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

import resources
from geomodel import datasets

CODE = ".py:"  # between a file and a function, in the name of a person's own denoiser


def absolute(name: str) -> str:
    """The name with the absolute path, if it is a file or folder that exists. A named data set stays a name."""
    file, code, function = name.partition(CODE)
    path = f"{file}.py" if code else name
    if not path or datasets.named(name) or not os.path.exists(path):  # Path.exists raises for long names
        return name
    return f"{os.path.abspath(path)}:{function}" if code else os.path.abspath(path)


def local(name: str) -> bool:
    """Whether a name that came with somebody's file is the absolute path of a file or folder of this computer. A share
    of another computer is not looked at, because that would tell it who is here.
    """
    if not os.path.isabs(name) or name.startswith(("//", "\\\\")):
        return False
    return os.path.isfile(name) or os.path.isdir(name)


def beside(name: str, folder: Path) -> tuple[Path, ...]:
    """Where a file may lie that a saved run in `folder` names: in that folder, or in the one above it.

    Only the last part of the name counts, because a run may come from anybody, and its path may lead anywhere. In the
    folder above only a file is taken: a folder there may be a person's whole collection of pictures. What is found may
    be another file of that name, so compare what it holds.
    """
    last = PureWindowsPath(name).name  # the run may come from a computer with other separators
    if last in ("", ".."):
        return ()
    here, above = folder / last, folder.parent / last
    found = [here] if os.path.isfile(here) or os.path.isdir(here) else []
    return tuple(dict.fromkeys([*found, *([above] if os.path.isfile(above) else [])]))


def bundled_checkpoint(name: str) -> Path | None:
    """The checkpoint of this file name that comes with the program, wherever it was installed when a run named it."""
    path = resources.path("checkpoints", PureWindowsPath(name).name)
    return path if os.path.isfile(path) else None
