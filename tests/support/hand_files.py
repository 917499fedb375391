"""Files for the random hands: good ones of every kind, and damaged ones of each.

python tests/support/hand_files.py FOLDER
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
from damage import damaged
from data_files import pixels, write_folder, write_idx
from lies import FAMILIES
from saved_runs import make_run

import resources

DAMAGED = 6  # of each good file
OWN = """
import sys
import torch

def zero():
    return lambda x, sigma: torch.zeros_like(x)

def raises():
    return _late(lambda: [].missing)

def leaves():
    return _late(lambda: sys.exit(3))

def nowhere():
    return lambda x, sigma: torch.full_like(x, float("nan"))

def wrong():
    return lambda x, sigma: torch.zeros(3, 3, 3)

def _late(act):
    calls = []

    def denoise(x, sigma):
        calls.append(sigma)
        if len(calls) > 20:
            act()
        return torch.zeros_like(x)

    return denoise
"""
NONSENSE = {
    "empty.npy": b"",
    "empty.npz": b"",
    "empty.csv": b"",
    "empty.safetensors": b"",
    "zeros.npz": bytes(4096),
    "words.csv": "these, are\nnot, numbers\n½, ∞\n".encode(),
    "wide.csv": b"1," * 30_000 + b"1\n",
    "one.csv": b"1\n2\n3\n",
    "same.csv": b"0.5,0.5\n" * 50,
    "far.csv": b"1e300,-1e300\n-1e300,1e300\n",
    "tiny.csv": b"1e-300,2e-300\n3e-300,1e-300\n",
    "words.safetensors": b"weights, weights",
    "words.npz": b"PK\x03\x04" + b"words" * 50,
    "ünïcode 🙂.csv": b"1,2\n3,4\n5,6\n",
}


def write(folder: Path) -> None:
    """Write `good` and `bad` into the folder."""
    good, bad = folder / "good", folder / "bad"
    good.mkdir(parents=True)
    bad.mkdir()
    _write_good(good)
    random = np.random.default_rng(0)
    for path in sorted(path for path in good.iterdir() if path.is_file()):
        content = path.read_bytes()
        for number in range(DAMAGED):
            (bad / f"{path.stem}-{number}{path.suffix}").write_bytes(damaged(content, random))
        (bad / f"{path.stem}-half{path.suffix}").write_bytes(content[: len(content) // 2])
        (bad / f"{path.name}.txt").write_bytes(content)  # good content under a wrong name
    for name, content in NONSENSE.items():
        (bad / name).write_bytes(content)
    for family, (make, _) in FAMILIES.items():  # some of them ask for what they do not say
        (bad / family).mkdir()
        make(bad / family)
    (bad / "own.py").write_text(OWN)
    (bad / "folder").mkdir()
    make_run().save(bad / "three.npz")


def _write_good(good: Path) -> None:
    random = np.random.default_rng(1)
    points = random.normal((2.0, -1.0), 1.0, (80, 2))
    np.savetxt(good / "points.csv", points, delimiter=",")
    rows = [f"{x:.4f},{y:.4f},{'ab'[index % 2]}" for index, (x, y) in enumerate(points)]
    (good / "classes.csv").write_text("\n".join(["x,y,class", *rows]))
    np.save(good / "five.npy", random.normal(size=(60, 5)))
    np.save(good / "images.npy", pixels(30, (1, 8, 6)))
    np.save(good / "colours.npy", pixels(20, (3, 6, 6)))
    write_idx(good, pixels(20, (1, 7, 7))[:, 0], random.integers(0, 3, 20))
    write_folder(good / "pictures", pixels(8), [f"{'ab'[number % 2]}/{number}.png" for number in range(8)])
    for name in ("two-moons", "spiral", "fashion-mnist"):
        shutil.copy(resources.path("checkpoints", f"{name}.safetensors"), good)
    shutil.copy(resources.path("runs", "two-moons.npz"), good / "run.npz")


if __name__ == "__main__":
    write(Path(sys.argv[1]))
