"""Data that stay in their file: a million pictures of 3 × 32 × 32 bytes, beside reading the file once.

    python benchmarks/beyond_memory.py [--points 1000000] [--folder /tmp] [--queries 4]

The file is random bytes with a few planted neighbours, so that small σ finds a point. Each figure is that of a fresh
process, and the memory is what it adds to that of a process that has imported torch.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, line, status

SHAPE = (3, 32, 32)
PIECE = 2**24  # bytes that are written or read at once
SIGMAS = (0.05, 1.0, 10.0)
MB = 1e6


def write(path: Path, points: int) -> None:
    """Random bytes, piece by piece."""
    random = np.random.default_rng(0)
    stored = np.lib.format.open_memmap(path, "w+", np.uint8, (points, *SHAPE))
    rows = PIECE // int(np.prod(SHAPE))
    for start in range(0, points, rows):
        part = stored[start : start + rows]
        part[:] = random.integers(0, 256, part.shape, np.uint8)
    stored.flush()


def read_once(path: Path) -> float:
    """Seconds to read the whole file."""
    before = time.perf_counter()
    with path.open("rb") as file:
        while file.read(PIECE):
            pass
    return time.perf_counter() - before


def opened(path: Path, queries: int) -> dict[str, Any]:
    """What opening, D* and its queries take, and the memory that they add."""
    import torch

    import geomodel as gm

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    before, found = status("VmRSS"), {"read": read_once(path)}
    started = time.perf_counter()
    data = gm.datasets.load(str(path))
    found["open"] = time.perf_counter() - started
    started = time.perf_counter()
    assert np.isfinite(data.std)
    found["facts"] = time.perf_counter() - started
    started = time.perf_counter()
    optimal = gm.OptimalDenoiser(data.points)
    found["prepare"] = time.perf_counter() - started
    for sigma in SIGMAS:
        taken = []
        for k in range(queries):
            x = np.asarray(data.points[k : k + 1], np.float64) + gm.noise(k, SHAPE, sigma).numpy()
            started = time.perf_counter()
            optimal(x, sigma)
            taken.append(time.perf_counter() - started)
        found[f"{sigma:g}"] = min(taken)
    return found | {"anonymous": (status("VmRSS") - status("RssFile") - before) / MB, "peak": status("VmHWM") / MB}


def main() -> int:
    """Write, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="pictures (default 1,000,000, which are 3 GB)")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the file stands for a while"
    )
    parser.add_argument("--queries", type=int, default=4, help="at each σ; the least time counts (default 4)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        print(json.dumps(opened(Path(arguments.child), arguments.queries)))
        return 0
    path = arguments.folder / "beyond-memory.npy"
    try:
        write(path, arguments.points)
        command = [sys.executable, __file__, "--child", str(path), "--queries", str(arguments.queries)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    finally:
        path.unlink(missing_ok=True)
    found = json.loads(done.stdout.splitlines()[-1])
    line(f"{arguments.points:,} × {np.prod(SHAPE):,} bytes in a file", ("seconds", "/ reading"))
    for name, title in (
        ("read", "reading the file once"),
        ("open", "gm.datasets.load"),
        ("facts", "its mean and deviation"),
        ("prepare", "gm.OptimalDenoiser"),
        *((f"{sigma:g}", f"D* at σ = {sigma:g}, one query") for sigma in SIGMAS),
    ):
        line(title, (f"{found[name]:.2f}", f"{found[name] / found['read']:.2f}"))
    print(f"memory added, without pages of the file: {found['anonymous']:,.0f} MB; peak {found['peak']:,.0f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
