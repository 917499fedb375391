"""Runs that have no Space, or no shape: each gives a value or a sentence, and nothing breaks."""

from __future__ import annotations

import numpy as np
import pytest
from space_stage import SpaceStage

from app.session import bundled
from geomodel.datasets import DataError
from geomodel.job import Job


@pytest.fixture
def stage(qapp):
    made = SpaceStage()
    yield made
    made.close()


def points(tmp_path, values, name="points"):
    path = tmp_path / f"{name}.npy"
    np.save(path, values)
    return path


def numbers(stage):
    """The run's own numbers by their titles."""
    return {row.title: row.values[0] for row in stage.picture.rows}


def look_again(stage):
    """Request everything as if the run were new."""
    stage.space._of = (-1, 0)
    stage.space.refresh()
    stage.settle()


def test_without_a_run(stage):
    assert "Press Run" in stage.picture.message


def test_one_step_is_a_line(stage):
    stage.compute("clusters-64", steps=1)
    assert "one step joins two points" in " ".join(stage.picture.notes)
    found = numbers(stage)
    assert found["PC 1 of the complement"] == found["Residual to the mean"] == "–"
    assert len(stage.picture.bundles[0].points) == 2
    stage.view.grab()


def test_many_samples_are_drawn_in_part_and_counted_whole(stage, monkeypatch):
    monkeypatch.setattr("app.rooms.space.picture.MOST_DRAWN", 60)
    stage.compute("clusters-64", count=9)
    assert "9 trajectories, the first 4 are drawn" in stage.picture.caption
    assert stage.picture.bundles[0].points.shape == (13, 4, 3)
    assert stage.picture.classes.shape == (4,)
    assert numbers(stage)["Reflections"].endswith("of 9")
    stage.services.state.select(sample=8)  # it is thick all the same
    assert np.isfinite(stage.picture.strand.points).all()
    stage.view.colouring_chosen.emit("class")
    stage.view.grab()


def test_a_network_without_data_has_a_space_and_no_gaussian(stage):
    player = stage.services.player
    player.drafting.edit({"steps": 3, "count": 2, "solver": "euler"})
    player.drafting.open_network(bundled.path("fashion-mnist"))
    stage.settle()
    player.drafting.close_data()
    player.drafting.edit({"driver": "network", "steps": 3, "count": 2, "solver": "euler"})
    player.run()
    stage.settle()
    stage.services.playback.pause()
    stage.settle()
    assert stage.run.source is None
    assert len(stage.picture.bundles[0].points) == 4
    assert "no classes" in stage.picture.class_refusal
    stage.press("gaussian")
    assert "needs the reference data" in " ".join(stage.picture.notes)
    stage.press("walk")
    assert stage.picture.owners == ("run", "walk")


def test_one_sample(stage):
    stage.compute("clusters-64", count=1)
    found = numbers(stage)
    assert found["PC 1 of the complement"].endswith("%")
    assert found["… at equal size"] == "0"
    assert "One sample is its own mean" in " ".join(stage.picture.notes)
    assert found["Spread of sizes"] == "0.0 %"


def test_three_dimensions(stage, tmp_path):
    stage.compute(points(tmp_path, np.random.default_rng(0).normal(size=(40, 3))))
    assert numbers(stage)["PC 1 and PC 2"] == "100.0 %"
    stage.press("gaussian")
    assert stage.picture.owners == ("run", "gaussian")


def test_data_that_are_one_point(stage, tmp_path):
    """D is that point everywhere, so x runs straight to it, and D does not move."""
    stage.compute(points(tmp_path, np.repeat(np.ones((1, 5)), 6, axis=0)))
    assert stage.picture.inset is None
    notes = " ".join(stage.picture.notes)
    assert "no inset here because it does not move" in notes
    assert "Shapes are undefined for 5 of 5 samples" in notes
    for control in ("gaussian", "walk"):
        stage.press(control)
    assert stage.picture.owners == ("run", "gaussian", "walk")
    stage.view.grab()


def test_a_stochastic_run_says_that_it_is_no_ode(stage):
    stage.compute("clusters-64", solver="euler_ancestral")
    assert "adds noise" in " ".join(stage.picture.notes)


def test_an_adaptive_run_says_where_it_is_known(stage):
    stage.compute("clusters-64", solver="rk45", steps=6)
    assert "steps of its own" in " ".join(stage.picture.notes)


def test_a_run_to_zero_has_the_playhead_at_its_end(stage):
    run = stage.compute("clusters-64", final_zero=True)
    stage.services.playback.go_to_end()
    assert stage.picture.sigma == 0
    assert stage.picture.target is None  # D was not evaluated there
    assert stage.picture.strand.at == len(run.sigmas) - 1
    stage.press("gaussian")
    assert stage.picture.owners == ("run", "gaussian")


def test_data_without_classes(stage):
    stage.compute("gaussian-64")
    stage.view.colouring_chosen.emit("class")
    assert stage.picture.colouring == "sigma"
    assert "undefined here because the data have no classes" in stage.picture.class_refusal


def test_rows_that_are_not_finite_take_no_part(stage):
    run = stage.compute("clusters-64")
    run.trajectory.x[4:, 1] = np.nan
    look_again(stage)
    assert "Shapes are undefined for 1 of 5 samples" in " ".join(stage.picture.notes)
    assert np.isfinite(float(numbers(stage)["Residual to the mean"]))
    stage.services.state.select(sample=1)
    stage.view.grab()
    stage.press("walk")
    assert stage.picture.owners == ("run", "walk")


def test_data_whose_file_has_changed_cost_the_classes_alone(stage, monkeypatch):
    def gone(*_, **__):
        raise DataError("The file has become shorter.")

    stage.compute("clusters-64")
    monkeypatch.setattr(Job, "posterior", gone)
    look_again(stage)
    assert (stage.picture.classes == -1).all()
    assert stage.picture.bundles
    stage.view.colouring_chosen.emit("class")
    stage.view.grab()


def test_a_run_whose_data_are_not_open_says_what_is_missing(stage, tmp_path):
    run = stage.compute("clusters-64")
    run.linked, run.caption = False, "The data are not open"
    stage.services.state.runs_changed.emit()
    assert stage.picture.message == "The data are not open"


def test_a_control_that_fails_says_why_at_its_button(stage, tmp_path, monkeypatch):
    from app.rooms.space import answers

    def refuse(task, work):
        raise ValueError("The covariance is too large.")

    monkeypatch.setitem(answers.MAKERS, "gaussian", refuse)
    stage.compute("clusters-64")
    stage.press("gaussian")
    button = stage.view.bar.buttons["gaussian"]
    assert not button.isEnabled()
    assert not button.isChecked()
    assert "The covariance is too large." in button.toolTip()
    assert "Gaussian: The covariance is too large." in stage.picture.notes
    stage.press("walk")  # the others go on
    assert stage.picture.owners == ("run", "walk")


def test_a_control_that_was_cancelled_can_be_pressed_again(stage):
    stage.compute("clusters-64")
    stage.view.bar.buttons["walk"].click()
    stage.services.player.cancel()
    stage.settle()
    assert not stage.view.bar.buttons["walk"].isChecked()
    assert stage.picture.owners == ("run",)
    stage.press("walk")
    assert stage.picture.owners == ("run", "walk")


def test_another_run_takes_the_controls_along(stage):
    stage.compute("clusters-64")
    stage.press("walk")
    first = stage.picture.bundles[1].points
    stage.services.player.drafting.edit({"seed": 99})
    stage.services.player.run()
    stage.settle()
    stage.services.playback.pause()
    stage.settle()
    assert stage.picture.owners == ("run", "walk")
    assert not np.array_equal(stage.picture.bundles[1].points, first)


def test_answers_about_an_older_run_are_dropped(stage):
    stage.compute("clusters-64")
    old = next(answer for answer in stage.answers if getattr(answer, "space", None))
    run = stage.compute("gaussian-64")
    shown = stage.picture.bundles
    stage.services.player.answered.emit(old)
    assert stage.picture.bundles is shown
    assert run.settings.data == "gaussian-64"


def test_coordinates_are_not_asked_for_while_the_run_is_computed(stage, monkeypatch):
    stage.compute("clusters-64", count=3)
    asked = []
    monkeypatch.setattr(stage.space._player, "submit", asked.append)
    run = stage.services.state.run
    stage.space._of, run.status = (-1, 0), "computing"
    stage.space.refresh()
    assert asked == []
    run.status = "complete"
    stage.space.refresh()
    assert [request.run_id for request in asked] == [run.id]
    assert all(request.while_computing for request in asked)  # a long task must not hold them back
