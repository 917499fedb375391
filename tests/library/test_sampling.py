"""What `sample` and `iterate` promise their callers: counts, records, seeds, labels, errors."""

from __future__ import annotations

import json

import numpy as np
import pytest
import torch
from problems import CORRECTED, TABLE, ring8

from geomodel import MixtureDenoiser, OptimalDenoiser, schedules, solvers
from geomodel.randomness import noise
from geomodel.sampling import DenoiserError, final_denoised, iterate, sample

SIGMAS = schedules.karras(6)
NAMES = [row.name for row in TABLE if row.name not in CORRECTED]  # the table's evaluations in every interval


def start(count=5):
    return noise(range(count), (2,), 80.0)


class Recorder:
    """ring8 that writes down how it was called."""

    def __init__(self):
        self.calls = []

    def __call__(self, *arguments, **keywords):
        self.calls.append((arguments, keywords))
        return ring8()(*arguments)


# ---------------------------------------------------------------- noise


@pytest.mark.parametrize("shape", [(1,), (2,), (15,), (16,), (3, 4, 4)])
def test_a_sample_depends_on_its_own_seed_alone(shape):
    seeds = [3, 0, 2**31, 7, 3]
    batch = noise(seeds, shape, 80.0)
    assert (batch.shape, batch.dtype, batch.device.type) == ((5, *shape), torch.float64, "cpu")
    for k, seed in enumerate(seeds):
        assert torch.equal(noise(seed, shape, 80.0)[0], batch[k])
    assert torch.equal(batch[0], batch[4])
    assert not torch.equal(batch[0], batch[1])


def test_noise_is_normal_with_standard_deviation_sigma():
    draws = noise(range(4), (10_000,), 3.0).numpy()
    # Of 40,000 draws the mean has standard error 0.015 and the deviation 0.011: five of each.
    assert abs(draws.mean()) < 0.075
    assert abs(draws.std() - 3.0) < 0.055


def test_noise_keeps_the_global_generator():
    state = torch.get_rng_state()
    noise(5, (3,), 1.0)
    assert torch.equal(torch.get_rng_state(), state)


@pytest.mark.parametrize("seeds", [np.int64(4), [np.uint8(4)], np.array([4]), torch.tensor([4]), range(4, 5)])
def test_seeds_may_be_any_whole_numbers(seeds):
    assert torch.equal(noise(seeds, (3,), 1.0), noise(4, (3,), 1.0))


@pytest.mark.parametrize("seeds", [-1, [0, -2], 1.5, [1.0], np.array([0.5]), "4", [], 2**32, None])
def test_other_seeds_are_refused(seeds):
    with pytest.raises(ValueError, match=r"[Ss]eed"):
        noise(seeds, (3,), 1.0)


@pytest.mark.parametrize("sigma", [-1.0, float("nan"), float("inf")])
def test_noise_needs_a_noise_level(sigma):
    with pytest.raises(ValueError, match="sigma"):
        noise(0, (3,), sigma)


# ---------------------------------------------------------------- counts and records


def test_evaluations_are_counted_as_in_edm():
    sigmas = schedules.karras(18, final_zero=True)
    for name in NAMES:
        found = sample(ring8(), start(), sigmas, solver=name)
        each = solvers.row(name).evaluations
        expected = [*(each * np.arange(18)), each * 17 + 1]  # 17 intervals, then an Euler interval to 0
        assert found.evaluations_at.tolist() == expected
        assert (found.evaluations, found.network_calls, found.looks) == (expected[-1], expected[-1], 0)
    assert sample(ring8(), start(), sigmas, solver="heun").evaluations == 35


def test_a_trajectory_holds_what_the_steps_said():
    model, x = ring8(), start()
    found = sample(model, x, SIGMAS, seeds=range(5))
    steps = list(iterate(model, x, SIGMAS))
    assert (found.x.shape, found.denoised.shape) == ((7, 5, 2), (6, 5, 2))
    np.testing.assert_array_equal(found.sigmas, SIGMAS)
    np.testing.assert_array_equal(found.x, np.stack([x, *[step.x_next for step in steps]]))
    np.testing.assert_array_equal(found.denoised, np.stack([step.denoised for step in steps]))
    np.testing.assert_array_equal(found.denoised[3], model(torch.from_numpy(found.x[3]), SIGMAS[3]))
    np.testing.assert_array_equal(found.final_denoised, model(torch.from_numpy(found.x[-1]), SIGMAS[-1]))
    np.testing.assert_array_equal(final_denoised(model, steps[-1]), found.final_denoised)
    assert found.looks == 1
    assert found.seeds.tolist() == [0, 1, 2, 3, 4]
    assert found.labels is None


def test_nothing_is_looked_at_with_display_off():
    found = sample(ring8(), start(), SIGMAS, display="off", analytic_first_step=(0.0, 8.0))
    assert found.looks == 0
    assert found.final_denoised is None
    assert np.isnan(found.denoised[0]).all()
    assert np.isfinite(found.denoised[1:]).all()
    (first, *_) = iterate(ring8(), start(), SIGMAS, display="off", analytic_first_step=(0.0, 8.0))
    assert first.looks == 0
    assert first.slope.isnan().all()
    shown = sample(ring8(), start(), SIGMAS, analytic_first_step=(0.0, 8.0))
    np.testing.assert_array_equal(shown.x, found.x)
    assert shown.looks == 2  # the first step and the end
    assert shown.evaluations == found.evaluations == 11


def test_network_calls_are_asked_of_the_model():
    class Guided(Recorder):
        def calls_at(self, sigma):
            return 2 if 1 < sigma < 10 else 1

    found = sample(Guided(), start(), [80.0, 5.0, 2.0], solver="heun")
    # Heun asks at 80 and 5, then at 5 and 2; the final look is no evaluation.
    assert (found.evaluations, found.network_calls, found.looks) == (4, 3 + 4, 1)


@pytest.mark.parametrize(("analytic", "dtype"), [(None, "float64"), (True, "float64"), (False, "float32")])
def test_records_have_the_dtype_of_the_model(analytic, dtype):
    model = Recorder()
    if analytic is not None:
        model.analytic = analytic
    found = sample(model, start(), SIGMAS)
    assert {str(a.dtype) for a in (found.x, found.denoised, found.final_denoised)} == {dtype}
    assert found.sigmas.dtype == np.float64
    for chosen in ("float32", "float64"):
        again = sample(model, start(), SIGMAS, record=chosen)
        assert {str(a.dtype) for a in (again.x, again.denoised, again.final_denoised)} == {chosen}
    # The state does not depend on the record: rounding happens when a level is written.
    single = sample(model, start(), SIGMAS, record="float32")
    np.testing.assert_array_equal(again.x.astype("float32"), single.x)


def test_state_and_arguments_are_float64_whatever_goes_in():
    for x in (start().float(), start().float().numpy(), start().float().tolist()):
        model = Recorder()
        found = sample(model, x, list(SIGMAS))
        assert all(type(sigma) is float and point.dtype == torch.float64 for (point, sigma), _ in model.calls)
        np.testing.assert_array_equal(found.x[0], start().float().double())

    def single(x, sigma):
        return ring8()(x, sigma).float()

    assert all(step.denoised.dtype == step.x_next.dtype == torch.float64 for step in iterate(single, start(), SIGMAS))


def test_the_callers_start_is_copied():
    x = start()
    steps = iterate(ring8(), x, SIGMAS)
    x.zero_()
    assert torch.equal(next(steps).x, start())


def test_settings_are_json_and_repeat_the_run():
    options = {"order": 4, "lower_order_final": True, "analytic_first_step": (np.array([0.1, 0.2]), np.float64(8.0))}
    found = sample(ring8(), start(), SIGMAS, solver="ipndm", jump_at=np.int64(4), display="off", **options)
    settings = json.loads(json.dumps(found.settings))
    options = settings.pop("options")
    assert settings["solver"] == "ipndm"
    assert options["order"] == 4
    again = sample(ring8(), start(), **settings, **options)
    np.testing.assert_array_equal(again.x, found.x)
    assert again.settings == found.settings


def test_a_denoiser_may_take_derivatives_inside():
    def guided_by_a_gradient(x, sigma):
        with torch.enable_grad():
            x = x.requires_grad_()
            pull = torch.autograd.grad(-x.square().sum() / 2, x)[0]
            return ring8()(x, sigma) + 0.1 * pull

    found = sample(guided_by_a_gradient, start(), SIGMAS)
    expected = sample(lambda x, sigma: ring8()(x, sigma) - 0.1 * x, start(), SIGMAS)
    np.testing.assert_allclose(found.x, expected.x, rtol=0, atol=1e-12)


# ---------------------------------------------------------------- labels, jumps, resuming


def test_labels_are_passed_only_where_given():
    model = Recorder()
    sample(model, start(), SIGMAS)
    assert all(keywords == {} for _, keywords in model.calls)
    for labels in ([3, -1, 0, 1, 2], np.array([3, -1, 0, 1, 2]), torch.tensor([3, -1, 0, 1, 2], dtype=torch.int32)):
        model = Recorder()
        found = sample(model, start(), SIGMAS, labels=labels)
        assert len(model.calls) == 13
        for _, keywords in model.calls:
            assert list(keywords) == ["labels"]
            assert keywords["labels"].tolist() == [3, -1, 0, 1, 2]
            assert keywords["labels"].dtype == torch.int64
        assert found.labels.tolist() == [3, -1, 0, 1, 2]


@pytest.mark.parametrize("labels", [[1, 2], 3, [[1], [2], [3], [4], [5]], [0.5] * 5])
def test_labels_must_fit(labels):
    with pytest.raises(ValueError, match="labels must be 5 whole numbers"):
        sample(Recorder(), start(), SIGMAS, labels=labels)


@pytest.mark.parametrize("name", NAMES)
def test_a_jump_takes_d_and_stops(name):
    found = sample(ring8(), start(), SIGMAS, solver=name, jump_at=3)
    whole = sample(ring8(), start(), SIGMAS, solver=name)
    np.testing.assert_array_equal(found.sigmas, [*SIGMAS[:4], 0.0])
    np.testing.assert_array_equal(found.x[:4], whole.x[:4])
    np.testing.assert_array_equal(found.x[4], whole.denoised[3])
    assert found.final_denoised is None
    assert found.evaluations == 3 * solvers.row(name).evaluations + 1


def test_only_a_step_of_the_same_levels_can_be_resumed():
    steps = list(iterate(ring8(), start(), SIGMAS))
    with pytest.raises(ValueError, match="not level 3 here"):
        iterate(ring8(), None, schedules.karras(7), resume=steps[2])
    with pytest.raises(ValueError, match="not level 6 here"):
        iterate(ring8(), None, SIGMAS, jump_at=4, resume=steps[5])
    assert list(iterate(ring8(), None, SIGMAS, resume=steps[-1])) == []


# ---------------------------------------------------------------- errors


def spoiled(value, at):
    """ring8 whose answer is `value` in one place from a noise level down."""

    def model(x, sigma):
        denoised = ring8()(x, sigma)
        if sigma <= at:
            denoised[-1, 0] = value
        return denoised

    return model


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (spoiled(float("nan"), 4.0), r"returned NaN at σ = 3\.88"),
        (spoiled(float("inf"), 4.0), r"returned an infinite value at σ = 3\.88"),
        (lambda x, sigma: x[:, :1], r"returned shape \(5, 1\) at σ = 80; .*\(5, 2\)"),
        (lambda x, sigma: x.numpy(), r"returned a ndarray at σ = 80"),
        (lambda x, sigma: None, r"returned a NoneType at σ = 80"),
    ],
)
def test_an_unusable_answer_stops_the_run_with_its_noise_level(model, message):
    with pytest.raises(DenoiserError, match=message):
        sample(model, start(), schedules.karras(20), solver="ipndm", order=4)


@pytest.mark.parametrize("name", [row.name for row in TABLE])
def test_the_answer_that_is_not_finite_is_named_whichever_it_is(name):
    # Points are checked, not answers: each answer must have weight in the point that comes after it.
    for spoiled_call in range(9):
        levels = []

        def model(x, sigma, spoiled_call=spoiled_call, levels=levels):
            denoised = ring8()(x, sigma)
            if len(levels) == spoiled_call:
                denoised[-1, 0] = float("nan")
            levels.append(sigma)
            return denoised

        with pytest.raises(DenoiserError, match="returned NaN") as refused:
            sample(model, start(), schedules.karras(10), solver=name, display="off")
        assert len(levels) == spoiled_call + 1
        assert f"σ = {levels[-1]:.4g}" in str(refused.value)


def test_denoisers_that_are_given_no_copies_leave_x_and_answer_with_a_new_tensor():
    points = noise(range(30), (2,), 1.0)
    for model in (OptimalDenoiser(points), MixtureDenoiser(points, 0.25)):
        assert model.leaves_x
        for sigma in (80.0, 1.0, 1e-3):
            x = start()
            given = x.clone()
            first, second = model(x, sigma), model(x, sigma)
            assert torch.equal(x, given)
            assert len({tensor.data_ptr() for tensor in (x, first, second)}) == 3


def test_large_answers_are_an_error_only_where_x_overflows():
    def large(x, sigma):
        return torch.full_like(x, 1.5e308)  # finite, but a sum of two is not

    assert next(iterate(large, start(), SIGMAS, solver="euler")).x_next.isfinite().all()
    with pytest.raises(DenoiserError, match="x became NaN or infinite in the step from σ = 80 to 1;"):
        next(iterate(large, start(), [80.0, 1.0], solver="heun"))


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_a_start_that_is_not_finite_is_refused_before_any_evaluation(value):
    x, model = start(), Recorder()
    x[2, 1] = value
    with pytest.raises(DenoiserError, match="x is NaN or infinite where the run starts, at σ = 80"):
        iterate(model, x, SIGMAS)
    assert model.calls == []
    assert issubclass(DenoiserError, ValueError)


@pytest.mark.parametrize(
    ("keywords", "message"),
    [
        ({"noise": [torch.zeros(5, 2)]}, "heun draws no noise"),
        ({"seeds": [1, 2]}, "2 seeds for 5 samples"),
        ({"seeds": [1, 2, 3, 4, -5]}, "A seed lies between"),
        ({"record": "float16"}, "record is 'float32', 'float64' or None"),
        ({"display": "on"}, "display is 'exact' or 'off'"),
        ({"jump_at": 9}, "jump_at is the index"),
        ({"solver": "eulre"}, "There is no solver 'eulre'"),
    ],
)
def test_wrong_arguments_are_refused_in_a_sentence(keywords, message):
    model = Recorder()
    with pytest.raises(ValueError, match=message):
        sample(model, start(), SIGMAS, **keywords)
    assert model.calls == []


def test_wrong_levels_and_shapes_are_refused():
    with pytest.raises(ValueError, match="descend"):
        iterate(ring8(), start(), [1.0, 2.0])
    with pytest.raises(ValueError, match=r"expected \(B, \*shape\)"):
        iterate(ring8(), start()[:, 0], SIGMAS)


def test_grad_mode_is_left_to_the_caller():
    x = start(2).requires_grad_()
    steps = iterate(ring8(), x, SIGMAS[:3])
    first = next(steps)
    assert torch.is_grad_enabled()
    assert first.x_next.requires_grad  # a run can be differentiated
    assert sample(ring8(), x, SIGMAS[:3]).x.shape == (3, 2, 2)  # and recorded without a graph
    assert torch.is_grad_enabled()


def test_a_class_derived_from_one_that_leaves_x_may_work_in_place():
    class Careless(OptimalDenoiser):
        def __call__(self, x, sigma, labels=None):
            answer = super().__call__(x, sigma, labels)
            x.zero_()
            return answer

    points = np.random.default_rng(0).normal(size=(50, 2))
    x, levels = noise(range(4), (2,), 10.0), schedules.karras(steps=5, sigma_max=10.0)
    wanted = sample(OptimalDenoiser(points), x, levels)
    np.testing.assert_array_equal(sample(Careless(points), x, levels).x, wanted.x)
