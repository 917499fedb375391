"""Experiments on Gaussians, whose ODE has a closed form: errors, orders, tables, progress and cancelling."""

from __future__ import annotations

import csv
from dataclasses import FrozenInstanceError

import numpy as np
import pytest
import torch
from problems import Gaussian

import geomodel as gm
from geomodel import solvers
from geomodel.experiments import Lane, compare, convergence
from geomodel.experiments.convergence import fitted_order

MEAN, VARIANCES = [0.4, -0.3], [2.0, 0.5]
MODEL = gm.MixtureDenoiser([MEAN], [VARIANCES])
EXACT = Gaussian(torch.tensor(MEAN, dtype=torch.float64), torch.tensor(VARIANCES, dtype=torch.float64))
X = gm.noise(range(6), (2,), 80.0)
LANES = [
    Lane("heun", "heun", gm.schedules.karras(18)),
    Lane("euler on cosine", "euler", gm.schedules.cosine(18, final_zero=True)),
    Lane("iPNDM by hand", "ipndm", [80.0, 5.0, 1.0, 0.0], {"order": 2}),
]
REFERENCE_ERROR = 1e-7  # dop853 with a tolerance of 1e-10 a step and numbers up to 200: measured 1.5e-8


@pytest.fixture(scope="module")
def comparison():
    return compare(MODEL, X, LANES)


def closed_form(sigma):
    return EXACT.solution(X, 80.0, float(sigma)).numpy()


def test_the_reference_is_the_closed_form_at_every_level_of_every_lane(comparison):
    assert set(comparison.sigmas) == {float(sigma) for lane in LANES for sigma in lane.sigmas}
    assert (np.diff(comparison.sigmas) < 0).all()
    assert comparison.reference.shape == (len(comparison.sigmas), 6, 2)
    for sigma, x in zip(comparison.sigmas, comparison.reference, strict=True):
        # At 0: D at 10⁻⁴ of the level before, 2e-7, is x(0) but for σ²/2v.
        np.testing.assert_allclose(x, closed_form(sigma), atol=REFERENCE_ERROR, rtol=0)


def test_errors_are_distances_to_the_closed_form(comparison):
    for result in comparison.lanes:
        run = gm.sample(MODEL, X, result.lane.sigmas, solver=result.lane.solver, display="off", **result.lane.options)
        np.testing.assert_array_equal(result.trajectory.x, run.x)
        exact = np.stack([closed_form(sigma) for sigma in result.lane.sigmas])
        np.testing.assert_allclose(
            result.errors, np.sqrt(((run.x - exact) ** 2).sum(-1)), atol=2 * REFERENCE_ERROR, rtol=0
        )
        assert not result.errors[0].any()
        np.testing.assert_array_equal(result.final_errors, result.errors[-1])
        assert result.evaluations.tolist() == [run.evaluations] * 6
        assert result.seconds > 0
        assert result.trajectory.looks == 0
    assert [result.evaluations[0] for result in comparison.lanes] == [36, 18, 3]


def test_looks_can_be_asked_for():
    lane = Lane("afs", "heun", gm.schedules.karras(5), {"analytic_first_step": (np.zeros(2), 1.0)})
    blind, seen = (compare(MODEL, X, [lane], display=display).lanes[0].trajectory for display in ("off", "exact"))
    assert (blind.looks, seen.looks) == (0, 2)  # at the start and at the end
    np.testing.assert_array_equal(blind.x, seen.x)


def test_the_result_is_frozen(comparison):
    with pytest.raises(FrozenInstanceError):
        comparison.sigmas = None
    with pytest.raises(FrozenInstanceError):
        comparison.lanes[0].lane.name = "other"


def test_the_table_has_a_row_for_each_lane_level_and_sample(comparison, tmp_path):
    rows = comparison.rows()
    assert len(rows) == 6 * (19 + 19 + 4)
    assert list(rows[0]) == ["lane", "solver", "level", "sigma", "sample", "error", "evaluations", "seconds"]
    found = rows[6 * 5 + 2]
    heun = comparison.lanes[0]
    assert (found["lane"], found["level"], found["sample"], found["evaluations"]) == ("heun", 5, 2, 10)
    assert (found["sigma"], found["error"]) == (heun.trajectory.sigmas[5], heun.errors[5, 2])
    comparison.write_csv(tmp_path / "errors.csv")
    with (tmp_path / "errors.csv").open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    assert len(written) == len(rows)
    assert float(written[32]["error"]) == found["error"]  # every float in full
    assert [path.name for path in tmp_path.iterdir()] == ["errors.csv"]


def test_every_solver_can_be_compared_and_ends_near_the_closed_form():
    names = [row.name for row in solvers.SOLVERS if not row.stochastic]
    for result in compare(MODEL, X, [Lane(name, name, gm.schedules.log_uniform(60)) for name in names]).lanes:
        # Euler leaves most: h/2 of x with h = ln(40,000)/60 = 0.18. Measured 0.099, the others below 0.01.
        assert result.final_errors.max() < (0.15 if result.lane.name == "euler" else 0.015), result.lane.name


def test_a_jump_from_a_large_level_is_measured_against_the_ode_and_not_against_itself():
    (result,) = compare(MODEL, X, [Lane("jump", "euler", [80.0, 2.0, 0.0])]).lanes
    expected = np.linalg.norm(result.trajectory.x[-1] - closed_form(0.0), axis=1)
    # D is taken at 2e-4: σ²/2v = 4e-8 of x.
    np.testing.assert_allclose(result.final_errors, expected, atol=2e-7)
    assert result.final_errors.max() > 0.1


def test_the_reference_may_be_given(comparison):
    by_name = compare(MODEL, X, LANES, reference="heun")
    # Heun with steps of 1/32 in log σ: h²/12 of x at most.
    assert 1e-6 < np.abs(by_name.reference - comparison.reference).max() < 1e-2
    union = comparison.sigmas
    exact = gm.Trajectory(
        x=np.stack([closed_form(sigma) for sigma in union]),
        denoised=np.zeros((len(union) - 1, 6, 2)),
        sigmas=union,
        evaluations=0,
        evaluations_at=np.zeros(len(union), np.int64),
        network_calls=0,
        looks=0,
    )
    given = compare(MODEL, X, LANES[:1], reference=exact).lanes[0]  # it has more levels than are needed
    expected = [
        np.linalg.norm(x - closed_form(s), axis=1) for s, x in zip(LANES[0].sigmas, given.trajectory.x, strict=True)
    ]
    np.testing.assert_allclose(given.errors, expected, rtol=1e-12)
    with pytest.raises(ValueError, match="no level σ = 79"):
        compare(MODEL, X, [Lane("more", "euler", [80.0, 79.0, 1.0])], reference=exact)
    with pytest.raises(ValueError, match="samples of shape"):
        compare(MODEL, X[:2], LANES[:1], reference=exact)


def test_progress_tells_every_lane_and_never_falls(comparison):
    told = []
    watched = compare(MODEL, X, LANES, progress=lambda lane, fraction: told.append((lane, fraction)))
    np.testing.assert_array_equal(watched.lanes[0].errors, comparison.lanes[0].errors)
    assert told == sorted(told)  # the reference is −1 and comes first
    assert {lane for lane, _ in told} == {-1, 0, 1, 2}
    assert all(0 <= fraction <= 1 for _, fraction in told)
    assert [fraction for lane, fraction in told if lane == 2] == [0.0, 1 / 3, 2 / 3, 1.0]


def test_an_exception_from_progress_cancels():
    class Cancelled(BaseException):
        pass

    def progress(lane, fraction):
        if lane == 1 and fraction > 0.5:
            raise Cancelled

    with pytest.raises(Cancelled):
        compare(MODEL, X, LANES, progress=progress)


def test_stochastic_lanes_get_the_noise_and_the_others_do_not():
    drawn = next((row.name for row in solvers.SOLVERS if row.stochastic), None)
    if drawn is None:
        pytest.skip("no stochastic solver in the table")
    sigmas = gm.schedules.karras(12)
    lanes = [Lane("ode", "heun", sigmas), Lane("sde", drawn, sigmas)]
    first, second = (compare(MODEL, X, lanes, noise=gm.Brownian(range(6))).lanes for _ in range(2))
    np.testing.assert_array_equal(first[1].errors, second[1].errors)
    with pytest.raises(ValueError, match="noise"):
        compare(MODEL, X, lanes)


def test_labels_reach_every_lane_and_the_reference():
    data = gm.datasets.load("two-moons", count=100)
    both, one = gm.OptimalDenoiser(data.points, data.labels), gm.OptimalDenoiser(data.points[data.labels == 1])
    lanes = [Lane("heun", "heun", gm.schedules.karras(6, sigma_max=10.0, sigma_min=0.1))]
    x = gm.noise(range(3), (2,), 10.0)
    labelled = compare(both, x, lanes, labels=[1, 1, 1], reference="heun")
    alone = compare(one, x, lanes, reference="heun")
    np.testing.assert_allclose(labelled.lanes[0].errors, alone.lanes[0].errors, atol=1e-10)  # another order of sums


@pytest.mark.parametrize(
    ("lanes", "error", "message"),
    [
        ([], ValueError, "at least one lane"),
        ([LANES[0], Lane("heun", "euler", [80.0, 1.0])], ValueError, "Two lanes are called heun"),
        ([LANES[0], Lane("b", "euler", [70.0, 1.0])], ValueError, r"start at 70.0, 80.0"),
        ([Lane("b", "euler", [1.0, 2.0])], ValueError, "descend"),
        ([Lane("b", "eluer", [80.0, 2.0])], ValueError, "no solver 'eluer'"),
        ([Lane("b", "euler", [80.0, 2.0], {"order": 1})], TypeError, "order"),
    ],
)
def test_what_cannot_be_compared_is_refused_before_anything_runs(lanes, error, message):
    def model(x, sigma):
        raise AssertionError("it ran")

    with pytest.raises(error, match=message):
        compare(model, X, lanes)


# ---------------------------------------------------------------- convergence


@pytest.fixture(scope="module")
def study():
    return convergence(MODEL, X, ["euler", "heun"], (32, 64, 128, 256))


def test_euler_is_of_order_1_and_heun_of_order_2(study):
    # The next order shifts the slope by about 1/n of the first count: measured 0.98 and 2.03.
    assert study.orders == {"euler": pytest.approx(1.0, abs=0.06), "heun": pytest.approx(2.0, abs=0.1)}


def test_errors_are_those_at_the_end(study):
    assert study.errors.shape == study.evaluations.shape == (2, 4, 6)
    assert (study.solvers, study.steps) == (("euler", "heun"), (32, 64, 128, 256))
    run = gm.sample(MODEL, X, gm.schedules.karras(64), solver="heun")
    expected = np.linalg.norm(run.x[-1] - closed_form(0.002), axis=1)
    np.testing.assert_allclose(study.errors[1, 1], expected, atol=2 * REFERENCE_ERROR, rtol=0)
    np.testing.assert_array_equal(study.evaluations[1, 1], 128)
    np.testing.assert_array_equal(study.medians[1], np.median(study.errors[1], axis=1))


def test_its_table(study, tmp_path):
    rows = study.rows()
    assert len(rows) == 2 * 4 * 6
    assert rows[-1] == {
        "solver": "heun",
        "steps": 256,
        "sample": 5,
        "error": study.errors[1, 3, 5],
        "evaluations": 512,
        "seconds": study.seconds[1, 3],
        "fitted_order": study.orders["heun"],
    }
    study.write_csv(tmp_path / "orders.csv")
    assert (tmp_path / "orders.csv").read_text(encoding="utf-8").count("\n") == 49


def test_options_levels_and_progress():
    told = []
    found = convergence(
        MODEL,
        X / 10,
        {"ipndm": {"order": 1}, "euler": {}},
        [8, 4, 8],
        schedule="polyexponential",
        sigma_max=8.0,
        sigma_min=0.1,
        rho=2.0,
        progress=lambda lane, fraction: told.append((lane, fraction)),
    )
    assert found.steps == (4, 8)
    np.testing.assert_array_equal(found.errors[0], found.errors[1])  # iPNDM of order 1 is Euler
    assert {lane for lane, _ in told} == {-1, 0, 1, 2, 3}
    for wrong in (([], [4, 8]), (["euler"], [4, 4])):
        with pytest.raises(ValueError, match="at least one solver and two"):
            convergence(MODEL, X, *wrong)


def test_the_fit_is_least_squares_in_both_logarithms():
    steps = [10, 20, 40, 80]
    errors = 3.0 * np.array(steps, float) ** -2.5
    assert fitted_order(steps, errors) == pytest.approx(2.5, abs=1e-12)
    noisy = errors * [1.1, 0.9, 1.0, 1.2]
    design = np.stack([np.ones(4), -np.log(steps)], axis=1)
    assert fitted_order(steps, noisy) == pytest.approx(np.linalg.lstsq(design, np.log(noisy), rcond=None)[0][1])
    assert fitted_order(steps, np.array([1.0, 0.25, 0.0, np.nan])) == pytest.approx(
        2.0
    )  # an exact run has no logarithm
    assert np.isnan(fitted_order(steps, np.array([0.0, 0.0, 0.0, 1.0])))


def test_the_public_names():
    assert gm.experiments.compare is compare
    assert set(gm.experiments.__all__) >= {"Lane", "compare", "convergence"}
