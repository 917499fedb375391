"""Runs a Python file of the user's as a module."""

from __future__ import annotations

import hashlib
import importlib
import importlib.util
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType

from geomodel.checkpoints.info import CheckpointError
from geomodel.error_text import cut, named

_helpers: set[str] = set()  # names of the modules that were imported from beside such a file


@contextmanager
def folder_of(path: Path) -> Iterator[None]:
    """The file's folder comes first where modules are looked for, so that it can import what lies beside it.

    Modules from beside an earlier file are imported afresh, because another folder may hold others of these names.
    """
    folder = str(path.resolve().parent)
    for name in _helpers:
        sys.modules.pop(name, None)
    _helpers.clear()
    importlib.invalidate_caches()  # a file may have been written a moment ago
    before = set(sys.modules)
    sys.path.insert(0, folder)
    try:
        yield
    finally:
        if folder in sys.path:
            sys.path.remove(folder)
        _helpers.update(name for name in set(sys.modules) - before if _lies_in(sys.modules[name], folder))


def _lies_in(module: ModuleType, folder: str) -> bool:
    file = getattr(module, "__file__", None)
    return isinstance(file, str) and Path(file).is_relative_to(folder)


@contextmanager
def as_sentence(path: Path, what: str) -> Iterator[None]:
    """Turns whatever the file's code raises into a CheckpointError, `sys.exit` included. An interrupt from the keyboard
    stays one, because in a script it is the person's.
    """
    try:
        yield
    except (CheckpointError, KeyboardInterrupt):
        raise
    except BaseException as error:
        ended = "ended the program" if isinstance(error, SystemExit) else "failed"
        raise CheckpointError(cut(f"{path.name} {ended} {what}{_line(error, path)}: {named(error)}")) from error


def _line(error: BaseException, path: Path) -> str:
    """Where in the file the error came from, if it came from there."""
    if isinstance(error, SyntaxError):
        return ""  # it names its line itself
    lines = [frame.lineno for frame in traceback.extract_tb(error.__traceback__) if frame.filename == str(path)]
    return f", line {lines[-1]}" if lines else ""


def run_file(path: Path) -> ModuleType:
    """Run a file and return it as a module. It is entered in `sys.modules` before it runs and stays there, because
    dataclasses and pickles look their module up. A file that fails leaves the entry as it was.
    """
    name = f"_geomodel_own_{hashlib.sha256(str(path.resolve()).encode()).hexdigest()[:12]}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module, earlier = importlib.util.module_from_spec(spec), sys.modules.get(name)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except BaseException:
        del sys.modules[name]
        if earlier is not None:
            sys.modules[name] = earlier
        raise
    return module
