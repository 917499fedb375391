"""Wrong and extreme input of the optimal denoiser: one sentence that says what was found, or a right answer."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.denoisers import byte_products, optimal_search
from geomodel.denoisers import optimal as optimal_module
from geomodel.denoisers.jacobian import PosteriorCovariance, soft_dimension
from geomodel.denoisers.leave_one_out import leave_out
from geomodel.denoisers.posterior import Rows

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((6, 3))
CLASSES = np.array([0, 0, 1, 1, 3, -1])
X = np.zeros((2, 3))
MODEL = gm.OptimalDenoiser(POINTS, CLASSES)
OBJECTS = np.array([[{}, 1, 2]], object)
BYTES = RNG.integers(0, 256, (60, 9))
BYTES[0, 0], BYTES[-1, -1] = 0, 255


def bad(value, shape=(2, 3)):
    array = np.zeros(shape)
    array.flat[-1] = value
    return array


@pytest.fixture(params=["untruncated", "searched"])
def images(request, monkeypatch):
    """D* of images, either way, with its points."""
    if request.param == "searched":
        if not byte_products.exact_products():
            pytest.skip("no exact byte products here")
        monkeypatch.setattr(optimal_module, "_RESIDENT_NUMBERS", 0)
        monkeypatch.setattr(optimal_search, "_FEW", 3)
    points = (BYTES / 127.5 - 1).astype(np.float32)
    model = gm.OptimalDenoiser(points, np.arange(60) % 3)
    assert (model._search is not None) == (request.param == "searched")
    return model, points


def refuses(sentence, call, *given, **options):
    with pytest.raises(ValueError, match=sentence) as caught:
        call(*given, **options)
    text = str(caught.value)
    assert text.endswith(".")
    assert "\n" not in text
    assert len(text) < 300


# ------------------------------------------------------------------------------------------------ the points

BAD_POINTS = {
    "no rows": (np.empty((0, 3)), r"points has shape \(0, 3\); expected \(N, \*shape\)"),
    "no numbers": (np.empty((3, 0)), r"points has shape \(3, 0\)"),
    "a number": (np.array(1.0), r"points has shape \(\); expected"),
    "a plain number": (1.0, r"points has shape \(\); expected"),
    "a row": (np.zeros(3), r"points has shape \(3,\); expected"),
    "an empty list": ([], r"points has shape \(0,\)"),
    "rows of different lengths": ([[1.0], [1.0, 2.0]], "points holds rows of different lengths"),
    "nothing": (None, "points holds values of type object; expected real numbers"),
    "NaN": (bad(math.nan), "points holds numbers that are not finite"),
    "inf": (bad(math.inf), "points holds numbers that are not finite"),
    "-inf": (bad(-math.inf), "points holds numbers that are not finite"),
    "beyond squares": (bad(1e200), "not finite or beyond 1e150"),
    "a NaN tensor": (torch.tensor([[1.0, math.nan]]), "points holds numbers that are not finite"),
    "complex": (np.zeros((2, 3), complex), "points holds values of type complex128; expected real numbers"),
    "a complex tensor": (torch.zeros(2, 3, dtype=torch.complex64), "points holds values of type torch.complex64"),
    "objects": (OBJECTS, "points holds values of type object"),
    "text": (np.array([["1", "2"]]), "points holds values of type <U1"),
    "dates": (np.zeros((2, 3), "M8[s]"), "points holds values of type datetime64"),
    "columns": (np.zeros((2, 3), "f8,f8"), "points holds values of type"),
}


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("case", BAD_POINTS)
def test_bad_points(case, resident, monkeypatch):
    if not resident:
        monkeypatch.setattr(optimal_module, "_RESIDENT_NUMBERS", 0)
    points, sentence = BAD_POINTS[case]
    refuses(sentence, gm.OptimalDenoiser, points)


BAD_CLASSES = {
    "few": (CLASSES[:5], r"labels must be \(6,\) whole numbers, -1 for unconditional; got shape \(5,\)"),
    "many": (np.zeros(7, int), r"got shape \(7,\)"),
    "a column": (CLASSES[:, None], r"got shape \(6, 1\)"),
    "one": (0, r"got shape \(\)"),
    "floats": (CLASSES.astype(float), "got type float64"),
    "NaN": (np.full(6, math.nan), "got type float64"),
    "text": (["a"] * 6, "labels holds values of type <U1"),
    "objects": ([None] * 6, "labels holds values of type object"),
    "complex": (np.zeros(6, complex), "labels holds values of type complex128"),
    "beyond 64 bits": (np.full(6, 2**64 - 1, np.uint64), "got type float64"),
    "huge": (np.full(6, 2**50), "labels go up to 1125899906842624"),
}


@pytest.mark.parametrize("case", BAD_CLASSES)
def test_bad_classes(case):
    labels, sentence = BAD_CLASSES[case]
    refuses(sentence, gm.OptimalDenoiser, POINTS, labels)


@pytest.mark.parametrize("tolerance", [-1e-9, math.nan, math.inf, -math.inf, "1", 1j])
def test_bad_tolerances(tolerance):
    refuses("tolerance is .*; expected a finite number", gm.OptimalDenoiser, POINTS, tolerance=tolerance)
    refuses("tolerance is .*; expected a finite number", MODEL.mean_shift_path, X, 1.0, tolerance=tolerance)


# ------------------------------------------------------------------------------------------------ the queries

BAD_QUERIES = {
    "NaN": ((bad(math.nan), 1.0), r"x holds numbers that are not finite, in 1 of 2 rows \(the first is row 1\)"),
    "inf": ((bad(math.inf), 1.0), "x holds numbers that are not finite"),
    "-inf": ((bad(-math.inf), 1.0), "x holds numbers that are not finite"),
    "all NaN": ((np.full((2, 3), math.nan), 1.0), "in 2 of 2 rows"),
    "NaN at σ = 0": ((bad(math.nan), 0.0), "x holds numbers that are not finite"),
    "NaN in float32": ((bad(math.nan).astype(np.float32), 1.0), "x holds numbers that are not finite"),
    "a NaN tensor": ((torch.from_numpy(bad(math.nan)), 1.0), "x holds numbers that are not finite"),
    "beyond squares": ((bad(1e151), 1.0), r"x holds 1e\+151; expected numbers up to 1e\+150"),
    "far beyond": ((bad(-1.7e308), 1.0), r"x holds 1\.7e\+308"),
    "another shape": ((np.zeros((2, 4)), 1.0), r"x has shape \(2, 4\); expected \(B, 3\)"),
    "one point": ((np.zeros(3), 1.0), r"x has shape \(3,\); expected \(B, 3\)"),
    "a number": ((0.0, 1.0), r"x has shape \(\); expected \(B, 3\)"),
    "images": ((np.zeros((2, 1, 3)), 1.0), r"x has shape \(2, 1, 3\)"),
    "an empty list": (([], 1.0), r"x has shape \(0,\); expected \(B, 3\)"),
    "complex": ((np.zeros((2, 3), complex), 1.0), "x holds values of type complex128"),
    "a complex tensor": ((torch.zeros(2, 3, dtype=torch.complex128), 1.0), "x holds values of type torch.complex128"),
    "objects": ((OBJECTS, 1.0), "x holds values of type object"),
    "text": (([["a", "b", "c"]], 1.0), "x holds values of type <U1"),
    "nothing": ((None, 1.0), "x holds values of type object"),
    "different lengths": (([[1.0], [1.0, 2.0]], 1.0), "x holds rows of different lengths"),
    "negative σ": ((X, -1.0), "A noise level must be finite and not negative; got -1"),
    "a negative σ": ((X, [1.0, -1e-300]), "A noise level must be finite and not negative; got -1e-300"),
    "σ NaN": ((X, math.nan), "got nan"),
    "σ inf": ((X, math.inf), "got inf"),
    "σ beyond squares": ((X, 1e200), r"sigma holds 1e\+200; expected numbers up to 1e\+150"),
    "few σ": ((X, [1.0]), r"sigma has shape \(1,\); expected one number or \(2,\)"),
    "many σ": ((X, np.ones(3)), r"sigma has shape \(3,\)"),
    "a column of σ": ((X, np.ones((2, 1))), r"sigma has shape \(2, 1\)"),
    "σ nothing": ((X, None), "sigma holds values of type object"),
    "σ text": ((X, "1"), "sigma holds values of type <U1"),
    "σ complex": ((X, 1j), "sigma holds values of type complex128"),
    "σ a complex tensor": ((X, torch.tensor(1j)), "sigma holds values of type torch.complex64"),
    "few labels": ((X, 1.0, [0]), r"labels must be \(2,\) whole numbers, -1 for unconditional; got shape \(1,\)"),
    "one label": ((X, 1.0, 0), r"got shape \(\)"),
    "float labels": ((X, 1.0, [0.0, 1.0]), "got type float64"),
    "text labels": ((X, 1.0, ["a", "b"]), "labels holds values of type <U1"),
    "negative labels": ((X, 1.0, [-2, 0]), "got -2"),
    "no such class": ((X, 1.0, [0, 2]), "No data point has the label 2"),
    "no class so large": ((X, 1.0, [0, 2**60]), f"No data point has the label {2**60}"),
}


@pytest.mark.parametrize("ask", [MODEL, MODEL.posterior], ids=["call", "posterior"])
@pytest.mark.parametrize("case", BAD_QUERIES)
def test_bad_queries(case, ask):
    given, sentence = BAD_QUERIES[case]
    refuses(sentence, ask, *given)


@pytest.mark.parametrize("case", [name for name in BAD_QUERIES if "label" not in name and "class" not in name])
def test_bad_starts_of_a_path_and_bad_queries_of_what_is_left(case):
    given, sentence = BAD_QUERIES[case]
    refuses(sentence, MODEL.mean_shift_path, *given)
    refuses(sentence, leave_out, MODEL, POINTS, *given, [[0], [1]])


def test_queries_of_data_without_any_class():
    for classes in (None, np.full(6, -1)):
        model = gm.OptimalDenoiser(POINTS, classes)
        assert model.num_classes == 0
        np.testing.assert_array_equal(model(X, 1.0, [-1, -1]), model(X, 1.0))
        refuses("No data point has the label 0", model, X, 1.0, [0, -1])


@pytest.mark.parametrize("k", [0, -1, 1.5, "2", None, math.nan])
def test_bad_counts(k):
    refuses("k must be a whole number from 1 on; got", MODEL.posterior, X, 1.0, k=k)


@pytest.mark.parametrize("count", [-1, 1.5, None])
def test_bad_iterations(count):
    refuses("max_iterations must be a whole number from 0 on", MODEL.mean_shift_path, X, 1.0, max_iterations=count)


BAD_EXCLUDED = {
    "few rows": (([[0]],), {}, r"exclude has 1 rows; expected one for each of the 2 queries"),
    "a number": ((3,), {}, "exclude has 3; expected one for each"),
    "nothing": ((None,), {}, "exclude has None; expected one for each"),
    "out of range": (([[0], [6]],), {}, "expected whole numbers from 0 to 5"),
    "negative": (([[0], [-1]],), {}, "expected whole numbers from 0 to 5"),
    "floats": (([[0], [0.5]],), {}, "expected whole numbers from 0 to 5"),
    "text": (([[0], ["a"]],), {}, "expected whole numbers from 0 to 5"),
    "many labels": (([[0], [1]], [0, 1, 0]), {"classes": CLASSES}, r"labels must be \(2,\) .* got shape \(3,\)"),
    "few classes": (([[0], [1]], [0, 1]), {"classes": CLASSES[:3]}, r"labels must be \(6,\) .* got shape \(3,\)"),
    "no classes": (([[0], [1]], [0, 1]), {}, "needs classes="),
    "all": ((np.tile(np.arange(6), (2, 1)),), {}, "No point is left"),
}


@pytest.mark.parametrize("case", BAD_EXCLUDED)
def test_bad_exclusions(case):
    given, options, sentence = BAD_EXCLUDED[case]
    refuses(sentence, leave_out, MODEL, POINTS, X, 1.0, *given, **options)


@pytest.mark.parametrize("points", [POINTS[:4], POINTS[:, :2], POINTS.tolist()[:2], [[1.0], [1.0, 2.0]], None])
def test_points_that_are_not_those_of_the_denoiser(points):
    sentence = "D\\* was made from 6 others|different lengths|values of type object"
    refuses(sentence, leave_out, MODEL, points, X, 1.0, [[0], [1]])
    refuses(sentence, PosteriorCovariance, MODEL, points, X[0], 1.0)


BAD_COVARIANCES = {
    "NaN": ((bad(math.nan)[1], 1.0), {}, "x holds numbers that are not finite"),
    "two queries": ((X, 1.0), {}, r"x has shape \(2, 3\); expected one query"),
    "text": ((["a", "b", "c"], 1.0), {}, "x holds values of type <U1"),
    "σ 0": ((X[0], 0.0), {}, "noise level above 0"),
    "negative σ": ((X[0], -1.0), {}, "noise level above 0"),
    "σ NaN": ((X[0], math.nan), {}, "noise level above 0"),
    "σ inf": ((X[0], math.inf), {}, "must be finite"),
    "σ text": ((X[0], "a"), {}, "sigma holds values of type"),
    "two σ": ((X[0], np.ones(2)), {}, "noise level above 0"),
    "labels": ((X[0], 1.0, [0, 1]), {}, r"labels has shape \(2,\); expected one class"),
    "float label": ((X[0], 1.0, 0.5), {}, "whole numbers"),
    "no such class": ((X[0], 1.0, 2), {}, "No data point has the label 2"),
    "tolerance 1": ((X[0], 1.0), {"tolerance": 1.0}, "tolerance from 0 to below 1"),
    "negative tolerance": ((X[0], 1.0), {"tolerance": -0.1}, "tolerance from 0 to below 1"),
    "tolerance NaN": ((X[0], 1.0), {"tolerance": math.nan}, "tolerance from 0 to below 1"),
}


@pytest.mark.parametrize("case", BAD_COVARIANCES)
def test_bad_covariances(case):
    given, options, sentence = BAD_COVARIANCES[case]
    refuses(sentence, PosteriorCovariance, MODEL, POINTS, *given, **options)


def test_a_covariance_asked_for_nonsense():
    refuses("k counts eigenpairs", PosteriorCovariance(MODEL, POINTS, X[0], 1.0).spectrum, 0)
    refuses("v has shape", PosteriorCovariance(MODEL, POINTS, X[0], 1.0).times, np.zeros(4))
    refuses("one for each of the 2 queries", soft_dimension, MODEL, POINTS, X, 1.0, [0])


def test_bad_queries_among_searched_images(images):
    model, _ = images
    for value, sentence in ((math.nan, "not finite, in 1 of 40 rows"), (math.inf, "not finite"), (1e200, "up to 1e")):
        x = np.zeros((40, 9))
        x[33, 4] = value
        for ask in (model, model.posterior, model.mean_shift_path):
            refuses(sentence, ask, x, 1.0)


# ------------------------------------------------------------------------------------------------ extreme, not wrong


def brute(points, x, sigma):
    """D* and by direct differences in float64."""
    rows = np.asarray(points, np.float64).reshape(len(points), -1)
    half = ((x.reshape(len(x), 1, -1) - rows) ** 2).sum(2) / 2
    gap = half - half.min(1, keepdims=True)
    with np.errstate(over="ignore", under="ignore"):
        weights = np.exp(-gap / sigma / sigma)
    return (weights @ rows / weights.sum(1, keepdims=True)).reshape(x.shape)


KINDS = [np.bool_, np.int8, np.uint8, np.int16, np.uint16, np.int32, np.uint32, np.int64, np.uint64,
         np.float16, np.float32, np.dtype(">f4"), np.dtype(">f8"), np.dtype(">i2"), np.longdouble]  # fmt: skip


@pytest.mark.parametrize("resident", [True, False])
@pytest.mark.parametrize("kind", KINDS, ids=str)
def test_points_of_every_kind_of_number(kind, resident, monkeypatch):
    if not resident:
        monkeypatch.setattr(optimal_module, "_RESIDENT_NUMBERS", 0)
    whole = RNG.integers(0, 2, (20, 4))
    x = RNG.standard_normal((5, 4))
    model = gm.OptimalDenoiser(whole.astype(kind))
    np.testing.assert_allclose(model(x, 0.5), brute(whole, x, 0.5), rtol=0, atol=1e-6 if model._search else 1e-14)
    if np.dtype(kind).isnative and kind != np.longdouble:  # torch has no others
        tensor = gm.OptimalDenoiser(torch.from_numpy(whole.astype(kind)))
        np.testing.assert_array_equal(tensor(x, 0.5), model(x, 0.5))


@pytest.mark.parametrize("x", [np.ones((2, 3), int), np.ones((2, 3), bool), torch.ones(2, 3, dtype=torch.int32)])
def test_whole_queries_are_not_answered_in_whole_numbers(x):
    found = MODEL(x, 0.7)
    assert type(found) is type(x)
    np.testing.assert_array_equal(found, MODEL(np.ones((2, 3)), 0.7))
    np.testing.assert_array_equal(found, MODEL.posterior(x, 0.7).mean)


def test_no_queries_have_no_answers(images):
    model, _ = images
    for labels in (None, [], np.empty(0, int)):
        assert model(np.empty((0, 9)), 1.0, labels).shape == (0, 9)
        assert model(np.empty((0, 9)), [], labels).shape == (0, 9)
        posterior = model.posterior(np.empty((0, 9)), 1.0, labels, k=5)
        assert posterior.weights.shape == posterior.indices.shape == (0, 5)
        assert posterior.mean.shape == (0, 9)
        for name in ("effective_neighbours", "entropy", "log_density", "bound"):
            assert getattr(posterior, name).shape == (0,)
    assert model.mean_shift_path(np.empty((0, 9)), 1.0).shape[1:] == (0, 9)


@pytest.mark.parametrize("sigma", [0.0, 1e-12, 1e-3, 1.0, 1e9, 1e150])
def test_small_and_dull_sets(sigma):
    for points in (
        np.array([[7.0]]),  # one point of one number
        np.array([[0.25, -3.0, 1e5]]),
        np.full((9, 4), 1.5),  # one point, many times
        np.array([[1.0], [2.0], [4.0]]),
        np.c_[RNG.standard_normal((20, 2)), np.zeros((20, 5))],  # constant coordinates
    ):
        model, low, high = gm.OptimalDenoiser(points), points.min(0), points.max(0)
        x = np.concatenate([points[:2], points[:1] + min(sigma, 1e9), -1e3 * np.ones((1, points.shape[1]))])
        found = model.posterior(x, sigma)
        slack = 1e-15 * np.abs(points).max()
        assert ((found.mean.numpy() >= low - slack) & (found.mean.numpy() <= high + slack)).all()
        assert not any(torch.isnan(getattr(found, name)).any() for name in ("entropy", "log_density", "bound"))
        if len(np.unique(points, axis=0)) == 1:
            np.testing.assert_allclose(found.mean, np.broadcast_to(points[0], x.shape), rtol=1e-15)
            np.testing.assert_allclose(found.effective_neighbours, len(points), rtol=1e-14)


def test_one_far_outlier():
    near = RNG.standard_normal((30, 4))
    points, x = np.concatenate([near, np.full((1, 4), 1e150)]), RNG.standard_normal((8, 4))
    model = gm.OptimalDenoiser(points)
    for sigma in (0.0, 1e-12, 1e-3, 0.5, 10.0, 1e9):
        found = model.posterior(x, sigma)
        with np.errstate(divide="ignore", invalid="ignore"):
            expected = brute(near, x, max(sigma, 1e-9))
        error = np.linalg.norm(found.mean.numpy() - expected, axis=1)
        assert (error <= found.bound.numpy() + 1e-12).all(), sigma
        assert torch.isfinite(found.bound).all()
    np.testing.assert_array_equal(model(points[-1:] * 0.999, 1.0), points[-1:])


@pytest.mark.parametrize("size", [1e30, 1e100, 1e150])
def test_queries_and_levels_of_any_finite_size(images, size):
    model, points = images
    x = np.concatenate([np.full((1, 9), size), np.full((1, 9), -size), np.zeros((1, 9))])
    for sigma in (0.0, 1.0, 1e9, size):
        found = model.posterior(x, sigma, [-1, 0, 1])
        assert ((found.mean >= points.min() - 1e-6) & (found.mean <= points.max() + 1e-6)).all()
        assert not any(torch.isnan(getattr(found, name)).any() for name in ("weights", "entropy", "bound"))
        assert not torch.isnan(found.log_density).any()


@pytest.mark.parametrize("sigma", [1e-12, 1e-6, 1e-2, 0.3, 3.0, 1e3, 1e9])
def test_levels_of_every_size(images, sigma):
    model, points = images
    x = points[:20] + min(sigma, 1e9) * RNG.standard_normal((20, 9))
    found = model.posterior(x, sigma)
    error = np.linalg.norm(found.mean.numpy() - brute(points, x, sigma), axis=1)
    # brute force has distances off by 1e-16 of their squares, over σ², where two points weigh: none does below 1e-2
    assert (error <= found.bound.numpy() + 1e-12).all()
    np.testing.assert_array_equal(found.mean, model(x, sigma))


def test_more_numbers_than_32_bits_count():
    """What is counted and where blocks begin, without going through so many numbers."""

    class Repeated:
        shape, dtype = (2**27, 4096), np.dtype(np.float32)

        def __len__(self):
            return self.shape[0]

        def __getitem__(self, index):
            rows = range(*index.indices(len(self))) if isinstance(index, slice) else index
            seen.append((int(rows[0]), int(rows[-1])))
            return np.broadcast_to(np.float32(1), (len(rows), 4096))

    seen = []
    rows = Rows(Repeated())
    assert rows.shape == (2**27, 4096)
    assert rows[torch.tensor([2**27 - 1, 2**27 - 1])].shape == (2, 4096)
    model = object.__new__(gm.OptimalDenoiser)
    model._points, model._centred, model._classes = rows, None, None
    slices = list(model._slices())
    assert len(slices) == 2**27 * 4096 // 2**21
    assert (slices[0], slices[-1]) == (slice(0, 512), slice(2**27 - 512, 2**27))
    assert rows[slices[-1]].shape == (512, 4096)
    assert seen == [(2**27 - 1, 2**27 - 1), (2**27 - 512, 2**27 - 1)]
