"""The actions of the claims room."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="claims",
        menu="Run",
        title="Check all claims",
        keys=("F12",),
        tip="Check the claims of the literature on the present model and data",
    ),
    ActionRow(
        id="copy_claims",
        menu="Edit",
        title="Copy claims as Python",
        tip="A script that checks the claims of the table again, with the same numbers",
    ),
)
