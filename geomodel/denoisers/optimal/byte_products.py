"""Matrix products of bytes that are exact, and numbers written in digits that are bytes."""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor

_BASE = 256.0
LARGEST = 2**31 - 2**24  # what four digits hold
_OFFSET = 0x808080  # moves the three lesser digits from −128 … 127 to 0 … 255, the bytes of a whole number
PARTS = 119 * 2**32  # a share of 1 as a whole number; its top byte leaves room for the offset
SHARE_POWERS = (1.0, 2.0**8, 2.0**16, 2.0**24, 2.0**32, 2.0**36)
_SHARE_OFFSET = 0x88_80808080  # 128 for each of four digits, 8 for each of the two greatest
_TILE = 16  # columns that a processor's byte unit multiplies at once
_SHORT = 2**12  # rows up to this length are multiplied several at a time
_LONGEST = 2**16  # rows whose sums of 2¹⁴ each stay below 2³¹ by far


def digits(whole: Tensor) -> Tensor:
    """Whole numbers (b, n) of at most `LARGEST` as four digits of base 256 from −128 to 127, the least first.

    (b, 4, n) uint8: each digit plus 128.
    """
    changed = (whole.to(torch.int32) + _OFFSET).bitwise_xor_(-(2**31)).contiguous()
    return changed.view(torch.uint8).view(*whole.shape, 4).transpose(1, 2).contiguous()


def share_digits(whole: Tensor, out: Tensor) -> None:
    """Whole numbers (b, n) from 0 to `PARTS` as digits into out (b, 6, n) uint8; worth `SHARE_POWERS`.

    Four are digits of base 256 from −128 to 127, the greatest two of base 16 from −8 to 7; each has 128 added.
    """
    found = whole.to(torch.int64).add_(_SHARE_OFFSET).view(torch.uint8).view(*whole.shape, 8)
    out[:, :4] = found[..., :4].transpose(1, 2)
    top = found[..., 4].contiguous()
    out[:, 4], out[:, 5] = top.bitwise_and(15).add_(120), top.bitwise_right_shift(4).add_(120)


@cache
def worths(device: torch.device) -> Tensor:
    """`SHARE_POWERS` as float64."""
    return torch.tensor(SHARE_POWERS, dtype=torch.float64, device=device)


@cache
def powers(count: int, device: torch.device) -> Tensor:
    """The place values of the `count` greatest of four digits, float64."""
    return torch.tensor([_BASE**place for place in range(4 - count, 4)], dtype=torch.float64, device=device)


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


def exact_products(device: torch.device) -> bool:
    """Whether the device multiplies bytes without saturating; tried with products of the most extreme numbers."""
    one = torch.tensor([-128, 127], dtype=torch.int8, device=device)
    codes = one.repeat_interleave(32)[:, None].expand(64, 512).contiguous()
    mixed = torch.stack([one.repeat(256), one[:1].expand(512), one[1:].expand(512)], dim=1).repeat(1, 6)
    try:
        results = [product(codes, mixed[:, :count].contiguous()) for count in (4, 16)]
    except (AttributeError, RuntimeError):  # a build without this operator
        return False
    wanted = codes.double() @ mixed.double()
    return all(bool((found.double() == wanted[:, : found.shape[1]]).all()) for found in results)


def runs(count: int) -> list[slice]:
    """Slices of `count` places, each short enough for one `product` along it."""
    return [slice(start, min(start + _LONGEST, count)) for start in range(0, count, _LONGEST)]
