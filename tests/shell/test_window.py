"""The real window, driven by clicks and keys: choose, run, step, look inside, scrub, probe, save, reopen, close."""

from __future__ import annotations

import gzip
import os
import struct
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from data_files import pixels, write_folder
from PySide6.QtCore import QPoint, Qt
from PySide6.QtWidgets import QApplication, QMessageBox
from real_window import WAIT, choose_file, closed, finished, opened, pick, press, type_in

import resources
from geomodel.datasets.file_array import FileArray


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    made = opened(qtbot)
    yield made
    closed(made)


def test_a_changed_field_runs_a_toy_again_in_place(qtbot, window):
    window.playback.go(8)
    sigma = window.state.run.sigmas[8]
    type_in(qtbot, window.panels.sampler.fields["steps"], "9")
    run = finished(qtbot, window, lambda run: run.settings.steps == 9)
    assert len(run.sigmas) == 10
    assert len(window.state.runs) == 1
    assert window.state.selection.index == 4  # the playhead keeps its σ
    assert run.sigmas[4] == pytest.approx(sigma)
    pick(qtbot, window.panels.sampler.fields["solver"], "euler")
    run = finished(qtbot, window, lambda run: run.settings.solver == "euler")
    assert run.trajectory.evaluations == 9


def test_undo_brings_the_settings_and_the_run_back(qtbot, window):
    type_in(qtbot, window.panels.sampler.fields["steps"], "9")
    finished(qtbot, window, lambda run: run.settings.steps == 9)
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    finished(qtbot, window, lambda run: run.settings.steps == 18)
    assert window.panels.sampler.fields["steps"].value == 18


def test_invalid_values_are_explained_at_the_field_and_nothing_runs(qtbot, window):
    before = window.state.run
    fields = window.panels.sampler.fields
    type_in(qtbot, fields["sigma_min"], "50")
    qtbot.waitUntil(lambda: "smaller than σ max" in fields["sigma_min"].error, timeout=WAIT)
    type_in(qtbot, fields["sigma_min"], "0.01")
    finished(qtbot, window, lambda run: run.settings.sigma_min == 0.01)
    type_in(qtbot, fields["count"], "1000000000")
    qtbot.waitUntil(lambda: "would take" in fields["count"].error, timeout=WAIT)
    type_in(qtbot, fields["steps"], "0")
    qtbot.waitUntil(lambda: fields["steps"].error != "", timeout=WAIT)
    assert window.state.run.settings.count == before.settings.count


def test_another_distribution_opens_and_runs(qtbot, window):
    pick(qtbot, window.panels.model.fields["data"], "gaussian-ring")
    finished(qtbot, window, lambda run: run.settings.data == "gaussian-ring")
    pick(qtbot, window.panels.model.fields["driver"], "mixture")
    run = finished(qtbot, window, lambda run: run.settings.driver == "mixture")
    assert "denoiser_difference" in run.trajectory.extras  # the mixture against D* over its points


def test_save_through_the_dialog_and_reopen(qtbot, window, tmp_path):
    path = tmp_path / "ein Lauf – σ.npz"
    press(qtbot, window, Qt.Key.Key_S, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    qtbot.waitUntil(path.exists, timeout=WAIT)
    before = window.state.run
    plots = window.views.measures.picture.plots
    press(qtbot, window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    choose_file(qtbot, path)
    qtbot.waitUntil(lambda: window.state.run.path == str(path), timeout=WAIT)
    window.playback.pause()
    assert np.array_equal(window.state.run.x, before.x)
    assert window.state.run.linked
    again = window.views.measures.picture.plots
    assert [plot.name for plot in again] == [plot.name for plot in plots]
    for one, other in zip(plots, again, strict=True):
        for curve, same in zip(one.curves, other.curves, strict=True):
            assert np.array_equal(curve.values, same.values, equal_nan=True)


def test_a_checkpoint_opens_through_the_dialog_and_drives(qtbot, window):
    path = resources.path("checkpoints", "two-moons.safetensors")
    press(qtbot, window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    run = finished(qtbot, window, lambda run: run.settings.driver == "network")
    assert run.x.dtype == np.float32
    assert run.trajectory.extras["denoiser_difference"].shape == (19, 64)
    assert "own training data" in window.panels.model._places["driver"].usual.text()


def test_a_closed_network_leaves_its_runs_and_the_draft_goes_on(qtbot, window):
    window.documents.open_path(str(resources.path("checkpoints", "two-moons.safetensors")))
    driven = finished(qtbot, window, lambda run: run.settings.driver == "network")
    driven.pinned = True
    press(qtbot, window, Qt.Key.Key_W, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    run = finished(qtbot, window, lambda run: run.settings.driver == "optimal")
    assert run.settings.network == ""
    assert window.state.network is None
    assert window.state.networks == {}
    assert not driven.linked
    assert "two-moons was closed" in driven.caption
    window.state.select(run_id=driven.id)  # its pictures stay
    assert window.views.plane.picture.curves is not None


@pytest.mark.slow
def test_a_network_that_does_not_fit_the_data_is_not_put_to_work(qtbot, window, tmp_path):
    path = tmp_path / "images.npy"
    np.save(path, np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8))
    window.documents.open_path(str(resources.path("checkpoints", "two-moons.safetensors")))
    finished(qtbot, window, lambda run: run.settings.driver == "network")
    window.documents.open_path(str(path))
    qtbot.waitUntil(lambda: window.state.draft.data == str(path), timeout=WAIT)
    assert window.state.draft.driver == "optimal"
    assert window.state.errors == {}
    with qtbot.waitSignal(window.state.network_changed, timeout=WAIT):
        window.documents.open_path(str(resources.path("checkpoints", "spiral.safetensors")))
    qtbot.waitUntil(lambda: "works on shape (2,)" in window.panels.model._places["network"].error, timeout=WAIT)
    assert window.state.network is None


def test_a_folder_of_pictures_opens_through_its_dialog(qtbot, window, tmp_path):
    images, names = pixels(6), [f"{kind}/{n}.png" for kind in ("cat", "dog") for n in range(3)]
    write_folder(tmp_path / "pets", images, names)
    press(qtbot, window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier)
    choose_file(qtbot, tmp_path / "pets")
    run = finished(qtbot, window, lambda run: run.settings.data == str(tmp_path / "pets"))
    assert run.source.dataset.label_names == ("cat", "dog")


def test_images_open_through_the_dialog_and_run(qtbot, window, tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8)
    path = tmp_path / "train-images-idx3-ubyte.gz"
    path.write_bytes(gzip.compress(struct.pack(">BBBBIII", 0, 0, 8, 3, *images.shape) + images.tobytes()))
    press(qtbot, window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    run = finished(qtbot, window, lambda run: run.settings.data == str(path))
    assert run.x.shape == (19, 16, 1, 8, 8)
    assert window.views.strip.picture.rows[1].images.shape == (19, 8, 8)
    assert np.array_equal(window.state.data.dataset.stored[:, 0], images)
    bad = tmp_path / "bad.npz"
    bad.write_bytes(path.read_bytes()[:90])
    press(qtbot, window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, bad)
    qtbot.waitUntil(lambda: "bad.npz" in window.panels.model._places["data"].error, timeout=WAIT)
    assert window.state.run is run  # what was open stays


def test_large_data_open_without_a_run_and_another_file_opens_behind_them(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setattr("app.session.toy.QUICK_NUMBERS", 40 * 64 - 1)
    images = np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8)
    large, small = tmp_path / "large.npy", tmp_path / "small.npy"
    np.save(large, images)
    np.save(small, images[1:])
    before = window.state.run
    window.documents.open_path(str(large))
    words = window.panels.status._message
    sentence = "large.npy is open; Run (F5) starts a run, which may take minutes."
    qtbot.waitUntil(lambda: words.text() == sentence, timeout=WAIT)
    assert window.state.data.dataset.name == "large.npy"
    assert window.player.computing is None
    press(qtbot, window, Qt.Key.Key_F5)
    assert "starts a run" not in words.text()  # it begins
    finished(qtbot, window, lambda run: run.settings.data == str(large))
    window.documents.open_path(str(small))  # one number fewer than the limit allows
    finished(qtbot, window, lambda run: run.settings.data == str(small))
    window.documents.open_path(str(large))
    qtbot.waitUntil(lambda: window.state.draft.data == str(large), timeout=WAIT)
    qtbot.waitUntil(lambda: words.text().startswith("large.npy is open; Run (F5) starts a run, which takes about "))
    assert before is not window.state.run
    assert window.state.run.settings.data == str(small)


@pytest.mark.slow
def test_a_file_too_large_for_memory_runs_until_it_is_cut(qtbot, window, tmp_path, monkeypatch):
    monkeypatch.setattr("geomodel.datasets.arrays.limit", lambda: 100)
    monkeypatch.setattr("geomodel.denoisers.optimal.optimal.RESIDENT_NUMBERS", 0)
    monkeypatch.setattr("geomodel.denoisers.optimal.optimal.limit", lambda: 100)
    images = np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8)
    path = tmp_path / "large.npy"
    np.save(path, images)
    window.documents.open_path(str(path))
    run = finished(qtbot, window, lambda run: run.settings.data == str(path))
    assert isinstance(run.source.dataset.stored, FileArray)
    strip = window.views.strip
    qtbot.waitUntil(lambda: strip.picture.neighbours is not None, timeout=WAIT)
    shown = {image.tobytes() for image in strip.picture.neighbours}
    assert shown <= {image.tobytes() for image in images}
    os.truncate(path, 1000)
    press(qtbot, window, Qt.Key.Key_F5)
    qtbot.waitUntil(lambda: window.state.run.status == "stopped", timeout=WAIT)
    assert "'large.npy' has become shorter since it was opened" in window.state.run.message
    pick(qtbot, window.panels.model.fields["data"], "spiral")
    finished(qtbot, window, lambda run: run.settings.data == "spiral")


@pytest.mark.slow
def test_an_image_network_offers_its_training_data_and_drives_them(qtbot, window):
    window.documents.open_path(str(resources.path("checkpoints", "fashion-mnist.safetensors")))

    def question():
        boxes = [box for box in QApplication.topLevelWidgets() if isinstance(box, QMessageBox) and box.isVisible()]
        return boxes[0] if boxes else None

    qtbot.waitUntil(lambda: question() is not None, timeout=WAIT)
    assert "was trained on Fashion-MNIST" in question().text()
    qtbot.mouseClick(question().button(QMessageBox.StandardButton.Open), Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.state.draft.driver == "network", timeout=WAIT)
    assert window.state.draft.data == "fashion-mnist"
    assert window.state.errors == {}
    assert "own training data" in window.panels.model._places["driver"].usual.text()


def test_a_click_in_the_plane_starts_sample_0_there(qtbot, window):
    press(qtbot, window, Qt.Key.Key_S)
    ground = window.views.plane.ground
    place = ground.to_widget(1.0, 2.0)
    qtbot.mouseClick(ground.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    run = finished(qtbot, window, lambda run: run.settings.start == "point")
    assert np.allclose(run.x[0, 0], (1.0, 2.0), atol=0.2)  # a pixel of the frame at σ = 14
    others = window.state.run.settings
    assert np.allclose(run.x[0, 1:], window.state.data.dataset.mean + _noise(others), atol=0)


def _noise(settings):
    import geomodel as gm

    return gm.noise(list(settings.seeds)[1:], (2,), settings.sigma_max).numpy()


@pytest.mark.slow
def test_cancel_keeps_what_was_computed(qtbot, window):
    pick(qtbot, window.panels.model.fields["data"], "fashion-mnist")
    qtbot.waitUntil(lambda: window.state.run.settings.data == "fashion-mnist", timeout=WAIT)
    qtbot.waitUntil(lambda: window.state.run.committed >= 2, timeout=WAIT)
    press(qtbot, window, Qt.Key.Key_Escape)
    qtbot.waitUntil(lambda: window.state.run.status != "computing", timeout=WAIT)
    run = window.state.run
    assert run.status == "stopped"
    assert 2 <= run.committed < len(run.sigmas)
    assert np.isfinite(run.x[: run.committed]).all()


@pytest.mark.slow
def test_images_show_a_strip_and_their_neighbours(qtbot, window):
    pick(qtbot, window.panels.model.fields["data"], "fashion-mnist")
    finished(qtbot, window, lambda run: run.settings.data == "fashion-mnist")
    window.playback.go(18)
    strip = window.views.strip
    qtbot.waitUntil(
        lambda: strip.picture.neighbours is not None and "sample" not in strip.picture.neighbours_note, timeout=WAIT
    )
    assert strip.isVisible()
    assert [row.caption for row in strip.picture.rows] == ["x", "D*(x; σ)"]
    assert len(strip.picture.rows[0].images) == 19
    assert strip.picture.neighbour_weights[0] == pytest.approx(1)


@pytest.mark.slow
def test_the_mean_shift_view_follows_the_sample_and_the_probe(qtbot, window):
    pick(qtbot, window.panels.model.fields["data"], "fashion-mnist")
    finished(qtbot, window, lambda run: run.settings.data == "fashion-mnist")
    window.playback.go(9)
    window.layout_of_docks.switch("mean_shift")
    view = window.views.mean_shift
    qtbot.waitUntil(lambda: view.picture.title == "sample 0 at level 9", timeout=WAIT)
    assert [panel.caption for panel in view.picture.panels] == ["x", "D*(x; σ)"]
    assert sum(share for _, share in view.picture.classes) == pytest.approx(1)
    view.probing_toggled.emit(True)
    view.probe_edited.emit({"data_index": 5, "sigma": 0.5})
    qtbot.waitUntil(lambda: view.picture.title == "data point 5 + σz", timeout=WAIT)
    data = window.state.run.source.dataset
    assert np.array_equal(view.picture.neighbours[0], data.stored[5, 0])  # its own noise does not hide it
    view.mode_wanted.emit()
    qtbot.waitUntil(lambda: len(view.picture.steps) > 0, timeout=WAIT)
    qtbot.mouseClick(view._differentiate, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: len(view.picture.jacobian) == 6, timeout=WAIT)
    assert "soft dimension" in view.picture.jacobian_note
    view.probe_edited.emit({"data_index": 6})  # another point: it has to be asked for again
    qtbot.waitUntil(lambda: view.picture.title == "data point 6 + σz" and not view.picture.jacobian, timeout=WAIT)


def test_the_mean_shift_view_looks_along_sigma_and_anneals(qtbot, window, tmp_path):
    images = np.random.default_rng(2).integers(0, 256, (40, 8, 8), np.uint8)
    for name, array in (("images-idx3", images), ("labels-idx1", np.arange(40, dtype=np.uint8) % 3)):
        header = struct.pack(f">BBBB{array.ndim}I", 0, 0, 8, array.ndim, *array.shape)
        (tmp_path / f"train-{name}-ubyte").write_bytes(header + array.tobytes())
    path = tmp_path / "train-images-idx3-ubyte"
    press(qtbot, window, Qt.Key.Key_D, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    run = finished(qtbot, window, lambda run: run.settings.data == str(path))
    window.layout_of_docks.switch("mean_shift")
    view, asked = window.views.mean_shift, []
    submit = window.engine.submit
    window.engine.submit = lambda command: (asked.append(type(command).__name__), submit(command))
    qtbot.waitUntil(lambda: view.picture.along is not None, timeout=WAIT)
    bar = view._scroll.verticalScrollBar()
    qtbot.waitUntil(lambda: bar.maximum() > 0)
    asked.clear()
    for sample in (1, 0):
        window.state.select(sample=sample)
        qtbot.waitUntil(lambda sample=sample: view.picture.title.startswith(f"sample {sample} "), timeout=WAIT)
    assert "AlongRequest" not in asked  # the plot is below what is seen
    bar.setValue(view._over.y())
    qtbot.waitUntil(lambda: np.isfinite(view.picture.along.effective).all(), timeout=WAIT)
    assert np.allclose(view.picture.along.effective, run.extras["effective_neighbours"][:, 0])
    assert view.picture.along.classes.shape == (len(run.sigmas), 3)
    assert view._over.note.text().count("σ") >= 3
    asked.clear()
    qtbot.mouseClick(view.along, Qt.MouseButton.LeftButton, pos=QPoint(round(view.along.x_of(run.sigmas[9])), 60))
    assert window.state.selection.index == 9
    qtbot.waitUntil(lambda: view.picture.title == "sample 0 at level 9", timeout=WAIT)
    assert view.along._sigma == run.sigmas[9]
    assert "AlongRequest" not in asked  # it is remembered
    view._scroll.ensureWidgetVisible(view._anneal)
    qtbot.mouseClick(view._anneal, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: " end" in view._both.note.text(), timeout=WAIT)
    assert len(view.picture.annealed.ode) == len(view.picture.annealed.annealed) == len(run.sigmas) - 9
    window.playback.go(4)
    qtbot.waitUntil(lambda: view.picture.title == "sample 0 at level 4", timeout=WAIT)
    assert not view.picture.annealed.ode  # of another point
    qtbot.mouseClick(view._controls.probe, Qt.MouseButton.LeftButton, pos=QPoint(8, view._controls.probe.height() // 2))
    bar.setValue(view._over.y())
    qtbot.waitUntil(lambda: len(view.picture.along.sigmas) == 24, timeout=WAIT)
    qtbot.waitUntil(lambda: np.isfinite(view.picture.along.effective).all(), timeout=WAIT)
    sigmas = view.picture.along.sigmas
    qtbot.mouseClick(view.along, Qt.MouseButton.LeftButton, pos=QPoint(round(view.along.x_of(sigmas[12])), 60))
    qtbot.waitUntil(lambda: view.picture.sigma == sigmas[12], timeout=WAIT)
    assert window.state.selection.index == 4  # the probe's own σ, not the playhead


def test_closing_while_a_run_computes(qtbot, window):
    pick(qtbot, window.panels.model.fields["data"], "fashion-mnist")
    qtbot.waitUntil(lambda: window.player.computing is not None, timeout=WAIT)
    window.close()
    assert not window.engine.isRunning()


CLOSE = """
import sys
sys.argv = ["main.py"]
from PySide6.QtCore import QTimer
from PySide6.QtWidgets import QApplication
import app.main_window as module

class Window(module.MainWindow):
    def begin(self, *arguments):
        super().begin(*arguments)
        QTimer.singleShot({delay}, self.close)

module.MainWindow = Window
from app.application import main
sys.exit(main([]))
"""


@pytest.mark.parametrize("delay", [0, 60, 400])  # before, at and during the import of torch
@pytest.mark.slow
def test_closing_at_any_moment_leaves_quietly(tmp_path, delay):
    root = Path(__file__).parents[2]
    result = subprocess.run(
        [sys.executable, "-c", CLOSE.format(delay=delay)],
        cwd=tmp_path,
        env={**_environment(tmp_path), "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (result.returncode, result.stderr) == (0, "")


def _environment(tmp_path):
    import os

    return {**os.environ, "GEOMODEL_HOME": str(tmp_path / "home"), "QT_QPA_PLATFORM": "offscreen"}
