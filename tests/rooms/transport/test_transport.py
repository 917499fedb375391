"""The transport: buttons, scrubber, numbers, speed."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from parts import part
from PySide6.QtCore import QPoint, QPointF, Qt
from PySide6.QtGui import QAction, QIcon, QKeySequence, QPainter, QWheelEvent
from PySide6.QtWidgets import QMainWindow, QToolButton

from app.plotting import sigma_axis
from app.plotting.long_lines import draw_lines
from app.plotting.sigma_axis import positions
from app.plotting.theme import DARK, LIGHT
from app.rooms.transport import scrubber as scrubber_module
from app.rooms.transport import view as view_module
from app.rooms.transport.pictures import TransportPicture
from app.rooms.transport.scrubber import Scrubber
from app.rooms.transport.view import BUTTONS, TransportView
from app.shell.tab_order import reading_order
from app.widgets.form import ComboBox
from app.widgets.icons import ICONS, icon

LEFT = Qt.MouseButton.LeftButton
SIGMAS = np.append(np.geomspace(80, 0.01, 9), 0.0)
AT = TransportPicture(sigmas=SIGMAS, committed=6, index=2)


@pytest.fixture
def actions(qapp):
    return {name: QAction(name.title(), checkable=name in ("loop", "inside")) for name in BUTTONS}


@pytest.fixture
def bar(qtbot, actions):
    bar = TransportView(LIGHT)
    bar.set_actions(actions)
    qtbot.addWidget(bar)
    bar.resize(1100, 52)
    bar.display(AT)
    with qtbot.waitExposed(bar):
        bar.show()
    return bar


@pytest.fixture
def wanted(bar):
    found = []
    bar.index_wanted.connect(found.append)
    return found


def scrubber_of(bar):
    return part(bar, Scrubber)


def speed(bar):
    return part(bar, ComboBox, "Speed of playback")


def scale(bar):
    return part(bar, ComboBox, "Spread of the levels: step, log σ or σ")


def spot(bar, level):
    return QPoint(round(scrubber_of(bar).places()[level]), 16)


# ---------------------------------------------------------------- the scrubber


@pytest.mark.parametrize("scale", ["index", "log", "sigma"])
def test_ticks_stand_at_the_true_levels(bar, scale):
    scrubber = scrubber_of(bar)
    scrubber.set_scale(scale)
    at, x = positions(SIGMAS, scale), scrubber.places()
    assert x[0] == 24.0
    assert x[-1] == scrubber.width() - 24.0
    np.testing.assert_allclose((x - x[0]) / (x[-1] - x[0]), (at - at[0]) / (at[-1] - at[0]), atol=1e-12)  # rounding


def test_a_run_that_goes_while_its_playhead_is_dragged_ends_the_dragging(bar, wanted, qtbot):
    scrubber = scrubber_of(bar)
    qtbot.mousePress(scrubber, LEFT, pos=spot(bar, 0))
    bar.display(TransportPicture())
    qtbot.mouseMove(scrubber, QPoint(300, 16))
    assert not scrubber.isSliderDown()


@pytest.mark.parametrize("scale", ["index", "log"])
def test_a_drag_stops_at_computed_levels_only(bar, wanted, qtbot, scale):
    scrubber = scrubber_of(bar)
    scrubber.set_scale(scale)
    qtbot.mousePress(scrubber, LEFT, pos=spot(bar, 0))
    for x in range(spot(bar, 0).x(), spot(bar, 9).x() + 20):
        qtbot.mouseMove(scrubber, QPoint(x, 16))
    qtbot.mouseRelease(scrubber, LEFT, pos=spot(bar, 9))
    assert wanted == [0, 1, 2, 3, 4, 5]
    qtbot.mouseMove(scrubber, spot(bar, 1))
    assert len(wanted) == 6  # the button is up


def test_a_click_beyond_what_is_computed_goes_to_the_last(bar, wanted, qtbot):
    qtbot.mouseClick(scrubber_of(bar), LEFT, pos=spot(bar, 8))
    assert wanted == [5]


def test_the_keyboard_moves_the_playhead(bar, wanted, qtbot):
    scrubber = scrubber_of(bar)
    scrubber.setFocus()
    for key in (Qt.Key.Key_Right, Qt.Key.Key_Left, Qt.Key.Key_End, Qt.Key.Key_Home, Qt.Key.Key_PageUp):
        qtbot.keyClick(scrubber, key)
    qtbot.keyClick(scrubber, Qt.Key.Key_PageDown)
    assert wanted == [3, 2, 5, 0, 5, 0]


def test_a_focused_scrubber_leaves_its_keys_to_the_windows_shortcuts(qtbot, actions):
    window = QMainWindow()
    qtbot.addWidget(window)
    actions["forward"].setShortcut(QKeySequence("Right"))
    actions["inside"].setShortcut(QKeySequence("Alt+Right"))
    window.addActions(list(actions.values()))
    bar = TransportView(LIGHT)
    bar.set_actions(actions)
    window.setCentralWidget(bar)
    bar.display(AT)
    with qtbot.waitActive(window):
        window.show()
    wanted, triggered = [], []
    bar.index_wanted.connect(wanted.append)
    actions["forward"].triggered.connect(lambda: triggered.append("forward"))
    actions["inside"].triggered.connect(lambda: triggered.append("inside"))
    scrubber_of(bar).setFocus()
    qtbot.keyClick(window.windowHandle(), Qt.Key.Key_Right)
    qtbot.keyClick(window.windowHandle(), Qt.Key.Key_Right, Qt.KeyboardModifier.AltModifier)
    assert (wanted, triggered) == ([], ["forward", "inside"])


def test_the_wheel_steps_one_level_a_notch(bar, wanted, qapp):
    def turn(angle):
        place = QPointF(spot(bar, 2))
        none = Qt.KeyboardModifier.NoModifier, Qt.ScrollPhase.NoScrollPhase, False
        event = QWheelEvent(place, place, QPoint(), QPoint(0, angle), Qt.MouseButton.NoButton, *none)
        qapp.sendEvent(scrubber_of(bar), event)

    turn(120)
    turn(-240)
    turn(60)  # half a notch of a fine wheel
    assert wanted == [3, 1]
    turn(60)
    assert wanted == [3, 1, 2]


def test_setting_the_playhead_says_nothing(bar, wanted):
    bar.display(replace(AT, index=5))
    bar.display(replace(AT, committed=3, index=2))
    bar.display(replace(AT, committed=10, index=9))
    assert wanted == []
    assert scrubber_of(bar).value() == 9
    assert scrubber_of(bar).accessibleDescription() == "level 9, σ 0"


def test_computed_levels_are_filled_and_the_others_hollow(bar):
    image = scrubber_of(bar).grab().toImage()
    colours = [image.pixelColor(spot(bar, level)).name() for level in (0, 5, 6, 9)]
    assert colours == [LIGHT.muted, LIGHT.muted, colours[2], colours[2]]
    assert image.pixelColor(spot(bar, 6)).lightness() > 200
    assert image.pixelColor(spot(bar, 2)).name() == LIGHT.accent  # the handle


def test_the_scrubber_waits_for_levels(qtbot, actions):
    bar = TransportView(LIGHT)
    bar.set_actions(actions)
    qtbot.addWidget(bar)
    bar.resize(1100, 52)
    bar.grab()
    qtbot.mouseClick(scrubber_of(bar), LEFT, pos=QPoint(60, 16))
    bar.display(TransportPicture(sigmas=np.array([80.0]), committed=1))
    bar.grab()
    assert scrubber_of(bar).value() == 0


# ---------------------------------------------------------------- the bar


def test_buttons_are_the_actions(bar, actions):
    buttons = bar.findChildren(QToolButton)
    assert [button.defaultAction() for button in buttons] == [actions[name] for name in BUTTONS]
    actions["end"].setEnabled(False)
    actions["end"].setToolTip("To the end (End)")
    assert not buttons[4].isEnabled()
    assert buttons[4].toolTip() == "To the end (End)"
    assert all(not button.icon().isNull() for button in buttons)


def test_play_turns_into_pause(bar, actions):
    still = actions["play"].icon().pixmap(20).toImage()
    bar.display(replace(AT, playing=True))
    assert actions["play"].icon().pixmap(20).toImage() != still
    bar.display(AT)
    assert actions["play"].icon().pixmap(20).toImage() == still


def test_an_icon_is_drawn_once_for_each_theme(bar, monkeypatch):
    drawn = []
    monkeypatch.setattr(view_module, "icon", lambda name, theme: drawn.append((name, theme.name)) or icon(name, theme))
    for theme in (DARK, LIGHT, DARK, LIGHT):
        bar.set_theme(theme)
        for playing in (True, False):
            bar.display(replace(AT, playing=playing))
    assert len(drawn) == len(set(drawn))
    assert ("play", "light") not in drawn  # it was there


def test_the_speed_is_said_when_a_person_chooses_it(bar, qtbot):
    said = []
    bar.speed_changed.connect(said.append)
    bar.display(replace(AT, speed=4.0))
    assert said == []
    assert speed(bar).currentText() == "4×"
    speed(bar).setFocus()
    qtbot.keyClick(speed(bar), Qt.Key.Key_Down)
    assert said == [8.0]


def test_the_spread_is_chosen(bar, qtbot):
    scale(bar).setFocus()
    qtbot.keyClick(scale(bar), Qt.Key.Key_Up)
    assert scale(bar).currentText() == "step"
    np.testing.assert_allclose(np.diff(scrubber_of(bar).places(), 2), 0, atol=1e-9)  # pixels: evenly spread


def test_texts_are_shown_and_keep_their_room(bar):
    bar.display(replace(AT, committed=10, index=9, evaluations=1234))
    assert bar.describe() == "step 9/9   σ 0   1,234 evaluations"
    scrubber = scrubber_of(bar).geometry()
    bar.display(AT)
    bar.grab()
    assert scrubber_of(bar).geometry() == scrubber


@pytest.mark.parametrize("width", [360, 500, 700, 900, 1200])
def test_everything_fits_at_every_width(qtbot, actions, width):
    bar = TransportView(LIGHT)
    bar.set_actions(actions)
    qtbot.addWidget(bar)
    bar.display(AT)
    bar.resize(width, bar.sizeHint().height())
    bar.grab()
    assert bar.width() == width
    parts = (
        bar._buttons,
        scrubber_of(bar),
        bar._texts,
        scale(bar),
        speed(bar),
    )
    rects = [part.geometry() for part in parts]
    assert all(bar.rect().contains(rect) for rect in rects)
    assert not any(a.intersects(b) for i, a in enumerate(rects) for b in rects[i + 1 :])


@pytest.mark.parametrize(("width", "first"), [(1100, "buttons"), (700, "scrubber")])
def test_tab_reads_the_bar_row_by_row(bar, width, first):
    bar.resize(width, 96)
    buttons = bar.findChildren(QToolButton)
    parts = {"buttons": buttons, "scrubber": [bar._scrubber]}
    order = list(reading_order(bar))
    assert order[: len(parts[first])] == parts[first]
    assert set(order) == {*buttons, bar._scrubber, bar._scale, bar._speed}


@pytest.mark.parametrize("name", list(ICONS))
def test_icons_take_the_themes_colour(qapp, name):
    for theme in (LIGHT, DARK):
        image = icon(name, theme).pixmap(48, QIcon.Mode.Normal, QIcon.State.Off).toImage()
        colours = {
            image.pixelColor(x, y).name() for x in range(48) for y in range(48) if image.pixelColor(x, y).alpha() == 255
        }
        assert colours == {theme.text}


def test_ticks_that_share_a_pixel_are_painted_once(bar, monkeypatch):
    painted, ticks, placed = [], [], []

    class Counting(QPainter):
        def drawLine(self, *ends):
            painted.append(ends)
            super().drawLine(*ends)

    def counted(painter, lines):
        ticks.append(lines)
        draw_lines(painter, lines)

    def positions(sigmas, scale):
        placed.append(len(sigmas))
        return sigma_axis.positions(sigmas, scale)

    monkeypatch.setattr(scrubber_module, "QPainter", Counting)
    monkeypatch.setattr(scrubber_module, "draw_lines", counted)
    monkeypatch.setattr(scrubber_module, "positions", positions)
    sigmas = np.geomspace(80, 0.01, 50_001)
    scrubber = scrubber_of(bar)
    for committed in range(30_000, 30_100):  # a run that grows while it plays
        bar.display(TransportPicture(sigmas=sigmas, committed=committed, index=committed - 1))
        scrubber.grab()
    assert placed == [50_001]  # once, and not at every painting
    assert len(ticks) == 100
    assert 2 < len(ticks[0]) <= scrubber.width()
    assert set((ticks[0][:, 3] - ticks[0][:, 1]).tolist()) == {10.0, 3.0}  # computed levels are long, the others short
    bar.display(AT)
    painted.clear()
    scrubber.grab()
    assert len(painted) == 5  # few levels are rings: the track twice, and the break before 0


def test_without_a_run_nothing_of_the_last_one_is_left(bar):
    assert bar.describe()
    bar.display(TransportPicture())
    assert bar.describe() == ""
    assert len(scrubber_of(bar).sigmas) == 0
    assert scrubber_of(bar).maximum() == 0
    bar.grab()
    bar.display(AT)
    assert "step 2/9" in bar.describe()
