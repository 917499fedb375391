"""The contact sheet: which image stands where, how large, and what may be chosen."""

from __future__ import annotations

from copy import copy
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from PySide6.QtGui import QImage
from window_runs import TOY, computed, pictures

from app.export import figure
from app.rooms.strip.picture import sheet_picture
from app.rooms.strip.sheet import ContactSheet
from app.shell.contact_sheets import NO_IMAGES, ContactSheets, Sheet, chosen
from geomodel import images


@pytest.fixture(scope="module")
def run(qapp):
    return computed(pictures(), replace(TOY, data="pictures.npy", steps=4, count=3))


@pytest.mark.parametrize(
    ("text", "numbers"),
    [("0", [0]), ("0 3 6-9", [0, 3, 6, 7, 8, 9]), ("2, 1,1", [2, 1]), ("4–5", [4, 5]), (" 9 ", [9])],
)
def test_numbers_are_chosen_one_by_one_or_in_ranges(text, numbers):
    assert chosen(text, 10) == numbers


@pytest.mark.parametrize("text", ["", " ", "a", "-1", "3-", "1-2-3", "10", "3-10", "5-3", "1.5", "9" * 30, "²"])
def test_other_texts_are_a_sentence(text):
    with pytest.raises(ValueError, match=r"^(Type|Numbers) [^.]*\.$"):
        chosen(text, 10)


def test_every_image_is_that_of_its_sample_and_level(run):
    picture = sheet_picture(run, [2, 0], [0, 3], "D")
    assert picture.images.shape == (2, 2, 9, 8)
    assert picture.sigmas == (run.sigmas[0], run.sigmas[3])
    for row, sample in enumerate((2, 0)):
        for column, level in enumerate((0, 3)):
            expected = images.pixels(run.denoised[level, sample][None])[0]
            assert np.array_equal(picture.images[row, column], expected)
    last = sheet_picture(run, [1], [len(run.sigmas) - 1], "D").images[0, 0]
    assert np.array_equal(last, images.pixels(run.trajectory.final_denoised[1][None])[0])


def test_x_is_scaled_to_the_spread_of_the_data(run):
    scale, sigma = run.source.dataset.std, run.sigmas[1]
    expected = images.pixels(run.x[1, 0][None] * scale / np.sqrt(scale**2 + sigma**2))[0]
    found = sheet_picture(run, [0], [1], "x").images[0, 0]
    assert np.abs(found.astype(int) - expected).max() <= 1  # one rounding


def test_the_printed_sheet_has_the_images_in_rows_and_columns(run):
    view = ContactSheet()
    made = sheet_picture(run, [0, 1, 2], [0, 2, 4], "D")
    black = np.zeros_like(made.images)
    black[1, 2] = 255
    view.display(replace(made, images=black))
    image = figure.render(view, (80, 90), 96).convertToFormat(QImage.Format.Format_Grayscale8)
    grey = np.frombuffer(image.constBits(), np.uint8).reshape(image.height(), image.bytesPerLine())
    rows = np.flatnonzero((grey < 10).mean(1) > 0.4)  # where images are beside each other
    breaks = np.flatnonzero(np.diff(rows) > 1)
    assert len(breaks) == 2  # three rows of images
    middle = rows[breaks[0] + 1 : breaks[1] + 1]
    first = rows[: breaks[0] + 1]
    line, above = grey[int(np.median(middle))] < 10, grey[int(np.median(first))] < 10
    assert above.sum() == pytest.approx(1.5 * line.sum(), rel=0.05)  # the third image of this row is white
    assert "samples 0, 1, 2" in view.describe()


def test_fields_say_what_is_wrong_and_the_sheet_stays(run):
    sheet = Sheet(run)
    before = sheet.view.picture
    sheet.samples.set_value("0-9")
    sheet.samples.edited.emit("samples", "0-9")
    assert sheet.samples.error == "Numbers go from 0 to 2."
    assert sheet.view.picture is before
    sheet.samples.set_value("1")
    sheet.samples.edited.emit("samples", "1")
    assert sheet.samples.error == ""
    assert sheet.view.picture.samples == (1,)
    assert sheet.view.height() < 200


class Window:
    """What the action needs of a window that shows points."""

    def __init__(self, state):
        self.state, self.said, self.documents = state, [], self

    def say(self, text, is_error=False, cause=""):
        self.said.append((text, is_error))


def test_a_run_that_was_cancelled_offers_the_levels_that_it_has(run):
    whole, stopped = run.trajectory, copy(run)
    stopped.record = SimpleNamespace(sigmas=whole.sigmas)  # those of the schedule
    stopped.trajectory = replace(
        whole,
        x=whole.x[:3],
        denoised=whole.denoised[:2],
        sigmas=whole.sigmas[:3],
        evaluations_at=whole.evaluations_at[:3],
        final_denoised=None,
        extras={},
    )
    assert Sheet(stopped).levels.value == "0 1 2"


def test_points_have_no_sheet(qapp):
    from types import SimpleNamespace

    window = Window(SimpleNamespace(run=None))
    ContactSheets.save_sheet(SimpleNamespace(_window=window))
    assert window.said == [(NO_IMAGES, True)]
