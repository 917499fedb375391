"""Each section of the mean-shift view takes all of it; images grow, and axes have titles."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from enlarging import assert_enlarges, double_click, is_large, title_of
from gestures import open_window
from parts import part

from app.plotting.theme import LIGHT
from app.plotting.values import Panel
from app.rooms.mean_shift.panels import NeighbourRows
from app.rooms.mean_shift.pictures import AlongPicture, AnnealedPicture, MeanShiftPicture
from app.rooms.mean_shift.view import MeanShiftView
from app.widgets.panel_grid import PanelGrid

IMAGE = np.zeros((28, 28), np.uint8)
POINT = "data 12 + σz · σ 4"
SECTIONS = (
    POINT,
    "Nearest data",
    "Posterior of the classes",
    "All weights",
    "Along σ",
    "Mean shift x ← D*(x; σ)",
    "Annealed mean shift beside the ODE",
    "Jacobian ∂D/∂x",
)


def row(*captions):
    return tuple(Panel(caption=caption, kind="optimal", image=IMAGE, note="moved 1.2") for caption in captions)


@pytest.fixture
def view(qtbot):
    view = MeanShiftView(LIGHT)
    view.resize(900, 800)
    view.display(
        MeanShiftPicture(
            title="data 12 + σz",
            sigma=4.0,
            panels=row("x", "Dθ", "D*", "Dθ − D*"),
            neighbours=np.zeros((12, 28, 28), np.uint8),
            weights=np.geomspace(0.5, 1e-5, 12),
            labels=("boot",) * 12,
            total=1000,
            classes=tuple((f"class {n}", 1 / 12) for n in range(12)),
            ranks=np.array([1, 10, 1000]),
            spectrum=np.array([0.5, 0.01, 1e-6]),
            steps=row("1", "2", "3"),
            jacobian=row("λ 1", "λ 2"),
            along=AlongPicture(
                sigmas=np.geomspace(80, 0.1, 6),
                effective=np.geomspace(1000, 1, 6),
                total=1000,
                classes=np.full((6, 2), 0.5),
                names=("bag", "coat"),
            ),
            annealed=AnnealedPicture(ode=row("σ 4", "σ 1"), annealed=row("σ 4", "σ 1")),
            data_count=1000,
        )
    )
    return open_window(qtbot, view)


@pytest.mark.parametrize("name", SECTIONS)
def test_each_section_enlarges(view, qtbot, name):
    assert_enlarges(qtbot, view, title_of(view, name))


def test_enlarged_images_are_larger_and_whole(view, qtbot):
    grid, title = part(view, PanelGrid, "The point and its denoisers"), title_of(view, POINT)
    before = grid.image_rect(0).width()
    double_click(title)
    qtbot.waitUntil(lambda: grid.image_rect(0).width() > 1.5 * before)
    rects = [grid.image_rect(at) for at in range(4)]
    assert all(grid.rect().contains(rect.toAlignedRect()) for rect in rects)
    assert not any(one.intersects(other) for at, one in enumerate(rects) for other in rects[:at])
    double_click(title)
    qtbot.waitUntil(lambda: grid.image_rect(0).width() == before)


@pytest.mark.parametrize(("name", "kind"), [("Nearest data", NeighbourRows), ("All weights", None), ("Along σ", None)])
def test_what_is_enlarged_takes_the_height_under_its_title(view, qtbot, name, kind):
    section = title_of(view, name).parentWidget()
    body = part(section, kind) if kind else section.layout().itemAt(2).widget()
    before = body.height()
    double_click(title_of(view, name))
    qtbot.waitUntil(lambda: is_large(view, section) and body.height() > max(before, section.height() - 80))


def test_a_section_that_goes_gives_the_view_back(view, qtbot):
    title = title_of(view, "Posterior of the classes")
    double_click(title)
    view.display(replace(view.picture, sigma=2.0))
    qtbot.waitUntil(lambda: is_large(view, title.parentWidget()))
    view.display(replace(view.picture, classes=()))
    qtbot.waitUntil(part(view, NeighbourRows).isVisible)
    assert not title.isVisible()
