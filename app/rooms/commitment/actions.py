"""The action of the commitment room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Commitment"
TIP = "Noise the ends of the run to several σ, go down again, and count how many keep their class"

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="commitment", menu="Run", title=TITLE, keys=("F9",), tip=TIP, rule=True),
)
