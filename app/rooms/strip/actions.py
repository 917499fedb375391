"""The actions of the strip."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="strip_large",
        menu="View",
        title="Strip: large images",
        keys=("Z",),
        checkable=True,
        tip="Large images that scroll level by level, instead of all levels at once",
    ),
    ActionRow(
        id="strip_level",
        menu="View",
        title="Strip: enlarge the level",
        keys=("Shift+Z",),
        tip="The images at the playhead in a window of their own (Enter in the strip)",
    ),
)
