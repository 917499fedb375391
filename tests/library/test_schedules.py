"""Schedules against their formulas written another way, and the limits of what they accept."""

from __future__ import annotations

import dataclasses
from itertools import product

import numpy as np
import pytest
from problems import ring8

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
        (schedules.polyexponential(40, 0.01, 50.0, rho=3.0), lambda values: np.cbrt(np.log(values / 0.01))),
        (schedules.cosine(40, 0.01, 50.0), np.arctan),
        (schedules.vp_time(40, 0.01, 50.0, rho=2.0), lambda values: np.sqrt(vp_times(values))),
    ):
        gaps = np.diff(transform(levels))
        np.testing.assert_allclose(gaps, gaps.mean(), atol=1e-12 * np.abs(gaps).sum(), rtol=0)


def vp_times(levels, earliest=1e-3):
    """t of σ² + 1 = exp(β_d t²/2 + β_min t): the quadratic's root, with β_d and β_min from a linear system."""
    growth = np.log(1 + levels**2)
    half, linear = np.linalg.solve([[1, 1], [earliest**2, earliest]], [growth[0], growth[-1]])
    return 2 * growth / (linear + np.sqrt(linear**2 + 4 * half * growth))


def test_the_vp_time_of_the_literature():
    # σ from 80 to 0.002 over t from 1 to 0.001, as `time_uniform` of the papers' code has it (four digits).
    levels = schedules.vp_time(4)
    times = np.array([1.0, 0.75025, 0.5005, 0.25075, 0.001])
    half = (np.log(6401) - np.log1p(4e-6) / 1e-3) / 0.999
    np.testing.assert_allclose(levels, np.sqrt(np.exp(half * times**2 + (np.log(6401) - half) * times) - 1), rtol=1e-9)
    np.testing.assert_allclose(vp_times(levels), times, rtol=1e-9)  # exp − 1 at 4e-6 keeps ten digits


@pytest.mark.parametrize(("low", "high"), [(0.1, 9.0), (0.5, 80.0), (2.0, 3.0), (1e-6, 1e6)])
def test_the_vp_rate_never_turns_negative(low, high):
    levels = schedules.vp_time(200, low, high)
    assert (np.diff(levels) < 0).all()
    growth = np.log1p(levels**2)
    ratio = growth[-1] / growth[0]
    last = 1 - np.sqrt(1 - ratio)
    if last > 1e-3:  # then ln(1 + σ²) = ln(1 + σ_max²) (1 − (1 − t)²): the rate is just 0 at t = 1
        times = np.linspace(1, last, 201)
        np.testing.assert_allclose(growth, growth[0] * (1 - (1 - times) ** 2), rtol=1e-9)


def test_polyexponential_of_rho_1_is_uniform_in_the_logarithm():
    np.testing.assert_allclose(schedules.polyexponential(30), schedules.log_uniform(30), rtol=1e-13)
    # ρ = 2 halfway: a quarter of the way in log σ is left.
    middle = schedules.polyexponential(2, 0.01, 100.0, rho=2.0)[1]
    assert middle == pytest.approx(0.01 * 10**1.0, rel=1e-13)


def test_cosine_is_iddpm_without_offset():
    levels = schedules.cosine(50, 0.01, 60.0)
    t = 2 / np.pi * np.arctan(levels)
    np.testing.assert_allclose(np.diff(t), np.diff(t).mean(), rtol=1e-9)
    alpha_bar = np.cos(np.pi / 2 * t) ** 2
    np.testing.assert_allclose(np.sqrt(1 / alpha_bar - 1), levels, rtol=1e-9)  # 1/ᾱ − 1 at 1e-4 keeps twelve digits


@pytest.mark.parametrize("name", ["polyexponential", "vp_time"])
def test_rho_has_its_own_default(name):
    (option,) = schedules.row(name).options
    assert option.default == 1.0
    np.testing.assert_array_equal(schedules.build(name), schedules.build(name, rho=1.0))
    assert (schedules.build(name)[1:-1] != schedules.build(name, rho=2.0)[1:-1]).all()
    assert schedules.row("karras").options[0].default == 7.0


class Trained:
    """A model with the levels of linear betas, from noise or from data."""

    def __init__(self, order):
        survival = np.cumprod(1 - np.linspace(1e-4, 0.02, 1000))
        self.trained_sigmas = np.sqrt(1 / survival - 1)[::order]


@pytest.mark.parametrize("order", [1, -1])
def test_discrete_levels_are_even_in_the_trained_index(order):
    model = Trained(order)
    table = np.sort(model.trained_sigmas)
    levels = schedules.discrete(model, 9)
    np.testing.assert_array_equal(levels, table[[999, 888, 777, 666, 555, 444, 333, 222, 111, 0]])
    np.testing.assert_array_equal(schedules.discrete(model, 10, final_zero=True), [*levels, 0.0])
    np.testing.assert_array_equal(schedules.discrete(model, 999), table[::-1])
    assert np.isin(schedules.discrete(model, 17), table).all()
    with pytest.raises(ValueError, match="coincide"):
        schedules.discrete(model, 1000)


def test_a_continuous_model_has_no_discrete_levels():
    with pytest.raises(ValueError, match=r"Mixture has no table .* continuous"):
        schedules.discrete(ring8(), 5)
    for wrong in ([], [1.0], [0.0, 1.0]):
        model = Trained(1)
        model.trained_sigmas = wrong
        with pytest.raises(ValueError, match="two or more above 0"):
            schedules.discrete(model, 5)


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


@pytest.mark.parametrize("name", ["karras", "polyexponential", "vp_time"])
@pytest.mark.parametrize("rho", [0.0, -1.0, float("nan"), 1e9, "7"])
def test_rho_has_limits(name, rho):
    with pytest.raises(ValueError, match="rho"):
        schedules.build(name, rho=rho)


def test_numpy_numbers_are_numbers():
    np.testing.assert_array_equal(
        schedules.karras(np.int64(18), np.float64(0.002), np.float64(80.0), rho=np.float64(7.0)), schedules.karras()
    )


@pytest.mark.parametrize(
    "text",
    [
        "14.615, 6.475, 3.5, 0.029",
        "[14.615, 6.475, 3.5, 0.029]",
        "\ufeff14.615\r\n6.475\r\n3.5\r\n0.029\r\n",
        "14.615; 6.475; 3.5; 0.029",
        "[14.615 6.475\n  3.5   0.029]",
        "tensor([14.6150,  6.4750,  3.5000,  0.0290], device='cuda:0', dtype=torch.float64)",
        "tensor([1.4615e+01, 6.4750e+00, 3.5, 2.9e-02], requires_grad=True)",
        "array([14.615, 6.475, 3.5, 0.029], dtype=float32)",
        "(np.float64(14.615), np.float64(6.475), np.float64(3.5), np.float64(0.029))",
    ],
)
def test_lists_are_read_as_programs_print_them(text):
    assert schedules.levels_from_text(text) == (14.615, 6.475, 3.5, 0.029)


@pytest.mark.parametrize("text", ["three", "[80, ..., 1]", "80 1x"])
def test_other_text_is_no_list(text):
    with pytest.raises(ValueError, match="no list of numbers"):
        schedules.levels_from_text(text)


def test_decimal_commas_are_not_taken_for_separators():
    with pytest.raises(ValueError, match="decimal points"):
        schedules.levels_from_text("80,5; 4,2; 1,0")


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
