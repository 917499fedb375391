"""Fields that hold half a number: every room, panel and hint shows levels or says why there are none."""

from __future__ import annotations

import pytest
from gestures import type_into
from PySide6.QtCore import QCoreApplication
from PySide6.QtGui import QGuiApplication
from window_runs import computed, moons

from app.main_window import MainWindow
from app.rooms import ROOMS
from geomodel.settings import RunSettings

TYPED = (
    ("sigma_min", "99", "must be smaller than σ max"),
    ("sigma_min", "-1", "must lie between"),
    ("sigma_max", "1e308", "must lie between"),
    ("rho", "0.07", "at least 0.1"),
    ("rho", "1e308", "at most 100"),
    ("rho", "-7", "at least 0.1"),
    ("steps", "0", "at least 1"),
    ("steps", "1e308", "at most 10000"),
    ("jump_at", "400", "from 0 to 18; got 400"),
    ("jump_at", "-5", "at least -1"),
    ("count", "1e308", "at most 1e+09"),
    ("count", "-3", "at least 1"),
)


@pytest.fixture
def window(qtbot):
    """A window whose engine never starts, with data, a run, and every room in sight."""
    made = MainWindow()
    made.state.set_draft(RunSettings(data="two-moons", data_count=60, count=4))
    made.player.receive(moons())
    run = computed(moons())
    run.id = made.state.next_id()
    made.state.add_run(run)
    made.state.select(run_id=run.id, index=2)
    made.player.device = "cpu"  # as when torch is loaded: views may ask
    made.show()
    yield made
    made.close()
    made.deleteLater()


@pytest.mark.parametrize(("name", "text", "sentence"), TYPED)
@pytest.mark.slow
def test_what_gives_no_levels_says_why(window, name, text, sentence):
    field = window.panels.sampler.fields[name]
    type_into(field, text)
    QCoreApplication.processEvents()
    assert sentence in window.state.errors[name]
    assert field.error == window.state.errors[name]
    assert window.rooms.schedule.picture().message.endswith(window.state.errors[name])
    for row in ROOMS:
        room = window.rooms[row.name]
        room.view.display(room.picture())
        room.view.grab()
    before = window.state.run
    window.actions_by_id["run"].trigger()
    assert window.player.computing is None
    assert window.state.run is before


def test_what_needs_levels_is_refused_with_the_sentence(window):
    QGuiApplication.clipboard().setText("as before")
    type_into(window.panels.sampler.fields["sigma_min"], "99")
    line = window.panels.status._message
    window.rooms.schedule.copy()
    assert "σ min (99) must be smaller" in line.text()
    assert QGuiApplication.clipboard().text() == "as before"
    window.panels.status.say("")
    window.actions_by_id["add_lane"].trigger()
    assert "σ min (99) must be smaller" in line.text()
    window.rooms.compare.add_preset("solver euler")
    window.actions_by_id["race"].trigger()
    assert window.lanes.lanes == []
    assert window.player.tasks == {}


def test_a_lane_without_levels_has_no_row(window):
    window.actions_by_id["add_lane"].trigger()
    window.lanes.add(RunSettings(sigma_min=9.0, sigma_max=1.0))  # from a run file
    assert len(window.lanes.lanes) == 2
    assert len(window.rooms.schedule.picture().rows) == 2


def test_own_levels_that_are_begun_while_the_draft_has_none_say_so(window):
    type_into(window.panels.sampler.fields["sigma_min"], "99")
    window.player.drafting.edit({"schedule": "custom"})
    assert "at least two" in window.rooms.schedule.picture().message
