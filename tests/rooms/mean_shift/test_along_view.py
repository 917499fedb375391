"""The plot over the noise levels: where things stand, whose name is where, and what a click says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from gestures import open_window
from PySide6.QtCore import QPoint, Qt
from PySide6.QtGui import QColor

from app.plotting import shares
from app.plotting.sigma_axis import positions
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.mean_shift.along_plot import INSIDE, AlongPlot
from app.rooms.mean_shift.pictures import AlongPicture

SIGMAS = np.geomspace(80.0, 0.002, 24)
MARKS = (("σ_S = √Λ = 9", 9.0), ("isotropic Gaussian formula: σ 4", 4.0), ("median N_eff = 2 at σ 3", 3.0))


def posterior() -> np.ndarray:
    """Ten classes: three part, one of them wins, one peaks on the way; seven never matter."""
    logits = np.zeros((len(SIGMAS), 10))
    logits[:, 7] = 12 / SIGMAS
    logits[:, 2] = 12 / SIGMAS - 0.4 / SIGMAS**2
    logits[:, 4] = 2.5 * np.exp(-((np.log(SIGMAS) - np.log(8)) ** 2))
    weights = np.exp(logits - logits.max(1, keepdims=True))
    return weights / weights.sum(1, keepdims=True)


def make_picture(**changes) -> AlongPicture:
    return replace(
        AlongPicture(
            sigmas=SIGMAS,
            effective=np.clip(10_000 / (1 + (6 / SIGMAS) ** 4), 1, None),
            total=10_000,
            classes=posterior(),
            names=tuple(f"class {n}" for n in range(10)),
            marks=MARKS,
            note="σ_S = √Λ = 9",
        ),
        **changes,
    )


@pytest.fixture
def plot(qtbot):
    made = AlongPlot(LIGHT)
    made.set_picture(make_picture())
    made.set_cursor(5.0, 120.0)
    made.resize(400, made.sizeHint().height())
    return open_window(qtbot, made)


def columns(image, colour) -> set[int]:
    """The columns of pixels in which a colour stands."""
    return {x for x in range(image.width()) for y in range(image.height()) if image.pixelColor(x, y).name() == colour}


def test_noise_is_left_data_right_and_all_data_are_at_the_top(plot):
    upper, lower = plot._part(1), plot._part(2)
    assert plot.x_of(80.0) == pytest.approx(upper.left())
    assert plot.x_of(0.002) == pytest.approx(upper.right())
    middle = np.sqrt(80 * 0.002)
    assert plot.x_of(middle) == pytest.approx(upper.center().x(), abs=0.6)  # a rectangle's middle
    assert plot.y_of(10_000) == pytest.approx(upper.top())
    assert plot.y_of(1) == pytest.approx(upper.bottom())
    assert plot.y_of(100) == pytest.approx((upper.top() + upper.bottom()) / 2)
    assert upper.bottom() < lower.top()
    assert lower.bottom() < plot.height()
    assert plot.x_of(1e9) == upper.left()  # nothing leaves the axis


def test_zero_has_a_slot_beyond_a_break(plot):
    sigmas = np.array([10.0, 1.0, 0.1, 0.0])
    plot.set_picture(make_picture(sigmas=sigmas, effective=np.array([100.0, 10, 2, 1]), classes=None, marks=()))
    assert plot.x_of(0.0) == pytest.approx(plot._part(1).right())
    assert plot.x_of(0.1) < plot.x_of(0.0)
    plot.set_cursor(0.0, 1.0)
    plot.grab()


def test_without_classes_it_is_the_upper_part_alone(plot):
    both = plot.sizeHint().height()
    plot.set_picture(make_picture(classes=None))
    assert plot.sizeHint().height() < 0.65 * both
    assert plot.sizeHint().height() > plot._part(1).bottom()
    plot.grab()


def test_levels_that_are_named_stand_where_they_are(plot):
    shown = plot.grab().toImage()
    part = range(int(plot._part(1).top()), int(plot._part(1).bottom()))

    def dark(x: int) -> int:
        return sum(shown.pixelColor(x, y).lightness() < 70 for y in part)  # the text's colour, not the curve's

    for _, sigma in MARKS:
        assert dark(int(plot.x_of(sigma))) > len(part) / 4, sigma  # dotted
        assert dark(int(plot.x_of(sigma)) + 4) == 0
    assert plot._shown_marks() == MARKS
    plot.set_picture(make_picture(marks=(("far", 900.0), *MARKS, ("near", 1e-5))))
    assert plot._shown_marks() == MARKS  # what lies outside has no place
    assert plot.accessibleDescription() == "σ_S = √Λ = 9"


def test_the_cursor_is_where_the_level_is(plot):
    for sigma in (5.0, 0.5, 0.0123):
        plot.set_cursor(sigma, 10.0)
        found = columns(plot.grab().toImage(), QColor(LIGHT.accent).name())
        assert max(abs(x - plot.x_of(sigma)) for x in found) < 6  # the line, and a ring of seven pixels on the curve


def test_bands_stack_to_the_whole_and_carry_their_names(plot):
    found = plot.shown_bands()
    members = [band.member for band, _ in found]
    assert members[0] == 2 or members[0] == 7
    assert members[-1] == -1
    assert {2, 7} <= set(members)
    assert not {0, 1, 3, 5, 6, 8, 9} & set(members)  # a tenth at most, at noise alone: no room for a name
    classes = plot._picture.classes
    below = np.zeros(len(SIGMAS))
    for band, _ in found[:-1]:
        np.testing.assert_allclose(band.low, below, atol=1e-15)
        np.testing.assert_allclose(band.high - band.low, classes[:, band.member], atol=1e-15)
        below = band.high
    np.testing.assert_allclose(found[-1][0].high, 1.0)
    area, x = plot._part(2), plot._across(positions(SIGMAS))
    for band, (at, share) in found[:-1]:
        half = plot.fontMetrics().horizontalAdvance("class 0") / 2 * 0.85 * INSIDE
        for edge in (at - half, at, at + half):
            assert np.interp(edge, x, band.low) < share < np.interp(edge, x, band.high)
            assert area.left() <= edge <= area.right()


def test_a_narrow_plot_names_fewer(plot):
    wide = len(plot.shown_bands())
    plot.resize(150, plot.height())
    assert len(plot.shown_bands()) <= wide
    plot.grab()


def test_it_asks_only_while_it_is_painted_and_something_is_missing(qtbot, plot):
    asked = []
    plot.sighted.connect(lambda: asked.append(1))
    plot.grab()
    assert not asked
    unknown = np.where(np.arange(24) < 10, make_picture().effective, np.nan)
    plot.set_picture(make_picture(effective=unknown, classes=np.where(np.isnan(unknown)[:, None], np.nan, posterior())))
    plot.grab()
    assert asked
    nothing = np.full(24, np.nan)
    plot.set_picture(make_picture(effective=nothing, classes=np.full((24, 10), np.nan)))
    plot.grab()
    plot.set_picture(make_picture(effective=np.array([5.0, np.nan]), sigmas=np.array([2.0, 1.0]), classes=None))
    plot.grab()


def test_a_click_says_the_nearest_level(qtbot, plot):
    picked = []
    plot.picked.connect(picked.append)
    for level in (0, 11, 23):
        qtbot.mouseClick(plot, Qt.MouseButton.LeftButton, pos=QPoint(round(plot.x_of(SIGMAS[level])) + 2, 60))
    qtbot.mouseClick(plot, Qt.MouseButton.RightButton, pos=QPoint(100, 60))
    assert picked == [0, 11, 23]


def test_a_moved_cursor_paints_nothing_else(plot, monkeypatch):
    plot.grab()
    painted = []
    still = AlongPlot._paint_still
    monkeypatch.setattr(AlongPlot, "_paint_still", lambda self, painter: painted.append(1) or still(self, painter))
    for sigma in (3.0, 2.0, 1.0):
        plot.set_cursor(sigma, 10.0)
        plot.grab()
    assert not painted
    for change in (
        lambda: plot.set_picture(make_picture()),
        lambda: plot.resize(300, 250),
        lambda: plot.set_theme(DARK),
    ):
        painted.clear()
        change()
        plot.grab()
        assert painted


def test_a_printed_plot_is_painted_anew(qtbot):
    made = AlongPlot(PRINT, print_mode=True)
    qtbot.addWidget(made)
    made.resize(400, 260)
    made.set_picture(make_picture())
    made.grab()
    assert made._still is None


def test_the_theme_changes_it(plot):
    light = plot.grab().toImage()
    assert columns(light, QColor(LIGHT.optimal).name())
    plot.set_theme(DARK)
    dark = plot.grab().toImage()
    assert columns(dark, QColor(DARK.optimal).name())
    assert not columns(dark, QColor(LIGHT.optimal).name())


# ---------------------------------------------------------------- shares


def test_the_leading_are_those_with_the_highest_peaks():
    parts = np.array([[0.5, 0.2, 0.2, 0.1], [0.1, 0.6, 0.2, 0.1], [0.0, 0.1, 0.9, 0.0], [np.nan] * 4])
    assert shares.leading(parts) == [2, 1, 0, 3]  # by what weighs at the last known level; ties as they came
    many = np.eye(9) * 0.5
    assert len(shares.leading(many)) == shares.MOST
    assert shares.leading(np.full((3, 4), np.nan)) == []


def test_a_name_stands_in_its_band_or_nowhere():
    x = np.array([0.0, 50.0, 100.0])
    wedge = shares.Band(0, np.zeros(3), np.array([0.0, 0.5, 1.0]))
    at = shares.place(x, wedge, (20.0, 10.0), 100.0)
    assert at is not None
    assert at[0] == pytest.approx(90, abs=1)  # as far to the right as the name fits
    assert at[1] == pytest.approx(0.4, abs=0.02)  # the middle of what is free all along the name
    assert shares.place(x, wedge, (20.0, 81.0), 100.0) is None  # 80 high at the name's left end
    assert shares.place(x, wedge, (20.0, 78.0), 100.0) is not None
    assert shares.place(x, wedge, (101.0, 1.0), 100.0) is None
    nothing = shares.Band(0, np.full(3, np.nan), np.full(3, np.nan))
    assert shares.place(x, nothing, (1.0, 1.0), 100.0) is None
