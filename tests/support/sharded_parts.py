"""Compares D* that is split among the processes of a job with D* of all points; run by torchrun.

    python -m torch.distributed.run --standalone --nproc-per-node 2 tests/support/sharded_parts.py

The first process prints how many answers it compared, and fails where one is outside the bounds of both.
"""

from __future__ import annotations

import sys

import numpy as np
import pytest
import torch
import torch.distributed as dist

from geomodel.denoisers.optimal import OptimalDenoiser
from geomodel.denoisers.optimal.sharded import MESSAGES, ShardedOptimalDenoiser

LEVELS = (0.0, 1e-12, 1e-6, 0.03, 0.3, 1.0, 5.0, 80.0, 1e9)


def sets():
    """Clouds that are hard in different ways."""
    random = np.random.default_rng(5)
    yield "random", random.standard_normal((301, 7))
    yield "far", 1e5 + random.standard_normal((120, 3))
    yield "small", 1e-4 * random.standard_normal((90, 2, 3))
    yield "twins", np.repeat(random.standard_normal((40, 4)), 3, axis=0)
    yield "sorted", np.sort(random.standard_normal((200, 1)), axis=0)  # each process has one side
    yield "three", random.standard_normal((3, 5))
    near = np.zeros((64, 6))
    near[np.arange(64), np.arange(64) % 6] = 1e-9 * random.standard_normal(64)
    yield "near ties", near


def compared() -> int:
    """How many answers agree; an AssertionError for the first that does not."""
    rank, ranks, count = dist.get_rank(), dist.get_world_size(), 0
    for name, points in sets():
        labels = np.arange(len(points)) * 3 // len(points)  # some processes have no points of a class
        own = np.array_split(np.arange(len(points)), ranks)[rank]
        sharded = ShardedOptimalDenoiser(points[own], labels[own])
        whole, random = OptimalDenoiser(points, labels), np.random.default_rng(1)
        assert len(sharded) == len(points)
        np.testing.assert_allclose(sharded.center, whole.center, rtol=1e-12, atol=1e-12 * np.abs(points).max())
        scale = points.std()
        for sigma in LEVELS:
            chosen = random.integers(0, len(points), 40)
            x = points[chosen] + min(sigma, 1e9) * scale * random.standard_normal((40, *points.shape[1:]))
            x[:4] = (points[chosen[:4]] + points[chosen[4:8]]) / 2  # where D* is torn at small σ
            for seen in (None, torch.as_tensor(random.integers(-1, 3, 40))):
                level = torch.full((40,), sigma * scale, dtype=torch.float64)
                found = sharded.merged(torch.as_tensor(x), level, seen)
                known = whole.posterior(x, level, seen)
                apart = (found.mean - known.mean).flatten(1).norm(dim=1)
                worst = (apart - found.bound - known.bound).max()
                assert worst <= 0, (name, sigma, worst, found.bound, known.bound)
                assert bool((found.bound < 1e-6 * np.abs(points).max()).any() or sigma < 1e-3), (name, sigma)
                together = [torch.empty_like(found.mean) for _ in range(ranks)]
                dist.all_gather(together, found.mean)
                assert all(torch.equal(found.mean, other) for other in together)  # to the bit
                count += 40
    return count


def messages() -> None:
    """An evaluation sends what the table of messages says."""
    sent = []
    kinds = {
        "all_reduce": ("summed", lambda values, *_, **__: values),
        "all_gather": ("gathered", lambda _, own, **__: own),
    }
    with pytest.MonkeyPatch.context() as patch:
        for name, (how, which) in kinds.items():
            plain = getattr(dist, name)

            def counted(*given, plain=plain, how=how, which=which, **more):
                sent.append((which(*given, **more).numel(), how))
                return plain(*given, **more)

            patch.setattr(dist, name, counted)
        sharded = ShardedOptimalDenoiser(np.random.default_rng(0).standard_normal((20, 3)))
        sent.clear()
        sharded(np.ones((5, 3)), 1.0)
    assert sent == [(numbers(5, 3), how) for numbers, how in MESSAGES.values()], sent


def refusals() -> None:
    """Every process refuses, so that none waits for the others."""
    rank = dist.get_rank()
    points = np.random.default_rng(0).standard_normal((20, 2))
    sharded = ShardedOptimalDenoiser(points, np.full(20, rank))
    for labels in ([0], [dist.get_world_size() - 1]):
        sharded(points[:1], 1.0, labels)
    with pytest.raises(ValueError, match="No data point"):
        sharded(points[:1], 1.0, [99])
    with pytest.raises(ValueError, match="different shapes"):  # two processes at least
        ShardedOptimalDenoiser(np.zeros((4, 2 + rank)))


if __name__ == "__main__":
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    answers = compared()
    refusals()
    messages()
    if dist.get_rank() == 0:
        print(answers)
    dist.destroy_process_group()
    sys.exit(0)
