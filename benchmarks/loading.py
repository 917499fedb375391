"""What opening a checkpoint of another program costs beside reading its file and taking its SHA-256.

    python benchmarks/loading.py [--repeats 5]

The network is the DDPM++ of EDM for CIFAR-10, 56 million numbers, written as EDM writes its snapshots and its training
states, into a temporary folder. Each figure comes from a fresh process that has imported torch, opened the bundled
checkpoint once, and left torch's own objects out of collections, as the window's engine does. Milliseconds are those of
the processor. Memory is what the process takes at most beyond what it took before (Linux).
"""

from __future__ import annotations

import argparse
import gc
import hashlib
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import torch
from common import ROOT, line, status
from images import CHECKPOINT, MB, child, few_threads

import geomodel as gm

sys.path.insert(0, str(ROOT / "tests/support"))  # has the writer of EDM's pickles
import edm_pickles

from geomodel import networks
from geomodel.inert import contents
from geomodel.networks.configs import SongConfig

RATIO, SPARE = 2.0, 64.0  # of the time of reading and SHA-256; MB beyond the weights
CONFIG = SongConfig(outputs=3, channels=128, multipliers=(2, 2, 2), blocks=4, attention=(16,))
ARGUMENTS = {"out_channels": 3, "model_channels": 128, "channel_mult": [2, 2, 2], "num_blocks": 4}
LEVELS = {"sigma_min": 0.0, "sigma_max": float("inf"), "sigma_data": 0.5}
SIZES = {"img_resolution": 32, "img_channels": 3, "label_dim": 0}
PICKLE, ZIP = "network-snapshot.pkl", "training-state.pt"


def write(folder: Path) -> None:
    """The files: a snapshot, and a training state with the same network."""
    torch.manual_seed(0)
    blueprint = networks.Blueprint(architecture="song", config=CONFIG, shape=(3, 32, 32))
    network = networks.assemble(blueprint)
    for weights in network.parameters():
        torch.nn.init.normal_(weights, std=0.02)
    outer = torch.nn.Module()
    outer.model = network
    record = edm_pickles.persistent(outer, "EDMPrecond", **LEVELS, **SIZES)
    record.state["_modules"]["model"].state["_init_kwargs"] = ARGUMENTS
    (folder / PICKLE).write_bytes(edm_pickles.dumps({"ema": record, "loss_fn": None, "augment_pipe": None}))
    with edm_pickles.modules():
        torch.save({"net": record, "optimizer_state": {}}, folder / ZIP)


def read_and_hash(path: Path) -> None:
    """What is the least: the whole file in memory, and its SHA-256."""
    hashlib.sha256(path.read_bytes()).hexdigest()


def measured(action: Callable[[], object]) -> dict[str, float]:
    """Seconds of the processor, and MB at most beyond those before."""
    Path("/proc/self/clear_refs").write_text("5")  # the most so far is forgotten
    before, started = status("VmRSS"), time.process_time()
    kept = action()
    seconds = time.process_time() - started
    del kept
    return {"seconds": seconds, "MB": (status("VmHWM") - before) / MB}


CHILDREN = {
    "least": read_and_hash,
    "described": contents.read,
    "opened": gm.load_checkpoint,
}


def in_child(name: str, path: Path) -> dict[str, float]:
    """One figure, in this process."""
    gm.load_checkpoint(CHECKPOINT)
    gc.freeze()  # a full collection of torch's objects takes 180 ms, whenever it comes
    return measured(partial(CHILDREN[name], path))


def compared(path: Path, repeats: int) -> None:
    """One file: each round takes every figure once, so that a busy computer slows them alike."""
    found: dict[str, list[dict[str, Any]]] = {name: [] for name in CHILDREN}
    for _ in range(repeats):
        for name in CHILDREN:
            found[name].append(child(__file__, f"{name}:{path}"))
    least = statistics.median(one["seconds"] for one in found["least"])
    weights = gm.checkpoints.inspect(path).size / MB
    print()
    line(f"{path.name}, {path.stat().st_size / MB:.0f} MB", ("ms", "ratio", "MB", "MB beyond"))
    for name, title in (
        ("least", "read at once, and SHA-256"),
        ("described", "what the file says, no numbers"),
        ("opened", f"gm.load_checkpoint (budget {RATIO:g}, {SPARE:g})"),
    ):
        seconds = statistics.median(one["seconds"] for one in found[name])
        most = max(one["MB"] for one in found[name])
        beyond = f"{most - weights:.0f}" if name == "opened" else ""
        line(title, (f"{1000 * seconds:.0f}", f"{seconds / least:.2f}", f"{most:.0f}", beyond))


def main() -> int:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repeats", type=int, default=5, help="how often each is timed (default 5)")
    parser.add_argument("--child", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    few_threads()
    if arguments.child is not None:
        name, _, path = arguments.child.partition(":")
        print(json.dumps(in_child(name, Path(path))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        write(Path(folder))
        for name in (PICKLE, ZIP):
            compared(Path(folder) / name, arguments.repeats)
    return 0


if __name__ == "__main__":
    sys.exit(main())
