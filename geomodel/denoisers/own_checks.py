"""Asks a denoiser of the user's twice with two rows, before anything is computed with it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch
from torch import Tensor

from geomodel.checkpoints.info import CheckpointError
from geomodel.denoisers.base import ask

# Share of the largest number by which a row may differ from the same row in a batch. Another batch size takes other
# kernels, and bfloat16 keeps 8 bits. Rows that depend on each other differ by much more.
SAME = 0.05

Model = Callable[..., Any]


def check(name: str, model: Model, shape: tuple[int, ...], classes: int, sigma: float) -> bool:
    """Ask with two rows at `sigma`, and at an eighth of it. Returns whether the model also takes a noise level for
    each row.

    Raises CheckpointError, one sentence, where an answer is no tensor of x's shape, holds no finite real numbers, or
    where a row depends on the row beside it.
    """
    levels = (sigma, sigma / 8)
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0)) * sigma
    labels = torch.zeros(2, dtype=torch.int64) if classes else None
    with torch.no_grad():
        for level in levels:
            both = _answer(name, model, x, level, labels)
            for row in (0, 1):
                one = slice(row, row + 1)
                alone = _answer(name, model, x[one], level, None if labels is None else labels[one])
                if not _same(both[one], alone, both):
                    raise CheckpointError(
                        f"{name} denoises a row otherwise when another is beside it; rows must be independent "
                        "(for a network, call eval() first)."
                    )
        return _takes_levels(name, model, x, levels, labels)


def _takes_levels(name: str, model: Model, x: Tensor, levels: tuple[float, float], labels: Tensor | None) -> bool:
    """Whether the rows of a batch at two levels are what they are alone. A model that was written for one number may
    refuse a tensor, or spread it over the columns.
    """
    try:
        both = _answer(name, model, x, torch.tensor(levels, dtype=torch.float64), labels)
    except Exception:  # noqa: BLE001  the code is anybody's, and to refuse is one of the answers
        return False
    rows = (slice(row, row + 1) for row in (0, 1))
    alone = [
        _answer(name, model, x[row], level, None if labels is None else labels[row])
        for row, level in zip(rows, levels, strict=True)
    ]
    return all(_same(both[row : row + 1], answer, answer) for row, answer in enumerate(alone))


def _answer(name: str, model: Model, x: Tensor, sigma: float | Tensor, labels: Tensor | None) -> Tensor:
    """The checked answer."""
    answer = ask(model, x, sigma, labels)
    if not isinstance(answer, Tensor) or answer.shape != x.shape:
        found = tuple(answer.shape) if isinstance(answer, Tensor) else type(answer).__name__
        raise CheckpointError(f"{name} returned {found}; expected a tensor of shape {tuple(x.shape)}.")
    if not answer.is_floating_point():
        kind = str(answer.dtype).removeprefix("torch.")
        raise CheckpointError(f"{name} returned numbers of type {kind}; expected floating-point numbers.")
    if not bool(torch.isfinite(answer).all()):
        raise CheckpointError(
            f"{name} returned numbers that are not finite at σ = {float(torch.as_tensor(sigma).max()):.3g}."
        )
    return answer.detach().to("cpu", torch.float64)


def _same(found: Tensor, wanted: Tensor, scale: Tensor) -> bool:
    return bool((found - wanted).abs().max() <= SAME * scale.abs().max())
