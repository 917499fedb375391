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
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtWidgets import QApplication, QComboBox, QFileDialog, QLineEdit, QMessageBox

import resources
from app.main_window import MainWindow
from app.rooms.plane.messages import BasinsAnswer, BasinsRequest
from app.rooms.transport.scrubber import Scrubber
from geomodel.datasets.file_array import FileArray
from geomodel.trajectory import Trajectory

WAIT = 60_000  # a bound for a stuck test, not a speed


@pytest.fixture
def window(qtbot, monkeypatch):
    monkeypatch.setattr(QApplication, "style", QApplication.style)
    QApplication.setAttribute(Qt.ApplicationAttribute.AA_DontUseNativeDialogs)
    window = MainWindow()
    window.resize(1280, 800)
    window.show()
    window.begin([])
    qtbot.waitUntil(lambda: window.state.run is not None and window.state.run.status == "complete", timeout=WAIT)
    window.playback.pause()
    yield window
    window.close()
    assert not window.engine.isRunning()
    window.deleteLater()


def finished(qtbot, window, check=lambda run: True):
    def done():
        run = window.state.run
        return run is not None and run.status == "complete" and check(run)

    qtbot.waitUntil(done, timeout=WAIT)
    return window.state.run


def press(qtbot, window, key, modifier=Qt.KeyboardModifier.NoModifier):
    window.activateWindow()  # a closed dialog or list does not give the activity back on the offscreen platform
    qtbot.waitUntil(window.isActiveWindow, timeout=WAIT)
    window.views.plane.setFocus()
    qtbot.keyClick(window.views.plane, key, modifier)


def choose_file(qtbot, path):
    """Type a path into the file dialog that is open and press Enter."""
    qtbot.waitUntil(lambda: bool(_dialogs()), timeout=WAIT)
    dialog = _dialogs()[0]
    dialog.findChild(QLineEdit, "fileNameEdit").setText(str(path))
    qtbot.keyClick(dialog.findChild(QLineEdit, "fileNameEdit"), Qt.Key.Key_Return)


def _dialogs():
    return [w for w in QApplication.topLevelWidgets() if isinstance(w, QFileDialog) and w.isVisible()]


def pick(qtbot, field, value):
    """Choose a line of a combo field by its value: open the list, go to the line, Enter."""
    combo = field.editor
    assert isinstance(combo, QComboBox)
    combo.setFocus()
    combo.showPopup()
    view = combo.view()
    view.setCurrentIndex(combo.model().index([choice.value for choice in field._choices].index(value), 0))
    qtbot.keyClick(view, Qt.Key.Key_Return)
    assert not view.isVisible()


def type_in(qtbot, field, text):
    line = field.editor.findChild(QLineEdit) or field.editor
    line.setFocus()
    line.selectAll()
    qtbot.keyClicks(line, text)
    qtbot.keyClick(line, Qt.Key.Key_Return)


def test_the_recorded_run_is_replaced_by_the_same_run_computed_live(window):
    recorded = Trajectory.load(resources.path("runs", "two-moons.npz"))
    live = window.state.run.trajectory
    # Another processor may round a sum differently; beyond that they are the same run.
    assert np.allclose(recorded.x, live.x, atol=1e-9)
    assert len(window.state.runs) == 1


def test_steps_by_key_move_the_playhead_and_never_compute(qtbot, window):
    window.playback.go(0)
    ids = set(window.state.runs)
    press(qtbot, window, Qt.Key.Key_Right)
    press(qtbot, window, Qt.Key.Key_Right)
    assert window.state.selection.index == 2
    press(qtbot, window, Qt.Key.Key_Left)
    assert window.state.selection.index == 1
    press(qtbot, window, Qt.Key.Key_End)
    assert window.state.selection.index == 18
    press(qtbot, window, Qt.Key.Key_Left, Qt.KeyboardModifier.ShiftModifier)
    assert window.state.selection.index == 8
    press(qtbot, window, Qt.Key.Key_Home)
    assert window.state.selection.index == 0
    assert set(window.state.runs) == ids


def test_play_moves_the_curve_and_pause_stops_it(qtbot, window):
    window.playback.go(0)
    press(qtbot, window, Qt.Key.Key_Space)
    qtbot.waitUntil(lambda: window.state.selection.index >= 2, timeout=WAIT)
    assert window.views.plane.picture.index == window.state.selection.index
    press(qtbot, window, Qt.Key.Key_Space)
    assert not window.playback.playing


def test_the_play_button_plays(qtbot, window):
    window.playback.go(0)
    button = next(b for b in window.views.transport.findChildren(object) if _is_button_of(b, window, "play"))
    qtbot.mouseClick(button, Qt.MouseButton.LeftButton)
    qtbot.waitUntil(lambda: window.state.selection.index >= 1, timeout=WAIT)


def _is_button_of(widget, window, name):
    return hasattr(widget, "defaultAction") and widget.defaultAction() is window.actions_by_id[name]


def test_a_changed_field_runs_a_toy_again_in_place(qtbot, window):
    window.playback.go(7)
    type_in(qtbot, window.panels.sampler._fields["steps"], "9")
    run = finished(qtbot, window, lambda run: run.settings.steps == 9)
    assert len(run.sigmas) == 10
    assert len(window.state.runs) == 1
    assert window.state.selection.index == 7
    pick(qtbot, window.panels.sampler._fields["solver"], "euler")
    run = finished(qtbot, window, lambda run: run.settings.solver == "euler")
    assert run.trajectory.evaluations == 9


def test_undo_brings_the_settings_and_the_run_back(qtbot, window):
    type_in(qtbot, window.panels.sampler._fields["steps"], "9")
    finished(qtbot, window, lambda run: run.settings.steps == 9)
    press(qtbot, window, Qt.Key.Key_Z, Qt.KeyboardModifier.ControlModifier)
    finished(qtbot, window, lambda run: run.settings.steps == 18)
    assert window.panels.sampler._fields["steps"].value == 18


def test_invalid_values_are_explained_at_the_field_and_nothing_runs(qtbot, window):
    before = window.state.run
    fields = window.panels.sampler._fields
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
    pick(qtbot, window.panels.model._fields["data"], "gaussian-ring")
    finished(qtbot, window, lambda run: run.settings.data == "gaussian-ring")
    pick(qtbot, window.panels.model._fields["driver"], "mixture")
    run = finished(qtbot, window, lambda run: run.settings.driver == "mixture")
    assert "denoiser_difference" in run.trajectory.extras  # the mixture against D* over its points


def test_inside_a_step_shows_stages_and_the_exact_curve(qtbot, window):
    window.playback.go(8)
    press(qtbot, window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: _exact(window) is not None, timeout=WAIT)
    inside = window.views.plane.picture.inside
    assert inside.stages == 2  # Heun
    assert np.allclose(inside.slope_weights, (0.5, 0.5))
    run = window.state.run
    assert np.allclose(inside.end, run.x[9, 0])
    assert np.linalg.norm(inside.exact[-1] - inside.end) < np.linalg.norm(inside.euler - inside.end)
    press(qtbot, window, Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert window.views.plane.picture.inside is None


def _exact(window):
    inside = window.views.plane.picture.inside
    return None if inside is None else inside.exact


def test_scrubbing_with_the_mouse(qtbot, window):
    scrubber = window.views.transport.findChild(Scrubber)
    start = QPoint(30, scrubber.height() // 2)
    qtbot.mousePress(scrubber, Qt.MouseButton.LeftButton, pos=start)
    qtbot.mouseMove(scrubber, QPoint(scrubber.width() // 2, scrubber.height() // 2))
    middle = window.state.selection.index
    qtbot.mouseRelease(scrubber, Qt.MouseButton.LeftButton, pos=QPoint(scrubber.width() - 30, scrubber.height() // 2))
    assert 0 < middle < 18


def test_dragging_the_probe_answers_with_the_optimal_denoiser(qtbot, window):
    window.playback.go(9)
    press(qtbot, window, Qt.Key.Key_P)
    qtbot.waitUntil(lambda: window.views.plane.picture.probe is not None, timeout=WAIT)
    ground = window.views.plane.ground
    x, y = window.state.plane_options.probe
    at = ground.to_widget(x, y)
    target = at + QPointF(-40, 30)
    surface = ground.viewport()
    qtbot.mousePress(surface, Qt.MouseButton.LeftButton, pos=at.toPoint())
    qtbot.mouseMove(surface, target.toPoint())
    qtbot.mouseRelease(surface, Qt.MouseButton.LeftButton, pos=target.toPoint())
    assert window.state.plane_options.probe != (x, y)
    qtbot.waitUntil(
        lambda: window.views.plane.picture.probe.request.point == window.state.plane_options.probe, timeout=WAIT
    )
    answer = window.views.plane.picture.probe
    points = window.state.run.source.dataset.points
    logits = -((points - np.array(answer.request.point)) ** 2).sum(1) / (2 * answer.request.sigma**2)
    weights = np.exp(logits - logits.max())
    assert np.allclose(answer.optimal, weights @ points / weights.sum(), atol=1e-10)  # D* written out
    assert "mean shift" in window.views.inspector.text()


def test_the_probe_moves_by_keys(qtbot, window):
    window.playback.go(9)
    press(qtbot, window, Qt.Key.Key_P)
    x, y = window.state.plane_options.probe
    both = Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.ShiftModifier
    press(qtbot, window, Qt.Key.Key_Right, both)
    press(qtbot, window, Qt.Key.Key_Up, both)
    step = 8 * window.views.plane.ground.unit()
    assert np.allclose(window.state.plane_options.probe, (x + step, y + step))


def test_a_key_shows_the_weights_of_the_selected_sample(qtbot, window):
    window.playback.go(9)
    discs = window.views.plane.layers.weights.discs
    assert not len(discs.points)
    press(qtbot, window, Qt.Key.Key_8, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.Key.Key_N)
    plane = window.views.plane
    qtbot.waitUntil(lambda: len(discs.points) and plane.picture.neighbours.request.sample == 1, timeout=WAIT)
    run = window.state.run
    points, x, sigma = run.source.dataset.points, run.x[9, 1], run.sigmas[9]
    logits = -((points - x) ** 2).sum(1) / (2 * sigma**2)
    weights = np.exp(logits - logits.max())
    order = np.argsort(-weights)[:200]
    seen = weights[order] > 1e-3
    assert np.array_equal(discs.points, points[order[seen]])
    assert np.allclose((discs._sizes / discs._sizes[0]) ** 2, weights[order[seen]], atol=1e-9)
    press(qtbot, window, Qt.Key.Key_8, Qt.KeyboardModifier.ControlModifier)
    assert not len(discs.points)


def test_a_key_shows_the_basins_finer_and_finer(qtbot, window, monkeypatch):
    asked = []
    submit = window.engine.submit
    monkeypatch.setattr(window.engine, "submit", lambda command: (asked.append(command), submit(command)))
    plane, count = window.views.plane, lambda: sum(isinstance(command, BasinsRequest) for command in asked)
    window.playback.go(9)
    assert count() == 0  # off until it is asked for
    press(qtbot, window, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    seen = []
    window.player.answered.connect(lambda answer: seen.append(answer) if isinstance(answer, BasinsAnswer) else None)
    qtbot.waitUntil(lambda: plane.picture.basins is not None and plane.picture.basins.finished, timeout=WAIT)
    assert [answer.basins.known.sum() for answer in seen] == sorted(answer.basins.known.sum() for answer in seen)
    answer, run = plane.picture.basins, window.state.run
    assert answer.request.sigma == run.sigmas[9]
    assert answer.basins.classes.shape == (72, 99)
    x, y, width, height = answer.request.rect
    corner = int((run.x[9, 0, 1] - y) / height * 72), int((run.x[9, 0, 0] - x) / width * 99)
    points, labels = run.source.dataset.points, run.source.dataset.labels
    end = labels[np.linalg.norm(points - run.x[-1, 0], axis=1).argmin()]
    assert answer.basins.classes[corner] == end  # where the run itself went
    assert "upper moon" in window.views.inspector.text()
    asked.clear()
    press(qtbot, window, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.Key.Key_Right)
    assert count() == 0  # hidden, nothing is computed
    assert "upper moon" not in window.views.inspector.text()
    press(qtbot, window, Qt.Key.Key_9, Qt.KeyboardModifier.ControlModifier)
    press(qtbot, window, Qt.Key.Key_Right)
    qtbot.waitUntil(lambda: plane.picture.basins.request.sigma == run.sigmas[11], timeout=WAIT)


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


def test_measures_are_saved_as_csv(qtbot, window, tmp_path):
    path = tmp_path / "measures.csv"
    press(qtbot, window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    qtbot.waitUntil(path.exists, timeout=WAIT)
    assert len(path.read_text("utf-8").splitlines()) == 1 + 19 * 64


def test_a_checkpoint_opens_through_the_dialog_and_drives(qtbot, window):
    path = resources.path("checkpoints", "two-moons.safetensors")
    press(qtbot, window, Qt.Key.Key_O, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    run = finished(qtbot, window, lambda run: run.settings.driver == "network")
    assert run.x.dtype == np.float32
    assert run.trajectory.extras["denoiser_difference"].shape == (18, 64)
    assert "own training data" in window.panels.model._messages["driver"].text()


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


def test_a_network_that_does_not_fit_the_data_is_not_put_to_work(qtbot, window):
    window.documents.open_path(str(resources.path("checkpoints", "two-moons.safetensors")))
    finished(qtbot, window, lambda run: run.settings.driver == "network")
    pick(qtbot, window.panels.model._fields["data"], "fashion-mnist")
    qtbot.waitUntil(lambda: window.state.draft.data == "fashion-mnist", timeout=WAIT)
    assert window.state.draft.driver == "optimal"
    assert window.state.errors == {}
    with qtbot.waitSignal(window.state.network_changed, timeout=WAIT):
        window.documents.open_path(str(resources.path("checkpoints", "spiral.safetensors")))
    qtbot.waitUntil(lambda: "works on shape (2,)" in window.panels.model._messages["network"].text(), timeout=WAIT)
    assert window.state.network is None


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
    qtbot.waitUntil(lambda: "bad.npz" in window.panels.model._messages["data"].text(), timeout=WAIT)
    assert window.state.run is run  # what was open stays


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
    pick(qtbot, window.panels.model._fields["data"], "spiral")
    finished(qtbot, window, lambda run: run.settings.data == "spiral")


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
    assert "own training data" in window.panels.model._messages["driver"].text()


def test_a_click_in_the_plane_starts_sample_0_there(qtbot, window):
    press(qtbot, window, Qt.Key.Key_S)
    ground = window.views.plane.ground
    place = ground.to_widget(1.0, 2.0)
    qtbot.mouseClick(ground.viewport(), Qt.MouseButton.LeftButton, pos=place.toPoint())
    run = finished(qtbot, window, lambda run: run.settings.start == "point")
    assert np.allclose(run.x[0, 0], (1.0, 2.0), atol=0.2)  # a pixel of the frame at σ = 14
    others = window.state.run.settings
    assert np.allclose(run.x[0, 1:], _noise(others), atol=0)


def _noise(settings):
    import geomodel as gm

    return gm.noise(list(settings.seeds)[1:], (2,), settings.sigma_max).numpy()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("empty.safetensors", b"", "empty"),
        ("pickle.safetensors", b"\x80\x04\x95\x10\x00\x00\x00\x00\x00\x00\x00K\x01.", "safetensors"),
        ("text.csv", b"a,b\nc,d\n", "text.csv"),
        ("ragged.csv", b"1,2\n3\n", "ragged.csv"),
        ("other.npz", b"PK\x05\x06" + bytes(18), "other.npz"),
    ],
)
def test_bad_files_say_why_and_change_nothing(qtbot, window, tmp_path, name, content, said):
    path = tmp_path / name
    path.write_bytes(content)
    before = (window.state.run, window.state.data, window.state.network, window.state.draft)
    with qtbot.waitSignal(window.player.open_failed, timeout=WAIT):
        window.documents.open_path(str(path))
    assert said in window.panels.status._message.text()
    assert (window.state.run, window.state.data, window.state.network, window.state.draft) == before


def test_cancel_keeps_what_was_computed(qtbot, window):
    pick(qtbot, window.panels.model._fields["data"], "fashion-mnist")
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
    pick(qtbot, window.panels.model._fields["data"], "fashion-mnist")
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
    pick(qtbot, window.panels.model._fields["data"], "fashion-mnist")
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
    assert np.allclose(view.picture.along.effective[:-1], run.extras["effective_neighbours"][:, 0])
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
    pick(qtbot, window.panels.model._fields["data"], "fashion-mnist")
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
