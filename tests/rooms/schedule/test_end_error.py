"""The end error that the schedule view shows is that of the draft, and Cancel ends the one that is asked for."""

from __future__ import annotations

import numpy as np
import pytest

from app.engine.contract import TaskEnded
from app.engine.messages import Cancel
from app.export.offstage import Offstage, SameThread
from app.rooms import ROOMS
from app.rooms.schedule.messages import EndErrorTask

ROW = next(row for row in ROOMS if row.name == "schedule")


@pytest.fixture
def stage(qtbot):
    return Offstage()


@pytest.fixture
def room(stage):
    made = stage.room(ROW)
    made.view.show()
    yield made
    made.release()
    made.view.deleteLater()


def opened(stage, path, values):
    np.save(path, values)
    stage.services.player.drafting.edit({"data": str(path)})
    stage.settle()
    stage.services.player.drafting.edit({"steps": 3, "count": 2})
    stage.settle()


def test_of_images_it_goes_when_the_draft_changes(stage, room, tmp_path):
    opened(stage, tmp_path / "images.npy", np.random.default_rng(0).integers(0, 256, (12, 5, 4), np.uint8))
    levels = stage.services.player.drafting.levels()
    levels[1] *= 1.1
    room.view.levels_dropped.emit(levels)
    stage.settle()
    shown = room.picture()
    assert shown.end_error.startswith("end error")
    assert shown.error_of.shape == (2,)
    stage.services.player.drafting.edit({"seed": 5})
    stage.settle()
    assert (room.picture().end_error, room.picture().error_of) == ("", None)
    stage.services.player.drafting.edit({"seed": 0})
    assert room.picture().end_error == shown.end_error


def test_of_points_it_is_asked_quietly_and_cancel_reaches_it(stage, room, tmp_path, monkeypatch):
    opened(stage, tmp_path / "points.npy", np.random.default_rng(0).normal(size=(20, 2)))
    player, commands = stage.services.player, []
    monkeypatch.setattr(SameThread, "submit", lambda self, command: commands.append(command))
    player.drafting.edit({"seed": 5})
    asked = [command for command in commands if isinstance(command, EndErrorTask)]
    assert [task.settings.seed for task in asked] == [5]
    assert player.tasks == {asked[0].task_id: ""}
    assert not any(isinstance(command, Cancel) and command.run_id == asked[0].task_id for command in commands)
    player.cancel()
    assert Cancel(asked[0].task_id) in commands
    player.receive(TaskEnded(asked[0]))
    assert player.tasks == {}
