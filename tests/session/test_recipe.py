"""Recipes as text: what a window writes is read again, and what strangers write is one clause."""

from __future__ import annotations

import json

import pytest

import resources
from app.session.lanes import Lanes
from app.session.plane_options import PlaneOptions
from app.session.recipe import composed, decoded, text
from app.session.state import AppState, Run, Selection
from geomodel.origin import origin
from geomodel.settings import RunSettings, to_json
from geomodel.trajectory import Trajectory

SETTINGS = RunSettings(sigma_min=0.01, sigma_max=10.0)
GOOD = {"run": to_json(SETTINGS)}
LANE = RunSettings(solver="euler", steps=5, sigma_min=0.01, sigma_max=10.0)


@pytest.fixture(scope="module")
def state(qapp):
    state = AppState()
    trajectory = Trajectory.load(resources.path("runs", "two-moons.npz"))
    state.add_run(Run(1, origin(trajectory).settings, "complete", trajectory=trajectory))
    state.selection = Selection(1, 3, 7)
    state.set_plane_options(PlaneOptions(frame="scaled", probe=(0.5, -1.0), layers=frozenset({"data", "field"})))
    return state


def test_what_was_looked_at_is_read_again(state):
    lanes = Lanes(state)
    lanes.add(LANE)
    found = decoded(text(composed(state, lanes, "plane", "explore")))
    assert found.origin == origin(state.run.trajectory)
    seen = found.seen
    assert (seen.view, seen.workspace, seen.sample, seen.level) == ("plane", "explore", 3, 7)
    assert seen.options == state.plane_options
    assert found.lanes == (LANE,)


def test_a_window_without_a_run_has_no_recipe(qapp):
    state = AppState()
    assert composed(state, Lanes(state), "plane", "explore") == {}


def test_pictures_of_earlier_versions_say_less(state):
    found = decoded(json.dumps(state.run.trajectory.settings))
    assert found.origin == origin(state.run.trajectory)
    assert found.seen is None
    assert found.lanes == ()


def _with(**changes):
    return json.dumps({**GOOD, **changes})


@pytest.mark.parametrize(
    "said",
    [
        "",
        "no json",
        "[1, 2]",
        "[" * 100_000,
        '{"a":' * 100_000,
        '{"run": ' + '{"options": ' * 50_000,
        "{}",
        '{"run": 3}',
        '{"run": {"steps": "many"}}',
        '{"run": {"steps": 1e400}}',
        json.dumps({"run": {**to_json(SETTINGS), "steps": 10**9}}),
        json.dumps({"run": {**to_json(SETTINGS), "solver": "rm -rf"}}),
        json.dumps({"run": {**to_json(SETTINGS), "unknown": 1}}),
        json.dumps({"run": {**to_json(SETTINGS), "schema_version": 99}}),
        _with(**{"class": ["a"]}),
        _with(data={"name": "a", "fingerprint": "none"}),
        _with(network={"name": "a" * 100_000, "sha256": None}),
        _with(seen=[]),
        _with(seen={"level": -1}),
        _with(seen={"level": 10**12}),
        _with(seen={"options": {"frame": "upside down"}}),
        _with(seen={"options": {"probe": ["a", "b"]}}),
        _with(seen={"lanes": [to_json(SETTINGS)] * 51}),
        _with(seen={"lanes": [{"steps": -3}]}),
        _with(seen={"view": "a" * 100}),
    ],
)
def test_what_no_window_writes_is_one_clause(said):
    with pytest.raises(ValueError, match=r"^(does not fit|holds settings that no form makes|does not say) ?") as caught:
        decoded(said)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_a_probe_at_no_point_and_unknown_layers_are_left_out():
    seen = {
        "options": {
            "probe": [1e308, 0],
            "layers": ["data", "wormholes"],
            "branch": {"run_id": 1, "sample": 0, "level": 0},
        }
    }
    options = decoded(_with(seen=seen)).seen.options
    assert options.probe is None
    assert options.layers == {"data"}
    assert options.branch is None
