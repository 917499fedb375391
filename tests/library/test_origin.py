"""What a run file says of its settings, data and network is believed only as far as a form could have made it."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from saved_runs import make_run

import geomodel as gm
from geomodel import runs
from geomodel.error_text import MOST_CHARACTERS
from geomodel.origin import Computed, DataIdentity, NetworkIdentity, origin
from geomodel.settings import RunSettings, to_json

MOONS = to_json(RunSettings(sigma_min=0.01, sigma_max=20.0))
DATA = {"name": "two-moons", "points": 1000, "fingerprint": "sha256:" + "a" * 64}
NETWORK = {"name": "two-moons", "sha256": "b" * 64}
PAGE = "n" * MOST_CHARACTERS


def said(run=MOONS, **entries):
    return origin(make_run(settings={"run": run, **entries}))


def test_what_the_run_says():
    found = said(data=DATA, network=NETWORK, geomodel="0.1", center=[1.0, 2.0, 3.0])
    assert found.settings == RunSettings(sigma_min=0.01, sigma_max=20.0)
    assert found.data == DataIdentity(name="two-moons", fingerprint=DATA["fingerprint"])
    assert found.network == NetworkIdentity(**NETWORK)
    assert said() == replace(found, data=None, network=None)
    assert said(data=None, network={"name": "mine", "sha256": None}).network.sha256 is None
    assert said({**MOONS, "data": PAGE}).settings.data == PAGE
    assert said(**{"class": "sneaker"}).label_name == "sneaker"


def test_what_a_run_of_today_says():
    data = gm.datasets.load("two-moons", count=20)
    run = runs.compute(RunSettings(data_count=20, steps=2, count=1), data)
    assert origin(run).data == DataIdentity(name=data.name, fingerprint=data.fingerprint)
    assert origin(run).settings.steps == 2
    assert origin(run).computed == Computed(threads=torch.get_num_threads())


@pytest.mark.parametrize("computed", [{"threads": -1}, {"threads": 10**9}, {"piece": 0.5}, {"device": "d" * 81}, []])
def test_how_a_run_was_computed_is_believed_within_bounds(computed):
    with pytest.raises(ValueError, match="does not fit"):
        said(computed=computed)
    assert said().computed == Computed()


@pytest.mark.parametrize("version", [1, 2, 3])
def test_settings_of_every_version_are_read(version):
    assert said({**MOONS, "schema_version": version}).settings.schema_version == RunSettings().schema_version


SETTINGS = {
    "unknown": ({"stepz": 3}, "1 unknown entry"),
    "many unknown": ({f"k{k}": 1 for k in range(100_000)}, "The settings have 100,000 unknown entries."),
    "no steps": ({"steps": 0}, "`int` >= 1"),
    "too many steps": ({"steps": 10_001}, "`int` <= 10000"),
    "a step and a half": ({"steps": 1.5}, "`int`, got `float`"),
    "no trajectory": ({"count": 0}, "`int` >= 1"),
    "endless trajectories": ({"count": 10**400}, "`int` <= 1000000000"),
    "an endless start": ({"start_index": 2**63}, "a data point after 2,147,483,647"),
    "no number": ({"rho": float("nan")}, "`float` >= 0.1"),
    "an infinite guidance": ({"guidance": float("inf")}, "`float` <= 50"),
    "no noise": ({"sigma_max": 0.0}, "σ max must lie between"),
    "noise without a number": ({"sigma_max": float("nan")}, "σ max must lie between"),
    "noise upside down": ({"sigma_min": 30.0}, "σ min (30) must be smaller than σ max (20)"),
    "open noise": ({"sigma_max": None}, "sigma_max"),
    "levels that rise": ({"schedule": "custom", "levels": [1.0, 2.0]}, "must descend strictly"),
    "a level without a number": ({"schedule": "custom", "levels": [1.0, float("nan")]}, "NaN or infinite"),
    "no level": ({"schedule": "custom", "levels": []}, "at least two noise levels"),
    "too many levels": ({"levels": list(range(10_002, 0, -1))}, "length <= 10001"),
    "levels too fine": ({"steps": 9000, "sigma_min": 1.0, "sigma_max": 1.0 + 1e-13}, "two levels coincide"),
    "a jump beyond the end": ({"jump_at": 40}, "jump_at"),
    "a start without a number": ({"start": "point", "start_point": [float("nan"), 0.0]}, "must be finite numbers"),
    "an unknown solver": ({"solver": "magic"}, "There is no solver 'magic'"),
    "an unknown schedule": ({"schedule": "magic"}, "There is no schedule 'magic'"),
    "an unknown driver": ({"driver": "magic" * 10_000}, "Invalid enum value"),
    "an unknown option": ({"options": {"order": 3}}, "The solver heun does not know 1 of the options"),
    "many unknown options": ({"options": {str(k): 1 for k in range(100_000)}}, "does not know 100,000 of the options"),
    "an option out of bounds": ({"solver": "ab", "options": {"order": 99}}, "order lies between"),
    "an option without a number": ({"solver": "rk2", "options": {"alpha": float("nan")}}, "alpha must be a finite"),
    "an option of a megabyte": ({"solver": "rk2", "options": {"alpha": "x" * 10**6}}, "alpha must be a number"),
    "data of a megabyte": ({"data": "x" * 10**6}, "`str` of length <= 2000"),
    "a network of a megabyte": ({"network": "x" * 10**6}, "`str` of length <= 2000"),
    "a solver of a megabyte": ({"solver": "x" * 10**6}, "`str` of length <= 2000"),
    "a future version": ({"schema_version": 99}, "Invalid enum value 99"),
}  # fmt: skip


@pytest.mark.parametrize("case", SETTINGS)
def test_settings_that_no_form_makes_are_refused_in_a_sentence(case):
    changes, clause = SETTINGS[case]
    with pytest.raises(ValueError) as refused:
        said({**MOONS, **changes})
    sentence = str(refused.value)
    assert clause in sentence
    assert "\n" not in sentence
    assert sentence.endswith(".")
    assert len(sentence) <= MOST_CHARACTERS


@pytest.mark.parametrize(
    "entries",
    [
        {"data": "two-moons"},
        {"data": {"name": "two-moons"}},
        {"data": {**DATA, "fingerprint": "sha256:abc"}},
        {"data": {**DATA, "fingerprint": None}},
        {"data": {**DATA, "name": f"{PAGE}n"}},
        {"data": {**DATA, "name": ["two-moons"]}},
        {"network": {"name": "two-moons", "sha256": ""}},
        {"network": {"name": "two-moons", "sha256": "B" * 64}},
        {"network": {"name": f"{PAGE}n", "sha256": "b" * 64}},
    ],
)
def test_names_and_fingerprints_are_those_that_the_program_writes(entries):
    with pytest.raises(ValueError, match="What the run says of where it came from does not fit"):
        said(**entries)


@pytest.mark.parametrize("name", [7, None, ["dog"], f"{PAGE}n"])
def test_the_class_is_a_name(name):
    with pytest.raises(ValueError, match="What the run says of its class is no name"):
        said(**{"class": name})


@pytest.mark.parametrize("run", [None, [], "heun"])
def test_a_trajectory_of_a_script_has_no_origin(run):
    with pytest.raises(ValueError, match="without the settings of a run; open it in a script"):
        said(run)


def test_the_moments_of_the_data_stand_for_true():
    """`analytic_first_step` is True in settings; what it stands for is filled in when the run starts."""
    assert said({**MOONS, "options": {"analytic_first_step": True}}).settings.options["analytic_first_step"] is True
