"""One call of the optimal denoiser over a large set of images, beside fused attention and a loop over its samples.

Fused attention is PyTorch's scaled_dot_product_attention as a kernel smoother in float32: queries x/σ², keys and values
the points, −‖y‖²/2σ² as a mask or in one more column, whichever is faster. Every timed call gets queries of its own,
from true trajectories, and the three kinds take turns.

    python benchmarks/optimal_denoiser.py SET [--count 16] [--repeats 5] [--levels 18]
"""

from __future__ import annotations

import argparse
import os
import statistics
import time
from collections.abc import Callable
from functools import partial

import common
import numpy as np
import torch
from torch import Tensor

import geomodel as gm


def trajectories(model: gm.OptimalDenoiser, sigmas: np.ndarray, sets: int, count: int) -> list[list[Tensor]]:
    """`sets` batches of queries for each level, by Euler steps with the denoiser itself."""
    batches = []
    for number in range(sets):
        x, batch = gm.noise(range(number * count, (number + 1) * count), model.shape, float(sigmas[0])), []
        for high, low in zip(sigmas, [*sigmas[1:], 0.0], strict=True):
            batch.append(x)
            x = x + (low - high) / high * (x - model(x, float(high)))
        batches.append(batch)
    return batches


def attention(points: Tensor, count: int) -> Callable[[Tensor, float], Tensor]:
    """D* as fused attention in float32: the faster of two forms, for this many queries."""
    smooth = torch.nn.functional.scaled_dot_product_attention
    halves = points.square().sum(1) / 2
    wide = torch.cat([points, -halves[:, None]], dim=1)[None, None]
    narrow = points[None, None]

    def widened(x: Tensor, sigma: float) -> Tensor:
        rows = torch.cat([x.flatten(1).float() / sigma**2, torch.full((len(x), 1), sigma**-2)], dim=1)
        return smooth(rows[None, None], wide, wide, scale=1.0)[0, 0, :, :-1].reshape(x.shape)

    def masked(x: Tensor, sigma: float) -> Tensor:
        rows = (x.flatten(1).float() / sigma**2)[None, None]
        bias = (-halves / sigma**2).expand(1, 1, len(x), -1)
        return smooth(rows, narrow, narrow, attn_mask=bias, scale=1.0)[0, 0].reshape(x.shape)

    x = torch.randn(count, points.shape[1])
    spent = {form: min(milliseconds(partial(form, x, 10.0)) for _ in range(5)) for form in (widened, masked)}
    return min(spent, key=spent.__getitem__)


def milliseconds(call: Callable[[], object]) -> float:
    start = time.perf_counter()
    call()
    return 1000 * (time.perf_counter() - start)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", help="a data set's name or file")
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--levels", type=int, default=18)
    options = parser.parse_args()
    points = np.asarray(gm.datasets.load(options.set).points)
    start = time.perf_counter()
    model = gm.OptimalDenoiser(points)
    print(f"{len(points)} points, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    print(f"built in {time.perf_counter() - start:.1f} s")
    sigmas = gm.schedules.karras(steps=options.levels - 1)
    flat = torch.from_numpy(points).flatten(1)
    single, fused = attention(flat, 1), attention(flat, options.count)
    batches = trajectories(model, sigmas, options.repeats + 1, options.count)
    common.line("noise level", ("one", "fused", "ratio", "batch", "fused", "ratio", "loop", "ratio", "bound"), 12)
    ratios = []
    for level, sigma in enumerate(float(value) for value in sigmas):
        samples: list[list[float]] = [[], [], [], [], []]
        for batch in batches:
            x = batch[level]
            calls = (
                partial(model, x[:1], sigma),
                partial(single, x[:1], sigma),
                partial(model, x, sigma),
                partial(fused, x, sigma),
                lambda x=x, sigma=sigma: [model(x[row : row + 1], sigma) for row in range(len(x))],
            )
            for kind, call in zip(samples, calls, strict=True):
                kind.append(milliseconds(call))
        one, fused_one, many, fused_many, loop = (statistics.median(kind[1:]) for kind in samples)
        bound = float(model.posterior(batches[0][level], sigma).bound.max())
        ratios.append([fused_one / one, fused_many / many, loop / many])
        figures = [one, fused_one, ratios[-1][0], many, fused_many, ratios[-1][1], loop, ratios[-1][2]]
        common.line(f"{sigma:.4g}", [*(f"{figure:.1f}" for figure in figures), f"{bound:.1e}"], 12)
    means = [statistics.geometric_mean(column) for column in zip(*ratios, strict=True)]
    print("geometric means: one {:.2f}, batch {:.2f} against fused attention, {:.2f} against the loop".format(*means))


if __name__ == "__main__":
    main()
