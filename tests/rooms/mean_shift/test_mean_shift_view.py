"""The mean-shift view: true pixels, proportional bars, what its controls say, and what it leaves behind."""

from __future__ import annotations

import math
import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from gestures import open_window, type_into
from parts import button, part, words
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor, QImage
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QScrollArea

from app.plotting.theme import DARK, LIGHT, PRINT
from app.plotting.values import Panel
from app.rooms.mean_shift.controls import MeanShiftControls
from app.rooms.mean_shift.panels import ClassBars, NeighbourRows
from app.rooms.mean_shift.pictures import AlongPicture, AnnealedPicture, MeanShiftPicture
from app.rooms.mean_shift.view import MeanShiftView
from app.shell.tab_order import reading_order
from app.widgets.panel_grid import PanelGrid

LEFT = Qt.MouseButton.LeftButton
CAPTIONS = (("x", "sampling"), ("Dθ(x; σ)", "network"), ("D*(x; σ)", "optimal"), ("Dθ − D*", "reference"))


def panels(view):
    return part(view, PanelGrid, "The point and its denoisers")


def steps(view):
    return part(view, PanelGrid, "Mean shift x ← D*(x; σ)")


def to_mode(view):
    return button(view, "Mean shift to the mode")


def anneal(view):
    return button(view, "Anneal from here")


def make_picture(size: int = 28, colour: bool = False, **changes) -> MeanShiftPicture:
    rng = np.random.default_rng(0)
    shape = (size, size, 3) if colour else (size, size)

    def image():
        return rng.integers(0, 256, shape, np.uint8)

    return replace(
        MeanShiftPicture(
            title="data 12 + σz",
            sigma=4.0,
            sigmas=(0.01, 100.0),
            panels=tuple(Panel(caption=c, kind=k, image=image(), note="‖·‖ 12.3") for c, k in CAPTIONS),
            neighbours=rng.integers(0, 256, (20, *shape), np.uint8),
            weights=np.geomspace(0.5, 1e-5, 20),
            labels=("boot",) * 20,
            effective_neighbours=541.9,
            total=10_000,
            classes=(("bag", 0.25), ("coat", 0.7), ("boot", 0.0499), ("dress", 0.0001)),
            steps=tuple(Panel(caption=f"step {n}", kind="optimal", image=image()) for n in range(6)),
            probing=True,
            data_index=12,
            second_index=7,
            share=0.5,
            data_count=1000,
        ),
        **changes,
    )


def show(qtbot, picture: MeanShiftPicture, width: int = 900, height: int = 800, **options) -> MeanShiftView:
    view = MeanShiftView(LIGHT, **options)
    view.resize(width, height)
    view.display(picture)
    return open_window(qtbot, view)


def pixels(image: QImage) -> np.ndarray:
    """(H, W, 3) uint8."""
    image = image.convertToFormat(QImage.Format.Format_RGBX8888)
    rows = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    return rows[:, : 4 * image.width()].reshape(image.height(), image.width(), 4)[..., :3].copy()


def exact(grid: PanelGrid) -> list[bool]:
    """Whether every pixel of each shown image is a block of `zoom` × `zoom` device pixels of its value."""
    shown, ratio = pixels(grid.grab().toImage()), grid.devicePixelRatioF()
    zoom = grid._measure(grid.width()).zoom
    found = []
    for at, panel in enumerate(grid._panels):
        expected = np.kron(panel.image, np.ones((zoom, zoom, 1)[: panel.image.ndim], np.uint8))
        if expected.ndim == 2:
            expected = expected[..., None].repeat(3, 2)
        rect = grid.image_rect(at)
        left, top = round(rect.left() * ratio), round(rect.top() * ratio)
        part = shown[top : top + expected.shape[0], left : left + expected.shape[1]]
        whole = rect.left() * ratio == left and rect.top() * ratio == top  # and not by a painter's rounding
        found.append(whole and np.array_equal(part, expected))
    return found


def bar_length(bars: ClassBars, row: int) -> int:
    """How many pixels of a track have the colour of the posterior."""
    track = bars.track(row).toRect()
    line = pixels(bars.grab().toImage())[track.center().y(), track.left() : track.right() + 1]
    return int((line == QColor(LIGHT.optimal).getRgb()[:3]).all(1).sum())


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("width", [360, 620, 900])
def test_images_are_shown_pixel_for_pixel(qtbot, width, colour):
    view = show(qtbot, make_picture(colour=colour), width)
    assert exact(panels(view)) == [True] * 4
    assert exact(steps(view)) == [True] * 6


def test_images_are_exact_at_scale_two():
    """The scale is fixed when Qt starts: a process of its own."""
    environment = os.environ | {"QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    found = subprocess.run(
        [sys.executable, __file__], env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True
    )
    assert found.stdout.decode().split() == ["2.0", "True", "True"], found.stderr.decode()


@pytest.mark.parametrize(("width", "zoom", "columns"), [(360, 5, 2), (620, 4, 4), (900, 7, 4)])
def test_the_zoom_is_the_largest_that_fits(qtbot, width, zoom, columns):
    view = show(qtbot, make_picture(), width)
    grid = panels(view)._measure(panels(view).width())
    assert (grid.zoom, grid.columns) == (zoom, columns)
    # One more would not fit: all columns with their gaps are wider than the widget.
    assert columns * 28 * (zoom + 1) + (columns - 1) * 12 > panels(view).width()


def test_an_image_larger_than_its_room_keeps_its_true_pixels(qtbot):
    view = show(qtbot, make_picture(size=300), 360)
    assert panels(view)._measure(panels(view).width()).zoom == 1
    assert exact(panels(view)) == [True] * 4


@pytest.mark.parametrize("width", [360, 480, 640, 900])
@pytest.mark.parametrize("probing", [False, True])
def test_nothing_is_wider_than_the_dock(qtbot, width, probing):
    view = show(qtbot, make_picture(probing=probing), width, 400)
    assert view.width() == width
    scroll = part(view, QScrollArea, "Mean shift at the point")
    assert scroll.verticalScrollBar().maximum() > 0
    assert scroll.horizontalScrollBar().maximum() == 0
    assert scroll.widget().width() == scroll.viewport().width()
    last = panels(view).image_rect(3)
    assert last.right() <= panels(view).width()
    assert panels(view).height() == part(view, PanelGrid, "The point and its denoisers").heightForWidth(
        panels(view).width()
    )


def test_bars_are_as_long_as_their_shares(qtbot):
    view = show(qtbot, make_picture())
    bars = part(view, ClassBars)
    assert bars.accessibleDescription() == "coat 70 %, bag 25 %, boot 5.0 %"  # sorted; below 0.1 % left out
    for row, share in enumerate((0.7, 0.25, 0.0499)):
        # A bar ends between two pixels: one pixel at most is mixed.
        assert abs(bar_length(bars, row) - share * bars.track(row).width()) <= 1


def test_at_most_ten_classes_are_shown(qtbot):
    view = show(qtbot, make_picture(classes=tuple((f"class {n}", 1 / 20) for n in range(20))))
    assert part(view, ClassBars).accessibleDescription().count("%") == 10


def test_neighbours_tell_how_many_they_are(qtbot):
    view = show(qtbot, make_picture())
    assert "effective neighbours 541.9 of 10,000" in words(view)
    assert part(view, NeighbourRows).accessibleDescription().startswith("50 %")
    first = view.picture.neighbours[0]
    np.testing.assert_array_equal(
        pixels(part(view, NeighbourRows).grab().toImage())[:56, :56, 0], np.kron(first, np.ones((2, 2), np.uint8))
    )
    view.display(replace(view.picture, neighbours=None, effective_neighbours=math.nan))
    assert "Nearest data" not in words(view)


def test_the_choice_is_told_by_mouse_and_key(qtbot):
    view = show(qtbot, make_picture(probing=False))
    controls, told = part(view, MeanShiftControls), []
    view.probing_toggled.connect(told.append)
    assert not controls._point.isVisibleTo(view)
    qtbot.mouseClick(controls.probe, LEFT, pos=QPoint(8, controls.probe.height() // 2))
    assert told == [True]
    controls.probe.setFocus()
    QTest.keyClick(controls.probe, Qt.Key.Key_Left)
    assert told == [True, False]
    view.display(replace(view.picture, probing=True))
    view.display(replace(view.picture, probing=False))
    assert told == [True, False]  # what the program shows is not told


def test_without_data_there_is_no_probe(qtbot):
    view = show(qtbot, make_picture(probing=False, data_count=0))
    assert not part(view, MeanShiftControls).isVisibleTo(view)


def test_fields_tell_what_is_typed_and_refuse_what_is_not_there(qtbot):
    view = show(qtbot, make_picture())
    told, fields = [], part(view, MeanShiftControls).fields
    view.probe_edited.connect(told.append)
    for name, text in (("data_index", "42"), ("second_index", "999"), ("seed", "5")):
        type_into(fields[name], text)
    assert told == [{"data_index": 42}, {"second_index": 999}, {"seed": 5}]
    type_into(fields["data_index"], "1000")
    assert len(told) == 3
    assert fields["data_index"].error == "Image k must be at most 999; it is 1,000."


def test_a_dragged_share_is_told_at_every_change(qtbot):
    view = show(qtbot, make_picture())
    slider, told = part(view, MeanShiftControls).share, []
    view.probe_edited.connect(told.append)
    middle = slider.rect().center()
    qtbot.mousePress(slider, LEFT, pos=middle)
    for x in range(4, 44, 4):
        qtbot.mouseMove(slider, middle + QPoint(x, 0))
    assert len(told) > 5
    shares = [change["share"] for change in told]
    assert shares == sorted(shares)
    # An answer to an earlier place does not tear the slider from the hand.
    view.display(replace(view.picture, share=0.1))
    assert slider.part() == shares[-1]
    assert part(view, MeanShiftControls)._share_text.text() == f"s {shares[-1]:.2f}"
    qtbot.mouseRelease(slider, LEFT, pos=middle + QPoint(40, 0))
    view.display(replace(view.picture, share=0.1))
    assert slider.part() == 0.1


def test_sigma_moves_over_its_logarithm(qtbot):
    view = show(qtbot, make_picture(sigma=1.0))
    controls, told = part(view, MeanShiftControls), []
    view.probe_edited.connect(told.append)
    assert controls.sigma.part() == 0.5  # 1 is the geometric middle of 0.01 and 100
    controls.sigma.setFocus()
    for key, sigma in ((Qt.Key.Key_Home, 0.01), (Qt.Key.Key_End, 100.0), (Qt.Key.Key_PageDown, 10**1.6)):
        QTest.keyClick(controls.sigma, key)
        assert told[-1]["sigma"] == pytest.approx(sigma, rel=1e-12)  # rounding of one power
    assert controls._sigma_text.text() == "σ 39.81"
    qtbot.mouseClick(controls.follow, LEFT)
    assert told[-1] == {"sigma": None}


@pytest.mark.parametrize("sigmas", [(1.0, 1.0), (0.01, 100.0)])
def test_showing_tells_nothing(qtbot, sigmas):
    view = show(qtbot, make_picture())
    told = []
    view.probe_edited.connect(told.append)
    view.display(make_picture(sigma=0.0, sigmas=sigmas, share=0.9, seed=4, data_index=3, second_index=4))
    assert told == []
    assert part(view, MeanShiftControls).sigma.isEnabled() == (sigmas[0] < sigmas[1])


def test_the_mode_is_wanted_by_mouse_and_key(qtbot):
    view = show(qtbot, make_picture(steps=()))
    with qtbot.waitSignal(view.mode_wanted):
        qtbot.mouseClick(to_mode(view), LEFT)
    with qtbot.waitSignal(view.mode_wanted):
        QTest.keyClick(to_mode(view), Qt.Key.Key_Space)


def beside(count: int) -> AnnealedPicture:
    rng = np.random.default_rng(1)
    rows = [
        tuple(
            Panel(caption=f"σ {n}", kind="optimal", image=rng.integers(0, 256, (28, 28), np.uint8), note=name)
            for n in range(count)
        )
        for name in ("ODE", "annealed")
    ]
    return AnnealedPicture(ode=rows[0], annealed=rows[1], note="Both end at data point 3.")


@pytest.mark.parametrize("width", [360, 900])
def test_annealed_mean_shift_stands_under_the_ode_level_by_level(qtbot, width):
    view = show(qtbot, make_picture(annealed=beside(7)), width)
    grid = part(view, PanelGrid, "Annealed mean shift beside the ODE")
    assert exact(grid) == [True] * 14
    rects = [grid.image_rect(at) for at in range(14)]
    for n in range(7):
        assert rects[n].left() == rects[7 + n].left()
        assert rects[n].bottom() < rects[7 + n].top()
    rows = sorted({rect.top() for rect in rects})
    assert {rects[n].top() for n in range(7)} == set(rows[::2])  # the ODE's, then those under them
    assert rects[-1].bottom() <= grid.height()
    assert "Both end at data point 3." in words(view)
    view.display(make_picture())
    assert not grid.isVisibleTo(view)


def test_annealing_is_wanted_by_mouse_and_key(qtbot):
    view = show(qtbot, make_picture())
    with qtbot.waitSignal(view.annealed_wanted):
        qtbot.mouseClick(anneal(view), LEFT)
    with qtbot.waitSignal(view.annealed_wanted):
        QTest.keyClick(anneal(view), Qt.Key.Key_Space)
    assert "full jump" in anneal(view).toolTip()
    assert "isotropic" in view._over.note.toolTip().lower()


def test_the_plot_along_sigma_has_its_numbers_and_the_cursor(qtbot):
    along = AlongPicture(
        sigmas=np.geomspace(100, 0.01, 9),
        effective=np.geomspace(1000, 1, 9),
        total=1000,
        note="median N_eff = 2 at σ 0.1",
    )
    view = show(qtbot, make_picture(along=along))
    assert "median N_eff = 2 at σ 0.1" in words(view)
    assert (view.along._sigma, view.along._effective) == (4.0, 541.9)  # those of the point, between two levels
    assert view.along.height() == view.along.sizeHint().height()
    view.display(replace(view.picture, sigma=1.0, effective_neighbours=30.0))
    assert (view.along._sigma, view.along._effective) == (1.0, 30.0)
    picked = []
    view.level_picked.connect(picked.append)
    qtbot.mouseClick(view.along, LEFT, pos=QPoint(round(view.along.x_of(100.0)), 50))
    assert picked == [0]
    view.display(replace(view.picture, along=None))
    assert "Along σ" not in words(view)


def test_every_control_is_reached_by_tab_in_reading_order(qtbot):
    view = show(qtbot, make_picture())
    c = part(view, MeanShiftControls)
    first, seed, second = (c.fields[name].editor for name in ("data_index", "seed", "second_index"))
    boxes = [first, c.choices["data_index"], seed, second, c.choices["second_index"]]
    c.probe.setFocus()
    for widget in (*boxes, c.share, c.sigma, c.follow):
        QTest.keyClick(view.focusWidget(), Qt.Key.Key_Tab)
        assert widget.hasFocus()
    stops = [stop.accessibleName() or stop.text() for stop in reading_order(view)]
    after = stops[stops.index(c.follow.text()) + 1 :]
    found = after.index("Mean shift x ← D*(x; σ)"), after.index(to_mode(view).text()), after.index(anneal(view).text())
    assert after.index("Nearest data") < found[0] < found[1] < found[2]
    for widget in (
        c.sample,
        c.probe,
        *boxes,
        c.share,
        c.sigma,
        c.follow,
        to_mode(view),
        anneal(view),
    ):
        assert widget.toolTip()
        assert widget.accessibleName() or widget.text()


def test_an_empty_picture_says_what_to_do(qtbot):
    view = show(qtbot, MeanShiftPicture(message="Open image data.", data_count=1000))
    assert "Open image data." in words(view)
    assert not part(view, QScrollArea, "Mean shift at the point").isVisibleTo(view)
    assert part(view, MeanShiftControls).probe.isVisibleTo(view)  # the probe needs data, no run
    view.display(make_picture())
    assert part(view, QScrollArea, "Mean shift at the point").isVisibleTo(view)
    assert "Open image data." not in words(view)
    view.display(MeanShiftPicture())
    assert not part(view, QScrollArea, "Mean shift at the point").isVisibleTo(view)


def test_a_printed_view_has_no_controls(qtbot):
    view = MeanShiftView(PRINT, print_mode=True)
    qtbot.addWidget(view)
    view.resize(700, 700)
    view.display(make_picture())
    assert not part(view, MeanShiftControls).isVisibleTo(view)
    assert not to_mode(view).isVisibleTo(view)
    assert "Annealed mean shift beside the ODE" not in words(view)
    view.grab()
    assert exact(panels(view)) == [True] * 4
    view.display(make_picture(steps=()))
    assert "Mean shift x ← D*(x; σ)" not in words(view)


def test_the_theme_changes_everything(qtbot):
    view = show(qtbot, make_picture())
    view.set_theme(DARK)
    image = view.grab().toImage()
    assert {image.pixelColor(2, y).name() for y in (2, 400, 780)} == {DARK.base}
    track = part(view, ClassBars).track(0).toRect()
    bars = part(view, ClassBars).grab().toImage()
    assert bars.pixelColor(track.left() + 4, track.center().y()).name() == DARK.optimal
    assert exact(panels(view)) == [True] * 4


if __name__ == "__main__":
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    shown = MeanShiftView(LIGHT)
    shown.resize(360, 900)
    shown.display(make_picture())
    shown.show()
    application.processEvents()
    print(
        shown.devicePixelRatioF(),
        all(exact(panels(shown))),
        all(exact(steps(shown))),
    )
