"""Training: the loss, the draws, resuming, and the command line."""

from __future__ import annotations

import math
import os
import signal
import subprocess
import sys
from argparse import ArgumentParser
from dataclasses import asdict, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from scipy.stats import norm

import geomodel as gm
import resources
from geomodel import memory, training, training_draws
from geomodel.checkpoints import CheckpointInfo, load_checkpoint
from geomodel.cli_train import add_arguments, run
from geomodel.recipe import TrainError, TrainProgress, TrainSettings, from_options
from geomodel.training import train

BUNDLED = str(resources.path("checkpoints", "two-moons.safetensors"))
DATA = gm.datasets.load("two-moons", count=60)
SMALL = TrainSettings(iterations=12, batch=32, width=16, depth=1, warmup=3, half_life=4.0)
SHORT_COMMAND = "--data two-moons --count 60 --iterations 12 --batch 32 --width 16 --depth 1 --warmup 3 --half-life 4"


class Stop(Exception):
    pass


def stop_at(iteration: int) -> object:
    def progress(report: TrainProgress) -> None:
        if report.iteration == iteration:
            raise Stop

    return progress


def command(text: str, out: Path) -> int:
    parser = ArgumentParser()
    add_arguments(parser)
    return run(parser.parse_args([*text.split(), "--out", str(out)]))


# --- what is minimised ---------------------------------------------------------------------------------------------


def test_loss_is_the_weighted_denoising_error(tmp_path: Path) -> None:
    """λ(σ) ‖D(y + σz; σ) − y‖² / dim with λ = (σ² + d²)/(σ d)², D from the finished checkpoint."""
    job = training.Training(DATA, replace(SMALL, batch=64), "cpu")
    for _ in range(5):
        job.advance()
    loss = job._loss().item()
    # The same draws again, in their order.
    generator = training_draws.generator_of(SMALL.seed, job.iteration)
    clean = torch.as_tensor(DATA.points)[torch.randint(len(DATA), (64,), generator=generator)]
    sigma = DATA.std * training_draws.relative_levels(job.settings, generator)
    x = clean + sigma[:, None] * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
    job.average = {key: value.clone() for key, value in job.network.state_dict().items()}
    job.write(tmp_path / "a")
    weight = (sigma**2 + DATA.std**2) / (sigma * DATA.std) ** 2
    error = (load_checkpoint(tmp_path / "a")(x, sigma) - clean).square().sum(1)
    # Relative 1e-5: a mean of 128 float32 squares.
    assert loss == pytest.approx((weight * error).mean().item() / 2, rel=1e-5)


def test_noise_levels_follow_the_stated_mixture() -> None:
    settings = TrainSettings(batch=100_000, uniform_share=0.3, p_mean=-0.7, p_std=4.0)  # so wide that clamping acts
    levels = np.sort(training_draws.relative_levels(settings, training_draws.generator_of(1, 2)).log().numpy())
    low, high = np.log(training_draws.RANGE)
    assert low <= levels[0]
    assert levels[-1] <= high
    inside = levels[(levels > low) & (levels < high)]
    expected = 0.3 * (inside - low) / (high - low) + 0.7 * norm.cdf(inside, -0.7, 4.0)
    found = np.searchsorted(levels, inside, side="right") / levels.size
    # Kolmogorov: beyond 2.2/√n once in 10⁴ seeds, and the seed is fixed.
    assert np.abs(found - expected).max() < 2.2 / math.sqrt(levels.size)


def test_a_short_training_comes_nearer_to_the_optimal_denoiser(tmp_path: Path) -> None:
    settings = replace(SMALL, iterations=300, batch=128, width=32, depth=2, half_life=20.0)
    losses: list[float] = []
    train(DATA, settings, out=tmp_path / "a", progress=lambda report: losses.append(report.loss))
    assert losses[-1] < 0.95 * losses[0]  # seen: 0.86
    model = load_checkpoint(tmp_path / "a")
    points = torch.as_tensor(DATA.points)
    sigma = 0.5 * DATA.std
    x = points + sigma * torch.randn(points.shape, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    optimal = torch.softmax(-torch.cdist(x, points).square() / (2 * sigma**2), dim=1) @ points
    start = DATA.std**2 / (sigma**2 + DATA.std**2) * x  # c_skip x, what an untrained network answers
    assert (model(x, sigma) - optimal).norm() < 0.65 * (start - optimal).norm()  # seen: 0.48


def test_kept_weights_are_the_exponential_average() -> None:
    job = training.Training(DATA, SMALL, "cpu")
    expected = {key: value.double() for key, value in job.network.state_dict().items()}
    for iteration in range(1, 13):
        job.advance()
        keep = min(0.5 ** (1 / 4.0), iteration / (iteration + 10))
        for key, value in job.network.state_dict().items():
            expected[key] = keep * expected[key] + (1 - keep) * value.double()
    for key, value in job.average.items():
        torch.testing.assert_close(value.double(), expected[key], rtol=1e-5, atol=1e-6)  # 12 float32 roundings


def test_step_size_warms_up_and_ends_at_zero() -> None:
    settings = replace(SMALL, iterations=1000, warmup=99)
    paces = [training_draws.pace(iteration, settings) for iteration in range(1001)]
    assert paces[0] == pytest.approx(0.01)
    assert paces[500] == pytest.approx(0.5)
    assert paces[1000] == pytest.approx(0, abs=1e-15)
    assert int(np.argmax(paces)) == 99


# --- repeating and resuming ----------------------------------------------------------------------------------------


def test_same_settings_same_bits_and_no_global_generator(tmp_path: Path) -> None:
    before = torch.get_rng_state()
    train(DATA, SMALL, out=tmp_path / "a")
    train(DATA, SMALL, out=tmp_path / "b")
    train(DATA, replace(SMALL, seed=1), out=tmp_path / "c")
    assert torch.equal(torch.get_rng_state(), before)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes() != (tmp_path / "c").read_bytes()


@pytest.mark.parametrize("conditional", [False, True])
@pytest.mark.parametrize("iteration", [1, 7, 12])
def test_resumed_after_a_stop_is_bit_identical(iteration: int, conditional: bool, tmp_path: Path) -> None:
    settings = replace(SMALL, conditional=conditional)
    whole, out, state = (tmp_path / name for name in ("whole", "out", "state"))
    train(DATA, settings, out=whole)
    with pytest.raises(Stop):
        train(DATA, settings, out=out, state_path=state, progress=stop_at(iteration))
    assert not out.exists()
    seen: list[int] = []
    train(DATA, settings, out=out, state_path=state, progress=lambda report: seen.append(report.iteration))
    assert seen == list(range(iteration + 1, 13))
    assert out.read_bytes() == whole.read_bytes()
    assert not state.exists()


def test_resumed_after_a_kill_is_bit_identical(tmp_path: Path) -> None:
    """The process ends inside iteration 6, without a chance to save: the state of iteration 5 is there."""
    code = (
        "import os, sys; sys.path.insert(0, 'tests/library')\n"
        "import test_training as t\n"
        "advance, count = t.training.Training.advance, []\n"
        "def killed(job):\n"
        "    advance(job); count.append(1)\n"
        "    if len(count) == 6: os._exit(9)\n"
        "t.training.Training.advance = killed\n"
        "t.train(t.DATA, t.SMALL, out=sys.argv[1], state_path=sys.argv[2], save_every=0)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "out"), str(tmp_path / "state")]
    done = subprocess.run(command, cwd=Path(gm.__file__).parents[1], timeout=60)
    assert done.returncode == 9
    seen: list[int] = []
    path = tmp_path / "state"
    train(DATA, SMALL, out=tmp_path / "out", state_path=path, progress=lambda report: seen.append(report.iteration))
    assert seen[0] == 6
    train(DATA, SMALL, out=tmp_path / "whole")
    assert (tmp_path / "out").read_bytes() == (tmp_path / "whole").read_bytes()


def test_a_state_of_another_training_is_refused(tmp_path: Path) -> None:
    state, out = tmp_path / "state", tmp_path / "out"
    with pytest.raises(Stop):
        train(DATA, SMALL, out=out, state_path=state, progress=stop_at(3))
    with pytest.raises(TrainError, match=r"differs in seed, width;"):
        train(DATA, replace(SMALL, seed=1, width=17), out=out, state_path=state)
    with pytest.raises(TrainError, match=r"differs in data;"):
        train(gm.datasets.load("two-moons", count=61), SMALL, out=out, state_path=state)
    train(DATA, SMALL, out=out)
    with pytest.raises(TrainError, match="not a training state"):
        train(DATA, SMALL, out=tmp_path / "b", state_path=out)
    for content in (b"", b"junk and more junk", state.read_bytes()[:-1]):
        state.write_bytes(content)
        with pytest.raises(TrainError, match="cannot be continued"):
            train(DATA, SMALL, out=tmp_path / "b", state_path=state)


# --- settings, labels, description ---------------------------------------------------------------------------------


def test_the_checkpoint_tells_its_recipe(tmp_path: Path) -> None:
    info = train(DATA, SMALL, out=tmp_path / "a")
    assert isinstance(info, CheckpointInfo)
    assert info == load_checkpoint(tmp_path / "a").info
    assert {key: info.recipe[key] for key in asdict(SMALL)} == asdict(SMALL)
    assert (info.data_name, info.data_fingerprint, info.data_count) == ("two-moons", DATA.fingerprint, 60)
    assert info.sigma_data == DATA.std
    widest = np.linalg.eigvalsh(np.cov(DATA.points.T, bias=True))[-1] ** 0.5
    assert info.sigma_recommended == pytest.approx((0.002 * DATA.std, 10 * widest), rel=1e-12)  # eigenvalues twice
    assert info.classes == 0


def test_classes_without_names_are_trained_under_their_numbers(tmp_path: Path) -> None:
    unnamed = replace(DATA, label_names=None, labels=DATA.labels * 2)
    info = train(unnamed, replace(SMALL, conditional=True), out=tmp_path / "a.safetensors")
    assert (info.classes, info.label_names, info.has_null_class) == (3, ("0", "1", "2"), True)
    network = load_checkpoint(tmp_path / "a.safetensors")
    x, sigma = torch.zeros(3, 2), torch.ones(3)
    assert network(x, sigma, torch.arange(3)).shape == (3, 2)


def test_conditional_training_learns_the_labels(tmp_path: Path) -> None:
    settings = replace(SMALL, iterations=300, batch=128, width=32, half_life=20.0, conditional=True)
    info = train(DATA, settings, out=tmp_path / "a")
    assert (info.classes, info.label_names, info.has_null_class) == (2, DATA.label_names, True)
    model = load_checkpoint(tmp_path / "a")
    x, sigma = torch.zeros(2, 2, dtype=torch.float64), 10 * DATA.std
    # At a large σ, D is the class mean. Without labels: the common mean, half the distance away. Seen: 0.28.
    upper, lower = model(x, sigma, labels=[0, 1])
    means = [torch.as_tensor(DATA.points[DATA.labels == label].mean(axis=0)) for label in (0, 1)]
    assert (upper - means[0]).norm() < 0.4 * (means[0] - means[1]).norm()
    assert (lower - means[1]).norm() < 0.4 * (means[0] - means[1]).norm()


@pytest.mark.parametrize(
    "options",
    [{"width": 0}, {"width": 5000}, {"iterations": 1.5}, {"learning_rate": math.nan}, {"p_std": -1}, {"batch": "many"}],
)
def test_settings_outside_their_limits(options: dict[str, object], tmp_path: Path) -> None:
    with pytest.raises(TrainError, match=next(iter(options))):
        from_options(options)
    with pytest.raises(TrainError):
        train(DATA, replace(SMALL, **options), out=tmp_path / "a")  # type: ignore[arg-type]


def test_data_that_cannot_be_trained_on(tmp_path: Path) -> None:
    with pytest.raises(TrainError, match="no labels"):
        train(gm.datasets.load("checkerboard"), replace(SMALL, conditional=True), out=tmp_path / "a")
    np.save(tmp_path / "images.npy", np.zeros((3, 8, 8), np.uint8))
    with pytest.raises(TrainError, match=r"not samples of shape \(1, 8, 8\)"):
        train(gm.datasets.load(tmp_path / "images.npy"), SMALL, out=tmp_path / "a")
    with pytest.raises(TrainError, match="nonsense"):
        train(DATA, SMALL, out=tmp_path / "a", device="nonsense")


# --- the command line ----------------------------------------------------------------------------------------------


def test_command_trains(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(SHORT_COMMAND, tmp_path / "a.safetensors") == 0
    train(DATA, SMALL, out=tmp_path / "b.safetensors")
    assert (tmp_path / "a.safetensors").read_bytes() == (tmp_path / "b.safetensors").read_bytes()
    printed = capsys.readouterr()
    assert str(tmp_path / "a.safetensors") in printed.out
    assert "12/12  loss" in printed.err
    assert not (tmp_path / "a.safetensors.state").exists()


@pytest.mark.parametrize(("rate", "learnt"), [("0.002", True), ("1", False)])
def test_command_says_when_nothing_was_learnt(
    rate: str, learnt: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    text = f"--data two-moons --count 60 --iterations 40 --batch 256 --width 16 --depth 1 --warmup 0 --lr {rate}"
    assert command(text, tmp_path / "a.safetensors") == 0
    loss = load_checkpoint(tmp_path / "a.safetensors").info.recipe["loss"]
    assert isinstance(loss, float)
    assert (loss < 1) == learnt  # seen: 0.98 and 2.7
    assert ("learnt nothing" not in capsys.readouterr().err) == learnt


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("--data nothing-like-it", "no data set 'nothing-like-it'"),
        ("--data two-moons --width 5000", "width"),
        ("--data two-moons --lr nan", "learning_rate"),
        ("--data two-moons --count 0", "10,000,000 points"),
        ("--data two-moons --device nonsense --width 8", "nonsense"),
        ("--data two-moons --resume", "nothing to resume"),
        ("--data checkerboard --conditional", "no labels"),
    ],
)
def test_bad_arguments(text: str, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert command(text, tmp_path / "a.safetensors") == 2
    printed = capsys.readouterr()
    assert sentence in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
    assert list(tmp_path.iterdir()) == []


def test_a_training_that_the_memory_cannot_hold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "available", lambda: 5 * 4 * 1024**2 * 3 - 1)  # five copies in float32
    assert command("--data two-moons --width 1024 --depth 3", tmp_path / "a.safetensors") == 2
    assert "takes 62.9 MB of memory" in capsys.readouterr().err


def test_output_that_is_no_place_for_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for out in (tmp_path, tmp_path / "nowhere" / "a.safetensors"):
        assert command("--data two-moons", out) == 2
        assert "cannot be written" in capsys.readouterr().err


def test_ctrl_c_leaves_a_state_to_resume(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    out, state = tmp_path / "a.safetensors", tmp_path / "a.safetensors.state"
    advance, handler = training.Training.advance, signal.getsignal(signal.SIGINT)

    def interrupted(job: training.Training) -> None:
        if job.iteration == 5:
            os.kill(os.getpid(), signal.SIGINT)  # arrives before the weights change; the iteration still ends
        advance(job)

    with monkeypatch.context() as patch:
        patch.setattr(training.Training, "advance", interrupted)
        assert command(SHORT_COMMAND, out) == 130
    assert "--resume" in capsys.readouterr().err
    assert signal.getsignal(signal.SIGINT) is handler
    assert not out.exists()
    assert command(SHORT_COMMAND, out) == 2  # without --resume, nothing is overwritten
    assert "interrupted training" in capsys.readouterr().err
    assert command(SHORT_COMMAND + " --resume", out) == 0
    train(DATA, SMALL, out=tmp_path / "whole")
    assert out.read_bytes() == (tmp_path / "whole").read_bytes()
    assert not state.exists()


# --- one iteration at a time ---------------------------------------------------------------------------------------


def test_the_average_is_a_denoiser_and_the_same_as_its_file(tmp_path: Path) -> None:
    job = training.Training(DATA, SMALL)
    for _ in range(5):
        job.advance()
    model = job.denoiser()
    job.write(tmp_path / "a")
    weights = model.network.state_dict()
    assert all(torch.equal(weights[key], value) for key, value in job.average.items())
    assert not torch.equal(weights["out.weight"], job.network.state_dict()["out.weight"])
    x = torch.randn(9, 2, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    before = model(x, 0.7)
    assert torch.equal(before, load_checkpoint(tmp_path / "a")(x, 0.7))
    job.advance()
    assert torch.equal(before, model(x, 0.7))
    assert not torch.equal(before, job.denoiser()(x, 0.7))
    assert load_checkpoint(tmp_path / "a").info.recipe["done"] == 5  # of 12; a finished one says nothing
    assert model.info.name == "two-moons, 5 iterations"


def test_a_thread_without_gradients_trains_the_same_weights(tmp_path: Path) -> None:
    train(DATA, SMALL, out=tmp_path / "a")
    job = training.Training(DATA, SMALL)
    with torch.no_grad():
        while job.iteration < SMALL.iterations:
            job.advance()
            job.denoiser()
    job.write(tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_the_floor_is_the_loss_of_the_optimal_denoiser() -> None:
    """By hand on the draws of the first three iterations, and a network that answers D* has that very loss."""
    job = training.Training(DATA, SMALL)
    points, losses = torch.as_tensor(DATA.points), []
    for iteration in range(3):
        generator = training_draws.generator_of(SMALL.seed, iteration)
        clean = points[torch.randint(len(DATA), (32,), generator=generator)]
        sigma = DATA.std * training_draws.relative_levels(SMALL, generator)
        x = clean + sigma[:, None] * torch.randn(clean.shape, generator=generator, dtype=torch.float64)
        weight = (sigma**2 + DATA.std**2) / (sigma * DATA.std) ** 2
        optimal = torch.softmax(-torch.cdist(x, points).square() / (2 * sigma[:, None] ** 2), dim=1) @ points
        losses.append((weight[:, None] * (optimal - clean).square()).mean().item())
    # 1e-6: at the lowest levels the weight is 10⁶ and the distances of the softmax here are differences of squares.
    assert job.floor(gm.OptimalDenoiser(DATA.points), 3) == pytest.approx(np.mean(losses), rel=1e-6)
    one = replace(DATA, stored=DATA.stored[:1], labels=None)
    assert training.Training(one, SMALL).floor(gm.OptimalDenoiser(one.points)) == pytest.approx(0, abs=1e-20)
    with pytest.raises(TrainError, match="without classes"):
        training.Training(DATA, replace(SMALL, conditional=True)).floor(gm.OptimalDenoiser(DATA.points))


@pytest.mark.parametrize(("shift", "scale"), [(1e5, 1e3), (1e5, 1e-3)])
def test_the_floor_moves_and_grows_with_the_data(shift: float, scale: float) -> None:
    moved = replace(DATA, stored=scale * DATA.stored + shift)
    floors = [training.Training(data, SMALL).floor(gm.OptimalDenoiser(data.points)) for data in (DATA, moved)]
    # The shifted points are rounded to 1.5e-11, of a scale of 1e-3 at least; λ reaches 10⁶ where σ is 10⁻³ of it.
    assert floors[1] == pytest.approx(floors[0], rel=1e-3)


@pytest.mark.parametrize("conditional", [False, True])
def test_exact_targets_are_the_mean_of_the_class_above_their_level_alone(conditional: bool) -> None:
    """By hand: a softmax over the points that a row may come from. Rows below the level keep the point drawn."""
    settings = replace(SMALL, batch=200, uniform_share=1.0, conditional=conditional, label_dropout=0.4)
    plain = training.Training(DATA, settings)
    exact = training.Training(DATA, replace(settings, exact_above=0.3))
    clean, sigma, x, labels = plain._draw(3)
    targets, *rest = exact._draw(3)
    for ours, theirs in zip(rest, (sigma, x, labels), strict=True):
        assert (ours is None and theirs is None) or torch.equal(ours, theirs)
    points = (torch.as_tensor(DATA.points) - torch.as_tensor(DATA.mean)) / DATA.std
    logits = -torch.cdist(x, points).square() / (2 * sigma[:, None] ** 2)
    if labels is not None:
        classes = torch.as_tensor(DATA.labels)
        logits[(labels[:, None] < 2) & (labels[:, None] != classes)] = -torch.inf
    high = sigma > 0.3
    assert 50 < int(high.sum()) < 150
    # Logits are below 20 there, so that rounding is about 1e-14.
    torch.testing.assert_close(targets[high], (logits.softmax(1) @ points)[high], rtol=0, atol=1e-12)
    assert torch.equal(targets[~high], clean[~high])


# --- trained further ------------------------------------------------------------------------------------------------


def test_a_network_that_is_trained_further_begins_with_its_own_answers(tmp_path: Path) -> None:
    """Weights and coordinates are taken over, so that before the first step D is the same to the bit."""
    train(DATA, SMALL, out=tmp_path / "first.safetensors")
    first = load_checkpoint(tmp_path / "first.safetensors")
    further = training.Training(DATA, SMALL, start=first)
    x = gm.noise(range(5), (2,), 1.0)
    assert torch.equal(further.denoiser()(x, 0.7), first(x, 0.7))
    further.advance()
    assert not torch.equal(further.denoiser()(x, 0.7), first(x, 0.7))
    assert further.denoiser().info.recipe["start"] == first.info.sha256


def test_the_coordinates_of_an_older_network_are_kept() -> None:
    """The bundled networks see the data about the origin, in units of 1."""
    older = load_checkpoint(BUNDLED)
    assert (older.info.mean, older.info.unit) == ((), 1.0)
    moons = gm.datasets.load("two-moons")
    further = training.Training(moons, TrainSettings(iterations=40, batch=256, learning_rate=1e-4), start=older)
    description = further.denoiser().info
    assert (description.unit, description.sigma_data) == (1.0, older.info.sigma_data)
    assert not np.any(description.mean)
    for _ in range(40):
        further.advance()
    # Each loss averages 40 batches of 256; a network that has learnt nothing has 1.
    assert further.loss == pytest.approx(older.info.recipe["loss"], rel=0.08)
    another = training.Training(moons, TrainSettings(iterations=40, batch=256, learning_rate=1e-4), start=older)
    for _ in range(40):
        another.advance()
    assert another.loss == further.loss


def test_a_network_of_other_samples_or_another_size_is_refused() -> None:
    older = load_checkpoint(BUNDLED)
    with pytest.raises(TrainError, match="width or depth"):
        training.Training(gm.datasets.load("two-moons"), TrainSettings(width=64), start=older)
    with pytest.raises(TrainError, match="other samples or classes"):
        training.Training(gm.datasets.load("two-moons"), TrainSettings(conditional=True), start=older)
    ring = gm.datasets.load("two-moons")
    wide = replace(ring, stored=np.concatenate([ring.points, ring.points], axis=1))
    with pytest.raises(TrainError, match="other samples or classes"):
        training.Training(wide, TrainSettings(), start=older)
