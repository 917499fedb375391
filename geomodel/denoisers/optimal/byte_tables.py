"""Tables of bytes, (n, k), and their exact products with a few rows of digits from either side.

Rows hold digits of a `Base` as bytes. A processor's byte products read a table fastest in an order of their own.
`PackedTable` puts it into that order once, for each of the two sides, so that a query reads the table at nearly the
speed of memory. `PlainTable` serves accelerators, processors without such an order, and bytes that stay in their file.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from geomodel.denoisers.optimal.byte_products import (
    EXACT,
    WIDE,
    Base,
    narrow_product,
    packed,
    packs,
    product,
    runs,
    times,
)
from geomodel.denoisers.optimal.file_codes import BYTES_AT_ONCE, FileCodes

_SHORT = 2**10  # columns of a packed piece; bytes times bytes then add up to 2²⁴ at most
_LONG = 2**15  # rows of a packed piece that is summed over rows; sums then stay below 2³¹ by far
_TALL = 2**16  # rows of any other packed piece
_CELLS = 2**19  # products of one part: 4 MB in float64, which stay in the processor's caches
_TILE = 16


class Table(Protocol):
    """Multiplies a table (n, k) of bytes from −128 to 127."""

    def along(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        """Σ_j rows_j table_ij for rows (m, k), exact: yields slices of n, and the sums (m, slice)."""

    def across(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        """Σ_i rows_i table_ij for rows (m, n): (m, k) float64, and bounds of the norms of their errors, (m,)."""


class PackedTable:
    """Multiplies a table in memory on a processor that reads packed bytes. The packed copies take two bytes a number.

    Sums come as float32, which rounds those beyond 2²⁴. Sums along a row of the table are cut into pieces that stay
    below that. Those across rows nearly always do, because most digits of a share are small or of both signs; what a
    larger one is rounded by is added up.
    """

    def __init__(self, table: Tensor, base: Base) -> None:
        self._base = base
        self._along = [
            (rows, [(at, packed(table[rows, at].contiguous(), base)) for at in _slices(table.shape[1], _SHORT)])
            for rows in _slices(len(table), _TALL)
        ]
        self._across = [(rows, packed(table[rows].T.contiguous(), base)) for rows in _slices(len(table), _LONG)]

    def along(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        for at, pieces in self._along:
            dots = [times(piece, rows[:, columns], self._base) for columns, piece in pieces]
            yield at, dots[0] if len(dots) == 1 else torch.stack(dots).sum(0, dtype=torch.float64)

    def across(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        sums = torch.stack([times(piece, rows[:, at], self._base) for at, piece in self._across]).double()
        size, found = sums.abs(), sums.sum(0)
        if float(size.amax()) < EXACT:
            return found, found.new_zeros(len(rows))
        return found, torch.where(size < EXACT, 0.0, size / EXACT).norm(dim=2).sum(0)


class PlainTable:
    """Multiplies a table as it is, by `product` or, in the narrow base, by `narrow_product`.

    Args:
        turned: whether a table in memory is also kept with its rows as columns, for `across`.
    """

    def __init__(self, table: Tensor | FileCodes, base: Base, *, turned: bool) -> None:
        self._table, self._base = table, base
        self._product = product if base is WIDE else narrow_product
        self._columns: list[Tensor] = []
        if turned and base is WIDE and isinstance(table, Tensor):
            self._columns = [table[part].T.contiguous() for part in runs(len(table))]

    def along(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        columns = self._base.signed(rows).T.contiguous()
        for part in self._parts(len(rows), len(self._table)):
            yield part, self._product(self._table[part], columns).T

    def across(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        digits, sums = self._base.signed(rows), rows.new_zeros(len(rows), self._table.shape[1], dtype=torch.float64)
        if self._columns:
            for part, columns in zip(runs(len(self._table)), self._columns, strict=True):
                sums += product(columns, digits[:, part].T.contiguous()).T
        else:
            for part in self._parts(1, len(self._table)):
                multiply = torch._int_mm if self._base is WIDE else narrow_product
                sums += multiply(digits[:, part].contiguous(), self._table[part])
        return sums, sums.new_zeros(len(rows))

    def picked(self, index: Tensor, rows: Tensor) -> Tensor:
        """`along` for those rows of the table alone, (m, len(index))."""
        columns, found = self._base.signed(rows).T.contiguous(), []
        for part in self._parts(len(rows), len(index)):
            size = len(index[part])
            filled = pad(index[part], (0, max(2 * _TILE - size, -size % _TILE)))
            found.append(self._product(self._table.index_select(0, filled), columns)[:size].T)
        return torch.cat(found, dim=1)

    def _parts(self, width: int, count: int) -> Iterator[slice]:
        """Runs of `count` rows, short enough for `width` numbers of each to stay in a processor's cache."""
        if self._base is not WIDE:  # its products are of float32, which are to stay in the cache as well
            width = max(width, self._table.shape[1])
        size = max(_TILE, _CELLS // width // _TILE * _TILE)
        if isinstance(self._table, FileCodes):
            size = max(_TILE, min(size, BYTES_AT_ONCE // self._table.shape[1] // _TILE * _TILE))
        yield from _slices(count, size)


def fastest(table: Tensor | FileCodes, base: Base) -> Table:
    """The table, packed where that is possible and exact."""
    if isinstance(table, Tensor) and table.device.type == "cpu" and packs(base):
        return PackedTable(table, base)
    return PlainTable(table, base, turned=True)


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
