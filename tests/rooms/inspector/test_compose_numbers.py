"""From a run and a selection to curves over the noise levels and to the inspector's rows."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import window_runs
from window_runs import TOY, computed

import geomodel as gm
from app.rooms.inspector import picture as numbers
from app.rooms.measures.picture import measures_picture
from app.rooms.plane.messages import ProbeAnswer, ProbeRequest
from app.session.facts import ON_REQUEST
from app.session.measured import _stages, measured
from app.session.state import Selection
from geomodel import measures, runs


@pytest.fixture
def moons():
    return window_runs.moons()


@pytest.fixture
def pictures():
    return window_runs.pictures()


# ---------------------------------------------------------------- measures and numbers


def test_every_measure_of_a_finished_run(moons):
    run = computed(moons)
    plots = {plot.name: plot for plot in measured(run)}
    assert plots.pop("gain").waiting == ON_REQUEST
    absent = {"denoiser_difference", "exact_distance", "clipped", "gain"}  # D* drives itself, and points are no images
    expected = [row.name for row in measures.MEASURES if row.name not in absent]
    assert list(plots) == expected
    for name, plot in plots.items():
        found = measures.compute(name, run.trajectory)
        assert plot.waiting == ""
        assert len(plot.curves) == len(found)
        for curve, values in zip(plot.curves, found.values(), strict=True):
            assert np.array_equal(curve.values, values, equal_nan=True)
    assert [(c.kind, c.label) for c in plots["norm"].curves] == [("sampling", "x"), ("denoising", "D")]
    assert [c.kind for c in plots["effective_neighbours"].curves] == ["optimal"]


def test_a_growing_run_has_the_measures_that_need_no_end(moons):
    run, whole = computed(moons, levels=3), computed(moons)
    plots, complete = measured(run), measured(whole)
    needs_end = {row.name: row.needs_end or row.on_request for row in measures.MEASURES}
    for plot, full in zip(plots, complete, strict=True):
        assert bool(plot.waiting) == needs_end[plot.name] == (plot.curves == ())
        for curve, known in zip(plot.curves, full.curves, strict=False):
            n = len(curve.values)
            assert 1 <= n <= 3
            seen = ~np.isnan(curve.values)  # a rate is known where the levels on both sides are
            assert np.array_equal(curve.values[seen], known.values[:n][seen])


def test_measures_have_a_cursor_or_say_what_to_do(moons):
    run = computed(moons)
    plots = measured(run)
    picture = measures_picture(run, plots, Selection(1, 2, 3))
    assert (picture.sigmas is run.sigmas, picture.plots is plots, picture.index, picture.sample) == (True, True, 3, 2)
    assert "Run (F5)" in measures_picture(None, (), Selection()).message


def rows_of(run, selection):
    return {row.name: row.value for row in numbers.inspector_rows(run, measured(run), selection)}


def values_of(text):
    return [float(part) for part in text.strip("()").replace("−", "-").split(",")]


def test_the_inspector_tells_the_numbers_at_the_playhead(moons):
    run = computed(moons)
    rows = rows_of(run, Selection(1, 2, 3))
    assert rows["level"] == "3 of 5"
    assert float(rows["σ"]) == pytest.approx(run.sigmas[3], rel=1e-5)
    assert float(rows["next σ"]) == pytest.approx(run.sigmas[4], rel=1e-5)
    assert rows["seed"] == "13"
    assert rows["evaluations"] == "6"
    assert values_of(rows["x"]) == pytest.approx(run.x[3, 2], rel=1e-4)
    assert values_of(rows["D(x; σ)"]) == pytest.approx(run.denoised[3, 2], rel=1e-4)
    assert float(rows["Norm x"].split()[0]) == pytest.approx(np.linalg.norm(run.x[3, 2] - run.center), rel=1e-5)
    assert float(rows["Norm D"].split()[0]) == pytest.approx(np.linalg.norm(run.denoised[3, 2] - run.center), rel=1e-5)


def test_at_the_last_level_there_is_no_next_one(moons):
    rows = rows_of(computed(moons), Selection(1, 0, 5))
    assert rows["next σ"] == "—"
    assert "D(x; σ)" not in rows  # looked at, but no part of the denoising record
    assert "Step length x" not in rows


def test_the_inspector_lists_no_pixels(pictures):
    rows = rows_of(computed(pictures, replace(TOY, count=1)), Selection(1, 0, 2))
    assert not {"x", "D(x; σ)"} & rows.keys()
    assert "Norm x" in rows


# ---------------------------------------------------------------- the probe


def test_the_probe_tells_its_numbers(moons):
    optimal = gm.OptimalDenoiser(moons.dataset.points)
    point, sigma = (0.5, 0.25), 0.8
    posterior = optimal.posterior(np.array([point]), sigma)
    answer = ProbeAnswer(
        request=ProbeRequest(run_id=1, point=point, sigma=sigma, path=True),
        denoised=posterior.mean[0].numpy(),
        optimal=posterior.mean[0].numpy(),
        network=np.array([3.0, 4.0]),
        indices=None,
        weights=None,
        effective_neighbours=float(posterior.effective_neighbours[0]),
        log_density=float(posterior.log_density[0]),
        path=np.zeros((8, 2)),
        shift=float(np.linalg.norm(posterior.mean[0].numpy() - point)),
        difference=float(np.linalg.norm([3, 4] - posterior.mean[0].numpy())),
    )
    rows = {row.name: row.value for row in numbers.probe_rows(answer)}
    mean = posterior.mean[0].numpy()
    assert values_of(rows["x"]) == [0.5, 0.25]
    assert rows["σ"] == "0.8"
    assert float(rows["mean shift ‖D* − x‖"]) == pytest.approx(np.linalg.norm(mean - point), rel=1e-5)
    assert float(rows["effective neighbours"]) == pytest.approx(answer.effective_neighbours, rel=1e-5)
    assert float(rows["log p(x; σ)"]) == pytest.approx(answer.log_density, rel=1e-5)
    assert float(rows["‖Dθ − D*‖"]) == pytest.approx(np.linalg.norm([3, 4] - mean), rel=1e-5)
    assert rows["mean-shift iterations"] == "7"
    alone = {row.name for row in numbers.probe_rows(replace(answer, network=None, path=None))}
    assert alone == rows.keys() - {"Dθ(x; σ)", "‖Dθ − D*‖", "mean-shift iterations"}
    assert numbers.probe_rows(None) == ()


def test_the_probe_and_the_measures_name_what_a_run_is_compared_with(moons):
    answer = ProbeAnswer(
        request=ProbeRequest(run_id=1, point=(0.5, 0.25), sigma=0.8, path=False),
        denoised=np.zeros(2),
        optimal=np.zeros(2),
        network=np.array([3.0, 4.0]),
        fitted=np.array([1.0, 2.0]),
        indices=None,
        weights=None,
        effective_neighbours=3.0,
        log_density=0.0,
        path=None,
        shift=1.0,
        difference=2.5,
    )
    rows = {row.name: row.value for row in numbers.probe_rows(answer, "gaussian")}
    assert values_of(rows["D_G(x; σ)"]) == [1.0, 2.0]
    assert float(rows["‖Dθ − D_G‖"]) == 2.5
    run = computed(moons)
    run.settings = replace(TOY, compared_with="gaussian")
    run.trajectory = runs.compute(run.settings, moons.dataset)
    plots = {plot.name: plot for plot in measured(run)}
    assert plots["exact_distance"].title == "Distance to the Gaussian's run"
    curves = [(curve.kind, curve.label) for curve in plots["denoiser_difference"].curves]
    assert curves == [("optimal", "on this run"), ("reference", "on the Gaussian's run")]


def test_the_effective_neighbours_name_speciation_and_collapse(pictures, moons):
    for source in (pictures, moons):
        run = computed(source)
        plot = next(plot for plot in measured(run) if plot.name == "effective_neighbours")
        names = [name for name, *_ in plot.regions]
        assert names[-1] == "collapsed"
        levels = [begin for _, begin, _ in plot.regions]
        assert levels == sorted(levels, reverse=True)
        if "mixed" in names:
            points = np.asarray(source.dataset.points, float).reshape(len(source.dataset), -1)
            largest = np.linalg.eigvalsh(np.cov(points.T, bias=True))[-1]
            assert plot.regions[0][2] == pytest.approx(np.sqrt(largest), rel=1e-6)
        median = np.median(plot.curves[0].values, axis=1)
        border = plot.regions[-1][1]
        assert np.interp(-np.log(border), -np.log(run.sigmas), np.log(median)) == pytest.approx(np.log(2), abs=1e-9)
    assert _stages(computed(moons, levels=3), np.array([50.0, 40.0])) == ()  # nothing has collapsed
