"""The action of the interpolation room."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="interpolate",
        menu="Run",
        title="Interpolate",
        keys=("F8",),
        tip="Runs from the latents between two seeds, in three ways",
    ),
)
