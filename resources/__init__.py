"""Files that come with the program; everything finds them through `path`."""

from __future__ import annotations

from pathlib import Path

_FOLDER = Path(__file__).resolve().parent


def path(*parts: str) -> Path:
    """The path of a bundled file, for example ``path("data", "fashion-mnist-10k.npz")``."""
    return _FOLDER.joinpath(*parts)
