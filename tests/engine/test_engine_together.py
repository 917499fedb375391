"""Requests whose answers come in one event, which no view takes for its own."""

from __future__ import annotations

import pytest
from engine_bench import Bench
from window_runs import TOY

from app.engine.messages import AnsweredTogether, AskTogether, Cancel, OpenData, StartRun
from app.engine.refusals import refusal
from app.rooms.plane.messages import BasinsRequest, DensityAnswer, DensityRequest, ProbeAnswer, ProbeRequest

DENSITY = DensityRequest(run_id=1, sigma=1.0, rect=(-1, -1, 2, 2), pixels=(8, 8), arrows=(2, 2), field="driver")
PROBE = ProbeRequest(run_id=1, point=(0.0, 0.0), sigma=1.0, path=False)


@pytest.fixture(scope="module")
def bench():
    made = Bench()
    made.handle(OpenData(TOY.data, TOY.data_count, TOY.data_seed), StartRun(1, TOY))
    return made


def test_the_answers_are_one_event_in_the_order_of_the_requests(bench):
    before = len(bench.events)
    asked = AskTogether((PROBE, DENSITY))
    event = bench.handle(asked)
    assert len(bench.events) == before + 1
    assert isinstance(event, AnsweredTogether)
    assert event.asked is asked
    assert [type(answer) for answer in event.answers] == [ProbeAnswer, DensityAnswer]
    assert event.message == ""


def test_no_newer_request_takes_their_place(bench):
    for command in (AskTogether((DENSITY,)), DENSITY, AskTogether((PROBE,)), DENSITY):
        bench.worker.submit(command)
    kinds = []
    while bench.worker.inbox.waiting:
        bench.worker.handle(bench.worker.inbox.take())
        kinds.append(type(bench.events[-1]))
    assert kinds == [AnsweredTogether, AnsweredTogether, DensityAnswer]


def test_a_run_that_is_gone_is_a_sentence(bench):
    event = bench.handle(AskTogether((DENSITY, DensityRequest(**{**_fields(DENSITY), "run_id": 99}))))
    assert event.answers == ()
    assert "no longer there" in event.message


def _fields(request):
    return {name: getattr(request, name) for name in ("run_id", "sigma", "rect", "pixels", "arrows", "field")}


def test_an_engine_that_has_ended_says_so():
    asked = AskTogether((DENSITY,))
    assert refusal(asked, "It has ended.") == AnsweredTogether(asked, message="It has ended.")
    assert refusal(Cancel(1), "It has ended.") is None


def test_what_waits_does_not_interrupt_them(bench):
    """The basins of a view and those of a film would interrupt each other for ever."""
    basins = BasinsRequest(run_id=1, sigma=1.0, rect=(-1, -1, 2, 2))
    bench.worker.submit(DENSITY)  # somebody waits
    (alone,) = bench.handle(AskTogether((basins,))).answers
    assert not alone.interrupted
    assert alone.basins.shares()
    assert bench.handle(basins).interrupted
    bench.worker.inbox.drain()
