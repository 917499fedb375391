"""The rows of the list of layers, from the same entries as the legend."""

from __future__ import annotations

from app.plotting.legend import Entry
from app.rooms.plane.actions import ACTIONS
from app.rooms.plane.ghosts import sample
from app.rooms.plane.layer_list import LayerRow
from app.rooms.plane.looks import HUES, look, tint
from app.rooms.plane.pictures import PlanePicture
from app.rooms.plane.text import entries
from app.session.plane_options import GHOST, PINNED

SAMPLES = {"probe": "optimal", "inside": "end"}  # in the legend; the other layers have their own names there
ROWS = {row.id.removeprefix("layer."): row for row in ACTIONS if row.id.startswith("layer.")}


def layer_rows(picture: PlanePicture, shown: frozenset[str]) -> tuple[LayerRow, ...]:
    """Every layer, the front one first. `shown` has those whose eye is open, which a step may hide for a while."""
    said: dict[str, list[Entry]] = {}
    for entry in () if picture.message else entries(picture):
        said.setdefault(entry.layer, []).append(entry)
    ghosts = {ghost.name: ghost for ghost in picture.ghosts}
    rows = []
    for name in reversed(picture.order):
        ghost, own, words = ghosts.get(name), look(picture.looks, name), said.get(name, [])
        if ghost is None and name.startswith(PINNED):
            continue
        action = ROWS.get(name)
        tips = "; ".join(filter(None, (entry.tip for entry in words)))
        title = action.title if action is not None else ghost.title if ghost is not None else name
        drawn = sample(picture, ghost) if ghost is not None else SAMPLES.get(name, _plain(name))
        rows.append(
            LayerRow(
                name=name,
                title=title,
                sample=Entry(drawn, title, tint=tint(picture.looks, name), opacity=own.opacity),
                says="; ".join(entry.text for entry in words),
                tip=tips or (action.tip if action is not None else ""),
                shown=name in shown,
                opacity=own.opacity,
                color=own.color,
                colored=name in HUES or ghost is not None,
                keys=action.keys[0] if action is not None and action.keys else "",
            )
        )
    return tuple(rows)


def _plain(name: str) -> str:
    """The sample of a layer that nothing is known of yet, such as a ghost without a run."""
    return "exact" if name.startswith((GHOST, PINNED)) else name
