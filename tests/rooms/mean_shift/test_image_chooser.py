"""Choosing an image of the data by sight: the grid, its keys, and the search by class."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import Qt
from shiboken6 import isValid

from app.plotting.theme import LIGHT
from app.rooms.mean_shift.feed import image_source
from app.widgets.image_chooser import ImageChooser
from geomodel import classes, datasets, images

K = Qt.Key


@pytest.fixture(scope="module")
def data():
    return datasets.load("fashion-mnist")


@pytest.fixture
def chooser(qtbot, data):
    made = ImageChooser(LIGHT, None, "Image k", image_source(data), 70)
    with qtbot.waitExposed(made):
        made.show()
    made.activateWindow()
    yield made
    if isValid(made):
        made.close()


def test_a_search_finds_classes_and_numbers(data):
    sneakers = np.flatnonzero(data.labels == data.label_names.index("Sneaker"))
    np.testing.assert_array_equal(classes.matching(data, " SNEAK"), sneakers)
    np.testing.assert_array_equal(classes.matching(data, ""), np.arange(len(data)))
    assert classes.matching(data, "512").tolist() == [512]
    assert not len(classes.matching(data, "no such thing"))
    assert not len(classes.matching(data, "9" * 40))
    digits = datasets.load("clusters-64", count=30)
    found = classes.matching(digits, "3")
    assert found[0] == 3
    assert set(digits.labels[found[1:]]) == {3}
    assert classes.matching(datasets.load("spiral", count=9), "moon").tolist() == []


def test_the_chosen_image_is_in_sight_and_only_what_is_in_sight_is_fetched(chooser, data):
    grid = chooser._grid
    assert grid.current == 70
    assert grid.viewport().rect().contains(grid.rect_of(70).toRect())
    numbers, pixels = grid._seen
    assert 70 in numbers
    assert len(numbers) < 300
    np.testing.assert_array_equal(pixels, images.pixels(data.points[numbers]))


def test_keys_move_take_and_close(qtbot, chooser, data):
    grid, columns = chooser._grid, chooser._grid.columns()
    assert chooser.focusWidget() is grid
    for key, where in ((K.Key_Right, 71), (K.Key_Down, 71 + columns), (K.Key_Up, 71), (K.Key_Left, 70)):
        qtbot.keyClick(grid, key)
        assert grid.current == where
    qtbot.keyClick(grid, K.Key_End)
    assert grid.current == len(data) - 1
    assert grid.viewport().rect().contains(grid.rect_of(len(data) - 1).toRect())
    qtbot.keyClick(grid, K.Key_Home)
    with qtbot.waitSignal(chooser.taken) as taken:
        qtbot.keyClick(grid, K.Key_Return)
    assert taken.args == [0]
    assert chooser.isVisible()  # another can be tried
    qtbot.keyClick(grid, K.Key_Escape)
    qtbot.waitUntil(lambda: not isValid(chooser))


def test_letters_search_and_enter_takes_the_first(qtbot, chooser, data):
    qtbot.keyClicks(chooser._grid, "b")
    assert chooser.focusWidget() is chooser._line
    qtbot.keyClicks(chooser._line, "ag")
    first = int(np.flatnonzero(data.labels == data.label_names.index("Bag"))[0])
    assert chooser._grid.current == first
    assert chooser._words.text() == f"data point {first}, Bag · 1,000 shown"
    with qtbot.waitSignal(chooser.taken) as taken:
        qtbot.keyClick(chooser._line, K.Key_Return)
    assert taken.args == [first]
    qtbot.keyClicks(chooser._line, "zzz")
    assert chooser._words.text() == "No image matches."
    with qtbot.assertNotEmitted(chooser.taken):
        qtbot.keyClick(chooser._line, K.Key_Return)
