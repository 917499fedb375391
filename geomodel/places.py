"""Where the files that settings name lie: an absolute path to store, and where to look for a file that has moved."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

from geomodel import datasets

CODE = ".py:"  # between a file and a function, in the name of a person's own denoiser


def absolute(name: str) -> str:
    """The name with the absolute path, if it is a file or folder that exists. A named data set stays a name."""
    file, code, function = name.partition(CODE)
    path = f"{file}.py" if code else name
    if not path or name in datasets.names() or not os.path.exists(path):  # Path.exists raises for long names
        return name
    return f"{os.path.abspath(path)}:{function}" if code else os.path.abspath(path)


def candidates(name: str, folder: Path) -> tuple[str, ...]:
    """Where a file may be that a saved run in `folder` names: where the run says, and beside the run. A file beside it
    may be another one of that name, so compare what it holds.
    """
    if not name or name in datasets.names():
        return (name,)
    last = PureWindowsPath(name).name  # the run may come from a computer with other separators
    beside = [str(path) for path in (folder / name, folder / last) if os.path.exists(path)]
    return tuple(dict.fromkeys([name, *beside]))
