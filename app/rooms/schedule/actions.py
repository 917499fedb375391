"""The actions of the schedule room."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="copy_design",
        menu="Edit",
        title="Copy designed levels as Python",
        tip="A script that designs the levels again by GITS or TORS, with the same numbers",
    ),
)
