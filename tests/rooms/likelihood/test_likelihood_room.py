"""The likelihood room: the engine's numbers against the library's, its sentences, its field, where it is undefined."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import type_into
from parts import button, part, words
from PySide6.QtCore import Qt
from window_runs import TOY, computed, moons, pictures

import geomodel as gm
from app.engine.contract import TaskEnded
from app.engine.messages import Cancel, StartRun
from app.export.offstage import Offstage
from app.plotting.measure_plot import MeasureChart
from app.plotting.theme import LIGHT
from app.rooms import ROOMS
from app.rooms.likelihood import feed
from app.rooms.likelihood.messages import Densities, Likelihoods, LikelihoodTask
from app.rooms.likelihood.picture import notes_of, now_of, plots_of, samples_of, share_words, theorem_words
from app.rooms.likelihood.view import LikelihoodView
from app.session.facts import likelihood_undefined
from app.widgets.number_field import FloatField
from geomodel.likelihood import Along, along, kernel_gains
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "likelihood")
SETTINGS = replace(TOY, count=3, solver="euler")


def task_of(run, settings=SETTINGS, **more):
    given = {
        "task_id": 5,
        "settings": settings,
        "x": run.x,
        "denoised": run.denoised,
        "sigmas": run.sigmas,
        "bandwidth": None,
        "along": True,
    }
    return LikelihoodTask(**given | more)


def test_the_engine_gives_the_library_s_gains_and_densities(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    result = bench.handle(task_of(run)).result
    assert isinstance(result, Likelihoods)
    optimal = gm.OptimalDenoiser(gm.datasets.load("two-moons", count=60).points)
    for h in (None, 0.4):
        gains = bench.handle(task_of(run, bandwidth=h, along=False)).result.gains
        found = kernel_gains(optimal, run.x, run.denoised, run.sigmas, bandwidth=h)
        for name in ("step", "denoised", "bound", "hypothesis", "step_noise", "denoised_noise"):
            np.testing.assert_array_equal(getattr(gains, name), getattr(found, name))
    density = [optimal.posterior(x, float(s), k=1).log_density for x, s in zip(run.x, run.sigmas, strict=True)]
    np.testing.assert_allclose(result.densities.known, density, rtol=1e-12)
    assert result.densities.of == "the kernel density of the data"
    ode = along(optimal, run.x, run.sigmas, density[0])
    # traces by backward passes, and from the posterior's covariance: two roads to one number in float64
    np.testing.assert_allclose(result.densities.ode.values, ode.values, rtol=1e-9)
    assert not result.densities.ode.values.flags.writeable
    assert bench.handle(task_of(run, along=False)).result.densities is None


def test_a_mixture_gives_the_start_and_its_own_density(bench):
    settings = RunSettings(data="gaussian-ring", data_count=50, driver="mixture", steps=40, count=2, solver="heun")
    run = bench.handle(StartRun(1, settings)).trajectory
    found = bench.handle(task_of(run, settings)).result.densities
    mixture = gm.datasets.load("gaussian-ring", count=50).mixture
    assert found.of == "the driver's own density"
    np.testing.assert_allclose(found.known[0], mixture.log_density(run.x[0], float(run.sigmas[0])), rtol=1e-12)
    # the ODE of the exact denoiser carries the mixture's own density; the trapezoidal rule at 40 levels is 0.02 off
    np.testing.assert_allclose(found.ode.values, found.known, atol=0.1)


def test_what_the_ode_cannot_say_has_a_sentence(bench):
    settings = replace(SETTINGS, solver="euler_ancestral")
    run = bench.handle(StartRun(1, settings)).trajectory
    found = bench.handle(task_of(run, settings)).result.densities
    assert found.ode is None
    assert "draws noise" in found.why
    assert np.isfinite(found.known).all()


def test_the_traces_of_wide_data_come_from_their_covariances(bench, tmp_path):
    """70 dimensions, more than exact traces of networks have. The ODE of D* carries the kernel density."""
    np.savez(tmp_path / "wide.npz", x=np.random.default_rng(0).standard_normal((20, 70)))
    settings = replace(SETTINGS, data=str(tmp_path / "wide.npz"), steps=200, solver="heun", count=2)
    run = bench.handle(StartRun(1, settings)).trajectory
    found = bench.handle(task_of(run, settings)).result.densities
    assert not found.ode.error.any()
    np.testing.assert_allclose(found.ode.values, found.known, atol=0.02 * 70)  # 0.01 nats a dimension at 50 levels


def test_a_cancel_stops_it(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    task = task_of(run)
    bench.worker.submit(Cancel(5))
    assert bench.handle(task) == TaskEnded(task)


def test_rows_that_are_not_finite_stay_undefined(bench):
    run = bench.handle(StartRun(1, SETTINGS)).trajectory
    x = run.x.copy()
    x[2, 1] = np.nan
    found = bench.handle(task_of(run, x=x)).result
    assert np.isnan(found.densities.known[2]).tolist() == [False, True, False]
    assert np.isnan(found.gains.step[:, 1]).tolist() == [False, True, True, False, False]


# ---------------------------------------------------------------- words and curves


@pytest.fixture(scope="module")
def euler():
    """A run of Euler with its gains."""
    run = computed(moons(), replace(TOY, solver="euler"))
    optimal = gm.OptimalDenoiser(run.source.dataset.points)
    return run, kernel_gains(optimal, run.x, run.denoised, run.sigmas)


def test_the_noise_s_share_is_subtracted(euler):
    run, gains = euler
    plots = {plot.name: plot for plot in plots_of(gains, None, None)}
    step, output = plots["step"].curves[0].values, plots["denoised"].curves[0].values
    ratio = (run.sigmas[1:] / run.sigmas[:-1])[:, None] ** 2
    np.testing.assert_allclose(step, gains.step - (1 - ratio), rtol=1e-12)  # d = 2: (d/2)(1 − σ'²/σ²)
    np.testing.assert_allclose(output, gains.denoised - 1, rtol=1e-12)
    assert "d/2 = 1 nats" in share_words(run)
    bound = plots["whole"].curves[1].values
    assert (bound <= plots["whole"].curves[0].values + 1e-9).all()


def test_the_theorem_in_numbers(euler):
    run, gains = euler
    total = gains.step.size
    assert theorem_words(run, gains, None) == (
        f"The hypothesis holds at {total} of {total} steps; there the step gains at {total} and D at {total}."
    )
    # of the points ±1, from 0.99 at σ = 5, D* is about 0.04, so that an Euler step leaves the point at h = 0.1
    pair = gm.OptimalDenoiser(np.array([[1.0], [-1.0]]))
    away = gm.sample(pair, np.array([[0.99]]), [5.0, 2.5], solver="euler")
    for h, said in ((None, "gains at 1 and D at 1."), (0.1, "The theorem needs h = σₙ; with h = 0.100 it fails at 1.")):
        assert theorem_words(run, kernel_gains(pair, away.x, away.denoised, away.sigmas, bandwidth=h), h).endswith(said)
    heun = computed(moons(), replace(TOY, solver="heun"))
    assert theorem_words(heun, gains, None).endswith("this run took those of Heun (EDM).")
    hidden = replace(gains, hypothesis=np.full_like(gains.hypothesis, np.nan))
    assert "holds at 0 of 0 steps" in theorem_words(run, hidden, None)


def test_densities_have_their_error_and_their_control(euler):
    run, gains = euler
    data = np.tile(np.arange(6.0)[:, None], (1, 4))
    found = Densities(data, "the kernel density", Along(data + 2, np.full((6, 4), 0.25)), "")
    plots = {plot.name: plot for plot in plots_of(gains, found, None)}
    gap, error = plots["gap"].curves
    np.testing.assert_array_equal(gap.values, np.full((6, 4), 2.0))
    np.testing.assert_array_equal(error.values, np.full((6, 4), 0.25))
    exact = Densities(data, "the kernel density", Along(data, np.zeros((6, 4))), "")
    none = plots_of(gains, exact, None)[-1]
    assert np.isnan(none.curves[0].values).all()  # a logarithmic axis has no 0
    assert (len(none.curves), none.waiting) == (1, "It is 0 at every level.")
    assert plots_of(replace(gains, step=np.full_like(gains.step, np.nan)), None, None)[0].waiting.startswith(
        "Undefined"
    )
    words = now_of(run, gains, found, 1, 0, 3)
    assert words.startswith(f"Sample 3 at σ {run.sigmas[1]:.3g}")
    assert "log p by the ODE 3.000 ± 0.25, by the kernel density 1.000" in words
    assert "log p by the ODE 7.000" in now_of(run, gains, found, 5, 0, 3)
    assert now_of(run, gains, None, 5, 0, 3).endswith("no step starts here.")
    nothing = Densities(data, "the mixture", None, "It draws noise.")
    assert [plot.name for plot in plots_of(gains, nothing, None)][-1] == "density"
    assert "It draws noise." in notes_of(run, gains, nothing, None, np.arange(4))


def test_the_selected_sample_is_always_among_those_computed():
    run = computed(moons())
    assert samples_of(run, 0, 2).tolist() == [0, 1]
    assert samples_of(run, 3, 2).tolist() == [0, 3]
    assert samples_of(run, 3, 9).tolist() == [0, 1, 2, 3]


def test_why_it_is_undefined():
    run = computed(moons())
    assert likelihood_undefined(run) == ""
    assert likelihood_undefined(computed(moons(), levels=3)) == "Undefined here because the run has not ended."
    assert likelihood_undefined(computed(pictures(), replace(TOY, data="pictures.npy"))) == ""
    run.source = None
    assert "no reference data" in likelihood_undefined(run)


# ---------------------------------------------------------------- the room


@pytest.fixture
def stage(qapp):
    made = Offstage()
    room = made.room(ROW)
    room.view.resize(420, 800)
    room.view.show()
    made.services.player.drafting.edit({"data": "two-moons", "data_count": 60})
    made.settle()
    made.services.player.drafting.edit({"count": 3, "steps": 4, "solver": "euler"})
    made.settle()
    made.services.playback.pause()
    yield made, room
    room.view.hide()
    room.release()
    room.view.deleteLater()


def test_from_the_button_to_the_numbers_and_another_bandwidth(stage, monkeypatch):
    made, room = stage
    assert feed.START in words(room.view)
    asked = []
    begin = made.services.player.begin
    monkeypatch.setattr(made.services.player, "begin", lambda task, name: (asked.append(task), begin(task, name)))
    button(room.view, "Likelihood").click()
    made.settle()
    assert "of 12 steps" in room.view.describe()
    assert "log p" in room.picture().now
    assert len(room.picture().plots) == 6
    field = part(room.view, FloatField)
    type_into(field, "0.05", Qt.Key.Key_Return)
    assert room.picture().bandwidth == 0.05
    assert feed.OTHER in room.view.describe()
    room.handlers()["likelihood"]()
    made.settle()
    assert "with h = 0.0500 it fails" in room.view.describe()
    assert len(room.picture().plots) == 6  # the densities of before
    assert [task.along for task in asked] == [True, False]
    type_into(field, "-1", Qt.Key.Key_Return)
    assert "must be at least" in field.error
    assert room.picture().bandwidth == 0.05


def test_a_sample_that_was_not_computed_is_said(stage, monkeypatch):
    monkeypatch.setattr(feed, "POINTS", 2)
    made, room = stage
    room.begin()
    made.settle()
    made.services.state.select(sample=2)
    assert room.picture().now.startswith("Sample 2 was not computed: press Likelihood again. Sample 0 at")
    room.begin()
    made.settle()
    assert room.picture().now.startswith("Sample 2 at")


def test_cancelled_and_refused_say_so(stage):
    made, room = stage
    room.begin()
    room.begin()
    button(room.view, "Cancel").click()
    made.settle()
    assert "Cancelled." in room.view.describe()
    assert button(room.view, "Likelihood").isEnabled()


@pytest.mark.parametrize("driver", ["optimal", "gaussian"])
def test_the_density_is_that_which_the_driver_s_ode_carries(bench, driver):
    """D* of data with a mixture carries their kernel density, not the mixture's; a fitted Gaussian carries its own."""
    settings = RunSettings(data="gaussian-ring", data_count=50, driver=driver, steps=60, count=1, solver="heun")
    run = bench.handle(StartRun(1, settings)).trajectory
    found = bench.handle(task_of(run, settings)).result.densities
    kept = run.sigmas > 0.05  # below, D* of 50 points turns faster than 60 levels can follow
    np.testing.assert_allclose(found.ode.values[kept], found.known[kept], atol=0.1)


def test_plots_are_built_when_they_are_first_shown(qtbot):
    view = LikelihoodView(LIGHT)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    assert view.findChildren(MeasureChart) == []  # the window opens with this view, which shows nothing yet
