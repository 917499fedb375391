"""A solver's steps as finite differences: what the view draws, says and asks for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parts import button, part, words
from PySide6.QtCore import QCoreApplication, QPointF, QRectF, Qt

from app.export import figure
from app.plotting.headings import Entry
from app.plotting.measure_plot import MeasureChart
from app.plotting.sigma_axis import positions
from app.plotting.theme import DARK, LIGHT, PRINT
from app.rooms.derivatives.arrows import Arrows, fit, round_length
from app.rooms.derivatives.pictures import DerivativesPicture
from app.rooms.derivatives.view import DerivativesView, StepPlot, lone
from geomodel.number_text import fixed

SIGMAS = np.array([10.0, 4.0, 1.0, 0.2, 0.01, 0.0])
EULER = "This is an Euler step."
WHY = "A step to σ = 0 is an Euler step, x' = D, with every solver: it implies no derivative."
LEFT = Qt.MouseButton.LeftButton
NAN = np.nan


def make_picture(**changes) -> DerivativesPicture:
    """A multistep solver: its first step implies zero, its last one, to σ = 0, nothing."""
    picture = DerivativesPicture(
        sigmas=SIGMAS,
        implied=np.array([0.0, 0.3, 0.8, 0.02, NAN]),
        true=np.array([0.1, 0.25, 0.9, 0.01, 0.004]),
        effective=np.array([0.12, 0.29, 0.7, 0.015, NAN]),
        to_true=np.array([1.0, 0.2, 0.1, 1.0, NAN]),
        to_effective=np.array([1.0, 0.01, 0.15, 0.4, NAN]),
        why=(EULER, "", "", "", WHY),
        method="jvp",
        formula="Ḋ ≈ (h/h_0) (D − D_p)/(t − s)",
        solver="DPM-Solver++ 2M",
        index=1,
        arrows=(
            ("implied", np.array([0.3, 0.0])),
            ("true", np.array([0.2, 0.15])),
            ("effective", np.array([0.21, 0.2])),
        ),
    )
    return replace(picture, **changes)


def shown(qtbot, picture, theme=LIGHT, size=(400, 560)):
    view = DerivativesView(theme)
    qtbot.addWidget(view)
    view.resize(*size)
    view.display(picture)
    with qtbot.waitExposed(view):
        view.show()
    kept = []

    def settled():
        """Every chart keeps its picture over a turn of the event loop."""
        kept.append([plot.chart._still for plot in plots(view)])
        return len(kept) > 1 and kept[-1] == kept[-2] and None not in kept[-1]

    if picture.sigmas is not None:
        qtbot.waitUntil(settled)
    return view


@pytest.fixture
def view(qtbot):
    return shown(qtbot, make_picture())


def plots(view):
    return view.findChildren(StepPlot)


def legend(view):
    QCoreApplication.processEvents()  # entries come into sight
    return [entry.accessibleName() for entry in view.findChildren(Entry) if entry.isVisibleTo(view)]


def texts(plot):
    return dict(plot.header.values)


# ---------------------------------------------------------------- the plots


def test_the_steps_numbers_are_drawn_in_the_looks_of_their_kinds(view):
    norms, distances = plots(view)
    assert norms.chart.log
    assert distances.chart.log
    named = {"sampling": view.picture.implied, "reference": view.picture.true, "optimal": view.picture.effective}
    for layer, (kind, values) in zip(norms.chart.layers, named.items(), strict=True):
        x, y = layer.line.getData()
        known = np.flatnonzero(values > 0)
        np.testing.assert_array_equal(x, positions(SIGMAS)[:5])
        np.testing.assert_allclose(y[known], np.log10(values[known]), rtol=1e-15)
        assert layer.line.opts["pen"].color().name() == getattr(LIGHT, kind)
    sampling, reference, optimal = norms.chart.layers
    assert sampling.line.opts["pen"].style() == Qt.PenStyle.SolidLine
    assert reference.line.opts["pen"].dashPattern() == [1.0, 1.5]
    assert optimal.dots.opts["symbol"] == "d"


def test_a_zero_is_left_out_of_a_logarithmic_axis_and_said(view):
    view.display(make_picture(index=0))
    line = plots(view)[0].chart.layers[0].line
    np.testing.assert_array_equal(line.opts["connect"], [False, True, True, False, False])
    assert texts(plots(view)[0])["sampling"] == "0"
    assert any(line.startswith("This is an Euler step") for line in words(view))


def test_numbers_without_zeros_and_decades_have_a_linear_axis(view):
    view.display(make_picture(to_true=np.full(5, 0.5), to_effective=np.linspace(0.3, 0.6, 5)))
    chart = plots(view)[1].chart
    assert not chart.log
    np.testing.assert_array_equal(chart.layers[1].line.getData()[1], np.linspace(0.3, 0.6, 5))


def test_a_step_without_neighbours_is_a_mark():
    assert lone(np.array([1.0, NAN, 2.0, 3.0, NAN, 0.0])).tolist() == [0, 5]
    assert lone(np.empty(0)).tolist() == []


def test_single_steps_are_seen(view):
    view.display(make_picture(true=np.array([NAN, 0.25, NAN, 0.01, 0.004])))
    marks = plots(view)[0]._lone
    assert marks["reference"].isVisible()
    x, y = marks["reference"].getData()
    assert x.tolist() == [positions(SIGMAS)[1]]
    assert y.tolist() == [np.log10(0.25)]
    assert not marks["optimal"].isVisible()


def test_the_header_has_the_numbers_at_the_playhead(view):
    norms, distances = plots(view)
    assert texts(norms) == {"sampling": "0.3000", "reference": "0.2500", "optimal": "0.2900"}
    assert texts(distances) == {"reference": "0.2000", "optimal": "0.01000"}
    assert norms.accessibleDescription() == "implied 0.3000, true 0.2500, effective 0.2900"


def test_a_playhead_move_draws_no_curve_anew(view, monkeypatch):
    monkeypatch.setattr(MeasureChart, "set_data", lambda *_: pytest.fail("drawn anew"))
    places = [plot.geometry() for plot in plots(view)]
    for index in range(len(SIGMAS)):
        view.display(replace(view.picture, index=index, arrows=view.picture.arrows if index % 2 else ()))
        QCoreApplication.processEvents()
        assert [plot.geometry() for plot in plots(view)] == places  # nor do sentences and vectors move the plots


def test_a_click_picks_the_step(view, qtbot):
    picked = []
    view.level_picked.connect(picked.append)
    for plot in plots(view):
        box = plot.chart.box
        middle = sum(box.viewRange()[1]) / 2
        for level in (0, 3):
            at = plot.chart.mapFromScene(box.mapViewToScene(QPointF(plot.chart._x[level], middle)))
            qtbot.mouseClick(plot.chart.viewport(), LEFT, pos=at)
    assert picked == [0, 3, 0, 3]


# ---------------------------------------------------------------- the words


def test_solver_formula_method_and_step_are_written(view):
    assert "DPM-Solver++ 2M" in words(view)
    assert any("h<sub>0</sub>" in line for line in words(view))
    assert any("D<sub>p</sub>" in line for line in words(view))
    assert "true (Jacobian-vector product)" in legend(view)
    assert "step 1 of 5, σ 4 → 1" in words(view)
    view.display(make_picture(method="central difference"))
    assert "true (central difference)" in legend(view)
    assert len(legend(view)) == 3


def test_a_step_without_a_number_says_why_in_plain_sight(view):
    view.display(make_picture(index=4))
    assert WHY in words(view)
    assert texts(plots(view)[0]) == {"sampling": "–", "reference": fixed(0.004), "optimal": "–"}
    view.display(make_picture(index=5))
    assert any("no step starts" in line for line in words(view))
    view.display(make_picture(index=1))
    assert not any("no step" in line or line == WHY for line in words(view))


@pytest.mark.parametrize("size", [(400, 560), (900, 700)])
def test_everything_fits(qtbot, size):
    view = shown(qtbot, make_picture(index=4, can_fill=True), size=size)
    assert (view.width(), view.height()) == size
    beside = part(view, Arrows).parentWidget().geometry().left() > plots(view)[0].geometry().right()
    assert beside == (size[0] == 900)
    assert view._note.height() >= view._note.heightForWidth(view._note.width())


def test_other_steps_can_be_asked_for(view, qtbot):
    assert not button(view, "Fill all steps").isVisibleTo(view)
    view.display(make_picture(can_fill=True))
    assert button(view, "Fill all steps").isVisibleTo(view)
    with qtbot.waitSignal(view.fill_wanted):
        qtbot.mouseClick(button(view, "Fill all steps"), LEFT)
    view.display(make_picture(can_fill=True, pending=True))
    assert not button(view, "Fill all steps").isEnabled()
    assert any("computing" in line for line in words(view))


def test_an_empty_picture_says_what_to_do(view):
    view.display(DerivativesPicture(message="Run a solver first."))
    assert words(view) == ["Run a solver first."]
    view.display(make_picture())
    assert plots(view)[0].isVisibleTo(view)
    assert "Run a solver first." not in words(view)


def test_a_solver_that_implies_nothing_still_shows_the_true_one(view):
    nothing = np.full(5, NAN)
    view.display(make_picture(implied=nothing, to_true=nothing, to_effective=nothing, why=("Three evaluations.",) * 5))
    assert "Three evaluations." in words(view)
    assert np.isfinite(plots(view)[0].chart.layers[1].line.getData()[1]).all()
    assert texts(plots(view)[1]) == {"reference": "–", "optimal": "–"}


# ---------------------------------------------------------------- the vectors


def test_origin_and_vectors_fill_the_room_in_one_scale():
    vectors = np.array([[3.0, 1.0], [-1.0, 0.5]])
    room = QRectF(10, 20, 200, 100)
    origin, scale = fit(vectors, room)
    assert scale == 50.0  # 4 units in 200 pixels; 1 unit in 100 would be wider
    ends = [(origin.x() + scale * x, origin.y() - scale * y) for x, y in vectors]
    assert ends == [(210.0, 45.0), (10.0, 70.0)]
    assert origin == QPointF(60, 95)
    assert fit(np.zeros((2, 2)), room) == (room.center(), 1.0)


def test_a_scale_bar_has_a_round_length():
    assert [round_length(most) for most in (1.0, 0.99, 4.9, 50.0, 0.03)] == pytest.approx([1, 0.5, 2, 50, 0.02])


def test_vectors_end_at_their_tips_and_are_named(qtbot):
    view = shown(qtbot, make_picture(arrows=(("effective", np.array([0.0, 2.0])), ("true", np.array([2.0, 0.0])))))
    image, room = part(view, Arrows).grab().toImage(), part(view, Arrows).room()
    origin, scale = fit(np.array([[0.0, 2.0], [2.0, 0.0]]), room)
    along = origin + QPointF(0, -1.0 * scale)  # y upwards
    colors = [image.pixelColor(round(along.x()) + dx, round(along.y())) for dx in (-1, 0, 1)]
    assert any(color.green() - color.red() > 80 for color in colors)  # the effective one's hue, antialiased
    assert part(view, Arrows).accessibleDescription() == "effective 2.00, true 2.00"


def test_data_that_are_no_plane_have_no_vectors(view):
    view.display(make_picture(sigmas=SIGMAS.copy(), arrows=()))
    assert not part(view, Arrows).isVisibleTo(view)
    view.display(make_picture())
    assert part(view, Arrows).isVisibleTo(view)
    view.display(make_picture(arrows=()))  # a step without vectors in a plane
    assert part(view, Arrows).isVisibleTo(view)


def test_vectors_of_no_length_are_drawn_without_a_warning(qtbot):
    view = shown(qtbot, make_picture(arrows=(("implied", np.zeros(2)), ("true", np.full(2, NAN)))))
    part(view, Arrows).grab()
    assert part(view, Arrows).accessibleDescription() == "implied 0"


# ---------------------------------------------------------------- looks and life


def test_the_theme_changes_everything(view):
    view.set_theme(DARK)
    assert view.grab().toImage().pixelColor(2, 2).name() == DARK.base
    assert plots(view)[0].chart.layers[0].line.opts["pen"].color().name() == DARK.sampling


def test_a_print_has_no_controls(qtbot, view):
    printed = DerivativesView(PRINT, print_mode=True)
    qtbot.addWidget(printed)
    printed.display(make_picture(can_fill=True, pending=True))
    assert not button(printed, "Fill all steps").isVisibleTo(printed)
    assert not any("computing" in line for line in words(printed))


@pytest.mark.parametrize("size", [(120.0, 140.0), (89.0, 80.0)])
def test_a_print_keeps_the_size_that_it_is_given(qtbot, view, size):
    pixels = figure.pixels(size, 96)
    printed = DerivativesView(PRINT, print_mode=True)
    qtbot.addWidget(printed)
    printed.resize(*pixels)
    printed.display(make_picture())
    printed.grab()
    assert (printed.width(), printed.height()) == pixels
    image = figure.render(view, size, 96)
    assert (image.width(), image.height()) == pixels
