"""How many iterations a second a consistency function is distilled at, beside the bare calls that one iteration takes.

The bare calls are the baseline of the same pass: two evaluations of the teacher at one level a point, one evaluation of
the network without gradients, and one forward and backward pass.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import common  # noqa: F401  the repository on the path
import numpy as np
import torch
from common import line

import geomodel as gm
from geomodel import networks
from geomodel.consistency import ConsistencySettings, Distillation
from geomodel.consistency.function import relative

BLOCK = 20  # iterations that are timed together; the two alternate, so that both meet the same neighbours
WATCHED = 50  # iterations between two pictures of the room
SHOWN = (64, 18)  # samples and levels of a picture


def seconds(work: Callable[[], object], times: int = BLOCK) -> float:
    """Of one call, over so many."""
    began = time.perf_counter()
    for _ in range(times):
        work()
    return (time.perf_counter() - began) / times


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=1000, help="data points")
    parser.add_argument("--repeats", type=int, default=10)
    options = parser.parse_args()
    torch.set_num_threads(1)
    data = gm.datasets.load("two-moons", count=options.count)
    optimal, settings = gm.OptimalDenoiser(data.points), ConsistencySettings(iterations=10**6)
    distillation = Distillation(data, optimal, settings)
    network = networks.build("mlp", networks.MLPConfig(), (2,), 0)
    random = torch.Generator().manual_seed(0)
    y = torch.randn(settings.batch, 2, generator=random, dtype=torch.float64)
    tau = torch.from_numpy(settings.relative)[torch.randint(24, (settings.batch,), generator=random)]

    def teacher() -> None:
        for _ in range(2):
            optimal(data.std * y, data.std * tau)

    def student() -> None:
        with torch.no_grad():
            relative(network, settings, y, tau)
        network.zero_grad(set_to_none=True)
        relative(network, settings, y, tau).square().sum().backward()  # type: ignore[no-untyped-call]

    def picture() -> None:
        f = distillation.function()
        for sigma in settings.relative[: SHOWN[1]]:
            f(np.zeros((SHOWN[0], 2)), float(data.std * sigma))

    taken: dict[str, list[float]] = {name: [] for name in ("advance", "teacher", "student", "picture")}
    for work in (distillation.advance, teacher, student, picture):
        seconds(work, 2)
    for _ in range(options.repeats):
        taken["advance"].append(seconds(distillation.advance))
        taken["teacher"].append(seconds(teacher))
        taken["student"].append(seconds(student))
        taken["picture"].append(seconds(picture, 1))
    bare = np.array(taken["teacher"]) + np.array(taken["student"])
    line("distillation on two moons", ("median", "best"))
    for name, values in (
        ("iterations a second", 1 / np.array(taken["advance"])),
        ("two evaluations of D* alone, a second", 1 / np.array(taken["teacher"])),
        ("network: one look, one forward and backward, a second", 1 / np.array(taken["student"])),
        ("all bare calls together, a second", 1 / bare),
    ):
        line(name, [f"{np.median(values):.1f}", f"{values.max():.1f}"])
    ratio = np.array(taken["advance"]) / bare
    line("an iteration over its bare calls", [f"{np.median(ratio):.2f}", f"{ratio.min():.2f}"])
    share = np.array(taken["picture"]) / (WATCHED * np.array(taken["advance"]))
    line("f on a run's points, share of 50 iterations", [f"{np.median(share):.3f}", f"{share.min():.3f}"])


if __name__ == "__main__":
    main()
