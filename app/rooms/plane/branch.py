"""Draws a branch of the selected sample and its control, with the handle by which x is dragged."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pyqtgraph as pg
from PySide6.QtGui import QColor, QPen

from app.plotting.bundles import Bundle, Dots
from app.plotting.legend import Entry
from app.plotting.pens_and_numbers import curve_pen
from app.plotting.theme import Theme
from app.rooms.plane import frames
from app.rooms.plane.pictures import BranchPicture, PlanePicture
from geomodel.number_text import fixed

ROUNDING = 1e-4  # of the data's scale: what a record in float32 can change
CONTROL = "The same sample from its own x, restarted without the evaluations of earlier steps, with the same noise"


class BranchLayer:
    """The branch solid in its own hue, the control dotted in the neutral one, and a line between their ends."""

    def __init__(self, box: pg.ViewBox, *, vector: bool) -> None:
        self.control, self.branch, self.between = Bundle(), Bundle(), Bundle()
        self.control_end = Dots("square", 9.0, vector=vector)
        self.branch_steps = Dots("disc", 5.0, vector=vector)
        self.branch_end = Dots("disc", 11.0, vector=vector)
        self.handle = Dots("handle", 16.0, vector=vector)
        items: tuple[pg.GraphicsObject, ...] = (
            self.between,
            self.control,
            self.control_end,
            self.branch,
            self.branch_steps,
            self.branch_end,
            self.handle,
        )
        self.items = items
        for z, item in enumerate(items):
            item.setZValue(71 + 0.1 * z)
            box.addItem(item, ignoreBounds=True)

    def set_theme(self, theme: Theme) -> None:
        """Set the colours of the layer."""
        hue = QColor(theme.branch)
        self.branch.set_pen(QPen(hue, 2.6))
        self.branch_steps.set_look(hue, theme.base, 1.0)
        self.branch_end.set_look(hue, theme.base, 1.5)
        self.control.set_pen(curve_pen("reference", theme, 2.2))
        self.control_end.set_look(theme.base, theme.reference, 2.2)
        self.between.set_pen(QPen(QColor(theme.text), 1.0))
        clear = QColor(theme.base)
        clear.setAlphaF(0.35)
        self.handle.set_look(clear, hue, 2.0)

    def place_handle(self, point: tuple[float, float] | None) -> None:
        """Place the handle, in displayed coordinates."""
        if point is None:
            self.handle.clear_points()
        else:
            self.handle.set_points(np.array(point))

    def show(self, picture: PlanePicture) -> None:
        """Show both curves, every level displayed at its own factor."""
        found = picture.branch
        if found is None or found.branch is None or found.control is None:
            for curve in (self.control, self.branch, self.between):
                curve.clear_curves()
            for dots in (self.control_end, self.branch_steps, self.branch_end):
                dots.clear_points()
            return
        control, branch = (frames.shown(picture, curve, found.sigmas) for curve in (found.control, found.branch))
        self.control.set_curves(control)
        self.branch.set_curves(branch)
        self.branch_steps.set_points(branch[1:-1])
        self.control_end.set_points(control[-1])
        self.branch_end.set_points(branch[-1])
        self.between.set_curves(np.stack([control[-1], branch[-1]]))


def branch_entries(picture: PlanePicture) -> Iterator[Entry]:
    """The legend: the branch with the distance of its end, and the control."""
    found = picture.branch
    if found is None:
        return
    if found.branch is None:
        yield Entry("branch", branch_words(found))
        return
    tip = f"Sample {found.sample} followed from another x at σ = {fixed(found.sigma, 3)}, with the run's solver"
    yield Entry("branch", branch_words(found), f"{tip}. The number is the distance of its end to the control's")
    same = found.from_run <= ROUNDING * picture.scale
    end = "as in the run" if same else f"ends {fixed(found.from_run, 2)} from the run"
    yield Entry("control", f"control: same x, {end}", CONTROL)


def branch_words(found: BranchPicture) -> str:
    """The branch in a few words."""
    at = f"branch from σ {fixed(found.sigma, 3)}"
    if found.branch is not None:
        return f"{at}: ends {fixed(found.distance, 3)} from the control" + (", computing …" if found.pending else "")
    return found.message or (f"{at}: computing …" if found.pending else f"{at}: let go to compute it")
