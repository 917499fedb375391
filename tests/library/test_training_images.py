"""Training on images: the U-Net is chosen, the loss is the stated one, and nothing of it depends on being stopped."""

from __future__ import annotations

from argparse import ArgumentParser
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import training, training_draws
from geomodel.checkpoints import inspect, load_checkpoint
from geomodel.cli_train import add_arguments, run
from geomodel.datasets.dataset import Dataset
from geomodel.recipe import IMAGES, TrainError, TrainProgress, TrainSettings, from_options
from geomodel.training import train

CLASSES = ("bars", "frame")
SMALL = TrainSettings(
    iterations=8, batch=8, width=8, depth=1, warmup=2, half_life=3.0, clip=1.0, learning_rate=4e-3, conditional=True
)


def bars_and_frames(count: int = 40) -> Dataset:
    """Bars at random places, and frames of random brightness, 12 × 12: two classes with other means."""
    generator = np.random.default_rng(0)
    stored, labels = np.zeros((count, 1, 12, 12), np.uint8), np.arange(count) % 2
    for image, label in zip(stored[:, 0], labels, strict=True):
        if label:
            image[[0, -1]] = image[:, [0, -1]] = generator.integers(100, 256)
        else:
            image[2:10, generator.integers(2, 9, 2)] = 255
    return Dataset(name="bars", kind="images", stored=stored, labels=labels.astype(np.int64), label_names=CLASSES)


DATA = bars_and_frames()


class Stop(Exception):
    pass


def command(text: str, out: Path) -> int:
    parser = ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*text.split(), "--out", str(out)]))


def labelled_file(folder: Path) -> Path:
    np.save(folder / "bars.npy", DATA.stored)
    return folder / "bars.npy"


# --- what is minimised ---------------------------------------------------------------------------------------------


def test_loss_is_the_weighted_denoising_error(tmp_path: Path) -> None:
    """λ(σ) ‖D(y + σz; σ, c) − y‖² / dim with λ = (σ² + d²)/(σ d)², D from the checkpoint, c dropped now and then."""
    job = training.Training(DATA, replace(SMALL, batch=32, label_dropout=0.4), "cpu")
    for _ in range(3):
        job.advance()
    loss = job._loss().item()
    generator = training_draws.generator_of(SMALL.seed, job.iteration)  # the same draws again, in their order
    rows = torch.randint(len(DATA), (32,), generator=generator)
    sigma = DATA.std * training_draws.relative_levels(job.settings, generator)
    clean = torch.as_tensor(DATA.points, dtype=torch.float64)[rows]
    noise = torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    labels = torch.where(torch.rand(32, generator=generator) < 0.4, -1, torch.as_tensor(DATA.labels)[rows])
    assert 0 < int((labels < 0).sum()) < 32
    job.average = {key: value.clone() for key, value in job.network.state_dict().items()}
    job.write(tmp_path / "a")
    model = load_checkpoint(tmp_path / "a")
    denoised = model(clean + sigma[:, None, None, None] * noise, sigma, labels=labels)
    weight = (sigma**2 + DATA.std**2) / (sigma * DATA.std) ** 2
    error = (denoised - clean).square().flatten(1).mean(1)
    # Relative 1e-4: small weighted differences of float32 answers.
    assert loss == pytest.approx((weight * error).mean().item(), rel=1e-4)


def test_a_short_training_reduces_the_loss_and_learns_the_class_means(tmp_path: Path) -> None:
    losses: list[float] = []
    settings = replace(SMALL, iterations=120, batch=32, half_life=10.0, label_dropout=0.2)
    train(DATA, settings, out=tmp_path / "a", progress=lambda report: losses.append(report.loss))
    assert losses[-1] < 0.9 * losses[0]  # seen: 0.86
    model, sigma = load_checkpoint(tmp_path / "a"), 30 * DATA.std
    means = torch.stack([torch.as_tensor(DATA.points[DATA.labels == label]).mean(0) for label in (0, 1)]).double()
    x = means + sigma * torch.randn(2, 1, 12, 12, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    apart = (means[0] - means[1]).norm()
    for label, denoised in enumerate(model(x, sigma, labels=[0, 1])):
        assert (denoised - means[label]).norm() < 0.4 * apart
    # Without labels, D is the common mean, half the distance away from both.
    for denoised in model(x, sigma):
        assert (denoised - means.mean(0)).norm() < 0.4 * apart


@pytest.mark.parametrize("dropout", [0.0, 1.0])
def test_dropped_labels_train_the_null_class(dropout: float) -> None:
    """Adam leaves a row alone that has never had a gradient."""
    job = training.Training(DATA, replace(SMALL, label_dropout=dropout), "cpu")
    before = job.network.get_parameter("label.weight").detach().clone()
    for _ in range(4):
        job.advance()
    after = job.network.get_parameter("label.weight").detach()
    kept, trained = (slice(0, 2), slice(2, 3)) if dropout else (slice(2, 3), slice(0, 2))
    assert torch.equal(after[kept], before[kept])
    assert (after[trained] != before[trained]).any(dim=1).all()


def test_the_gradient_is_clipped() -> None:
    norms = {}
    for clip in (0.0, 1e-3):
        job = training.Training(DATA, replace(SMALL, clip=clip), "cpu")
        job.advance()
        gradients = [value.grad for value in job.network.parameters() if value.grad is not None]
        norms[clip] = torch.cat([gradient.flatten() for gradient in gradients]).norm().item()
    assert norms[0.0] > 0.01
    assert norms[1e-3] == pytest.approx(1e-3, rel=1e-3)  # PyTorch divides by the norm plus 1e-6


# --- repeating and resuming ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bfloat16", [False, True])
def test_resumed_after_a_stop_is_bit_identical(bfloat16: bool, tmp_path: Path) -> None:
    settings = replace(SMALL, bfloat16=bfloat16)
    whole, out, state = (tmp_path / name for name in ("whole", "out", "state"))
    before = torch.get_rng_state()
    train(DATA, settings, out=whole)
    assert torch.equal(torch.get_rng_state(), before)

    def stop(report: TrainProgress) -> None:
        if report.iteration == 5:
            raise Stop

    with pytest.raises(Stop):
        train(DATA, settings, out=out, state_path=state, progress=stop)
    seen: list[int] = []
    train(DATA, settings, out=out, state_path=state, progress=lambda report: seen.append(report.iteration))
    assert seen == [6, 7, 8]
    assert out.read_bytes() == whole.read_bytes()


def test_a_preview_is_the_average_so_far_and_changes_nothing(tmp_path: Path) -> None:
    whole, out, preview = (tmp_path / name for name in ("whole", "out", "preview"))
    train(DATA, SMALL, out=whole)
    job = training.Training(DATA, SMALL, "cpu")
    seen: list[int] = []

    def compare(report: TrainProgress) -> None:
        job.advance()
        stored = load_checkpoint(preview).network.state_dict()
        assert all(torch.equal(stored[key], value) for key, value in job.average.items())
        seen.append(report.iteration)

    train(DATA, SMALL, out=out, preview=preview, save_every=0, progress=compare)
    assert seen == list(range(1, 9))
    assert out.read_bytes() == whole.read_bytes()


# --- settings, description, command line ---------------------------------------------------------------------------


def test_the_checkpoint_tells_what_it_is(tmp_path: Path) -> None:
    info = train(DATA, SMALL, out=tmp_path / "a")
    assert info == load_checkpoint(tmp_path / "a").info
    assert (info.architecture, info.shape, info.label_names) == ("unet", (1, 12, 12), CLASSES)
    assert info.sigma_data == DATA.std
    # EDM's levels are 0.002 to 80, for images of deviation 0.5.
    assert info.sigma_recommended == (0.004 * DATA.std, 160 * DATA.std)
    assert {key: info.recipe[key] for key in asdict(SMALL)} == asdict(SMALL)


def test_the_levels_lie_inside_those_that_were_drawn() -> None:
    for scale in (1e-6, 0.4, 1e9):
        line = scale * np.linspace(-1, 1, 9)[:, None] * np.eye(64)[0]  # all of its variance along one of 64 coordinates
        for architecture, stored in (("unet", scale * DATA.points), ("mlp", line)):
            data = Dataset(name="x", kind="points", stored=stored)
            (low, high), (usual_low, usual_high) = training._levels(architecture, data)
            drawn = training_draws.RANGE[0] * data.std, training_draws.RANGE[1] * data.std
            assert drawn[0] <= low <= usual_low < usual_high <= high <= drawn[1]


def test_settings_for_images() -> None:
    settings = from_options({"iterations": 7}, images=True)
    assert asdict(settings) == {**asdict(TrainSettings()), **IMAGES, "iterations": 7}
    assert from_options({}) == TrainSettings()
    with pytest.raises(TrainError, match="multiple of 8"):
        train(DATA, replace(SMALL, width=12), out="nowhere")
    with pytest.raises(TrainError, match="GB of memory"):
        train(DATA, replace(SMALL, width=4096, depth=64), out="nowhere")


def test_command_trains_a_unet(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    threads = torch.get_num_threads()
    torch.set_num_threads(2)
    out, preview = tmp_path / "a.safetensors", tmp_path / "b.safetensors"
    text = f"--data {labelled_file(tmp_path)} --iterations 2 --batch 4 --width 8 --depth 1 --threads 1"
    try:
        assert command(f"{text} --preview {preview}", out) == 0
        assert torch.get_num_threads() == 1
    finally:
        torch.set_num_threads(threads)
    info = inspect(out)
    assert (info.architecture, info.classes, info.recipe["clip"]) == ("unet", 0, IMAGES["clip"])
    printed = capsys.readouterr()
    assert "2/2  loss" in printed.err
    assert "0:00 left" in printed.err
    assert not preview.exists()  # two iterations are over before the first one is due


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("--conditional", "no labels"),
        ("--width 12", "multiple of 8"),
        ("--threads 0", "--threads is 0; at least 1"),
        ("--preview nowhere/a", "nowhere is not a place for a file"),
    ],
)
def test_bad_arguments(text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file, out = labelled_file(tmp_path), tmp_path / "a.safetensors"
    assert command(f"--data {file} {text}", out) == 2
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert list(tmp_path.iterdir()) == [file]


def test_fashion_mnist_by_name(tmp_path: Path) -> None:
    out = tmp_path / "a.safetensors"
    assert command("--data fashion-mnist --conditional --iterations 3 --batch 8 --width 16", out) == 0
    model = load_checkpoint(out)
    assert (model.shape, model.num_classes, model.info.recipe["depth"]) == ((1, 28, 28), 10, 2)
    assert model.info.data_fingerprint == gm.datasets.load("fashion-mnist").fingerprint
