"""Asks a denoiser of the user's with two rows, before anything is computed with it: what it takes, what it answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor

from geomodel.checkpoints.info import CheckpointError
from geomodel.denoisers.base import ask

# Share of the largest number by which a row may differ from the same row in a batch. Another batch size takes other
# kernels, and bfloat16 keeps 8 bits. Rows that depend on each other differ by much more.
SAME = 0.05

Model = Callable[..., object]


class Way(NamedTuple):
    """How a model is asked."""

    dtype: torch.dtype = torch.float64  # of x; a network takes only that of its weights
    number: bool = True  # one noise level is a float; otherwise it is a tensor with a value for each row
    levels: bool = True  # the rows of a batch may have noise levels of their own

    def answer(self, model: Model, x: Tensor, sigma: float | Tensor, labels: Tensor | None) -> object:
        """What the model answers for x (B, *shape) and sigma, a float or (B,)."""
        if not isinstance(sigma, Tensor) and not self.number:
            sigma = torch.full((len(x),), sigma)
        level = sigma.to(x.device, self.dtype) if isinstance(sigma, Tensor) else sigma
        return ask(model, x.to(self.dtype), level, labels)


# In the order in which they are tried: as k-diffusion and EDM call a network, the last ones take a tensor of levels.
WAYS = (Way(), Way(torch.float32), Way(number=False), Way(torch.float32, number=False))


def check(name: str, model: Model, shape: tuple[int, ...], classes: int, sigma: float) -> Way:
    """Ask with two rows at `sigma`, and at an eighth of it. Returns how the model is to be asked.

    Raises CheckpointError, one sentence, where an answer is no tensor of x's shape, holds no finite real numbers, or
    where a row depends on the row beside it; and whatever the model raises that takes no way of asking.
    """
    levels = (sigma, sigma / 8)
    x = torch.randn(2, *shape, generator=torch.Generator().manual_seed(0)) * sigma
    labels = torch.zeros(2, dtype=torch.int64) if classes else None
    with torch.no_grad():
        way = _accepted(model, x, sigma, labels)
        for level in levels:
            both = _answer(name, model, x, level, labels, way)
            for row in (0, 1):
                one = slice(row, row + 1)
                alone = _answer(name, model, x[one], level, None if labels is None else labels[one], way)
                if not _same(both[one], alone, both):
                    raise CheckpointError(
                        f"{name} denoises a row otherwise when another is beside it; rows must be independent "
                        "(for a network, call eval() first)."
                    )
        return way._replace(levels=_takes_levels(name, model, x, levels, labels, way))


def _accepted(model: Model, x: Tensor, sigma: float, labels: Tensor | None) -> Way:
    """The first way of asking that the model does not refuse. Where it refuses all, what it says of a float32 x."""
    errors: list[Exception] = []
    for way in WAYS:
        try:
            way.answer(model, x, sigma, labels)
        except Exception as error:  # noqa: BLE001  the code is anybody's, and to refuse is one of the answers
            errors.append(error)
        else:
            return way
    raise errors[WAYS.index(Way(torch.float32))]


def _takes_levels(
    name: str, model: Model, x: Tensor, levels: tuple[float, float], labels: Tensor | None, way: Way
) -> bool:
    """Whether the rows of a batch at two levels are what they are alone. A model that was written for one number may
    refuse a tensor, or spread it over the columns.
    """
    try:
        both = _answer(name, model, x, torch.tensor(levels, dtype=torch.float64), labels, way)
    except Exception:  # noqa: BLE001  as above
        return False
    rows = (slice(row, row + 1) for row in (0, 1))
    alone = [
        _answer(name, model, x[row], level, None if labels is None else labels[row], way)
        for row, level in zip(rows, levels, strict=True)
    ]
    return all(_same(both[row : row + 1], answer, answer) for row, answer in enumerate(alone))


def _answer(name: str, model: Model, x: Tensor, sigma: float | Tensor, labels: Tensor | None, way: Way) -> Tensor:
    """The checked answer."""
    answer = way.answer(model, x, sigma, labels)
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
