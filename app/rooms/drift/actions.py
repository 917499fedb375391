"""The actions of the drift room."""

from __future__ import annotations

from app.rooms.row import ActionRow

PLAY, PAUSE, STEP, RESET = "Play", "Pause", "Step", "Reset"
PLAY_TIP = "Move the particles round after round, or stop them (Shift+F11)"
STEP_TIP = "One round: every particle moves by the drift at its place"
RESET_TIP = "Put the particles back to where they began"

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="drift", menu="Run", title="Drift: play or pause", keys=("Shift+F11",), tip=PLAY_TIP[: -len(" (Shift+F11)")]
    ),
    ActionRow(id="drift_step", menu="Run", title="Drift: one round", tip=STEP_TIP),
    ActionRow(id="drift_reset", menu="Run", title="Drift: reset", tip=RESET_TIP),
)
