"""How long opening takes: the bundled checkpoint, and 60,000 images of a packed file; and how soon it is given up.

    python benchmarks/opening.py [--repeats 3]

The checkpoint opens in fresh processes that have imported torch, with the threads that the window gives torch and with
those that torch takes by itself. The file is the bundled images six times, in a temporary folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Iterable
from functools import partial
from itertools import pairwise
from pathlib import Path
from threading import Timer

import numpy as np
from common import row
from images import CHECKPOINT, DATA, MB, Engine, child, few_threads, table, timed

import geomodel as gm
from app.engine.library import Library
from app.engine.messages import OPENING, Cancel, OpenData

OPEN_NETWORK, OPEN_FILE, CANCEL = 1000.0, 3000.0, 250.0  # milliseconds
IMAGES = 60_000
CANCELS = 10


def opening_of_checkpoint() -> dict[str, float]:
    """In a process of its own, torch imported: the file alone; then as the window opens it, its pace measured."""
    alone = timed(partial(gm.load_checkpoint, CHECKPOINT))
    library = Library()
    library.load_torch()
    return {"alone": alone, "measured": timed(partial(library.network, CHECKPOINT))}


def checkpoint(repeats: int) -> None:
    """The bundled checkpoint, in fresh processes."""
    found = {threads: [child(__file__, threads) for _ in range(repeats)] for threads in ("few", "all")}
    table("The bundled checkpoint, torch imported")
    row("gm.load_checkpoint, the first of a process", [one["alone"] for one in found["few"]], OPEN_NETWORK)
    row("   with the threads that torch takes by itself", [one["alone"] for one in found["all"]], OPEN_NETWORK)
    row("   again, with its pace (the window's)", [one["measured"] for one in found["few"]])


def write_images(path: Path) -> None:
    """The bundled images, again and again, as an idx file in gzip; a gzip file may consist of several."""
    images = gm.datasets.load(DATA).stored
    header = b"\0\0\x08\x03" + np.array([IMAGES, *images.shape[2:]], ">u4").tobytes()
    part = gzip.compress(images.tobytes(), 6)
    path.write_bytes(gzip.compress(header) + part * (IMAGES // len(images)))


class Stopped(Exception):
    """Raised by a progress to stop an opening."""


def longest_gap(path: str) -> float:
    """The most milliseconds from one call of the progress to the next: how late a wish to stop can be heard."""
    heard = [time.perf_counter()]
    gm.datasets.load(path, progress=lambda _: heard.append(time.perf_counter()))
    return max(after - before for before, after in pairwise(heard)) * 1000


def stopped_reading(path: str, after: float) -> float:
    """Milliseconds from the wish, so many seconds after the start, to the end of a reading."""
    wish = time.perf_counter() + after

    def progress(_fraction: float) -> None:
        if time.perf_counter() >= wish:
            raise Stopped

    try:
        gm.datasets.load(path, progress=progress)
    except Stopped:
        return (time.perf_counter() - wish) * 1000
    return 0.0  # it was quicker


def stopped_engine(path: str, after: float) -> float:
    """The same for the window's engine: from a cancel in its inbox until it takes the next command."""
    engine, wish = Engine(), time.perf_counter() + after
    timer = Timer(after, engine.inbox.put, (Cancel(OPENING),))
    timer.start()
    engine.handle(OpenData(path, 1000, 0))
    late = (time.perf_counter() - wish) * 1000
    timer.cancel()
    return max(late, 0.0)


def moments(milliseconds: Iterable[float]) -> list[float]:
    """Moments, in seconds, spread over what usually takes so long."""
    usual = statistics.median(milliseconds) / 1000
    return [usual * (at + 0.5) / CANCELS for at in range(CANCELS)]


def file(repeats: int) -> None:
    """60,000 images from a packed idx file: by the library, by the window (which also seeks a plane), and given up."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "images-idx3-ubyte.gz"
        write_images(path)
        name = str(path)
        unpacked = [timed(lambda: gzip.decompress(path.read_bytes())) for _ in range(repeats)]
        read = [timed(partial(gm.datasets.load, name, progress=lambda _: None)) for _ in range(repeats)]
        opened = [timed(lambda: Engine().handle(OpenData(name, 1000, 0))) for _ in range(repeats)]
        table(f"{IMAGES:,} images in idx.gz, {path.stat().st_size / MB:.0f} MB")
        row("unpacked by the gzip module alone", unpacked)
        row("gm.datasets.load, with its mean and fingerprint", read, OPEN_FILE)
        row("opened by the window's engine, with its plane", opened, OPEN_FILE)
        row("cancel of gm.datasets.load", [stopped_reading(name, after) for after in moments(read)], CANCEL)
        row("   longest between two looks for one", [longest_gap(name) for _ in range(repeats)], CANCEL)
        row("cancel of the engine's opening", [stopped_engine(name, after) for after in moments(opened)], CANCEL)


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=3, help="how often each is timed (default 3)")
    parser.add_argument("--child", choices=("few", "all"), help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child != "all":
        few_threads()
    if arguments.child is not None:
        print(json.dumps(opening_of_checkpoint()))
        return 0
    checkpoint(arguments.repeats)
    file(arguments.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
