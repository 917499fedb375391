"""Drawings: points stand evenly along the strokes, a smaller set begins a larger one, and settings keep the strokes."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

import geomodel as gm
from geomodel import strokes
from geomodel.datasets import DRAWING, DataError, drawing
from geomodel.settings import RunSettings, from_json, problems, to_json

ELL = ((0.0, 0.0), (3.0, 0.0), (3.0, 1.0))
PAIR = (ELL, ((-1.0, 5.0), (-1.0, 7.0)))


def test_a_drawing_repeats_and_nests():
    whole, again = (drawing(PAIR, count=500, seed=3, width=0.4) for _ in range(2))
    fewer, other = drawing(PAIR, count=77, seed=3, width=0.4), drawing(PAIR, count=500, seed=4, width=0.4)
    assert whole.fingerprint == again.fingerprint != other.fingerprint
    np.testing.assert_array_equal(fewer.points, whole.points[:77])
    np.testing.assert_array_equal(fewer.labels, whole.labels[:77])
    assert (whole.points.dtype, whole.points.shape, whole.name, whole.kind) == (np.float64, (500, 2), DRAWING, "toy")
    assert whole.label_names == ("stroke 1", "stroke 2")


@pytest.mark.parametrize("count", [10, 100, 1000])
def test_without_width_the_points_lie_on_the_strokes_with_at_most_three_gaps(count):
    x, y = drawing([ELL], count=count, width=0.0).points.T
    assert ((y == 0) | (x == 3)).all()
    along = np.sort(np.where(x < 3, x, 3 + y))
    gaps = np.diff(along)
    # the three gap theorem, which holds on the circle: the two ends of the line share one of the gaps
    assert len(np.unique(gaps.round(9))) <= 3
    assert gaps.max() < 4 * 2.7 / count  # the largest gap of golden steps is at most φ + 1 of the mean one, 4 / count
    # a strip of length L holds N L / 4 points; of golden steps the discrepancy grows like log N (3 is ample at 1,000)
    for low, high in ((0.0, 1.0), (2.5, 3.7), (1.1, 1.9)):
        assert abs(((along >= low) & (along < high)).sum() - count * (high - low) / 4) < 3


def test_strokes_share_the_points_by_length_and_width():
    labels = drawing(PAIR, count=9000, width=1.0).labels
    assert abs((labels == 0).sum() - 9000 * 5 / 8) < 4  # weights 4 + 1 and 2 + 1; an even sequence, as above


def test_the_noise_is_normal_across_and_nothing_along():
    points = drawing([((0.0, 0.0), (0.0, 8.0))], count=20_000, width=0.6).points
    assert points[:, 1].min() >= 0
    assert points[:, 1].max() <= 8
    across = points[:, 0] / 0.3
    # five deviations of the mean (1/√n), the variance (√(2/n)) and the fourth moment (√(96/n)) of n = 20,000 normals
    assert abs(across.mean()) < 5 / np.sqrt(20_000)
    assert abs(across.var() - 1) < 5 * np.sqrt(2 / 20_000)
    assert abs((across**4).mean() - 3) < 5 * np.sqrt(96 / 20_000)


def test_a_dot_is_a_round_gaussian():
    for dot in (((2.0, 1.0),), ((2.0, 1.0), (2.0, 1.0))):
        away = drawing([dot], count=20_000, width=0.6).points - (2, 1)
        np.testing.assert_allclose(np.cov(away.T), 0.09 * np.eye(2), atol=5 * 0.09 * np.sqrt(2 / 20_000))
    assert (drawing([((1.0, 2.0),)], count=5, width=0).points == (1, 2)).all()


def test_far_and_small_drawings_are_the_same_drawing():
    plain = drawing(PAIR, count=200, width=0.3).points
    for scale, shift in ((1e3, 1e5), (1e-3, 1e5), (1e90, 0.0)):
        moved = [[(shift + scale * x, shift + scale * y) for x, y in stroke] for stroke in PAIR]
        found = drawing(moved, count=200, width=0.3 * scale).points
        # coordinates near 1e5 carry errors of 1e5 · 2⁻⁵³ ≈ 1e-11, in units of the scale 1e-8
        np.testing.assert_allclose((found - shift) / scale, plain, atol=1e-7)


def test_many_strokes_are_no_classes():
    many = drawing([((float(k), 0.0), (float(k), 1.0)) for k in range(65)], count=100)
    assert many.labels is None
    assert many.label_names is None


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"strokes": ()}, "empty"),
        ({"strokes": ((),)}, "empty"),
        ({"strokes": (((0.0, float("nan")),),)}, "finite"),
        ({"strokes": (((0.0, float("inf")),),)}, "finite"),
        ({"strokes": (((0.0, 0.0),),) * 1001}, "1,000 strokes"),
        ({"strokes": (((0.0, 0.0),) * 10_001,)}, "10,000 vertices"),
        ({"strokes": (((0.0, 0.0, 1.0),),)}, "two coordinates"),
        ({"strokes": ("ab",)}, "two coordinates"),
        ({"width": -1.0}, "width"),
        ({"width": float("nan")}, "width"),
        ({"count": 0}, "1 to"),
        ({"seed": -1}, "seed"),
    ],
)
def test_a_refusal_is_one_sentence(wrong, words):
    with pytest.raises(DataError, match=words) as refusal:
        drawing(**{"strokes": PAIR, **wrong})
    assert "\n" not in str(refusal.value)


def test_an_eraser_cuts_at_the_rim_and_leaves_the_rest_alone():
    line, other = ((0.0, 0.0), (10.0, 0.0)), ((0.0, 5.0), (10.0, 5.0))
    found = strokes.erased((line, other), (4.0, 3.0), 5.0)  # it meets the line at 4 ± 4, and the other at 4 ± √21
    np.testing.assert_allclose(found[0], ((8, 0), (10, 0)), atol=1e-12)
    np.testing.assert_allclose(found[1], ((4 + np.sqrt(21), 5), (10, 5)), atol=1e-12)
    assert strokes.erased((line, other), (5.0, 2.5), 2.0)[0] is line
    assert strokes.erased((((1.0, 1.0),), line), (1.0, 1.0), 0.5) == (line,)
    assert strokes.erased((ELL,), (1.5, 0.5), 10.0) == ()


@pytest.mark.parametrize("seed", range(5))
def test_an_eraser_keeps_what_is_outside_and_nothing_else(seed):
    random = np.random.default_rng(seed)
    stroke = tuple(map(tuple, random.normal(size=(12, 2)).tolist()))
    centre, radius = tuple(random.normal(size=2).tolist()), 0.7
    found = strokes.erased((stroke,), centre, radius)

    def sampled(lines):
        shares = (np.arange(20_000) + 0.5) / 20_000
        parts = [np.asarray(a) + shares[:, None] * np.subtract(b, a) for s in lines for a, b in pairwise(s)]
        lengths = [np.linalg.norm(np.subtract(b, a)) for s in lines for a, b in pairwise(s)]
        return parts, lengths

    parts, lengths = sampled((stroke,))
    outside = sum(
        length * (np.linalg.norm(part - centre, axis=1) > radius).mean()
        for part, length in zip(parts, lengths, strict=True)
    )
    left, left_lengths = sampled(found)
    assert all((np.linalg.norm(part - centre, axis=1) > radius - 1e-9).all() for part in left)
    # each of 11 segments is judged at 20,000 places, so two crossings cost at most two spacings of it
    assert sum(left_lengths) == pytest.approx(outside, abs=2 * sum(lengths) / 20_000)


def test_a_simplified_stroke_stays_within_its_tolerance():
    angle = np.linspace(0, 6, 400)
    wave = tuple(map(tuple, np.stack([angle, np.sin(angle)], axis=1).tolist()))
    found = strokes.simplified(wave, 0.01)
    assert found[0] == wave[0]
    assert found[-1] == wave[-1]
    assert set(found) <= set(wave)
    assert len(found) < 40  # chords of sag 0.01 on a curve of curvature 1 have the length 0.28
    x, y = np.asarray(found).T
    assert np.abs(np.interp(angle, x, y) - np.sin(angle)).max() < 0.015  # vertical, on slopes up to 1: √2 tolerances
    assert strokes.simplified(((0.0, 0.0),), 1.0) == ((0.0, 0.0),)
    assert strokes.simplified(((0.0, 0.0), (1.0, 0.0), (2.0, 0.0)), 0.0) == ((0.0, 0.0), (2.0, 0.0))


def test_the_text_of_a_drawing_is_read_again():
    assert strokes.from_text(strokes.text(PAIR)) == PAIR
    for wrong in ("", ";", "1", "1,2,3", "a,b", "1,nan"):
        with pytest.raises(ValueError, match="drawing"):
            strokes.from_text(wrong)


# ---------------------------------------------------------------- in the settings of a run

SETTINGS = RunSettings(data=DRAWING, drawing=PAIR, drawing_width=0.3, data_count=50)


def test_settings_keep_a_drawing():
    assert from_json(to_json(SETTINGS)) == SETTINGS
    assert not problems(SETTINGS)
    loaded, made = SETTINGS.data_key.load(), drawing(PAIR, count=50, width=0.3)
    assert loaded.fingerprint == made.fingerprint
    assert replace(SETTINGS, data="spiral").data_key == RunSettings(data="spiral", data_count=50).data_key


def test_settings_of_a_stranger_are_bounded():
    assert "empty" in problems(replace(SETTINGS, drawing=()))["data"]
    hostile = (
        [[[0.0, 0.0]]] * 1001,
        [[[0.0, 0.0]] * 10_001],
        [[[1e200, 0.0]]],
        [[[0.0, 0.0, 0.0]]],
        [["0,0"]],
        {"0": 1},
    )
    for value in hostile:
        with pytest.raises(ValueError, match="drawing"):
            from_json({**to_json(SETTINGS), "drawing": value})


def test_a_run_of_a_drawing_is_copied_as_code(tmp_path):
    settings = replace(SETTINGS, count=2, steps=2, sigma_max=5.0, sigma_min=0.01)
    code = gm.scripts.python(settings)
    assert "gm.datasets.drawing(" in code
    scope: dict = {}
    exec(compile(code.split("network = None")[0], "copied", "exec"), scope)
    assert scope["data"].fingerprint == settings.data_key.load().fingerprint
    command = gm.scripts.command_line(settings)
    assert f"--drawing '{strokes.text(PAIR)}' --drawing-width 0.3" in command
