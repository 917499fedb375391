"""The line over the plane that says what is drafted but not run yet."""

from __future__ import annotations

from gestures import open_window
from plane_pictures import make_curves

from app.plotting.theme import LIGHT
from app.rooms.plane.changed_line import ChangedLine
from app.rooms.plane.pictures import PlanePicture
from app.rooms.plane.view import PlaneView


def test_it_lies_over_the_plot_which_stays_where_it_is(qtbot):
    view = open_window(qtbot, PlaneView(LIGHT))
    view.resize(430, 400)
    view.display(PlanePicture(curves=make_curves()))
    line, before = view.findChild(ChangedLine), view.ground.geometry()
    area = view.ground.box.geometry()
    assert not line.isVisible()
    view.show_changes(("changed: steps 18 → 30, press F5",), "steps 18 → 30")
    assert line.isVisible()
    assert line.text() == "changed: steps 18 → 30, press F5"
    assert "steps 18 → 30" in line.toolTip()
    assert view.ground.geometry() == before
    assert view.ground.box.geometry() == area
    at = line.pos()
    view.show_changes(("changed: " + 40 * "ρ 7 → 5 ", "changed: ρ 7 → 5 and 39 more, press F5"), "all of them")
    assert line.text() == "changed: ρ 7 → 5 and 39 more, press F5"  # the longer one does not fit
    assert "all of them" in line.toolTip()
    assert line.pos() == at
    assert line.geometry().right() < view.ground.width()
    view.resize(250, 400)
    assert line.geometry().right() < view.ground.width()
    view.show_changes((), "")
    assert not line.isVisible()
