"""Films of rooms: the playhead is seen to move while no axis does, and the playhead on the screen stays."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from films import changed, film, shown

import resources
from app.engine.messages import AnsweredTogether, AskTogether
from app.export import formats
from app.export.filming import Filming, Writing
from app.export.offstage import Offstage
from app.export.stage import Stage, shot
from app.plotting.legend import Legend
from app.rooms import ROOMS
from app.rooms.plane.messages import DensityRequest
from geomodel.schedules import nearest_level

SIZE = (640, 360)


@pytest.fixture(scope="module")
def offstage(qapp):
    stage = Offstage()
    stage.rooms = {row.name: stage.room(row) for row in ROOMS if row.name in ("plane", "measures")}
    stage.run = stage.open(resources.path("runs", "two-moons.npz"))
    stage.services.playback.pause()
    yield stage
    for room in stage.rooms.values():
        room.release()


@pytest.fixture
def moved(offstage):
    """The selections that anybody was told of."""
    state, told = offstage.services.state, []
    state.selection_changed.connect(lambda: told.append(state.selection))
    before = state.selection
    yield told
    assert state.selection == before


def _made(offstage, names, path, kind="gif", levels=None):
    """The film of rooms, side by side."""
    from PySide6.QtCore import QRectF

    state, levels = offstage.services.state, levels or list(range(len(offstage.run.sigmas)))
    parts = [QRectF(at / len(names), 0, 1 / len(names), 1) for at in range(len(names))]
    shots = [shot(offstage.rooms[name], state, levels, part) for name, part in zip(names, parts, strict=True)]
    writing = Writing(formats.row(kind), str(path), len(levels))
    writing.film = film(len(levels), drawn=writing.frames())
    made = Filming(Stage(shots, SIZE), levels, offstage.services.player, writing)
    made.messages = []
    made.ended.connect(made.messages.append)
    made.begin()
    return made


def _finished(qtbot, offstage, made):
    qtbot.waitUntil(lambda: offstage.settle() or bool(made.messages), timeout=60_000)
    return made.messages[0]


@pytest.mark.parametrize("names", [["plane"], ["measures", "plane"]], ids="+".join)
def test_the_playhead_moves_and_the_axes_do_not(qtbot, tmp_path, offstage, moved, names):
    made = _made(offstage, names, tmp_path / "a.png", "apng")
    assert _finished(qtbot, offstage, made) == ""
    seen, _ = shown(tmp_path / "a.png")
    assert len(seen) == len(offstage.run.sigmas)
    assert all(changed(before, after) for before, after in pairwise(seen))
    still = np.ptp(np.stack(seen), axis=0).max(-1) == 0
    if names == ["plane"]:
        assert still[80:, :45].all()  # the axis of x₂, its numbers and its title
        assert still[-40:].all()
    assert still.mean() > 0.4
    assert moved == []


def test_the_density_of_every_level_is_asked_of_the_engine(qtbot, tmp_path, offstage, monkeypatch, moved):
    asked, levels = [], [0, 9, 18]
    submit = offstage.services.player.submit
    monkeypatch.setattr(offstage.services.player, "submit", lambda command: (asked.append(command), submit(command)))
    made = _made(offstage, ["plane"], tmp_path / "a.gif", levels=levels)
    assert _finished(qtbot, offstage, made) == ""
    sigmas = [request.sigma for command in asked for request in command.requests if isinstance(request, DensityRequest)]
    assert all(isinstance(command, AskTogether) for command in asked)
    # the first level twice: once to see how much room the legend takes
    assert [nearest_level(offstage.run.sigmas, sigma) for sigma in sigmas] == [0, *levels]


def test_what_a_person_changes_meanwhile_does_not_reach_the_film(qtbot, tmp_path, offstage):
    """The same film with other options and another run selected in the middle of it."""
    made = _made(offstage, ["plane", "measures"], tmp_path / "a.gif", levels=[0, 6, 12, 18])
    assert _finished(qtbot, offstage, made) == ""
    again = _made(offstage, ["plane", "measures"], tmp_path / "b.gif", levels=[0, 6, 12, 18])
    state, before = offstage.services.state, offstage.services.state.selection

    def change(frames):
        if frames == 1:
            state.select(sample=5, index=11)

    again.progressed.connect(change)
    assert _finished(qtbot, offstage, again) == ""
    state.select(sample=before.sample, index=before.index)
    assert (tmp_path / "a.gif").read_bytes() == (tmp_path / "b.gif").read_bytes()


def test_a_cancelled_film_leaves_no_file_and_no_thread(qtbot, tmp_path, offstage, moved):
    made = _made(offstage, ["plane"], tmp_path / "a.gif")
    made.progressed.connect(lambda frames: made.cancel() if frames == 2 else None)
    assert _finished(qtbot, offstage, made) == ""
    assert list(tmp_path.iterdir()) == []
    assert not made._writing.is_alive()


def test_a_place_that_cannot_be_written_ends_the_film_in_a_sentence(qtbot, tmp_path, offstage):
    made = _made(offstage, ["measures"], tmp_path / "missing" / "a.gif")
    assert "could not be written" in _finished(qtbot, offstage, made)


def test_an_engine_that_cannot_answer_ends_the_film_in_a_sentence(qtbot, tmp_path, offstage):
    made = _made(offstage, ["plane"], tmp_path / "a.gif")
    player = offstage.services.player
    qtbot.waitUntil(lambda: made._asked is not None)
    player.answered_together.emit(AnsweredTogether(made._asked, message="The engine has stopped."))
    assert made.messages == ["The film was not finished. The engine has stopped."]
    offstage.settle()
    assert list(tmp_path.iterdir()) == []


def test_a_legend_keeps_its_rows(qapp):
    from app.plotting.legend import Entry
    from app.plotting.theme import PRINT

    legend = Legend(PRINT, print_mode=True)
    legend.resize(300, 50)
    legend.display((Entry("data", "data"), Entry("segment", "x → D(x; σ): 0.00122")))
    legend.hold()
    held = legend.heightForWidth(300)
    legend.display((Entry("data", "data"),))
    assert legend.heightForWidth(300) == held
