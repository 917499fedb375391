"""Figures of saved runs without a window: of points, of images, and of runs that leave little to show."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from PIL import Image
from window_runs import TOY

import geomodel as gm
from app.application import main
from app.export import headless
from app.export.offstage import Offstage
from app.rooms import ROOMS
from geomodel import cli, runs
from geomodel.settings import RunSettings


def saved(folder, settings: RunSettings):
    """A computed run in a file."""
    trajectory = runs.compute(settings, gm.datasets.load(settings.data, count=settings.data_count))
    trajectory.save(folder / "run.npz")
    return folder / "run.npz"


def images(folder) -> str:
    """Twenty grey images in a file."""
    path = folder / "images.npy"
    np.save(path, np.random.default_rng(0).integers(0, 256, (20, 9, 8), np.uint8))
    return str(path)


def drawn(folder, settings):
    written = headless.draw(saved(folder, settings), folder)
    for path in written:
        with Image.open(path) as image:
            assert np.asarray(image).std() > 1  # something is drawn
    return [path.name for path in written]


def test_points_have_a_plane_and_measures(qapp, tmp_path):
    assert drawn(tmp_path, TOY) == ["plane.png", "measures.png"]
    assert not (tmp_path / "home").exists()  # no settings, no log


def test_images_have_a_strip_too(qapp, tmp_path):
    settings = replace(TOY, data=images(tmp_path), steps=3, count=2)
    assert drawn(tmp_path, settings) == ["plane.png", "space.png", "measures.png", "strip.png"]
    strip = next(row for row in ROOMS if row.name == "strip")
    with Image.open(tmp_path / "strip.png") as image:
        assert image.size == tuple(round(side / 25.4 * headless.DPI) for side in strip.figure)


def test_the_kinds_of_file_are_named(qapp, tmp_path):
    written = headless.draw(saved(tmp_path, replace(TOY, steps=2, count=2)), tmp_path, kinds=["svg", "pdf"])
    assert [path.name for path in written] == ["plane.svg", "plane.pdf", "measures.svg", "measures.pdf"]
    assert [path.read_bytes()[:5] for path in written] == [b"<?xml", b"%PDF-"] * 2


@pytest.mark.parametrize(("given", "kinds"), [([], []), (["svg", "pdf"], ["svg", "pdf"])])
def test_the_command_line_takes_kinds(given, kinds):
    assert cli.parse(["run", "--figures", *given, "--count", "2"]).figures == kinds
    assert cli.parse(["run"]).figures is None


def test_a_file_that_is_no_run_says_so(qapp, tmp_path):
    (tmp_path / "run.npz").write_bytes(b"PK")
    with pytest.raises(ValueError, match=r"run\.npz"):
        headless.draw(tmp_path / "run.npz", tmp_path)


@pytest.mark.parametrize("level", [0, 1])
def test_the_probe_survives_a_run_of_one_step_to_zero(qapp, tmp_path, level):
    """Its levels have one positive σ, so the slider over log σ has no length."""
    stage = Offstage()
    plane = stage.room(next(row for row in ROOMS if row.name == "plane"))
    run = stage.open(saved(tmp_path, replace(TOY, steps=1, final_zero=True)))
    assert run.sigmas[-1] == 0
    stage.go(level)
    plane.handlers()["tool.probe"]()
    plane.handlers()["probe_up"]()
    stage.settle()
    assert plane.picture().probe_point is not None
    plane.release()


@pytest.mark.slow
def test_what_a_person_has_named_is_found_wherever_it_lies(qapp, tmp_path):
    """The run itself names its data too, but a path in a file is not followed."""
    (tmp_path / "far" / "results").mkdir(parents=True)
    (tmp_path / "data").mkdir()
    settings = replace(TOY, data=images(tmp_path / "data"), steps=3, count=2)
    run, out = saved(tmp_path / "far" / "results", settings), tmp_path / "far"
    assert "plane.png" not in [path.name for path in headless.draw(run, out)]
    with_data = headless.draw(run, out, {"data": settings.data, "network": ""})
    assert [path.name for path in with_data] == ["plane.png", "space.png", "measures.png", "strip.png"]


@pytest.mark.slow
def test_the_command_line_names_what_its_figures_are_made_of(qapp, tmp_path):
    (tmp_path / "data").mkdir()
    data = images(tmp_path / "data")
    out = tmp_path / "far" / "results"
    code = main(["run", "--data", data, "--steps", "2", "--count", "2", "--figures", "--out", str(out)])
    assert code == 0
    assert {path.name for path in out.glob("*.png")} == {"plane.png", "space.png", "measures.png", "strip.png"}
