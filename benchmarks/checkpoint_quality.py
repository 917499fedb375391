"""How good the bundled Fashion-MNIST network is: samples of it, judged by a classifier and by distances to test images.

    python benchmarks/checkpoint_quality.py --out samples.png

A small classifier is trained on the same 10,000 images; its agreement with the requested class says whether the samples
show what was asked for. The sliced Wasserstein distance of the samples to held-out images, over that of as many
training images, says how far their distribution is from the data's, in units of what another draw would give (1 is
perfect). Neither says whether single images are copies. Everything is seeded; another processor may change last digits.
"""

from __future__ import annotations

import argparse
import gzip
import sys
from pathlib import Path
from time import perf_counter

import common  # noqa: F401  (puts the repository on the path)
import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor, nn

import geomodel as gm
import resources
from geomodel.datasets.dataset import Dataset
from geomodel.images import pixels

TEST_SET = Path("/usr/share/datasets/fashion-mnist")  # of the Debian package dataset-fashion-mnist
DIRECTIONS = 512
BATCH = 100
EPOCHS = 8
AGREEMENT_BAR, DISTANCE_BAR = 0.70, 2.0
SHEET_COLUMNS, ZOOM, GAP = 10, 2, 4

Images = NDArray[np.float32]
Labels = NDArray[np.int64]


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    bundled = resources.path("checkpoints", "fashion-mnist.safetensors")
    parser.add_argument("--checkpoint", type=Path, default=bundled, help="default: the bundled one")
    parser.add_argument("--count", type=int, default=2000, help="samples, a multiple of 10 (default: 2000)")
    parser.add_argument("--steps", type=int, default=18, help="Heun steps, the last one to σ = 0 (default: 18)")
    parser.add_argument("--threads", type=int, default=torch.get_num_threads())
    parser.add_argument("--out", type=Path, help="a PNG of ten samples of each class, one class a row")
    arguments = parser.parse_args()
    if arguments.count < 10 or arguments.count % 10:
        parser.error(f"--count is {arguments.count}; a multiple of 10 is needed, as many samples of each class")
    torch.set_num_threads(arguments.threads)
    data = gm.datasets.load("fashion-mnist")
    train, test, source = split(data)
    print(f"held out: {len(test[1])} images of {source}; threads: {torch.get_num_threads()}", flush=True)

    begin = perf_counter()
    classifier = trained_classifier(*train)
    right = (classify(classifier, test[0]) == test[1]).mean()
    print(f"classifier: {100 * right:.1f} % right on held-out images ({perf_counter() - begin:.0f} s)", flush=True)

    begin = perf_counter()
    images, labels = samples(arguments.checkpoint, arguments.count, arguments.steps)
    took = perf_counter() - begin
    print(f"{len(images)} samples, {2 * arguments.steps - 1} evaluations each: {took:.0f} s", flush=True)
    agreement = agreements(classify(classifier, images), labels, data.label_names or ())

    count = min(arguments.count, len(test[1]))
    fresh, known = balanced(*test, count), balanced(*train, count)
    ours, theirs = sliced_distance(images[:count], fresh), sliced_distance(known, fresh)
    print(
        f"sliced Wasserstein distance to {count} held-out images: {ours:.4f}; of {count} training images {theirs:.4f}"
    )
    print(f"ratio {ours / theirs:.2f} (bar: at most {DISTANCE_BAR:g})")
    if arguments.out:
        write_sheet(images, labels, arguments.out)
    return 0 if agreement >= AGREEMENT_BAR and ours / theirs <= DISTANCE_BAR else 1


def split(data: Dataset) -> tuple[tuple[Images, Labels], tuple[Images, Labels], str]:
    """Training and held-out images: the test set where it is installed, else the last tenth of each class."""
    points, labels = data.points, np.asarray(data.labels)
    if TEST_SET.is_dir():
        return (points, labels), test_set(), f"the test set in {TEST_SET}"
    held = np.zeros(len(labels), bool)
    for label in np.unique(labels):
        rows = np.flatnonzero(labels == label)
        held[rows[-len(rows) // 10 :]] = True
    note = "the training part (the network has seen them: install dataset-fashion-mnist for the test set)"
    return (points[~held], labels[~held]), (points[held], labels[held]), note


def test_set() -> tuple[Images, Labels]:
    """The 10,000 test images, in [-1, 1]."""
    images = np.frombuffer(gzip.decompress((TEST_SET / "t10k-images-idx3-ubyte.gz").read_bytes())[16:], np.uint8)
    labels = np.frombuffer(gzip.decompress((TEST_SET / "t10k-labels-idx1-ubyte.gz").read_bytes())[8:], np.uint8)
    return images.reshape(-1, 1, 28, 28).astype(np.float32) / 127.5 - 1, labels.astype(np.int64)


def trained_classifier(images: Images, labels: Labels) -> nn.Module:
    """Two convolutions and two full layers, trained with Adam and a falling step size."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        network = nn.Sequential(
            *(nn.Conv2d(1, 32, 5, padding=2), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Conv2d(32, 64, 3, padding=1), nn.ReLU(), nn.MaxPool2d(2)),
            *(nn.Flatten(), nn.Dropout(0.3), nn.Linear(64 * 49, 128), nn.ReLU(), nn.Linear(128, 10)),
        )
        x, y = torch.from_numpy(images), torch.from_numpy(labels)
        optimizer = torch.optim.Adam(network.parameters(), lr=2e-3)
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, EPOCHS * -(-len(x) // BATCH))
        for _ in range(EPOCHS):
            for rows in torch.randperm(len(x)).split(BATCH):
                loss = nn.functional.cross_entropy(network(x[rows]), y[rows])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
                schedule.step()
    return network.eval()


@torch.no_grad()
def classify(network: nn.Module, images: Images) -> Labels:
    """The most likely class of each image."""
    answers = [network(part).argmax(1) for part in torch.from_numpy(images).split(500)]
    return torch.cat(answers).numpy()


def samples(checkpoint: Path, count: int, steps: int) -> tuple[Images, Labels]:
    """Conditional samples with the seeds 0, 1, …, sample k of class k mod 10."""
    model = gm.load_checkpoint(checkpoint)
    sigma_min, sigma_max = model.sigma_recommended
    sigmas = gm.schedules.karras(steps=steps, sigma_min=sigma_min, sigma_max=sigma_max, final_zero=True)
    labels = np.arange(count) % model.num_classes
    parts = []
    for start in range(0, count, BATCH):
        seeds = range(start, min(start + BATCH, count))
        x = gm.noise(seeds, model.shape, sigmas[0])
        run = gm.sample(model, x, sigmas, labels=labels[start : start + BATCH], seeds=seeds, display="off")
        parts.append(run.x[-1].astype(np.float32))
        print(f"\r{seeds[-1] + 1}/{count} samples", end="", file=sys.stderr, flush=True)
    print(file=sys.stderr)
    return np.concatenate(parts), labels


def agreements(found: Labels, asked: Labels, names: tuple[str, ...]) -> float:
    """Prints, and gives, the share of samples that the classifier takes for what was asked for."""
    overall = float((found == asked).mean())
    print(f"agreement with the requested class: {100 * overall:.1f} % (bar: at least {100 * AGREEMENT_BAR:.0f} %)")
    for label, name in enumerate(names):
        print(f"    {name:<12}{100 * (found[asked == label] == label).mean():6.1f} %")
    return overall


def balanced(images: Images, labels: Labels, count: int) -> Images:
    """The first images of each class, as many of each."""
    rows = [np.flatnonzero(labels == label)[: count // 10] for label in range(10)]
    return images[np.concatenate(rows)]


def sliced_distance(first: Images, second: Images) -> float:
    """The sliced 2-Wasserstein distance of as many images, in grey values (black is -1, white 1).

    SW₂² = E_u W₂²(u·X, u·Y), u uniform on the unit sphere; W₂² of as many numbers on a line is the mean square of the
    differences of the sorted ones. Source: Rabin, Peyré, Delon and Bernot, "Wasserstein barycenter and its application
    to texture mixing" (2011), section 2.
    """
    size = first[0].size
    directions = torch.randn(size, DIRECTIONS, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    directions /= directions.norm(dim=0)

    def sorted_projections(images: Images) -> Tensor:
        return (torch.from_numpy(images).double().reshape(-1, size) @ directions).sort(dim=0).values

    return (sorted_projections(first) - sorted_projections(second)).square().mean().sqrt().item()


def write_sheet(images: Images, labels: Labels, path: Path) -> None:
    """The first ten samples of each class, one class a row."""
    side = ZOOM * images.shape[-1] + GAP
    sheet = np.full((10 * side + GAP, SHEET_COLUMNS * side + GAP), 255, np.uint8)
    for label in range(10):
        for column, image in enumerate(pixels(images[labels == label][:SHEET_COLUMNS])):
            top, left = GAP + label * side, GAP + column * side
            sheet[top : top + side - GAP, left : left + side - GAP] = image.repeat(ZOOM, 0).repeat(ZOOM, 1)
    Image.fromarray(sheet).save(path)


if __name__ == "__main__":
    raise SystemExit(main())
