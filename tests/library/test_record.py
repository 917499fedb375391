"""The record of a growing run: what a reader may see, what a step leaves behind, and the trajectory it becomes."""

from __future__ import annotations

import threading
from types import SimpleNamespace

import numpy as np
import pytest
import torch
from problems import CASES, CORRECTED, GRIDS, TABLE, ring8

from geomodel import schedules, solvers
from geomodel.randomness import noise
from geomodel.record import Record
from geomodel.sampling import iterate
from geomodel.trajectory import Combination, Evaluation

SIGMAS = schedules.karras(6)


def start(count=4):
    return noise(range(count), (2,), 80.0)


def recorded(name="heun", options=None, *, sigmas=SIGMAS, samples=None):
    """A record of a run on the ring, and the steps it was written from."""
    x = start()
    record = Record(sigmas, len(x), (2,), "float64", samples)
    record.start(x)
    steps = list(iterate(ring8(), x, sigmas, solver=name, **(options or {})))
    for step in steps:
        record.append(step, {"index": np.full(len(x), float(step.index))})
    return record, steps


# ---------------------------------------------------------------- growing


def test_levels_are_committed_one_after_the_other():
    x = start()
    record = Record(SIGMAS, 4, (2,), "float64")
    assert (record.committed, record.complete) == (0, False)
    record.start(x)
    assert (record.committed, record.complete) == (1, False)
    for step in iterate(ring8(), x, SIGMAS):
        record.append(step)
        n = record.committed
        assert n == step.index + 2
        assert np.isfinite(record.x[:n]).all()
        assert np.isfinite(record.denoised[: n - 1]).all()
        assert np.isnan(record.x[n:]).all()
        assert np.isnan(record.denoised[n - 1 :]).all()
    assert record.complete


class Watched(np.ndarray):
    """An array that notes how many levels were committed whenever it is written to."""

    def __setitem__(self, key, value):
        self.seen.append(self.record.committed)
        super().__setitem__(key, value)


@pytest.mark.parametrize("name", ["x", "denoised", "evaluations_at"])
def test_a_level_is_committed_after_everything_of_it_was_written(name):
    x = start()
    record = Record(SIGMAS, 4, (2,), "float64")
    record.start(x)
    watched = getattr(record, name).view(Watched)
    watched.record, watched.seen = record, []
    setattr(record, name, watched)
    for step in iterate(ring8(), x, SIGMAS):
        record.append(step)
    assert watched.seen == [1, 2, 3, 4, 5, 6]  # the level before it, never its own


def test_a_reader_that_takes_the_count_first_never_sees_an_unwritten_level():
    levels, batch = 3000, 2
    record = Record(np.linspace(2.0, 1.0, levels), batch, (2,), "float64")
    torn, reads = [], 0

    def read():
        nonlocal reads
        while True:
            n = record.committed
            known = [record.x[:n], record.denoised[: max(n - 1, 0)], record.evaluations_at[1:n]]
            if n > 1:
                known.append(record.extras["measured"][: n - 1])
                if len(record.details) < n - 1 or not (known[2] > 0).all():
                    torn.append(n)
            if not all(np.isfinite(values[-8:]).all() for values in known):
                torn.append(n)
            reads += 1
            if n == levels:
                return

    reader = threading.Thread(target=read)
    reader.start()
    record.start(np.zeros((batch, 2)))
    point = torch.zeros(batch, 2)
    for index in range(levels - 1):
        record.append(bare_step(index, point), {"measured": np.ones(batch)})
    reader.join()
    assert torn == []
    assert reads > 1


def bare_step(index, point):
    """A step of one evaluation, without a solver behind it."""
    stage = Evaluation(point, 1.0, point)
    made = Combination(0.0, (stage,), (0.0,), (1.0,))
    return SimpleNamespace(
        index=index,
        x=point,
        x_next=point,
        denoised=point,
        stages=(stage,),
        combination=made,
        evaluations=1,
        network_calls=1,
        looks=0,
    )


# ---------------------------------------------------------------- details


@pytest.mark.parametrize(("name", "options"), CASES)
@pytest.mark.parametrize("grid", ["karras", "final zero"])
def test_the_details_say_how_x_next_was_made(name, options, grid):
    record, steps = recorded(name, options, sigmas=GRIDS[grid])
    assert len(record.details) == len(steps)
    for i, (detail, step) in enumerate(zip(record.details, steps, strict=True)):
        count = len(detail.sigmas)
        assert detail.stages == step.evaluations == len(step.stages)
        assert detail.x.shape == detail.denoised.shape == (count, 4, 2)
        assert len(detail.a) == len(detail.b) == count
        for k, stage in enumerate(step.stages):
            assert np.array_equal(detail.x[k], stage.x)
            assert np.array_equal(detail.denoised[k], stage.denoised)
            assert detail.sigmas[k] == stage.sigma
        # The history, newest first, stood at the starts of earlier steps.
        for past in range(count - detail.stages):
            assert detail.sigmas[detail.stages + past] == GRIDS[grid][i - 1 - past]
        if step.combination.constant is not None:
            continue
        made = detail.alpha * record.x[i] + sum(
            a * x + b * denoised
            for a, b, x, denoised in zip(detail.a, detail.b, detail.x, detail.denoised, strict=True)
        )
        # The same sum as the solver's, in another order: rounding of numbers up to 100 with weights of order one.
        assert np.allclose(made, record.x[i + 1], rtol=0, atol=1e-12)
        if detail.slope_weights is not None:
            slopes = (detail.x - detail.denoised) / np.reshape(detail.sigmas, (-1, 1, 1))
            slope = np.tensordot(detail.slope_weights, slopes, axes=1)
            made = record.x[i] + (step.sigma_next - step.sigma) * slope
            assert np.allclose(made, record.x[i + 1], rtol=0, atol=1e-11)  # σ cancels here: a digit less


@pytest.mark.parametrize("name", [row.name for row in TABLE if row.name not in CORRECTED])
def test_an_analytic_first_step_has_no_evaluation_at_its_start(name):
    options = {"analytic_first_step": (0.0, 8.0)}
    record, _ = recorded(name, options)
    first = record.details[0]
    stages = solvers.row(name).evaluations - 1
    assert first.stages == stages
    assert first.x.shape == first.denoised.shape == (stages, 4, 2)
    assert first.slope_weights is None
    assert record.evaluations_at[1] == stages
    assert record.looks == 1  # D at the start, for display
    assert np.array_equal(record.denoised[0], ring8()(torch.from_numpy(record.x[0]), float(SIGMAS[0])))


@pytest.mark.parametrize("samples", [(2,), (3, 1)])
def test_details_are_kept_for_the_chosen_samples(samples):
    whole, _ = recorded("dpm2")
    part, _ = recorded("dpm2", samples=samples)
    assert np.array_equal(part.x, whole.x)
    for some, everything in zip(part.details, whole.details, strict=True):
        assert np.array_equal(some.x, everything.x[:, list(samples)])
        assert np.array_equal(some.denoised, everything.denoised[:, list(samples)])
        assert some.sigmas == everything.sigmas


def test_a_record_that_keeps_no_samples_has_no_details():
    whole, _ = recorded("dpm2")
    none, _ = recorded("dpm2", samples=())
    assert np.array_equal(none.x, whole.x)
    assert none.details == []


# ---------------------------------------------------------------- the trajectory


def test_counts_add_up():
    record, steps = recorded("heun", sigmas=GRIDS["final zero"])
    assert record.evaluations_at.tolist() == [0, *np.cumsum([step.evaluations for step in steps])]
    assert record.network_calls == record.evaluations_at[-1]
    assert record.looks == 0


def test_the_trajectory_shares_the_arrays_and_ends_at_the_last_committed_level():
    x = start()
    record = Record(SIGMAS, 4, (2,), "float32")
    record.start(x)
    for step in iterate(ring8(), x, SIGMAS):
        record.append(step, {"measured": np.full(4, 7.0)})
        if record.committed == 4:
            break
    part = record.trajectory(final_denoised=None, seeds=[1, 2, 3, 4], labels=None, settings={"a": 1})
    assert (part.x.shape, part.denoised.shape, part.sigmas.shape) == ((4, 4, 2), (3, 4, 2), (4,))
    assert part.x.dtype == np.float32
    assert np.shares_memory(part.x, record.x)
    assert part.evaluations == part.network_calls == 6
    assert part.evaluations_at.tolist() == [0, 2, 4, 6]
    assert part.extras["measured"].shape == (3, 4)
    assert part.seeds.dtype == np.int64
    assert (part.labels, part.final_denoised, part.settings) == (None, None, {"a": 1})


def test_extras_have_a_row_for_every_step():
    record, _ = recorded()
    assert record.extras["index"].shape == (6, 4)
    assert record.extras["index"][:, 0].tolist() == [0, 1, 2, 3, 4, 5]


def test_a_reader_of_the_extras_does_not_mind_a_measure_that_begins():
    record = Record(SIGMAS, 2, (2,), "float64")
    record.pass_by(0, {"first": np.ones(2)})
    reading = iter(record.extras.items())
    record.pass_by(0, {"second": np.ones(2)})
    assert [name for name, _ in reading] == ["first"]
    assert list(record.extras) == ["first", "second"]
