"""Codes of bytes that stay in their file and are read when they are multiplied."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from geomodel.datasets.points import converted

BYTES_AT_ONCE = 2**21  # of one part: less than a processor's cache


class FileCodes:
    """The codes of `stored` bytes (N, *shape), int8 padded with zeros to (N', d').

    With a `table` (256,), each byte's entry in it takes the place of its code.
    """

    def __init__(self, stored: Any, shape: tuple[int, int], table: NDArray[np.int8] | None = None) -> None:
        self._stored, self.shape = stored, shape
        self._table = None if table is None else table.tobytes()

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice) -> Tensor:
        codes = self._coded(self._stored[rows.start : min(rows.stop, len(self._stored))])
        missing = rows.stop - rows.start - len(codes)
        return torch.nn.functional.pad(codes, (0, 0, 0, missing)) if missing else codes

    def index_select(self, _: int, index: Tensor) -> Tensor:
        """The codes of some points."""
        return self._coded(self._stored[index.numpy()])

    def _coded(self, stored: Any) -> Tensor:
        found = np.asarray(stored)
        shape = (len(found), found[:1].size)  # there may be none
        if self._table is None:
            own = None if isinstance(self._stored, np.ndarray) else found  # a file gives rows that nothing else uses
            codes = np.bitwise_xor(found, np.uint8(128), out=own).view(np.int8).reshape(shape)
        else:  # bytes.translate is the quickest of all ways to look up bytes in a table
            codes = np.frombuffer(bytearray(found.tobytes().translate(self._table)), np.int8).reshape(shape)
        missing = self.shape[1] - codes.shape[1] if len(codes) else self.shape[1]
        return torch.from_numpy(np.pad(codes, ((0, 0), (0, missing))) if missing else codes)


def values() -> Tensor:
    """The value that each of the 256 bytes has in the points, float64."""
    return torch.from_numpy(converted(np.arange(256, dtype=np.uint8))).double()
