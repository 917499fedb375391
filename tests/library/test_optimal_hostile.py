"""Wrong input of the optimal denoiser: one sentence that says what was found."""

from __future__ import annotations

import math

import numpy as np
import pytest
import torch

import geomodel as gm
from geomodel.denoisers.optimal import optimal as optimal_module
from geomodel.denoisers.optimal.jacobian import PosteriorCovariance, soft_dimension
from geomodel.denoisers.optimal.leave_one_out import leave_out

RNG = np.random.default_rng(0)
POINTS = RNG.standard_normal((6, 3))
CLASSES = np.array([0, 0, 1, 1, 3, -1])
X = np.zeros((2, 3))
MODEL = gm.OptimalDenoiser(POINTS, CLASSES)
OBJECTS = np.array([[{}, 1, 2]], object)


def bad(value, shape=(2, 3)):
    array = np.zeros(shape)
    array.flat[-1] = value
    return array


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
        monkeypatch.setattr(optimal_module, "RESIDENT_NUMBERS", 0)
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
