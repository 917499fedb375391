"""What the engine computes for Space: the coordinates of a run and of its controls, and why there are none."""

from __future__ import annotations

import numpy as np
import pytest
from space_stage import SpaceStage

import geomodel as gm
from app.rooms.space.messages import CONTROLS, TURNS, ControlTask, SpaceRequest
from geomodel import geometry
from geomodel.experiments import gaussian_curve, random_walk


@pytest.fixture(scope="module")
def stage(qapp, tmp_path_factory):
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GEOMODEL_HOME", str(tmp_path_factory.mktemp("home")))
        made = SpaceStage()
        made.compute("clusters-64")
        for control in CONTROLS:
            if control != "optimal":  # D* drives the run
                made.press(control)
        yield made
        made.close()


@pytest.fixture(scope="module")
def space(stage):
    return next(answer.space for answer in stage.answers if getattr(answer, "space", None))


@pytest.fixture(scope="module")
def controls(stage):
    return {event.task.control: event.result for event in stage.tasks if hasattr(event, "result")}


def test_coordinates_are_those_of_the_library(stage, space):
    x, denoised = stage.run.x, stage.run.trajectory.denoised
    denoised = np.concatenate([denoised, stage.run.trajectory.final_denoised[None]])
    whole = geometry.subspace(x)
    np.testing.assert_array_equal(space.curves.sampling.across, whole.across)
    np.testing.assert_array_equal(space.curves.sampling.along, whole.along)
    np.testing.assert_array_equal(space.curves.denoising.across, geometry.subspace(denoised).across)
    along, across = geometry.placed(denoised, x, whole)
    np.testing.assert_array_equal(space.curves.target_along, along)
    np.testing.assert_array_equal(space.curves.target_across, across)
    for turns in TURNS:
        shape = geometry.shape(whole.across, turns=turns)
        np.testing.assert_array_equal(space.shapes[turns].alignment.curves, shape.alignment.curves)


def test_the_answer_says_what_it_is_about(stage, space):
    assert space.fingerprint == stage.run.source.dataset.fingerprint
    assert space.count == stage.run.x.shape[1]
    np.testing.assert_array_equal(space.levels, np.arange(13))


def test_what_crosses_threads_cannot_be_written(space, controls):
    arrays = (space.curves.sampling.across, space.shapes["signs"].alignment.mean, controls["walk"].curves.along)
    for array in arrays:
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1


def test_the_class_is_that_of_the_nearest_data_point(stage, space):
    data = stage.run.source.dataset
    away = np.linalg.norm(data.points[:, None] - stage.run.x[-1][None], axis=-1)
    np.testing.assert_array_equal(space.classes, data.labels[away.argmin(axis=0)])


def test_the_gaussian_is_that_of_the_data_in_closed_form(stage, controls):
    found, data = controls["gaussian"], stage.run.source.dataset
    own = gm.Gaussians.fit(data.points)
    curve = gaussian_curve(own, stage.run.x[0], stage.run.sigmas)
    np.testing.assert_allclose(found.curves.across, geometry.subspace(curve).across, atol=1e-9)
    assert found.fingerprint == data.fingerprint
    assert "60 data points" in found.note


def test_the_walk_has_the_run_s_seeds_and_steps(stage, controls):
    walk = random_walk(stage.run.x, list(stage.run.settings.seeds))
    np.testing.assert_array_equal(controls["walk"].curves.across, geometry.subspace(walk).across)


def test_samples_follow_one_after_the_other_while_other_commands_wait(stage, space):
    """An answer that makes way has the samples so far; the next begins there, and the end is the same."""
    from app.rooms.space.answers import space as answer_of

    worker = stage._engine._worker
    context = worker.contexts[stage.run.id]
    waits, context.waits = context.waits, lambda: True
    request, rounds = SpaceRequest(stage.run.id, stage.run.committed, stage.run.trajectory.final_denoised), 0
    try:
        answer = answer_of(request, context)
        while answer.space is None:
            rounds += 1
            assert len(answer.found) == rounds
            answer = answer_of(SpaceRequest(stage.run.id, stage.run.committed, request.final, answer.found), context)
    finally:
        context.waits = waits
    assert rounds == stage.run.x.shape[1] - 1
    np.testing.assert_array_equal(answer.space.curves.sampling.across, space.curves.sampling.across)


def test_a_run_that_was_stopped_has_the_displacement_to_where_it_is(stage):
    from app.rooms.space.answers import space as answer_of

    found = answer_of(SpaceRequest(stage.run.id, 5), stage._engine._worker.contexts[stage.run.id]).space
    part = geometry.subspace(stage.run.x[:5])
    np.testing.assert_array_equal(found.curves.sampling.along, part.along)
    np.testing.assert_array_equal(found.curves.sampling.across, part.across)
    own = geometry.subspace(stage.run.trajectory.denoised[:4])
    np.testing.assert_array_equal(found.curves.denoising.across, own.across)


def test_a_control_by_the_optimal_denoiser_is_a_run_of_it(qapp, stage):
    """Beside a run that the Gaussian drives: the same noise, solver and levels."""
    other = SpaceStage()
    try:
        run = other.compute("clusters-64", driver="gaussian", solver="heun")
        other.press("optimal")
        found = next(event.result for event in other.tasks if getattr(event, "result", None))
        optimal = gm.OptimalDenoiser(run.source.dataset.points)
        exact = gm.sample(optimal, run.x[0], run.sigmas, solver="heun")
        np.testing.assert_allclose(found.curves.across, geometry.subspace(exact.x).across, atol=1e-8)
        assert other.picture.owners == ("run", "optimal")
    finally:
        other.close()


def test_one_class_has_a_gaussian_of_its_own(qapp, stage):
    other = SpaceStage()
    try:
        run = other.compute("clusters-64", label=3)
        other.press("gaussian")
        found = next(event.result for event in other.tasks if getattr(event, "result", None))
        data = run.source.dataset
        own = gm.Gaussians.fit(data.points[data.labels == 3])
        curve = gaussian_curve(own, run.x[0], run.sigmas)
        np.testing.assert_allclose(found.curves.across, geometry.subspace(curve).across, atol=1e-9)
        assert f"{(data.labels == 3).sum()} data points" in found.note
    finally:
        other.close()


def test_tasks_compare_without_their_arrays():
    """The inbox compares commands, and arrays have no single truth."""
    x = np.zeros((2, 3, 4))
    one, other = (ControlTask(1, None, 2, "walk", np.arange(2), x.copy()) for _ in range(2))
    assert one == other
    assert SpaceRequest(1, 2, x) == SpaceRequest(1, 2, None)
