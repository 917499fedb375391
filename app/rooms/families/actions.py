"""The action of the families room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Euler's errors of families"
TIP = "Take Euler's steps in the clock and scale of every family, and measure how far they end from the exact run"

ACTIONS: tuple[ActionRow, ...] = (ActionRow(id="families", menu="Run", title=TITLE, tip=TIP),)
