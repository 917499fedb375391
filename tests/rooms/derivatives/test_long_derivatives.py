"""The derivatives of a run of many steps: an answer costs the same however many there are."""

from __future__ import annotations

import numpy as np
import pytest
from saved_runs import make_run

from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.derivatives import feed
from app.rooms.derivatives.messages import DerivativeAnswer, DerivativeRequest
from app.session.state import Run
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "derivatives")
STEPS = 3_000


@pytest.fixture
def stage(monkeypatch):
    monkeypatch.setattr(feed, "seen", lambda _: True)
    return Offstage()


def test_an_answer_is_looked_at_once_and_many_are_shown_together(qtbot, stage, monkeypatch):
    x = np.zeros((STEPS + 1, 2, 2))
    trajectory = make_run(
        x=x, denoised=x[:-1], sigmas=np.geomspace(20, 0.01, STEPS + 1), evaluations_at=np.arange(STEPS + 1),
        final_denoised=None, labels=None, seeds=None, settings={}, extras={},
    )  # fmt: skip
    asked, shown, measured = [], [], []
    monkeypatch.setattr(stage.services.player, "submit", asked.append)
    room, state = stage.room(ROW), stage.services.state
    state.add_run(Run(1, RunSettings(), "complete", trajectory=trajectory, linked=True))
    state.select(run_id=1, index=7)
    real = room.view.display
    monkeypatch.setattr(room.view, "display", lambda picture: (shown.append(picture), real(picture)))
    distance = DerivativeAnswer.distance
    monkeypatch.setattr(DerivativeAnswer, "distance", lambda *of: (measured.append(of), distance(*of))[1])
    for count in range(STEPS):
        (request,) = (item for item in asked if isinstance(item, DerivativeRequest))
        asked.clear()
        expected = count - (count <= 7) if count else 7  # the playhead's step, then the others from the first on
        assert request.index == expected
        answer = DerivativeAnswer(
            request=request,
            implied=np.full(2, 1.0),
            true=np.full(2, 2.0 + request.index),
            why="why" * (request.index == 9),
        )
        stage.services.player.answered.emit(answer)
    assert asked == []
    assert len(measured) == 2 * STEPS
    assert len(shown) <= feed.MANY + 1 + STEPS / 10  # and not once for each answer
    qtbot.waitUntil(lambda: not room._later.isActive())
    last = shown[-1]
    assert not last.pending
    np.testing.assert_allclose(last.true, np.sqrt(2) * (2.0 + np.arange(STEPS)))
    np.testing.assert_allclose(last.to_true, 1 - 1 / (2.0 + np.arange(STEPS)))
    assert last.why[9] == "why"
    assert not any(last.why[10:])
    state.select(index=8)
    assert shown[-1].true is last.true  # a move of the playhead draws no curve anew
    room.release()
