"""The searched optimal denoiser (large sets of bytes) against brute force by differences, and its bound."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from byte_bases import BASES, NAMES, use

import geomodel as gm
from geomodel.datasets import arrays, dataset
from geomodel.denoisers.optimal import OptimalDenoiser, byte_products, byte_tables, differences
from geomodel.denoisers.optimal import optimal as optimal_module
from geomodel.denoisers.optimal import search as search_module

CPU = torch.device("cpu")
pytestmark = pytest.mark.skipif(not byte_products.exact_products(CPU), reason="no exact byte products here")
LEVELS = (0.0, 1e-12, 1e-6, 1e-3, 0.03, 0.15, 0.5, 1.0, 2.0, 5.0, 20.0, 80.0, 1e4, 1e9)


@pytest.fixture(params=BASES, ids=NAMES)
def large(request, monkeypatch):
    """Every set counts as large, and few points are few: all ways through the search are gone, in each base."""
    use(request.param, monkeypatch)
    monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
    monkeypatch.setattr(differences, "FEW", 3)


def _images(random, count, dimension):
    stored = random.integers(0, 256, (count, dimension))
    stored[0, 0], stored[-1, -1] = 0, 255  # the range says what a byte is
    return stored


def _points(stored):
    points = stored.astype(np.float32)
    points /= np.float32(127.5)
    return points - np.float32(1)


def _brute(points, x, sigma):
    """D* by differences in float64, σ (b,)."""
    rows = points.astype(np.float64)
    halves = ((x[:, None] - rows) ** 2).sum(2) / 2
    anchor = halves.argmin(1)
    delta = rows - rows[anchor][:, None]
    gap = (delta * (delta / 2 - (x - rows[anchor])[:, None])).sum(2)
    gap -= gap.min(1, keepdims=True)
    with np.errstate(over="ignore", under="ignore", divide="ignore", invalid="ignore"):
        weights = np.where(gap == 0, 1.0, np.exp(-gap / np.maximum(sigma, 1e-150)[:, None] ** 2))
    return (weights @ rows) / weights.sum(1, keepdims=True)


def _sets():
    random = np.random.default_rng(5)
    yield "random", _images(random, 300, 48)
    yield "tall", _images(random, 40, 1500)  # sums of more than 2²⁴
    yield "line", np.linspace(0, 255, 200).round().astype(int)[:, None] * np.ones(6, dtype=int)
    yield "one number", np.concatenate([[0, 255], random.integers(0, 256, 70)])[:, None]
    yield "one point", np.array([[0, 255, 7, 9]])
    constant = _images(random, 90, 12)
    constant[:, 3:9] = 17
    yield "constant pixels", constant
    twins = _images(random, 60, 9)
    yield "duplicates", np.concatenate([twins, twins, twins[:7]])
    outlier = random.integers(0, 4, (150, 30))
    outlier[77] = 255
    yield "outlier", outlier
    near = np.full((120, 20), 128)
    near[np.arange(120), np.arange(120) % 20] += random.integers(-2, 3, 120)
    near[0, 0], near[1, 0] = 0, 255
    yield "near ties", near


@pytest.mark.parametrize(("name", "stored"), list(_sets()), ids=lambda value: value if isinstance(value, str) else "")
def test_searched_is_brute_force_within_the_bound(large, name, stored):
    points = _points(stored)
    optimal, random = OptimalDenoiser(points), np.random.default_rng(1)
    assert (optimal._search is None or optimal._search._codes is None) == (name == "one point")
    reach = float(optimal._all.reach)
    for sigma in LEVELS:
        chosen = random.integers(0, len(points), 12)
        x = points[chosen] + min(sigma, 1e9) * random.standard_normal((12, points.shape[1]))
        posterior = optimal.posterior(x, sigma)
        error = np.linalg.norm(posterior.mean.numpy() - _brute(points, x, np.full(12, sigma)), axis=1)
        # brute force itself is off by some roundings of its weighted sum
        assert (error <= posterior.bound.numpy() + 1e-14 * (reach + 1)).all(), sigma
        np.testing.assert_array_equal(posterior.mean, optimal(x, sigma))
        assert error.max() <= 1e-6 * reach + 1e-14 or sigma < 1e-6


@pytest.mark.parametrize("patient", [False, True])
def test_the_bound_is_not_exceeded_in_ten_thousand_cases(large, patient):
    """Also where a patient search takes any bound, so that weights have the fewest digits and no e_i is added."""
    random, worst, through = np.random.default_rng(11), 0.0, 0
    for trial in range(60):
        count, dimension = int(random.integers(2, 60)), int(random.integers(1, 40))
        stored = _images(random, count, dimension)
        if trial % 3 == 0:  # clusters
            stored = np.clip(stored[random.integers(0, 3, count)] + random.integers(-3, 4, stored.shape), 0, 255)
            stored[0, 0], stored[-1, -1] = 0, 255
        points = _points(stored)
        optimal = OptimalDenoiser(points)
        if patient and optimal._search is not None:
            optimal._search._tolerance = 1e9
        sigma = 10.0 ** random.uniform(-4, 3, 200)
        first, second = points[random.integers(0, count, (2, 200))]
        share = random.choice([0.0, 0.5, 0.3], (200, 1))
        x = first + share * (second - first) + sigma[:, None] * random.standard_normal((200, dimension))
        posterior = optimal.posterior(x, sigma)
        error = np.linalg.norm(posterior.mean.numpy() - _brute(points, x, sigma), axis=1)
        assert (error <= posterior.bound.numpy() + 1e-14 * (optimal._all.reach.item() + 1)).all()
        worst, through = max(worst, float((error / posterior.bound.numpy()).max())), through + 200
    assert through >= 10_000
    assert worst > 0.005  # a bound, not a platitude


def test_every_way_is_gone(large, monkeypatch):
    stored = _images(np.random.default_rng(0), 200, 30)
    points = _points(stored)
    search = OptimalDenoiser(points)._search
    x = torch.from_numpy(points[:4].astype(np.float64)) + 0.1
    assert search is not None
    gone = []

    def watched(owner, name):
        original = getattr(owner, name)
        setattr(owner, name, lambda *given: gone.append(name) or original(*given))

    for name in ("_by_components", "_by_codes", "_many"):
        watched(search, name)
    watched(search._differences, "_answer")
    for name in ("finer_gap", "finer_gaps"):
        watched(search._codes, name)
    for sigma, ways in (
        (0.05, ["_by_components", "_answer"]),
        (0.9, ["_by_codes", "_many", "finer_gap"]),
        (1e3, ["_by_codes", "_many"]),
    ):
        gone.clear()
        found = search(x, torch.full((4,), sigma, dtype=torch.float64), None, False)
        assert not found.left.any()
        assert list(dict.fromkeys(gone)) == ways, sigma
    monkeypatch.setattr(search_module, "_HEAVY", 0)  # the heaviest are too many to be picked out
    monkeypatch.setattr(search_module, "_STRAINED", 0)
    gone.clear()
    found = search(x, torch.full((4,), 0.7, dtype=torch.float64), None, False)
    assert not found.left.any()
    assert list(dict.fromkeys(gone)) == ["_by_codes", "_many", "finer_gaps"]
    monkeypatch.setattr(search._heads, "hopeful", lambda sigma, nats: False)
    gone.clear()
    found = search(x, torch.full((4,), 0.2, dtype=torch.float64), None, False)
    assert not found.left.any()
    assert list(dict.fromkeys(gone)) == ["_by_codes", "_answer"]


def test_codes_in_a_file_answer_like_codes_in_memory(large, tmp_path, monkeypatch):
    random = np.random.default_rng(14)
    stored = random.integers(3, 200, (150, 5, 7), dtype=np.uint8)  # not the whole range of a byte
    np.save(tmp_path / "images.npy", stored)
    points = gm.datasets.load(tmp_path / "images.npy").points
    for module in (arrays, dataset):
        monkeypatch.setattr(module, "limit", lambda: 100)
    monkeypatch.setattr(byte_tables, "BYTES_AT_ONCE", 32 * 48)  # five runs
    data = gm.datasets.load(tmp_path / "images.npy")
    labels = np.arange(150) // 40
    optimal = OptimalDenoiser(data.points, labels)
    assert isinstance(optimal._search._codes._codes, byte_tables.PlainTable)
    for sigma in LEVELS:
        x = points[:30] + sigma * random.standard_normal((30, 1, 5, 7))
        wanted = np.arange(30) % 5 - 1
        posterior = optimal.posterior(x, sigma, labels=wanted)
        for label in range(-1, 4):
            rows = np.flatnonzero(wanted == label)
            subset = (points[labels == label] if label >= 0 else points).reshape(-1, 35)
            exact = _brute(subset, x[rows].reshape(-1, 35), np.full(len(rows), sigma))
            error = np.linalg.norm(posterior.mean[rows].numpy().reshape(-1, 35) - exact, axis=1)
            assert (error <= posterior.bound[rows].numpy() + 1e-14).all(), sigma
        assert posterior.bound.max() <= 1e-6 * optimal._all.reach or sigma < 1e-3


def test_a_class_is_its_subset(large):
    stored = _images(np.random.default_rng(2), 200, 20)
    points, labels = _points(stored), np.arange(200) % 4
    optimal = OptimalDenoiser(points, labels)
    x = points[:24] + 0.7 * np.random.default_rng(3).standard_normal((24, 20))
    wanted = np.arange(24) % 5 - 1
    for sigma in (1e-3, 0.4, 2.0, 30.0):
        posterior = optimal.posterior(x, sigma, labels=wanted)
        for label in range(-1, 4):
            rows = wanted == label
            subset = points[labels == label] if label >= 0 else points
            error = np.linalg.norm(
                posterior.mean[rows].numpy() - _brute(subset, x[rows], np.full(rows.sum(), sigma)), axis=1
            )
            assert (error <= posterior.bound[rows].numpy() + 1e-14).all()
            assert label < 0 or (labels[posterior.indices[rows, 0]] == label).all()


@pytest.mark.parametrize("sigma", [1e-3, 0.3, 1.0, 4.0, 80.0])
def test_an_answer_does_not_depend_on_its_batch(large, sigma):
    points = _points(_images(np.random.default_rng(4), 150, 25))
    x = points[:40] + sigma * np.random.default_rng(5).standard_normal((40, 25))
    optimal = OptimalDenoiser(points)
    whole = optimal(x, sigma)
    for row in (0, 7, 16, 39):
        # float64 sums over another number of columns at most; the integer sums are the same
        np.testing.assert_allclose(optimal(x[row : row + 1], sigma), whole[row : row + 1], rtol=0, atol=1e-10)


def test_posterior_agrees_with_the_untruncated_one(large, monkeypatch):
    points = _points(_images(np.random.default_rng(6), 150, 25))
    x = points[:10] + np.random.default_rng(7).standard_normal((10, 25))
    fast = OptimalDenoiser(points)
    plain = OptimalDenoiser(points, tolerance=0)
    assert plain._search is None
    for sigma in (0.02, 0.6, 3.0, 50.0):
        a, b = fast.posterior(x, sigma), plain.posterior(x, sigma)
        assert ((a.mean - b.mean).norm(dim=1) <= a.bound + b.bound).all()
        # logits are good to the margin: with E = 3e-7 and distances of 5, less than 1e-5 at σ = 0.6, where three points
        # are not few; below that the weights come from differences
        torch.testing.assert_close(a.weights, b.weights, rtol=0, atol=1e-5)
        torch.testing.assert_close(a.log_density, b.log_density, rtol=0, atol=2e-5)
        torch.testing.assert_close(a.entropy, b.entropy, rtol=0, atol=1e-4)


def test_what_were_no_bytes_stays_untruncated(large):
    random = np.random.default_rng(8)
    points = random.standard_normal((50, 6))
    optimal = OptimalDenoiser(points)
    assert optimal._search is not None
    assert optimal._search._codes is None
    for sigma in LEVELS:  # few points are found all the same
        x = points[:9] + sigma * random.standard_normal((9, 6))
        posterior = optimal.posterior(x, sigma)
        error = np.linalg.norm(posterior.mean.numpy() - _brute(points, x, np.full(9, sigma)), axis=1)
        assert (error <= posterior.bound.numpy() + 1e-14).all(), sigma
        found = optimal._search(torch.from_numpy(x), torch.full((9,), sigma, dtype=torch.float64), None, False)
        assert bool(found.left.all()) == (sigma > 0.2)
    assert OptimalDenoiser(np.ones((5, 6)))._search is None


def test_queries_out_of_range_and_not_numbers(large):
    points = _points(_images(np.random.default_rng(9), 50, 6))
    optimal = OptimalDenoiser(points)
    for ask in (optimal, optimal.posterior):
        with pytest.raises(
            ValueError, match=r"x holds numbers that are not finite, in 1 of 3 rows \(the first is row 1\)"
        ):
            ask(np.stack([points[0], np.full(6, np.nan), points[1]]), 1e-3)
    assert np.isfinite(optimal(np.full((1, 6), 1e35), 1e35)).all()
    assert optimal(np.empty((0, 6)), 1.0).shape == (0, 6)


def test_logit_errors_are_within_the_bound(large):
    pair = _images(np.random.default_rng(12), 2, 400)
    points = _points(np.repeat(pair, 10, axis=0))
    optimal = OptimalDenoiser(points, tolerance=1e-3)  # wide: conversion errors stay in the logits
    assert optimal._search is not None
    optimal._search._nats = 60.0  # and dropped points out of the bound
    scale = (float(points.max()) - float(points.min())) / 255
    rests = points.astype(np.float64) - (points.min() + scale * np.repeat(pair, 10, axis=0))
    aim, apart = rests[0] - rests[-1], points[0].astype(np.float64) - points[-1]
    aim -= apart * (aim @ apart) / (apart @ apart)  # along it the logits are most wrong, and the two weights stay equal
    x = (points.mean(0, dtype=np.float64) + 3000 * aim / np.linalg.norm(aim))[None]
    posterior = optimal.posterior(x, 30.0)
    error = np.linalg.norm(posterior.mean.numpy() - _brute(points, x, np.array([30.0])))
    # a quarter of the pair's distance, 16, times 3000 ‖e_a − e_b‖/σ², is far above ‖e‖ itself
    assert 2 * np.linalg.norm(aim) < error <= float(posterior.bound)


def test_half_of_the_digits_rule_out_no_point_that_has_weight(large, monkeypatch):
    random = np.random.default_rng(18)
    pair = _images(random, 2, 400)
    pair[1, 0] = pair[0, 0]
    points = _points(pair)
    optimal = OptimalDenoiser(points)
    assert optimal._search is not None
    monkeypatch.setattr(optimal._search._heads, "hopeful", lambda sigma, nats: False)
    middle, apart = points.mean(0, dtype=np.float64), points[0].astype(np.float64) - points[1]
    x = middle + random.standard_normal((40, 400))
    x -= np.outer((x - middle) @ apart / (apart @ apart), apart)  # as far from one point as from the other
    x[:, 0] = 1e4  # the digits of all numbers are coarse now
    posterior = optimal.posterior(x, 0.1)
    np.testing.assert_array_less(np.linalg.norm(posterior.mean.numpy() - middle, axis=1), posterior.bound.numpy())


def test_a_device_without_memory_is_asked_for_less_at_once(large):
    points = _points(_images(np.random.default_rng(17), 80, 12))
    optimal, x = OptimalDenoiser(points), points[:40].astype(np.float64) + 0.3
    wanted, search, asked = optimal.posterior(x, 0.9), optimal._search, []

    class Small:
        at_once = search.at_once

        def __call__(self, rows, *rest):
            asked.append(len(rows))
            if len(rows) > most:
                raise torch.OutOfMemoryError("none left")
            return search(rows, *rest)

    optimal._search, most = Small(), 5
    torch.testing.assert_close(optimal.posterior(x, 0.9).mean, wanted.mean, rtol=0, atol=1e-10)
    assert asked[:4] == [16, 8, 4, 4]
    most = 0
    with pytest.raises(torch.OutOfMemoryError):  # not even one
        optimal(x, 0.9)


@pytest.mark.cuda_only
def test_codes_on_an_accelerator_answer_like_those_on_the_cpu(large):
    points = _points(_images(np.random.default_rng(15), 500, 784))
    here, there = OptimalDenoiser(points), OptimalDenoiser(points, device="cuda")
    for sigma in LEVELS:
        x = points[:70] + min(sigma, 1e6) * np.random.default_rng(16).standard_normal((70, 784))
        one, other = here.posterior(x, sigma), there.posterior(x, sigma)
        # both are right to their bounds; exponentials and sums may round differently
        assert ((one.mean - other.mean).norm(dim=1) <= one.bound + other.bound).all()


def test_what_is_searched_beside_the_untruncated_is_within_both_bounds(monkeypatch):
    """Searched answers are on request: the denoiser itself stays untruncated, to the bit."""
    monkeypatch.setattr(optimal_module, "SEARCHED_NUMBERS", 1000)
    points = _points(_images(np.random.default_rng(9), 150, 25))
    labels = np.arange(150) % 3
    optimal, alone = OptimalDenoiser(points, labels), OptimalDenoiser(points, labels, tolerance=0)
    searched = optimal.searched
    assert searched is optimal.searched is searched.searched
    assert searched._search is not None
    assert OptimalDenoiser(points[:30]).searched._search is None  # 750 numbers are few
    assert alone.searched._search is None
    x = points[:12] + np.random.default_rng(10).standard_normal((12, 25))
    classes = np.array([-1, 0, 1, 2] * 3)
    for sigma in LEVELS:
        for seen in (None, classes):
            known = optimal.posterior(x, sigma, seen)
            assert torch.equal(known.mean, alone.posterior(x, sigma, seen).mean)
            found = searched.posterior(x, sigma, seen)
            assert ((found.mean - known.mean).norm(dim=1) <= found.bound + known.bound).all()
            np.testing.assert_array_equal(searched(x, sigma, seen), found.mean.numpy())


def test_squared_distances_are_off_by_what_is_said_at_most(large):
    """12,000 distances, from points of the data and from far away."""
    random = np.random.default_rng(23)
    points = _points(_images(random, 300, 40))
    optimal = OptimalDenoiser(points)
    codes, seen = optimal._search._codes, 0
    for sigma in (0.0, 1e-6, 1e-3, 0.1, 3.0, 80.0, 1e3, 1e6):
        for row in range(5):
            x = torch.from_numpy(points[row] + sigma * random.standard_normal(40))
            exact = ((points.astype(np.float64) - x.numpy()) ** 2).sum(1)
            away = float(codes.query(x[None]).missed[0]) + codes.error
            reach = np.sqrt(exact) + float((x - codes.origin).norm())
            found = optimal.squared_distances(x).numpy()
            assert (np.abs(found - exact) <= 2 * away * (reach + away) + 1e-14 * reach**2).all(), sigma
            seen += len(exact)
    assert seen >= 10_000
    assert OptimalDenoiser(points, tolerance=0).squared_distances(points[0]) is None


def test_the_bound_holds_where_only_the_heaviest_points_are_made_finer(large):
    """10,000 queries of many points at the levels where a part of them gets its conversion errors back, among them
    queries along those errors, where the logits are most wrong.
    """
    random, seen, partly, worst = np.random.default_rng(24), 0, 0, 0.0
    for trial in range(25):
        stored = _images(random, 60, 30)
        if trial % 2:  # the second half are the first with a few changes, so that weights stay shared
            stored[30:-1] = np.clip(stored[30:-1] * 0 + stored[:29] + random.integers(-9, 10, (29, 30)), 0, 255)
        points = _points(stored)
        optimal = OptimalDenoiser(points)
        search, picked = optimal._search, []
        heaviest = search._codes.heaviest
        search._codes.heaviest = lambda *given, of=heaviest, to=picked: to.append(of(*given)) or to[-1]
        low, high = float(points.min()), float(points.max())
        errors = points.astype(np.float64) - (low + (high - low) / 255 * stored)
        aim = errors[random.integers(0, 60, 400)] - errors[random.integers(0, 60, 400)]
        aim /= np.linalg.norm(aim, axis=1, keepdims=True) + 1e-300
        sigma = 10.0 ** random.uniform(-1, 0.8, 400)
        x = points[random.integers(0, 60, 400)] + sigma[:, None] * random.standard_normal((400, 30))
        x += random.choice([0.0, 5.0, 50.0], (400, 1)) * sigma[:, None] * aim
        posterior = optimal.posterior(x, sigma)
        error = np.linalg.norm(posterior.mean.numpy() - _brute(points, x, sigma), axis=1)
        bound = posterior.bound.numpy()
        assert (error <= bound + 1e-14 * (float(optimal._all.reach) + 1)).all()
        seen, worst = seen + 400, max(worst, float((error / bound).max()))
        partly += sum(0 < len(index) < 60 for index in picked)
    assert seen >= 10_000
    assert partly > 1_000
    assert worst > 0.005  # a bound, not a platitude


def test_a_query_whose_heaviest_points_were_too_few_is_answered_by_all(large, monkeypatch):
    """The conversion errors that the first answer added are taken back, so that the second has each of them once."""
    random = np.random.default_rng(33)
    points = _points(_images(random, 200, 30))
    x, sigma = points[:16] + 2 * random.standard_normal((16, 30)), torch.full((16,), 2.0, dtype=torch.float64)
    search, tries = OptimalDenoiser(points, tolerance=2e-7)._search, []
    codes = search._codes
    finer = codes.finer_gaps
    monkeypatch.setattr(codes, "finer_gaps", lambda query, gap: tries.append(len(gap)) or finer(query, gap))
    monkeypatch.setattr(codes, "heaviest", lambda gap, sigma, allowed: gap.topk(2, largest=False).indices)
    found = search(torch.from_numpy(x), sigma, None, True)
    monkeypatch.setattr(search_module, "_HEAVY", 0)
    monkeypatch.setattr(search_module, "_STRAINED", 0)
    wanted = search(torch.from_numpy(x), sigma, None, True)  # by all at once
    assert tries == [16, 16]
    assert not found.left.any()
    np.testing.assert_array_equal(found.mean, wanted.mean)
    np.testing.assert_array_equal(found.gap, wanted.gap)
    error = np.linalg.norm(found.mean.numpy() - _brute(points, x, sigma.numpy()), axis=1)
    assert (error <= found.bound.numpy() + 1e-14).all()
