"""The actions of the claims room."""

from __future__ import annotations

from app.rooms.row import ActionRow, copied_as_code

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="claims",
        menu="Run",
        title="Check all claims",
        keys=("F12",),
        tip="Check the claims of the literature on the present model and data",
    ),
    *copied_as_code("claims", "claims", "checks the claims of the table"),
)
