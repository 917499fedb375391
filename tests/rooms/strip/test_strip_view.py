"""The strip: true pixels, picking, the playhead, and the nearest data."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from parts import part, words
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QTabBar
from strip_pictures import exact, make_picture, pixels, show

from app.plotting.images import to_image
from app.plotting.montage import Montage
from app.plotting.montage_geometry import LARGEST, integer_zoom
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.strip.pictures import StripPicture
from app.rooms.strip.view import StripView
from app.widgets.neighbours import Neighbours
from app.widgets.sample_grid import SampleGrid
from geomodel.number_text import percent

LEFT = Qt.MouseButton.LeftButton


def column_center(view: StripView, level: int) -> QPoint:
    montage = part(view, Montage)
    return (montage.column_rect(0, level).center() / montage.devicePixelRatioF()).toPoint()


@pytest.mark.parametrize("colour", [False, True])
@pytest.mark.parametrize("size", [8, 28])
def test_images_are_shown_pixel_for_pixel(qtbot, colour, size):
    view = show(qtbot, make_picture(size=size, colour=colour))
    assert part(view, Montage)._geometry.zoom > 1
    for row, images in enumerate(row.images for row in view.picture.rows):
        assert all(exact(part(view, Montage), row, level) for level in range(len(images)))


def test_images_are_exact_at_scale_two():
    """The scale is fixed when Qt starts: a process of its own."""
    environment = os.environ | {"QT_SCALE_FACTOR": "2", "QT_QPA_PLATFORM": "offscreen"}
    found = subprocess.run(
        [sys.executable, __file__], env=environment | {"PYTHONPATH": os.pathsep.join(sys.path)}, capture_output=True
    )
    assert found.stdout.decode().split() == ["2.0", "True", "True"], found.stderr.decode()


def test_to_image_copies_what_is_not_contiguous():
    cube = np.random.default_rng(0).integers(0, 256, (5, 7, 3), np.uint8)
    np.testing.assert_array_equal(pixels(to_image(cube)), cube)
    np.testing.assert_array_equal(pixels(to_image(cube[:, ::2, 0]))[..., 1], cube[:, ::2, 0])


def test_integer_zoom_never_falls_below_one():
    assert [integer_zoom(room, 28) for room in (10.0, 28.0, 55.9, 56.0)] == [1, 1, 1, 2]


@pytest.mark.parametrize("height", [120, 180, 260, 900])
def test_zoom_is_chosen_from_the_height(qtbot, height):
    view = show(qtbot, make_picture(size=28), height=height)
    montage = part(view, Montage)
    geometry = montage._geometry
    assert geometry.cell == (28 * geometry.zoom, 28 * geometry.zoom)
    assert geometry.zoom == 1 or geometry.cell[1] <= LARGEST
    if geometry.zoom > 1:
        assert montage._top(geometry, 1) + geometry.cell[1] + geometry.labels <= montage.viewport().height()


def test_a_click_picks_the_level(qtbot):
    view = show(qtbot, make_picture())
    picked = []
    view.level_picked.connect(picked.append)
    for level in range(5):
        qtbot.mouseClick(part(view, Montage).viewport(), LEFT, pos=column_center(view, level))
    assert picked == [0, 1, 2, 3, 4]
    qtbot.mouseClick(part(view, Montage).viewport(), LEFT, pos=QPoint(10, 20))  # the caption
    assert len(picked) == 5


def test_a_drag_picks_each_level_once(qtbot):
    view = show(qtbot, make_picture())
    picked = []
    view.level_picked.connect(picked.append)
    viewport, start, end = part(view, Montage).viewport(), column_center(view, 3), column_center(view, 1)
    qtbot.mousePress(viewport, LEFT, pos=start)
    for x in range(start.x(), end.x() - 1, -1):
        qtbot.mouseMove(viewport, QPoint(x, start.y()))
    qtbot.mouseRelease(viewport, LEFT, pos=end)
    assert picked == [3, 2, 1]


def test_the_playhead_is_framed_and_kept_in_sight(qtbot):
    view = show(qtbot, make_picture(levels=60, size=28), width=600)
    montage = part(view, Montage)
    assert montage.horizontalScrollBar().maximum() > 0
    for index in (59, 30, 31, 0):
        view.display(replace(view.picture, index=index))
        rect = montage.column_rect(0, index)
        assert montage._geometry.left <= rect.left()
        assert rect.right() <= montage.viewport().width()
        # Between the frame's two lines and the image nothing is lost.
        shown = pixels(montage.viewport().grab().toImage())
        frame = shown[int(rect.center().y()), int(rect.left()) - 2]
        assert tuple(frame) == tuple(bytes.fromhex(LIGHT.accent[1:]))
        assert exact(montage, 0, index)


def test_a_scrolled_strip_is_picked_where_it_is_seen(qtbot):
    view = show(qtbot, make_picture(levels=60, size=28, index=40), width=600)
    with qtbot.waitSignal(view.level_picked) as caught:
        qtbot.mouseClick(part(view, Montage).viewport(), LEFT, pos=column_center(view, 41))
    assert caught.args == [41]


def test_a_level_without_an_image_is_an_empty_frame(qtbot):
    view = show(qtbot, make_picture(index=0))
    montage = part(view, Montage)
    shown, rect = pixels(montage.viewport().grab().toImage()), montage.column_rect(1, 4).toRect()
    inside = shown[rect.top() + 1 : rect.bottom() - 1, rect.left() + 1 : rect.right() - 1]
    assert (inside == 255).all()
    assert tuple(shown[rect.top() + 5, rect.left()]) == tuple(bytes.fromhex(LIGHT.line[1:]))


def test_an_empty_strip_says_what_to_do(qtbot):
    view = show(qtbot, StripPicture(message="Open image data to see the strip."))
    assert words(view) == ["Open image data to see the strip."]
    assert not part(view, Montage).isVisibleTo(view)
    view.display(make_picture())
    assert part(view, Montage).isVisibleTo(view)
    assert "Open image data to see the strip." not in words(view)


def test_neighbours_show_weights_and_note(qtbot):
    view = show(qtbot, make_picture())
    assert part(view, Neighbours).accessibleDescription() == "62 %, 25 %, < 0.1 %"
    assert "effective neighbours 2.3 of 1,000" in words(view)
    view.display(replace(view.picture, neighbours=None, neighbours_note=""))
    assert not view._side.isVisibleTo(view)


def test_neighbours_are_shown_pixel_for_pixel(qtbot):
    view = show(qtbot, make_picture())
    image = view.picture.neighbours[0]
    shown = pixels(part(view, Neighbours).grab().toImage())[:40, :40, 0]  # 8 pixels, five times
    np.testing.assert_array_equal(shown, np.kron(image, np.ones((5, 5), np.uint8)))


def test_percent_keeps_two_digits():
    assert [percent(w) for w in (1.0, 0.3712, 0.0996, 0.0371, 0.00996, 0.0037, 0.0009)] == [
        "100 %",
        "37 %",
        "10 %",
        "3.7 %",
        "1.0 %",
        "0.37 %",
        "< 0.1 %",
    ]


def test_a_narrow_view_puts_the_neighbours_below(qtbot):
    view = show(qtbot, make_picture(), width=400, height=400)
    assert view._side.y() > part(view, Montage).y()
    view.resize(800, 400)
    qtbot.waitUntil(lambda: view._side.x() > part(view, Montage).x())


def test_a_printed_strip_shows_levels_that_fit(qtbot):
    view = StripView(PRINT, print_mode=True)
    qtbot.addWidget(view)
    view.resize(600, 240)
    view.display(make_picture(levels=60, size=28))
    view.grab()
    montage = part(view, Montage)
    assert montage._columns[0] == 0
    assert montage._columns[-1] == 59
    assert montage.column_rect(0, 59).right() <= montage.viewport().width()


# ---------------------------------------------------------------- every sample at the playhead


def with_samples(count: int = 6, size: int = 8) -> StripPicture:
    samples = np.random.default_rng(3).integers(0, 256, (count, size, size), np.uint8)
    return replace(make_picture(), samples=samples, sample=2, samples_note="D(x; σ) at σ 5.7")


def test_all_samples_stand_beside_the_neighbours_where_there_is_room(qtbot):
    view = show(qtbot, with_samples(), width=1000)
    assert part(view, Neighbours).isVisibleTo(view)
    assert part(view, SampleGrid).isVisibleTo(view)
    assert not part(view, QTabBar).isVisibleTo(view)
    assert "D(x; σ) at σ 5.7" in words(view)


def test_a_narrow_strip_has_tabs_instead(qtbot):
    view = show(qtbot, with_samples(), width=600)
    assert (part(view, Neighbours).isVisibleTo(view), part(view, SampleGrid).isVisibleTo(view)) == (True, False)
    part(view, QTabBar).setFocus()
    qtbot.keyClick(part(view, QTabBar), Qt.Key.Key_Right)
    assert (part(view, Neighbours).isVisibleTo(view), part(view, SampleGrid).isVisibleTo(view)) == (False, True)


def test_a_click_on_a_sample_selects_it(qtbot):
    view = show(qtbot, with_samples())
    grid = part(view, SampleGrid)
    at = (grid.rect_of(4).center() / grid.devicePixelRatioF()).toPoint()
    with qtbot.waitSignal(view.sample_picked) as picked:
        qtbot.mouseClick(grid, LEFT, pos=at)
    assert picked.args == [4]
    for key, sample in ((Qt.Key.Key_Down, 3), (Qt.Key.Key_Up, 1)):
        with qtbot.waitSignal(view.sample_picked) as picked:
            qtbot.keyClick(grid, key)
        assert picked.args == [sample]
    assert grid.accessibleDescription() == "sample 2 of 6 is selected"


def test_samples_are_shown_pixel_for_pixel(qtbot):
    view = show(qtbot, with_samples())
    shown, images = pixels(part(view, SampleGrid).grab().toImage())[..., 0], view.picture.samples
    zoom = part(view, SampleGrid)._layout()[0]
    for at in (0, 5):
        rect = part(view, SampleGrid).rect_of(at).toRect()
        block = shown[rect.top() : rect.bottom() + 1, rect.left() : rect.right() + 1]
        np.testing.assert_array_equal(block, np.kron(images[at], np.ones((zoom, zoom), np.uint8)))


def test_as_many_samples_as_fit_are_shown(qtbot):
    view = show(qtbot, with_samples(count=4000))
    zoom, columns, count = part(view, SampleGrid)._layout()
    assert zoom == 1
    assert columns <= count < 4000
    assert part(view, SampleGrid).sample_at(-5, -5) is None


def test_the_theme_changes_everything(qtbot):
    view = show(qtbot, make_picture())
    view.set_theme(DARK)
    image = view.grab().toImage()
    assert image.pixelColor(2, 2).name() == DARK.base
    assert image.pixelColor(12, 150).name() == DARK.base
    view.release()


if __name__ == "__main__":
    from PySide6.QtWidgets import QApplication

    application = QApplication([])
    strip = StripView(LIGHT)
    strip.resize(1000, 240)
    strip.display(make_picture(size=28))
    strip.show()
    application.processEvents()
    print(strip.devicePixelRatioF(), exact(part(strip, Montage), 0, 2), exact(part(strip, Montage), 1, 3))
