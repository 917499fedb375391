"""D* does not wait for a slow network at the probe."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from app.rooms.plane.messages import ProbeAnswer, ProbeRequest
from app.rooms.plane.probe_feed import SLOW, ProbeFeed

FIRST = ProbeRequest(run_id=1, point=(0.0, 0.0), sigma=1.0, path=True)


def answer(request, seconds):
    """An answer for which the network took so long."""
    here = np.zeros(2)
    return ProbeAnswer(
        request=request,
        denoised=here,
        optimal=here,
        network=here if request.network else None,
        indices=None,
        weights=None,
        effective_neighbours=1.0,
        log_density=0.0,
        path=None,
        shift=0.0,
        difference=0.0,
        seconds=seconds,
    )


@pytest.fixture
def feed(qapp):
    from PySide6.QtCore import QObject

    parent = QObject()
    yield ProbeFeed(parent)
    parent.deleteLater()


def test_a_quick_network_is_asked_with_every_move(feed, qtbot):
    assert feed.asked(FIRST, resting=False) is FIRST
    feed.take(answer(FIRST, SLOW / 2))
    with qtbot.assertNotEmitted(feed.rested, wait=250):
        moved = replace(FIRST, point=(1.0, 0.0))
        assert feed.asked(moved, resting=False) is moved


def test_a_slow_one_is_asked_where_the_probe_rests(feed, qtbot):
    feed.take(answer(FIRST, 5 * SLOW))
    moved = replace(FIRST, point=(1.0, 0.0))
    with qtbot.waitSignal(feed.rested):
        quick = feed.asked(moved, resting=False)
    assert quick == replace(moved, network=False)
    feed.take(answer(quick, 0.0))  # an answer without the network says nothing of its pace
    assert feed.asked(moved, resting=True) is moved
    feed.take(answer(moved, 5 * SLOW))
    with qtbot.assertNotEmitted(feed.rested, wait=250):
        assert feed.asked(moved, resting=False) is moved  # it is known


def test_another_run_has_a_pace_of_its_own(feed):
    feed.take(answer(FIRST, 5 * SLOW))
    other = replace(FIRST, run_id=2)
    assert feed.asked(other, resting=False) is other
    feed.keep({2})
    assert feed.asked(replace(FIRST, point=(2.0, 0.0)), resting=False).network
