"""A printed strip has room for some levels only; that of the playhead is always among them."""

from __future__ import annotations

import numpy as np
import pytest

from app.plotting.montage import Montage
from app.plotting.theme import PRINT
from app.plotting.values import ImageRow


@pytest.mark.parametrize("index", range(19))
def test_the_level_of_the_playhead_is_shown_in_the_place_of_the_nearest(qapp, index):
    montage = Montage(PRINT, print_mode=True)
    montage.resize(420, 160)
    images = np.zeros((19, 28, 28), np.uint8)
    montage.set_rows(np.geomspace(80, 0.002, 19), (ImageRow(caption="x", kind="sampling", images=images),))
    montage.set_index(index)
    columns = montage._columns
    assert index in columns
    assert 3 <= len(columns) < 19
    assert (np.diff(columns) > 0).all()  # from noise to data
    usual = np.linspace(0, 18, len(columns)).round()
    assert (columns != usual).sum() <= 1  # the others stand still
    assert (columns[0], columns[-1]) == (0, 18)
