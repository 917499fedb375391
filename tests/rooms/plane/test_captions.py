"""The caption under the plane's title is never cut, however narrow the window, and its tooltip says the rest."""

from __future__ import annotations

from dataclasses import replace

import pytest
from gestures import open_window
from window_runs import TOY, computed, pictures

from app.engine.contract import Site
from app.plotting.theme import LIGHT
from app.rooms.plane.picture import plane_picture
from app.rooms.plane.projected import Projected
from app.rooms.plane.view import PlaneView
from app.session.facts import run_basis
from app.session.state import Selection

NARROW = 416  # pixels of the plane in a window of 1024


@pytest.mark.parametrize(
    ("site", "short", "more"),
    [
        (Site(), "Marginal: mean field of the projection", "single trajectories do not follow it"),
        (Site("slice", 3, 1), "Slice: exact on this plane", "through sample 1 at σ"),
    ],
)
def test_the_caveat_and_the_explained_variance_fit(qtbot, site, short, more):
    run = computed(pictures(), replace(TOY, count=2))
    basis = replace(run_basis(run), explained=(0.58, 0.28))
    run.source = replace(run.source, plane=basis)
    view = open_window(qtbot, PlaneView(LIGHT))
    view.resize(NARROW, 400)
    view.display(plane_picture(run, Selection(1, 1, 3), Projected.of(run, basis), site))
    caption = view._caption
    assert caption.text() == f"{short} · 58% + 28% of variance"
    assert caption.fontMetrics().horizontalAdvance(caption.text()) <= caption.width()
    assert more in caption.toolTip()
    assert "hold 58% + 28% of the data" in caption.toolTip()
    assert more in view.describe()
