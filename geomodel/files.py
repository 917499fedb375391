"""Writing a file so that it appears whole or not at all, and the sentences for files that fail."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

_PIECE = 2**22  # bytes


@contextmanager
def replacing(path: str | os.PathLike[str], mode: str = "wb", **text: Any) -> Iterator[IO[Any]]:
    """A new file beside `path`, open for writing, which takes the place of `path` at the end of the block.

    Where the block or the replacement fails, `path` is left as it was and the new file is removed. Its name carries the
    number of the process, so that two programs that write the same path do not write into each other's file.

    Args:
        path: the file to write; its folder must exist.
        mode: "wb", or "w" for text. text: what `open` takes for text, such as encoding and newline.

    Raises:
        OSError: the file cannot be written; see `write_error` for the sentence.
    """
    path = Path(path)
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    try:
        with partial.open(mode, **text) as file:
            yield file
        partial.replace(path)
    finally:
        partial.unlink(missing_ok=True)


def write_bytes(path: str | os.PathLike[str], content: bytes) -> None:
    """Write a whole file as `replacing` does."""
    with replacing(path) as file:
        file.write(content)


def write_error(path: str | os.PathLike[str], error: OSError) -> str:
    """The sentence for a file that could not be written."""
    return f"{os.fspath(path)} could not be written: {error.strerror or error}."


def read_error(path: str | os.PathLike[str], error: OSError) -> str:
    """The sentence for a file that could not be read."""
    return f"{os.fspath(path)} could not be read: {error.strerror or error}."


def sha256(path: str | os.PathLike[str], between: Callable[[], None]) -> str:
    """The hash of a file's bytes. `between` is called between two pieces and may raise to stop. Raises OSError."""
    digest = hashlib.sha256()
    with open(path, "rb") as file:
        while piece := file.read(_PIECE):
            digest.update(piece)
            between()
    return digest.hexdigest()
