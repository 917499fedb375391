"""The action of the theories room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Compare with theories"
TIP = "Ask denoisers made from the data alone at the points of this run, and see which explains the driver's D"

DRIVE = "Drive with theories"
DRIVE_TIP = "Let each theory move the noise of this run to the end, and compare the ends with the run's own"

HAND_OVER = "Hand over"
HAND_OVER_TIP = "Let a theory move the noise down to each level and the driver go on, and compare the ends with its own"

TAUGHT = "Compare with noisy data"
TAUGHT_TIP = "Measure how far the driver is from D* on noisy data, which it was trained on, and on this run"

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="theories", menu="Run", title=TITLE, keys=("Ctrl+F8",), tip=TIP),
    ActionRow(id="theories_drive", menu="Run", title=DRIVE, keys=("Ctrl+Shift+F8",), tip=DRIVE_TIP),
    ActionRow(id="theories_hand_over", menu="Run", title=HAND_OVER, tip=HAND_OVER_TIP),
    ActionRow(id="theories_taught", menu="Run", title=TAUGHT, tip=TAUGHT_TIP),
)
