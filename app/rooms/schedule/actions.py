"""The actions of the schedule room."""

from __future__ import annotations

from app.rooms.row import ActionRow, copied_as_code

ACTIONS: tuple[ActionRow, ...] = copied_as_code("design", "designed levels", "designs the levels")
