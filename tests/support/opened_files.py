"""Records which files are opened, so that a test can say that one was not."""

from __future__ import annotations

import os
import sys
from contextlib import contextmanager

_lists: list[list[str]] = []
_hooked: list[bool] = []


def _hook(event: str, arguments: tuple) -> None:
    if event == "open" and _lists and isinstance(arguments[0], str | bytes | os.PathLike):
        for found in _lists:
            found.append(os.fsdecode(arguments[0]))


@contextmanager
def opened_files():
    """The paths of the files that are opened in this block, in a list that grows."""
    if not _hooked:  # a hook stays for good
        sys.addaudithook(_hook)
        _hooked.append(True)
    found: list[str] = []
    _lists.append(found)
    try:
        yield found
    finally:
        _lists.remove(found)
