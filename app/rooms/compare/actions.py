"""The actions of the compare room."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="race", menu="Run", title="Race", keys=("F6",), tip="Compare all lanes from the same noise"),
    ActionRow(
        id="add_lane",
        menu="Run",
        title="Add to the race",
        keys=("Ctrl+F6",),
        tip="Add the sampler as a lane",
    ),
    ActionRow(
        id="copy_race",
        menu="Edit",
        title="Copy race as Python",
        tip="A script that runs the last race again, with the same numbers",
    ),
)
