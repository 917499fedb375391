"""Pictures that become strokes: where the ink is, which part is ink, and what no picture is."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

import geomodel as gm
from geomodel.datasets import DataError
from geomodel.datasets.traced import ROWS, traced
from geomodel.strokes import MOST_STROKES, problem

BOX = (1.0, -2.0, 4.0, 4.0)


def saved(path, grey):
    Image.fromarray(grey.astype(np.uint8)).save(path)
    return path


def disc(side=200):
    """A dark disc of half the side's diameter, in the middle of white paper."""
    y, x = np.mgrid[:side, :side] - (side - 1) / 2
    return np.where(x**2 + y**2 < (side / 4) ** 2, 20, 240)


def test_a_disc_becomes_a_disc_of_points(tmp_path):
    """Points are spread evenly over it: their squared distance from the middle has the mean r²/2 of a disc."""
    strokes, width = traced(saved(tmp_path / "disc.png", disc()), BOX)
    assert problem(strokes) == ""
    assert width == pytest.approx(4 / ROWS)
    points = gm.datasets.drawing(strokes, count=4000, width=width).points
    np.testing.assert_allclose(points.mean(0), BOX[:2], atol=0.03)  # 0.5/√4000 = 0.008, and a cell is 0.06
    squares = np.square(points - BOX[:2]).sum(1)
    assert squares.mean() == pytest.approx(0.5, rel=0.06)  # r = 1; the lines are 0.03 wider on each side
    assert np.sqrt(squares).max() < 1.2


def test_the_rarer_part_is_the_ink(tmp_path):
    dark = traced(saved(tmp_path / "dark.png", disc()), BOX)
    light = traced(saved(tmp_path / "light.png", 255 - disc()), BOX)
    assert dark == light


def test_a_wide_picture_fits_into_the_box_and_top_is_up(tmp_path):
    grey = np.full((100, 400), 255)
    grey[:20, :40] = 0  # the upper left corner
    strokes, width = traced(saved(tmp_path / "wide.png", grey), BOX)
    points = np.concatenate([np.asarray(stroke) for stroke in strokes])
    np.testing.assert_allclose(points.min(0), (-1.0, -1.7), atol=2 * width)
    np.testing.assert_allclose(points.max(0), (-0.6, -1.5), atol=2 * width)


def test_a_thin_line_is_not_lost(tmp_path):
    grey = np.full((640, 640), 255)
    grey[300:304, 50:600] = 0  # a third of a cell high
    strokes, _ = traced(saved(tmp_path / "thin.png", grey), BOX)
    assert strokes


def test_transparent_paper_is_white_and_a_busy_picture_is_coarser(tmp_path):
    pixels = np.zeros((64, 64, 4), np.uint8)
    pixels[20:40, 20:40] = (0, 0, 0, 255)
    Image.fromarray(pixels, "RGBA").save(tmp_path / "clear.png")
    strokes, _ = traced(tmp_path / "clear.png", BOX)
    assert len(strokes) == 20
    board = np.kron(np.indices((64, 64)).sum(0) % 2, np.ones((4, 4))) * 255  # 2,048 squares of one cell
    strokes, width = traced(saved(tmp_path / "board.png", board), BOX)
    assert 0 < len(strokes) <= MOST_STROKES
    assert width > 4 / ROWS


@pytest.mark.parametrize("content", [b"", b"\x89PNG\r\n\x1a\nbroken", b"1,2\n3,4\n"])
def test_what_is_no_picture_is_said_in_a_sentence(tmp_path, content):
    (tmp_path / "a.png").write_bytes(content)
    with pytest.raises(DataError, match="not a picture that can be read"):
        traced(tmp_path / "a.png", BOX)
    with pytest.raises(DataError, match="cannot be read"):
        traced(tmp_path / "missing.png", BOX)
    with pytest.raises(DataError, match="one grey level"):
        traced(saved(tmp_path / "blank.png", np.full((9, 9), 200)), BOX)
