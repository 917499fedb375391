"""What the engine answers about a point over the noise levels: in pieces, each against the sums written out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from app.engine.inbox import Inbox
from app.engine.messages import Cancel, RunStopped, StartRun
from app.rooms.mean_shift import answers_along as along_sigma
from app.rooms.mean_shift.messages import AlongAnswer, AlongRequest, AnnealedAnswer, AnnealedRequest, ImageProbe
from geomodel.annealing import annealed_mean_shift, nearest_data
from geomodel.settings import RunSettings

TOY = RunSettings(data="two-moons", data_count=60, steps=7, count=3)
PROBE = ImageProbe(data_index=3, second_index=8, share=0.25, seed=5)
SWEEP = tuple(np.geomspace(20.0, 0.01, 11).tolist())


@pytest.fixture
def started(bench):
    """A finished run, and what the engine keeps of it."""
    bench.handle(StartRun(1, TOY))
    return bench.worker.contexts[1]


def sweep(bench, request):
    """Every piece of a request's answer."""
    found = []
    while sum(len(answer.effective) for answer in found) < len(request.sigmas):
        found.append(bench.handle(replace(request, first=sum(len(answer.effective) for answer in found))))
        assert isinstance(found[-1], AlongAnswer)
    return found


def walk(bench, request):
    """Every piece, each gone on with from the last."""
    found = [bench.handle(request)]
    while found[-1].following < len(request.sigmas):
        found.append(bench.handle(replace(request, first=found[-1].following, stand=found[-1].stand)))
    return found


def brute(data, x, sigma):
    """Effective neighbours and class posterior, written out."""
    logits = -((data.points - x) ** 2).sum(1) / (2 * sigma**2)
    weights = np.exp(logits - logits.max())
    weights /= weights.sum()
    entropy = -(weights[weights > 0] * np.log(weights[weights > 0])).sum()
    return np.exp(entropy), [weights[data.labels == c].sum() for c in (0, 1)]


@pytest.mark.parametrize(("probe", "piece"), [(None, 12), (PROBE, 12), (PROBE, 1), (PROBE, 1000)])
def test_neighbours_and_classes_along_sigma(bench, started, probe, piece):
    started.job.optimal.piece = piece
    data, record = started.job.data, started.record
    sigmas = SWEEP if probe else tuple(record.sigmas.tolist())
    answers = sweep(bench, AlongRequest(run_id=1, sample=2, probe=probe, sigmas=sigmas))
    assert [len(answer.effective) for answer in answers[:-1]] == [max(1, piece // 4)] * (len(answers) - 1)
    effective = np.concatenate([answer.effective for answer in answers])
    classes = np.concatenate([answer.classes for answer in answers])
    between = 0.75 * data.points[3] + 0.25 * data.points[8]
    for n, sigma in enumerate(sigmas):
        x = record.x[n, 2] if probe is None else between + sigma * gm.noise(5, (2,), 1.0)[0].numpy()
        neighbours, shares = brute(data, x, sigma)
        assert effective[n] == pytest.approx(neighbours, rel=1e-9)
        assert np.allclose(classes[n], shares, atol=1e-12)


def test_a_run_of_one_class_has_no_posterior_of_the_classes(bench):
    bench.handle(StartRun(1, replace(TOY, label=1)))
    context = bench.worker.contexts[1]
    sigmas = tuple(context.record.sigmas.tolist())
    (answer,) = sweep(bench, AlongRequest(run_id=1, sample=0, sigmas=sigmas))
    assert answer.classes is None
    assert answer.effective[0] == pytest.approx(30, rel=0.05)  # the class's points, not all sixty
    measured = context.record.extras["effective_neighbours"][:, 0]
    assert np.allclose(answer.effective, measured, rtol=1e-12)  # as the run measured them


def test_data_without_classes_have_neighbours_alone(bench):
    bench.handle(StartRun(1, replace(TOY, data="swiss-roll")))
    context = bench.worker.contexts[1]
    assert context.job.data.labels is None
    (answer,) = sweep(bench, AlongRequest(run_id=1, sample=0, sigmas=tuple(context.record.sigmas.tolist())))
    assert answer.classes is None
    assert answer.effective[-1] == pytest.approx(1)


@pytest.mark.parametrize("moment", [-1.0, 1e9])  # a level a piece, or all at once
@pytest.mark.parametrize("probe", [None, PROBE])
def test_annealed_mean_shift_beside_the_ode(bench, started, monkeypatch, moment, probe):
    monkeypatch.setattr(along_sigma, "MOMENT", moment)
    optimal, record = started.job.optimal, started.record
    sigmas = SWEEP if probe else tuple(record.sigmas[2:].tolist())
    shown = (0, 2, len(sigmas) - 1)
    request = AnnealedRequest(run_id=1, index=2, sample=1, probe=probe, sigmas=sigmas, shown=shown)
    answers = walk(bench, request)
    assert len(answers) == (len(sigmas) if moment < 0 else 1)
    assert [answer.ends is None for answer in answers] == [True] * (len(answers) - 1) + [False]
    assert tuple(level for answer in answers for level in answer.shown) == shown
    between = 0.75 * started.job.data.points[3] + 0.25 * started.job.data.points[8]
    x = record.x[2, 1] if probe is None else between + sigmas[0] * gm.noise(5, (2,), 1.0)[0].numpy()
    path = annealed_mean_shift(optimal, x[None], sigmas)[1:, 0]
    euler = gm.sample(optimal, x[None], sigmas, solver="euler")
    on_ode = np.concatenate([euler.denoised, euler.final_denoised[None]])[:, 0]
    annealed = np.concatenate([answer.annealed for answer in answers])
    denoised = np.concatenate([answer.denoised for answer in answers])
    assert np.allclose(annealed, path[list(shown)], atol=1e-12)
    assert np.allclose(denoised, on_ode[list(shown)], atol=1e-12)
    distances = np.concatenate([answer.distances for answer in answers])
    assert np.allclose(distances, np.linalg.norm(path - on_ode, axis=1)[list(shown)], atol=1e-12)
    assert answers[-1].ends == tuple(nearest_data(optimal, np.stack([path[-1], on_ode[-1]])))


def test_the_newest_of_each_kind_is_kept():
    inbox = Inbox()
    asked = [AlongRequest(run_id=1, sample=0, sigmas=SWEEP, first=n) for n in range(3)]
    walks = [AnnealedRequest(run_id=1, index=n, sample=0, sigmas=SWEEP, shown=()) for n in range(3)]
    for pair in zip(asked, walks, strict=True):
        for request in pair:
            inbox.put(request)
    assert inbox.drain() == [asked[2], walks[2]]


def test_where_a_walk_stands_does_not_make_it_another():
    request = AnnealedRequest(run_id=1, index=0, sample=0, sigmas=SWEEP, shown=())
    assert replace(request, stand=np.zeros((2, 2))) == request
    assert replace(request, first=1) != request


def test_a_cancel_is_heard_between_two_pieces(bench):
    """While a run computes, a sweep is answered piece by piece, and a cancel does not wait for its end."""
    waiting = bench.worker.inbox

    def notice():
        if not bench.of(AlongAnswer):
            bench.worker.contexts[1].job.optimal.piece = 8
            waiting.put(AlongRequest(run_id=1, sample=0, probe=PROBE, sigmas=SWEEP))

    def heard(event):
        bench.events.append(event)
        if isinstance(event, AlongAnswer):
            waiting.put(replace(event.request, first=event.request.first + len(event.effective)))
            waiting.put(Cancel(1))

    bench.worker.notify, bench.worker.post = notice, heard
    bench.handle(StartRun(1, TOY))
    assert isinstance(bench.events[-1], RunStopped)
    assert len(bench.of(AlongAnswer)) == 1
    assert len(bench.of(AlongAnswer)[0].effective) == 2
    assert not bench.of(AnnealedAnswer)
