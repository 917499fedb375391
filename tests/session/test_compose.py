"""From a run and a selection to the plane and the strip: what is shown is what the run holds."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import window_runs
from problems import CASES
from window_runs import TOY, computed

import geomodel as gm
from app.engine.contract import Site
from app.rooms.plane.messages import InsideAnswer, InsideRequest
from app.rooms.plane.picture import inside_picture, plane_captions, plane_picture
from app.rooms.plane.projected import Projected
from app.rooms.strip import picture as compose_strip
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from app.session import facts as compose
from app.session.state import Selection
from geomodel import images
from geomodel.projection import identity_basis


@pytest.fixture
def moons():
    return window_runs.moons()


@pytest.fixture
def pictures():
    return window_runs.pictures()


# ---------------------------------------------------------------- the plane


def test_two_dimensional_data_are_shown_as_they_are(moons):
    run = computed(moons)
    basis = compose.run_basis(run)
    picture = plane_picture(run, Selection(1, 2, 3), Projected.of(run, basis))
    assert np.array_equal(picture.curves.sampling, run.x)
    assert np.array_equal(picture.curves.denoising, run.denoised)
    assert np.array_equal(picture.curves.final_denoised, run.trajectory.final_denoised)
    assert np.array_equal(picture.curves.sigmas, run.sigmas)
    assert picture.curves.committed == 6
    assert (picture.index, picture.sample) == (3, 2)
    assert (picture.x_label, picture.y_label) == ("x₁", "x₂")
    assert np.array_equal(picture.data, moons.dataset.points)
    assert picture.center == pytest.approx(tuple(moons.dataset.mean))
    assert picture.scale == pytest.approx(moons.dataset.points.std(axis=0).mean())
    assert picture.driver_name == "D*"
    assert picture.caption == ""


def test_images_are_shown_in_their_principal_components(pictures):
    run = computed(pictures, replace(TOY, count=2))
    basis = compose.run_basis(run)
    picture = plane_picture(run, Selection(1, 0, 0), Projected.of(run, basis))
    flat = run.x.reshape(6, 2, 72) - pictures.dataset.points.reshape(30, 72).mean(axis=0, dtype=float)
    # Numbers up to 300 times a unit vector of 72 coordinates, in float64.
    assert np.allclose(picture.curves.sampling, flat @ basis.vectors.T, atol=1e-10)
    assert (picture.x_label, picture.y_label) == ("principal component 1", "principal component 2")
    first, second = basis.explained
    assert f"{first:.0%} + {second:.0%}" in picture.caption
    assert picture.caption.startswith("Marginal: mean field of the projection · ")
    assert "single trajectories do not follow it" in picture.caption_whole


def test_a_growing_run_is_projected_level_by_level(moons):
    whole = computed(moons)
    run = computed(moons, levels=1)
    projected = Projected.of(run, compose.run_basis(run))
    steps = iter(gm.iterate(gm.OptimalDenoiser(moons.dataset.points), whole.x[0], whole.sigmas))
    for committed in (1, 2, 4, 6):
        while run.committed < committed:
            run.record.append(next(steps))
        curves = projected.curves(run)
        assert curves.committed == projected.levels == committed  # a level is projected once
        assert np.array_equal(curves.sampling[:committed], whole.x[:committed])
        assert np.array_equal(curves.denoising[: committed - 1], whole.denoised[: committed - 1])
        assert np.isnan(curves.sampling[committed:]).all()
        assert np.isnan(curves.denoising[committed - 1 :]).all()
        assert curves.final_denoised is None
        # Views compare by identity: what was projected stays where it is.
        assert curves.sampling is projected.sampling
        assert curves.denoising is projected.denoising


def test_without_its_data_a_run_in_the_plane_is_shown_and_another_is_not(moons, pictures):
    run = computed(moons)
    run.source = None
    basis = compose.run_basis(run)
    assert np.array_equal(basis.vectors, np.eye(2))
    picture = plane_picture(run, Selection(1, 0, 0), Projected.of(run, basis))
    assert (picture.data, picture.scale, picture.center) == (None, 1.0, pytest.approx(tuple(moons.dataset.mean)))
    far = computed(pictures, replace(TOY, count=1))
    far.source = None
    assert compose.run_basis(far) is None


def test_a_title_says_data_driver_solver_and_steps(moons):
    title = compose.plane_title(computed(moons, replace(TOY, solver="dpmpp_2m")))
    assert title == "Two moons · D* · DPM-Solver++ 2M, 5 steps"
    of_a_file = computed(moons)
    of_a_file.settings = replace(of_a_file.settings, data="/some/where/points.csv", driver="mixture")
    assert compose.plane_title(of_a_file) == "points.csv · mixture D · Heun (EDM), 5 steps"


def test_class_and_guidance_stand_in_the_title(moons):
    run = computed(moons, replace(TOY, label=1, guidance=2.5))
    title = compose.plane_title(run)
    assert title == "Two moons · D* · class lower moon, guidance 2.5 · Heun (EDM), 5 steps"
    run.settings = replace(TOY, label=1)
    run.source = None  # it knows its class where its data are not open
    assert compose.class_words(run) == "class lower moon"
    assert compose.class_words(computed(moons)) == ""


def test_a_caption_says_what_is_not_ordinary(moons):
    run = computed(moons)
    run.status, run.caption, run.message = "recorded", "The data are not here", "x became NaN"
    short, whole = plane_captions(run, compose.run_basis(run), Site())
    assert short == "Recorded run · The data are not here · x became NaN"
    assert whole == "Recorded run from the program's own files. The data are not here. x became NaN"


# ---------------------------------------------------------------- inside a step


@pytest.mark.parametrize(("solver", "options"), [case for case in CASES if "analytic_first_step" not in case[1]])
def test_the_inside_of_a_step_is_its_detail(moons, solver, options):
    run = computed(moons, replace(TOY, solver=solver, options=options))
    i, k = 3, 2
    inside = inside_picture(run, Selection(1, k, i), identity_basis(2), None)
    detail = run.details[i]
    assert inside.stages == gm.solvers.row(solver).evaluations
    assert np.array_equal(inside.x, detail.x[:, k])
    assert np.array_equal(inside.denoised, detail.denoised[:, k])
    assert (inside.sigmas, inside.slope_weights) == (detail.sigmas, detail.slope_weights)
    assert np.array_equal(inside.start, run.x[i, k])
    assert np.array_equal(inside.end, run.x[i + 1, k])
    assert (inside.sigma, inside.sigma_next) == (run.sigmas[i], run.sigmas[i + 1])
    euler = run.x[i, k] + (inside.sigma_next - inside.sigma) * (run.x[i, k] - run.denoised[i, k]) / inside.sigma
    assert np.allclose(inside.euler, euler, atol=1e-13)  # the same point by another formula
    if solver == "euler":
        assert np.allclose(inside.end, inside.euler, atol=1e-13)
    assert inside.exact is None


def test_only_an_answer_to_this_step_and_sample_is_shown(moons):
    run = computed(moons)
    curve = np.random.default_rng(0).standard_normal((33, 2))

    def shown(index, sample):
        answer = InsideAnswer(InsideRequest(1, index, sample), curve, 0.25)
        return inside_picture(run, Selection(1, 2, 3), identity_basis(2), answer)

    assert np.array_equal(shown(3, 2).exact, curve)
    assert shown(3, 2).exact_error == 0.25
    assert shown(2, 2).exact is None
    assert shown(3, 1).exact is None


def test_there_is_no_inside_where_nothing_was_kept(moons, pictures):
    run = computed(moons)
    basis = identity_basis(2)
    assert inside_picture(run, Selection(1, 0, 5), basis, None) is None  # no step leaves the last level
    run.record = None
    assert inside_picture(run, Selection(1, 0, 3), basis, None) is None  # a run from a file
    many = computed(pictures, replace(TOY, count=3), keep=1)
    basis = compose.run_basis(many)
    assert inside_picture(many, Selection(1, 0, 3), basis, None) is None
    inside = inside_picture(many, Selection(1, 1, 3), basis, None)
    assert np.allclose(inside.x[0], inside.start, atol=1e-11)  # projected in another batch: rounded otherwise
    assert np.array_equal(inside.start, basis.project(many.x[3, 1]))


# ---------------------------------------------------------------- the strip


def neighbours(run, index=3, run_id=1):
    posterior = gm.OptimalDenoiser(run.source.dataset.points).posterior(run.x[index, :1], run.sigmas[index], k=4)
    return NeighboursAnswer(
        NeighboursRequest(run_id, index, 0),
        posterior.indices[0].numpy(),
        posterior.weights[0].numpy(),
        float(posterior.effective_neighbours[0]),
    )


def test_a_strip_shows_the_selected_sample_at_every_level(pictures):
    run = computed(pictures, replace(TOY, count=3))
    answer = neighbours(run)
    picture = compose_strip.strip_picture(run, Selection(1, 2, 3), answer)
    first, second = picture.rows
    assert (first.caption, second.caption) == ("x", "D*(x; σ)")
    scale = pictures.dataset.std
    assert np.array_equal(first.images, images.pixels(images.shrunk(run.x[:, 2], run.sigmas, scale)))
    ends = np.concatenate([run.denoised[:, 2], run.trajectory.final_denoised[None, 2]])
    assert np.array_equal(second.images, images.pixels(ends))
    assert picture.denoised_note == "clipped 0 %"  # D* is a mean of images
    assert np.array_equal(picture.samples, images.pixels(run.denoised[3]))
    assert (picture.sample, picture.samples_note) == (2, f"D*(x; σ) at σ {run.sigmas[3]:.3g}")
    end = compose_strip.strip_picture(run, Selection(1, 2, 5), answer)
    assert end.denoised_note  # D at the end was looked at
    assert np.array_equal(end.samples, images.pixels(run.trajectory.final_denoised))
    assert picture.index == 3
    assert np.array_equal(picture.neighbours, pictures.dataset.stored[answer.indices, 0])
    assert np.array_equal(picture.neighbour_weights, answer.weights)
    many = replace(answer, indices=np.arange(30), weights=np.full(30, 1 / 30))
    few = compose_strip.strip_picture(run, Selection(1, 2, 3), many)
    assert len(few.neighbours) == len(few.neighbour_weights) == 12  # as many as the strip has room for
    assert picture.neighbour_labels == ()
    assert "of 30" in picture.neighbours_note


def test_a_strip_of_a_growing_run_ends_where_the_run_is(pictures):
    run = computed(pictures, replace(TOY, count=1), levels=3)
    picture = compose_strip.strip_picture(run, Selection(1, 0, 2), None)
    assert [len(row.images) for row in picture.rows] == [3, 2]
    assert picture.denoised_note == ""  # D at the playhead is not known yet
    assert np.array_equal(picture.samples, images.pixels(run.x[2]))
    assert picture.samples_note.startswith("x at")
    assert picture.neighbours is None


@pytest.mark.parametrize(("share", "note"), [(0.0, "clipped 0 %"), (0.125, "clipped 12.5 %"), (1.0, "clipped 100 %")])
def test_the_clipped_share_is_told(pictures, share, note):
    run = computed(pictures, replace(TOY, count=1))
    run.denoised[2] = 0.0
    run.denoised[2].reshape(-1)[: round(72 * share)] = 1.5
    assert compose_strip.strip_picture(run, Selection(1, 0, 2), None).denoised_note == note


def test_d_star_beside_another_driver_has_its_own_row(pictures):
    run = computed(pictures, replace(TOY, count=1))
    run.trajectory.extras["optimal"] = run.denoised
    run.settings = replace(run.settings, driver="network")
    captions = [row.caption for row in compose_strip.strip_picture(run, Selection(1, 0, 0), None).rows]
    assert captions == ["x", "Dθ(x; σ)", "D*(xₙ)"]


def test_a_gaussian_beside_a_run_has_its_own_row(pictures):
    run = computed(pictures, replace(TOY, count=1))
    run.trajectory.extras["gaussian"] = run.denoised
    run.settings = replace(run.settings, compared_with="gaussian")
    rows = compose_strip.strip_picture(run, Selection(1, 0, 0), None).rows
    assert [(row.caption, row.kind) for row in rows][2:] == [("D_G(xₙ)", "reference")]


def test_the_rows_are_made_once_for_a_sample(pictures):
    run, rows = computed(pictures, replace(TOY, count=2)), compose_strip.StripRows()
    first = compose_strip.strip_picture(run, Selection(1, 0, 0), None, rows)
    assert compose_strip.strip_picture(run, Selection(1, 0, 3), None, rows).rows is first.rows
    other = compose_strip.strip_picture(run, Selection(1, 1, 3), None, rows)
    assert np.array_equal(other.rows[1].images[3], other.samples[1])


def test_neighbours_of_another_run_are_not_shown(pictures):
    run = computed(pictures, replace(TOY, count=1))
    assert compose_strip.strip_picture(run, Selection(1, 0, 3), neighbours(run, run_id=2)).neighbours is None
    run.source = None
    assert "reference data" in compose_strip.strip_picture(run, Selection(1, 0, 3), None).neighbours_note


def test_labels_name_the_neighbours(pictures):
    dataset = replace(pictures.dataset, labels=np.arange(30) % 2, label_names=("even", "odd"))
    run = computed(replace(pictures, dataset=dataset), replace(TOY, count=1))
    answer = neighbours(run)
    picture = compose_strip.strip_picture(run, Selection(1, 0, 3), answer)
    assert picture.neighbour_labels == tuple(("even", "odd")[i % 2] for i in answer.indices)


def test_points_have_no_strip(moons):
    for run in (None, computed(moons)):
        picture = compose_strip.strip_picture(run, Selection(1, 0, 0), None)
        assert picture.rows == ()
        assert "image data" in picture.message
