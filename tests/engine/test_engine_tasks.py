"""Tasks stop: cancelled at any moment, running or waiting, alone or in a crowd, and what comes after them runs."""

from __future__ import annotations

import random
from dataclasses import replace

import numpy as np
import pytest

import geomodel as gm
from app.engine import tasks as engine_tasks
from app.engine.contract import Task, TaskEnded
from app.engine.messages import Cancel, Judge, RunFinished, StartRun
from app.engine.tasks import handlers
from app.engine.thread import EngineThread
from app.engine.worker import Worker
from app.rooms.claims.messages import ClaimTask
from app.rooms.commitment.messages import CommitmentTask
from app.rooms.compare.messages import RaceTask, SweepTask
from app.rooms.consistency.messages import ConsistencyTask
from app.rooms.families.messages import FamiliesTask
from app.rooms.interpolation.messages import InterpolationTask
from app.rooms.likelihood.messages import LikelihoodTask
from app.rooms.plane.messages import BasinsRequest, BranchTask, GhostTask
from app.rooms.quality.messages import JumpTask, RunQualityTask
from app.rooms.schedule import answers
from app.rooms.schedule.messages import DesignTask, EndErrorTask
from app.rooms.space.messages import ControlTask
from app.rooms.theories.messages import Asked, DriveTask, HandOverTask, TaughtTask, TheoryTask
from app.rooms.training.messages import SaveTrainedTask, TrainTask
from app.session.plane_options import BranchStart
from geomodel import memory, runs
from geomodel.consistency import ConsistencySettings
from geomodel.recipe import TrainSettings
from geomodel.settings import RunSettings

WAIT = 60_000  # a bound for a stuck test, not a speed
TOY = RunSettings(data="two-moons", data_count=50, count=3, steps=6)
FILLED = runs.resolved(TOY, gm.datasets.load("two-moons", count=50))
LANES = (("euler", replace(FILLED, solver="euler")), ("heun", FILLED))


RECIPE = TrainSettings(iterations=9, batch=8, width=8, depth=1)
RUN = runs.compute(FILLED, gm.datasets.load("two-moons", count=50))
KINDS = ("race", "gits", "tors", "end error", "jumps", "quality", "interpolation", "control", "branch", "commitment")
KINDS = (*KINDS, "likelihood", "claim", "sweep", "gits for a solver", "ghost", "theory", "drive", "train")
KINDS = (*KINDS, "hand-over", "taught", "families", "consistency")


def tasks(first=1):
    """One of each kind."""
    x, levels, sigmas = RUN.x, np.arange(len(RUN.sigmas)), RUN.sigmas
    own, quick = range(first, first + len(KINDS)), replace(FILLED, solver="euler", count=8)
    return [
        RaceTask(own[0], FILLED, LANES),
        DesignTask(own[1], FILLED, "gits"),
        DesignTask(own[2], FILLED, "tors"),
        EndErrorTask(own[3], FILLED),
        JumpTask(own[4], quick, 4),
        RunQualityTask(own[5], FILLED, 1, RUN),
        InterpolationTask(own[6], FILLED, (0, 1)),
        ControlTask(own[7], FILLED, 1, "walk", levels, x),
        BranchTask(own[8], FILLED, run=RUN, start=BranchStart(run_id=1, sample=0, level=2, point=(0.5, -1.0))),
        CommitmentTask(
            own[9],
            FILLED,
            ends=x[-1],
            sigmas=tuple(sigmas[:3].tolist()),
            draws=2,
            sigma_min=float(sigmas[-1]),
        ),
        LikelihoodTask(own[10], FILLED, x=x, denoised=RUN.denoised, sigmas=sigmas, bandwidth=None, along=True),
        ClaimTask(own[11], FILLED, 1, 4),
        SweepTask(own[12], FILLED, (("euler", {}), ("heun", {})), (4, 6)),
        DesignTask(own[13], replace(FILLED, solver="heun", count=4), "gits", for_solver=True),
        GhostTask(task_id=own[14], settings=FILLED, sample=0, kind="ode"),
        TheoryTask(task_id=own[15], settings=FILLED, theory=Asked("10", "nearest"), x=x, sigmas=tuple(sigmas.tolist())),
        DriveTask(
            task_id=own[16],
            settings=FILLED,
            stages=((5.0, Asked("D*", "optimal")), (0.0, Asked("Gaussian", "gaussian"))),
            x=x[0],
            sigmas=tuple(sigmas.tolist()),
        ),
        TrainTask(task_id=own[17], settings=FILLED, training_id=first, recipe=RECIPE, until=9, begins=True),
        HandOverTask(
            task_id=own[18],
            settings=FILLED,
            theory=Asked("Gaussian", "gaussian"),
            reverse=False,
            x=x[0],
            sigmas=tuple(sigmas.tolist()),
            at=(1, 3),
        ),
        TaughtTask(task_id=own[19], settings=FILLED, x=x, sigmas=tuple(sigmas.tolist()), count=4, unseen=""),
        FamiliesTask(
            task_id=own[20],
            settings=FILLED,
            x=x[0],
            sigmas=tuple(sigmas.tolist()),
            steps=3,
            center=np.zeros(2),
            unit=1.0,
        ),
        ConsistencyTask(
            task_id=own[21],
            settings=FILLED,
            training=first,
            done=0,
            until=3,
            distillation=ConsistencySettings(iterations=3, batch=8),
            x=x[:4],  # levels above 0.02 of the data's scale, as the room asks
            sigmas=tuple(sigmas[:4].tolist()),
        ),
    ]


def test_every_kind_of_task_is_tried_here():
    needs_a_training = {SaveTrainedTask}  # tests/rooms/training
    assert {type(task) for task in tasks()} == set(handlers()[1]) - needs_a_training


def looks_of(bench, monkeypatch, at=None, command=None):
    """How often the worker has looked into its queue; at one of these times the command lies there."""
    looked, look = [0], Worker._poll_commands

    def counted(self):
        looked[0] += 1
        if looked[0] == at:
            self.inbox.put(command)
        look(self)

    monkeypatch.setattr(Worker, "_poll_commands", counted)
    return looked


@pytest.mark.parametrize("kind", range(len(KINDS)), ids=KINDS)
@pytest.mark.slow
def test_a_task_that_is_cancelled_at_a_random_moment_leaves_an_engine_that_runs(bench, monkeypatch, kind):
    task = tasks()[kind]
    direct = bench.handle(StartRun(90, TOY)).trajectory
    looked = looks_of(bench, monkeypatch)
    assert bench.handle(task).result is not None
    moments = [*random.Random(kind).sample(range(1, looked[0] + 1), min(3, looked[0])), 1, looked[0]]
    for at in moments:
        with monkeypatch.context() as patch:
            bench.worker._kept.clear()  # the end of the ODE, which would not be solved again
            looks_of(bench, patch, at, Cancel(task.task_id))
            ended = bench.handle(task)
            assert ended == TaskEnded(task) or ended.result.stopped, at  # a training tells what it has
        assert bench.worker.running is None
        ended = bench.handle(StartRun(91, TOY))
        assert isinstance(ended, RunFinished)
        assert np.array_equal(ended.trajectory.x, direct.x)


def test_a_newer_task_takes_the_place_of_one_that_waits_which_ends(bench):
    older, other, newer = EndErrorTask(1, FILLED), DesignTask(2, FILLED, "tors"), EndErrorTask(3, FILLED)
    for task in (older, other, newer):
        bench.worker.submit(task)
    assert bench.events == [TaskEnded(older)]
    assert bench.worker.inbox.drain() == [other, newer]


def test_a_crowd_of_tasks_is_cancelled_and_the_run_behind_it_comes(qtbot):
    engine, events = EngineThread(), []
    engine.happened.connect(events.append)
    engine.start()
    try:
        crowd = [*tasks(), *tasks(21), *tasks(41)]
        for task in crowd:
            engine.submit(task)
        for task in random.Random(5).sample(crowd, len(crowd)):
            engine.submit(Cancel(task.task_id))
        engine.submit(StartRun(91, TOY))
        qtbot.waitUntil(lambda: any(isinstance(event, RunFinished) for event in events), timeout=WAIT)
    finally:
        assert engine.shut_down(WAIT)
    ended = [event.task.task_id for event in events if isinstance(event, TaskEnded)]
    assert sorted(ended) == sorted(task.task_id for task in crowd)  # each of them once
    assert isinstance(events[-1], RunFinished)


# ---------------------------------------------------------------- long tables


def test_a_table_is_left_at_any_of_its_rows(bench, monkeypatch):
    """The looks after the teacher's last evaluation are those of the table and of the search in it."""
    task, levels = tasks()[1], answers.FINE_STEPS + 1
    after, table = [], answers.gits_table

    def watched(*given, between, **more):
        return table(*given, between=lambda: after.append(1) or between(), **more)

    monkeypatch.setattr(answers, "gits_table", watched)
    assert bench.handle(task).result is not None
    assert len(after) >= levels - 1  # one a row
    monkeypatch.setattr(answers, "gits_table", lambda *given, **more: stopped(bench, task, table, *given, **more))
    assert bench.handle(task) == TaskEnded(task)


def stopped(bench, task, table, *given, between, **more):
    made = table(*given, between=between, **more)
    bench.worker.inbox.put(Cancel(task.task_id))  # before the search in the table
    return made


def test_a_design_that_does_not_fit_into_memory_is_refused(bench, monkeypatch):
    monkeypatch.setattr(memory, "physical", lambda: 1 << 20)
    ended = bench.handle(DesignTask(1, replace(FILLED, steps=200), "gits"))
    assert ended.result is None
    assert "A design of 200 steps would take" in ended.message
    assert isinstance(ended.task, Task)


def test_an_end_error_gives_way_to_a_run_and_begins_again(bench, monkeypatch):
    task, run = EndErrorTask(1, FILLED), StartRun(2, FILLED)
    looks_of(bench, monkeypatch, at=3, command=run)
    bench.handle(task)
    assert bench.of(TaskEnded) == []
    bench.handle(bench.worker.inbox.take())
    bench.handle(bench.worker.inbox.take())
    assert not bench.worker.inbox.waiting
    assert [type(event).__name__ for event in bench.events[-3:]] == ["RunStarted", "RunFinished", "TaskEnded"]
    assert bench.events[-1].task is task
    assert len(bench.events[-1].result) == FILLED.count


def test_a_task_that_gives_way_does_not_begin_again_for_a_request_that_waits(bench, monkeypatch):
    """Basins ask again and again, and stop for what waits, so both would begin anew for ever."""
    task, request = EndErrorTask(1, FILLED), BasinsRequest(run_id=9, sigma=1.0, rect=(0.0, 0.0, 1.0, 1.0))
    looks_of(bench, monkeypatch, at=3, command=request)
    ended = bench.handle(task)
    assert len(ended.result) == FILLED.count
    assert bench.worker.inbox.drain() == [request]


@pytest.mark.parametrize("waiting", ["ghost", "judgement"])
def test_tasks_that_give_way_do_not_do_so_for_each_other(bench, monkeypatch, waiting):
    """Both would begin anew for ever."""
    ghost = GhostTask(task_id=2, settings=FILLED, sample=0, kind="ode")
    task, other = EndErrorTask(1, FILLED), {"ghost": ghost, "judgement": Judge(2, FILLED)}[waiting]
    looks_of(bench, monkeypatch, at=3, command=other)
    ended = bench.handle(task)
    assert len(ended.result) == FILLED.count
    assert bench.worker.inbox.drain() == [other]


def test_an_end_error_that_gave_way_ends_where_a_newer_one_waits(bench, monkeypatch):
    older, newer = EndErrorTask(1, FILLED), EndErrorTask(3, replace(FILLED, solver="euler"))
    looks_of(bench, monkeypatch, at=3, command=StartRun(2, FILLED))
    bench.worker.inbox.put(newer)
    bench.handle(older)
    assert bench.of(TaskEnded) == [TaskEnded(older)]
    assert [type(command) for command in bench.worker.inbox.drain()] == [EndErrorTask, StartRun]


def test_an_end_error_does_not_give_way_to_a_newer_one(bench, monkeypatch):
    """Else nothing would be shown while a person drags a level."""
    older, newer = EndErrorTask(1, FILLED), EndErrorTask(2, replace(FILLED, solver="euler"))
    looks_of(bench, monkeypatch, at=3, command=newer)
    ended = bench.handle(older)
    assert ended.task is older
    assert len(ended.result) == FILLED.count


def test_the_end_of_a_part_is_told_once_and_progress_ten_times_a_second(monkeypatch):
    """A solver asks often at its last level, each time with all of it done."""
    told, clock = [], iter(range(1, 10_000))
    monkeypatch.setattr(engine_tasks.time, "perf_counter", lambda: 0.001 * next(clock))
    progress = engine_tasks.progress_events(7, told.append)
    for part in (0, 1):
        progress(part, 0.5)
        for _ in range(50):
            progress(part, 1.0)
    assert [(event.part, event.fraction) for event in told] == [(0, 1.0), (1, 1.0)]
    for _ in range(500):
        progress(1, 1.0)
    assert len(told) == 2 + 5
