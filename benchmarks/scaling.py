"""How runs and D* of split data scale with processes, measured on two cores, and what split data would cost on GPUs.

    python benchmarks/scaling.py [--repeats 5] [--paper]

Each process is pinned to a core of its own and uses one thread. Strong: the same work for more processes; weak: as much
work for each. The least of the repeats counts, because other programs share the machine, and beside it stands the
efficiency in processor time, which they hardly touch: that of one process over that of all. --paper prints only the
table that follows from formulas (`gpus`).
"""

from __future__ import annotations

import argparse
import json
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import log2

import numpy as np
from common import ROOT, line

PROCESSES = (1, 2)
SHARDS, SAMPLES, STEPS = 8, 32, 18  # of the runs
POINTS, SHAPE, QUERIES = 20_000, (784,), 16  # of the split data
MEGA = 1e6


def runs_of(rank: int, ranks: int, shards: int) -> Callable[[], None]:
    """Computes this process's share of the shards of runs of D*, as `main.py run --samples` does."""
    from geomodel import datasets, runs
    from geomodel.settings import RunSettings
    from geomodel.study_shards import ends

    data = datasets.load("clusters-64", count=4000)
    settings = RunSettings(data="clusters-64", data_count=4000, solver="heun", steps=STEPS, count=SAMPLES)
    optimal = runs.prepare(settings, data).optimal

    def work() -> None:
        for shard in range(rank, shards, ranks):
            ends(runs.prepare(replace(settings, seed=shard * SAMPLES), data, None, optimal), lambda _: None)

    return work


def split_of(rank: int, ranks: int, points: int) -> Callable[[], None]:
    """Evaluates D* of random points of which each process has its part."""
    import torch

    from geomodel.denoisers.optimal.sharded import ShardedOptimalDenoiser

    own = np.random.default_rng(rank).standard_normal((points // ranks, *SHAPE)).astype(np.float32)
    model = ShardedOptimalDenoiser(own)
    x = torch.randn((QUERIES, *SHAPE), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    return lambda: model(3 * x, 3.0)


WORK = {"runs": (runs_of, SHARDS), "split": (split_of, POINTS)}


def child(name: str, size: int, repeats: int) -> None:
    """One process of a job: prints, for each repeat, the seconds until all have finished and those of its processor."""
    import torch
    import torch.distributed as dist

    rank, ranks = int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"])
    cores = sorted(os.sched_getaffinity(0))
    os.sched_setaffinity(0, {cores[rank % len(cores)]})
    torch.set_num_threads(1)
    dist.init_process_group("gloo")
    with torch.no_grad():
        work, found = WORK[name][0](rank, ranks, size), []
        work()
        for _ in range(repeats):
            dist.barrier()
            before, own = time.perf_counter(), time.process_time()
            work()
            own = time.process_time() - own
            dist.barrier()
            found.append((time.perf_counter() - before, own))
    print(json.dumps(found))
    dist.destroy_process_group()


def measured(name: str, size: int, ranks: int, repeats: int) -> tuple[float, float]:
    """The least seconds of a job, and the least processor seconds of all its processes together."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = {"MASTER_ADDR": "127.0.0.1", "MASTER_PORT": str(free.getsockname()[1])}
    command = [sys.executable, __file__, "--child", name, "--size", str(size), "--repeats", str(repeats)]
    environment = {**os.environ, **address, "WORLD_SIZE": str(ranks), "OMP_NUM_THREADS": "1"}
    jobs = [
        subprocess.Popen(command, cwd=ROOT, env={**environment, "RANK": str(rank)}, stdout=subprocess.PIPE, text=True)
        for rank in range(ranks)
    ]
    said = [job.communicate()[0] for job in jobs]
    if any(job.returncode for job in jobs):
        raise SystemExit(f"A process of {name} failed.")
    found = np.array([json.loads(text.splitlines()[-1]) for text in said])  # (ranks, repeats, 2)
    return float(found[:, :, 0].max(axis=0).min()), float(found[:, :, 1].sum(axis=0).min())


def scaling(repeats: int) -> None:
    """Both kinds of work, strong and weak."""
    line("least of the repeats", ("processes", "s", "efficiency", "in proc. time"), 44)
    for name, title in (("runs", "shards of runs"), ("split", "D* of split data")):
        size = WORK[name][1]
        alone, own = measured(name, size, 1, repeats)
        line(title, ("1", f"{alone:.3f}", "", ""), 44)
        for kind, factor in (("strong", 1), ("weak", PROCESSES[-1])):
            for ranks in PROCESSES[1:]:
                taken, processor = measured(name, factor * size, ranks, repeats)
                efficiency = factor * alone / (ranks * taken)
                cells = (f"{ranks}", f"{taken:.3f}", f"{efficiency:.2f}", f"{factor * own / processor:.2f}")
                line(f"   {kind}", cells, 44)


# What the table on paper assumes of a device, and of the way between devices.
READ, MULTIPLY = 2.7e12, 4e14  # bytes a second (80 % of 3.35 TB/s), products and sums a second of whole bytes
PASSES = 2  # over the data: distances, then the weighted mean
LINKS = {8: ("one machine, NVLink", 3e11, 5e-6), 64: ("eight machines, 400 Gb/s each GPU", 4e10, 1e-5)}
IMAGES, PIXELS = 1_280_000, 12_288  # ImageNet-64, a byte each


def gpus(ranks: int, queries: int) -> dict[str, float]:
    """Bytes and seconds of one evaluation of b queries by R devices with n = N/R images of d bytes each.

        passes over the data       2 · max(n d/READ, 2 b n d/MULTIPLY)
        summed, m numbers          2 (R − 1)/R · 8 m bytes through each link, and 2 log₂ R steps
        gathered, m numbers        (R − 1) · 8 m bytes, and log₂ R steps

    A step has the latency of a link; so few are those of trees, which NCCL takes for messages of this size. The bytes
    of a message do not depend on N.
    """
    from geomodel.denoisers.optimal.sharded import MESSAGES

    _, speed, latency = LINKS[ranks]
    held = IMAGES / ranks * PIXELS
    passes = PASSES * max(held / READ, 2 * queries * held / MULTIPLY)
    sent = steps = 0.0
    for numbers, how in MESSAGES.values():
        size = 8 * numbers(queries, PIXELS)
        sent += 2 * (ranks - 1) / ranks * size if how == "summed" else (ranks - 1) * size
        steps += (2 if how == "summed" else 1) * log2(ranks)
    return {"held": held, "sent": sent, "passes": passes, "messages": sent / speed + steps * latency, "steps": steps}


def paper() -> None:
    """The table that follows from the formulas of `gpus`."""
    print(f"ImageNet-64, {IMAGES:,} × {PIXELS:,} bytes ({IMAGES * PIXELS / 1e9:.1f} GB), one evaluation, on paper:")
    line("", ("queries", "GB each", "passes, ms", "MB sent", "steps", "sent, ms"), 44)
    for ranks, (name, *_) in LINKS.items():
        for queries in (1, 64):
            found = gpus(ranks, queries)
            cells = (
                f"{queries}",
                f"{found['held'] / 1e9:.2f}",
                f"{1000 * found['passes']:.2f}",
                f"{found['sent'] / MEGA:.2f}",
                f"{found['steps']:.0f}",
                f"{1000 * found['messages']:.2f}",
            )
            line(f"{ranks} GPUs ({name})", cells, 44)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="of each job; the least counts (default 5)")
    parser.add_argument("--paper", action="store_true", help="only the table from formulas")
    parser.add_argument("--child", choices=tuple(WORK), help=argparse.SUPPRESS)
    parser.add_argument("--size", type=int, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        child(arguments.child, arguments.size, arguments.repeats)
        return 0
    if not arguments.paper:
        scaling(arguments.repeats)
        print()
    paper()
    return 0


if __name__ == "__main__":
    sys.exit(main())
