"""The actions of the consistency room."""

from __future__ import annotations

from app.rooms.row import ActionRow

START, PAUSE, CONTINUE, DISCARD = "Train", "Pause", "Continue", "Discard"
TIP = "Train a consistency function f(x, σ) on the driver of this run, or pause; f leads to the end in one step"
DISCARD_TIP = "Stop this training and forget it"

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="consistency",
        menu="Run",
        title="Train a consistency function",
        keys=("Ctrl+F11",),
        tip=TIP,
        rule=True,
    ),
)
