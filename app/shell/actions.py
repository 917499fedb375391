"""Every action once: menus, toolbar, shortcuts, tooltips and the key sheet come from this table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from PySide6.QtCore import Qt
from PySide6.QtGui import QAction, QActionGroup, QKeySequence
from PySide6.QtWidgets import QWidget

from geomodel.basins import STEPS


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """One action. `group` makes a set of which one is checked."""

    id: str
    menu: str
    title: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    checkable: bool = False
    group: str = ""
    rule: bool = False  # a separator before it


def _layer(name: str, title: str, keys: str, tip: str = "") -> ActionRow:
    return ActionRow(id=f"layer.{name}", menu="View", title=title, keys=(keys,), tip=tip, checkable=True)


BASINS = (
    f"The class where dx/dσ = (x − D*)/σ leads from each point at this σ: Heun, {STEPS} steps on a Karras grid to σ min"
)

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="open_checkpoint", menu="File", title="Open checkpoint…", keys=("Ctrl+O",), tip="A network from a file"
    ),
    ActionRow(id="open_data", menu="File", title="Open data…", keys=("Ctrl+D",), tip="Points from CSV or NPY"),
    ActionRow(id="open_run", menu="File", title="Open run…", keys=("Ctrl+Shift+O",), tip="A run saved as NPZ"),
    ActionRow(
        id="close_network",
        menu="File",
        title="Close network",
        keys=("Ctrl+Shift+W",),
        tip="Free the memory of the chosen network",
    ),
    ActionRow(id="save_run", menu="File", title="Save run…", keys=("Ctrl+S",), tip="The run as NPZ", rule=True),
    ActionRow(id="save_csv", menu="File", title="Save measures…", keys=("Ctrl+E",), tip="The measures as CSV"),
    ActionRow(id="save_figure", menu="File", title="Save picture…", keys=("Ctrl+P",), tip="A view as PNG at any size"),
    ActionRow(
        id="copy_figure", menu="File", title="Copy picture", keys=("Ctrl+Shift+C",), tip="The view to the clipboard"
    ),
    ActionRow(id="quit", menu="File", title="Quit", keys=("Ctrl+Q",), rule=True),
    ActionRow(id="undo", menu="Edit", title="Undo", keys=("Ctrl+Z",), tip="Take back the last change of a setting"),
    ActionRow(id="redo", menu="Edit", title="Redo", keys=("Ctrl+Shift+Z",), tip="Repeat what was taken back"),
    ActionRow(id="run", menu="Run", title="Run", keys=("F5", "Ctrl+R"), tip="Compute a new run from the settings"),
    ActionRow(id="cancel", menu="Run", title="Cancel", keys=("Esc",), tip="Stop computing; what is there stays"),
    ActionRow(id="race", menu="Run", title="Race", keys=("F6",), tip="Compare all lanes from the same noise"),
    ActionRow(id="add_lane", menu="Run", title="Add to the race", keys=("Ctrl+F6",), tip="The sampler as a lane"),
    ActionRow(id="play", menu="Run", title="Play", keys=("Space",), tip="Play or pause what is computed", rule=True),
    ActionRow(id="back", menu="Run", title="Step back", keys=("Left",), tip="One level towards the noise"),
    ActionRow(id="forward", menu="Run", title="Step forward", keys=("Right",), tip="One level towards the data"),
    ActionRow(id="back10", menu="Run", title="Ten back", keys=("Shift+Left",)),
    ActionRow(id="forward10", menu="Run", title="Ten forward", keys=("Shift+Right",)),
    ActionRow(id="start", menu="Run", title="To the start", keys=("Home",)),
    ActionRow(id="end", menu="Run", title="To the end", keys=("End",)),
    ActionRow(id="loop", menu="Run", title="Loop", keys=("L",), checkable=True, tip="Play again from the start"),
    ActionRow(
        id="inside",
        menu="Run",
        title="Inside the step",
        keys=("Alt+Right",),
        checkable=True,
        tip="Stage points, slopes, history, Euler's point and the exact curve",
    ),
    ActionRow(id="slower", menu="Run", title="Slower", keys=("[",), rule=True),
    ActionRow(id="faster", menu="Run", title="Faster", keys=("]",)),
    ActionRow(id="next_sample", menu="Run", title="Next sample", keys=("N",), rule=True),
    ActionRow(id="previous_sample", menu="Run", title="Previous sample", keys=("Shift+N",)),
    _layer("density", "Density p(x; σ)", "Ctrl+1"),
    _layer("data", "Data", "Ctrl+2"),
    _layer("field", "Field", "Ctrl+3"),
    _layer("sampling", "Sampling trajectories", "Ctrl+4"),
    _layer("denoising", "Denoising trajectories", "Ctrl+5"),
    _layer("segment", "Segment x → D(x; σ)", "Ctrl+6"),
    _layer("probe", "Probe", "Ctrl+7"),
    _layer("weights", "Posterior weights", "Ctrl+8", "Areas of the data as their weights at the selected sample"),
    _layer("basins", "Basins of attraction", "Ctrl+9", BASINS),
    ActionRow(id="frame.sigma", menu="Frame", title="Follow σ", keys=("1",), group="frame", tip="± 3√(s² + σ²)"),
    ActionRow(id="frame.run", menu="Frame", title="Whole run", keys=("2",), group="frame"),
    ActionRow(id="frame.data", menu="Frame", title="Data", keys=("3",), group="frame"),
    ActionRow(id="frame.scaled", menu="Frame", title="Scaled", keys=("4",), group="frame", tip="x/√(1 + σ²/s²)"),
    ActionRow(
        id="mode.marginal",
        menu="Plane of images",
        title="Marginal",
        keys=("5",),
        group="mode",
        tip="Density and mean field of the projected data",
    ),
    ActionRow(
        id="mode.slice",
        menu="Plane of images",
        title="Slice through the sample",
        keys=("6",),
        group="mode",
        tip="The plane through the selected sample: density, field and probe are exact on it",
    ),
    ActionRow(id="arrow.slope", menu="Field", title="Slopes", group="arrow", tip="Unit length, colour for magnitude"),
    ActionRow(id="arrow.move", menu="Field", title="Next move", group="arrow", tip="(1 − σ′/σ)(D − x), to scale"),
    ActionRow(id="arrow.shift", menu="Field", title="Mean shift", group="arrow", tip="D − x, to scale: the whole jump"),
    ActionRow(id="field.driver", menu="Field", title="Of the driver", group="field", rule=True),
    ActionRow(id="field.optimal", menu="Field", title="Of the optimal denoiser D*", group="field"),
    ActionRow(id="field.network", menu="Field", title="Of the network Dθ", group="field"),
    ActionRow(id="field.difference", menu="Field", title="Difference Dθ − D*", group="field"),
    ActionRow(
        id="tool.select", menu="Tool", title="Select", keys=("V",), group="tool", tip="Pick samples, pan and zoom"
    ),
    ActionRow(
        id="tool.probe", menu="Tool", title="Probe", keys=("P",), group="tool", tip="Drag a point, see D* answer"
    ),
    ActionRow(
        id="tool.start", menu="Tool", title="Start here", keys=("S",), group="tool", tip="Click a start for sample 0"
    ),
    ActionRow(id="probe_up", menu="Tool", title="Probe: larger σ", keys=("Ctrl+Up",), rule=True),
    ActionRow(id="probe_down", menu="Tool", title="Probe: smaller σ", keys=("Ctrl+Down",)),
    ActionRow(id="probe_left", menu="Tool", title="Probe: left", keys=("Ctrl+Shift+Left",)),
    ActionRow(id="probe_right", menu="Tool", title="Probe: right", keys=("Ctrl+Shift+Right",)),
    ActionRow(id="probe_higher", menu="Tool", title="Probe: up", keys=("Ctrl+Shift+Up",)),
    ActionRow(id="probe_lower", menu="Tool", title="Probe: down", keys=("Ctrl+Shift+Down",)),
    ActionRow(id="probe_follow", menu="Tool", title="Probe: σ of the playhead", keys=("Ctrl+0",)),
    ActionRow(id="probe_path", menu="Tool", title="Mean-shift path to the mode", keys=("M",), checkable=True),
    ActionRow(id="theme", menu="View", title="Dark theme", keys=("Ctrl+T",), checkable=True, rule=True),
    ActionRow(id="reset_layout", menu="View", title="Reset layout"),
    ActionRow(id="keys", menu="Help", title="Keys", keys=("F1",), tip="Every action and its key"),
    ActionRow(id="solvers", menu="Help", title="Solvers", keys=("Ctrl+F1",), tip="Rules, orders, names elsewhere"),
    ActionRow(id="about", menu="Help", title="What am I seeing?", keys=("Shift+F1",), tip="Views, formulas, sources"),
)

MENUS: tuple[tuple[str, str], ...] = (  # menu, its parent
    ("File", ""),
    ("Edit", ""),
    ("Run", ""),
    ("View", ""),
    ("Frame", "View"),
    ("Plane of images", "View"),
    ("Field", "View"),
    ("Tool", "View"),
    ("Help", ""),
)


def build(parent: QWidget, handlers: Mapping[str, Callable[..., None]]) -> dict[str, QAction]:
    """A QAction for every row, connected to its handler; KeyError names a row without one."""
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
        action.triggered.connect(handlers[row.id])
        parent.addAction(action)
        actions[row.id] = action
    return actions


def tooltip(row: ActionRow) -> str:
    """What it does and its key."""
    keys = f" ({row.keys[0]})" if row.keys else ""
    return f"{row.title.rstrip('…')}{keys}" + (f"\n{row.tip}" if row.tip else "")
