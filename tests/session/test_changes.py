"""What two settings differ in, in words."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from window_runs import moons

from app.session.changes import MATTERS, WORDS, changes, sentence
from app.session.state import AppState
from geomodel.settings import RunSettings

BASE = RunSettings(sigma_min=0.01, sigma_max=80.0)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"steps": 30}, "steps 18 → 30"),
        ({"data": "gaussian-ring"}, "data Two moons → Gaussian ring"),
        ({"data": "/somewhere/points.csv"}, "data Two moons → points.csv"),
        ({"network": "/somewhere/two-moons.safetensors"}, "network none → two-moons"),
        ({"driver": "network"}, "driver D* → Dθ"),
        ({"label": 1}, "class any → lower moon"),
        ({"schedule": "uniform"}, "schedule Karras (ρ) → Uniform in σ"),
        ({"sigma_max": 40.0}, "σ max 80 → 40"),
        ({"rho": 5.0}, "ρ 7 → 5"),
        ({"final_zero": True}, "final jump to 0 off → on"),
        ({"jump_at": 4}, "jump at level never → 4"),
        ({"start": "exact"}, "start noise about the mean → data + noise"),
        ({"seed": 123456789}, "seed 0 → 123456789"),
        ({"compared_with": "classes"}, "compared with D* → D_C"),
        ({"driver": "nearest", "driver_options": {"k": 4}}, "driver D* → nearest-data D, neighbours k 10 → 4"),
        ({"sigma_max": 80.00001}, "σ max changed"),
    ],
)
def test_a_change_is_named_with_the_title_of_its_field(change, words):
    state = AppState()
    state.set_data(moons())
    assert sentence(changes(BASE, replace(BASE, **change), state.class_name)) == words


@pytest.mark.parametrize(
    "change",
    [
        {},
        {"guidance": 3.0},  # no class is asked for
        {"blend": 0.1},
        {"beside": False},  # D* itself drives
        {"start_index": 4},
        {"start_point": (1.0, 2.0)},
        {"levels": (3.0, 1.0)},
        {"sigma_max": None},  # left open: not known yet
    ],
)
def test_what_decides_nothing_is_no_change(change):
    assert changes(BASE, replace(BASE, **change)) == ()


def test_options_of_the_same_driver_are_compared_with_each_other():
    before = replace(BASE, driver="smoothed", driver_options={"deviation": 0.5, "draws": 4})
    assert sentence(changes(before, replace(before, driver_options={"deviation": 0.2, "draws": 4}))) == (
        "smoothing s 0.5 → 0.2"
    )
    assert changes(before, replace(before, driver_options={"draws": 4, "deviation": 0.5})) == ()


def test_what_matters_with_another_field_is_named_beside_it():
    after = replace(BASE, label=2, guidance=3.0)
    assert sentence(changes(BASE, after)) == "class any → 2, guidance w 1 → 3"
    blend = replace(BASE, driver="blend", blend=0.25)
    assert sentence(changes(BASE, blend)) == "driver D* → a Dθ + (1 − a) D*, share a 0.5 → 0.25"


def test_a_class_that_keeps_its_name_is_no_change():
    """Another driver may have another number for it."""
    names = {0: "cat", 1: "dog", 2: "cat"}
    after = replace(BASE, driver="network", label=2)
    found = changes(replace(BASE, label=0), after, lambda settings: names[settings.label])
    assert sentence(found) == "driver D* → Dθ"
    found = changes(replace(BASE, label=2), after, lambda settings: "cat" if settings.driver == "network" else "ant")
    assert sentence(found) == "driver D* → Dθ, class ant → cat"


def test_options_are_named_by_themselves():
    before = replace(BASE, solver="ipndm", options={"order": 2})
    assert sentence(changes(before, replace(before, options={"order": 3}))) == "order 2 → 3"
    assert len(changes(before, replace(before, options={}))) == 1  # from 2 to what is usual
    assert len(changes(before, replace(before, solver="heun", options={}))) == 1


def test_levels_of_a_list_are_not_listed():
    before = replace(BASE, schedule="custom", levels=(3.0, 1.0))
    assert sentence(changes(before, replace(before, levels=(3.0, 2.0)))) == "levels changed"


def test_at_most_three_are_named():
    after = replace(BASE, driver="mixture", steps=30, seed=4, count=5, final_zero=True)
    found = changes(BASE, after)
    assert len(found) == 5
    assert sentence(found).endswith(" and 2 more")
    assert sentence(found).count("→") == 3
    assert sentence(found, len(found)).count("→") == 5
    assert sentence(found, 1).endswith(" and 4 more")
    assert sentence(()) == ""


def test_the_tables_name_fields_of_the_settings():
    assert MATTERS.keys() | WORDS.keys() <= {field.name for field in fields(RunSettings)}
