"""Data that stay in their file: a million pictures of 3 × 32 × 32 bytes, beside reading the file once.

    python benchmarks/beyond_memory.py [--points 1000000] [--folder /tmp] [--queries 4] [--keep]

The computer is taken to have twice the memory of the file, so that the file, which may fill a quarter, stays where it
is. A picture is a random mosaic of 4 × 4 colours under noise, so that small σ finds one point and large σ weighs them
all. Each table is that of a fresh process. Figures are taken with the file in the system's cache and, where the system
forgets it when it is asked to, from the disk. Memory is what the process adds to what it takes once torch is imported.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import numpy as np
from common import ROOT, line, status

SHAPE = (3, 32, 32)
PIECE = 2**24  # bytes that are written or read at once
SIGMAS = (0.05, 1.0, 10.0)
SAMPLES, STEPS = 4, 6  # of the run in the window
OPENS, STEPS_FIRST, ENDS = "the data are open", "D* is prepared, first step", "all steps"
MB = 1e6
PATIENCE = 1800.0  # seconds


def write(path: Path, points: int) -> None:
    """Mosaics under noise, piece by piece."""
    random = np.random.default_rng(0)
    stored = np.lib.format.open_memmap(path, "w+", np.uint8, (points, *SHAPE))
    rows = PIECE // int(np.prod(SHAPE))
    for start in range(0, points, rows):
        part = stored[start : start + rows]
        colours = random.integers(0, 200, (len(part), 3, 4, 4), np.uint8)
        part[:] = colours.repeat(8, axis=2).repeat(8, axis=3) + random.integers(0, 56, part.shape, np.uint8)
    stored.flush()
    with path.open("rb+") as file:
        os.fsync(file.fileno())


def forget(path: Path) -> None:
    """Ask the system to drop its copy of the file, so that the next reading is one of the disk."""
    with path.open("rb") as file, suppress(AttributeError):
        os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def timed(action: Callable[[], object]) -> tuple[float, float]:
    """Seconds that the action takes, and those of the processor, on all threads."""
    before, worked = time.perf_counter(), time.process_time()
    action()
    return time.perf_counter() - before, time.process_time() - worked


def read_once(path: Path) -> None:
    """Read the whole file."""
    with path.open("rb") as file:
        while file.read(PIECE):
            pass


def small_computer(path: Path) -> None:
    """Take this computer for one whose memory is twice the file."""
    from geomodel import memory

    size = 2 * path.stat().st_size
    memory.physical = lambda: size


def library(path: Path, queries: int) -> dict[str, Any]:
    """What opening, D* and its queries take, and the memory that they add."""
    import torch

    import geomodel as gm

    torch.set_num_threads(max(1, (os.cpu_count() or 2) - 1))
    small_computer(path)
    before, found = status("VmRSS"), {}
    for name, cold in (("disk", True), ("cache", False)):
        for what, action in (
            ("read", lambda: read_once(path)),
            ("open", lambda: gm.datasets.load(str(path), progress=lambda _: None)),
        ):
            if cold:
                forget(path)
            found[f"{what} {name}"] = timed(action)
    data = gm.datasets.load(str(path))
    assert not isinstance(data.stored, np.ndarray), "the data are in memory"
    found["plane"] = timed(data.principal_plane)
    made: list[Any] = []
    found["prepare"] = timed(lambda: made.append(gm.OptimalDenoiser(data.points)))
    for sigma in SIGMAS:
        clouds = [
            np.asarray(data.points[k : k + 1], np.float64) + gm.noise(k, SHAPE, sigma).numpy() for k in range(queries)
        ]
        found[f"{sigma:g}"] = min(timed(lambda x=x, sigma=sigma: made[0](x, sigma)) for x in clouds)
    return found | {"memory": (status("VmHWM") - before) / MB}


def window(path: Path, _queries: int) -> dict[str, Any]:
    """How long the window does not answer while it opens the file and while D* is prepared and computes a run."""
    import watching
    from PySide6.QtWidgets import QApplication

    from app.application import start_logging
    from app.main_window import MainWindow

    watching.PATIENCE = PATIENCE
    small_computer(path)
    application = QApplication([])
    start_logging()
    application.setStyle("Fusion")
    opened = MainWindow()
    opened.resize(1440, 900)
    opened.show()
    opened.begin([])
    state, player = opened.state, opened.player
    found: dict[str, Any] = {}
    try:
        watching.wait_until(lambda: state.run is not None and state.run.status == "complete")
        before = status("VmRSS")
        stalls = watching.Stalls()

        def run() -> None:
            player.drafting.edit({"count": SAMPLES, "steps": STEPS})
            player.run()

        for name, action, met in (
            (OPENS, lambda: player.drafting.open_data(str(path)), lambda: state.draft.data == str(path)),
            (STEPS_FIRST, run, lambda: state.run.settings.data == str(path) and state.run.committed > 1),
            (ENDS, lambda: None, lambda: state.run.status == "complete"),
        ):
            stalls.start()
            found[name] = timed(lambda action=action, met=met: (action(), watching.wait_until(met)))
            found[f"{name}, stall"], found[f"{name}, own"] = stalls.stop()
        found["memory"] = (status("VmHWM") - before) / MB
    finally:
        opened.close()
    return found


CHILDREN = {"library": library, "window": window}


def child(name: str, path: Path, queries: int) -> dict[str, Any]:
    """What a fresh process measured."""
    command = [sys.executable, __file__, "--child", name, "--folder", str(path.parent), "--queries", str(queries)]
    with tempfile.TemporaryDirectory() as home:
        environment = {**os.environ, "GEOMODEL_HOME": home}
        done = subprocess.run(command, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


def main() -> int:
    """Write, measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--points", type=int, default=1_000_000, help="pictures (default 1,000,000, which are 3 GB)")
    parser.add_argument(
        "--folder", type=Path, default=Path(tempfile.gettempdir()), help="where the file stands for a while"
    )
    parser.add_argument("--queries", type=int, default=4, help="at each σ; the least time counts (default 4)")
    parser.add_argument("--keep", action="store_true", help="leave the file, or take the one that is there")
    parser.add_argument("--child", choices=tuple(CHILDREN), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    path = arguments.folder / "beyond-memory.npy"
    if arguments.child:
        print(json.dumps(CHILDREN[arguments.child](path, arguments.queries)))
        return 0
    try:
        if not (arguments.keep and path.exists()):
            write(path, arguments.points)
        show(path, arguments)
    finally:
        if not arguments.keep:
            path.unlink(missing_ok=True)
    return 0


def show(path: Path, arguments: argparse.Namespace) -> None:
    """Both tables."""
    found = child("library", path, arguments.queries)
    line(f"{arguments.points:,} × {np.prod(SHAPE):,} bytes in a file", ("seconds", "processor", "/ reading"))

    def row(title: str, name: str, place: str = "cache") -> None:
        seconds, worked = found[name]
        line(title, (f"{seconds:.2f}", f"{worked:.2f}", f"{seconds / found[f'read {place}'][0]:.2f}"))

    for place in ("disk", "cache"):
        row(f"reading the file once, from the {place}", f"read {place}", place)
        row(f"gm.datasets.load with all its facts, from the {place}", f"open {place}", place)
    row("its principal plane", "plane")
    row("gm.OptimalDenoiser", "prepare")
    for sigma in SIGMAS:
        row(f"D* at σ = {sigma:g}, one query", f"{sigma:g}")
    print(f"memory added, at most: {found['memory']:,.0f} MB\n")
    found = child("window", path, arguments.queries)
    line(f"the window, {SAMPLES} samples, {STEPS} steps", ("seconds", "processor", "stall, ms", "own, ms"))
    for name in (OPENS, STEPS_FIRST, ENDS):
        seconds, worked = found[name]
        stall, own = found[f"{name}, stall"], found[f"{name}, own"]
        line(name, (f"{seconds:.1f}", f"{worked:.1f}", f"{stall:.0f}", f"{own:.0f}"))
    print(f"memory added, at most: {found['memory']:,.0f} MB")


if __name__ == "__main__":
    sys.exit(main())
