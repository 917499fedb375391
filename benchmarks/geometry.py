"""How long coordinates, shapes, measures and claims take, and the memory that coordinates take beyond the record.

    python benchmarks/geometry.py [--samples 100] [--repeats 3] [--network]

The records hold curves of a Gaussian in 3,072 dimensions in closed form, in float32 as a network's are. Ratios are to a
QR decomposition and to a Gram matrix with its eigenvectors, in the same run.
"""

from __future__ import annotations

import argparse
import os
import resource
import sys
import time
from collections.abc import Callable

from common import ROOT, line, row, times

os.environ.setdefault("OPENBLAS_NUM_THREADS", str(max(1, (os.cpu_count() or 2) - 1)))  # as in the window

import numpy as np  # isort: skip

import geomodel as gm  # isort: skip
from geomodel.arrays import Array  # isort: skip
from geomodel.measures import MEASURES, Curves, compute  # isort: skip

DIMENSION, LONG, USUAL = 3072, 1001, 101


def record(samples: int, levels: int) -> tuple[Array, Array, Array]:
    """x and D (levels, samples, 3072) of N(0, diag 3 k^−1.5) in float32, and the noise levels."""
    sigmas, random = gm.schedules.karras(levels - 1), np.random.default_rng(0)
    variances = 3.0 * np.arange(1, DIMENSION + 1) ** -1.5
    noisy = variances + sigmas[:, None] ** 2
    x, denoised = (np.empty((levels, samples, DIMENSION), np.float32) for _ in range(2))
    for sample in range(samples):
        x[:, sample] = 80.0 * random.standard_normal(DIMENSION) * np.sqrt(noisy / (variances + 80.0**2))
        denoised[:, sample] = variances / noisy * x[:, sample]
    return x, denoised, sigmas


def timed(work: Callable[[], object], repeats: int) -> list[float]:
    """Milliseconds of each repetition."""
    found = []
    for _ in range(repeats):
        started = time.perf_counter()
        work()
        found.append(1000 * (time.perf_counter() - started))
    return found


def resident() -> int:
    """The most memory that this process has had, in bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * (1 if sys.platform == "darwin" else 1024)


def shapes(samples: int, repeats: int) -> None:
    """A bundle in three coordinates and aligned, against other ways to the same coordinates."""
    x, _, _ = record(samples, LONG)
    before = resident()
    took = timed(lambda: gm.geometry.align(gm.geometry.subspace(x).across), repeats)
    beyond = resident() - before
    matrix = np.random.default_rng(1).standard_normal((DIMENSION, DIMENSION))
    centred = x[:, 0].astype(np.float64) - x[-1, 0]
    others = {
        "a QR decomposition of the whole space": timed(lambda: np.linalg.qr(matrix), 1),
        "a Gram matrix and its eigenvectors": timed(lambda: np.linalg.eigh(centred @ centred.T), repeats),
    }
    times(f"{samples} curves of {LONG:,} levels in {DIMENSION:,} dimensions")
    row("three coordinates and alignment", took, 60.0 * samples)
    each = min(took) / samples
    row("the same, one curve", [value / samples for value in took], 60.0)
    for name, spent in others.items():
        row(name, spent)
        line("  × one curve", (f"{min(spent) / each:.0f}",))
    line("memory, × the record", (f"{1 + beyond / x.nbytes:.2f}",))


def measures(repeats: int) -> None:
    """Every measure of a usual run that is computed from its curves."""
    x, denoised, sigmas = record(64, USUAL)
    curves = Curves(x, denoised[:-1], sigmas)
    times(f"measures of 64 curves of {USUAL} levels")
    for measure in MEASURES:
        if compute(measure.name, curves):
            row(measure.title, timed(lambda name=measure.name: compute(name, curves), repeats), 300)  # type: ignore[misc]
    row("coordinates (subspace)", timed(lambda: gm.geometry.subspace(x), repeats), 300)


def claims(network: bool) -> None:
    """The claims on reference models and, if asked for, all of them on the bundled network."""
    from geomodel.experiments.literature import STATEMENTS

    times("claims")
    toys = [statement.number for statement in STATEMENTS if statement.kind == "toy"]
    row("toys", timed(lambda: gm.experiments.claims(None, None, only=toys), 1), 20_000)
    if network:
        model = gm.load_checkpoint(ROOT / "resources/checkpoints/fashion-mnist.safetensors")
        data = gm.datasets.load("fashion-mnist")
        row("all, bundled network", timed(lambda: gm.experiments.claims(model, data), 1), 300_000)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--samples", type=int, default=100, help="curves of the bundle (default 100)")
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed (default 3)")
    parser.add_argument("--network", action="store_true", help="also all claims on the bundled network, for minutes")
    arguments = parser.parse_args()
    shapes(arguments.samples, arguments.repeats)
    measures(arguments.repeats)
    claims(arguments.network)
    return 0


if __name__ == "__main__":
    sys.exit(main())
