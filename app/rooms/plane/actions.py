"""The actions of the plane: what it shows, which part of it, and what a click does."""

from __future__ import annotations

from app.rooms.row import ActionRow
from geomodel.basins import STEPS


def _layer(name: str, title: str, keys: str = "", tip: str = "", *, rule: bool = False) -> ActionRow:
    own = (keys,) if keys else ()
    return ActionRow(id=f"layer.{name}", menu="Layers", title=title, keys=own, tip=tip, checkable=True, rule=rule)


BASINS = (
    f"The class where dx/dσ = (x − D*)/σ leads from each point at this σ: Heun, {STEPS} steps on a Karras grid to "
    "σ min. On points a smoothed, wider or cut-off D* that drives stands for D*"
)

GHOST_TIPS = {
    "ghost.optimal": "x*: the selected sample's noise, moved by D* with the run's solver",
    "ghost.gaussian": "The selected sample's noise, moved by the Gaussian with the data's mean and covariance",
    "ghost.classes": "The selected sample's noise, moved by one Gaussian for each class of the data",
    "ghost.ode": "The selected sample's noise along the driver's ODE without the solver's error (DOP853)",
}

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="inside",
        menu="Run",
        title="Inside the step",
        keys=("Alt+Right",),
        checkable=True,
        tip="Stage points, slopes, history, Euler's point and the exact curve",
    ),
    _layer("density", "Density p(x; σ)", "Ctrl+1"),
    _layer("data", "Data", "Ctrl+2"),
    _layer("field", "Field", "Ctrl+3"),
    _layer("sampling", "Sampling trajectories", "Ctrl+4"),
    _layer("denoising", "Denoising trajectories", "Ctrl+5"),
    _layer("segment", "Segment x → D(x; σ)", "Ctrl+6"),
    _layer("probe", "Probe", "Ctrl+7"),
    _layer("weights", "Posterior weights", "Ctrl+8", "Areas of the data as their weights at the selected sample"),
    _layer("basins", "Basins of attraction", "Ctrl+9", BASINS),
    _layer("inside", "Inside of the step", tip="What Alt+Right shows of a step"),
    _layer("branch", "Branch and its control"),
    _layer("ghost.optimal", "Ghost: run of D*", tip=GHOST_TIPS["ghost.optimal"], rule=True),
    _layer("ghost.gaussian", "Ghost: run of one Gaussian", tip=GHOST_TIPS["ghost.gaussian"]),
    _layer("ghost.classes", "Ghost: run of class Gaussians", tip=GHOST_TIPS["ghost.classes"]),
    _layer("ghost.ode", "Ghost: exact ODE", tip=GHOST_TIPS["ghost.ode"]),
    ActionRow(
        id="layers",
        menu="Layers",
        title="List of layers",
        keys=("Ctrl+L",),
        tip="Show, fade, colour and order what the plane draws",
        rule=True,
    ),
    ActionRow(id="frame.sigma", menu="Frame", title="Follow σ", keys=("1",), group="frame", tip="± 3√(s² + σ²)"),
    ActionRow(id="frame.run", menu="Frame", title="Whole run", keys=("2",), group="frame"),
    ActionRow(id="frame.data", menu="Frame", title="Data", keys=("3",), group="frame"),
    ActionRow(
        id="frame.scaled", menu="Frame", title="Scaled", keys=("4",), group="frame", tip="ȳ + (x − ȳ)/√(1 + σ²/s²)"
    ),
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
    ActionRow(
        id="field.difference",
        menu="Field",
        title="Difference Dθ − D*",
        group="field",
        tip="Or less what the run is compared with in place of D*",
    ),
    ActionRow(
        id="tool.select", menu="Tool", title="Select", keys=("V",), group="tool", tip="Pick samples, pan and zoom"
    ),
    ActionRow(
        id="tool.probe", menu="Tool", title="Probe", keys=("P",), group="tool", tip="Drag a point, see D* answer"
    ),
    ActionRow(
        id="tool.start", menu="Tool", title="Start here", keys=("S",), group="tool", tip="Click a start for sample 0"
    ),
    ActionRow(
        id="tool.branch",
        menu="Tool",
        title="Branch",
        keys=("B",),
        group="tool",
        tip="Drag x of the selected sample at the playhead, or nudge it with the arrows, and see where it ends",
    ),
    ActionRow(
        id="tool.draw",
        menu="Tool",
        title="Draw…",
        keys=("D",),
        group="tool",
        tip="Draw the data: the plane becomes a canvas with brush and eraser",
    ),
    ActionRow(
        id="branch_renoise",
        menu="Tool",
        title="Branch: renoise",
        keys=("Shift+B",),
        rule=True,
        tip="Begin the branch at D(x; σ) + σz with fresh noise z",
    ),
    ActionRow(id="branch_drop", menu="Tool", title="Branch: drop", tip="Forget the branch (Esc in the plane)"),
    ActionRow(id="probe_up", menu="Tool", title="Probe: larger σ", keys=("Ctrl+Up",), rule=True),
    ActionRow(id="probe_down", menu="Tool", title="Probe: smaller σ", keys=("Ctrl+Down",)),
    ActionRow(id="probe_left", menu="Tool", title="Probe: left", keys=("Ctrl+Shift+Left",)),
    ActionRow(id="probe_right", menu="Tool", title="Probe: right", keys=("Ctrl+Shift+Right",)),
    ActionRow(id="probe_higher", menu="Tool", title="Probe: up", keys=("Ctrl+Shift+Up",)),
    ActionRow(id="probe_lower", menu="Tool", title="Probe: down", keys=("Ctrl+Shift+Down",)),
    ActionRow(id="probe_follow", menu="Tool", title="Probe: σ of the playhead", keys=("Ctrl+0",)),
    ActionRow(id="probe_path", menu="Tool", title="Mean-shift path to the mode", keys=("M",), checkable=True),
)
