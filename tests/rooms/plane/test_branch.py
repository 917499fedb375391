"""The branch tool: what mouse and keys do to x, what is drawn and said, and what is asked of the engine when."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from plane_mouse import click, let_go, move, press
from plane_pictures import CENTER, PICTURE, curve_of, divided, shown
from PySide6.QtCore import QPointF, Qt
from PySide6.QtGui import QKeyEvent
from PySide6.QtWidgets import QApplication
from session_bench import Session
from window_runs import TOY, computed, moons, pictures

from app.engine.contract import TaskEnded
from app.engine.messages import Cancel
from app.rooms.plane.branch_ends import BranchEnds
from app.rooms.plane.branch_feed import BranchFeed, quick
from app.rooms.plane.messages import BranchAnswer, Branched, BranchRequest, BranchTask
from app.rooms.plane.picture import branch_handle, branch_picture
from app.rooms.plane.pictures import BranchPicture
from app.session.plane_options import BranchStart
from app.session.state import Selection
from geomodel.images import pixels

HERE = (1.0, -2.0)
SIGMAS = np.array([2.0, 1.0, 0.5])
BRANCH = BranchPicture(
    sample=2,
    sigma=2.0,
    sigmas=SIGMAS,
    branch=np.array([[1.0, -2.0], [0.5, -1.0], [0.2, 0.1]]),
    control=np.array([[0.0, 2.0], [0.1, 1.0], [0.3, 0.4]]),
    distance=0.316,
    from_run=0.02,
)
WITH_HANDLE = replace(PICTURE, branch_handle=HERE)


@pytest.fixture
def view(qtbot):
    yield from shown(qtbot)


@pytest.fixture
def tool(view):
    """The view with the branch tool, and what it says."""
    view.display(WITH_HANDLE)
    view.set_tool("branch")
    said = []
    view.branch_dragged.connect(lambda *at: said.append(("held", *at)))
    view.branch_dropped.connect(lambda *at: said.append(("dropped", *at)))
    view.branch_left.connect(lambda: said.append(("left",)))
    return view, said


def test_a_drag_of_the_handle_moves_x_and_one_beside_it_pans(tool):
    view, said = tool
    unit = view.ground.unit()
    start = press(view, HERE)
    move(view, start + QPointF(30, -20))
    let_go(view, start + QPointF(40, -20))
    assert [word for word, *_ in said] == ["held", "dropped"]
    assert said[0][1:] == pytest.approx((HERE[0] + 30 * unit, HERE[1] + 20 * unit))
    assert said[1][1:] == pytest.approx((HERE[0] + 40 * unit, HERE[1] + 20 * unit))
    away = press(view, (-2.0, 2.0))
    move(view, away + QPointF(50, 0))
    let_go(view, away + QPointF(50, 0))
    assert len(said) == 2
    assert view.ground.free


def test_a_click_picks_a_sample_and_leaves_x(tool, qtbot):
    view, said = tool
    click(view, HERE)
    assert said == []
    with qtbot.waitSignal(view.sample_picked):
        click(view, PICTURE.curves.sampling[1, 0])


def test_arrows_nudge_x_and_are_kept_from_the_window(tool, qtbot):
    view, said = tool
    unit = view.ground.unit()
    for key, right, up in (
        (Qt.Key.Key_Right, 1, 0),
        (Qt.Key.Key_Up, 1, 1),
        (Qt.Key.Key_Left, 0, 1),
        (Qt.Key.Key_Down, 0, 0),
    ):
        override = QKeyEvent(QKeyEvent.Type.ShortcutOverride, key, Qt.KeyboardModifier.NoModifier)
        override.ignore()
        QApplication.sendEvent(view, override)
        assert override.isAccepted()
        qtbot.keyClick(view, key)
        assert said[-1] == (
            "dropped",
            pytest.approx(HERE[0] + 8 * unit * right),
            pytest.approx(HERE[1] + 8 * unit * up),
        )
    view.set_tool("select")
    override = QKeyEvent(QKeyEvent.Type.ShortcutOverride, Qt.Key.Key_Right, Qt.KeyboardModifier.NoModifier)
    override.ignore()
    QApplication.sendEvent(view, override)
    assert not override.isAccepted()
    qtbot.keyClick(view, Qt.Key.Key_Right)
    assert len(said) == 4


def test_escape_drops_a_branch_and_without_one_is_the_window_s(tool, qtbot):
    view, said = tool
    escape = Qt.Key.Key_Escape
    assert not view._handles.takes(QKeyEvent(QKeyEvent.Type.KeyPress, escape, Qt.KeyboardModifier.NoModifier))
    view.display(replace(WITH_HANDLE, branch=BRANCH))
    qtbot.keyClick(view, escape)
    assert said == [("left",)]


def test_both_curves_are_drawn_every_level_at_its_own_factor(view):
    view.display(replace(PICTURE, branch=BRANCH, frame="scaled"))
    by = np.sqrt(1 + SIGMAS**2)[:, None]
    layer = view.layers.branch
    np.testing.assert_allclose(curve_of(layer.branch), divided(BRANCH.branch, by))
    np.testing.assert_allclose(curve_of(layer.control), divided(BRANCH.control, by))
    np.testing.assert_allclose(layer.branch_end.points, divided(BRANCH.branch, by)[-1:])
    np.testing.assert_allclose(
        curve_of(layer.between), [divided(BRANCH.control, by)[-1], divided(BRANCH.branch, by)[-1]]
    )
    view.display(PICTURE)
    assert not len(layer.branch.xData)
    assert not len(layer.control_end.points)
    assert CENTER.any()


def test_the_words_have_the_distance_of_the_ends(view):
    view.display(replace(PICTURE, branch=BRANCH))
    texts = [entry.text for entry in view._legend.entries]
    assert texts[:2] == [
        "branch from σ 2.00: ends 0.316 from the control",
        "control: same x, ends 0.020 from the run",
    ]
    assert "Branch from σ 2.00: ends 0.316 from the control." in view.describe()
    view.display(replace(PICTURE, branch=replace(BRANCH, from_run=1e-9)))
    assert view._legend.entries[1].text == "control: same x, as in the run"
    for more, words in (
        ({"pending": True}, "branch from σ 2.00: computing …"),
        ({}, "branch from σ 2.00: let go to compute it"),
        ({"message": "The denoiser returned NaN."}, "The denoiser returned NaN."),
    ):
        view.display(replace(PICTURE, branch=replace(BRANCH, branch=None, control=None, **more)))
        assert view._legend.entries[0].text == words


def test_the_ends_of_images_stand_in_a_corner(view):
    ends = view.findChild(BranchEnds)
    view.display(replace(PICTURE, branch=BRANCH))
    assert not ends.isVisibleTo(view)
    images = np.stack([np.zeros((8, 9), np.uint8), np.full((8, 9), 255, np.uint8)])
    view.display(replace(PICTURE, branch=replace(BRANCH, ends=images)))
    assert ends.isVisibleTo(view)
    assert view.ground.rect().contains(ends.geometry())
    drawn = ends.grab().toImage()
    middle = drawn.height() * 2 // 3
    assert drawn.pixelColor(drawn.width() // 4, middle).lightness() == 0
    assert drawn.pixelColor(drawn.width() * 3 // 4, middle).lightness() == 255
    view.resize(500, 400)
    assert view.ground.rect().contains(ends.geometry())
    view.display(PICTURE)
    assert not ends.isVisibleTo(view)


def test_images_have_their_ends_and_points_have_none():
    run = computed(pictures(), replace(TOY, data="pictures.npy", count=2))
    found = Branched(run.x[1:, 0], -run.x[1:, 0], np.zeros(5))
    picture = branch_picture(run, run.source.plane, start_of(run, level=1), found, False, "")
    np.testing.assert_array_equal(picture.ends, pixels(np.stack([-run.x[-1, 0], run.x[-1, 0]])))
    moon = computed(moons())
    found = Branched(moon.x[2:, 1], moon.x[2:, 1], np.zeros(4))
    assert branch_picture(moon, moon.source.plane, start_of(moon), found, False, "").ends is None


# ---------------------------------------------------------------- what is asked


def start_of(run, **more):
    return BranchStart(**{"run_id": run.id, "sample": 1, "level": 2, "point": (0.5, 0.5)} | more)


@pytest.fixture
def session():
    return Session()


@pytest.fixture
def feed(session):
    return BranchFeed(session.state, session.player, session)


def asked(session, kind):
    return [command for command in session.engine.commands if isinstance(command, kind)]


def test_points_are_asked_for_with_every_move(session, feed):
    run = computed(moons())
    assert quick(run)
    feed.want(run, start_of(run, held=True))
    feed.want(run, start_of(run, held=True, point=(0.6, 0.5)))
    feed.want(run, start_of(run, point=(0.6, 0.5)))  # let go where it is
    requests = asked(session, BranchRequest)
    assert [request.start.point for request in requests] == [(0.5, 0.5), (0.6, 0.5)]
    found = Branched(np.zeros((4, 2)), np.ones((4, 2)), np.ones(4))
    assert feed.take(BranchAnswer(request=requests[0], branched=found))
    assert feed.branched is found
    assert not feed.pending
    feed.want(run, start_of(run, level=3))  # another place: the old branch is not its
    assert feed.branched is None
    assert not feed.take(BranchAnswer(request=requests[1], branched=found))
    feed.want(run, None)
    assert not feed.take(BranchAnswer(request=requests[1], branched=found))


def test_a_network_is_asked_when_the_mouse_lets_go_and_the_newest_alone(session, feed):
    run = computed(moons())
    run.settings = replace(run.settings, driver="network")
    feed.want(run, start_of(run, held=True))
    assert not asked(session, BranchTask)
    feed.want(run, start_of(run))
    feed.want(run, start_of(run, point=(1.0, 1.0)))
    first, second = asked(session, BranchTask)
    assert [cancel.run_id for cancel in asked(session, Cancel)] == [first.task_id]
    assert feed.pending
    found = Branched(np.zeros((4, 2)), np.ones((4, 2)), np.ones(4))
    session.player.receive(TaskEnded(first, found))
    assert feed.branched is None
    session.player.receive(TaskEnded(second, found))
    assert feed.branched is found
    assert not feed.pending
    feed.want(run, start_of(run, seed=3, point=None))
    session.player.receive(TaskEnded(asked(session, BranchTask)[-1]))
    assert feed.message == "The branch was cancelled."
    feed.want(run, start_of(run, seed=4, point=None))
    feed.want(run, start_of(run, held=True))  # the mouse has taken hold of it again
    assert not feed.pending
    feed.want(run, start_of(run, seed=5, point=None))
    feed.want(run, None)
    assert not feed.pending
    assert len(asked(session, Cancel)) == 3


def test_images_wait_for_the_release_and_an_unlinked_run_has_none(session, feed):
    assert not quick(computed(pictures(), replace(TOY, data="pictures.npy")))
    run = computed(moons())
    run.linked = False
    feed.want(run, start_of(run))
    assert not session.engine.commands[1:]


def test_the_handle_is_x_at_the_playhead_or_where_it_was_dragged():
    run = computed(moons())
    basis, here = run.source.plane, Selection(run.id, 1, 2)
    assert branch_handle(run, here, basis, None) == pytest.approx(tuple(run.x[2, 1]))
    assert branch_handle(run, here, basis, start_of(run)) == (0.5, 0.5)
    assert branch_handle(run, here, basis, start_of(run, level=1)) == pytest.approx(tuple(run.x[2, 1]))
    assert branch_handle(run, here, basis, start_of(run, point=None)) == pytest.approx(tuple(run.x[2, 1]))
    assert branch_handle(run, Selection(run.id, 1, 5), basis, None) is None
    assert branch_handle(computed(moons(), levels=3), here, basis, None) is None


def test_the_picture_has_the_distance_and_how_far_the_control_is_from_the_run():
    run = computed(moons())
    control, moved = run.x[2:, 1] + 0.1, run.x[2:, 1] + 1.0
    found = branch_picture(run, run.source.plane, start_of(run), Branched(control, moved, np.arange(4.0)), False, "")
    assert found.distance == 3.0
    assert found.from_run == pytest.approx(0.1 * np.sqrt(2))
    np.testing.assert_allclose(found.branch, moved)
    np.testing.assert_array_equal(found.sigmas, run.sigmas[2:])
    assert found.sigma == run.sigmas[2]
