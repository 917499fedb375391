"""Theories against loops over a 5 × 5 image, their limits, quadrature, and each other."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel import theories
from geomodel.datasets.dataset import Dataset
from geomodel.denoisers.mixture import MixtureDenoiser

EXACT = {"rtol": 1e-10, "atol": 1e-12}  # sums of a few hundred numbers in another order, and logits up to 1e4


def pictures(count=20, channels=1, size=5, seed=0):
    return np.random.default_rng(seed).normal(size=(count, channels, size, size))


def queries(points, sigma, count=3, seed=1):
    random = np.random.default_rng(seed)
    clean = points[random.integers(0, len(points), count)]
    return clean + sigma * random.normal(size=clean.shape)


def by_loops(points, x, sigma, sees):
    """The local denoiser pixel by pixel; sees(q, p) for places (row, column)."""
    count, _, height, width = points.shape
    places = [(row, column) for row in range(height) for column in range(width)]
    found = np.zeros_like(x)
    for b in range(len(x)):
        for q in places:
            seen = [p for p in places if sees(q, p)]
            gaps = [sum(((x[b, :, *p] - points[i, :, *p]) ** 2).sum() for p in seen) / 2 for i in range(count)]
            weights = np.exp(-(np.array(gaps) - min(gaps)) / sigma**2)
            found[b, :, *q] = weights @ points[:, :, *q] / weights.sum()
    return found


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("patch", [1, 3, 5])
def test_local_patches_by_loops(patch, channels):
    points = pictures(channels=channels)
    model = gm.LocalDenoiser(points, patch)
    for sigma in (0.05, 0.7, 30.0):
        x = queries(points, sigma)
        wanted = by_loops(points, x, sigma, lambda q, p: max(abs(q[0] - p[0]), abs(q[1] - p[1])) <= patch // 2)
        np.testing.assert_allclose(model(x, sigma), wanted, **EXACT)


def wiener(points, sigma):
    flat = points.reshape(len(points), -1)
    covariance = np.cov(flat.T, bias=True)
    return covariance @ np.linalg.inv(covariance + sigma**2 * np.eye(len(covariance)))


@pytest.mark.parametrize("channels", [1, 2])
def test_wiener_local_by_loops(channels):
    points = pictures(60, channels)
    points[..., 1:] += points[..., :-1]  # neighbours are correlated
    sigma, size = 0.6, 25
    model, filter_ = gm.WienerLocalDenoiser(points, 0.15), wiener(points, 0.6)
    large = np.abs(filter_) >= 0.15 * np.diag(filter_)[:, None]
    seen = large.reshape(channels, size, channels, size).any(axis=(0, 2))
    x = queries(points, sigma)
    wanted = by_loops(points, x, sigma, lambda q, p: seen[5 * q[0] + q[1], 5 * p[0] + p[1]])
    np.testing.assert_allclose(model(x, sigma), wanted, **EXACT)
    assert 1 < model.sizes(sigma).mean() < size
    np.testing.assert_array_equal(model.sizes(sigma).ravel(), seen.sum(axis=1))


def test_blocks_do_not_matter(monkeypatch):
    """A softmax that is normalised block by block and averaged would depend on their size."""
    points = pictures(50)
    x = queries(points, 1.0)
    whole = gm.LocalDenoiser(points, 3)(x, 1.0)
    monkeypatch.setattr("geomodel.denoisers.pixelwise._NUMBERS_IN_BLOCK", 3 * 25)
    np.testing.assert_allclose(gm.LocalDenoiser(points, 3)(x, 1.0), whole, **EXACT)
    np.testing.assert_allclose(gm.LocalDenoiser(points[::-1].copy(), 3)(x, 1.0), whole, **EXACT)
    np.testing.assert_allclose(gm.LocalDenoiser(np.repeat(points, 2, axis=0), 3)(x, 1.0), whole, **EXACT)


@pytest.mark.parametrize("make", [lambda points: gm.LocalDenoiser(points, 3), gm.WienerLocalDenoiser])
def test_threads_do_not_matter(make, monkeypatch):
    """Each thread sums some of the blocks; a point that is near in one of them outweighs all others."""
    monkeypatch.setattr("geomodel.denoisers.pixelwise._NUMBERS_IN_BLOCK", 3 * 25)
    points = pictures(50)
    model, x, before = make(points), queries(points, 0.3), torch.get_num_threads()
    found = {}
    try:
        for count in (1, 2, 3):
            torch.set_num_threads(count)
            found[count] = model(x, 0.3)
            assert torch.get_num_threads() == count
    finally:
        torch.set_num_threads(before)
    np.testing.assert_array_equal(found[2], found[1])
    np.testing.assert_array_equal(found[3], found[1])


def test_another_patch_over_the_same_points():
    points = pictures(20)
    x, first = queries(points, 0.5), gm.LocalDenoiser(points, 3)
    before = first(x, 0.5)
    np.testing.assert_array_equal(first.with_patch(5)(x, 0.5), gm.LocalDenoiser(points, 5)(x, 0.5))
    np.testing.assert_array_equal(first(x, 0.5), before)
    with pytest.raises(ValueError, match="odd"):
        first.with_patch(4)


@pytest.mark.parametrize("sigma", [0.0, 0.3, 5.0])
def test_what_sees_the_whole_image_is_the_optimal_denoiser(sigma):
    points = pictures(30)
    x = queries(points, max(sigma, 0.1))
    wanted = gm.OptimalDenoiser(points)(x, sigma)
    np.testing.assert_allclose(gm.LocalDenoiser(points, 9)(x, sigma), wanted, **EXACT)
    np.testing.assert_allclose(gm.WienerLocalDenoiser(points, 0)(x, sigma), wanted, **EXACT)
    np.testing.assert_allclose(gm.NearestDenoiser(points, 30)(x, sigma), wanted, **EXACT)
    np.testing.assert_allclose(gm.SmoothedDenoiser(gm.OptimalDenoiser(points), 0.0)(x, sigma), wanted, **EXACT)
    np.testing.assert_allclose(gm.BandwidthDenoiser(gm.OptimalDenoiser(points), 1.0)(x, sigma), wanted, **EXACT)


def test_a_threshold_above_every_share_leaves_a_pixel_alone():
    points = pictures(30)
    x = queries(points, 0.5)
    np.testing.assert_allclose(gm.WienerLocalDenoiser(points, 1e9)(x, 0.5), gm.LocalDenoiser(points, 1)(x, 0.5))


def test_a_pixel_that_never_changes_sees_itself_alone():
    points = pictures(60)
    points[:, :, 0, 0] = 3.0
    model = gm.WienerLocalDenoiser(points, 0.01)
    assert model.sizes(0.5)[0, 0] == 1
    np.testing.assert_allclose(model(queries(points, 0.5), 0.5)[:, :, 0, 0], 3.0)


def test_the_nearest_data_point():
    points = pictures(30)
    x = queries(points, 0.5)
    nearest = np.linalg.norm((x[:, None] - points).reshape(3, 30, -1), axis=2).argmin(axis=1)
    np.testing.assert_allclose(gm.NearestDenoiser(points, 1)(x, 2.0), points[nearest])


def test_one_data_point_is_every_answer():
    points = pictures(1)
    x = queries(points, 1.0)
    for model in (gm.LocalDenoiser(points, 3), gm.WienerLocalDenoiser(points), gm.NearestDenoiser(points, 1)):
        np.testing.assert_allclose(model(x, 1.0), np.repeat(points, 3, axis=0))


def test_smoothing_leaves_a_linear_denoiser():
    """Pairs ±z cancel to rounding."""
    model = MixtureDenoiser(np.array([[1.0, -2.0]]), 0.5)
    x = np.random.default_rng(0).normal(size=(4, 2))
    np.testing.assert_allclose(gm.SmoothedDenoiser(model, 3.0)(x, 0.7), model(x, 0.7), rtol=1e-12, atol=1e-12)


def test_smoothing_against_quadrature():
    """For two points ±1, D*(x) = tanh(x/σ²), whose mean over N(x, s²) is an integral. 4,096 draws: 3 sd of 1/√4096."""
    points, sigma, s = np.array([[-1.0], [1.0]]), 0.8, 0.5
    x = np.array([[0.1], [0.6], [-1.4]])
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    wanted = np.tanh((x + s * nodes) / sigma**2) @ weights / math.sqrt(2 * math.pi)
    found = gm.SmoothedDenoiser(gm.OptimalDenoiser(points), s, draws=4096)(x, sigma)
    np.testing.assert_allclose(found[:, 0], wanted, atol=0.03)


def test_the_noise_of_smoothing_is_the_same_everywhere():
    model = gm.SmoothedDenoiser(gm.OptimalDenoiser(pictures()), 1.0, seed=4)
    x = queries(pictures(), 0.5)
    together, alone = model(x, 0.5), np.concatenate([model(row[None], 0.5) for row in x])
    np.testing.assert_allclose(together, alone, **EXACT)


def test_a_relay_is_its_stages_to_the_bit():
    points = pictures()
    first, second = gm.OptimalDenoiser(points), gm.LocalDenoiser(points, 3)
    relay = gm.Relay([(1.0, first), (0.0, second)])
    x = queries(points, 1.0)
    np.testing.assert_array_equal(relay(x, 1.0), first(x, 1.0))
    np.testing.assert_array_equal(relay(x, 0.99), second(x, 0.99))
    mixed = relay(x, np.array([2.0, 0.5, 1.0]))
    np.testing.assert_array_equal(mixed[1:2], second(x[1:2], 0.5))
    np.testing.assert_array_equal(mixed[[0, 2]], first(x[[0, 2]], np.array([2.0, 1.0])))


@pytest.mark.parametrize(
    "stages", [[], [(1.0, 0)], [(0.0, 0), (0.0, 0)], [(1.0, 0), (2.0, 0), (0.0, 0)], [(math.nan, 0)]]
)
def test_levels_of_a_relay(stages):
    model = gm.OptimalDenoiser(pictures())
    with pytest.raises(ValueError, match="fall strictly and end with 0"):
        gm.Relay([(level, model) for level, _ in stages])


BAD = {
    "even patch": (lambda: gm.LocalDenoiser(pictures(), 4), "odd"),
    "large patch": (lambda: gm.LocalDenoiser(pictures(), 11), "patch is 11; from 9 on"),
    "half a patch": (lambda: gm.LocalDenoiser(pictures(), 2.5), "whole number"),
    "points": (lambda: gm.LocalDenoiser(np.zeros((4, 2)), 3), "images"),
    "NaN": (lambda: gm.LocalDenoiser(np.full((2, 1, 3, 3), np.nan), 3), "finite"),
    "threshold": (lambda: gm.WienerLocalDenoiser(pictures(), -1.0), "threshold"),
    "deviation": (lambda: gm.SmoothedDenoiser(gm.OptimalDenoiser(pictures()), math.nan), "deviation"),
    "odd draws": (lambda: gm.SmoothedDenoiser(gm.OptimalDenoiser(pictures()), 1.0, 3), "pairs"),
    "factor": (lambda: gm.BandwidthDenoiser(gm.OptimalDenoiser(pictures()), 0.0), "factor"),
    "too many": (lambda: gm.NearestDenoiser(pictures(), 21), "there are 20 points"),
    "query": (lambda: gm.LocalDenoiser(pictures(), 3)(np.full((1, 1, 5, 5), np.inf), 1.0), "not finite"),
    "shapes": (
        lambda: gm.Relay([(1, gm.OptimalDenoiser(pictures())), (0, gm.OptimalDenoiser(np.zeros((2, 3))))]),
        "shapes",
    ),
}


@pytest.mark.parametrize("case", BAD)
def test_what_does_not_fit_is_one_sentence(case):
    make, words = BAD[case]
    with pytest.raises(ValueError, match=words) as caught:
        make()
    assert "\n" not in str(caught.value)


def test_points_of_a_file_are_read_in_blocks(tmp_path):
    points = pictures(40)
    np.save(tmp_path / "a.npy", points)
    mapped = np.load(tmp_path / "a.npy", mmap_mode="r")
    x = queries(points, 0.5)
    np.testing.assert_array_equal(gm.LocalDenoiser(mapped, 3)(x, 0.5), gm.LocalDenoiser(points, 3)(x, 0.5))


def test_data_may_lie_anywhere_and_have_any_unit():
    """Float64: a place of 1e6 costs six of sixteen digits."""
    points = pictures()
    x = queries(points, 0.5)
    for scale, move in ((1e6, 0.0), (1e-6, 0.0), (1.0, 1e6)):
        for make in (lambda p: gm.LocalDenoiser(p, 3), gm.WienerLocalDenoiser):
            found = make(scale * points + move)(scale * x + move, 0.5 * scale)
            np.testing.assert_allclose((found - move) / scale, make(points)(x, 0.5), rtol=1e-7, atol=1e-7)


# ---------------------------------------------------------------- the table


@pytest.fixture(scope="module")
def data():
    points = pictures(40)
    return Dataset(name="small", kind="images", stored=points, labels=np.arange(40) % 2, label_names=("a", "b"))


@pytest.mark.parametrize("name", theories.names())
def test_every_theory_is_built_and_answers(name, data):
    model = theories.build(name, data)
    x = queries(data.points, 0.5).astype(np.float32)
    answer = model(torch.from_numpy(x), 0.5)
    assert answer.shape == x.shape
    assert answer.dtype == torch.float32
    assert bool(torch.isfinite(answer).all())
    found = theories.row(name)
    assert all((found.title, found.formula, found.source, found.milliseconds > 0))


def test_what_data_lack_is_said(data):
    flat = Dataset(name="flat", kind="points", stored=np.zeros((9, 2)) + np.arange(9)[:, None])
    for name, reason in (("local", "images"), ("wiener-local", "images"), ("classes", "classes")):
        assert reason in theories.refusal(name, flat)
        with pytest.raises(ValueError, match=reason):
            theories.build(name, flat)
    assert not theories.refusal("nearest", flat)
    with pytest.raises(ValueError, match="choose one of optimal, gaussian"):
        theories.build("best", data)
    with pytest.raises(ValueError, match="patch"):
        theories.build("local", data, patch=4)
    with pytest.raises(TypeError, match="no option side"):
        theories.build("local", data, side=4)


# ---------------------------------------------------------------- which one explains


def test_explained_shares_by_their_formula(data):
    sigmas, mean = np.array([2.0, 0.5]), data.points.mean(axis=0)
    x = np.stack([queries(data.points, sigma, 6) for sigma in sigmas])
    made = {name: theories.build(name, data) for name in ("gaussian", "local", "optimal")}
    seen = []
    found = gm.experiments.explain(made["optimal"], made, x, sigmas, mean, progress=lambda *at: seen.append(at))
    assert found.names == tuple(made)
    np.testing.assert_array_equal(found.r2[2], 1)
    np.testing.assert_array_equal(found.wins[2], 6)
    assert found.best == ("optimal", "optimal")
    assert seen == [(lane, share) for lane in (-1, 0, 1, 2) for share in (0.0, 0.5)]
    for row, name in enumerate(made):
        for level, sigma in enumerate(sigmas):
            target, guess = made["optimal"](x[level], sigma), made[name](x[level], sigma)
            wanted = 1 - np.square(target - guess).sum() / np.square(target - mean).sum()
            assert found.r2[row, level] == pytest.approx(wanted, rel=1e-12)
            apart = np.linalg.norm((target - guess).reshape(6, -1), axis=1)
            np.testing.assert_allclose(found.errors[row, level], apart)
            each = 1 - apart**2 / np.square(target - mean).reshape(6, -1).sum(axis=1)
            assert found.median[row, level] == pytest.approx(np.median(each))
            assert found.distance[row, level] == pytest.approx(apart.mean())
    assert (found.wins.sum(axis=0) == 6).all()
    floor = 1 - np.square(made["optimal"](x[1], 0.5) - x[1]).sum() / np.square(made["optimal"](x[1], 0.5) - mean).sum()
    assert found.itself[1] == pytest.approx(floor)


def test_what_cannot_be_compared_is_said(data):
    model, x = theories.build("gaussian", data), queries(data.points, 1.0)[None]
    explain, mean = gm.experiments.explain, data.points.mean(axis=0)
    for arguments, words in (
        ((model, {}, x, [1.0], mean), "no theory"),
        ((model, {"a": model}, x, [1.0, 2.0], mean), "levels"),
        ((model, {"a": model}, x, [0.0], mean), "above 0"),
        ((model, {"a": model}, x, [1.0], mean[0]), "mean"),
    ):
        with pytest.raises(ValueError, match=words):
            explain(*arguments)
