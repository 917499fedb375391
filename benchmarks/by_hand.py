"""Loops of solvers written by hand with plain tensors: no checks, no steps, no record. What even they add to the bare
calls of a denoiser is the price of small operations between its calls, because those find the caches full of its data.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

from torch import Tensor

Model = Callable[..., Any]
Loop = Callable[[Model, Tensor, Sequence[float]], Tensor]


def euler(model: Model, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """One operation a step."""
    for sigma, after in pairwise(sigmas):
        x = model(x, sigma).lerp(x, after / sigma)
    return x


def heun(model: Model, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Five operations a step."""
    for sigma, after in pairwise(sigmas):
        half = (after - sigma) / 2
        denoised = model(x, sigma)
        point = denoised.lerp(x, after / sigma)
        x = x.add(x - denoised, alpha=half / sigma).add(point - model(point, after), alpha=half / after)
    return x


def rk4(model: Model, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Eleven operations a step."""
    for sigma, after in pairwise(sigmas):
        width, middle = after - sigma, (sigma + after) / 2
        first = x - model(x, sigma)
        point = x.add(first, alpha=width / (2 * sigma))
        second = point - model(point, middle)
        point = x.add(second, alpha=width / (2 * middle))
        third = point - model(point, middle)
        point = x.add(third, alpha=width / middle)
        x = x.add(first, alpha=width / (6 * sigma)).add(second.add(third), alpha=width / (3 * middle))
        x = x.add(point - model(point, after), alpha=width / (6 * after))
    return x


def dpmpp_2m(model: Model, x: Tensor, sigmas: Sequence[float]) -> Tensor:
    """Three operations a step."""
    before, last = None, sigmas[0]
    for sigma, after in pairwise(sigmas):
        denoised, ratio = model(x, sigma), after / sigma
        beyond = 0.0 if before is None else math.log(sigma / after) / (2 * math.log(last / sigma))
        x = (ratio * x).add(denoised, alpha=(1 - ratio) * (1 + beyond))
        if before is not None:
            x = x.add(before, alpha=(ratio - 1) * beyond)
        before, last = denoised, sigma
    return x


LOOPS: dict[str, Loop] = {loop.__name__: loop for loop in (euler, heun, rk4, dpmpp_2m)}
