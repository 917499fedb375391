"""The options of the plane: frame, layers, tool, probe."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Annotated, Literal

from msgspec import Meta

from app.engine.contract import PlaneMode

Frame = Literal["sigma", "run", "data", "scaled"]
Arrow = Literal["slope", "move", "shift"]
GHOST, PINNED = "ghost.", "run."  # what the names of ghosts and of pinned runs begin with
GHOSTS = ("ghost.classes", "ghost.gaussian", "ghost.optimal", "ghost.ode")
LEGEND = "legend"  # shown or hidden like a layer, but it is none
LAYERS = (  # from back to front
    "density",
    "basins",
    "data",
    "field",
    "weights",
    *GHOSTS,
    "denoising",
    "sampling",
    "segment",
    "inside",
    "probe",
    "branch",
    LEGEND,
)
HIDDEN = ("basins", "weights", "field", *GHOSTS)  # hidden until a person turns them on
LEAST_OPACITY = 0.1


@dataclass(frozen=True, slots=True, kw_only=True)
class LayerLook:
    """How a layer is drawn. Without a colour it has the theme's."""

    opacity: Annotated[float, Meta(ge=LEAST_OPACITY, le=1)] = 1.0
    color: Annotated[str, Meta(pattern="^(#[0-9a-f]{6})?$")] = ""


USUAL = LayerLook()


Tool = Literal["select", "probe", "start", "branch", "draw"]


@dataclass(frozen=True, slots=True, kw_only=True)
class BranchStart:
    """Where a branch leaves a run: at a point of the plane through x_n, or without one at D + σz with a seed.

    held: the mouse still holds the point.
    """

    run_id: int
    sample: int
    level: int
    point: tuple[float, float] | None = None
    seed: int = 0
    held: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class PlaneOptions:
    """What the plane shows and how. Every room can read it."""

    frame: Frame = "sigma"
    arrow: Arrow = "slope"
    layers: frozenset[str] = frozenset(LAYERS).difference(HIDDEN)
    order: tuple[str, ...] = ()  # of the layers from back to front; those it lacks stand where they usually do
    looks: Mapping[str, LayerLook] = field(default_factory=dict)  # of layers that do not look as usual
    field: Literal["driver", "optimal", "network", "difference"] = "driver"
    mode: PlaneMode = "marginal"  # marginal or slice, for images
    tool: Tool = "select"
    inside: bool = False
    probe: tuple[float, float] | None = None
    probe_sigma: float | None = None  # None follows the playhead
    probe_path: bool = True
    branch: BranchStart | None = None


def stacked(order: Iterable[str], pinned: Iterable[str] = ()) -> tuple[str, ...]:
    """Every layer from back to front, with those of pinned runs. `order` may lack some and name others."""
    found = list(usual_order(pinned))
    listed = [name for name in dict.fromkeys(order) if name in found]
    places = sorted(found.index(name) for name in listed)
    for place, name in zip(places, listed, strict=True):
        found[place] = name
    return tuple(found)


def usual_order(pinned: Iterable[str] = ()) -> tuple[str, ...]:
    """The layers from back to front. Pinned runs lie behind the other ghosts."""
    behind = LAYERS.index(GHOSTS[0])
    return (*LAYERS[:behind], *pinned, *LAYERS[behind:-1])


def moved(order: tuple[str, ...], name: str, by: int) -> tuple[str, ...]:
    """The order with a layer so many places further to the front; as it is where there is no such place."""
    at = order.index(name)
    if not 0 <= at + by < len(order):
        return order
    rest = [other for other in order if other != name]
    return (*rest[: at + by], name, *rest[at + by :])


def about_runs(options: PlaneOptions, numbers: Mapping[int, int]) -> PlaneOptions:
    """The options about the same runs under other numbers, without what names another run or a layer that is none."""
    names = {name: name for name in LAYERS} | {f"{PINNED}{old}": f"{PINNED}{new}" for old, new in numbers.items()}
    branch = options.branch
    there = None if branch is None else numbers.get(branch.run_id)
    return replace(
        options,
        layers=frozenset(names[name] for name in options.layers if name in names),
        order=tuple(dict.fromkeys(names[name] for name in options.order if name in names)),
        looks={names[name]: look for name, look in options.looks.items() if name in names},
        branch=None if branch is None or there is None else replace(branch, run_id=there, held=False),
    )
