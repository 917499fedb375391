"""The action of the theories room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Compare with theories"
TIP = "Ask denoisers made from the data alone at the points of this run, and see which explains the driver's D"

DRIVE = "Drive with theories"
DRIVE_TIP = "Let each theory move the noise of this run to the end, and compare the ends with the run's own"

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="theories", menu="Run", title=TITLE, keys=("Ctrl+F8",), tip=TIP),
    ActionRow(id="theories_drive", menu="Run", title=DRIVE, keys=("Ctrl+Shift+F8",), tip=DRIVE_TIP),
)
