"""Every claim holds for a model of which it is true, and does not hold for one that was broken on purpose."""

from __future__ import annotations

import csv
from dataclasses import replace

import numpy as np
import pytest
import torch

import geomodel as gm
from app.rooms import ROOMS
from geomodel import pf_ode
from geomodel.designed import GitsTable
from geomodel.experiments.literature import (
    KINDS,
    STATEMENTS,
    Claim,
    NotApplicable,
    claims,
    failed_self_tests,
    identities,
    material,
    theorems,
    toys,
    write,
)
from geomodel.experiments.literature import against_data as on_data
from geomodel.experiments.literature.writing import COLUMNS

BY_NAME = {statement.find.__name__: statement for statement in STATEMENTS}
NUMBER = {name: statement.number for name, statement in BY_NAME.items()}
OF_MODEL = [name for name, s in BY_NAME.items() if s.kind != "toy" and name != "papers_fid"]
SLOW_TOYS = {"second_orders", "heun_order", "second_clock"}  # more than half a second each


@pytest.fixture(scope="module")
def data():
    return gm.datasets.load("clusters-64", count=300)


@pytest.fixture(scope="module")
def optimal(data):
    return gm.OptimalDenoiser(data.points)


@pytest.fixture(scope="module")
def good(data):
    """What the claims share for the exact mixture, which is what a perfect network would have learned."""
    return material(data.mixture, data, count=8)


@pytest.fixture(scope="module")
def memory(data, optimal):
    """The same for D*."""
    return material(optimal, data, count=8)


def judged(name: str, own) -> Claim:
    return BY_NAME[name].judged(own)


def fresh(own, model=None, **known):
    """The same material, with another model or with some of what is known replaced."""
    if model is not None:
        return material(model, own.data, count=own.count)
    return replace(own, known={**own.known, **known})


# ------------------------------------------------------------ where they hold


@pytest.mark.parametrize("name", OF_MODEL)
def test_a_claim_about_the_model_holds_for_the_exact_mixture(name, good):
    claim = judged(name, good)
    assert claim.verdict == "holds", (claim.measured, claim.expectation, claim.reason)
    assert claim.n > 0


@pytest.mark.parametrize("name", [n for n, s in BY_NAME.items() if s.kind == "toy" and n not in SLOW_TOYS])
def test_a_toy_holds(name):
    claim = judged(name, material(None, None))
    assert claim.verdict == "holds", (claim.measured, claim.expectation, claim.reason)


@pytest.mark.slow
@pytest.mark.parametrize("name", sorted(SLOW_TOYS))
def test_a_slow_toy_holds(name):
    claim = judged(name, material(None, None))
    assert claim.verdict == "holds", (claim.measured, claim.expectation, claim.reason)


# ------------------------------------------------------------ self-tests that fail


def fails(name: str, own) -> Claim:
    claim = judged(name, own)
    assert claim.verdict == "does not hold", (claim.measured, claim.expectation, claim.reason)
    return claim


class Forgetful:
    """A model that answers the same question in another way each time, so that it is no function."""

    shape = (64,)

    def __init__(self, model):
        self.model, self.calls = model, 0

    def __call__(self, x, sigma):
        self.calls += 1
        return self.model(x, sigma) * (1 + 1e-9 * self.calls)


@pytest.mark.parametrize("name", ["convex_step", "jump_to_zero"])
def test_a_model_that_is_no_function_fails_the_self_tests(name, good, optimal):
    fails(name, fresh(good, Forgetful(optimal)))


def test_a_wrong_derivative_is_no_finite_difference(monkeypatch, good):
    right = identities.implied_by
    monkeypatch.setattr(identities, "implied_by", lambda *a, **more: right(*a, **more) * (1 + 1e-9))
    fails("finite_differences", good)


class Tampered:
    """D* of other points or at another level than it should be, with weights that do not sum to 1."""

    def __init__(self, optimal, *, ratio=1.0, shift=0.0, share=1.0):
        self.optimal, self.ratio, self.shift, self.share = optimal, ratio, shift, share

    def __call__(self, x, sigma):
        return self.optimal(x, sigma * self.ratio) + self.shift

    def posterior(self, x, sigma, *labels, **more):
        found = self.optimal.posterior(x, sigma * self.ratio, *labels, **more)
        every = None if found.every is None else found.every * self.share
        return replace(found, every=every, mean=found.mean + self.shift)

    def __len__(self):
        return len(self.optimal)

    def __getattr__(self, name):
        return getattr(self.optimal, name)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("posterior_weights", {"share": 1 + 1e-9}),
        ("posterior_weights", {"shift": 10.0}),
        ("softmax_mean", {"ratio": 1 + 1e-6}),
        ("jacobian_is_covariance", {"shift": torch.zeros(64)}),
        ("towards_the_mean", {"shift": 1e-2}),
        ("nearest_point", {"ratio": 100.0}),
        ("nearest_point", {"shift": 1e-6}),
    ],
)
def test_a_wrong_optimal_denoiser_fails(name, wrong, good, optimal):
    if name == "jacobian_is_covariance":
        own = Tampered(optimal)
        own.posterior = Tampered(optimal, ratio=1.001).posterior
    else:
        own = Tampered(optimal, **wrong)
    fails(name, fresh(good, few=own))


def test_a_search_that_takes_the_second_best_path_fails(monkeypatch, good):
    monkeypatch.setattr(GitsTable, "path", lambda self, steps, *between: np.array([0, 1, 2, 3, 9]))
    fails("best_path", good)


@pytest.mark.parametrize("name", ["noise_length", "interpolated_noise"])
def test_noise_of_the_wrong_size_fails(monkeypatch, name, good):
    right = identities._noise
    monkeypatch.setattr(identities, "_noise", lambda *arguments: 1.1 * right(*arguments))
    fails(name, good)


# ------------------------------------------------------------ theorems


@pytest.mark.parametrize("name", ["likelier_steps", "likelier_means"])
def test_one_step_that_loses_where_the_hypothesis_holds_is_found(name, good):
    gains = good.gains
    lost = {part: np.where(np.arange(gains.step.size).reshape(gains.step.shape) == 40, -0.5, getattr(gains, part))
            for part in ("step", "denoised")}  # fmt: skip
    claim = fails(name, fresh(good, gains=replace(gains, **lost)))
    assert claim.measured == 1 - 1 / gains.step.size
    assert claim.sigma == good.run.sigmas[40 // gains.step.shape[1]]
    allowed = np.where(lost["step"] < 0, 1.5, gains.hypothesis)
    excused = judged(name, fresh(good, gains=replace(gains, hypothesis=allowed, **lost)))
    assert excused.verdict == "holds", "a step that does not meet the hypothesis may lose"
    assert excused.n == gains.step.size - 1


def test_a_gain_below_its_bound_is_found(good):
    fails("kernel_bound", fresh(good, gains=replace(good.gains, bound=good.gains.step + 1e-2)))


def test_where_no_step_meets_the_hypothesis_the_theorem_says_nothing(good):
    away = fresh(good, lambda x, sigma: 2 * x)
    claim = judged("likelier_steps", away)
    assert claim.verdict == "not applicable"
    assert "hypothesis" in claim.reason


def test_a_denoiser_with_steps_in_sigma_breaks_the_curvature_relation(good, optimal):
    fails("curvature_relation", fresh(good, lambda x, sigma: optimal(x, float(f"{sigma:.4g}"))))


def test_a_sampler_that_does_not_repeat_its_data_is_found(good):
    fails("memorised", fresh(good, exact_run=good.run))


# ------------------------------------------------------------ observations


def wandering(optimal, size: float):
    """D* carried around by `size`, in directions that change with σ, so that trajectories wind through space."""
    axes = torch.linalg.qr(torch.randn(64, 64, generator=torch.Generator().manual_seed(0), dtype=torch.float64))[0]

    def model(x, sigma):
        place = 6 * np.log(sigma) + 100
        share = place - np.floor(place)
        first, second = axes[int(place) % 64], axes[(int(place) + 1) % 64]
        turn = torch.cos(torch.tensor(share * np.pi / 2)) * first + torch.sin(torch.tensor(share * np.pi / 2)) * second
        return optimal(x, sigma) + size * turn

    return model


@pytest.mark.parametrize(
    "name",
    [
        "small_deviation",
        "shape_of_covariance",
        "nearer_and_nearer",
        "means_nearer",
        "one_component",
        "two_components",
        "short_arc",
        "constant_speed",
        "cosine_dip",
        "turning_late_in_arc",
        "straight_at_last",
    ],
)
def test_a_winding_trajectory_is_not_straight(name, wound):
    fails(name, wound)


@pytest.fixture(scope="module")
def wound(data, optimal):
    return material(wandering(optimal, 400.0), data, count=4)


def test_the_other_ways_to_be_crooked_are_found(good):
    far = np.zeros_like(good.deviation)
    far[1] = 1.0
    fails("deviation_peak", fresh(good, deviation=far))
    fails("bent_means", fresh(good, denoised=good.run.x))
    rough = np.random.default_rng(0).standard_normal(good.subspace.across.shape)
    known = {name: value for name, value in good.known.items() if name != "bundle"}
    fails("one_shape", replace(good, known={**known, "subspace": replace(good.subspace, across=rough)}))
    fails("long_chord", fresh(good, subspace=replace(good.subspace, chord=good.subspace.chord * 1.5)))
    fails("straight_at_first", fresh(good, cosines=good.cosines - 0.01))


def test_a_model_without_gain_or_quality_is_found(good):
    gains = replace(good.gains, denoised=0.5 * good.gains.denoised)
    fails("noise_share", fresh(good, gains=gains))
    fails("means_look_better", fresh(good, denoised=good.run.x * 2))


def shifted(optimal, where):
    """D* with all answers moved at the levels where `where` says so."""
    return lambda x, sigma: optimal(x, sigma) + (3.0 if where(sigma) else 0.0)


def test_a_jump_into_a_bad_answer_does_not_pay(good, optimal):
    scale = good.scale
    fails("early_jump", fresh(good, shifted(optimal, lambda sigma: 0.05 * scale < sigma < 0.2 * scale)))


def test_models_that_differ_from_the_optimum_at_one_end_are_found(good, optimal):
    scale = good.scale
    fails("alike_at_large_noise", fresh(good, shifted(optimal, lambda sigma: sigma > scale)))
    fails("alike_at_the_end", fresh(good, shifted(optimal, lambda sigma: sigma < 0.01 * scale)))


def test_neighbours_that_stay_many_are_found(good):
    run = good.exact_run
    fails("fewer_neighbours", fresh(good, exact_run=replace(run, sigmas=run.sigmas + 50.0)))


def test_classes_that_are_open_to_the_end_are_found(good, data):
    """Points that are dealt out to classes at random have classes that no level decides."""
    random = np.random.default_rng(0)
    mixed = replace(data, labels=random.integers(0, 60, len(data)), label_names=None, gaussians=None)
    own = material(data.mixture, mixed, count=8)
    assert fails("decided_classes", own).measured < 0.75
    assert "no classes" in judged("decided_classes", material(data.mixture, data.points, count=2)).reason


def test_the_exact_sampler_has_no_new_samples(memory):
    assert fails("new_samples", memory).measured < 0.1


def test_bad_levels_are_no_better(monkeypatch, good):
    class Uniform:
        def levels(self, steps):
            low, high = good.levels
            return gm.schedules.build("uniform", steps=steps, sigma_min=low, sigma_max=high)

    monkeypatch.setattr(on_data, "gits_table", lambda *arguments, **more: Uniform())
    fails("designed_levels", good)


# ------------------------------------------------------------ toys that were broken


def test_broken_toys_are_found(monkeypatch):
    own = material(None, None)
    anisotropic = toys._gaussian(toys.SPECTRUM)
    with monkeypatch.context() as patch:
        patch.setattr(toys, "_gaussian", lambda variances: anisotropic)
        fails("straight_gaussian", own)
    with monkeypatch.context() as patch:
        patch.setattr(toys, "SPECTRUM", np.ones(64))
        fails("bent_gaussian", own)
    with monkeypatch.context() as patch:
        wrong = toys._gaussian(1.1 * toys.SPECTRUM)
        patch.setattr(toys, "_gaussian", lambda variances: wrong)
        fails("trace_of_gaussian", own)
    with monkeypatch.context() as patch:
        right = toys.likelihood.kernel_gains
        patch.setattr(toys.likelihood, "kernel_gains", lambda *a, bandwidth: right(*a))
        fails("small_bandwidth", own)
    with monkeypatch.context() as patch:
        right = toys.collapse.isotropic_gaussian_collapse_sigma
        patch.setattr(toys.collapse, "isotropic_gaussian_collapse_sigma", lambda *a: 1.4 * right(*a))
        fails("weight_at_collapse", own)
    with monkeypatch.context() as patch:
        right = gm.MixtureDenoiser._denoise
        patch.setattr(
            gm.MixtureDenoiser, "_denoise", lambda self, x, sigma, labels: right(self, x, 1.01 * sigma, labels)
        )
        fails("pair_parts", own)
    with monkeypatch.context() as patch:
        right = toys.commitment
        patch.setattr(toys, "commitment", lambda model, ends, sigmas, **more: right(model, ends, 1.2 * sigmas, **more))
        fails("pair_commits", own)
    with monkeypatch.context() as patch:
        patch.setattr(toys, "gits_table", lambda *arguments, **more: Late())
        fails("gits_on_mixture", own)


class Late:
    def levels(self, steps):
        return gm.schedules.build("uniform", steps=steps)


@pytest.mark.slow
def test_broken_slow_toys_are_found(monkeypatch):
    own = material(None, None)
    with monkeypatch.context() as patch:
        wrong = toys._gaussian(1.01 * toys.SPECTRUM)
        patch.setattr(toys, "_gaussian", lambda variances: wrong)
        fails("heun_order", own)
    with monkeypatch.context() as patch:
        right = toys._vp_sigma
        patch.setattr(toys, "_vp_sigma", lambda t: 1.01 * right(t))
        fails("second_clock", own)
    with monkeypatch.context() as patch:
        right = toys.convergence
        patch.setattr(toys, "convergence", lambda m, x, s, *a, **more: right(m, x, {**s, "euler": {}}, *a, **more))
        fails("second_orders", own)


@pytest.mark.parametrize("name", ["rates_vanish", "steps_needed", "growth_in_dimension", "noise_helps", "rough_scores"])
def test_another_schedule_breaks_the_theory(monkeypatch, name):
    right = pf_ode.learning_rates
    if name == "growth_in_dimension":
        monkeypatch.setattr(pf_ode, "_spread", lambda *given: 2.3)
    else:
        scale = 0.3 if name in ("rates_vanish", "rough_scores") else 1.2 if name == "steps_needed" else 0.02
        monkeypatch.setattr(pf_ode, "learning_rates", lambda steps: scale * right(steps))
    fails(name, material(None, None))


def test_kin_of_d_star_that_are_wrong_fail(monkeypatch):
    from geomodel.denoisers import local, smoothed

    own = material(None, None)
    seen = local.LocalDenoiser.gaps
    monkeypatch.setattr(local.LocalDenoiser, "gaps", lambda *known: 1.01 * seen(*known))
    assert judged("local_limits", own).verdict == "does not hold"
    monkeypatch.setattr(smoothed, "SmoothedDenoiser", lambda model, *rest: model)  # ends on its data
    assert judged("smoothing_invents", own).verdict == "does not hold"
    monkeypatch.setattr(smoothed, "SmoothedDenoiser", lambda model, *rest: lambda x, sigma: 1.001 * model(x, sigma))
    assert judged("smoothing_goes", own).verdict == "does not hold"


def test_what_is_not_computed_says_why():
    assert "Inception" in judged("papers_fid", material(None, None)).reason


# ------------------------------------------------------------ any model and any data


def test_the_table_is_numbered_and_names_rooms_that_exist():
    assert [statement.number for statement in STATEMENTS] == list(range(1, len(STATEMENTS) + 1))
    assert len(BY_NAME) == len(STATEMENTS)
    assert {statement.kind for statement in STATEMENTS} == set(KINDS)
    assert {statement.view for statement in STATEMENTS} <= {"", *(row.name for row in ROOMS)}


IMAGES = np.random.default_rng(0).standard_normal((40, 1, 4, 4))


@pytest.mark.parametrize(
    ("model", "data"),
    [
        (lambda x, sigma: 0.5 * x, np.random.default_rng(0).standard_normal((30, 2))),
        (lambda x, sigma: 0.0 * x, np.zeros((5, 3))),
        (lambda x, sigma: x * float("nan"), np.eye(3)),
        (lambda x, sigma: x, np.array([[1.0, 2.0]])),
        (lambda x, sigma: x[:, :1], np.eye(3)),
        (lambda x, sigma: 0.3 * x, IMAGES),
        (lambda x, sigma: 0.3 * x, None),
        (None, np.eye(2)),
    ],
)
def test_what_cannot_be_asked_is_not_applicable(model, data):
    quick = [statement.number for statement in STATEMENTS if statement.kind != "toy"]
    found = claims(model, data, count=2, only=quick)
    assert [claim.number for claim in found] == quick
    for claim in found:
        if claim.verdict == "not applicable":
            assert claim.reason.startswith("Not applicable because ")
            assert np.isnan(claim.measured)
        else:
            assert np.isfinite(claim.measured)


def test_a_class_has_data_of_its_own(data):
    optimal = gm.OptimalDenoiser(data.points, data.labels)
    own = material(optimal, data, count=4, label=3)
    assert len(own.data) == 30
    assert judged("memorised", own).verdict == "holds"
    ends = own.run.x[-1]
    apart = np.linalg.norm(ends[:, None] - data.points[None], axis=2)
    assert set(data.labels[apart.argmin(axis=1)]) == {3}
    with pytest.raises(ValueError, match="no points of class 11"):
        material(optimal, data, label=11)


def test_a_guided_model_is_not_compared_with_the_optimum(data):
    guided = gm.Guided(gm.OptimalDenoiser(data.points, data.labels), 3.0)
    own = material(guided, data, count=2, label=0)
    assert "guided" in judged("alike_at_large_noise", own).reason


def test_bad_questions_are_refused(data):
    with pytest.raises(ValueError, match="at least one sample"):
        claims(data.mixture, data, count=0)
    with pytest.raises(ValueError, match="There is no claim 99"):
        claims(data.mixture, data, only=[99])
    with pytest.raises(ValueError, match="denoises 64, and the data are 2"):
        claims(data.mixture, gm.datasets.load("two-moons", count=10))
    with pytest.raises(ValueError, match="Points are finite"):
        claims(data.mixture, np.full((3, 64), np.nan))


def test_progress_names_the_claim_and_an_exception_from_it_cancels(data):
    told = []
    claims(data.mixture, data, count=2, only=[1, 8], progress=lambda number, share: told.append((number, share)))
    assert (told[0], told[-1]) == ((1, 0.0), (8, 1.0))
    assert {number for number, _ in told} == {1, 8}

    class Enough(Exception):
        pass

    def stop(number, share):
        raise Enough

    with pytest.raises(Enough):
        claims(data.mixture, data, count=2, only=[10], progress=stop)


def test_the_run_is_computed_once_and_a_refusal_too():
    calls = []

    def model(x, sigma):
        calls.append(sigma)
        return x * float("nan")

    claims(model, np.eye(2), count=2, only=[NUMBER["curvature_relation"], NUMBER["means_nearer"]])
    assert len(calls) == 1


def test_results_repeat(data):
    first, second = (
        claims(data.mixture, data, count=3, only=[NUMBER["small_deviation"], NUMBER["designed_levels"]])
        for _ in range(2)
    )
    assert first == second


# ------------------------------------------------------------ reports


def test_a_report_in_markdown_and_csv(tmp_path, data):
    names = ("convex_step", "small_deviation", "alike_at_the_end", "small_bandwidth")
    found = claims(data.mixture, data, count=3, only=[NUMBER[name] for name in names])
    write(found, tmp_path / "r.csv")
    with open(tmp_path / "r.csv", encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS
    assert [float(row["measured"]) for row in rows if row["measured"]] == [claim.measured for claim in found]
    write(found, tmp_path / "r.md", "Mixture; clusters-64.")
    text = (tmp_path / "r.md").read_text("utf-8")
    assert "Mixture; clusters-64." in text
    assert all(claim.title in text and claim.verdict in text for claim in found)
    with pytest.raises(ValueError, match=r"neither \.md"):
        write(found, tmp_path / "r.txt")


def test_only_self_tests_count_as_failures(good):
    held = judged("convex_step", good)
    broken = replace(held, verdict="does not hold")
    other = replace(judged("small_deviation", good), verdict="does not hold")
    assert failed_self_tests([held, broken, other]) == (broken,)


def test_expectations_in_words(good):
    held = judged("convex_step", good)
    assert replace(held, expected=1.0, tolerance=0.02, relation="within").expectation == "1 ± 0.02"
    assert replace(held, expected=0.0034, tolerance=0.0066, relation="at most").expectation == "at most 0.01 (0.0034)"
    assert replace(held, expected=0.85, tolerance=0.0, relation="at least").expectation == "at least 0.85"


def test_a_number_that_is_not_defined_is_no_verdict(monkeypatch, good):
    nan = replace(theorems.towards_the_mean(good), measured=float("nan"), reason="")
    statement = replace(BY_NAME["towards_the_mean"], find=lambda own: nan)
    assert statement.judged(good).verdict == "not applicable"

    def refuse(own):
        raise NotApplicable("the moon is full")

    assert replace(statement, find=refuse).judged(good).reason == "Not applicable because the moon is full."
