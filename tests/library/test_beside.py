"""A run beside the exact one from the same noise: the curves (a) to (d), and what they are on a case with an answer."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import geomodel as gm
from geomodel import measures, runs
from geomodel.regions import named_regions
from geomodel.settings import RunSettings

POINTS = 12
SETTINGS = RunSettings(data="given", driver="network", steps=14, count=5, sigma_min=0.01, sigma_max=50.0)
HALF = """
import geomodel as gm, numpy as np

def make():
    model = gm.OptimalDenoiser(np.load({points!r})[::2])
    def denoiser(x, sigma, labels=None):
        return model(x, sigma)
    denoiser.shape = (3,)
    return denoiser
"""


@pytest.fixture(scope="module")
def case(tmp_path_factory):
    """Reference data, and a network that is D* of every other point of them."""
    from geomodel.denoisers.own import load_own

    folder = tmp_path_factory.mktemp("beside")
    points = np.random.default_rng(5).normal(size=(POINTS, 3)) * 2
    np.save(folder / "points.npy", points)
    (folder / "half.py").write_text(HALF.format(points=str(folder / "points.npy")))
    return gm.datasets.load(str(folder / "points.npy")), load_own(f"{folder / 'half.py'}:make")


@pytest.fixture(scope="module")
def run(case):
    return runs.compute(SETTINGS, *case)


def brute(points, x, sigma):
    """D* by differences."""
    logits = -((x[:, None] - points) ** 2).sum(2) / (2 * sigma**2)
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights @ points / weights.sum(1, keepdims=True)


def euler(points, x, sigmas):
    """The trajectory of D* over points, written out."""
    curve = [x]
    for sigma, after in pairwise(sigmas):
        curve.append(curve[-1] + (after - sigma) * (curve[-1] - brute(points, curve[-1], sigma)) / sigma)
    return np.array(curve)


def test_the_four_curves_are_those_of_two_runs_from_the_same_noise(case):
    data, network = case
    found = runs.compute(replace(SETTINGS, solver="euler"), data, network)
    points = np.asarray(data.points, np.float64)
    start = data.mean + np.asarray(gm.noise(range(5), (3,), 50.0))
    x, exact = (euler(some, start, found.sigmas) for some in (points[::2], points))
    # The record of a network's run is float32, the measures are taken in float64 before: float64 against float64.
    for i, sigma in enumerate(found.sigmas[:-1]):
        learned, optimal = brute(points[::2], x[i], sigma), brute(points, exact[i], sigma)
        expected = {
            "exact_distance_x": x[i] - exact[i],
            "exact_distance_denoised": learned - optimal,
            "denoiser_difference": learned - brute(points, x[i], sigma),
            "denoiser_difference_exact": brute(points[::2], exact[i], sigma) - optimal,
        }
        for name, difference in expected.items():
            assert np.allclose(found.extras[name][i], np.linalg.norm(difference, axis=1), atol=1e-9), (name, i)
    apart = found.extras["exact_distance_x"]
    assert len(apart) == len(found.sigmas)
    assert np.allclose(apart[-1], np.linalg.norm(x[-1] - exact[-1], axis=1), atol=1e-9)


def test_at_much_noise_the_difference_is_that_of_the_means_and_at_little_that_of_the_nearest_points(case, run):
    points = np.asarray(case[0].points, np.float64)
    means = np.linalg.norm(points.mean(0) - points[::2].mean(0))
    # D* is the mean of the data up to (spread/σ)² of their spread, 0.2 % here; x/σ tilts the weights by about 2/50.
    assert np.allclose(run.extras["denoiser_difference"][0], means, rtol=0.25)
    last, sigma = run.x[-1].astype(float), run.sigmas[-1]
    apart = np.linalg.norm(last[:, None] - points, axis=2)
    nearest, half = apart.argmin(1), apart[:, ::2].argmin(1) * 2
    expected = np.linalg.norm(points[half] - points[nearest], axis=1)
    settled = np.sort(apart, axis=1)[:, 1] ** 2 - apart.min(1) ** 2 > 100 * sigma**2
    assert settled.any()
    assert np.allclose(run.extras["denoiser_difference"][-1][settled], expected[settled], atol=1e-5)


def test_both_runs_end_at_their_own_data(case, run):
    points = np.asarray(case[0].points, np.float64)
    assert np.allclose(run.extras["nearest_denoised"][-1], 0, atol=1e-9)
    end = np.linalg.norm(run.x[-1][:, None].astype(float) - points[::2], axis=2).min(1)
    assert np.allclose(end, 0, atol=0.1)  # σ_min = 0.01 in three dimensions
    expected = np.linalg.norm(run.x[:, :, None].astype(float) - points, axis=3).min(2)
    # x is recorded in float32: its own rounding, and that of coordinates near 1 where the distance is small
    assert np.allclose(run.extras["nearest_x"], expected, rtol=1e-5, atol=2e-7)


def test_the_measures_carry_both_pairs(run):
    assert measures.compute("denoiser_difference", run).keys() == {"", "exact"}
    distance = measures.compute("exact_distance", run)
    assert distance["x"].shape == (15, 5)
    assert distance["denoised"].shape == (15, 5)
    part = measures.compute("exact_distance", measures.Curves.of(run), committed=6)
    assert part["x"].shape == (6, 5)
    assert part["denoised"].shape == (6, 5)
    header, table = measures.rows(run)
    assert [name for name in header if "exact" in name] == [
        "denoiser_difference_exact [data units]",
        "exact_distance_x [data units]",
        "exact_distance_denoised [data units]",
        "turning_exact [rad]",
    ]
    assert len(list(table)) == 15 * 5


def test_the_extra_evaluations_are_looks(case, run):
    alone = runs.compute(replace(SETTINGS, beside=False), *case)
    assert run.evaluations == alone.evaluations
    assert run.looks == alone.looks + 15  # one at each level, the last one included
    assert np.array_equal(run.x, alone.x)
    assert "exact_distance_x" not in alone.extras


def test_d_star_itself_has_nothing_beside_it(case):
    found = runs.compute(replace(SETTINGS, driver="optimal"), *case)
    assert not [name for name in found.extras if "exact" in name]


def test_a_saved_run_keeps_them(run, tmp_path):
    run.save(tmp_path / "run.npz")
    found = gm.Trajectory.load(tmp_path / "run.npz")
    assert np.array_equal(found.extras["exact_distance_x"], run.extras["exact_distance_x"])


# ---------------------------------------------------------------- regions

# Curve (d) of the paper on CIFAR-10: it names "match" above about σ = 10 and "coincide" below about 0.1.
PAPER = {
    80: 1.6,
    30: 1.1,
    12.4: 1.8,
    8.6: 3.7,
    5.8: 7.7,
    3.9: 12.3,
    2.5: 13.8,
    0.97: 9.2,
    0.32: 4.8,
    0.04: 1.2,
    0.002: 0.3,
}


def test_the_papers_curve_has_the_papers_regions():
    found = named_regions(list(PAPER), list(PAPER.values()))
    assert [name for name, _, _ in found] == ["match", "diverge", "coincide"]
    (_, start, match), (_, begin, end), (_, coincide, last) = found
    assert (start, last) == pytest.approx((80, 0.002))
    assert match == begin
    assert end == coincide
    assert match == pytest.approx(10, rel=0.15)
    assert coincide == pytest.approx(0.1, rel=0.15)


def test_a_border_is_interpolated_in_log_sigma():
    # From 0 to 1 between σ = 100 and 1: a fifth of the peak is reached a fifth of the way.
    found = named_regions([100.0, 1.0, 0.01], [0.0, 1.0, 0.0])
    assert found[0] == ("match", pytest.approx(100), pytest.approx(100**0.8))
    assert found[2] == ("coincide", pytest.approx(0.01**0.8), pytest.approx(0.01))


@pytest.mark.parametrize(
    ("difference", "names"),
    [
        ([0.0, 0.1, 1.0, 2.0, 3.0], ["match", "diverge"]),  # curve (c): the network never comes back
        ([3.0, 2.0, 0.1, 0.1, 0.1], ["diverge", "coincide"]),
        ([1.0, 1.0, 1.0, 1.0, 1.0], ["diverge"]),
        ([0.0, 0.0, 0.0, 0.0, 0.0], []),
        ([np.nan, np.nan, np.nan, 1.0, 2.0], []),
        ([0.0, np.nan, 1.0, 1.0, 0.0], ["match", "diverge", "coincide"]),
    ],
)
def test_regions_that_do_not_exist_are_not_named(difference, names):
    assert [name for name, *_ in named_regions([80.0, 20.0, 5.0, 1.0, 0.1], difference)] == names


@pytest.mark.parametrize(("scale", "names"), [(9.9, ["match", "diverge", "coincide"]), (10.0, ["match"])])
def test_a_peak_below_a_tenth_of_the_datas_scale_is_a_match(scale, names):
    found = named_regions([80.0, 20.0, 5.0, 1.0, 0.1], [0.0, 0.1, 1.0, 0.1, 0.0], scale)
    assert [name for name, *_ in found] == names
    assert (found[0][1], found[-1][2]) == (pytest.approx(80), pytest.approx(0.1))


def test_the_scale_is_the_spread_of_whole_points():
    data = gm.datasets.load("two-moons", count=50)
    away = np.linalg.norm(data.points - data.points.mean(0), axis=1)
    assert data.scale == pytest.approx(np.sqrt((away**2).mean()), rel=1e-12)


def test_the_level_at_zero_takes_no_part():
    assert named_regions([80.0, 5.0, 1.0, 0.0], [0.1, 1.0, 0.1, 5.0])[-1][2] == pytest.approx(1.0)


# ---------------------------------------------------------------- clipped share


def test_the_clipped_share_counts_each_image(case):
    denoised = np.zeros((3, 2, 1, 4, 5))
    denoised[1, 0, 0, 0] = 1.01
    denoised[2, 1] = -2
    curves = measures.Curves(np.zeros((4, 2, 1, 4, 5)), denoised, np.array([3.0, 2.0, 1.0, 0.5]))
    assert measures.compute("clipped", curves)["denoised"].tolist() == [[0, 0], [25, 0], [0, 100]]
    points = measures.Curves(np.zeros((2, 2, 3)), np.full((1, 2, 3), 9.0), np.array([2.0, 1.0]))
    assert measures.compute("clipped", points) == {}
