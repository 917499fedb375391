"""Tables of bytes, (n, k), and their exact products with a few rows of digits from either side.

A digit is a whole number from −128 to 127, stored as a byte that is 128 larger. A processor's byte products read a
table fastest in an order of their own. `PackedTable` puts it into that order once, for each of the two sides, so that
a query reads the table at nearly the speed of memory. `PlainTable` serves accelerators, processors without such an
order, and bytes that stay in their file.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Protocol

import torch
from torch import Tensor
from torch.nn.functional import pad

from geomodel.denoisers.optimal.byte_products import product, runs
from geomodel.denoisers.optimal.file_codes import BYTES_AT_ONCE, FileCodes

OFFSET = 128
_EXACT = 2.0**24  # float32 holds whole numbers up to this
_SHORT = 2**10  # columns of a packed piece; bytes times bytes then add up to 2²⁴ at most
_LONG = 2**15  # rows of a packed piece that is summed over rows; digits from −8 to 7 then add up to 2²⁵ at most
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

    def __init__(self, table: Tensor) -> None:
        self._along = [
            (rows, [(columns, _packed(table[rows, columns])) for columns in _slices(table.shape[1], _SHORT)])
            for rows in _slices(len(table), _TALL)
        ]
        self._across = [(rows, _packed(table[rows].T)) for rows in _slices(len(table), _LONG)]

    def along(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        for at, pieces in self._along:
            dots = [_times(packed, rows[:, columns]) for columns, packed in pieces]
            yield at, dots[0] if len(dots) == 1 else torch.stack(dots).sum(0, dtype=torch.float64)

    def across(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        sums = torch.stack([_times(packed, rows[:, at]) for at, packed in self._across]).double()
        size, found = sums.abs(), sums.sum(0)
        if float(size.amax()) < _EXACT:
            return found, found.new_zeros(len(rows))
        return found, torch.where(size < _EXACT, 0.0, size / _EXACT).norm(dim=2).sum(0)


class PlainTable:
    """Multiplies a table as it is, by `product`.

    Args:
        turned: whether a table in memory is also kept with its rows as columns, for `across`.
    """

    def __init__(self, table: Tensor | FileCodes, *, turned: bool) -> None:
        self._table = table
        self._columns: list[Tensor] = []
        if turned and isinstance(table, Tensor):
            self._columns = [table[part].T.contiguous() for part in runs(len(table))]

    def along(self, rows: Tensor) -> Iterator[tuple[slice, Tensor]]:
        columns = _digits(rows).T.contiguous()
        for part in self._parts(len(rows), len(self._table)):
            yield part, product(self._table[part], columns).T

    def across(self, rows: Tensor) -> tuple[Tensor, Tensor]:
        digits, sums = _digits(rows), rows.new_zeros(len(rows), self._table.shape[1], dtype=torch.float64)
        if self._columns:
            for part, columns in zip(runs(len(self._table)), self._columns, strict=True):
                sums += product(columns, digits[:, part].T.contiguous()).T
        else:
            for part in self._parts(1, len(self._table)):
                sums += torch._int_mm(digits[:, part].contiguous(), self._table[part])
        return sums, sums.new_zeros(len(rows))

    def picked(self, index: Tensor, rows: Tensor) -> Tensor:
        """`along` for those rows of the table alone, (m, len(index))."""
        columns, found = _digits(rows).T.contiguous(), []
        for part in self._parts(len(rows), len(index)):
            size = len(index[part])
            filled = pad(index[part], (0, max(2 * _TILE - size, -size % _TILE)))
            found.append(product(self._table.index_select(0, filled), columns)[:size].T)
        return torch.cat(found, dim=1)

    def _parts(self, width: int, count: int) -> Iterator[slice]:
        """Runs of `count` rows, short enough for `width` numbers of each to stay in a processor's cache."""
        size = max(_TILE, _CELLS // width // _TILE * _TILE)
        if isinstance(self._table, FileCodes):
            size = max(_TILE, min(size, BYTES_AT_ONCE // self._table.shape[1] // _TILE * _TILE))
        yield from _slices(count, size)


def fastest(table: Tensor | FileCodes) -> Table:
    """The table, packed where that is possible and exact."""
    if isinstance(table, Tensor) and table.device.type == "cpu" and packs():
        return PackedTable(table)
    return PlainTable(table, turned=True)


@cache
def packs() -> bool:
    """Whether this processor multiplies packed bytes, and sums below 2²⁴ are exact; tried with the most extreme."""
    try:
        for count, low, high in ((_SHORT, 0, 255), (2**14, 120, 135)):
            digits = torch.tensor([low, high], dtype=torch.uint8).repeat_interleave(3)[:, None].repeat(1, count)
            digits[1::3, ::2], digits[2::3, 5:] = 129, 128
            codes = torch.tensor([-128, 127, -1], dtype=torch.int8)[:, None].expand(3, count).repeat(16, 1)
            wanted = (digits.double() - OFFSET) @ codes.double().T
            if not bool((_times(_packed(codes), digits).double() == wanted).all()):
                return False
    except (AttributeError, RuntimeError):  # a build without these operators
        return False
    return True


def _packed(table: Tensor) -> Tensor:
    packed: Tensor = torch.ops.onednn.qlinear_prepack(table.contiguous(), None)
    return packed


def _times(packed: Tensor, rows: Tensor) -> Tensor:
    """Rows (m, k) of digits times a packed table (n, k): (m, n) float32."""
    found: Tensor = torch.ops.onednn.qlinear_pointwise(
        rows.contiguous(),
        1.0,
        OFFSET,
        packed,
        *_neither_scaled_nor_moved(),
        None,
        1.0,
        0,
        torch.float32,
        "none",
        [],
        "",
    )
    return found


@cache
def _neither_scaled_nor_moved() -> tuple[Tensor, Tensor]:
    """The scale and the zero of a table's numbers."""
    return torch.ones(1), torch.zeros(1, dtype=torch.int64)


def _digits(rows: Tensor) -> Tensor:
    """Digits as they are, int8."""
    return (rows ^ OFFSET).view(torch.int8)


def _slices(count: int, size: int) -> list[slice]:
    return [slice(start, min(start + size, count)) for start in range(0, count, size)]
