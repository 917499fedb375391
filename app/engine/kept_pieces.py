"""Keeps in which pieces each network works on this computer.

The size of a piece is chosen by how fast the network is, and another size may change the last bits of a run. So it is
chosen once, because a run of the same settings should not depend on how busy the computer was that day.
"""

from __future__ import annotations

import contextlib
import logging
import platform
from pathlib import Path

import msgspec

from geomodel.files import write_bytes

log = logging.getLogger(__name__)

MOST = 500  # networks that are remembered; the oldest are forgotten
LONGEST = 200_000  # bytes of the file that are read


class KeptPieces:
    """Rows a piece, in a small file; without a path they last as long as the engine."""

    def __init__(self, path: str) -> None:
        self._path = Path(path) if path else None

    def rows(self, network: str, *machine: object) -> int | None:
        """Those of a network, by the hash of its file, with this device, precision and number of threads."""
        return self._read().get(_key(network, machine))

    def keep(self, network: str, *machine: object, rows: int) -> None:
        """Remember them. Where the file cannot be written, the log says so."""
        if self._path is None:
            return
        kept = {**self._read(), _key(network, machine): rows}
        newest = dict(list(kept.items())[-MOST:])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_bytes(self._path, msgspec.json.format(msgspec.json.encode(newest)))
        except OSError as error:
            log.warning("The pieces of networks are not kept: %s", error)

    def _read(self) -> dict[str, int]:
        """What the file has; nothing where it is not one of this program's."""
        if self._path is not None:
            with contextlib.suppress(OSError, msgspec.DecodeError):
                with self._path.open("rb") as file:
                    kept = msgspec.json.decode(file.read(LONGEST), type=dict[str, int])
                return {key: rows for key, rows in kept.items() if rows > 0}
        return {}


def _key(network: str, machine: tuple[object, ...]) -> str:
    computer = (platform.node(), platform.machine(), platform.processor())
    return " ".join(map(str, (network, *machine, *computer)))
