"""Runs that Gaussians stand beside, in place of D*."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from geomodel import classes, compared, measures, runs, scripts, settings
from geomodel.datasets.dataset import Dataset
from geomodel.settings import RunSettings

SETTINGS = RunSettings(
    data="clusters-64", data_count=150, driver="optimal", compared_with="gaussian", solver="euler", steps=6, count=3
)


@pytest.fixture(scope="module")
def clusters():
    return gm.datasets.load("clusters-64", count=150)


@pytest.fixture(scope="module")
def run(clusters):
    return runs.compute(SETTINGS, clusters)


def test_the_run_beside_is_the_gaussians_own_from_the_same_noise(clusters, run):
    gaussian = gm.Gaussians.fit(clusters.points)
    beside = gm.sample(gaussian, run.x[0], run.sigmas, solver="euler")
    there = np.asarray(gm.OptimalDenoiser(clusters.points)(beside.x[2], float(run.sigmas[2])))
    mine = np.stack([np.asarray(gaussian(x, float(s))) for x, s in zip(run.x, run.sigmas, strict=True)])
    expected = {  # the same float64 arithmetic, in another order
        "exact_distance_x": np.linalg.norm(run.x - beside.x, axis=2),
        "denoiser_difference": np.linalg.norm(run.denoised - mine[:-1], axis=2),
    }
    for name, values in expected.items():
        assert np.allclose(run.extras[name][: len(values)], values, atol=1e-9), name
    difference = run.extras["denoiser_difference_exact"][2]
    assert np.allclose(difference, np.linalg.norm(there - beside.denoised[2], axis=1), atol=1e-9)
    assert np.allclose(run.extras["gaussian"], mine[: len(run.extras["gaussian"])], atol=1e-9)
    assert "optimal" not in run.extras
    assert np.isfinite(run.extras["effective_neighbours"]).all()  # of D*, which has weights


def test_class_gaussians_answer_for_the_runs_class_and_guidance(clusters):
    asked = replace(SETTINGS, compared_with="classes", label=4, guidance=3.0)
    found = runs.compute(asked, clusters).extras["classes"][1]
    driven = runs.compute(replace(asked, driver="classes", compared_with="optimal"), clusters)
    job = runs.prepare(asked, clusters)
    fit = gm.Gaussians.fit(clusters.points, clusters.labels)
    x, sigma = runs.compute(asked, clusters).x[1], float(job.sigmas[1])
    own, none = (np.asarray(fit(x, sigma, labels=np.full(3, label))) for label in (4, -1))
    assert np.allclose(found, none + 3 * (own - none), atol=1e-9)
    alone = replace(asked, driver="classes", compared_with="optimal", guidance=1.0)
    assert np.abs(driven.denoised[1] - runs.compute(alone, clusters).denoised[1]).max() > 0.1  # guidance drives too


def test_what_drives_has_nothing_beside_it(clusters):
    found = runs.compute(replace(SETTINGS, driver="gaussian"), clusters)
    assert not [name for name in found.extras if "exact" in name or name == "denoiser_difference"]


def test_one_gaussian_is_not_compared_for_a_class(clusters):
    asked = replace(SETTINGS, label=4)
    assert "“Gaussian” answers for no class" in classes.asked(asked, clusters).note
    assert "denoiser_difference" not in runs.compute(asked, clusters).extras


def test_classes_are_needed_for_class_gaussians():
    moons = gm.datasets.load("checkerboard", count=40)
    found = runs.problems(RunSettings(data="checkerboard", compared_with="classes"), moons)
    assert found == {"compared_with": f"{moons.name} has no classes; Class Gaussians is for data with classes."}


@pytest.mark.parametrize("name", ["local", "wiener-local"])
def test_patches_stand_beside_a_run_over_images(name):
    points = np.random.default_rng(3).uniform(-1, 1, (20, 1, 5, 5)).astype(np.float32)
    data = Dataset(name="small", kind="images", stored=points, labels=np.arange(20) % 2)
    asked = RunSettings(data="small", driver="gaussian", compared_with=name, solver="euler", steps=4, count=3)
    run, model = runs.compute(asked, data), gm.theories.build(name, data)
    levels = range(len(run.denoised))
    expected = [model(run.x[at], float(run.sigmas[at])) for at in levels]
    np.testing.assert_allclose(run.extras[name], expected, rtol=1e-9, atol=1e-9)
    difference = np.linalg.norm((run.denoised - expected).reshape(4, 3, -1), axis=2)
    np.testing.assert_allclose(run.extras["denoiser_difference"][:4], difference, rtol=1e-9)
    alone = gm.sample(model, run.x[0], run.sigmas, solver="euler")
    apart = np.linalg.norm((run.x - alone.x).reshape(5, 3, -1), axis=2)
    np.testing.assert_allclose(run.extras["exact_distance_x"], apart, rtol=1e-9, atol=1e-9)
    assert any(type(part) is type(model) for part in runs.prepare(asked, data).parts)  # a cancel reaches it
    flat = gm.datasets.load("two-moons", count=20)
    assert "is for images" in runs.problems(replace(asked, data="two-moons"), flat)["compared_with"]
    of_class = replace(asked, driver="classes", label=1)
    assert "answers for no class" in classes.asked(of_class, data).note
    assert runs.prepare(of_class, data).compared is None


def test_a_saved_run_says_what_stands_beside_it(run, tmp_path):
    run.save(tmp_path / "run.npz")
    found = gm.Trajectory.load(tmp_path / "run.npz")
    assert compared.of_settings(found.settings) == "gaussian"
    assert np.array_equal(found.extras["gaussian"], run.extras["gaussian"])


def test_a_run_of_an_earlier_version_is_compared_with_d_star(run):
    said = settings.to_json(SETTINGS)
    del said["compared_with"]
    assert settings.from_json(json.loads(json.dumps(said))).compared_with == "optimal"
    old = replace(run, settings={"run": said})
    assert compared.of_settings(old.settings) == "optimal"
    assert compared.of_settings({"run": {"compared_with": ["walk"]}}) == "optimal"


def test_measures_name_it():
    rows = {row.name: row.named("gaussian") for row in measures.MEASURES}
    assert rows["exact_distance"].title == "Distance to the Gaussian's run"
    assert "D*" not in rows["denoiser_difference"].formula
    assert "D_G(x_n)" in rows["denoiser_difference"].formula
    assert "D*" in rows["information"].formula  # whose weights are those of D* in any case


def test_a_table_names_it(run):
    header, _ = measures.rows(run)
    assert [title for title in header if "D_G" in title] == [
        "denoiser_difference [data units, D_G]",
        "denoiser_difference_exact [data units, D_G]",
        "exact_distance_x [data units, D_G]",
        "exact_distance_denoised [data units, D_G]",
        "turning_exact [rad, D_G]",
    ]


def test_code_states_it():
    assert "--compared-with gaussian" in scripts.command_line(SETTINGS)
    assert "compared_with='gaussian'" in scripts.python(SETTINGS).replace('"', "'")
    assert "compared" not in scripts.python(replace(SETTINGS, compared_with="optimal"))
