"""What is drafted but not run yet: said for images, which wait for Run, and never for toys, which run at once."""

from __future__ import annotations

import pytest
from PySide6.QtCore import QCoreApplication
from session_bench import Session
from window_runs import moons, pictures

from app.session.drafted import Drafted


@pytest.fixture
def session(qtbot):
    return Session()


def _watched(session, opened):
    session.open(opened)
    session.drafting.edit({"steps": 6, "count": 2})
    session.player.run()
    session.finish()
    session.playback.pause()
    return Drafted(session.state, session.player, session)


def _look():
    """The event is over, and what follows from it."""
    QCoreApplication.processEvents()


def test_images_wait_for_run_and_the_change_is_said(session, qtbot):
    drafted = _watched(session, pictures())
    with qtbot.waitSignal(drafted.changed):
        session.drafting.edit({"steps": 9})
    assert drafted.lines[0] == "changed: steps 6 → 9, press F5"
    with qtbot.waitSignal(drafted.changed):
        session.drafting.edit({"seed": 3, "rho": 5.0, "jump_at": 2})
    assert drafted.lines[0] == "changed: ρ 7 → 5, steps 6 → 9, jump at level never → 2 and 1 more, press F5"
    assert drafted.lines[-2:] == ("changed: ρ 7 → 5 and 3 more, press F5", "changed: ρ and 3 more, press F5")
    assert drafted.whole.endswith("jump at level never → 2, seed 0 → 3")
    with qtbot.waitSignal(drafted.changed):
        session.player.run()  # it computes: nothing is left to run
    assert drafted.lines == ()
    assert drafted.whole == ""


def test_a_change_taken_back_is_no_change(session, qtbot):
    drafted = _watched(session, pictures())
    with qtbot.waitSignal(drafted.changed):
        session.drafting.edit({"steps": 9})
    with qtbot.waitSignal(drafted.changed):
        session.drafting.undo()
    assert drafted.lines == ()


def test_where_something_is_wrong_nobody_is_sent_to_run(session, qtbot):
    drafted = _watched(session, pictures())
    with qtbot.waitSignal(drafted.changed):
        session.drafting.edit({"steps": 0})
    assert drafted.lines[0] == "changed: steps 6 → 0"


def test_another_run_of_the_list_has_other_differences(session, qtbot):
    drafted = _watched(session, pictures())
    first = session.state.run
    first.pinned = True
    session.drafting.edit({"steps": 9})
    session.player.run()
    second = session.finish()
    session.playback.pause()
    _look()
    assert drafted.lines == ()
    with qtbot.waitSignal(drafted.changed):
        session.state.select(run_id=first.id)
    assert drafted.lines[0] == "changed: steps 6 → 9, press F5"
    with qtbot.waitSignal(drafted.changed):
        session.state.select(run_id=second.id)
    assert drafted.lines == ()


def test_a_toy_runs_at_once_and_nothing_flickers(session, qtbot):
    drafted = _watched(session, moons())
    said = []
    drafted.changed.connect(lambda: said.append(drafted.lines))
    for change in ({"steps": 9}, {"solver": "euler"}, {"seed": 8}):
        session.drafting.edit(change)
        _look()  # while the run is still to be computed
        session.finish()
        _look()
    session.drafting.undo()
    _look()
    assert said == []
