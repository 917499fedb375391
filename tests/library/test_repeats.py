"""Points that are there more than once: they have more weight in D* and p_σ, and whatever counts points counts one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

import geomodel as gm
from geomodel import repeats
from geomodel.collapse import neighbours_over_sigma, noisy_data
from geomodel.datasets import Dataset

POINTS = np.random.default_rng(0).normal(size=(50, 2))
SIGMAS = np.geomspace(3, 1e-3, 24)


@given(st.lists(st.integers(0, 5), min_size=1, max_size=30))
@settings(max_examples=40, deadline=None)
def test_counts_are_those_of_equality(numbers):
    points = np.array([[0.0, -0.0, 1.5, 1.5, 2.0, 3.0][n] for n in numbers]).reshape(-1, 1)
    expected = (points == points.T).sum(1)
    found = repeats.counts(points)
    assert (found is None) == bool((expected == 1).all())
    assert found is None or found.tolist() == expected.tolist()
    assert Dataset(name="few", kind="points", stored=points).distinct == len(np.unique(points))
    classes = np.array(numbers) % 2
    inside = ((points == points.T) & (classes[:, None] == classes)).sum(1)
    found = repeats.counts(points, classes)
    assert (np.ones(len(points)) if found is None else found).tolist() == inside.tolist()


def test_points_are_read_in_parts(monkeypatch):
    monkeypatch.setattr(repeats, "_NUMBERS_AT_ONCE", 6)
    assert repeats.counts(np.concatenate([POINTS, POINTS[:7]])).tolist() == [2] * 7 + [1] * 43 + [2] * 7


@pytest.mark.parametrize("resident", [True, False])
def test_the_posterior_of_points_taken_twice_is_the_same(resident, monkeypatch):
    if not resident:
        monkeypatch.setattr("geomodel.denoisers.optimal.optimal.RESIDENT_NUMBERS", 0)
    once, twice = gm.OptimalDenoiser(POINTS), gm.OptimalDenoiser(np.repeat(POINTS, 2, axis=0))
    for sigma, x in zip(SIGMAS, noisy_data(POINTS, SIGMAS, 16), strict=True):
        one, two = once.posterior(x, sigma), twice.posterior(x, sigma)
        np.testing.assert_allclose(two.distinct_neighbours, one.distinct_neighbours, rtol=1e-9)
        np.testing.assert_allclose(two.entropy, one.entropy + np.log(2), rtol=0, atol=1e-9)  # of the weights
        np.testing.assert_allclose(two.log_density, one.log_density, rtol=1e-9)
    assert twice.posterior(POINTS, 0.0).distinct_neighbours.tolist() == [1.0] * 50


def test_a_point_taken_three_times_has_three_times_the_weight_and_counts_once():
    # Two places, weights 3 : 1 at equal distance: N_eff = exp(−¾ ln ¾ − ¼ ln ¼).
    optimal = gm.OptimalDenoiser([[1.0, 0.0]] * 3 + [[-1.0, 0.0]])
    found = optimal.posterior(np.zeros((1, 2)), 1.0, every=True)
    assert found.every.tolist() == [[0.25] * 4]
    expected = -(0.75 * np.log(0.75) + 0.25 * np.log(0.25))
    assert float(found.distinct_neighbours) == pytest.approx(np.exp(expected), rel=1e-14)
    assert float(found.effective_neighbours) == pytest.approx(4, rel=1e-14)


def test_a_class_counts_its_own_points():
    points, labels = np.concatenate([POINTS, POINTS[:10], POINTS[:10]]), np.array([0] * 50 + [0] * 10 + [1] * 10)
    whole = gm.OptimalDenoiser(points, labels)
    x = torch.from_numpy(POINTS[:6] + 0.3)
    for label, alone in ((0, points[:60]), (1, points[60:]), (-1, points)):
        found = whole.posterior(x, 0.5, torch.full((6,), label)).distinct_neighbours
        np.testing.assert_allclose(found, gm.OptimalDenoiser(alone).posterior(x, 0.5).distinct_neighbours, rtol=1e-12)


def test_the_collapse_stays_where_it_is():
    batches = list(noisy_data(POINTS, SIGMAS))
    one, two = (
        neighbours_over_sigma(gm.OptimalDenoiser(points), SIGMAS, batches)
        for points in (POINTS, np.repeat(POINTS, 2, axis=0))
    )
    assert one.collapse_sigma is not None
    assert two.collapse_sigma == pytest.approx(one.collapse_sigma, rel=1e-9)


def test_a_data_set_knows_how_many_points_differ():
    data = Dataset(name="twice", kind="points", stored=np.repeat(POINTS, 2, axis=0))
    assert (len(data), data.distinct) == (100, 50)
    measured = Dataset(name="twice", kind="points", stored=np.repeat(POINTS, 2, axis=0))
    measured.measure(lambda share: None)
    assert vars(measured)["_facts"].distinct == 50


@pytest.mark.parametrize("width", [2, 3, 8, 17, 64])
@pytest.mark.parametrize("places", [(0,), (-1,), (0, -1), (0, 1), (-2, -1)])
def test_rows_that_differ_in_a_few_bytes_have_different_hashes(width, places):
    """All values of one byte, or of two: where two rows of these are mistaken, which happens once in 2⁶⁴ for a pair, a
    mix that is too weak mistakes thousands.
    """
    values = np.arange(256, dtype=np.uint8)
    grid = np.stack(np.meshgrid(*[values] * len(places)), axis=-1).reshape(-1, len(places))
    rows = np.full((len(grid), width), 17, np.uint8)
    rows[:, list(places)] = grid
    assert len(np.unique(repeats.hashes(rows))) == len(rows)
    assert repeats.hashes(rows[::-1]).tolist() == repeats.hashes(rows)[::-1].tolist()


@pytest.mark.parametrize("width", [16, 24, 40])
def test_the_last_bytes_of_two_words_are_told_apart(width):
    """Bytes 7 and 15 are the highest of their words, which products alone carry nowhere."""
    rows = np.zeros((2**16, width), np.uint8)
    rows[:, 7], rows[:, 15] = np.divmod(np.arange(2**16), 256)
    assert len(np.unique(repeats.hashes(rows))) == len(rows)


def test_words_in_another_order_are_another_row():
    word = np.arange(8, dtype=np.uint8)
    rows = np.stack([np.concatenate([word, word + 8, word]), np.concatenate([word + 8, word, word])])
    assert len(np.unique(repeats.hashes(rows))) == 2
    assert len(np.unique(repeats.hashes(np.zeros((3, 16), np.uint8)))) == 1


@pytest.mark.parametrize("dtype", ["u1", "f2", "f4", "f8", ">f4", "i2"])
def test_hashes_are_equal_where_rows_are(dtype):
    rows = np.random.default_rng(3).integers(0, 2, (300, 7)).astype(dtype)
    if rows.dtype.kind == "f":
        rows[rows == 0] *= np.array([1, -1], dtype)[np.random.default_rng(4).integers(0, 2, (rows == 0).sum())]
    found = repeats.hashes(rows)
    same = (rows[:, None] == rows).all(2)
    np.testing.assert_array_equal(found[:, None] == found, same)


@pytest.mark.parametrize("byte", range(8))
@pytest.mark.parametrize("on", [1, 128, 255])
def test_rows_that_differ_in_one_byte_of_each_word_are_told_apart(byte, on):
    """A sum of products of words mod 2⁶⁴ knows nothing but the lowest bit of a key where only highest bits differ."""
    rows = np.zeros((2**14, 14, 8), np.uint8)
    rows[:, :, byte] = on * (np.arange(2**14)[:, None] >> np.arange(14) & 1)
    assert len(np.unique(repeats.hashes(rows))) == len(rows)


def test_long_rows_are_hashed_in_pieces(monkeypatch):
    rows = np.random.default_rng(5).integers(0, 256, (20, 61), dtype=np.uint8)
    expected = repeats.hashes(rows)
    monkeypatch.setattr(repeats, "_WORDS_AT_ONCE", 3)
    assert repeats.hashes(rows).tolist() == expected.tolist()
