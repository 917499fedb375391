"""The plane view: what is drawn where, what a change touches, words and life."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plane_pictures import (
    DATA,
    PICTURE,
    SIGMAS,
    curve_of,
    divided,
    make_background,
    make_curves,
    make_inside,
    make_neighbours,
    make_probe,
    shown,
)
from PySide6.QtCore import QBuffer, QMarginsF, QPoint, QSizeF, Qt
from PySide6.QtGui import QColor, QPageSize, QPainter, QPdfWriter
from PySide6.QtWidgets import QApplication

from app.plotting.bundles import Bundle, Dots, ImageItem
from app.plotting.quiver import Quiver, arrow_lines
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.plane import text as words
from app.rooms.plane.pictures import PlanePicture
from app.rooms.plane.view import PlaneView
from app.session.plane_options import LAYERS


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


def test_curves_are_drawn_at_their_coordinates(view):
    x, d = PICTURE.curves.sampling, PICTURE.curves.denoising
    layer = view.layers.sampling
    np.testing.assert_array_equal(curve_of(layer.all_faint), x.transpose(1, 0, 2).reshape(-1, 2))
    np.testing.assert_array_equal(layer.all_faint.opts["connect"], np.tile([True, True, True, False], 3))
    np.testing.assert_array_equal(curve_of(layer.all), x[:2].transpose(1, 0, 2).reshape(-1, 2))
    np.testing.assert_array_equal(curve_of(layer.one), x[:2, 2])
    np.testing.assert_array_equal(curve_of(layer.one_faint), x[1:, 2])
    np.testing.assert_array_equal(layer.steps.points, x[:2, 2])
    np.testing.assert_array_equal(curve_of(view.layers.denoising.one), d[:2, 2])
    np.testing.assert_array_equal(view.layers.current.points, x[1])
    np.testing.assert_array_equal(curve_of(view.layers.segment), [x[1, 2], d[1, 2]])
    np.testing.assert_array_equal(view.layers.data.points, DATA)


def test_a_growing_run_shows_what_is_committed(view):
    view.display(replace(PICTURE, curves=make_curves(committed=2), index=3))
    assert len(curve_of(view.layers.sampling.all_faint)) == 2 * 3
    assert len(curve_of(view.layers.denoising.all_faint)) == 3
    # The playhead stands at the last level, whose D is not known yet.
    assert len(view.layers.x_mark.points) == 1
    assert not len(view.layers.d_mark.points)
    view.display(replace(PICTURE, curves=make_curves(committed=0)))
    assert not len(curve_of(view.layers.sampling.all))
    assert not len(view.layers.current.points)


def test_the_last_level_has_a_denoised_point_only_if_it_was_looked_at(view):
    view.display(replace(PICTURE, curves=make_curves(final=True), index=3))
    assert len(view.layers.d_mark.points) == 1
    view.display(replace(PICTURE, index=3))
    assert not len(view.layers.d_mark.points)


def test_nan_interrupts_a_curve(qapp):
    bundle = Bundle()
    points = np.arange(10.0).reshape(5, 1, 2).repeat(2, 1)
    points[2, 0] = np.nan
    bundle.set_curves(points)
    assert np.isfinite(curve_of(bundle)).all()
    np.testing.assert_array_equal(bundle.opts["connect"], [1, 0, 1, 0, 1, 1, 1, 1, 0])


def test_dash_is_the_kind_and_only_the_selected_curve_is_thick(view):
    view.grab()
    for layer, style in (
        (view.layers.sampling, Qt.PenStyle.SolidLine),
        (view.layers.denoising, Qt.PenStyle.CustomDashLine),
    ):
        for bundle, at_two in ((layer.all_faint, 1), (layer.all, 1), (layer.one_faint, 1), (layer.one, 4)):
            pen = bundle._device_pen(2.0)
            assert pen.style() == style
            assert pen.isCosmetic()
            assert pen.widthF() == at_two
            if pen.dashPattern():  # in device pixels twice what it is at scale 1
                one = bundle._device_pen(1.0)
                np.testing.assert_allclose(
                    np.array(pen.dashPattern()) * pen.widthF(), 2 * np.array(one.dashPattern()) * one.widthF()
                )


def test_a_playhead_move_touches_only_what_changed(view, monkeypatch):
    picture = replace(PICTURE, background=make_background(), probe=make_probe(), frame="run", layers=frozenset(LAYERS))
    view.display(picture)
    touched = []
    for kind, name in ((Bundle, "setData"), (Dots, "set_points"), (Quiver, "set_arrows"), (ImageItem, "set_image")):
        original = getattr(kind, name)

        def spy(self, *args, original=original, **options):
            touched.append(self)
            return original(self, *args, **options)

        monkeypatch.setattr(kind, name, spy)
    view.display(replace(picture, index=2))
    layers = view.layers
    moved = [layers.current, layers.segment, layers.x_mark, layers.d_mark]
    for curves in (layers.sampling, layers.denoising):
        moved += [curves.all, curves.one, curves.one_faint, curves.steps]
    assert set(touched) == set(moved)
    touched.clear()
    view.display(replace(picture, index=2, sample=0))
    unmoved = {layers.sampling.all, layers.denoising.all, layers.current}
    assert set(touched) == set(moved) - unmoved
    touched.clear()
    view.display(replace(picture, index=2, sample=0))
    assert not touched


def test_density_lies_the_right_way_up_in_its_rectangle(view):
    view.display(replace(PICTURE, background=make_background(), layers=frozenset({"density"})))
    shot = view.ground.grab().toImage()
    full, nothing = QColor(LIGHT.density[-1]), QColor(LIGHT.base)
    for point, expected in (((3.0, 2.0), full), ((-3.0, 2.0), nothing), ((3.0, -2.0), nothing), ((4.2, 2.0), nothing)):
        seen = shot.pixelColor(view.ground.to_widget(*point).toPoint())
        # Rounding of the colour table and of the smooth scaling: two of 255.
        assert max(abs(a - b) for a, b in zip(seen.getRgb(), expected.getRgb(), strict=True)) <= 2


def test_field_arrows_show_the_motion_as_sigma_falls(view):
    picture = replace(PICTURE, background=make_background(), layers=frozenset(LAYERS))
    view.display(picture)
    arrows = view.layers.field
    vectors = arrows.tips - arrows.tails
    np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 0.7, atol=1e-12)  # 0.7 of the spacing 8/8 = 6/6
    np.testing.assert_allclose((arrows.tips + arrows.tails) / 2, picture.background.at, atol=1e-12)
    np.testing.assert_allclose(vectors / 0.7, [[1, 0], [0, 1], [-1, 0]], atol=1e-12)
    assert arrows._color_of.tolist() == [2, 4, 1]  # magnitudes 1, 2, 0.5 in fifths of the largest
    view.display(replace(picture, arrow="move", background=make_background(sigma=1.5)))
    # From σ = 1.5 to the next level, 1, a sample moves a third of the way to D.
    at, denoised = picture.background.at, picture.background.denoised
    np.testing.assert_allclose(arrows.tails, at)
    np.testing.assert_allclose(arrows.tips, at + (denoised - at) / 3)
    view.display(replace(picture, arrow="shift", background=make_background(sigma=1.5)))
    np.testing.assert_allclose(arrows.tips, denoised)  # the whole jump
    view.display(replace(picture, arrow="move", background=make_background(sigma=0.5)))
    assert not len(arrows.tails)  # nothing follows the last level


def test_an_arrow_has_a_shaft_and_two_barbs_and_keeps_its_distance():
    lines = arrow_lines(np.array([[0.0, 0.0]]), np.array([[20.0, 0.0]]), head=5.0, gap=4.0)
    np.testing.assert_allclose(lines[:, 0], [[16, 0, 0, 0], [16, 0, 11, 2.5], [16, 0, 11, -2.5]])


def test_data_beyond_ten_thousand_are_thinned_and_said_to_be(view):
    many = np.random.default_rng(3).standard_normal((25_000, 2))
    view.display(replace(PICTURE, data=many))
    np.testing.assert_array_equal(view.layers.data.points, many[::3])
    assert "data, one in 3 of 25000" in [entry.text for entry in view._legend.entries]


def test_thin_curves_beyond_a_limit_are_left_out_and_said_to_be(view):
    curves = PICTURE.curves
    many = replace(curves, sampling=curves.sampling.repeat(2000, 1), denoising=curves.denoising.repeat(2000, 1))
    view.display(replace(PICTURE, curves=many, sample=5999))
    assert len(curve_of(view.layers.sampling.all_faint)) == 20_000
    assert len(curve_of(view.layers.sampling.one)) == 2
    assert len(view.layers.current.points) == 2000
    assert view._legend.entries[0].text == "sampling x(σ), 5000 of 6000 samples"


@pytest.mark.parametrize("width", [300, 420, 700])
def test_nothing_above_the_plot_moves_it(view, width):
    view.resize(width, 600)
    view.display(PICTURE)
    QApplication.processEvents()
    place = view.ground.geometry()
    for changes in (
        {"probe": make_probe()},
        {"caption": "principal components 1, 2"},
        {"title": ""},
        {"layers": frozenset()},
        {"inside": make_inside(), "probe": make_probe(), "caption": "all at once"},
    ):
        view.display(replace(PICTURE, **changes))
        QApplication.processEvents()
        assert view.ground.geometry() == place
        assert all(view._legend.rect().contains(where.toRect()) for _, where in view._legend.shown())


def test_the_legend_counts_what_has_no_room_and_lists_it_in_a_tooltip(view):
    view.resize(300, 600)
    view.display(replace(PICTURE, inside=make_inside(), probe=make_probe()))
    QApplication.processEvents()
    *first, last = (entry for entry, _ in view._legend.shown())
    left = view._legend.entries[len(first) :]
    assert last.text == f"{len(left)} more"
    assert last.tip == "; ".join(entry.text for entry in left)
    view.resize(1600, 600)
    QApplication.processEvents()
    assert [entry for entry, _ in view._legend.shown()] == list(view._legend.entries)


def test_the_probe_is_drawn_with_weights_as_areas(view):
    view.display(replace(PICTURE, probe=make_probe(), probe_point=(0.6, -0.5)))
    probe = view.layers.probe
    np.testing.assert_array_equal(probe.handle.points, [[0.6, -0.5]])  # ahead of the answer
    np.testing.assert_array_equal([probe.shift.tails[0], probe.shift.tips[0]], [[0.5, -0.5], [0.1, 0.2]])
    discs = view.layers.weights.discs
    np.testing.assert_array_equal(discs.points, DATA[[4, 2]])
    np.testing.assert_allclose((discs._sizes[1] / discs._sizes[0]) ** 2, 0.2 / 0.8)
    np.testing.assert_array_equal(curve_of(probe.path), make_probe().path)
    alone = replace(make_probe(), optimal=None, network=None, indices=None, weights=None, path=None)
    view.display(replace(PICTURE, probe=alone, driver_name="mixture"))
    np.testing.assert_array_equal(curve_of(probe.to_driver), [[0.5, -0.5], [0.1, 0.2]])
    view.display(PICTURE)
    for item in (probe.handle.points, probe.driver.points, probe.shift.tails, curve_of(probe.to_driver)):
        assert not len(item)


def test_the_weights_of_the_selected_sample_stand_where_no_probe_does(view):
    discs, near = view.layers.weights.discs, make_neighbours()
    picture = replace(PICTURE, neighbours=near)
    view.display(picture)
    assert not len(discs.points)  # the layer is off until it is asked for
    shown = replace(picture, layers=picture.layers | {"weights"})
    view.display(shown)
    np.testing.assert_array_equal(discs.points, DATA[[7, 3]])  # the third weighs less than a thousandth of the first
    np.testing.assert_allclose((discs._sizes[1] / discs._sizes[0]) ** 2, 0.5)
    assert "posterior weights at xₙ, N_eff 1.90" in [entry.text for entry in words.legend(shown)]
    assert "1.900 effective neighbours" in view.describe()
    view.display(replace(shown, frame="scaled"))
    np.testing.assert_allclose(discs.points, divided(DATA[[7, 3]], np.sqrt(1 + SIGMAS[1] ** 2)))
    view.display(replace(shown, probe=make_probe()))
    np.testing.assert_array_equal(discs.points, DATA[[4, 2]])  # the probe's
    view.display(replace(shown, index=2))  # the answer lags behind the playhead, and says so
    np.testing.assert_array_equal(discs.points, DATA[[7, 3]])
    assert "posterior weights at σ = 2.00, N_eff 1.90" in [entry.text for entry in view._legend.entries]
    view.display(replace(shown, sample=1))  # another sample's weights are not this one's
    assert not len(discs.points)


def test_the_inside_of_a_step_is_drawn_and_seen(view):
    picture = replace(PICTURE, index=2, inside=make_inside())
    view.display(picture)
    inside, layer = picture.inside, view.layers.inside
    np.testing.assert_array_equal(layer.stages.points, inside.x[:2])
    np.testing.assert_array_equal(layer.history.points, inside.x[2:])
    np.testing.assert_array_equal(curve_of(layer.euler), [inside.start, inside.euler])
    np.testing.assert_array_equal(curve_of(layer.exact), inside.exact)
    assert layer.labels.texts == ("× 0.5", "× 0.75", "× −0.25")
    # Slopes −dx/dσ are (−1, 0), (−1.2, 0), (−0.75, 0): drawn at one scale, the longest 0.4 of the step.
    longest = 0.4 * np.hypot(0.3, 0.1)
    moved = np.concatenate([layer.slopes.tips - layer.slopes.tails, layer.history_slopes.tips - inside.x[2:]])
    np.testing.assert_allclose(moved, np.array([[-1, 0], [-1.2, 0], [-0.75, 0]]) * longest / 1.2, atol=1e-12)
    x, y, width, height = view.ground.visible()
    assert max(width, height) < 2  # the step is 0.5 wide, the frame would be 8
    for point in (*inside.x[:2], inside.end, inside.euler):
        assert x < point[0] < x + width
        assert y < point[1] < y + height
    view.display(replace(picture, inside=None))
    assert not len(layer.stages.points)
    assert not layer.labels.texts


def test_layers_can_be_hidden(view):
    view.display(replace(PICTURE, layers=frozenset({"data"})))
    layers = view.layers
    assert layers.data.isVisible()
    for item in (layers.density, layers.sampling.one, layers.denoising.all, layers.segment, layers.probe.handle):
        assert not item.isVisible()
    assert not view._legend.isVisible()


def test_an_empty_picture_says_what_to_do(view):
    view.display(PlanePicture(message="Choose data, then press Run."))
    assert view._message.isVisible()
    assert view._message.text() == "Choose data, then press Run."
    assert not view.ground.isVisible()
    assert view.describe() == "Choose data, then press Run."
    view.display(PICTURE)
    assert view.ground.isVisible()
    assert not view._message.isVisible()


def test_the_picture_can_be_read_as_text(view):
    picture = replace(PICTURE, probe=make_probe(), inside=make_inside(), background=make_background())
    view.display(picture)
    text = view.describe()
    distance = np.linalg.norm(PICTURE.curves.denoising[1, 2] - PICTURE.curves.sampling[1, 2])
    for part in ("Two moons.", "level 1 of 3, σ = 2.000", f"{distance:.3f}", "effective neighbours 1.650", "× −0.25"):
        assert part in text
    assert view.accessibleDescription() == text
    # The density shown belongs to another noise level than the playhead's, and says so.
    assert "log p(σ = 1.00): −12 … 0 nats" in [entry.text for entry in words.legend(picture)]


def test_the_theme_can_change_at_any_time(view):
    view.display(replace(PICTURE, background=make_background()))
    view.set_theme(DARK)
    shot = view.grab().toImage()
    assert shot.pixelColor(3, 3) == QColor(DARK.base)
    place = view.ground.mapTo(view, view.ground.to_widget(3.0, 2.0).toPoint())
    assert shot.pixelColor(place).getRgb() == pytest.approx(QColor(DARK.density[-1]).getRgb(), abs=2)
    assert view.layers.sampling.one._logical.color() == QColor(DARK.sampling)


def test_print_is_vectors_but_for_the_density(qtbot):
    view = PlaneView(PRINT, print_mode=True)
    qtbot.addWidget(view)
    view.resize(600, 450)
    many = np.random.default_rng(4).standard_normal((500, 2))
    view.display(replace(PICTURE, data=many, background=make_background(), probe=make_probe()))
    assert not view._readout.isVisibleTo(view)
    buffer = QBuffer()
    buffer.open(QBuffer.OpenModeFlag.WriteOnly)
    writer = QPdfWriter(buffer)
    writer.setResolution(96)
    writer.setPageSize(QPageSize(QSizeF(450, 337.5), QPageSize.Unit.Point))
    writer.setPageMargins(QMarginsF(0, 0, 0, 0))
    painter = QPainter(writer)
    view.render(painter, QPoint(0, 0))
    painter.end()
    assert bytes(buffer.data().data()).count(b"/Subtype /Image") == 1
    view.release()
