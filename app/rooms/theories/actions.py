"""The action of the theories room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Compare with theories"
TIP = "Ask denoisers made from the data alone at the points of this run, and see which explains the driver's D"

ACTIONS: tuple[ActionRow, ...] = (ActionRow(id="theories", menu="Run", title=TITLE, keys=("Ctrl+F8",), tip=TIP),)
