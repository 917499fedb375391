"""What the sampler adds to the denoiser calls that it makes.

    python benchmarks/sampler_overhead.py [--repeats 41] [--steps 100]

For every solver the calls of one run, in their order, are repeated bare: denoiser(x, sigma) and nothing else. The same
run goes through gm.sample and gm.iterate; the three take turns. The difference is given in microseconds a step, on 64
points in the plane: with the denoiser of a Gaussian, which costs next to nothing, and with D* of two moons (1,000
points). `ratio` is what sample adds over the budget; `× calls` is sample over the bare calls.
"""

from __future__ import annotations

import argparse
import statistics
import sys
import time
from collections import deque
from collections.abc import Callable
from typing import Any

import torch
from common import line

import geomodel as gm

BATCH, SHAPE = 64, (2,)
BUDGET = 150.0  # microseconds a step
WIDTH = 18
SOLVERS = ("euler", "heun", "ipndm", "dpmpp_2m", "unipc")  # solvers.py has them all, without `iterate`


def gaussian(x: torch.Tensor, sigma: float) -> torch.Tensor:
    """D of a standard Gaussian."""
    return x / (1 + sigma * sigma)


def calls_of(model: Callable[..., Any], x: torch.Tensor, sigmas: Any, solver: str) -> list[tuple[torch.Tensor, float]]:
    """Where a run asks its denoiser, the look at its end included."""
    calls: list[tuple[torch.Tensor, float]] = []

    def noted(at: torch.Tensor, sigma: float) -> Any:
        calls.append((at, sigma))
        return model(at, sigma)

    gm.sample(noted, x, sigmas, solver=solver)
    return calls


def bare(model: Callable[..., Any], calls: list[tuple[torch.Tensor, float]]) -> None:
    """The calls alone."""
    for x, sigma in calls:
        model(x, sigma)


def overhead(model: Callable[..., Any], solver: str, steps: int, repeats: int) -> dict[str, list[float]]:
    """Microseconds a step of the three loops, each `repeats` times in turn."""
    sigmas = gm.schedules.karras(steps=steps)
    x = gm.noise(range(BATCH), SHAPE, float(sigmas[0]))
    calls = calls_of(model, x, sigmas, solver)
    asked = calls[: -1 if sigmas[-1] > 0 else None]  # iterate does not look at the end
    loops: dict[str, Callable[[], object]] = {
        "bare": lambda: bare(model, calls),
        "asked": lambda: bare(model, asked),
        "sample": lambda: gm.sample(model, x, sigmas, solver=solver),
        "iterate": lambda: deque(gm.iterate(model, x, sigmas, solver=solver), maxlen=0),
    }
    found: dict[str, list[float]] = {name: [] for name in loops}
    for at in range(repeats + 2):
        for name, loop in loops.items():
            before = time.perf_counter()
            loop()
            if at >= 2:  # the first ones warm up
                found[name].append((time.perf_counter() - before) / steps * 1e6)
    return found


def added(whole: list[float], calls: list[float]) -> tuple[float, float]:
    """The median of the differences within a turn, and the difference of the least times."""
    return statistics.median(w - c for w, c in zip(whole, calls, strict=True)), min(whole) - min(calls)


def table(title: str, model: Callable[..., Any], steps: int, repeats: int) -> None:
    """One line a solver: the bare calls, what sample and iterate add (median and least), and ratios."""
    print()
    heads = ("calls", "sample +", "least", "iterate +", "least", "budget", "ratio", "× calls")
    line(title, heads, WIDTH)
    for solver in SOLVERS:
        found = overhead(model, solver, steps, repeats)
        calls, whole = (statistics.median(found[name]) for name in ("bare", "sample"))
        sample, iterate = added(found["sample"], found["bare"]), added(found["iterate"], found["asked"])
        texts = [f"{figure:.0f}" for figure in (calls, *sample, *iterate)]
        texts += [f"{BUDGET:g}", f"{sample[0] / BUDGET:.2f}", f"{whole / calls:.2f}"]
        line(solver, texts, WIDTH)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=41, help="how often each loop is timed (default 41)")
    parser.add_argument("--steps", type=int, default=100, help="steps of a run (default 100)")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    torch.set_num_threads(1)
    print(f"x of shape ({BATCH}, 2), {arguments.steps} steps, {arguments.repeats} repeats, µs a step", flush=True)
    moons = gm.OptimalDenoiser(gm.datasets.load("two-moons").points)
    for title, model in (("D of a Gaussian", gaussian), ("D* of two moons", moons)):
        table(title, model, arguments.steps, arguments.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
