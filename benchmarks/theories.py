"""Theories over the bundled images: one query of each local one, beside plain programs, and the whole R² curve.

The plain programs are what one writes first: (y − x)² of all images, box sums by pooling or a dense product with the
mask of patches, a softmax, a weighted sum, all in float64. Both kinds take turns. `cpu` is the least processor time of
all threads together, which other programs on the computer disturb less; `ratio` compares that. `apart` is the largest
difference of the answers. The curve asks seven theories at the points of a run of the bundled network.

    python benchmarks/theories.py [--only query curve sums] [--threads 1 2] [--repeats 5] [--samples 8] [--levels 12]
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence
from functools import partial

import common
import numpy as np
import torch
from torch import Tensor

import geomodel as gm
import resources
from geomodel.datasets.dataset import Dataset
from geomodel.denoisers.patch_sums import PatchSums

SECTIONS = ("query", "sums", "curve")
SIGMAS = (40.0, 10.0, 5.0, 2.5, 1.2, 0.5, 0.2)
BUDGET = 80.0  # milliseconds a query, on two cores
PATCH = 7
ASKED = (  # those of the room, and one that is nearly free
    ("D*", "optimal", {}),
    ("Gaussian", "gaussian", {}),
    ("class Gaussians", "classes", {}),
    ("patches 3", "local", {"patch": 3}),
    ("patches 7", "local", {"patch": 7}),
    ("Wiener-local", "wiener-local", {}),
    ("10 nearest", "nearest", {"k": 10}),
)
CURVE_BUDGET = 90.0  # seconds for 8 samples, 12 levels and 7 theories


def weighed(gaps: Tensor, points: Tensor, sigma: float) -> Tensor:
    """Σ_i w_iq y_iq with w = softmax_i(−g_iq/σ²)."""
    return (torch.softmax(gaps / -(sigma**2), 0) * points).sum(0)


def plain_local(points: Tensor, x: Tensor, sigma: float) -> Tensor:
    """The local denoiser by pooling."""
    means = torch.nn.functional.avg_pool2d((points - x).square(), PATCH, 1, PATCH // 2)
    return weighed(means.flatten(1) * PATCH**2 / 2, points.flatten(1), sigma)


def plain_wiener(points: Tensor, masks: dict[float, Tensor], x: Tensor, sigma: float) -> Tensor:
    """Wiener-local by a dense product."""
    squares = (points - x).square().flatten(1)
    return weighed(squares @ masks[sigma] / 2, points.flatten(1), sigma)


def milliseconds(call: Callable[[], object]) -> tuple[float, float]:
    """On the clock, and of all processors."""
    start, spent = time.perf_counter(), time.process_time()
    call()
    return 1000 * (time.perf_counter() - start), 1000 * (time.process_time() - spent)


def queries(data: Dataset, sigma: float, count: int) -> Tensor:
    clean = torch.from_numpy(np.asarray(data.points[:count], np.float64))
    return clean + sigma * torch.randn(clean.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(0))


def query(data: Dataset, repeats: int) -> None:
    """One query at several noise levels, each with a query of its own."""
    points = torch.from_numpy(np.asarray(data.points, np.float64))
    local, wiener = gm.LocalDenoiser(data.points, PATCH), gm.WienerLocalDenoiser(data.points)
    masks = {sigma: wiener._mask(sigma).T.double() for sigma in SIGMAS}
    kinds = (
        (f"patches {PATCH}", local, partial(plain_local, points)),
        ("Wiener-local", wiener, partial(plain_wiener, points, masks)),
    )
    heads = ("median", "least", "budget", "cpu", "plain cpu", "ratio", "apart")
    for title, model, plain in kinds:
        print()
        common.line(f"{title}, ms a query at σ", heads, 32)
        for sigma in SIGMAS:
            ours, theirs, apart = [], [], 0.0
            for x in queries(data, sigma, repeats + 1):
                ours.append(milliseconds(partial(model, x[None], sigma)))
                theirs.append(milliseconds(partial(plain, x, sigma)))
                apart = max(apart, float((model(x[None], sigma).flatten() - plain(x, sigma)).abs().max()))
            wall, cpu = zip(*ours[1:], strict=True)
            other = min(spent for _, spent in theirs[1:])
            figures = [float(np.median(wall)), min(wall), BUDGET, min(cpu), other]
            cells = [*(f"{figure:.0f}" for figure in figures), f"{other / min(cpu):.2f}", f"{apart:.0e}"]
            common.line(f"{sigma:g}", cells, 32)


def sums(data: Dataset, repeats: int) -> None:
    """Processor time of the sums over patches alone, as they are chosen and as a dense product."""
    wiener, values = gm.WienerLocalDenoiser(data.points), torch.rand(784, 320, dtype=torch.float64)
    blocks = len(data.points) / values.shape[1]
    print()
    common.line("sums over patches, ms a query at σ", ("pixels", "numbers", "cpu", "dense", "ratio"), 36)
    for sigma in SIGMAS:
        mask = wiener._mask(sigma)
        kinds = [PatchSums(mask, 28), partial(torch.mm, mask.double())]
        spent = [blocks * min(milliseconds(partial(kind, values))[1] for _ in range(10 * repeats)) for kind in kinds]
        stored = kinds[0]._matrix
        numbers = (stored.values() if stored.layout == torch.sparse_csr else stored).numel() / len(mask)
        cells = [f"{mask.sum() / len(mask):.0f}", f"{numbers:.0f}", *(f"{each:.0f}" for each in spent)]
        common.line(f"{sigma:g}", [*cells, f"{spent[1] / spent[0]:.2f}"], 36)


def curve(data: Dataset, samples: int, levels: int) -> None:
    """The unexplained shares of a run of the bundled network, and the time that each theory took for all of them."""
    network = gm.load_checkpoint(resources.path("checkpoints", "fashion-mnist.safetensors"))
    x = gm.noise(range(samples), data.shape, 80.0)
    run = gm.sample(network, x, gm.schedules.karras(18), solver="euler", record="float64")
    at = np.unique(np.linspace(0, len(run.denoised) - 1, levels).round().astype(int))
    known = {float(run.sigmas[level]): torch.from_numpy(run.denoised[level]) for level in at}
    sigmas, seconds = run.sigmas[at], np.zeros(2)
    print()
    common.line("1 − R² at σ", [*(f"{sigma:.2g}" for sigma in sigmas), "s", "cpu s"], 18)
    for title, name, options in ASKED:
        theory, found = {title: gm.theories.build(name, data, **options)}, []
        ask = partial(
            gm.experiments.explain, lambda _, sigma: known[float(sigma)], theory, run.x[at], sigmas, data.mean
        )
        spent = np.array(milliseconds(lambda ask=ask, found=found: found.append(ask()))) / 1000
        seconds += spent
        shares = [f"{1 - share:.3g}" for share in found[0].r2[0]]
        common.line(title, [*shares, *(f"{each:.1f}" for each in spent)], 18)
    common.line("x itself", [f"{1 - share:.3g}" for share in found[0].itself], 18)
    print(f"together {seconds[0]:.0f} s, of processors {seconds[1]:.0f} s; budget {CURVE_BUDGET:g} s")


def main(arguments: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=SECTIONS, default=SECTIONS)
    parser.add_argument("--threads", nargs="+", type=int, default=[1, 2])
    parser.add_argument("--repeats", type=int, default=5)
    parser.add_argument("--samples", type=int, default=8)
    parser.add_argument("--levels", type=int, default=12)
    given = parser.parse_args(arguments)
    data = gm.datasets.load("fashion-mnist")
    for count in given.threads:
        torch.set_num_threads(count)
        print(f"\n{count} thread{'s' * (count > 1)}")
        if "query" in given.only:
            query(data, given.repeats)
        if "sums" in given.only:
            sums(data, given.repeats)
        if "curve" in given.only:
            curve(data, given.samples, given.levels)


if __name__ == "__main__":
    main()
