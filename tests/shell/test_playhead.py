"""The real window while nothing new is computed: one for all tests here, which move in the run and look at it."""

from __future__ import annotations

import numpy as np
import pytest
from PySide6.QtCore import QPoint, QPointF, Qt
from real_window import WAIT, choose_file, finished, kept, opened, press

import resources
from app.rooms.plane.messages import BasinsAnswer, BasinsRequest
from app.rooms.transport.scrubber import Scrubber
from app.session.plane_options import LAYERS, PlaneOptions, stacked
from app.shell.kept_layers import restored
from app.shell.settings_store import SettingsStore
from geomodel.trajectory import Trajectory


@pytest.fixture(scope="module")
def windows(tmp_path_factory):
    """Where the one window is kept; the first test opens it."""
    yield from kept(tmp_path_factory)


@pytest.fixture
def window(qtbot, windows):
    if not windows:
        windows.append(opened(qtbot))
    (window,) = windows
    window.playback.pause()
    window.state.set_plane_options(PlaneOptions())
    window.state.select(sample=0, index=0)
    return window


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


def test_a_branch_by_keys_alone_follows_x_and_leaves_the_run(qtbot, window):
    window.playback.go(6)
    run, plane = window.state.run, window.views.plane
    press(qtbot, window, Qt.Key.Key_B)
    x, y = run.x[6, 0]
    step = 8 * plane.ground.unit()
    for _ in range(5):
        press(qtbot, window, Qt.Key.Key_Down)
    press(qtbot, window, Qt.Key.Key_Right)
    assert window.state.selection.index == 6  # the arrows are the branch's
    start = window.state.plane_options.branch
    assert np.allclose(start.point, (x + step, y - 5 * step))

    def answered(point):
        branch = plane.picture.branch
        return branch is not None and branch.branch is not None and np.allclose(branch.branch[0], point)

    qtbot.waitUntil(lambda: answered(start.point), timeout=WAIT)
    found = plane.picture.branch
    assert np.allclose(found.control, run.x[6:, 0])  # Heun has no memory
    assert found.distance == pytest.approx(np.linalg.norm(found.branch[-1] - found.control[-1]))
    press(qtbot, window, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: plane.picture.branch.branch is not None and not answered(start.point), timeout=WAIT)
    first = plane.picture.branch.branch
    press(qtbot, window, Qt.Key.Key_B, Qt.KeyboardModifier.ShiftModifier)
    qtbot.waitUntil(lambda: not np.allclose(plane.picture.branch.branch[0], first[0]), timeout=WAIT)
    press(qtbot, window, Qt.Key.Key_Escape)
    assert window.state.plane_options.branch is None
    assert plane.picture.branch is None
    assert window.state.run is run
    press(qtbot, window, Qt.Key.Key_V)
    press(qtbot, window, Qt.Key.Key_Right)
    assert window.state.selection.index == 7


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


def test_measures_are_saved_as_csv(qtbot, window, tmp_path):
    path = tmp_path / "measures.csv"
    press(qtbot, window, Qt.Key.Key_E, Qt.KeyboardModifier.ControlModifier)
    choose_file(qtbot, path)
    qtbot.waitUntil(path.exists, timeout=WAIT)
    assert len(path.read_text("utf-8").splitlines()) == 1 + 19 * 64


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


def test_the_list_of_layers_and_the_keys_of_layers_keep_in_step(qtbot, window):
    press(qtbot, window, Qt.Key.Key_L, Qt.KeyboardModifier.ControlModifier)
    panel, options = window.views.plane.layer_list.panel, lambda: window.state.plane_options
    assert panel.list.hasFocus()
    while panel.list.row.name != "data":
        qtbot.keyClick(panel.list, Qt.Key.Key_Down)
    qtbot.keyClick(panel.list, Qt.Key.Key_Space)  # otherwise the key that plays
    assert not window.playback.playing
    assert "data" not in options().layers
    assert not window.actions_by_id["layer.data"].isChecked()
    qtbot.keyClick(panel.list, Qt.Key.Key_2, Qt.KeyboardModifier.ControlModifier)
    assert panel.list.named("data").shown
    assert window.actions_by_id["layer.data"].isChecked()
    qtbot.keyClick(panel.list, Qt.Key.Key_Minus)
    qtbot.keyClick(panel.list, Qt.Key.Key_Up, Qt.KeyboardModifier.AltModifier)
    assert options().looks["data"].opacity == 0.9
    assert options().order.index("data") == LAYERS.index("data") + 1
    window.actions_by_id["layer.ghost.optimal"].trigger()
    ghost = lambda: next(g for g in window.views.plane.picture.ghosts if g.name == "ghost.optimal")  # noqa: E731
    qtbot.waitUntil(lambda: ghost().curve is not None, timeout=WAIT)
    assert ghost().distance < 1e-9  # D* drives this run too
    window.layers_keeper.keep()
    again = restored(SettingsStore(window.store.path).settings.layers)
    assert (again.layers, again.looks) == (options().layers, options().looks)
    assert stacked(again.order) == stacked(options().order)
    qtbot.keyClick(panel.list, Qt.Key.Key_Escape)
    assert not panel.isVisible()
    assert window.views.plane.hasFocus()


def test_a_pinned_run_is_a_layer_as_long_as_it_is_pinned(qtbot, window):
    first = window.state.run
    window.panels.runs.pin_toggled.emit(first.id, True)
    assert f"run.{first.id}" in window.state.plane_options.layers
    assert not any(ghost.name == f"run.{first.id}" for ghost in window.views.plane.picture.ghosts)  # it is selected
    window.player.run()
    run = finished(qtbot, window, lambda run: run is not first)
    window.playback.pause()
    window.state.select(index=5)
    (ghost,) = (g for g in window.views.plane.picture.ghosts if g.name == f"run.{first.id}")
    np.testing.assert_allclose(ghost.curve, first.x[:, 0])
    assert ghost.distance < 1e-9
    assert ghost.index == 5
    window.panels.runs.pin_toggled.emit(first.id, False)
    assert f"run.{first.id}" not in window.state.plane_options.layers
    assert run is window.state.run
