"""What a run is: limits and help of every field, what is wrong and why, the JSON form, the size of a record."""

from __future__ import annotations

import json
from dataclasses import fields, replace

import numpy as np
import pytest

from geomodel.record import Record
from geomodel.settings import RunSettings, from_json, limits, problems, record_bytes, to_json

FIELDS = [item.name for item in fields(RunSettings) if item.name != "schema_version"]
UNUSUAL = RunSettings(
    data="points.csv",
    data_count=7,
    data_seed=3,
    network="net.safetensors",
    driver="network",
    solver="ipndm",
    options={"order": 2, "lower_order_final": True, "analytic_first_step": False, "r": 0.5, "word": "x"},
    schedule="uniform",
    rho=3.5,
    steps=12,
    sigma_max=50.0,
    sigma_min=0.01,
    final_zero=True,
    start="point",
    start_index=4,
    start_point=(0.25, -1e-3),
    count=5,
    seed=99,
)


@pytest.mark.parametrize("name", FIELDS)
def test_every_field_has_a_title_and_a_help_text(name):
    found = limits(name)
    assert found.title
    assert found.help.endswith(".")
    if found.low is not None and found.high is not None:
        assert found.low < found.high


def test_limits_say_what_the_fields_allow():
    assert (limits("steps").low, limits("steps").high) == (1, 10_000)
    assert (limits("count").low, limits("count").high) == (1, 10**9)  # the memory bounds it before
    assert (limits("seed").low, limits("seed").high) == (0, 2**31 - 1)
    assert (limits("driver").low, limits("driver").high) == (None, None)


def test_the_defaults_are_a_run():
    assert problems(RunSettings()) == {}
    assert problems(UNUSUAL) == {}


@pytest.mark.parametrize("name", [name for name in FIELDS if limits(name).low is not None])
def test_a_number_outside_its_limits_is_named_with_limit_and_value(name):
    bounds = limits(name)
    for value, limit, word in ((bounds.low - 1, bounds.low, "at least"), (bounds.high, bounds.high, "at most")):
        if limit is None:
            continue
        value = value if word == "at least" else 2 * value
        found = problems(replace(RunSettings(), **{name: value}))
        assert found == {name: f"{bounds.title} must be {word} {limit:g}; it is {value:g}."}
        assert problems(replace(RunSettings(), **{name: limit})) == {}


def test_not_a_number_is_outside_every_limit():
    assert problems(RunSettings(rho=float("nan"))).keys() == {"rho"}
    assert problems(RunSettings(sigma_max=float("nan"))).keys() == {"sigma_max"}


@pytest.mark.parametrize("value", [0.0, -1.0, 1e101, 1e-101, float("inf")])
@pytest.mark.parametrize("name", ["sigma_min", "sigma_max"])
def test_the_squares_of_noise_levels_are_finite_and_not_zero(name, value):
    (found,) = problems(replace(RunSettings(), **{name: value})).items()
    assert found == (name, f"{limits(name).title} must lie between 10⁻¹⁰⁰ and 10¹⁰⁰; it is {value:g}.")


@pytest.mark.parametrize("low", [2.0, 3.0])
def test_the_noise_levels_must_descend(low):
    found = problems(RunSettings(sigma_min=low, sigma_max=2.0))
    assert found == {"sigma_min": f"σ min ({low:g}) must be smaller than σ max (2)."}
    assert problems(RunSettings(sigma_min=low)) == {}  # an open end is filled in from the data


def test_every_wrong_field_is_found_at_once():
    assert problems(RunSettings(steps=0, count=0, sigma_max=-1.0)).keys() == {"steps", "count", "sigma_max"}


@pytest.mark.parametrize("settings", [RunSettings(), UNUSUAL])
def test_settings_come_back_from_json(settings):
    assert from_json(json.loads(json.dumps(to_json(settings)))) == settings
    assert from_json(to_json(settings)) == settings


def test_missing_entries_are_defaults():
    assert from_json({}) == RunSettings()
    assert from_json({"steps": 3}) == RunSettings(steps=3)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"stepz": 3, "other": 1}, "2 unknown entries"),
        ({"steps": "many"}, "steps"),
        ({"steps": 2.5}, "steps"),
        ({"steps": 0}, "steps"),
        ({"steps": None}, "steps"),
        ({"count": 0}, "count"),
        ({"rho": 1e9}, "rho"),
        ({"driver": "magic"}, "driver"),
        ({"start": 3}, "start"),
        ({"options": {"order": [1]}}, "options"),
        ({"start_point": ["a"]}, "start_point"),
        ({"start_point": [0.0] * 65}, "start_point"),
        ({"schema_version": 4}, "schema_version"),
    ],
)
def test_what_is_no_settings_is_refused_in_a_sentence(values, said):
    with pytest.raises(ValueError, match=said) as refused:
        from_json(values)
    text = str(refused.value)
    assert text.startswith("The settings ")
    assert text.endswith(".")


def test_seeds_are_consecutive():
    assert list(RunSettings(seed=5, count=3).seeds) == [5, 6, 7]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_size_that_a_form_shows_is_that_of_a_record(dtype):
    record = Record(np.linspace(3.0, 1.0, 7), 5, (1, 4, 3), dtype)
    size = record_bytes(count=5, steps=6, numbers=12, itemsize=np.dtype(dtype).itemsize)
    assert size == record.x.nbytes + record.denoised.nbytes


def test_an_option_without_a_limit_is_json_and_comes_back():
    settings = RunSettings(solver="churn", options={"s_churn": 5.0, "s_max": float("inf")})
    text = json.dumps(to_json(settings), allow_nan=False)  # JSON has no infinite number
    assert from_json(json.loads(text)) == settings
