"""A run of images whose reference data are not open has no plane, so the engine is not asked about it."""

from __future__ import annotations

import pytest
from window_runs import computed, moons, pictures

from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.plane import feed

ROW = next(row for row in ROOMS if row.name == "plane")


@pytest.mark.parametrize(
    ("data", "there", "asked"), [(pictures, False, False), (pictures, True, True), (moons, False, True)]
)
def test_only_a_plane_is_asked_about(qtbot, monkeypatch, data, there, asked):
    stage = Offstage()
    room = stage.room(ROW)
    run = computed(data())
    if not there:
        run.source = None
    requests = []
    monkeypatch.setattr(stage.services.player, "ask", lambda request, **_: requests.append(request))
    monkeypatch.setattr(feed, "seen", lambda view: True)
    stage.services.state.add_run(run)
    stage.services.state.select(run_id=run.id)
    room._ask()
    assert bool(requests) == asked
    room.release()
