"""Levels of settings that a person is still typing: either levels, or which field is wrong and why."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from geomodel import runs, schedules
from geomodel.draft_levels import levels_or_problems
from geomodel.settings import CUSTOM, RunSettings

GOOD = {"sigma_min": 0.002, "sigma_max": 80.0}


@pytest.mark.parametrize(
    ("changes", "field", "words"),
    [
        ({"sigma_min": 80.0}, "sigma_min", "smaller than σ max"),
        ({"sigma_min": 4e9}, "sigma_min", "smaller than σ max"),
        ({"sigma_max": 1e308}, "sigma_max", "must lie between"),
        ({"sigma_min": -1.0}, "sigma_min", "must lie between"),
        ({"rho": 0.07}, "rho", "at least 0.1"),
        ({"rho": 1e308}, "rho", "at most 100"),
        ({"rho": -3.0}, "rho", "at least 0.1"),
        ({"steps": 0}, "steps", "at least 1"),
        ({"steps": -18}, "steps", "at least 1"),
        ({"steps": 4_000_000_000}, "steps", "at most 10000"),
        ({"count": 10**308}, "count", "at most 1e+09"),
        ({"jump_at": 19}, "jump_at", "from 0 to 18; got 19"),
        ({"jump_at": 18, "final_zero": True}, "jump_at", "from 0 to 17; got 18"),
        ({"schedule": CUSTOM, "levels": ()}, "schedule", "at least two"),
        ({"schedule": CUSTOM, "levels": (1.0, 2.0)}, "schedule", "descend"),
        ({"steps": 10_000, "sigma_min": 79.999999999999}, "steps", "too fine"),
        ({"schedule": "karras", "sigma_max": 1e90, "rho": 0.1}, "steps", "too large"),
    ],
)
def test_what_is_wrong_is_said_at_its_field(changes, field, words):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = levels_or_problems(RunSettings(**{**GOOD, **changes}))
    assert isinstance(found, dict)
    assert words in found[field]


@pytest.mark.parametrize("schedule", schedules.names())
def test_levels_are_those_of_the_run(schedule):
    settings = RunSettings(**GOOD, schedule=schedule, steps=9, jump_at=4)
    found = levels_or_problems(settings)
    assert np.array_equal(found, runs.noise_levels(settings))
    assert len(found) == 6


@pytest.mark.parametrize("schedule", ["polyexponential", "vp_time", "karras"])
def test_ends_that_a_formula_cannot_compute_with_are_refused(schedule):
    own = {"rho": 0.1} if schedule == "karras" else {}
    with pytest.raises(ValueError, match="too large"):
        schedules.build(schedule, steps=5, sigma_min=1e-300, sigma_max=1e300, **own)


NUMBERS = st.one_of(
    st.sampled_from([0.0, -0.0, 0.07, 1e308, -1.0, 5e-324, 1e-320, float("inf"), float("nan"), 80.0, 0.002, 1e9]),
    st.floats(width=64),
)
WHOLE = st.one_of(st.sampled_from([0, -1, 1, 18, 10_000, 10_001, 4 * 10**9, 10**308]), st.integers())


@settings(max_examples=200, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
@given(
    schedule=st.sampled_from([*schedules.names(), CUSTOM]),
    sigma_min=NUMBERS,
    sigma_max=NUMBERS,
    rho=NUMBERS,
    steps=WHOLE,
    jump_at=WHOLE,
    final_zero=st.booleans(),
    levels=st.lists(NUMBERS, max_size=4).map(tuple),
)
def test_nothing_that_can_be_typed_raises(**typed):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = levels_or_problems(RunSettings(**typed))
    if isinstance(found, dict):
        assert all(found.values())
    else:
        assert np.isfinite(found).all()
        assert (np.diff(found) < 0).all()
