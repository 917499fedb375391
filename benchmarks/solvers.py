"""What each solver costs beside its denoiser calls, and how near it comes to the ODE's own trajectory.

    python benchmarks/solvers.py [--only toy network errors] [--repeats 31] [--full]

Prints Markdown. For every solver a run's own calls are repeated bare, in their order and on their inputs; runs and bare
calls take turns, and with them, for a few solvers, the same loop written by hand. Noise is drawn beforehand. Times on
the toy are of the one thread that computes, without its waits for a core; with the U-Net they are by the clock. Errors
are ‖x − x_ref‖ at the end, medians over 64 samples; x_ref is DOP853 with a tolerance of 10⁻¹⁰ from the same x. For
stochastic solvers that is how far the noise has carried them away from the ODE's trajectory, which is no fault. Without
a window. `--full`: the U-Net with every deterministic solver.
"""

from __future__ import annotations

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from functools import partial
from itertools import chain
from typing import Any

import numpy as np
import torch
from by_hand import LOOPS
from images import CHECKPOINT, SHAPE, Inside, few_threads
from sampler_overhead import BATCH, added, bare, gaussian

import geomodel as gm
from geomodel.experiments import Lane, LaneResult, compare
from geomodel.solvers.table import SolverRow

STEPS = 100  # of a run on the toy
STEP_BUDGET = 100.0  # microseconds a step
NETWORK_BUDGET = 3.0  # per cent
NETWORK_EVALUATIONS = 6
NETWORK_SOLVERS = ("euler", "heun", "unipc", "dpmpp_2m")
EVALUATIONS = (6, 10, 18)
TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-6)
NOISY: dict[str, dict[str, Any]] = {"churn": {"s_churn": 10.0}}  # its default is no noise at all


def table(title: str, heads: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """A Markdown table under the load of the last minute."""
    load = f" (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else ""
    print(f"\n### {title}{load}\n\n| {' | '.join(heads)} |\n|{'---|' * len(heads)}", flush=True)
    for row in rows:
        print(f"| {' | '.join(row)} |", flush=True)


def fixed(*, stochastic: bool = False) -> list[SolverRow]:
    """Solvers that take the schedule's own steps."""
    return [row for row in gm.solvers.SOLVERS if not row.adaptive and row.stochastic == stochastic]


# ------------------------------------------------------------ cost


def run_of(row: SolverRow, x: torch.Tensor, sigmas: Any) -> Callable[[Any], Any]:
    """A run of the solver with a model, without looks that serve a display."""
    options: dict[str, Any] = dict(NOISY.get(row.name, {}))
    if row.stochastic:
        rng = np.random.default_rng(0)
        options["noise"] = [rng.standard_normal(x.shape) for _ in range(len(sigmas) - 1)]
    if row.adaptive:
        options |= {"rtol": 1e-4, "atol": 1e-4}
    return lambda model: gm.sample(model, x, sigmas, solver=row.name, display="off", **options)


def noted(run: Callable[[Any], Any], model: Callable[..., Any]) -> list[tuple[torch.Tensor, Any]]:
    """Where a run asks its denoiser."""
    calls: list[tuple[torch.Tensor, Any]] = []

    def ask(x: torch.Tensor, sigma: Any) -> Any:
        calls.append((x, sigma))
        return model(x, sigma)

    run(ask)
    return calls


def seconds(action: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """What the action takes."""
    before = clock()
    action()
    return clock() - before


def toy_row(row: SolverRow, model: Callable[..., Any], repeats: int) -> list[str]:
    """The bare calls and what the solver adds to them, in microseconds a step (a call, where it chooses its steps)."""
    sigmas = gm.schedules.karras(steps=STEPS)
    x = gm.noise(range(BATCH), (2,), float(sigmas[0]))
    run = run_of(row, x, sigmas)
    calls = noted(run, model)
    count = len(calls) if row.adaptive else STEPS
    hand = LOOPS.get(row.name)
    if hand is not None:
        difference = hand(model, x, sigmas.tolist()).numpy() - run(model).x[-1]
        assert np.abs(difference).max() < 1e-9, f"the loop of {row.name} by hand ends elsewhere"
    alone, whole, by_hand = [], [], []
    for _ in range(repeats + 2):
        alone.append(seconds(lambda: bare(model, calls), time.thread_time) / count * 1e6)
        whole.append(seconds(lambda: run(model), time.thread_time) / count * 1e6)
        if hand is not None:
            by_hand.append(seconds(lambda: hand(model, x, sigmas.tolist()), time.thread_time) / count * 1e6)
    median, least = added(whole[2:], alone[2:])  # the first ones warm up
    budget = "" if row.adaptive or row.stochastic else f"{median / STEP_BUDGET:.2f}"
    controls = [f"{figure:.0f}" for figure in added(by_hand[2:], alone[2:])] if by_hand else ["", ""]
    unit = "call" if row.adaptive else "step"
    return [row.name, unit, f"{statistics.median(alone[2:]):.0f}", f"{median:.0f}", f"{least:.0f}", budget, *controls]


def toy(repeats: int, _full: bool) -> None:
    """Every solver on 64 points of the plane, where a call costs next to nothing, and with D* of 1,000 points."""
    torch.set_num_threads(1)
    optimal = gm.OptimalDenoiser(gm.datasets.load("two-moons").points)
    models: dict[str, Callable[..., Any]] = {"D of a Gaussian": on_each(gaussian), "D* of two moons": optimal}
    for name, model in models.items():
        heads = ("solver", "per", "bare calls, µs", "added, median", "added, least", f"median / {STEP_BUDGET:g}")
        heads += ("by hand, median", "by hand, least")
        title = f"{name}, {BATCH} points, {STEPS} steps, {repeats} turns"
        table(title, heads, (toy_row(row, model, repeats) for row in gm.solvers.SOLVERS))


def on_each(model: Callable[[torch.Tensor, Any], torch.Tensor]) -> Callable[[torch.Tensor, Any], torch.Tensor]:
    """With one noise level for each point as well, as adaptive solvers ask."""
    return lambda x, sigma: model(x, sigma[:, None] if isinstance(sigma, torch.Tensor) and sigma.ndim else sigma)


def network_row(row: SolverRow, network: Any, repeats: int) -> list[str]:
    """A run over a bare loop of its calls, and over the time inside its own calls, in per cent."""
    sigmas = gm.schedules.karras(steps=NETWORK_EVALUATIONS // row.evaluations)
    x = gm.noise(range(BATCH), SHAPE, float(sigmas[0]))
    run = run_of(row, x, sigmas)
    calls = noted(run, network)
    alone, over, outside = [], [], []
    for at in range(repeats):
        inside = Inside(network)
        loops = [partial(bare, network, calls), partial(run, inside)]
        taken = [seconds(loop) * 1000 for loop in (loops if at % 2 else loops[::-1])]  # neither is always the first
        calls_alone, whole = taken if at % 2 else taken[::-1]
        alone.append(calls_alone)
        over.append((whole / calls_alone - 1) * 100)
        outside.append((whole / inside.milliseconds - 1) * 100)
    figures = [statistics.median(alone), statistics.median(over), min(over), max(over)]
    return [row.name, str(len(calls)), *(f"{figure:.1f}" for figure in figures), f"{statistics.median(outside):.2f}"]


def network(repeats: int, full: bool) -> None:
    """The bundled U-Net at a batch of 64."""
    few_threads()
    model = gm.load_checkpoint(CHECKPOINT)
    rows = [
        row for row in fixed() if (full or row.name in NETWORK_SOLVERS) and NETWORK_EVALUATIONS % row.evaluations == 0
    ]
    turns = max(3, repeats // 4)
    heads = ("solver", "calls", "bare, ms", "added, % (median)", "least", "most", "outside its own calls, %")
    title = f"U-Net, batch {BATCH}, {turns} turns, budget {NETWORK_BUDGET:g} %"
    table(title, heads, (network_row(row, model, turns) for row in rows))


# ------------------------------------------------------------ error


def lanes() -> list[Lane]:
    """Every solver at the numbers of evaluations that its steps allow; adaptive ones by their tolerance."""
    found = []
    for row in fixed() + fixed(stochastic=True):
        for count in EVALUATIONS:
            if count % row.evaluations == 0:
                sigmas = gm.schedules.karras(steps=count // row.evaluations)
                found.append(Lane(f"{row.name} {count}", row.name, sigmas, NOISY.get(row.name, {})))
    for row in gm.solvers.SOLVERS:
        if row.adaptive:
            for tolerance in TOLERANCES:
                options = {"rtol": tolerance, "atol": tolerance}
                name = f"{row.name} {tolerance:g}"
                found.append(Lane(name, row.name, gm.schedules.karras(steps=1), options))
    return found


def errors(_repeats: int, _full: bool) -> None:
    """Distance to the reference at the end: D* of two moons (1,000 points), 8 Gaussians on a ring."""
    torch.set_num_threads(1)
    moons = gm.datasets.load("two-moons")
    problems = {
        "moons": gm.OptimalDenoiser(moons.points),
        "ring": gm.datasets.load("gaussian-ring").mixture,
    }
    results = {name: solved(model) for name, model in problems.items()}
    heads = ("solver", *(f"{name}: {count}" for name in problems for count in EVALUATIONS))
    for title, rows in (
        ("Error at so many evaluations", fixed()),
        ("Stochastic: distance to the ODE's end", fixed(stochastic=True)),
    ):
        table(f"{title}, Karras ρ 7, σ 80 to 0.002", heads, (error_row(row, results.values()) for row in rows))
    heads = ("solver", "tolerance", *(f"{name}: {what}" for name in problems for what in ("evaluations", "error")))
    table("Adaptive: by tolerance", heads, adaptive_rows(results.values()))


def solved(model: Any) -> dict[str, LaneResult]:
    """All lanes from the same noise, by their names; every count of evaluations is checked."""
    x = gm.noise(range(BATCH), (2,), 80.0)
    found = {r.lane.name: r for r in compare(model, x, lanes(), noise=gm.Brownian(range(BATCH))).lanes}
    for row in fixed() + fixed(stochastic=True):
        for count in EVALUATIONS:
            if (name := f"{row.name} {count}") in found:
                spent = int(found[name].evaluations.max())
                assert spent == count, f"{name} took {spent} evaluations"
    return found


def error_row(row: SolverRow, results: Iterable[dict[str, LaneResult]]) -> list[str]:
    """Medians over the samples, or a dash where the steps do not come to so many evaluations."""
    lanes_of = [found.get(f"{row.name} {count}") for found in results for count in EVALUATIONS]
    return [row.name, *("–" if lane is None else f"{np.median(lane.final_errors):.2g}" for lane in lanes_of)]


def adaptive_rows(results: Collection[dict[str, LaneResult]]) -> Iterator[list[str]]:
    """A row for each solver and tolerance."""
    for row in gm.solvers.SOLVERS:
        for tolerance in TOLERANCES if row.adaptive else ():
            cells = [effort(found[f"{row.name} {tolerance:g}"]) for found in results]
            yield [row.name, f"{tolerance:g}", *chain.from_iterable(cells)]


def effort(result: LaneResult) -> list[str]:
    """Median evaluations and median error."""
    return [f"{np.median(result.evaluations):.0f}", f"{np.median(result.final_errors):.2g}"]


PARTS = {part.__name__: part for part in (toy, network, errors)}


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts (default: all)")
    parser.add_argument("--repeats", type=int, default=31, help="turns on the toy, a quarter with the U-Net (31)")
    parser.add_argument("--full", action="store_true", help="the U-Net with every deterministic solver")
    arguments = parser.parse_args()
    torch.set_grad_enabled(False)
    for name in arguments.only:
        PARTS[name](arguments.repeats, arguments.full)
    return 0


if __name__ == "__main__":
    sys.exit(main())
