"""The two sizes of the strip, the window of one level, and the card of the image under the mouse."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parts import part
from PySide6.QtCore import QEvent, QPoint, QPointF, Qt
from PySide6.QtGui import QHelpEvent, QWheelEvent
from PySide6.QtWidgets import QApplication, QToolTip
from strip_pictures import exact, make_picture, show

from app.plotting.montage import Montage
from app.plotting.montage_geometry import LEAST
from app.widgets.neighbours import Neighbours
from app.widgets.sample_grid import SampleGrid

K = Qt.Key


def small(qtbot, levels=19, size=28, width=620, height=200):
    view = show(qtbot, make_picture(levels, size), width, height)
    view.set_large(False)
    return view, part(view, Montage)


@pytest.mark.parametrize("width", [480, 620, 1000, 1600])
def test_every_level_is_in_sight_and_large_enough_to_be_seen(qtbot, width):
    view, montage = small(qtbot, width=width, height=200 if width > 520 else 320)
    viewport, ratio = montage.viewport().rect(), montage.devicePixelRatioF()
    rects = [montage.column_rect(row, level) for level in range(19) for row in range(2)]
    for rect in rects:
        assert rect.width() >= LEAST * ratio
        assert viewport.contains(QPoint(int(rect.right() / ratio), int(rect.bottom() / ratio)))
        assert rect.left() >= montage._geometry.left
    assert not any(a.intersects(b) for k, a in enumerate(rects) for b in rects[:k])
    assert montage.horizontalScrollBar().maximum() == montage.verticalScrollBar().maximum() == 0
    view.set_large(True)
    assert montage.column_rect(0, 0).width() >= rects[0].width()
    assert exact(montage, 0, int(montage.horizontalScrollBar().value() // montage._geometry.pitch) + 1)


def test_more_lines_are_taken_where_they_make_images_larger(qtbot):
    _, montage = small(qtbot)
    one_line = (montage.width() - montage._geometry.left) / 19
    assert montage._geometry.columns < 19
    assert montage._geometry.cell[0] > 1.3 * one_line


def test_a_click_picks_the_level_in_every_line(qtbot):
    view, montage = small(qtbot)
    for level in (0, 9, 12, 18):
        with qtbot.waitSignal(view.level_picked) as picked:
            place = montage.column_rect(1, level).center() / montage.devicePixelRatioF()
            qtbot.mouseClick(montage.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
        assert picked.args == [level]
        view.display(replace(view.picture, index=level))


def test_a_run_with_too_many_levels_scrolls_in_both_sizes(qtbot):
    _, montage = small(qtbot, levels=900)
    assert montage.horizontalScrollBar().maximum() > 0


def test_the_wheel_scrolls_level_by_level(qtbot):
    view, montage = small(qtbot)
    view.set_large(True)
    bar, pitch = montage.horizontalScrollBar(), montage._geometry.pitch
    bar.setValue(0)
    for turns, level in ((-120, 1), (-120, 2), (120, 1)):
        at = QPointF(montage.viewport().rect().center())
        event = QWheelEvent(
            at, QPointF(montage.mapToGlobal(at.toPoint())), QPoint(), QPoint(0, turns), Qt.MouseButton.NoButton,
            Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False,
        )  # fmt: skip
        QApplication.sendEvent(montage.viewport(), event)
        assert bar.value() == level * pitch


def test_enter_shows_the_level_in_a_window_that_follows_the_playhead(qtbot):
    view, montage = small(qtbot)
    qtbot.keyClick(montage, K.Key_Return)
    sheet = view._sheet
    assert sheet.isVisible()
    assert not sheet.isModal()
    assert "level 1 of 18" in sheet._words.text()
    np.testing.assert_array_equal(sheet._images._panels[1].image, view.picture.rows[1].images[1])
    with qtbot.waitSignal(view.level_picked) as picked:
        qtbot.keyClick(sheet, K.Key_Right)
    assert picked.args == [2]
    view.display(replace(view.picture, index=2))
    assert "level 2 of 18" in sheet._words.text()
    qtbot.keyClick(sheet, K.Key_Escape)
    qtbot.waitUntil(lambda: view._sheet is None)
    view.enlarge()
    view._sheet.close()


def hovered(widget, at, monkeypatch):
    """What is shown of the image at a point."""
    said = []
    monkeypatch.setattr(QToolTip, "showText", lambda place, text, owner=None: said.append(text))
    QApplication.sendEvent(widget, QHelpEvent(QEvent.Type.ToolTip, at, widget.mapToGlobal(at)))
    return said


def test_the_image_under_the_mouse_is_shown_with_its_class_weight_and_level(qtbot, monkeypatch):
    view, montage = small(qtbot)
    place = (montage.column_rect(1, 12).center() / montage.devicePixelRatioF()).toPoint()
    (text,) = hovered(montage.viewport(), place, monkeypatch)
    assert "data:image/png" in text
    assert text.endswith(f"D(x; σ), step 12, σ = {view.picture.sigmas[12]:.4g}")
    near = part(view, Neighbours)
    (text,) = hovered(near, near._places()[1].center().toPoint(), monkeypatch)
    assert text.endswith("bag, weight 25 %")
    assert hovered(near, QPoint(near.width() - 1, near.height() - 1), monkeypatch) in ([], [""])


def test_names_from_a_file_are_no_markup(qtbot, monkeypatch):
    view = show(qtbot, replace(make_picture(), neighbour_labels=("<img src=x>", "bag", "coat")))
    near = part(view, Neighbours)
    (text,) = hovered(near, near._places()[0].center().toPoint(), monkeypatch)
    assert "&lt;img src=x&gt;" in text


def test_a_sample_is_shown_enlarged(qtbot, monkeypatch):
    samples = np.random.default_rng(1).integers(0, 256, (6, 8, 8), np.uint8)
    view = show(qtbot, replace(make_picture(), samples=samples, sample=2), width=1200)
    grid = part(view, SampleGrid)
    at = (grid.rect_of(4).center() / grid.devicePixelRatioF()).toPoint()
    (text,) = hovered(grid, at, monkeypatch)
    assert text.endswith("sample 4: click to select")
