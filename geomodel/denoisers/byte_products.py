"""Matrix products of bytes, without rounding."""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor


def bytes_of(whole: Tensor, count: int) -> Tensor:
    """The `count` least bytes of whole numbers (b, n), as (b, count, n), the least first."""
    parts = whole.to(torch.int64).view(torch.uint8).view(len(whole), -1, 8)
    return parts[..., :count].transpose(1, 2).contiguous()


def packed(codes: Tensor) -> Tensor:
    """int8 codes (n, d) in the order that `product` reads fastest."""
    answer: Tensor = torch.ops.onednn.qlinear_prepack(codes, None)
    return answer


def product(digits: Tensor, zero: int, codes: Tensor) -> Tensor:
    """(digits − zero) @ codes.T, exact in int32, then float32."""
    one, none = torch.ones(1), torch.zeros(1, dtype=torch.int64)
    arguments: tuple[Any, ...] = (digits, 1.0, zero, codes, one, none, None, 1.0, 0, torch.float32, "none", [], "")
    answer: Tensor = torch.ops.onednn.qlinear_pointwise(*arguments)
    return answer


def exact_products() -> bool:
    """Whether this processor multiplies bytes without saturating: extreme digits against extreme codes."""
    codes = torch.tensor([[-128], [127]], dtype=torch.int8).expand(2, 512).contiguous()
    digits = torch.tensor([[255], [0]], dtype=torch.uint8).expand(2, 512).contiguous()
    try:
        results = [product(digits, zero, packed(codes)) for zero in (0, 128)]
    except (AttributeError, RuntimeError):  # a build without these operators
        return False
    wanted = [(digits.double() - zero) @ codes.double().T for zero in (0, 128)]
    return all(bool((a == b).all()) for a, b in zip(results, wanted, strict=True))
