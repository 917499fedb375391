"""What images cost beside what they must cost: sampling with a U-Net, memory, D* over 10,000 images, the probe.

    python benchmarks/images.py [--only sampling memory optimal probe] [--repeats 5]

With the bundled data and checkpoint, without a window. torch has the threads that the window gives it. The load of the
computer stands beside every table; budgets of rates are "at least", the others "at most".
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from math import prod
from pathlib import Path
from typing import Any

import numpy as np
import torch
from common import ROOT, line, row, status, times
from sampler_overhead import bare, calls_of

import geomodel as gm
import resources
from app.engine.contract import Site
from app.engine.messages import DataOpened, OpenData, OpenNetwork, RunStarted, StartRun
from app.engine.worker import Worker
from app.rooms.plane.messages import ProbeAnswer, ProbeRequest
from geomodel import run_checks, runs
from geomodel.settings import RunSettings, record_bytes

DATA = "fashion-mnist"
CHECKPOINT = str(resources.path("checkpoints", f"{DATA}.safetensors"))
SHAPE = (1, 28, 28)
OVERHEAD = {64: 3.0, 1: 10.0}  # per cent, by batch
QUERY = 10.0  # milliseconds
ANSWERS = 30.0  # a second
SIGMAS = (80.0, 10.0, 1.0, 0.1, 0.01, 0.002, 0.0)
MB = 1e6


def timed(action: Callable[[], object]) -> float:
    """Milliseconds that the action takes."""
    before = time.perf_counter()
    action()
    return (time.perf_counter() - before) * 1000


def table(title: str) -> None:
    """The heads of a table, with the load of the computer in the last minute."""
    times(f"{title} (load {os.getloadavg()[0]:.1f})" if hasattr(os, "getloadavg") else title)


# ------------------------------------------------------------ sampling


class Inside:
    """A network that knows how long it has computed."""

    def __init__(self, network: Any) -> None:
        self.analytic, self.calls_at = network.analytic, network.calls_at
        self._network, self.milliseconds = network, 0.0

    def __call__(self, x: torch.Tensor, sigma: float) -> Any:
        before = time.perf_counter()
        answer = self._network(x, sigma)
        self.milliseconds += (time.perf_counter() - before) * 1000
        return answer


def sampling(repeats: int) -> None:
    """gm.sample over a bare loop of the same calls, pair by pair; and what it spends outside its own calls."""
    network = gm.load_checkpoint(CHECKPOINT)
    table("gm.sample over the bare calls of the U-Net")
    for batch, solver, steps in ((64, "euler", 6), (64, "heun", 3), (1, "euler", 6), (1, "heun", 3)):
        sigmas = gm.schedules.karras(steps=steps)
        x = gm.noise(range(batch), SHAPE, float(sigmas[0]))
        calls = calls_of(network, x, sigmas, solver)
        found: dict[str, list[float]] = {"calls": [], "added": [], "outside": []}
        for at in range(2 * repeats if batch > 1 else 8 * repeats):
            inside = Inside(network)
            loops = [partial(bare, network, calls), partial(gm.sample, inside, x, sigmas, solver=solver)]
            taken = [timed(loop) for loop in (loops if at % 2 else loops[::-1])]  # neither is always the first
            alone, whole = taken if at % 2 else taken[::-1]
            found["calls"].append(alone)
            found["added"].append((whole / alone - 1) * 100)
            found["outside"].append((whole / inside.milliseconds - 1) * 100)
        row(f"batch {batch}, {solver}, {steps} steps: {len(calls)} bare calls", found["calls"])
        row("   sample adds to them", found["added"], OVERHEAD[batch], "%")
        row("   of sample's own calls, spent outside them", found["outside"], OVERHEAD[batch], "%")


# ------------------------------------------------------------ memory


def grown(short: Callable[[], object], whole: Callable[[], int]) -> dict[str, int]:
    """What a run of a step and then a whole one add to the peak; `whole` returns the bytes of its record."""
    loaded = status("VmRSS")
    short()
    one = status("VmHWM")
    record = whole()
    return {"batch": one - loaded, "record": record, "grown": status("VmHWM") - one}


def memory_of_sample(points: int, steps: int) -> dict[str, int]:
    """gm.sample of 64 images, with the network (points 0) or with D* of so many images."""
    model = gm.OptimalDenoiser(gm.datasets.load(DATA).points[:points]) if points else gm.load_checkpoint(CHECKPOINT)
    sigmas = gm.schedules.karras(steps=steps)
    x = gm.noise(range(64), SHAPE, float(sigmas[0]))

    def run(levels: Any) -> int:
        found = gm.sample(model, x, levels, solver="euler")
        return found.x.nbytes + found.denoised.nbytes

    expected = record_bytes(64, steps, prod(SHAPE), 8 if points else 4)
    return grown(lambda: run(sigmas[:2]), lambda: run(sigmas)) | {"foreseen": expected}


def memory_of_run(points: int, settings: RunSettings) -> dict[str, int]:
    """A run as the window computes it, measured against so many images."""
    data = gm.datasets.load(DATA)
    data = replace(data, stored=data.stored[:points], labels=data.labels[:points])
    network = gm.load_checkpoint(CHECKPOINT) if settings.driver == "network" else None
    job = runs.prepare(settings, data, network)

    def run(job: runs.Job) -> int:
        record = runs.new_record(job)
        runs.advance(job, job.model, record)
        kept = [array for detail in record.details for array in (detail.x, detail.denoised)]
        return sum(array.nbytes for array in (record.x, record.denoised, *record.extras.values(), *kept))

    short = runs.prepare(replace(settings, steps=1), data, network, job.optimal)
    found = grown(lambda: run(short), lambda: run(job))
    return found | {"foreseen": run_checks.needed_bytes(settings, data, network)}


_RUN = RunSettings(data=DATA, solver="euler", count=64, steps=200)
_BESIDE = replace(_RUN, network=CHECKPOINT, driver="network", count=16, steps=20)
MEMORY: dict[str, Callable[[], dict[str, int]]] = {
    "gm.sample, U-Net, 64 images, 20 steps": partial(memory_of_sample, 0, 20),
    "gm.sample, D* of 100, 64 images, 400 steps": partial(memory_of_sample, 100, 400),
    "run by D* of 100, 64 images, 200 steps": partial(memory_of_run, 100, _RUN),
    "run by the U-Net beside D* of 10,000, 16 images, 20 steps": partial(memory_of_run, 10_000, _BESIDE),
}


def memory(_repeats: int) -> None:
    """Peaks of processes: to what a run of one step has taken, a whole run may add its record."""
    print()
    if not Path("/proc/self/status").exists():
        print("Memory is measured on Linux only.")
        return
    line("Peak memory of a process, MB", ("batch", "record", "foreseen", "grown", "grown/rec"))
    for name in MEMORY:
        found = child(__file__, name)
        sizes = [f"{found[key] / MB:.1f}" for key in ("batch", "record", "foreseen", "grown")]
        line(name, [*sizes, f"{found['grown'] / found['record']:.2f}"])


# ------------------------------------------------------------ D* and the probe


def optimal(repeats: int) -> None:
    """One float64 query of D*, data point + σz, over all 10,000 images."""
    points = gm.datasets.load(DATA).points
    model = gm.OptimalDenoiser(points)
    flat = torch.from_numpy(np.array(points)).double().flatten(1)
    weights = torch.full((1, len(flat)), 1 / len(flat), dtype=torch.float64)
    table(f"D* over {len(flat):,} × {flat.shape[1]}, one query")
    count = 4 * repeats
    row("the two products alone, y·x and w·y", [timed(lambda: (flat @ flat[0], weights @ flat)) for _ in range(count)])
    for sigma in SIGMAS:
        queries = [torch.as_tensor(points[k : k + 1]).double() + gm.noise(k, SHAPE, sigma) for k in range(count)]
        row(f"σ = {sigma:g}", [timed(partial(model, x, sigma)) for x in queries], QUERY)
    posterior = [timed(partial(model.posterior, x, SIGMAS[2], k=200)) for x in queries]
    row(f"its posterior with 200 weights, σ = {SIGMAS[2]:g}", posterior)


class Engine:
    """The window's engine without a window or a thread of its own."""

    def __init__(self) -> None:
        self.events: list[Any] = []
        self._worker = Worker(self.events.append, lambda: None)
        self.handle, self.inbox = self._worker.handle, self._worker.inbox

    def last(self, kind: type) -> Any:
        """The newest event of a kind."""
        return next(event for event in reversed(self.events) if isinstance(event, kind))


def probe(repeats: int) -> None:
    """Answers a second to a probe that is dragged on the slices through sample 0 at three levels of a run."""
    engine = Engine()
    engine.handle(OpenData(DATA, 1000, 0))
    engine.handle(OpenNetwork(CHECKPOINT))
    table("The probe on a slice, dragged")
    named = {"run by D*": {}, "the network beside": {"network": CHECKPOINT}}
    named["run by the network"] = {"network": CHECKPOINT, "driver": "network", "beside": False}
    for run_id, (name, changes) in enumerate(named.items(), 1):
        engine.handle(StartRun(run_id, RunSettings(data=DATA, count=2, steps=9, **changes)))
        first, rates = answered(engine, run_id, 8 * repeats)
        row(f"{name}: the first answer on a slice", first)
        row("   the next ones, answers a second", rates, ANSWERS, "1/s")


def answered(engine: Engine, run_id: int, count: int) -> tuple[list[float], list[float]]:
    """Milliseconds of the first answer on each slice, and the rates of the answers after it."""
    record, plane = engine.last(RunStarted).record, engine.last(DataOpened).plane
    first, rates = [], []
    for index in (2, 5, 8):
        centre, sigma = plane.project(record.x[index, 0]), float(record.sigmas[index])
        for at in range(count):
            point = tuple((centre + sigma * np.array([np.cos(at / 5), np.sin(at / 5)])).tolist())
            request = ProbeRequest(run_id=run_id, site=Site("slice", index), point=point, sigma=sigma, path=True)
            taken = timed(partial(engine.handle, request))
            assert engine.last(ProbeAnswer).request is request
            if at:
                rates.append(1000 / taken)
            else:
                first.append(taken)
    return first, rates


# ------------------------------------------------------------ all


PARTS = {part.__name__: part for part in (sampling, memory, optimal, probe)}


def few_threads() -> None:
    """As many as the window's engine leaves torch."""
    torch.set_grad_enabled(False)
    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))


def child(script: str, name: str) -> dict[str, Any]:
    """What a fresh process of a script found."""
    command = [sys.executable, script, "--child", name]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=list(PARTS), help="parts (default: all)")
    parser.add_argument("--repeats", type=int, default=5, help="how often the slow ones are timed (default 5)")
    parser.add_argument("--child", choices=MEMORY, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    few_threads()
    if arguments.child is not None:
        print(json.dumps(MEMORY[arguments.child]()))
        return 0
    for name in arguments.only:
        PARTS[name](arguments.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
