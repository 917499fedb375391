"""A run of more levels than pixels in the families room: a move of the playhead looks at none of them again."""

from __future__ import annotations

import numpy as np
from PySide6.QtCore import QCoreApplication
from saved_runs import make_run

from app.export.offstage import Offstage
from app.rooms import ROOMS
from app.rooms.families import clocks, picture
from app.rooms.families.view import MOST
from app.session.state import Run
from geomodel.settings import RunSettings

ROW = next(row for row in ROOMS if row.name == "families")
LEVELS = 50_001


def long_run():
    rng = np.random.default_rng(0)
    x = np.cumsum(rng.standard_normal((LEVELS, 4, 2)), 0)
    trajectory = make_run(
        x=x, denoised=x[:-1] / 2, sigmas=np.geomspace(20, 0.01, LEVELS), evaluations_at=np.arange(LEVELS),
        final_denoised=None, labels=None, seeds=None, settings={}, extras={},
    )  # fmt: skip
    return Run(1, RunSettings(), "complete", trajectory=trajectory)


def test_a_move_looks_at_no_level_again_and_paints_a_knot_a_pixel(qtbot, monkeypatch):
    looked, lines = [], []

    def counting(name):
        real = getattr(picture, name)

        def counted(*given):
            looked.append(name)
            return real(*given)

        monkeypatch.setattr(picture, name, counted)

    def draw_lines(painter, pieces):
        lines.append(len(pieces))

    for name in ("undefined", "finite_samples", "samples_of", "paths_of", "rows_of", "caption_of"):
        counting(name)
    monkeypatch.setattr(clocks, "draw_lines", draw_lines)
    stage = Offstage()
    room = stage.room(ROW)
    state = stage.services.state
    state.add_run(long_run())
    state.select(run_id=1)
    shown = room.picture()
    assert shown.steps == MOST  # as many as its field takes
    assert shown.levels is room.picture().levels
    view = room.view
    view.resize(700, 900)
    view.show()
    view.display(shown)
    while view._due:
        QCoreApplication.processEvents()
    looked.clear()
    for index in range(0, LEVELS, 5_000):
        state.select(index=index)
        view.display(room.picture())
        lines.clear()
        view.clocks.grab()
        assert lines
        assert max(lines) <= view.clocks.width() + 1
    assert looked == []
    exact = shown.paths.x.curves[0].at(index - shown.paths.first, shown.sample)
    assert view._x.chart.values()[0] == exact  # the number beside the picture is that of the level
    room.release()
