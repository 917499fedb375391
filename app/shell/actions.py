"""The table of actions. Menus, shortcuts, tooltips and the key sheet come from these rows and from those of the
rooms.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from app.rooms import ROOMS
from app.rooms.row import CODE, ActionRow
from app.shell import workspaces

Handler = Callable[[], object]

REFUSAL = "refusal"  # property of a disabled action whose reason changes
NOT_NOW = "This cannot be done now."

OWN: tuple[ActionRow, ...] = (
    ActionRow(
        id="open_checkpoint", menu="File", title="Open checkpoint…", keys=("Ctrl+O",), tip="A network from a file"
    ),
    ActionRow(
        id="open_model_folder",
        menu="File",
        title="Open model folder…",
        keys=("Ctrl+Shift+M",),
        tip="A network that diffusers wrote as a folder",
    ),
    ActionRow(id="open_data", menu="File", title="Open data…", keys=("Ctrl+D",), tip="Points or images from a file"),
    ActionRow(
        id="open_folder",
        menu="File",
        title="Open folder…",
        keys=("Ctrl+Shift+D",),
        tip="Pictures in a folder; its subfolders are classes",
    ),
    ActionRow(id="open_run", menu="File", title="Open run…", keys=("Ctrl+Shift+O",), tip="A run saved as NPZ"),
    ActionRow(
        id="locate",
        menu="File",
        title="Locate missing files…",
        tip="Say where the data or the network lie that a saved run or a session was made with",
        when_disabled="The selected run and the session have all their files.",
    ),
    ActionRow(
        id="open_session",
        menu="File",
        title="Open session…",
        keys=("Ctrl+Alt+O",),
        tip="Put a saved session in the place of what is open",
        rule=True,
    ),
    ActionRow(
        id="restore_recipe",
        menu="File",
        title="Restore from a picture…",
        keys=("Ctrl+Alt+I",),
        tip="Bring back what a picture or a film of this program shows",
    ),
    ActionRow(
        id="reopen_last",
        menu="File",
        title="Open last session",
        keys=("Ctrl+Alt+R",),
        tip="What was open when the window closed, or before another session was opened",
    ),
    ActionRow(
        id="save_session",
        menu="File",
        title="Save session",
        keys=("Ctrl+Alt+S",),
        tip="Everything in the window as one file: runs, lanes, playhead, views",
    ),
    ActionRow(
        id="save_session_as",
        menu="File",
        title="Save session as…",
        keys=("Ctrl+Alt+Shift+S",),
        tip="The session under another name",
    ),
    ActionRow(
        id="close_network",
        menu="File",
        title="Close network",
        keys=("Ctrl+Shift+W",),
        tip="Free the memory of the chosen network",
        rule=True,
    ),
    ActionRow(id="save_run", menu="File", title="Save run…", keys=("Ctrl+S",), tip="The run as NPZ"),
    ActionRow(id="save_csv", menu="File", title="Save measures…", keys=("Ctrl+E",), tip="The measures as CSV"),
    ActionRow(
        id="save_network",
        menu="File",
        title="Save network as…",
        keys=("Ctrl+Shift+S",),
        tip="The chosen network, of any program, as a checkpoint of this one",
        when_disabled="No network from a file is chosen.",
    ),
    ActionRow(
        id="save_figure",
        menu="File",
        title="Save picture…",
        keys=("Ctrl+P",),
        tip="A view as PNG, SVG or PDF at any size",
    ),
    ActionRow(
        id="save_film",
        menu="File",
        title="Save film…",
        keys=("Ctrl+Alt+P",),
        tip="A view over the noise levels as MP4, GIF or animated PNG",
    ),
    ActionRow(
        id="save_sheet",
        menu="File",
        title="Save contact sheet…",
        tip="Samples of images at chosen noise levels as one picture",
    ),
    ActionRow(
        id="copy_figure", menu="File", title="Copy picture", keys=("Ctrl+Shift+C",), tip="The view to the clipboard"
    ),
    ActionRow(id="quit", menu="File", title="Quit", keys=("Ctrl+Q",), rule=True),
    ActionRow(
        id="undo",
        menu="Edit",
        title="Undo",
        keys=("Ctrl+Z",),
        tip="Take back the last change of a setting",
        when_disabled="No setting has been changed.",
    ),
    ActionRow(
        id="redo",
        menu="Edit",
        title="Redo",
        keys=("Ctrl+Shift+Z",),
        tip="Repeat the change that was undone",
        when_disabled="No change has been undone.",
    ),
    ActionRow(
        id="palette",
        menu="Edit",
        title="Command palette",
        keys=("Ctrl+K", "Ctrl+Shift+P"),
        tip="Find any command, setting, file, view or claim by a few letters of its name",
        rule=True,
    ),
    ActionRow(
        id="copy_python",
        menu="Edit",
        title="Copy as Python",
        keys=("Ctrl+Alt+C",),
        tip="A script that computes the selected run again, with the same numbers",
        rule=True,
    ),
    ActionRow(
        id="copy_command",
        menu="Edit",
        title="Copy as command line",
        tip="A command that computes the selected run again without a window, with the same numbers",
    ),
    ActionRow(
        id="context_menu",
        menu="Edit",
        title="Menu of this place",
        keys=("Shift+F10",),
        tip="What a right click on the control with the focus shows",
    ),
    ActionRow(
        id="preferences",
        menu="Edit",
        title="Preferences…",
        keys=("Ctrl+,",),
        tip="Theme, text size, device, memory, folders, autosave",
        rule=True,
    ),
    ActionRow(id="run", menu="Run", title="Run", keys=("F5", "Ctrl+R"), tip="Compute a new run from the settings"),
    ActionRow(
        id="cancel",
        menu="Run",
        title="Cancel",
        keys=("Esc",),
        tip="Stop computing; what was computed stays",
        when_disabled="Nothing is being computed or opened.",
    ),
    ActionRow(
        id="restart_engine",
        menu="Run",
        title="Restart the engine",
        tip="Start a new engine after the present one has stopped",
        when_disabled="The engine works.",
    ),
    ActionRow(
        id="stop_waiting",
        menu="Run",
        title="Stop waiting",
        tip="Leave a denoiser of your own that has not returned, and start a new engine without it",
        when_disabled="No denoiser of your own keeps the engine waiting.",
    ),
)

VIEW: tuple[ActionRow, ...] = (
    ActionRow(
        id="network_card", menu="View", title="Card of the network", keys=("Ctrl+I",), tip="What its file says of it"
    ),
    ActionRow(id="theme", menu="View", title="Dark theme", keys=("Ctrl+T",), checkable=True, rule=True),
    ActionRow(id="reset_layout", menu="View", title="Reset layout"),
)

HELP: tuple[ActionRow, ...] = (
    ActionRow(id="welcome", menu="Help", title="Welcome", tip="What there is to watch at first"),
    ActionRow(id="keys", menu="Help", title="Keys", keys=("F1",), tip="Every action and its key"),
    ActionRow(id="solvers", menu="Help", title="Solvers", keys=("Ctrl+F1",), tip="Rules, orders, names elsewhere"),
    ActionRow(id="about", menu="Help", title="What am I seeing?", keys=("Shift+F1",), tip="Views, formulas, sources"),
)

ACTIONS: tuple[ActionRow, ...] = (  # in the order of the menus
    *OWN,
    *(action for row in ROOMS for action in row.actions),
    *workspaces.ACTIONS,
    *VIEW,
    *HELP,
)

MENUS: tuple[tuple[str, str], ...] = (  # menu, its parent
    ("File", ""),
    ("Edit", ""),
    (CODE, "Edit"),
    ("Run", ""),
    ("View", ""),
    ("Layers", "View"),
    ("Frame", "View"),
    ("Plane of images", "View"),
    ("Field", "View"),
    ("Tool", "View"),
    ("Help", ""),
)


def build(parent: QWidget) -> dict[str, QAction]:
    """A QAction for every row, by its id. It does nothing until `connect`."""
    groups: dict[str, QActionGroup] = {}
    actions: dict[str, QAction] = {}
    for row in ACTIONS:
        action = QAction(row.title, parent)
        action.setObjectName(row.id)
        action.setCheckable(row.checkable or bool(row.group))
        action.setShortcuts([QKeySequence(keys) for keys in row.keys])
        action.setShortcutContext(Qt.ShortcutContext.WindowShortcut)
        action.setToolTip(tooltip(row))
        if row.group:
            group = groups.setdefault(row.group, QActionGroup(parent))
            group.addAction(action)
        parent.addAction(action)
        actions[row.id] = action
    return actions


def connect(actions: Mapping[str, QAction], handlers: Mapping[str, Handler]) -> None:
    """Connect each action to its handler. Raises KeyError for an action without one."""
    for name, action in actions.items():
        action.triggered.connect(partial(_call, handlers[name]))


def offer(action: QAction, refusal: str) -> None:
    """Enable an action, or disable it for a reason that changes. Other reasons stand in its row."""
    action.setEnabled(not refusal)
    action.setProperty(REFUSAL, refusal)


def refusal(action: QAction, row: ActionRow) -> str:
    """Why an action is disabled; empty if it is not."""
    return "" if action.isEnabled() else action.property(REFUSAL) or row.when_disabled or NOT_NOW


def _call(handler: Handler, _checked: bool = False) -> None:
    handler()


def tooltip(row: ActionRow) -> str:
    """What the action does, and its key."""
    keys = f" ({row.keys[0]})" if row.keys else ""
    return f"{row.title.rstrip('…')}{keys}" + (f"\n{row.tip}" if row.tip else "")
