"""The layers of the plane: how they look, which lies over which, and that the list says what the legend says."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plane_pictures import (
    PICTURE,
    SIGMAS,
    curve_of,
    make_background,
    make_basins,
    make_inside,
    make_neighbours,
    make_probe,
    shown,
)
from PySide6.QtCore import Qt
from PySide6.QtGui import QColor

from app.export.figure import save_svg
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.plane import text as words
from app.rooms.plane.layer_rows import layer_rows
from app.rooms.plane.looks import bands
from app.rooms.plane.pictures import BranchPicture, GhostPicture
from app.session.plane_options import LAYERS, LEGEND, LayerLook, moved, stacked, usual_order

K, ALT = Qt.Key, Qt.KeyboardModifier.AltModifier
GHOST = GhostPicture(
    name="ghost.optimal",
    title="x* by D*",
    tip="",
    hue="optimal",
    symbol="diamond",
    curve=np.linspace([3.0, 1.0], [0.0, 0.5], 4),
    sigmas=SIGMAS,
    index=1,
    distance=0.25,
)
PINNED = replace(GHOST, name="run.7", title="run 7", hue="runs.3", symbol="ring", distance=None, index=2)
FULL = replace(
    PICTURE,
    background=make_background(),
    basins=make_basins(),
    probe=make_probe(),
    neighbours=make_neighbours(),
    inside=make_inside(),
    branch=BranchPicture(sample=2, sigma=2.0, sigmas=SIGMAS[1:], message="no model"),
    layers=frozenset([*LAYERS, "run.7"]),
    order=usual_order(["run.7"]),
    ghosts=(GHOST, PINNED, *(replace(GHOST, name=name, curve=None, note="computing …") for name in LAYERS[5:7])),
)


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


@pytest.fixture
def panel(view, qtbot):
    view.display(FULL)
    view.layer_list.toggle()
    return view.layer_list.panel


@pytest.mark.parametrize("hidden", [(), ("sampling",), ("probe",), ("ghost.optimal", "density", "inside"), LAYERS])
def test_the_list_says_what_the_legend_says(hidden):
    picture = replace(
        FULL, layers=FULL.layers.difference(set(hidden) - {LEGEND}), looks={"data": LayerLook(opacity=0.3)}
    )
    rows, legend = layer_rows(picture, picture.layers), words.legend(picture)
    assert [row.name for row in rows] == list(reversed(picture.order))  # the front one first
    said = {row.name: row.says for row in rows if row.says}
    by_layer = {}
    for entry in legend:
        by_layer.setdefault(entry.layer, []).append(entry)
    assert said == {name: "; ".join(entry.text for entry in entries) for name, entries in by_layer.items()}
    for row in rows:
        for entry in by_layer.get(row.name, ()):
            assert row.shown
            assert (entry.tint, entry.opacity) == (row.sample.tint, row.opacity)


def test_every_layer_that_is_drawn_is_in_the_legend():
    without_probe = replace(FULL, probe=None)  # otherwise the weights are the probe's
    named = {entry.layer for entry in words.legend(without_probe)}
    assert named == set(FULL.order) - {"probe", "ghost.ode"}
    assert {entry.layer for entry in words.legend(FULL)} == set(FULL.order) - {"weights", "ghost.ode"}


def test_ghosts_stand_where_they_are_with_their_distance_and_level(view):
    view.display(FULL)
    curve, mark = view.layers.ghosts.items["ghost.optimal"]
    np.testing.assert_array_equal(curve_of(curve), GHOST.curve)
    np.testing.assert_array_equal(mark.points, [GHOST.curve[1]])
    texts = [entry.text for entry in words.legend(FULL)]
    assert "x* by D*: 0.250 from x" in texts
    assert "run 7: at σ = 1.00" in texts
    assert "x* by D*: 0.250 from x" in words.describe(FULL, free=False).replace("X*", "x*")
    view.display(replace(FULL, ghosts=(GHOST,)))
    assert set(view.layers.ghosts.items) == {"ghost.optimal"}  # a run that is no longer pinned is gone
    view.display(replace(FULL, ghosts=(GHOST,), frame="scaled"))
    factor = 1 / np.sqrt(1 + SIGMAS[:, None] ** 2)
    center = np.array(FULL.center)
    np.testing.assert_allclose(curve_of(curve), center + factor * (GHOST.curve - center))


def test_a_layer_is_drawn_in_its_own_colour_and_opacity(view):
    looks = {
        "sampling": LayerLook(color="#123456", opacity=0.5),
        "data": LayerLook(color="#aa0000"),
        "density": LayerLook(color="#00aa00"),
        "ghost.optimal": LayerLook(color="#0000aa", opacity=0.2),
    }
    view.display(replace(FULL, looks=looks))
    layers = view.layers
    assert {item.opacity() for item in layers.sampling.items} == {0.5}
    assert layers.sampling.one._logical.color().name() == "#123456"
    assert layers.x_mark._fill.name() == "#123456"  # hue says whose a mark is
    assert QColor(layers.data._fill).name() == "#aa0000"
    assert layers.density._image.pixelColor(39, 0).green() > layers.density._image.pixelColor(39, 0).red()
    curve, _ = layers.ghosts.items["ghost.optimal"]
    assert curve._logical.color().name() == "#0000aa"
    assert curve.opacity() == 0.2
    view.set_theme(DARK)
    assert layers.sampling.one._logical.color().name() == "#123456"
    assert layers.denoising.one._logical.color().name() == DARK.denoising
    view.display(FULL)
    view.set_theme(LIGHT)
    assert layers.sampling.one._logical.color().name() == LIGHT.sampling
    assert {item.opacity() for item in layers.sampling.items} == {1.0}


def test_a_figure_follows_the_layers(view, tmp_path):
    looks = {"sampling": LayerLook(color="#123456", opacity=0.5)}
    view.display(replace(FULL, layers=frozenset({"sampling", LEGEND}), looks=looks))
    save_svg(view, tmp_path / "plane.svg", (120, 100))
    text = (tmp_path / "plane.svg").read_text("utf-8")
    assert text.count("#123456") >= 3  # the bundle, the selected curve, the legend
    assert 'opacity="0.5"' in text
    assert PRINT.denoising not in text
    assert "sampling x(σ)" in text


def heights(view):
    layers = view.layers
    return {
        "data": [layers.data.zValue()],
        "sampling": [item.zValue() for item in (*layers.sampling.items, layers.current)],
        "denoising": [item.zValue() for item in layers.denoising.items],
        "ghost.optimal": [item.zValue() for item in layers.ghosts.items["ghost.optimal"]],
        "probe": [item.zValue() for item in layers.probe.items],
    }


def test_a_layer_that_is_moved_lies_wholly_over_those_behind_it(view):
    view.display(FULL)
    usual = heights(view)
    assert min(usual["sampling"]) < max(usual["denoising"])  # their parts lie between one another
    over_denoising = FULL.order.index("denoising") - FULL.order.index("data")
    view.display(replace(FULL, order=moved(FULL.order, "data", over_denoising)))
    found = heights(view)
    assert min(found["data"]) > max(found["denoising"])
    assert min(found["data"]) > max(found["ghost.optimal"])
    assert min(found["sampling"]) > max(found["data"])
    assert min(found["probe"]) > max(found["sampling"])
    view.display(FULL)
    assert heights(view) == usual


def test_the_bands_of_the_usual_order_are_one():
    assert set(bands(usual_order(["run.1", "run.9"])).values()) == {0.0}


def test_an_order_may_lack_layers_and_name_others():
    assert stacked(()) == usual_order() == LAYERS[:-1]
    assert stacked(("data", "gone", "density")).index("data") == 0  # these two have changed places
    assert stacked(("data", "density"), ["run.2"]).count("run.2") == 1
    assert sorted(stacked(("data", "data", "probe", "data"))) == sorted(usual_order())
    assert moved(("a", "b", "c"), "c", 1) == ("a", "b", "c")
    assert moved(("a", "b", "c"), "a", 2) == ("b", "c", "a")


def test_keys_work_the_list(qtbot, view, panel):
    told = []
    view.layer_list.toggled.connect(lambda name: told.append(("eye", name)))
    view.layer_list.looked.connect(lambda name, look: told.append((name, look.opacity, look.color)))
    view.layer_list.moved.connect(lambda name, by: told.append(("move", name, by)))
    assert panel.list.row.name == "branch"
    qtbot.keyClick(panel.list, K.Key_Down)
    for key, modifier in ((K.Key_Space, Qt.KeyboardModifier.NoModifier), (K.Key_Up, ALT), (K.Key_Down, ALT)):
        qtbot.keyClick(panel.list, key, modifier)
    qtbot.keyClick(panel.list, K.Key_Minus)
    qtbot.keyClick(panel.list, K.Key_Plus)  # which is there already
    qtbot.keyClick(panel.list, K.Key_Delete)
    assert told == [
        ("eye", "probe"), ("move", "probe", 1), ("move", "probe", -1),
        ("probe", 0.9, ""), ("probe", 1.0, ""), ("probe", 1.0, ""),
    ]  # fmt: skip
    assert "Probe, shown, opacity 100%" in panel.list.accessibleDescription()
    qtbot.keyClick(panel.list, K.Key_End)
    assert panel.list.row.name == "density"
    view.display(replace(FULL, order=moved(FULL.order, "density", 3)))
    assert panel.list.row.name == "density"  # the chosen layer stays chosen
    qtbot.keyClick(panel.list, K.Key_Escape)
    assert panel.isHidden()


def test_the_mouse_opens_an_eye_slides_the_opacity_and_asks_for_a_colour(qtbot, view, panel):
    told = []
    view.layer_list.toggled.connect(told.append)
    view.layer_list.looked.connect(lambda name, look: told.append((name, look)))
    at = [row.name for row in layer_rows(FULL, FULL.layers)].index("sampling")
    place = panel.list.rect_of(at).center()
    place.setX(12)
    qtbot.mouseClick(panel.list, Qt.MouseButton.LeftButton, pos=place)
    assert told == ["sampling"]
    panel._opacity.setValue(40)
    assert told[1:] == [("sampling", LayerLook(opacity=0.4))]
    panel._color.click()
    panel._dialog.setCurrentColor(QColor("#336699"))
    assert told[-1] == ("sampling", LayerLook(color="#336699"))  # the plane follows at once
    panel._dialog.reject()
    assert told[-1] == ("sampling", LayerLook())
    assert panel._dialog is None


def test_basins_have_the_colours_of_the_classes_and_no_other(panel):
    names = [row.name for row in layer_rows(FULL, FULL.layers)]
    panel.list._go(names.index("basins"))
    assert not panel._color.isEnabled()
