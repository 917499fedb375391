"""Trajectories of more levels than the plane can show: what is drawn of them, and what a new level costs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pyqtgraph as pg
import pytest
from plane_pictures import curve_of
from saved_runs import make_run

from app.plotting.theme import LIGHT
from app.rooms.plane import levels_drawn
from app.rooms.plane import text as words
from app.rooms.plane.drawn_curves import block_drawn
from app.rooms.plane.layers import PlaneLayers
from app.rooms.plane.levels_drawn import BLOCKS
from app.rooms.plane.pictures import PlaneCurves, PlanePicture
from app.rooms.plane.projected import Projected
from app.rooms.plane.view import PlaneView
from app.session.facts import run_basis
from app.session.state import Run
from geomodel.settings import RunSettings


def long_curves(levels, batch=30):
    rng = np.random.default_rng(0)
    return PlaneCurves(
        sampling=np.cumsum(rng.standard_normal((levels, batch, 2)), 0),
        denoising=np.cumsum(rng.standard_normal((levels - 1, batch, 2)), 0),
        sigmas=np.geomspace(80, 0.01, levels),
        committed=levels,
    )


@pytest.mark.parametrize("levels", [2_002, 10_001, 50_001])
def test_of_very_many_levels_the_extremes_are_drawn_and_the_legend_says_so(qtbot, levels):
    curves, block = long_curves(levels), -(-levels // BLOCKS)
    view = PlaneView(LIGHT)
    qtbot.addWidget(view)
    picture = PlanePicture(curves=curves, index=1234, sample=3)
    view.display(picture)
    assert block_drawn(picture) == block
    said = [entry.text for entry in words.legend(picture)]
    assert f"sampling x(σ), 4 of 30 samples, extremes of each {block} levels" in said
    assert f"denoising D(x; σ), 4 of 30 samples, extremes of each {block} levels" in said
    layer = view.layers.sampling
    drawn, beyond = curve_of(layer.one), curve_of(layer.one_faint)
    np.testing.assert_array_equal(drawn[[0, -1]], curves.sampling[[0, 1234], 3])  # it ends where the playhead is
    np.testing.assert_array_equal(beyond[[0, -1]], curves.sampling[[1234, -1], 3])
    assert not len(layer.steps.points)  # they would hide the curve
    for start in range(0, 1234, block):  # each block keeps its extremes, also the last one, which the playhead cuts
        part = curves.sampling[start : min(start + block, 1235), 3]
        for x, y in (
            part[part.argmin(0)[0]],
            part[part.argmax(0)[0]],
            part[part.argmin(0)[1]],
            part[part.argmax(0)[1]],
        ):
            assert (drawn == (x, y)).all(1).any()
    assert len(layer.all_faint.xData) <= 4 * (4 * BLOCKS + 6)
    few = replace(curves, sampling=curves.sampling[:9], denoising=curves.denoising[:8], committed=9)
    short = replace(picture, curves=few)
    assert block_drawn(short) == 1
    assert not any("extremes" in entry.text for entry in words.legend(short))


def test_a_level_that_is_missing_interrupts_a_long_curve(qtbot):
    curves = long_curves(5_001, 2)
    curves.denoising[1_000:3_000] = np.nan
    view = PlaneView(LIGHT)
    qtbot.addWidget(view)
    view.display(PlanePicture(curves=curves, index=5_000))
    line = view.layers.denoising.one
    gap = np.flatnonzero(~line.opts["connect"][:-1])
    assert len(gap) == 1
    before, after = (np.stack([line.xData, line.yData], 1)[gap[0] + k] for k in (0, 1))
    assert (curves.denoising[980:1_000, 0] == before).all(1).any()
    assert (curves.denoising[3_000:3_020, 0] == after).all(1).any()


def test_a_run_that_grows_is_looked_at_once(monkeypatch):
    """What a new level costs does not depend on how many there are: neither what is looked at, nor what is drawn."""
    whole, seen = long_curves(10_001, 4), []
    real = levels_drawn.extremes

    def counted(points, first, stop, block):
        seen.append(stop - first)
        return real(points, first, stop, block)

    monkeypatch.setattr(levels_drawn, "extremes", counted)
    layers = PlaneLayers(pg.ViewBox(), LIGHT, print_mode=False)
    old, block = None, -(-10_001 // BLOCKS)
    for committed in range(100, 10_001, 100):
        picture = PlanePicture(curves=replace(whole, committed=committed), index=committed - 1)
        seen.clear()
        layers.show(picture, old)
        old = picture
        assert sum(seen) <= 2 * 100 + 20 * block
        assert len(layers.sampling.all.xData) <= 4 * (4 * BLOCKS + 6)
    fresh = PlaneLayers(pg.ViewBox(), LIGHT, print_mode=False)
    fresh.show(old, None)
    np.testing.assert_array_equal(fresh.denoising.all.xData, layers.denoising.all.xData)


def test_a_run_without_data_is_projected_once():
    """Its plane and its curves are the same objects, so that a move of the playhead draws nothing anew."""
    ones = {"x": np.ones((4, 2, 2)), "denoised": np.ones((3, 2, 2)), "final_denoised": np.ones((2, 2))}
    run = Run(1, RunSettings(), "complete", trajectory=make_run(**ones))
    assert run_basis(run) is run_basis(run)
    projected = Projected.of(run, run_basis(run))
    assert projected.curves(run) is projected.curves(run)


@pytest.mark.parametrize(("levels", "shown"), [(129, True), (130, False)])
def test_many_levels_have_no_dots_and_the_legend_says_so(qtbot, levels, shown):
    """The same while the run grows, so that no dots go in the midst of it."""
    view = PlaneView(LIGHT)
    qtbot.addWidget(view)
    curves = replace(long_curves(levels), committed=40)
    picture = PlanePicture(curves=curves, index=20, sample=3)
    view.display(picture)
    for layer in (view.layers.sampling, view.layers.denoising):
        assert len(layer.steps.points) == (21 if shown else 0)
    tips = [entry.tip for entry in words.legend(picture)]
    assert any(("a dot at every step" if shown else "without dots") in tip for tip in tips)
