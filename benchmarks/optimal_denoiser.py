"""The optimal denoiser over a large set of images, beside fused attention and loops over samples.

Fused attention is PyTorch's scaled_dot_product_attention as a kernel smoother in float32: queries x/σ², keys and values
the points, −‖y‖²/2σ² as a mask or in one more column, whichever is faster. The loop over samples is what published
codes do: differences to all points, a softmax, a weighted sum, in float32. Every timed call gets queries of its own,
from true trajectories, and the kinds take turns. `error` is against brute force by differences in float64. A pass is
one product of a query's digits with all codes, by the same kernel. With `--processor` one thread computes and the least
of its processor times are shown, because other programs disturb them less than the median of times on the clock.

    python benchmarks/optimal_denoiser.py SET [--only levels trajectory memory mapped] [--count 16] [--repeats 5]
                                              [--device cuda] [--processor]
"""

from __future__ import annotations

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import common
import numpy as np
import torch
from torch import Tensor

import geomodel as gm
from geomodel import memory

STEPS = 17  # the 18 levels of the Karras grid
SECTIONS = ("levels", "trajectory", "memory", "mapped")
MILLION = (1_000_000, 784)


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


def published(points: Tensor) -> Callable[[Tensor, float], list[Tensor]]:
    """D* sample by sample, by differences in float32, on the points' device."""

    def loop(x: Tensor, sigma: float) -> list[Tensor]:
        rows = x.flatten(1).to(points)
        return [torch.softmax(-(points - row).square().sum(1) / (2 * sigma**2), 0) @ points for row in rows]

    return loop


def brute(points: Tensor, x: Tensor, sigma: float) -> Tensor:
    """D* by differences in float64, block by block."""
    found = []
    for row in x.flatten(1).double():
        halves = torch.cat([(block.double() - row).square().sum(1) / 2 for block in points.split(5000)])
        weights = torch.exp(-(halves - halves.min()) / sigma**2)
        parts = zip(points.split(5000), weights.split(5000), strict=True)
        found.append(sum(part @ block.double() for block, part in parts) / weights.sum())
    return torch.stack(found)


CLOCKS = {False: (time.perf_counter, statistics.median), True: (time.thread_time, min)}
processor = False  # whether one thread's processor time is measured, and its least counts


def milliseconds(call: Callable[[], object]) -> float:
    clock, _ = CLOCKS[processor]
    start = clock()
    call()
    return 1000 * (clock() - start)


def typical(samples: list[float]) -> float:
    """The figure that stands for some."""
    return CLOCKS[processor][1](samples)


def levels(points: np.ndarray, model: gm.OptimalDenoiser, sigmas: np.ndarray, count: int, repeats: int) -> None:
    """One query and a batch at every noise level, with errors and bounds."""
    flat = torch.from_numpy(points).flatten(1)
    single, fused = attention(flat, 1), attention(flat, count)
    batches = trajectories(model, sigmas, repeats + 1, count)
    heads = ("one", "fused", "ratio", "batch", "fused", "ratio", "error", "bound")
    common.line("noise level", heads, 12)
    ratios, slowest = [], 0.0
    for level, sigma in enumerate(float(value) for value in sigmas):
        samples: list[list[float]] = [[], [], [], []]
        for batch in batches:
            x = batch[level]
            calls = (
                partial(model, x[:1], sigma),
                partial(single, x[:1], sigma),
                partial(model, x, sigma),
                partial(fused, x, sigma),
            )
            for kind, call in zip(samples, calls, strict=True):
                kind.append(milliseconds(call))
        one, fused_one, many, fused_many = (typical(kind[1:]) for kind in samples)
        x = batches[0][level]
        error = float((model(x[:2], sigma).flatten(1) - brute(flat, x[:2], sigma)).norm(dim=1).max())
        bound = float(model.posterior(x, sigma).bound.max())
        ratios.append([fused_one / one, fused_many / many])
        slowest = max(slowest, one)
        figures = [one, fused_one, ratios[-1][0], many, fused_many, ratios[-1][1]]
        common.line(f"{sigma:.4g}", [*(f"{figure:.1f}" for figure in figures), f"{error:.1e}", f"{bound:.1e}"], 12)
    means = [statistics.geometric_mean(column) for column in zip(*ratios, strict=True)]
    print("geometric means against fused attention: one {:.2f}, batch {:.2f}".format(*means))
    once = a_pass(model, batches[0][0][:1])
    if once is not None:
        print(f"a pass takes {once:.1f} ms, the slowest level of one query {slowest / once:.1f} passes")


def a_pass(model: gm.OptimalDenoiser, x: Tensor) -> float | None:
    """How long one product of a query's digits with all codes takes; None without codes."""
    codes = None if model._search is None else model._search._codes
    if codes is None:
        return None
    rows = codes.query(x.flatten(1).double()).digits.flatten(0, 1)
    emptied, samples = torch.zeros(2**26, dtype=torch.int8), []
    for _ in range(9):
        emptied.add_(1)  # the caches, as between the calls of the table
        samples.append(milliseconds(lambda: list(codes._codes.along(rows))))
    return typical(samples)


def trajectory(points: np.ndarray, model: gm.OptimalDenoiser, sigmas: np.ndarray, repeats: int) -> None:
    """A whole trajectory of one sample: its 18 evaluations, fresh ones every time."""
    flat = torch.from_numpy(points).flatten(1)
    kinds = {"D*": model, "fused attention": attention(flat, 1), "loop over samples": published(flat)}
    samples: dict[str, list[float]] = {name: [] for name in kinds}
    for batch in trajectories(model, sigmas, repeats + 1, 1):
        for name, kind in kinds.items():
            pairs = list(zip(batch, map(float, sigmas), strict=True))
            samples[name].append(milliseconds(lambda kind=kind, pairs=pairs: [kind(x, sigma) for x, sigma in pairs]))
    common.times("A trajectory of one sample, 18 levels")
    for name, figures in samples.items():
        common.row(name, figures[1:])
    ours = typical(samples["D*"][1:])
    for name in list(kinds)[1:]:
        print(f"{name} / D*: {typical(samples[name][1:]) / ours:.2f}")


def peak() -> float:
    """MB that this process has held at most; its own, where the system tells them from those before `exec`."""
    status = Path("/proc/self/status")
    if not status.exists():
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    return next(int(line.split()[1]) / 1024 for line in status.read_text().splitlines() if line.startswith("VmHWM"))


def in_memory(points: np.ndarray) -> None:
    """What 64 queries and the denoiser itself take beyond the points, in a process of its own."""
    x = torch.from_numpy(points[:64].reshape(64, *points.shape[1:])).double()
    torch.ones(200, 200) @ torch.ones(200, 200)
    before = peak()
    model = gm.OptimalDenoiser(points)
    built = peak()
    for sigma in (80.0, 5.0, 1.0, 0.1):
        model(x + sigma * torch.randn_like(x), sigma)
    print(
        f"beyond the points: {built - before:.0f} MB after building, {peak() - before:.0f} MB with 64 queries at once"
    )


@contextmanager
def million() -> Iterator[Path]:
    """A file of a million images of 28 × 28 bytes, half of them dark, removed at the end."""
    with tempfile.TemporaryDirectory() as folder:
        path, random = Path(folder) / "million.npy", np.random.default_rng(0)
        stored = np.lib.format.open_memmap(path, "w+", np.uint8, (MILLION[0], 28, 28))
        for start in range(0, MILLION[0], 50_000):
            block = random.integers(0, 256, (50_000, 28, 28), dtype=np.uint8)
            stored[start : start + 50_000] = block * (block > 127)
        stored.flush()
        del stored
        yield path


def mapped(path: Path) -> None:
    """One query over a set that stays in its file, in a process of its own."""
    memory.physical = lambda: 2**30  # a quarter of which the file is larger than
    start = time.perf_counter()
    data = gm.datasets.load(str(path))
    model = gm.OptimalDenoiser(data.points)
    print(f"opened and built in {time.perf_counter() - start:.1f} s")
    size = path.stat().st_size
    with path.open("rb", buffering=0) as file:
        reading = milliseconds(lambda: [None for _ in iter(lambda: len(file.read(2**24)), 0)])
    print(f"reading the file, {size / 1e6:.0f} MB: {reading:.0f} ms")
    for sigma in (80.0, 5.0, 0.5, 0.05):
        x = torch.from_numpy(data.points[:1]).double() + sigma * torch.randn(1, *data.shape, dtype=torch.float64)
        spent = min(milliseconds(partial(model, x, sigma)) for _ in range(3))
        print(f"σ {sigma:g}: {spent:.0f} ms, {spent / reading:.2f} × reading it once")
    print(f"resident memory at most {peak():.0f} MB")


def alone(*arguments: str) -> None:
    """This script again, in a process whose memory is its own."""
    subprocess.run([sys.executable, __file__, *arguments], check=True)


def on_device(points: np.ndarray, device: str, count: int, repeats: int) -> None:
    """A batch at every level on an accelerator, beside the loop over samples there and what its memory allows."""
    flat = torch.from_numpy(points).flatten(1).to(device)
    model, loop, sigmas = gm.OptimalDenoiser(points, device=device), published(flat), gm.schedules.karras(steps=STEPS)
    batches = trajectories(model, sigmas, repeats + 1, count)
    codes = torch.randint(-128, 128, tuple(flat.shape), dtype=torch.int8, device=device)
    torch.cuda.synchronize()
    reading = min(milliseconds(lambda: codes.view(torch.int64).sum().item()) for _ in range(10))
    common.line("noise level", ("batch", "loop", "ratio", "codes read"), 12)
    for level, sigma in enumerate(float(value) for value in sigmas):
        samples: list[list[float]] = [[], []]
        for batch in batches:
            samples[0].append(milliseconds(partial(model, batch[level], sigma)))
            samples[1].append(milliseconds(lambda x=batch[level], s=sigma: (loop(x, s), torch.cuda.synchronize())))
        ours, theirs = (statistics.median(kind[1:]) for kind in samples)
        common.line(f"{sigma:.4g}", [f"{v:.1f}" for v in (ours, theirs, theirs / ours, ours / reading)], 12)
    print(f"{torch.cuda.get_device_name(device)}; reading the codes once takes {reading:.2f} ms")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("set", help="a data set's name or file")
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--count", type=int, default=16)
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--processor", action="store_true", help="processor time of one thread")
    parser.add_argument("--alone", choices=("memory", "mapped"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.processor:
        torch.set_num_threads(1)
        globals()["processor"] = True
    if options.alone == "mapped":
        return mapped(Path(options.set))
    points = np.asarray(gm.datasets.load(options.set).points)
    if options.alone == "memory":
        return in_memory(points)
    print(f"{len(points)} points, {torch.get_num_threads()} threads, load {os.getloadavg()[0]:.1f}")
    if options.device != "cpu":
        return on_device(points, options.device, options.count, options.repeats)
    start = time.perf_counter()
    model, sigmas = gm.OptimalDenoiser(points), gm.schedules.karras(steps=STEPS)
    print(f"built in {time.perf_counter() - start:.1f} s")
    if "levels" in options.only:
        levels(points, model, sigmas, options.count, options.repeats)
    if "trajectory" in options.only:
        trajectory(points, model, sigmas, options.repeats)
    if "memory" in options.only:
        alone(options.set, "--alone", "memory")
    if "mapped" in options.only:
        with million() as path:
            alone(str(path), "--alone", "mapped")
    return None


if __name__ == "__main__":
    main()
