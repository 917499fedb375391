"""Copies of data points, and a denoiser's distances to the population and to D*."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.experiments import TwoScales, memorised
from geomodel.recipe import TrainSettings
from geomodel.training import Training

RING = gm.datasets.load("gaussian-ring", count=16)
FRESH = gm.datasets.load("gaussian-ring", count=400, seed=1).points


def by_loops(samples: np.ndarray, points: np.ndarray) -> list[bool]:
    different = list({tuple(point): None for point in points.tolist()})
    found = []
    for x in samples:
        first, second, *_ = sorted(sum((a - b) ** 2 for a, b in zip(x, y, strict=True)) ** 0.5 for y in different)
        found.append(bool(first < second / 3))
    return found


def test_two_points_on_a_line_part_at_a_quarter() -> None:
    """|x| < |1 − x|/3 where −½ < x < ¼."""
    x = np.array([-0.51, -0.49, 0.0, 0.2499, 0.2501, 0.5, 0.7501, 1.0, 1.51])[:, None]
    expected = [False, True, True, True, False, False, True, True, False]
    assert memorised(x, np.array([[0.0], [1.0], [1.0], [0.0]])).tolist() == expected


@pytest.mark.parametrize(("shift", "scale"), [(0.0, 1.0), (1e5, 1e3), (1e5, 1e-3), (-1e5, 1.0)])
def test_copies_are_those_of_loops_wherever_the_data_lie(shift: float, scale: float) -> None:
    random = np.random.default_rng(3)
    points = random.standard_normal((30, 3))
    samples = np.concatenate([points[:9] + 0.1 * random.standard_normal((9, 3)), random.standard_normal((40, 3))])
    expected = by_loops(samples, points)
    assert 0 < sum(expected) < len(expected)
    repeated = np.concatenate([points, points[:7]])
    assert memorised(scale * samples + shift, scale * repeated + shift).tolist() == expected


def test_samples_that_are_not_finite_are_no_copies_and_one_point_is_refused() -> None:
    points = RING.points
    broken = points[:3].copy()
    broken[1] = np.nan, 0
    broken[2] = np.inf, 0
    assert memorised(broken, points).tolist() == [True, False, False]
    with pytest.raises(ValueError, match="the data have only one"):
        memorised(points, np.repeat(points[:1], 5, axis=0))


def test_distances_of_a_denoiser_that_is_off_by_a_vector() -> None:
    optimal, mixture = gm.OptimalDenoiser(RING.points), RING.mixture
    scales = TwoScales(RING.points, optimal, [3.0, 0.1], fresh=FRESH, population=mixture)
    assert scales.control == memorised(FRESH, RING.points).mean()
    found = scales.measure(lambda x, sigma: optimal(x, sigma) + np.array([3.0, 4.0]), RING.points)
    np.testing.assert_allclose(found.data, 5.0, rtol=1e-12)  # the same numbers, asked twice
    assert found.memorised == 1.0
    exact = scales.measure(mixture, FRESH)
    np.testing.assert_allclose(exact.population, 0.0, atol=1e-12)
    assert exact.memorised == scales.control
    assert (exact.data > [0.01, 0.1]).all()


def test_distances_are_means_over_noisy_points_of_each_law() -> None:
    """At σ → 0 both exact denoisers answer x itself or its data point: ‖σz‖ has the mean σ√(π/2) in the plane."""
    optimal = gm.OptimalDenoiser(RING.points)
    scales = TwoScales(RING.points, optimal, [1e-3], fresh=FRESH, population=RING.mixture, draws=20_000)
    found = scales.measure(lambda x, sigma: x, None)
    assert np.isnan(found.memorised)
    # A mean of 20,000 lengths of deviation 0.66 σ has an error of 0.0047 σ; four of them.
    assert found.data[0] / 1e-3 == pytest.approx(np.sqrt(np.pi / 2), abs=0.019)
    # The population's own denoiser shrinks by σ²/(v + σ²), v = 0.09, of a distance of about 0.38.
    assert found.population[0] < 1e-5


def test_each_distance_is_taken_at_noisy_points_of_its_own_law() -> None:
    seen: list[np.ndarray] = []
    TwoScales(
        RING.points, lambda x, sigma: x, [1e-9], fresh=FRESH, population=lambda x, sigma: x, draws=len(FRESH)
    ).measure(lambda x, sigma: seen.append(x) or x, None)
    of_population, of_data = seen
    np.testing.assert_allclose(of_population, FRESH, atol=1e-8)  # five deviations of the noise
    nearest = np.linalg.norm(of_data[:, None] - RING.points, axis=-1).min(axis=1)
    assert (nearest < 1e-8).all()


def test_without_a_population_or_a_second_point_its_numbers_are_undefined() -> None:
    one = RING.points[:1]
    alone = TwoScales(one, gm.OptimalDenoiser(one), [1.0], fresh=FRESH)
    found = alone.measure(lambda x, sigma: one + 0 * x, one)
    assert np.isnan([alone.control, found.memorised, found.population[0]]).all()
    assert found.data[0] == 0.0


def test_draws_are_the_same_at_every_call_and_a_stop_passes() -> None:
    optimal = gm.OptimalDenoiser(RING.points)
    seen: list[np.ndarray] = []
    scales = TwoScales(RING.points, optimal, [1.0])
    for _ in range(2):
        scales.measure(lambda x, sigma: seen.append(x) or x, None)
    np.testing.assert_array_equal(*seen)

    class Stop(Exception):
        pass

    def stop() -> None:
        raise Stop

    with pytest.raises(Stop):
        scales.measure(optimal, None, stop)


# --- the two time scales ------------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize(
    ("count", "at", "ranges"),
    [
        # seen: memorised 0.59, 0.73, 0.98; to the population 0.113, 0.151, 0.217; to D* 0.074, 0.052, 0.016
        (16, (250, 500, 2_000), (((0.5, 0.68), (0.65, 0.82), (0.92, 1)), (0.09, 0.13, 0.19, 0.25), (0.09, 0.025))),
        # seen: 0.17, 0.32, 0.44; 0.046, 0.103, 0.133; 0.078, 0.051, 0.040
        (48, (250, 1_000, 2_000), (((0.1, 0.25), (0.23, 0.4), (0.36, 0.53)), (0.03, 0.06, 0.11, 0.16), (0.1, 0.05))),
    ],
)
def test_a_training_leaves_the_population_and_comes_to_its_points(count: int, at: tuple[int, ...], ranges) -> None:
    """Ranges: three standard errors of a share of 400, and a fifth of a distance."""
    shares, (first_low, first_high, last_low, last_high), (first_data, last_data) = ranges
    data = gm.datasets.load("gaussian-ring", count=count)
    fresh = gm.datasets.load("gaussian-ring", count=2_000, seed=1).points
    optimal = gm.OptimalDenoiser(data.points)
    scales = TwoScales(data.points, optimal, [0.1], fresh=fresh, population=data.mixture, draws=2_000)
    assert scales.control == pytest.approx({16: 0.26, 48: 0.09}[count], abs=0.05)
    levels = gm.schedules.karras(18, 0.002 * data.std, 10 * data.largest_deviation)
    noise = gm.noise(range(400), (2,), levels[0]) + torch.from_numpy(data.mean)
    training = Training(data, TrainSettings(iterations=2_000, batch=256))
    found = []
    while training.iteration < at[-1]:
        training.advance()
        if training.iteration in at:
            model = training.denoiser()
            ends = gm.sample(model, noise, levels, display="off").x[-1]
            found.append(scales.measure(model, ends))
    for one, (low, high) in zip(found, shares, strict=True):
        assert low <= one.memorised <= high
    assert first_low < found[0].population[0] < first_high
    assert last_low < found[-1].population[0] < last_high
    assert found[-1].data[0] < last_data < found[0].data[0] < first_data
