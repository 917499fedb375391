"""Basins of attraction in the plane: tints, names, words, print, and how they are asked for."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
from plane_pictures import PICTURE, divided, make_background, make_basins, make_probe, shown
from PySide6.QtGui import QColor
from PySide6.QtWidgets import QApplication

from app.engine.contract import Site
from app.export import figure
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.in_parts import InParts
from app.rooms.inspector import picture as numbers
from app.rooms.plane import text as words
from app.rooms.plane.basins import class_tints

WITH = replace(PICTURE, layers=PICTURE.layers | {"basins"})


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


def colour(view, x, y):
    QApplication.processEvents()  # the legend's rows move the plot
    place = view.ground.mapTo(view, view.ground.to_widget(x, y).toPoint())
    return np.array(view.grab().toImage().pixelColor(place).getRgb()[:3])


def blended(theme, label, under):
    *ink, alpha = class_tints(theme)[label]
    part = alpha / 255
    return part * np.array(ink) + (1 - part) * np.array(QColor(under).getRgb()[:3])


@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_tints_lie_over_the_density_with_sharp_cells(view, theme):
    empty = frozenset({"density", "basins"})
    view.set_theme(theme)
    view.display(replace(WITH, background=make_background(), basins=make_basins(), layers=empty))
    shade, base = theme.density[-1], theme.density[0]
    for (x, y), expected in {
        (-1.0, 2.0): blended(theme, 0, base),
        (-0.05, -2.0): blended(theme, 0, base),  # beside the edge of a cell: no smoothing
        (0.05, -2.0): blended(theme, 1, base),
        (3.0, 0.8): blended(theme, 1, base),
        (3.0, 2.0): np.array(QColor(shade).getRgb()[:3]),  # not known
    }.items():
        assert colour(view, x, y) == pytest.approx(expected, abs=2)
    other = replace(PRINT, classes=PRINT.classes[::-1])
    view.set_theme(other)
    assert colour(view, -1.0, 2.0) == pytest.approx(blended(other, 0, other.base), abs=2)
    view.display(replace(WITH, background=make_background(), basins=make_basins(), layers=frozenset({"density"})))
    assert colour(view, -1.0, 2.0) == pytest.approx(QColor(PRINT.base).getRgb()[:3], abs=2)


def test_names_stand_in_the_text_colour_and_never_on_one_another(view):
    answer = make_basins()
    view.display(replace(WITH, basins=answer))
    names = view.layers.basins.names
    np.testing.assert_array_equal(names.points, [(-2.0, 0.0), (2.0, -1.0)])
    assert names.texts == ("upper moon", "lower moon")
    assert names._color == QColor(LIGHT.text)
    small = replace(answer.areas[1], share=0.005)
    view.display(replace(WITH, basins=replace(answer, areas=(answer.areas[0], small))))
    assert names.texts == ("upper moon",)
    alone = replace(WITH, layers=frozenset({"basins"}))
    view.display(replace(alone, basins=replace(answer, areas=answer.areas[:1])))
    first = view.grab().toImage()
    covered = replace(answer.areas[1], place=(-1.9, 0.0))
    view.display(replace(alone, basins=replace(answer, areas=(answer.areas[0], covered))))
    assert view.grab().toImage() == first
    view.display(replace(alone, basins=answer))
    assert view.grab().toImage() != first


def test_the_scaled_frame_moves_tints_and_names_with_their_own_noise_level(view):
    view.display(replace(WITH, basins=make_basins(sigma=1.0), frame="scaled"))
    by = 1 / np.sqrt(2)
    assert view.layers.basins.tints.scale() == pytest.approx(by)
    np.testing.assert_allclose(view.layers.basins.names.points, divided([(-2.0, 0.0), (2.0, -1.0)], 1 / by))


def test_the_legend_says_whose_basins_and_how_large(view):
    picture = replace(WITH, basins=make_basins())
    view.display(picture)
    entry = next(entry for entry in view._legend.entries if entry.sample == "basins")
    assert entry.text == "basins of D*: upper moon 50 %, lower moon 41.7 %"
    assert "dx/dσ = (x − D*)/σ" in entry.tip
    assert "4 × 3 cells" in entry.tip
    assert "Basins of D*: upper moon 50 %" in view.describe()
    stale = replace(picture, index=2)
    assert any("basins of D* at σ = 2.00:" in entry.text for entry in words.legend(stale))
    images = replace(picture, direct=False)
    assert any("basins of the projected data:" in entry.text for entry in words.legend(images))
    sliced = replace(make_basins().request, site=Site("slice", 1, 0))
    images = replace(images, basins=replace(make_basins(), request=sliced))
    assert any("basins of D*:" in entry.text for entry in words.legend(images))
    many = tuple(replace(picture.basins.areas[0], name=f"c{k}") for k in range(5))
    entry = next(e for e in words.legend(replace(picture, basins=make_basins(areas=many))) if e.sample == "basins")
    assert entry.text.endswith("c2 50 % and 2 more")
    assert "c4 50 %" in entry.tip
    assert not any(entry.sample == "basins" for entry in words.legend(replace(picture, layers=PICTURE.layers)))


def test_without_basins_the_legend_says_why_and_nothing_is_drawn(view):
    view.display(replace(WITH, basins=make_basins()))
    view.display(
        replace(WITH, basins=make_basins(basins=None, areas=(), message="no basins: the data have no classes"))
    )
    assert "no basins: the data have no classes" in [entry.text for entry in view._legend.entries]
    assert view.layers.basins.tints.boundingRect().isEmpty()
    assert view.layers.basins.names.texts == ()


def test_print_has_the_tints_and_a_legend_of_four_rows_in_full(view):
    view.resize(600, 600)
    title = "Two moons · D* · Heun (EDM), 18 steps"
    tinted = replace(WITH, title=title, basins=make_basins(), background=make_background())
    view.display(replace(tinted, layers=PICTURE.layers))
    plain = figure.render(view, (120, 120), 96)
    view.display(tinted)
    printed = figure.render(view, (120, 120), 96)
    corner = 82, 395  # of the plot, where nothing else is drawn
    assert plain.pixelColor(*corner) == QColor(PRINT.base)
    assert printed.pixelColor(*corner).getRgb()[:3] == pytest.approx(blended(PRINT, 0, PRINT.base), abs=2)
    last = {printed.pixelColor(x, y).name() for y in range(86, 100) for x in range(16, 28)}
    assert PRINT.sampling in last  # the fourth row's disc, which the plot would cover in a legend as high as three


def test_the_inspector_has_every_share():
    rows = numbers.basin_rows(make_basins())
    assert [(row.name, row.value) for row in rows[1:]] == [("upper moon", "50 %"), ("lower moon", "41.67 %")]
    assert numbers.basin_rows(None) == ()
    assert numbers.basin_rows(make_basins(basins=None, areas=(), message="why")) == ()


def lightness(rgb):
    """WCAG relative luminance."""
    linear = [c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in np.asarray(rgb) / 255]
    return float(np.dot(linear, (0.2126, 0.7152, 0.0722)))


def contrast(one, other):
    low, high = sorted((lightness(one), lightness(other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("theme", [LIGHT, DARK, PRINT])
def test_text_and_curves_stay_legible_on_every_tint(theme):
    text = QColor(theme.text).getRgb()[:3]
    for label in range(len(theme.classes)):
        for shade in theme.density:
            ground = blended(theme, label, shade)
            assert contrast(text, ground) >= 4.5
        for curve in (theme.sampling, theme.denoising):
            assert contrast(QColor(curve).getRgb()[:3], blended(theme, label, theme.base)) >= 2.2
    grey = [lightness(blended(theme, label, theme.base)) for label in range(len(theme.classes))]
    # Neighbours in the table are told apart in grey: by a twentieth or more.
    assert all(abs(np.log((a + 0.05) / (b + 0.05))) > 0.05 for a, b in pairwise(grey))


# ---------------------------------------------------------------- asking


class Engine:
    """A feed, what it has asked for, and answers to that."""

    def __init__(self):
        self.asked, self.rests = [], []
        self.feed = InParts(self.asked.append, self.rests.append)

    def take(self, request=None, **more):
        answer = make_basins(request=self.asked[-1] if request is None else request, **more)
        return self.feed.take(answer), answer


WANTED = make_basins().request
OTHER = replace(WANTED, sigma=0.3)


def test_the_feed_asks_on_from_each_answer_until_it_is_finished():
    engine = Engine()
    engine.feed.want(WANTED)
    engine.feed.want(replace(WANTED))
    assert len(engine.asked) == 1  # the same again is no new request
    taken, answer = engine.take()
    assert taken
    assert engine.feed.answer is answer
    assert len(engine.asked) == 2
    assert engine.asked[-1].start is answer.basins
    assert engine.take(finished=True)[0]
    assert len(engine.asked) == 2


def test_after_an_interruption_the_engine_is_left_alone_for_a_while():
    engine = Engine()
    engine.feed.want(WANTED)
    engine.take(interrupted=True)
    assert len(engine.asked) == 1
    engine.rests.pop()()
    assert len(engine.asked) == 2
    engine.take(interrupted=True)
    engine.feed.want(None)
    engine.rests.pop()()
    assert len(engine.asked) == 2  # nobody looks any more


def test_what_is_no_longer_wanted_is_dropped():
    engine = Engine()
    engine.feed.want(WANTED)
    engine.feed.want(OTHER)
    assert engine.asked == [WANTED, OTHER]
    assert not engine.take(engine.asked[0])[0]
    assert engine.feed.answer is None
    assert engine.take()[0]


def test_hidden_nothing_is_asked_for_and_shown_again_it_goes_on():
    engine = Engine()
    engine.feed.want(WANTED)
    _, answer = engine.take()
    engine.feed.want(None)
    assert not engine.take()[0]
    assert len(engine.asked) == 2
    engine.feed.want(WANTED)
    assert engine.asked[-1].start is answer.basins
    engine.take(finished=True)
    engine.feed.want(None)
    engine.feed.want(WANTED)
    assert len(engine.asked) == 3


def test_one_request_at_a_time_is_under_way():
    engine = Engine()
    engine.feed.want(WANTED)
    engine.feed.want(None)
    engine.feed.want(WANTED)
    assert len(engine.asked) == 1  # its answer is still to come
    engine.feed.want(OTHER)
    engine.feed.want(WANTED)
    first, _, second = engine.asked
    assert engine.take(first)[0]  # the first one's answer, late: the second is still under way
    assert len(engine.asked) == 3
    assert engine.take(second)[0]
    assert len(engine.asked) == 4


def test_the_probe_may_stand_on_basins(view):
    view.display(replace(WITH, basins=make_basins(), probe=make_probe(), probe_point=(0.5, -0.5)))
    assert view.layers.basins.tints.zValue() < view.layers.data.zValue() < view.layers.probe.handle.zValue()
    assert view.layers.density.zValue() < view.layers.basins.tints.zValue()
