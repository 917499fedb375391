"""Runs that theories move: settings, the run itself, command lines, scripts, files, and what does not fit."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from geomodel import classes, cli, runs, scripts, theories
from geomodel.basins import carried
from geomodel.datasets.dataset import Dataset
from geomodel.settings import RunSettings, driver_problems, from_json, problems, to_json

MOONS = RunSettings(data="two-moons", data_count=60, steps=6, count=3, seed=2)
OPTIONS = {
    "local": {"patch": 3},
    "wiener-local": {"threshold": 0.3},
    "smoothed": {"deviation": 0.4, "draws": 4, "seed": 7},
    "bandwidth": {"factor": 2.5},
    "nearest": {"k": 5},
}


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=60)


@pytest.fixture(scope="module")
def pictures():
    points = np.random.default_rng(3).uniform(-1, 1, (20, 1, 5, 5)).astype(np.float32)
    return Dataset(name="small", kind="images", stored=points, labels=np.arange(20) % 2, label_names=("a", "b"))


def driven(name, data, **changes):
    return replace(MOONS, data=data.name, driver=name, driver_options=OPTIONS[name], **changes)


@pytest.mark.parametrize("name", OPTIONS)
def test_a_run_is_moved_by_what_the_table_builds(name, moons, pictures):
    """To the last bits: the run's D* may take rows in other pieces."""
    data = pictures if theories.row(name).needs == "images" else moons
    settings = driven(name, data, sigma_min=0.05, sigma_max=4.0)
    job = runs.prepare(settings, data)
    run = runs.compute(settings, data)
    model = theories.build(name, data, **OPTIONS[name])
    expected = gm.sample(model, job.x, job.sigmas, solver="heun")
    np.testing.assert_allclose(run.x, expected.x, rtol=1e-9, atol=1e-9)
    assert run.x.dtype == np.float64  # they are analytic
    assert np.isfinite(run.extras["denoiser_difference"]).all()  # D* stands beside it
    apart = np.abs(run.x - runs.compute(replace(settings, driver="optimal", driver_options={}), data).x).max()
    assert apart > 1e-3  # its options have an effect


def test_one_optimal_denoiser_serves_the_run_and_its_theory(moons):
    for name in ("smoothed", "bandwidth"):
        job = runs.prepare(driven(name, moons), moons)
        assert job.model.model is job.optimal
        assert job.model in job.parts
    nearest = runs.prepare(driven("nearest", moons), moons)
    assert nearest.model.optimal is nearest.optimal


@pytest.mark.parametrize("name", ["smoothed", "bandwidth", "nearest"])
def test_a_class_is_that_of_its_points_alone(name, moons):
    """A theory over the class and one that is asked for it are the same sums."""
    own = Dataset(name="two-moons", kind="points", stored=moons.points[moons.labels == 1])
    run = runs.compute(driven(name, moons, label=1), moons)
    job = runs.prepare(driven(name, moons, label=1), moons)
    model = theories.build(name, own, **OPTIONS[name])
    np.testing.assert_allclose(run.x, gm.sample(model, job.x, job.sigmas, solver="heun").x, rtol=1e-9, atol=1e-9)


def test_a_class_is_cut_into_pieces_and_guided(moons):
    job = runs.prepare(driven("smoothed", moons, label=1, guidance=2.0), moons)
    assert any(isinstance(part, gm.SmoothedDenoiser) for part in job.parts)  # so that a cancel reaches it
    plain = runs.prepare(driven("smoothed", moons), moons)
    x = np.asarray(job.x)
    without = np.asarray(plain.model(x, 0.7))
    with_class = np.asarray(plain.model(x, 0.7, labels=np.ones(len(x), np.int64)))
    np.testing.assert_allclose(job.evaluate(job.model, x, 0.7), without + 2 * (with_class - without), rtol=1e-12)


def test_what_does_not_fit_is_a_sentence_at_its_field(moons, pictures):
    def said(data, name, network=None, **options):
        return runs.problems(replace(MOONS, data=data.name, driver=name, driver_options=options), data, network)

    assert said(moons, "local") == {"driver": "two-moons has points of 2 coordinates; Local patches is for images."}
    assert said(pictures, "local", patch=4) == {"driver_options.patch": "patch is one of 1, 3, 5, …; got 4."}
    assert said(pictures, "local", patch=11) == {"driver_options.patch": "Patch is at most 9 here; it is 11."}
    assert said(moons, "nearest", k=61) == {"driver_options.k": "Neighbours k is at most 60 here; it is 61."}
    assert said(moons, "nearest", k=0) == {"driver_options.k": "k lies between 1 and 1e+06; got 0."}
    assert said(moons, "smoothed", draws=3) == {"driver_options.draws": "draws is one of 2, 4, 6, …; got 3."}
    assert said(moons, "smoothed", deviation=-1.0, draws=1).keys() == {
        "driver_options.deviation",
        "driver_options.draws",
    }
    assert said(moons, "bandwidth", factor=float("nan"))["driver_options.factor"].endswith("got nan.")
    assert said(moons, "bandwidth", k=3) == {"driver": "Wider kernel has no option k; its options are factor."}
    assert said(moons, "optimal", k=3) == {"driver": "Optimal denoiser D* has no option k; it has none."}
    assert problems(RunSettings(driver="blend", driver_options={"k": 1})).keys() == {"driver"}
    for name in OPTIONS:
        assert "needs reference data" in runs.problems(replace(MOONS, driver=name), None, _Shaped())["driver"]
        assert driver_problems(driven(name, pictures), pictures) == {}


class _Shaped:
    shape = (2,)
    num_classes = 0
    info = None


def test_patches_have_no_classes(pictures):
    settings = driven("local", pictures, label=1)
    assert runs.problems(settings, pictures) == {"label": "The driver “Local patches” has no classes."}
    assert classes.of_driver(settings, pictures).count == 0
    assert classes.of_driver(driven("nearest", pictures), pictures).count == 2


@pytest.mark.parametrize("name", [name for name in theories.names() if theories.row(name).needs != "labels"])
def test_one_data_point_is_where_every_run_of_a_mean_ends(name, pictures):
    """A softmax over one point is that point; one Gaussian without variance is its mean."""
    one = Dataset(name="one", kind="images", stored=pictures.stored[:1])
    options = {"k": 1} if name == "nearest" else {}
    settings = replace(MOONS, data="one", driver=name, driver_options=options, solver="euler", final_zero=True)
    run = runs.compute(settings, one)
    np.testing.assert_allclose(run.x[-1], np.repeat(one.points, 3, axis=0), atol=1e-6)  # float32 points
    if name == "nearest":
        assert "at most 1 " in runs.problems(replace(settings, driver_options={}), one)["driver_options.k"]


@pytest.mark.parametrize(("scale", "move"), [(1e3, 0.0), (1e-3, 0.0), (1.0, 1e5)])
def test_data_may_lie_anywhere_and_have_any_unit(scale, move, moons):
    """1e5 costs five of sixteen digits."""
    other = Dataset(name="two-moons", kind="points", stored=scale * moons.points + move, labels=moons.labels)
    for name, options in (
        ("smoothed", {"deviation": 0.4, "draws": 4}),
        ("bandwidth", {"factor": 2.5}),
        ("nearest", {"k": 5}),
    ):
        moved = {key: value * scale if key == "deviation" else value for key, value in options.items()}
        settings = replace(MOONS, driver=name, sigma_min=0.05, sigma_max=4.0)
        run = runs.compute(replace(settings, driver_options=options), moons)
        far = runs.compute(
            replace(settings, driver_options=moved, sigma_min=0.05 * scale, sigma_max=4.0 * scale), other
        )
        np.testing.assert_allclose((far.x - move) / scale, run.x, atol=1e-7)


# ---------------------------------------------------------------- JSON, command line, script, file


@pytest.mark.parametrize("name", OPTIONS)
def test_settings_come_back_from_json_and_from_the_command_line(name):
    settings = RunSettings(data="two-moons", driver=name, driver_options=OPTIONS[name])
    assert from_json(json.loads(json.dumps(to_json(settings)))) == settings
    words = [word for key, value in OPTIONS[name].items() for word in ("--driver-option", f"{key}={value}")]
    assert cli.settings_from(cli.parse(["run", "--driver", name, *words])) == settings


def test_settings_of_earlier_versions_have_no_options():
    values = to_json(RunSettings(driver="gaussian"))
    del values["driver_options"]
    assert from_json(values) == RunSettings(driver="gaussian")


def test_the_order_of_options_changes_nothing(moons):
    turned = dict(reversed(OPTIONS["smoothed"].items()))
    first = runs.compute(driven("smoothed", moons), moons)
    assert np.array_equal(first.x, runs.compute(replace(driven("smoothed", moons), driver_options=turned), moons).x)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--driver", "local"], "Local patches is for images."),
        (["--driver", "nearest", "--driver-option", "k=1001"], "Neighbours k is at most 1,000 here"),
        (["--driver", "smoothed", "--driver-option", "draws=3"], "draws is one of 2, 4, 6"),
        (["--driver", "bandwidth", "--driver-option", "factor=wide"], "factor must be a number"),
        (["--driver", "bandwidth", "--driver-option", "factor"], "--driver-option takes NAME=VALUE, such as patch=5"),
        (["--driver-option", "k=3"], "Optimal denoiser D* has no option k"),
    ],
)
def test_the_command_line_refuses_in_a_sentence(words, said, tmp_path, capsys):
    code = cli.run(cli.parse(["run", "--steps", "2", "--count", "2", "--out", str(tmp_path / "run.npz"), *words]))
    assert code != 0
    assert said in capsys.readouterr().err


def test_the_script_and_the_command_line_of_a_run_give_it_again(moons, tmp_path):
    settings = runs.resolved(driven("smoothed", moons), moons)
    run = runs.compute(settings, moons)
    line = scripts.command_line(settings)
    assert "--driver-option deviation=0.4" in line
    words = __import__("shlex").split(line)[2:]
    assert cli.settings_from(cli.parse(words)) == settings
    code = scripts.python(settings).partition("# Pictures")[0]
    names: dict[str, object] = {}
    exec(code, names)
    assert np.array_equal(names["run"].x, run.x)
    run.save(tmp_path / "run.npz")
    kept = gm.Trajectory.load(tmp_path / "run.npz")
    assert from_json(kept.settings["run"]) == settings


# ---------------------------------------------------------------- speed that changes no answer


def test_a_smoothed_denoiser_is_the_mean_over_its_draws(moons):
    """Draws go to D* many at a time; one after the other they are the same sums."""
    optimal = gm.OptimalDenoiser(moons.points, moons.labels)
    smoothed = gm.SmoothedDenoiser(optimal, 0.5, draws=6, seed=3)
    x = np.random.default_rng(1).normal(size=(200, 2))
    noise = smoothed._noise.numpy()
    labels = np.arange(200) % 3 - 1
    expected = np.mean([optimal(x + 0.5 * one, 0.4, labels) for one in noise], axis=0)
    np.testing.assert_allclose(smoothed(x, 0.4, labels), expected, rtol=1e-12, atol=1e-12)
    assert smoothed(x[:0], 0.4).shape == (0, 2)


@pytest.mark.parametrize("labels", [None, np.arange(50) % 3 - 1])
@pytest.mark.parametrize("k", [1, 7, 40, 60])
def test_few_points_are_compared_by_differences(k, labels, moons, monkeypatch):
    """The posterior takes the same points with the same weights; at σ = 0 the nearest one alone."""
    optimal = gm.OptimalDenoiser(moons.points, moons.labels)
    model = gm.NearestDenoiser(optimal, k)
    x = 2 * np.random.default_rng(4).normal(size=(50, 2))
    quick = [model(x, sigma, labels) for sigma in (0.0, 0.02, 0.5, 9.0)]
    monkeypatch.setattr("geomodel.denoisers.nearest._FEW_NUMBERS", 0)
    for sigma, found in zip((0.0, 0.02, 0.5, 9.0), quick, strict=True):
        np.testing.assert_allclose(found, model(x, sigma, labels), rtol=1e-9, atol=1e-9)
    monkeypatch.undo()
    with pytest.raises(ValueError, match="No data point has the label 5"):
        model(x[:1], 1.0, [5])
    with pytest.raises(ValueError, match="finite"):
        model(np.full((1, 2), np.nan), 1.0)


def test_a_denoiser_that_jumps_is_followed_to_the_end(moons):
    """Far smaller steps lead to the same ends, whether D* settles early or a smoothed one does not."""
    smoothed = gm.SmoothedDenoiser(gm.OptimalDenoiser(moons.points), 0.5, draws=4)
    x = np.random.default_rng(1).normal(size=(50, 2)) * 0.3

    def ends(steps, settles):
        return carried(lambda at, sigma: smoothed(at, sigma), x, 0.05, 1e-4, steps, settles=settles)

    exact = ends(400, False)
    followed, settled = (np.linalg.norm(ends(100, settles) - exact, axis=1) for settles in (False, True))
    assert np.median(followed) < 0.05
    assert settled.mean() > followed.mean()


def test_the_table_loads_no_torch():
    code = "import sys, geomodel.theories, geomodel.settings, geomodel.cli; sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
