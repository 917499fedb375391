"""Schedules against their formulas written another way, and the limits of what they accept."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest

from geomodel import schedules

# paper.md section 0: the 20-step grid as the authors' notebooks print it, four digits.
PRINTED = (
    "80 60.56 45.31 33.49 24.41 17.53 12.38 8.589 5.839 3.881 2.515 1.584 "
    "0.9654 0.5666 0.3183 0.1698 0.08509 0.03954 0.01672 0.006266 0.002"
)


def test_karras_is_the_published_grid():
    printed = np.array([float(word) for word in PRINTED.split()])
    # Half a unit of the fourth digit is at most 5e-4 of the value.
    np.testing.assert_allclose(schedules.karras(20), printed, rtol=5e-4)


@pytest.mark.parametrize("name", schedules.names())
def test_ends_are_exact_and_levels_descend(name):
    for steps, final_zero in product((1, 2, 18, 1000), (False, True)):
        levels = schedules.build(name, steps=steps, sigma_min=0.013, sigma_max=71.7, final_zero=final_zero)
        assert levels.dtype == np.float64
        assert levels.shape == (steps + 1,)
        assert levels[0] == 71.7
        assert (np.diff(levels) < 0).all()
        assert levels[-1] == (0.0 if final_zero else 0.013)
        if final_zero and steps > 1:
            assert levels[-2] == 0.013


def test_the_final_zero_is_one_of_the_steps():
    for name in schedules.names():
        found = schedules.build(name, steps=9, final_zero=True)
        np.testing.assert_array_equal(found, [*schedules.build(name, steps=8), 0.0])
        np.testing.assert_array_equal(schedules.build(name, steps=1, sigma_max=5.0, final_zero=True), [5.0, 0.0])


def test_each_formula_is_even_in_its_own_variable():
    # Even spacing to 1e-12 of the range: the powers and logarithms cost a few hundred roundings at most.
    for levels, transform in (
        (schedules.karras(40, 0.01, 50.0, rho=3.0), np.cbrt),
        (schedules.log_uniform(40, 0.01, 50.0), np.log),
        (schedules.uniform(40, 0.01, 50.0), lambda values: values),
    ):
        gaps = np.diff(transform(levels))
        np.testing.assert_allclose(gaps, gaps.mean(), atol=1e-12 * np.abs(gaps).sum(), rtol=0)


def test_rho_joins_uniform_and_log_uniform():
    # rho = 1 is the same formula, up to rounding of one product.
    np.testing.assert_allclose(schedules.karras(30, rho=1.0), schedules.uniform(30), rtol=1e-12)
    # The distance to the limit is O(log(ratio)²/rho): (10.6)²/8/1000 = 1.4 %.
    np.testing.assert_allclose(schedules.karras(30, rho=1000.0), schedules.log_uniform(30), rtol=0.015)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"steps": 0}, "at least one step"),
        ({"steps": -3}, "at least one step"),
        ({"steps": 2.5}, "whole number"),
        ({"steps": True}, "whole number"),
        ({"sigma_min": 80.0}, "below sigma_max"),
        ({"sigma_min": 100.0}, "below sigma_max"),
        ({"sigma_min": 0.0}, "above 0"),
        ({"sigma_min": -1.0}, "above 0"),
        ({"sigma_min": float("nan")}, "finite"),
        ({"sigma_max": float("inf")}, "finite"),
        ({"sigma_max": "80"}, "number"),
        ({"sigma_min": 1.0, "sigma_max": 1.0 + 4e-16, "steps": 50}, "coincide"),
    ],
)
def test_what_makes_no_schedule_is_refused_in_a_sentence(keywords, message):
    for name in schedules.names():
        with pytest.raises(ValueError, match=message):
            schedules.build(name, **keywords)


@pytest.mark.parametrize("rho", [0.0, -1.0, float("nan"), 1e9, "7"])
def test_rho_has_limits(rho):
    with pytest.raises(ValueError, match="rho"):
        schedules.karras(rho=rho)


def test_numpy_numbers_are_numbers():
    np.testing.assert_array_equal(
        schedules.karras(np.int64(18), np.float64(0.002), np.float64(80.0), rho=np.float64(7.0)), schedules.karras()
    )


def test_custom_keeps_levels_exactly():
    levels = [80.0, 3.3, 0.1, 0.0]
    found = schedules.custom(levels)
    assert found.tolist() == levels
    given = np.array(levels)
    schedules.custom(given)[0] = 1.0
    assert given[0] == 80.0  # a copy


@pytest.mark.parametrize(
    ("levels", "message"),
    [
        ([1.0], "at least two"),
        ([], "at least two"),
        ([[2.0, 1.0]], "at least two"),
        ([2.0, float("nan")], "NaN"),
        ([float("inf"), 1.0], "infinite"),
        ([2.0, -1.0], "0 or more"),
        ([2.0, 2.0, 1.0], "level 0 is 2.0 and level 1 is 2.0"),
        ([3.0, 1.0, 2.0], "level 1 is 1.0 and level 2 is 2.0"),
    ],
)
def test_custom_refuses_what_is_no_schedule(levels, message):
    with pytest.raises(ValueError, match=message):
        schedules.custom(levels)


def test_a_jump_cuts_the_levels_and_appends_zero():
    levels = schedules.karras(4)
    assert schedules.with_jump(levels, None) is levels
    np.testing.assert_array_equal(schedules.with_jump(levels, 2), [*levels[:3], 0.0])
    np.testing.assert_array_equal(schedules.with_jump(levels, 4), [*levels, 0.0])
    np.testing.assert_array_equal(schedules.with_jump(levels, 0), [80.0, 0.0])
    for index in (-1, 5, 1.5, True):
        with pytest.raises(ValueError, match="jump_at"):
            schedules.with_jump(levels, index)
    with pytest.raises(ValueError, match="from 0 to 3"):
        schedules.with_jump(schedules.karras(4, final_zero=True), 4)


def test_the_table_names_its_errors():
    with pytest.raises(ValueError, match="karras, log_uniform, uniform"):
        schedules.build("cosine-ish")
    with pytest.raises(TypeError, match="steps, sigma_min, sigma_max, final_zero, rho"):
        schedules.build("karras", roh=3.0)
    with pytest.raises(TypeError, match="rho"):
        schedules.build("uniform", rho=3.0)
    row = schedules.row("karras")
    assert "ρ" in row.formula
    assert [option.name for option in row.options] == ["rho"]
    with pytest.raises(dataclasses.FrozenInstanceError):
        row.name = "other"
