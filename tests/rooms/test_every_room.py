"""What every room can do: one test for each promise of the contract, over the table of rooms."""

from __future__ import annotations

import gc
import re
import weakref
from xml.etree import ElementTree

import numpy as np
import pytest
from full_rooms import LEVEL, SAMPLE, SIZE, full_rooms
from PySide6.QtCore import QCoreApplication, QEvent, QObject, Qt
from PySide6.QtGui import QAccessible, QPixmap
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QMenu, QTabBar, QWidget

from app.engine.contract import Request
from app.export import figure, offstage
from app.main_window import MainWindow
from app.plotting.theme import DARK, LIGHT, PRINT, palette
from app.rooms import ROOMS
from app.rooms.contract import build_room
from app.shell.tab_order import reading_order
from app.shell.workspaces import WORKSPACES, home_of
from app.widgets.overrides import guard
from app.widgets.sight import seen

SVG = "{http://www.w3.org/2000/svg}"
NAMES = [row.name for row in ROOMS]
ROWS = {row.name: row for row in ROOMS}
every_room = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="module")
def home(tmp_path_factory):
    patch = pytest.MonkeyPatch()
    folder = tmp_path_factory.mktemp("home")
    patch.setenv("GEOMODEL_HOME", str(folder))
    yield folder
    patch.undo()


@pytest.fixture(scope="module")
def rooms(qapp, home):
    """One engine and one run for all: no test changes more than the playhead."""
    made = full_rooms(home)
    before = qapp.palette()
    yield made
    qapp.setPalette(before)
    made.close()


@pytest.fixture(scope="module")
def window(qapp, home):
    """A window whose engine never starts."""
    made = MainWindow()
    made.resize(1280, 800)
    made.show()
    yield made
    made.close()
    made.deleteLater()


def fresh(qtbot, rooms, name, theme=LIGHT, **more):
    """Another view of a room's class, as a figure makes one."""
    view = type(rooms.rooms[name].view)(theme, **more)
    view.resize(*SIZE)
    qtbot.addWidget(view, before_close_func=lambda view: view.release())
    return view


def drawn(view, ratio=1):
    """The pixels of a view at a device pixel ratio."""
    pixmap = QPixmap(view.size() * ratio)
    pixmap.setDevicePixelRatio(ratio)
    view.grab()  # plots place their axes only once they have been drawn
    view.render(pixmap)
    image = pixmap.toImage()
    return np.asarray(image.constBits()).reshape(image.height(), -1, 4)[:, : image.width(), :3].astype(int)


def controls(view):
    """What can take the focus."""
    return list(reading_order(view))


# ---------------------------------------------------------------- pictures


@every_room
@pytest.mark.parametrize("theme", [LIGHT, DARK], ids=lambda theme: theme.name)
@pytest.mark.parametrize("ratio", [1, 2])
def test_a_view_draws_empty_and_full_in_every_theme_and_scale(qtbot, rooms, name, theme, ratio):
    other = LIGHT if theme is DARK else DARK
    own_ground = ROWS[name].figure is not None  # the others stand on the window's
    QApplication.setPalette(palette(other if own_ground else theme))
    view = fresh(qtbot, rooms, name, other)
    view.display(rooms.empty[name])
    view.show()
    view.set_theme(theme)
    empty = drawn(view, ratio)
    view.display(rooms.full[name])
    full = drawn(view, ratio)
    assert full.shape == (SIZE[1] * ratio, SIZE[0] * ratio, 3)
    assert (np.abs(full - empty).max(-1) > 40).sum() > 100 * ratio**2  # the full picture is there
    assert (full.mean() < 100) == (theme is DARK)  # on the ground of the theme
    view.display(rooms.empty[name])  # and it can go again
    view.grab()


@every_room
def test_a_view_draws_on_slivers(qtbot, rooms, name):
    """Where axes and texts leave a plot no width or no height, as the smallest picture on paper does."""
    guard()
    view = fresh(qtbot, rooms, name, print_mode=True)
    view.show()
    view.display(rooms.full[name])
    for width, height in ((76, 38), (45, 170), (170, 45), (1, 300), (300, 1), (1, 1)):  # the first: 20 x 10 mm
        view.resize(width, height)
        view.grab()


@every_room
def test_a_view_says_its_picture_in_words_and_numbers(qtbot, rooms, name):
    view = fresh(qtbot, rooms, name)
    view.display(rooms.empty[name])
    empty = view.describe()
    view.display(rooms.full[name])
    words = view.describe()
    assert words != empty
    sigma = rooms.stage.services.state.run.sigmas[LEVEL]
    numbers = [float(found) for found in re.findall(r"\d+\.?\d*", words.replace("−", "-"))]
    assert len(numbers) > 2
    if "σ" in words:
        assert any(abs(value - sigma) < 0.02 * sigma for value in numbers) or name == "schedule", words
    assert view.accessibleDescription() in ("", words)


class Shown(QObject):
    """Keeps every window that is shown."""

    def __init__(self):
        super().__init__()
        self.windows = []

    def eventFilter(self, watched, event):
        if event.type() == QEvent.Type.Show and isinstance(watched, QWidget) and watched.isWindow():
            self.windows.append(type(watched).__name__)
        return False


@every_room
def test_a_view_that_is_built_shows_no_window(qapp, qtbot, rooms, name):
    """A part that is shown before it has a parent flashes up, and takes the focus from the window."""
    shown = Shown()
    qapp.installEventFilter(shown)
    fresh(qtbot, rooms, name)
    qapp.removeEventFilter(shown)
    assert shown.windows == []


@pytest.mark.parametrize("name", [row.name for row in ROOMS if row.figure])
def test_a_figure_shows_the_same_picture_as_the_view(qtbot, rooms, name, monkeypatch):
    view = fresh(qtbot, rooms, name)
    view.display(rooms.full[name])
    printed, display = [], type(view).display

    def spy(self, picture):
        display(self, picture)
        printed.append((picture, self.describe()))

    monkeypatch.setattr(type(view), "display", spy)
    image = figure.render(view, ROWS[name].figure, 96)
    assert printed[-1] == (view.picture, view.describe())
    assert (image.width(), image.height()) == figure.pixels(ROWS[name].figure, 96)
    colours = {image.pixelColor(x, y).name() for x in range(0, image.width(), 3) for y in range(0, image.height(), 3)}
    assert PRINT.base in colours
    assert len(colours) > 4


# what stands in a room's figure, and how many images it holds; None: as many as the run has
IN_FIGURES = {
    "plane": ("Slice: exact on this plane · 21% + 18% of variance", 2),  # density and basins
    "space": ("3 trajectories; x along its displacement, and in two components of the complement", 0),
    "measures": ("Trajectory deviation", 0),
    "mean_shift": ("Posterior of the classes", None),
    "compare": ("Error over σ", 0),
    "schedule": ("noise level σ", 0),
    "derivatives": ("‖dD/dσ‖", 0),
    "quality": ("Sliced Wasserstein distance", None),
    "interpolation": ("In-distribution", None),
    "commitment": ("Distance of what comes back", None),
    "likelihood": ("log p(x; σ) by the ODE", 0),
    "consistency": ("Mean gap to the end", 0),
    "theories": ("Unexplained share 1 − R²", None),
    "tilt": ("Ends in the plane", 0),
    "drift": ("Two mean shifts", 0),
    "error_bounds": ("TV over the frequency ω", 0),
    "training": ("D* of the points", 0),
    "families": ("Off the straight line", 0),
    "strip": ("D*(x; σ)", None),
    "claims": ("Self-tests", 0),
}


@pytest.mark.parametrize("name", [row.name for row in ROOMS if row.figure])
def test_a_figure_as_svg_holds_text_and_no_image_but_images(qtbot, rooms, name, tmp_path):
    view = fresh(qtbot, rooms, name)
    view.display(rooms.full[name])
    figure.save_svg(view, tmp_path / "a.svg", ROWS[name].figure, {"σ": 1})
    root = ElementTree.parse(tmp_path / "a.svg").getroot()
    texts = ["".join(text.itertext()) for text in root.iter(f"{SVG}text")]
    title, expected = IN_FIGURES[name]
    assert title in texts
    images = len(list(root.iter(f"{SVG}image")))
    assert images == expected if expected is not None else images > 0
    assert (tmp_path / "a.svg").stat().st_size < 200_000


# ---------------------------------------------------------------- life


@every_room
def test_a_released_view_dies(qtbot, rooms, name):
    view = type(rooms.rooms[name].view)(LIGHT)
    view.resize(*SIZE)
    view.show()
    for picture in (rooms.empty[name], rooms.full[name]):
        view.display(picture)
        view.grab()
    gone = weakref.ref(view)
    view.release()
    view.close()
    view.deleteLater()
    del view
    qtbot.waitUntil(lambda: bool(gc.collect()) is not None and gone() is None)


@every_room
def test_a_released_room_dies_with_its_view(qtbot, rooms, name):
    room = build_room(ROWS[name], rooms.stage.services)
    room.view.resize(*SIZE)
    room.view.show()
    rooms.stage.settle()
    gone = weakref.ref(room), weakref.ref(room.view)
    room.view.close()
    room.release()
    room.view.deleteLater()
    del room
    QCoreApplication.sendPostedEvents(None, QEvent.Type.DeferredDelete)
    gc.collect()
    assert [ref() for ref in gone] == [None, None]


@pytest.fixture
def asked(monkeypatch):
    """What the engine is asked, which it does not answer."""
    commands = []
    monkeypatch.setattr(offstage.SameThread, "submit", lambda self, command: commands.append(command))
    return commands


@every_room
def test_a_hidden_room_asks_the_engine_nothing(rooms, name, asked):
    for room in rooms.rooms.values():
        room.view.hide()
    view = rooms.rooms[name].view
    view.show()
    view.hide()
    look_around(rooms.stage.services)
    assert asked == []


def test_rooms_in_sight_ask_the_engine(rooms, asked):
    for room in rooms.rooms.values():
        room.view.show()
    look_around(rooms.stage.services)
    assert len({type(command) for command in asked if isinstance(command, Request)}) > 3


def look_around(services):
    """Everything that a room may follow: playhead, sample, runs, options, the draft."""
    for index in (0, 1, LEVEL):
        services.playback.go(index)
    services.state.select(sample=0)
    services.state.run_grew.emit(services.state.run.id)
    services.state.runs_changed.emit()
    services.player.drafting.edit({"rho": 5.0})
    services.player.drafting.edit({"rho": 7.0})
    services.state.select(sample=SAMPLE)
    QCoreApplication.processEvents()


# ---------------------------------------------------------------- a person


@every_room
def test_every_control_has_a_name(rooms, name):
    view = rooms.rooms[name].view
    view.show()
    QCoreApplication.processEvents()
    for control in controls(view):
        interface = QAccessible.queryAccessibleInterface(control)
        assert interface.text(QAccessible.Text.Name), control


@every_room
def test_a_room_comes_into_sight_by_the_key_of_its_workspace_or_by_its_tab(qtbot, window, name):
    row, view = ROWS[name], window.views[name]
    window.layout_of_docks.show_image_rooms(visible=True)
    if row.area == "foot":
        assert seen(view)  # in every workspace
        return
    start = WORKSPACES[-1] if home_of(name) is WORKSPACES[0] else WORKSPACES[0]
    window.layout_of_docks.switch(start.name)
    window.activateWindow()
    qtbot.waitUntil(window.isActiveWindow)
    digit = Qt.Key(Qt.Key.Key_1 + WORKSPACES.index(home_of(name)))
    QTest.keyClick(window, digit, Qt.KeyboardModifier.ControlModifier | Qt.KeyboardModifier.AltModifier)
    qtbot.waitUntil(lambda: seen(view) or behind_a_tab(window, row) is not None)
    qtbot.waitUntil(lambda: window.turns.resting)  # the tabs have their places
    if not seen(view):
        bar, at = behind_a_tab(window, row)
        qtbot.mouseClick(bar, Qt.MouseButton.LeftButton, pos=bar.tabRect(at).center())
    qtbot.waitUntil(lambda: seen(view))
    entries = [action.text() for menu in window.menuBar().findChildren(QMenu) for action in menu.actions()]
    assert row.title in entries


def behind_a_tab(window, row):
    """The tab bar among the docks and the place of the room's tab in it."""
    bars = [bar for bar in window.findChildren(QTabBar) if bar is not window.layout_of_docks.tabs]
    places = ((bar, at) for bar in bars for at in range(bar.count()) if bar.tabText(at) == row.title)
    return next(places, None)


@every_room
def test_every_action_of_a_room_stands_in_a_menu_and_does_something(window, rooms, name):
    actions = {row.id for row in ROWS[name].actions}
    assert actions <= rooms.rooms[name].handlers().keys()
    in_menus = {action for menu in window.menuBar().findChildren(QWidget) for action in menu.actions()}
    assert {window.actions_by_id[each] for each in actions} <= in_menus
