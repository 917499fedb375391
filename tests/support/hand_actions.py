"""What random hands do to the window: a table of gestures, each with its weight."""

from __future__ import annotations

from collections.abc import Callable
from random import Random

from hand_gestures import (
    Hands,
    Key,
    Mod,
    Mouse,
    choose,
    click,
    drag,
    hover,
    named,
    press_button,
    press_key,
    type_text,
    wheel,
)
from pausing import pause
from PySide6.QtCore import QEvent, QMimeData, QPointF, Qt, QUrl
from PySide6.QtGui import QAction, QDropEvent
from PySide6.QtTest import QTest
from PySide6.QtWidgets import QApplication, QDialog, QFileDialog, QLineEdit, QMenu, QWidget

from geomodel import datasets

OWN_FUNCTIONS = ("zero", "raises", "leaves", "nowhere", "wrong", "missing")  # of own.py; the last is not there
NOT_TRIGGERED = ("quit",)  # the hands close the window themselves


# ---------------------------------------------------------------- actions, menus and dialogs


def trigger(hands: Hands) -> None:
    actions = hands.window.actions_by_id
    _trigger(hands, actions[hands.pick([name for name in actions if name not in NOT_TRIGGERED])])


def _trigger(hands: Hands, action: QAction) -> None:
    if action.isEnabled():
        hands.say(f"action {action.objectName()}")
        action.trigger()


def usual(hands: Hands) -> None:
    """What people do most."""
    _trigger(hands, hands.window.actions_by_id[hands.pick(("run", "cancel", "undo", "undo", "redo", "play"))])


def workspace(hands: Hands) -> None:
    names = [name for name in hands.window.actions_by_id if name.startswith("workspace.")]
    _trigger(hands, hands.window.actions_by_id[hands.pick([*names, "theme", "reset_layout"])])


def dock(hands: Hands) -> None:
    name = hands.pick(list(hands.window.layout_of_docks.docks))
    found, act = hands.window.layout_of_docks.docks[name], hands.pick(("float", "toggle", "raise", "close"))
    hands.say(f"dock {name}: {act}")
    match act:
        case "float":
            found.setFloating(not found.isFloating())
        case "toggle":
            found.toggleViewAction().trigger()
        case "raise":
            found.raise_()
        case "close":
            found.close()


def resize(hands: Hands) -> None:
    size = hands.random.randrange(300, 1700), hands.random.randrange(200, 1100)
    how = hands.pick(("normal", "normal", "normal", "maximized", "minimized"))
    hands.say(f"resize to {size}, {how}")
    if how == "normal":
        hands.window.showNormal()
        hands.window.resize(*size)
    else:
        hands.window.showMaximized() if how == "maximized" else hands.window.showMinimized()
        pause(1)
        hands.window.showNormal()


def menu(hands: Hands) -> None:
    """Open a menu of the bar."""
    bar = hands.window.menuBar()
    action = hands.pick(bar.actions())
    hands.say(f"menu {action.text()}")
    bar.setActiveAction(action)


def in_popup(hands: Hands, popup: QWidget) -> None:
    """Choose an entry of what has popped up, or press keys in it."""
    if isinstance(popup, QMenu) and hands.random.random() < 0.5:
        found = [action for action in popup.actions() if action.isEnabled() and not action.isSeparator()]
        found = [action for action in found if action.objectName() not in NOT_TRIGGERED]
        if found:
            action = hands.pick(found)
            hands.say(f"entry {action.text()!r}")
            popup.setActiveAction(action)
            QTest.keyClick(popup, Key.Key_Return)
            return
    key = hands.pick((Key.Key_Down, Key.Key_Up, Key.Key_Escape, Key.Key_Escape, Key.Key_Home, Key.Key_Right))
    hands.say(f"key {key.name} in {named(popup)}")
    QTest.keyClick(popup, key)


def in_dialog(hands: Hands, dialog: QDialog) -> None:
    """Answer a dialog: a path, a button, or Esc."""
    chance = hands.random.random()
    if isinstance(dialog, QFileDialog) and chance < 0.6:
        saves = dialog.acceptMode() == QFileDialog.AcceptMode.AcceptSave
        path = (
            str(hands.out / hands.pick(("a", "b", "b.npz", "no folder/c", "d.png", ""))) if saves else str(hands.path())
        )
        hands.say(f"file {path} in {dialog.windowTitle()!r}")
        line = dialog.findChild(QLineEdit, "fileNameEdit")
        line.setText(path)
        QTest.keyClick(line, Key.Key_Return)
    elif chance < 0.75:
        hands.say(f"Esc in {named(dialog)}")
        QTest.keyClick(dialog, Key.Key_Escape)
    else:
        hands.pick((press_button, type_text, choose))(hands)


# ---------------------------------------------------------------- files


def open_file(hands: Hands) -> None:
    path = str(hands.path())
    how = hands.pick(("open_path", "open_path", "drop", "open_data", "open_network", "open_run", "locate"))
    hands.say(f"{how} {path}")
    player = hands.window.player
    match how:
        case "open_path":
            hands.window.documents.open_path(path)
        case "open_data":
            player.drafting.open_data(path)
        case "open_network":
            player.drafting.open_network(path)
        case "open_run":
            player.saved_runs.open(path)
        case "locate":
            run = hands.window.state.run
            if run is not None:
                player.saved_runs.locate(run.id, path)
        case "drop":
            data = QMimeData()
            data.setUrls([QUrl.fromLocalFile(path)])
            event = QDropEvent(
                QPointF(50, 50), Qt.DropAction.CopyAction, data, Mouse.NoButton, Mod.NoModifier, QEvent.Type.Drop
            )
            QApplication.sendEvent(hands.window, event)


def open_set(hands: Hands) -> None:
    names = datasets.names()
    name = hands.pick([*names, "fashion-mnist", "two-moons"])
    hands.say(f"open data {name}")
    hands.window.player.drafting.edit({"data": name})


def open_own(hands: Hands) -> None:
    spec = f"{hands.own}:{hands.pick(OWN_FUNCTIONS)}"
    hands.say(f"own denoiser {spec}")
    hands.window.player.drafting.open_network(spec, own=True)


def wait(hands: Hands) -> None:
    milliseconds = hands.random.randrange(50, 400)
    hands.say(f"wait {milliseconds} ms")
    pause(milliseconds)


GESTURES: dict[Callable[[Hands], None], float] = {
    click: 14,
    press_button: 12,
    drag: 9,
    hover: 3,
    wheel: 5,
    press_key: 12,
    type_text: 12,
    choose: 8,
    trigger: 14,
    usual: 8,
    workspace: 4,
    dock: 2,
    resize: 2,
    menu: 2,
    open_file: 7,
    open_set: 4,
    open_own: 1,
    wait: 2,
}


def act(hands: Hands, random: Random) -> None:
    """One random gesture, in what lies over the other windows if there is something."""
    hands.random = random
    popup, modal = QApplication.activePopupWidget(), QApplication.activeModalWidget()
    if popup is not None:
        in_popup(hands, popup)
    elif isinstance(modal, QDialog):
        in_dialog(hands, modal)
    else:
        random.choices(list(GESTURES), list(GESTURES.values()))[0](hands)
