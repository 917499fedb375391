"""Everything that a GPU is used for, in one run of at most eight minutes.

    python benchmarks/gpu.py [--device cuda] [--quick]

Answers beside those of the CPU; images a second of the bundled U-Net in float32 and bfloat16; the optimal denoiser over
50,000 × 3,072 bytes with 64 queries, as a share of what the memory of the device allows; stalls of the window during a
run. `--device cpu --quick` tries the script itself where there is no GPU.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import common  # noqa: F401  (first: it puts the repository on the path)
import numpy as np
import torch
from common import line

import geomodel as gm
import resources
from geomodel.denoisers.half import in_bfloat16
from geomodel.denoisers.network import NetworkDenoiser

CHECKPOINT = resources.path("checkpoints", "fashion-mnist.safetensors")
SIDE, QUERIES, LEVELS = 32, 64, (80.0, 20.0, 5.0, 1.0, 0.2)
COPIED = 1 << 30  # bytes of the copy that measures the memory's bandwidth


def best(call: Callable[[], object], device: str, repeats: int = 5) -> float:
    """Seconds of the quickest call, after one that warms up."""

    def timed() -> float:
        begin = perf_counter()
        call()
        if device != "cpu":
            torch.cuda.synchronize(device)
        return perf_counter() - begin

    timed()
    return min(timed() for _ in range(repeats))


def networks(device: str) -> dict[str, NetworkDenoiser]:
    """The bundled network on the device, and in bfloat16 where the device multiplies such numbers."""
    found = {"float32": gm.load_checkpoint(CHECKPOINT, device=device)}
    try:
        found["bfloat16"] = in_bfloat16(gm.load_checkpoint(CHECKPOINT, device=device))
    except ValueError as refusal:
        print(f"bfloat16: {refusal}")
    return found


def parity(device: str) -> None:
    """How far the answers are from those of the CPU, relative to the largest number of an answer."""
    line("beside the CPU", ("", "error"))
    here = gm.load_checkpoint(CHECKPOINT)
    for name, there in networks(device).items():
        errors = []
        for sigma in LEVELS:
            x = gm.noise(range(16), here.shape, sigma)
            wanted = here(x, sigma)
            errors.append(float((there(x, sigma) - wanted).abs().max() / wanted.abs().max()))
        line(f"U-Net, {name}", ("", f"{max(errors):.1e}"))


def pace(device: str, quick: bool) -> None:
    """Images a second of the U-Net."""
    print()
    line("U-Net", ("batch", "images/s", "ms"))
    for name, network in networks(device).items():
        for batch in (64,) if quick else (64, 256, 1024):
            x = torch.randn(batch, *network.shape)
            took = best(lambda network=network, x=x: network(x, 1.0), device)
            line(name, (f"{batch}", f"{batch / took:.0f}", f"{1e3 * took:.1f}"))


def pictures(count: int) -> np.ndarray:
    """Smooth random pictures of three colours, in bytes: neighbours in them are neighbours, as in photographs."""
    random, coarse = np.random.default_rng(0), 4
    small = random.standard_normal((count, 3, coarse, coarse), dtype=np.float32)
    large = small.repeat(SIDE // coarse, axis=2).repeat(SIDE // coarse, axis=3)
    large += 0.2 * random.standard_normal(large.shape, dtype=np.float32)
    return (large * 48 + 128).clip(0, 255).astype(np.uint8)


def optimal(device: str, quick: bool) -> None:
    """D* over bytes: the time of an answer, and that in which the memory could read the codes once."""
    stored = pictures(4000 if quick else 50_000)
    points = torch.from_numpy(stored).flatten(1).float() / 127.5 - 1
    model = gm.OptimalDenoiser(points, device=device).searched
    source = torch.empty(COPIED // (64 if quick else 1), dtype=torch.int8, device=device)
    target = torch.empty_like(source)
    bandwidth = 2 * source.numel() / best(lambda: target.copy_(source), device)  # it reads and writes
    once = stored.nbytes / bandwidth
    print(f"\nmemory: {bandwidth / 1e9:.0f} GB/s; reading the codes once takes {1e3 * once:.3f} ms")
    line(f"D*, {len(points)} × {points.shape[1]} bytes, {QUERIES} queries", ("σ", "ms", "× reading", "bound"))
    random = torch.Generator().manual_seed(1)
    for sigma in LEVELS:
        rows = torch.randint(len(points), (QUERIES,), generator=random)
        x = points[rows].double() + sigma * torch.randn(QUERIES, points.shape[1], generator=random).double()
        took = best(lambda x=x, sigma=sigma: model(x, sigma), device, 3)
        bound = float(model.posterior(x, sigma).bound.max())
        line("", (f"{sigma:g}", f"{1e3 * took:.2f}", f"{took / once:.1f}", f"{bound:.1e}"))


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--device", default="cuda")
    parser.add_argument("--quick", action="store_true", help="small sizes")
    options = parser.parse_args()
    if options.device != "cpu" and not torch.cuda.is_available():
        print(
            f"This PyTorch finds no device {options.device!r}; --device cpu --quick tries the script.", file=sys.stderr
        )
        return 2
    if options.device != "cpu":
        print(torch.cuda.get_device_name(options.device))
    with torch.no_grad():
        parity(options.device)
        pace(options.device, options.quick)
        optimal(options.device, options.quick)
    print(flush=True)
    window = Path(__file__).with_name("network_run.py")  # its window takes the accelerator where there is one
    size = ["--count", "8" if options.quick else "64", "--cancels", "1" if options.quick else "5"]
    return subprocess.run([sys.executable, str(window), *size], check=False).returncode


if __name__ == "__main__":
    sys.exit(main())
