"""Training must not depend on where the data lie, nor on their unit.

With the same seeds the same points and noise are drawn, so that moved and scaled data give the same weights. Means,
deviations and levels depend neither on the order of the points nor on whether each is there twice; which points are
drawn does, so that there only the loss is the same, to its own spread.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from geomodel import training
from geomodel.checkpoints import inspect, load_checkpoint
from geomodel.datasets.dataset import Dataset
from geomodel.recipe import TrainSettings
from geomodel.training import train

SHORT = TrainSettings(iterations=6, batch=32, width=16, depth=1, warmup=2, half_life=4.0)
LONGER = replace(SHORT, iterations=100, batch=128, width=32, half_life=20.0)
TOWN = np.array([52.5, 13.25])  # degrees
repeated = settings(max_examples=12, deadline=None, derandomize=True, database=None)


def points(values: np.ndarray) -> Dataset:
    return Dataset(name="x", kind="points", stored=np.asarray(values, np.float64))


def exact(seed: int, dimension: int = 2) -> np.ndarray:
    """64 points whose coordinates are multiples of 2⁻²⁰, so that their sum is exact wherever they are moved."""
    values = np.random.default_rng(seed).normal(size=(64, dimension)) * np.linspace(0.03, 0.05, dimension)
    return np.round(values * 2**20) / 2**20


def ring() -> np.ndarray:
    turn = np.linspace(0, 6, 500)
    noise = np.random.default_rng(0).normal(size=(500, 2))
    return 0.05 * np.stack([np.cos(turn), np.sin(turn)], axis=1) + 0.005 * noise


def trained(data: Dataset, settings: TrainSettings = SHORT) -> training.Training:
    """A training that is over, without a file."""
    job = training.Training(data, settings, "cpu")
    for _ in range(settings.iterations):
        job.advance()
    return job


def apart(first: training.Training, second: training.Training) -> float:
    """The largest difference of their weights."""
    return max(float((value - second.average[key]).abs().max()) for key, value in first.average.items())


@pytest.fixture(scope="module", autouse=True)
def centred() -> training.Training:
    """Made before all tests, because the first step of Adam in a process imports for seconds."""
    return trained(points(ring()), LONGER)


# --- moved and scaled data -----------------------------------------------------------------------------------------


@repeated
@given(
    seed=st.integers(0, 99),
    dimension=st.integers(1, 4),
    place=st.integers(-(2**21), 2**21),
    power=st.integers(-20, 30),
)
def test_moved_by_whole_numbers_and_scaled_by_powers_of_two_it_is_the_same_training(
    seed: int, dimension: int, place: int, power: int
) -> None:
    values = exact(seed, dimension)
    first, there = trained(points(values)), place * np.arange(1, dimension + 1)
    # Every sum, difference, product and quotient of the data is exact or rounded in the same way.
    other = trained(points(2.0**power * (values + there)))
    assert other.loss == first.loss
    assert apart(other, first) == 0
    np.testing.assert_array_equal(other.coordinates.mean, 2.0**power * (values.mean(axis=0) + there))


@repeated
@given(
    seed=st.integers(0, 99),
    place=st.floats(-1e7, 1e7),
    factor=st.sampled_from([1e-6, 1e-3, 1 / 3, 1e3, 3e8, 1e9]),
)
def test_moved_and_scaled_at_will_it_is_the_same_to_rounding(seed: int, place: float, factor: float) -> None:
    values = np.random.default_rng(seed).normal(size=(50, 2)) * [0.03, 0.05]
    first, other = trained(points(values)), trained(points(factor * (values + place)))
    # Rounding at `place` moves a point by 2⁻⁵³ |place|: up to 3·10⁻⁸ of the spread, half a float32 rounding.
    assert other.loss == pytest.approx(first.loss, rel=1e-6)
    # Adam divides a gradient by its own size, so a gradient that is nothing but rounding may take whole steps the other
    # way: six steps of at most 2·10⁻³. Seen after a hundred steps: 2·10⁻⁷.
    assert apart(other, first) < 1e-5


@pytest.mark.parametrize(
    ("place", "factor"),
    [((52.5, 13.4), 1.0), ((450_000.0, 5.8e6), 1.0), ((1.0, 2.0), 1e9), ((1.0, -2.0), 1e-6)],
)
def test_a_training_anywhere_reaches_the_loss_of_the_centred_one(
    place: tuple[float, float], factor: float, centred: training.Training, tmp_path: Path
) -> None:
    info = train(points(factor * (ring() + place)), LONGER, out=tmp_path / "a.safetensors")
    assert centred.loss < 0.97  # a network that answers the mean has 1
    assert info.recipe["loss"] == pytest.approx(centred.loss, rel=1e-6)  # seen: 4·10⁻⁹
    mean = factor * (ring() + place).mean(axis=0)
    assert inspect(tmp_path / "a.safetensors").mean == pytest.approx(tuple(mean), rel=1e-12)


def test_images_of_floats_in_any_unit_train_alike() -> None:
    values = np.random.default_rng(0).integers(0, 256, (16, 1, 12, 12)) / 128 - 1  # sums of such numbers are exact
    small = replace(SHORT, iterations=2, batch=4, width=8)
    first = trained(Dataset(name="x", kind="images", stored=values), small)
    other = trained(Dataset(name="x", kind="images", stored=2.0**20 * values), small)
    assert other.loss == first.loss
    assert apart(other, first) == 0


def test_levels_follow_the_data(tmp_path: Path) -> None:
    """The recommended σ max is ten deviations along the widest direction; ten per coordinate would lie inside it."""
    values = np.random.default_rng(0).normal(size=(400, 8)) * [5, 0, 0, 0, 0, 0, 0, 0.1]
    info = train(points(values + 1000), SHORT, out=tmp_path / "a")
    widest = np.linalg.eigvalsh(np.cov(values.T, bias=True))[-1] ** 0.5
    assert info.sigma_recommended == pytest.approx((0.002 * info.sigma_data, 10 * widest), rel=1e-9)
    assert info.sigma_recommended[1] > 20 * info.sigma_data
    scaled = train(points(1e9 * values), SHORT, out=tmp_path / "b")
    assert scaled.sigma_max == pytest.approx(1e9 * info.sigma_max, rel=1e-9)


# --- the order of the points, and points that are there twice ------------------------------------------------------


@repeated
@given(seed=st.integers(0, 99), times=st.integers(1, 3))
def test_order_and_multiplicity_change_nothing_that_is_kept_of_the_data(seed: int, times: int) -> None:
    values = exact(seed) + TOWN
    order = np.random.default_rng(seed).permutation(64 * times)
    many = np.tile(values, (times, 1))[order]
    first, other = (training.Training(points(each), SHORT, "cpu") for each in (values, many))
    np.testing.assert_allclose(
        other.coordinates.mean, first.coordinates.mean, rtol=1e-15
    )  # one rounding of a sum of exact numbers
    assert other.coordinates.unit == pytest.approx(first.coordinates.unit, rel=1e-13)
    levels, others = (training._levels("mlp", job.data) for job in (first, other))
    np.testing.assert_allclose(others, levels, rtol=1e-12)


@pytest.mark.parametrize("change", ["order", "twice"])
def test_the_loss_depends_neither_on_order_nor_on_multiplicity(change: str, centred: training.Training) -> None:
    values = ring()[::-1] if change == "order" else np.repeat(ring(), 2, axis=0)
    # Each loss averages a hundred batches of 256 squares; their spread leaves 1 %.
    assert trained(points(values + TOWN), LONGER).loss == pytest.approx(centred.loss, rel=0.05)


# --- going on ------------------------------------------------------------------------------------------------------


def test_a_training_about_the_origin_is_not_continued_about_the_mean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States of earlier programs do not name the coordinates."""
    whole = training.Training.identity
    with monkeypatch.context() as patch:
        patch.setattr(
            training.Training, "identity", lambda job: {k: v for k, v in whole(job).items() if k != "coordinates"}
        )
        training.Training(points(exact(0)), SHORT, "cpu").save(tmp_path / "state")
    with pytest.raises(training.TrainError, match="differs in coordinates"):
        train(points(exact(0)), SHORT, out=tmp_path / "out", state_path=tmp_path / "state")


def test_a_single_point_is_its_own_mean(tmp_path: Path) -> None:
    train(points(np.array([[52.5, 13.4]] * 3)), SHORT, out=tmp_path / "a")
    model = load_checkpoint(tmp_path / "a")
    x = torch.tensor([[60.0, 13.0]], dtype=torch.float64)
    # At a σ far above all levels, D is the mean but for c_skip x and what six steps have made of F.
    assert (model(x, 100.0) - model.center).abs().max() < 0.1
