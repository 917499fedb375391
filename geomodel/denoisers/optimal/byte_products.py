"""Exact matrix products of bytes, and whole numbers written in digits that are bytes.

A digit of base B is a whole number from −B/2 to B/2 − 1, stored as a byte that is B/2 larger. Newer processors add up
four products of bytes in 32 bits; they and accelerators take base 256. Older ones add up two in 16 bits and saturate
where these would overflow. Two products of a byte with a digit of base 128 never do, so that base is exact there.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache

import torch
from torch import Tensor

LARGEST = 2**31 - 2**24  # of the numbers that a query is written in
EXACT = 2**24  # float32 holds whole numbers up to this
_LESSER = 2  # digits that a cut number lacks
_SPARE = 9  # of the values of a share's first digit, for what the others carry over
_TILE = 16  # columns that a processor's byte unit multiplies at once
_ROWS = 4  # of digits; fewer take longer
_SHORT = 2**12  # rows up to this length are multiplied several at a time
_LONGEST = 2**16  # rows whose sums of 2¹⁴ each stay below 2³¹ by far


@dataclass(frozen=True, slots=True)
class Base:
    """A base B = 2^bits of digits, and how many of them numbers have.

    Attributes:
        places: of the digits of a number up to `LARGEST`.
        share_places: numbers of digits that a share from 0 to 1 may be written in, the coarsest first.
    """

    bits: int
    places: int
    share_places: tuple[int, ...]

    @property
    def offset(self) -> int:
        """What is added to a digit: B/2."""
        return 1 << (self.bits - 1)

    @property
    def cut(self) -> int:
        """What the digits that a cut number lacks can hold."""
        return self.offset * ((1 << self.bits) + 1)

    def parts(self, places: int) -> float:
        """A share of 1 as a whole number of so many digits."""
        return float((self.offset - _SPARE) << self.bits * (places - 1))

    def digits(self, whole: Tensor, places: int) -> Tensor:
        """Whole numbers (b, n) in so many digits, the least first, (b, places, n) uint8."""
        out = torch.empty(len(whole), places, whole.shape[1], dtype=torch.uint8, device=whole.device)
        offsets = sum(self.offset << self.bits * place for place in range(places))
        short = self.bits * places <= 32  # these digits are right if the sum wraps around
        found = whole.to(torch.int32 if short else torch.int64, copy=True)  # which is the caller's own otherwise
        found += offsets - 2**32 if short and offsets >= 2**31 else offsets
        for place in range(places):
            shifted = found >> self.bits * place
            out[:, place] = shifted if self.bits == 8 else shifted & (1 << self.bits) - 1
        return out

    def greater(self, digits: Tensor) -> Tensor:
        """The digits (…, places, n) of cut numbers."""
        return digits[..., _LESSER:, :]

    def signed(self, digits: Tensor) -> Tensor:
        """The digits themselves, int8, from the bytes that hold them."""
        return (digits ^ self.offset).view(torch.int8) if self.bits == 8 else digits.view(torch.int8) - self.offset


Packed = Tensor | torch.ScriptObject
WIDE = Base(8, 4, (3, 4, 5))
NARROW = Base(7, 5, (4, 5, 6))
_NARROW_RUN = EXACT // 128 // NARROW.offset  # bytes times digits that add up to 2²⁴ at most


@cache
def powers(base: Base, count: int, places: int, device: torch.device) -> Tensor:
    """The place values of the `count` greatest of so many digits, float64."""
    values = [float(1 << base.bits * place) for place in range(places - count, places)]
    return torch.tensor(values, dtype=torch.float64, device=device)


@cache
def base_of(device: torch.device) -> Base | None:
    """The base whose digits the device multiplies exactly and fastest; None where there is none."""
    if device.type == "cpu":
        return WIDE if packs(WIDE) else NARROW
    return WIDE if _multiplies(device) else None


def exact_products(device: torch.device) -> bool:
    """Whether the device multiplies bytes exactly in any base."""
    return base_of(device) is not None


# ------------------------------------------------------------ operators for every device


def product(codes: Tensor, columns: Tensor) -> Tensor:
    """codes (n, k) @ columns (k, m) of int8, exact, int32 (n, m). n and k: multiples of 16 from 32 on, k at most 2¹⁶.

    A few columns leave most of a tile idle, and short rows keep memory waiting. In that case several rows are read as
    one long row and multiplied by a block diagonal of the columns, which gives the same numbers up to twice as fast.
    """
    count, short = columns.shape[1], codes.shape[1] <= _SHORT
    if codes.is_cuda and count % 8:
        columns = torch.nn.functional.pad(columns, (0, -count % 8))
    together = max(1, _TILE // columns.shape[1]) if short else 1
    together = 2 ** (together.bit_length() - 1)
    if together > 1:
        blocks = codes.new_zeros(together, len(columns), together, columns.shape[1])
        blocks.diagonal(dim1=0, dim2=2).copy_(columns[:, :, None])
        long = together * codes.shape[1]
        found = torch._int_mm(codes.view(-1, long), blocks.view(long, -1)).view(len(codes), -1)
    else:
        found = torch._int_mm(codes, columns)
    return found[:, :count]


def narrow_product(left: Tensor, right: Tensor) -> Tensor:
    """left (n, k) @ right (k, m) of bytes and digits of `NARROW`, int8, exact, float64 (n, m).

    Older processors have no `_int_mm` worth its name. Sums of float32 are exact as long as they stay up to 2²⁴.
    """
    found = torch.zeros(len(left), right.shape[1], dtype=torch.float64)
    for start in range(0, len(right), _NARROW_RUN):
        part = slice(start, start + _NARROW_RUN)
        found += left[:, part].float() @ right[part].float()
    return found


def runs(count: int) -> list[slice]:
    """Slices of `count` places, each short enough for one `product` along it."""
    return [slice(start, min(start + _LONGEST, count)) for start in range(0, count, _LONGEST)]


def _multiplies(device: torch.device) -> bool:
    """Whether `product` does not saturate; tried with the most extreme numbers."""
    one = torch.tensor([-128, 127], dtype=torch.int8, device=device)
    codes = one.repeat_interleave(32)[:, None].expand(64, 512).contiguous()
    mixed = torch.stack([one.repeat(256), one[:1].expand(512), one[1:].expand(512)], dim=1).repeat(1, 6)
    try:
        results = [product(codes, mixed[:, :count].contiguous()) for count in (4, 16)]
    except (AttributeError, RuntimeError):  # a build without this operator
        return False
    wanted = codes.double() @ mixed.double()
    return all(bool((found.double() == wanted[:, : found.shape[1]]).all()) for found in results)


# ------------------------------------------------------------ operators for processors alone


def packed(table: Tensor, base: Base) -> Packed:
    """A table (n, k) of int8 in the order in which `times` reads it fastest."""
    found: Packed
    if base is WIDE:
        found = torch.ops.onednn.qlinear_prepack(table, None)
    else:
        found = torch.ops.quantized.linear_prepack(torch._make_per_tensor_quantized_tensor(table, 1.0, 0), None)
    return found


def times(table: Packed, rows: Tensor, base: Base) -> Tensor:
    """Digits in rows (m, k) of uint8 times a packed table (n, k): (m, n) float32, which rounds beyond 2²⁴."""
    found: Tensor
    count = len(rows)
    if count < _ROWS:
        rows = torch.nn.functional.pad(rows, (0, 0, 0, _ROWS - count))
    if base is WIDE:
        found = torch.ops.onednn.qlinear_pointwise(
            rows.contiguous(),
            1.0,
            base.offset,
            table,
            *_scale_and_zero(),
            None,
            1.0,
            0,
            torch.float32,
            "none",
            [],
            "",
        )
    else:
        digits = rows.float().sub_(base.offset)
        found = torch.ops.quantized.linear_with_input_q_dq_qweight_dq_output_fp32(digits, 1.0, base.offset, table)
    return found[:count]


@cache
def packs(base: Base) -> bool:
    """Whether `times` is exact for digits of the base and sums up to 2²⁴; tried with the most extreme numbers."""
    near = base.offset // 16
    extremes = (
        (0, (1 << base.bits) - 1, EXACT // 128 // base.offset),
        (base.offset - near, base.offset + near - 1, 2**14),
    )
    with warnings.catch_warnings():
        warnings.simplefilter(
            "ignore", UserWarning
        )  # said once: these operators will go one day, and then others serve
        return all(_exact_up_to(base, *extreme) for extreme in extremes)


def _exact_up_to(base: Base, low: int, high: int, count: int) -> bool:
    digits = torch.tensor([low, high], dtype=torch.uint8).repeat_interleave(3)[:, None].repeat(1, count)
    digits[1::3, ::2], digits[2::3, 5:] = base.offset + 1, base.offset
    codes = torch.tensor([-128, 127, -1], dtype=torch.int8)[:, None].expand(3, count).repeat(16, 1)
    wanted = (digits.double() - base.offset) @ codes.double().T
    try:
        return bool((times(packed(codes, base), digits, base).double() == wanted).all())
    except (AttributeError, RuntimeError):  # a build without these operators
        return False


@cache
def _scale_and_zero() -> tuple[Tensor, Tensor]:
    """Of a table's numbers."""
    return torch.ones(1), torch.zeros(1, dtype=torch.int64)
