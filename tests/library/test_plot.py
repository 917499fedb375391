"""What `gm.plot` draws: the artists have the numbers of the run, and bad input is a sentence."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from saved_runs import make_run

import geomodel as gm
from geomodel import scripts
from geomodel.experiments import Lane, compare, sweep
from geomodel.measures import band, compute
from geomodel.settings import RunSettings


@pytest.fixture
def pyplot():
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    yield plt
    plt.close("all")


@pytest.fixture(scope="module")
def moons():
    return gm.datasets.load("two-moons", count=40)


@pytest.fixture(scope="module")
def run(moons):
    return gm.runs.compute(RunSettings(steps=6, count=3), moons)


def test_the_plane_has_both_curves_of_every_sample_and_the_data(pyplot, run, moons):
    axes = pyplot.subplots()[1]
    points, *lines = gm.plot.plane(run, axes, data=moons)
    assert np.array_equal(points.get_offsets(), moons.points)
    assert [line.get_linestyle() for line in lines] == ["-"] * 3 + ["--"] * 3
    assert all(line.axes is axes for line in lines)
    assert np.array_equal(np.transpose(lines[1].get_data()), run.x[:, 1])
    assert np.array_equal(np.transpose(lines[4].get_data())[:6], run.denoised[:, 1])
    assert np.array_equal(np.transpose(lines[4].get_data())[6], run.final_denoised[1])


def test_other_spaces_are_projected(pyplot):
    many = make_run()
    lines = gm.plot.plane(many)
    assert len(lines) == 4
    title = lines[0].axes.get_title()
    assert title == "the run's own first two principal components"


def test_measures_are_medians_with_bands(pyplot, run):
    drawn = gm.plot.measures(run, ("deviation", "effective_neighbours"))
    lines = [artist for artist in drawn if hasattr(artist, "get_linestyle") and hasattr(artist, "get_xdata")]
    assert len(lines) == 3
    assert len(drawn) == 6
    for line, curve in zip(lines, ("x", "denoised"), strict=False):
        assert np.array_equal(line.get_ydata(), band(compute("deviation", run)[curve])[0])
    assert lines[0].axes is not lines[2].axes
    left, right = lines[0].axes.get_xlim()
    assert left > run.sigmas[0] > run.sigmas[-1] > right > 0


def test_a_run_that_ends_at_0_shows_it(pyplot, moons):
    zero = gm.runs.compute(RunSettings(steps=4, count=2, final_zero=True), moons)
    (line, *_) = gm.plot.measures(zero, "norm")
    assert line.get_xdata()[-1] == 0
    line.axes.figure.canvas.draw()
    assert line.axes.get_xlim()[1] == 0


def test_a_strip_of_images(pyplot):
    pictures = make_run(
        x=np.zeros((4, 2, 1, 5, 6)), denoised=np.ones((3, 2, 1, 5, 6)), final_denoised=np.ones((2, 1, 5, 6)), extras={}
    )
    drawn = gm.plot.strip(pictures, sample=1)
    assert len(drawn) == 8
    assert {int(image.get_array()[0, 0]) for image in drawn[:4]} == {128}
    assert {int(image.get_array()[0, 0]) for image in drawn[4:]} == {255}
    with pytest.raises(ValueError, match=r"A strip shows images; the samples of this run have shape \(3,\)\."):
        gm.plot.strip(make_run())


def test_a_race_and_schedules(pyplot, moons):
    optimal, sigmas = gm.OptimalDenoiser(moons.points), gm.schedules.karras(4, 0.1, 10.0)
    lanes = [Lane("Euler", "euler", sigmas), Lane("noisy", "euler_ancestral", sigmas)]
    race = compare(optimal, gm.noise(range(3), (2,), 10.0), lanes, noise=gm.Brownian(range(3)))
    lines = gm.plot.compare(race)
    assert np.array_equal(lines[0].get_ydata(), race.lanes[0].errors.mean(axis=1)[1:])
    assert [line.get_linestyle() for line in lines] == ["-", ":"]
    assert lines[0].get_label() == "Euler: 4 evaluations"
    (one,) = gm.plot.schedule(sigmas)
    assert np.array_equal(one.get_ydata(), sigmas)
    assert [line.get_label() for line in gm.plot.schedule({"a": sigmas, "b": [3, 1, 0]})] == ["a", "b"]


def test_a_sweep(pyplot, moons):
    optimal, x = gm.OptimalDenoiser(moons.points), gm.noise(range(3), (2,), 10.0)
    ends = {"sigma_min": 0.1, "sigma_max": 10.0}
    found = sweep(optimal, x, ["heun", "churn"], (4, 8), noise=gm.Brownian(range(3)), **ends)
    lines = gm.plot.sweep(found)[::2]
    assert [line.get_xdata().tolist() for line in lines] == [[4, 8], [4, 8]]
    assert np.array_equal(lines[0].get_ydata(), found.lines[0].medians)
    assert [line.get_linestyle() for line in lines] == ["-", ":"]
    assert lines[0].get_label() == f"heun: slope −{found.lines[0].order:.1f}"
    assert (lines[0].axes.get_xscale(), lines[0].axes.get_yscale()) == ("log", "log")


def test_a_copied_script_ends_with_pictures(pyplot, monkeypatch):
    monkeypatch.setattr(pyplot, "show", lambda: None)
    script = scripts.python(RunSettings(data_count=30, count=2, steps=3))
    names = {}
    exec(compile(script, "copied.py", "exec"), names)
    assert [len(pyplot.figure(number).axes) for number in pyplot.get_fignums()] == [1, 2]
    assert names["run"].x.shape == (4, 2, 2)


def test_bad_input_is_a_sentence(pyplot, run):
    with pytest.raises(ValueError, match="There is no measure 'beauty'"):
        gm.plot.measures(run, "beauty")
    with pytest.raises(ValueError, match=r"This run has no values of clipped\."):
        gm.plot.measures(run, "clipped")
    with pytest.raises(ValueError, match="There are 2 measures and 1 axes; give one each"):
        gm.plot.measures(run, ("norm", "deviation"), pyplot.subplots()[1])
    with pytest.raises(ValueError):
        gm.plot.schedule([1, 2, 3])


def test_without_matplotlib_it_is_named(monkeypatch, run):
    for name in ("matplotlib", "matplotlib.pyplot"):
        monkeypatch.setitem(sys.modules, name, None)
    with pytest.raises(ImportError, match=r'which is not installed: pip install "geomodel\[plot\]"\.'):
        gm.plot.plane(run)
