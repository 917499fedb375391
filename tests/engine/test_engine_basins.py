"""Basins of attraction as the engine answers them: batch by batch, against the library, interrupted, refused."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import geomodel as gm
from app.engine.contract import Site
from app.engine.messages import StartRun
from app.rooms.plane import answers_basins as engine
from app.rooms.plane.messages import BasinsAnswer, BasinsRequest, ProbeRequest
from geomodel.basins import UNKNOWN, carried, nearest, refinements
from geomodel.density import plane_denoised
from geomodel.settings import RunSettings
from geomodel.slices import Slice

MOONS = RunSettings(data="two-moons", data_count=60, steps=5, count=3)
RECT = (-4.0, -3.0, 8.0, 6.0)
MOONS_BASINS = BasinsRequest(run_id=1, sigma=0.7, rect=RECT)


def asked(bench, request, most=100):
    """The answers until the last, each request going on from the answer before."""
    answers = []
    while not answers or not answers[-1].finished:
        assert len(answers) < most
        answers.append(bench.handle(request))
        assert isinstance(answers[-1], BasinsAnswer)
        request = replace(request, start=answers[-1].basins)
    return answers


def cloud(folder, labelled=True):
    """Points in five dimensions, in two classes."""
    rng = np.random.default_rng(0)
    points, labels = rng.standard_normal((40, 5)), np.arange(40) % 2
    points[:, 0] += 2 * labels
    np.savez(folder / "cloud.npz", x=points, **({"y": labels} if labelled else {}))
    return replace(MOONS, data=str(folder / "cloud.npz")), points, labels


def test_each_answer_goes_on_from_the_last_up_to_the_finest_grid(bench, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 1e6)  # 320 cells of sixty points
    bench.handle(StartRun(1, MOONS))
    answers = asked(bench, MOONS_BASINS)
    data = gm.datasets.load("two-moons", count=60)

    def classify(at):
        ends = carried(lambda x, s: plane_denoised(data.points, 0.0, None, s, x), at, 0.7, 0.002 * data.std)
        return data.labels[nearest(data.points, ends)]

    coarse, middle, finest = refinements(classify, RECT, (11, 8), 3)
    assert np.array_equal(answers[0].basins.classes, coarse.classes)
    assert any(np.array_equal(answer.basins.classes, middle.classes) for answer in answers)
    assert np.array_equal(answers[-1].basins.classes, finest.classes)
    known = [answer.basins.known.sum() for answer in answers if answer.basins.known.shape == (72, 99)]
    assert (np.diff(known) <= 320).all()
    assert len(known) == 20
    areas = answers[-1].areas
    assert {area.name for area in areas} == {"upper moon", "lower moon"}
    assert {area.label: area.share for area in areas} == finest.shares()
    assert {area.label: area.place for area in areas} == finest.places()


@pytest.mark.parametrize(
    ("driver", "options", "symbol"),
    [
        ("optimal", {}, "D*"),
        ("gaussian", {}, "D*"),  # which has no data points
        ("bandwidth", {"factor": 3.0}, "D*(κσ)"),
        ("nearest", {"k": 1}, "nearest-data D"),
        ("smoothed", {"deviation": 1.0, "draws": 2}, "smoothed D*"),
    ],
)
def test_another_mean_of_data_points_that_drives_has_basins_of_its_own(bench, monkeypatch, driver, options, symbol):
    monkeypatch.setattr(engine, "BATCH", 1e9)
    monkeypatch.setattr(engine, "FINEST", {True: 33, False: 24})
    bench.handle(StartRun(1, replace(MOONS, driver=driver, driver_options=options)))
    last = asked(bench, MOONS_BASINS)[-1]
    data = gm.datasets.load("two-moons", count=60)
    model = gm.theories.build("optimal" if symbol == "D*" else driver, data, **options)

    def classify(at):
        ends = carried(lambda x, s: model(x, s), at, 0.7, 0.002 * data.std, settles=driver != "smoothed")
        return data.labels[nearest(data.points, ends)]

    *_, finest = refinements(classify, RECT, (11, 8), 2)
    assert last.of == symbol
    assert np.array_equal(last.basins.classes, finest.classes)


def test_the_slice_is_carried_in_the_space_of_the_data(bench, tmp_path, monkeypatch):
    monkeypatch.setattr(engine, "BATCH", 1e9)
    settings, points, labels = cloud(tmp_path)
    finished = bench.handle(StartRun(1, settings))
    site = Site("slice", 3, 1)
    last = asked(bench, replace(MOONS_BASINS, site=site))[-1]
    opened = bench.worker.contexts[1].data.opened
    cut = Slice.through(finished.trajectory.x[3, 1], opened.plane, points, opened.plane_points)
    optimal = gm.OptimalDenoiser(points)

    def classify(at):
        ends = carried(lambda x, s: optimal(x, s), cut.lift(at), 0.7, opened.sigma_min)
        return labels[nearest(points, ends)]

    *_, finest = refinements(classify, RECT, (8, 6), 2)
    assert np.array_equal(last.basins.classes, finest.classes)
    assert last.basins.classes.shape == (18, 24)
    assert {area.name for area in last.areas} <= {"class 0", "class 1"}


def test_the_marginal_is_carried_by_the_projected_data(bench, tmp_path):
    settings, _, labels = cloud(tmp_path)
    bench.handle(StartRun(1, settings))
    last = asked(bench, MOONS_BASINS)[-1]
    opened = bench.worker.contexts[1].data.opened
    points = opened.plane_points

    def classify(at):
        ends = carried(lambda x, s: plane_denoised(points, 0.0, None, s, x), at, 0.7, opened.sigma_min)
        return labels[nearest(points, ends)]

    *_, finest = refinements(classify, RECT, (8, 6), 2)
    assert np.array_equal(last.basins.classes, finest.classes)


def test_what_waits_goes_before_and_nothing_known_is_lost(bench):
    bench.handle(StartRun(1, MOONS))
    first = bench.handle(MOONS_BASINS)
    probe = ProbeRequest(run_id=1, point=(0.0, 0.0), sigma=0.5, path=False)
    bench.worker.inbox.put(probe)
    given_up = bench.handle(replace(MOONS_BASINS, start=first.basins))
    assert given_up.interrupted
    assert not first.interrupted
    assert not given_up.finished
    assert given_up.basins.known.sum() == first.basins.known.sum()
    assert [area.share for area in given_up.areas] == [area.share for area in first.areas]
    fresh = bench.handle(MOONS_BASINS)
    assert (fresh.basins.classes == UNKNOWN).all()
    assert fresh.areas == ()
    bench.worker.inbox.take()
    assert bench.handle(replace(MOONS_BASINS, start=first.basins)).basins.known.sum() > first.basins.known.sum()


def test_the_queue_is_looked_at_before_every_evaluation(bench, monkeypatch):
    bench.handle(StartRun(1, MOONS))
    optimal, calls = bench.worker.contexts[1].job.optimal, []
    original = type(optimal)._denoise

    def counted(self, x, sigma, labels):
        calls.append(len(x))
        if len(calls) == 3:
            bench.worker.inbox.put(MOONS_BASINS)
        return original(self, x, sigma, labels)

    monkeypatch.setattr(type(optimal), "_denoise", counted)
    assert (bench.handle(MOONS_BASINS).basins.classes == UNKNOWN).all()
    assert len(calls) == 3


def test_a_newer_request_replaces_a_waiting_one_and_runs_go_first(bench):
    bench.handle(StartRun(1, MOONS))
    newer = replace(MOONS_BASINS, sigma=0.2)
    bench.worker.inbox.put(MOONS_BASINS)
    bench.worker.inbox.put(newer)
    bench.handle(StartRun(2, MOONS))  # looks at the queue before every evaluation
    assert bench.kinds()[-2:] == ["RunStarted", "RunFinished"]
    assert bench.worker.inbox.drain() == [newer]


@pytest.mark.parametrize(
    ("settings", "why"),
    [(replace(MOONS, data="swiss-roll"), engine.NO_CLASSES), (replace(MOONS, label=1), engine.ONE_CLASS)],
)
def test_without_classes_a_sentence_says_why(bench, settings, why):
    bench.handle(StartRun(1, settings))
    answer = bench.handle(MOONS_BASINS)
    assert (answer.message, answer.basins, answer.finished) == (why, None, True)


def test_at_sigma_zero_and_below_the_smallest_they_are_the_cells_of_the_nearest_points(bench):
    bench.handle(StartRun(1, MOONS))
    classes = asked(bench, replace(MOONS_BASINS, sigma=1e-9))[-1].basins.classes
    data = gm.datasets.load("two-moons", count=60)
    at = np.stack(np.meshgrid(-4 + 8 * (np.arange(99) + 0.5) / 99, -3 + 6 * (np.arange(72) + 0.5) / 72), -1)
    brute = torch.cdist(torch.tensor(at.reshape(-1, 2)), torch.tensor(data.points)).argmin(1).numpy()
    assert np.array_equal(classes, data.labels[brute].reshape(72, 99))
