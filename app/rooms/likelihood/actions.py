"""The action of the likelihood room."""

from __future__ import annotations

from app.rooms.row import ActionRow

TITLE = "Likelihood"
TIP = "Gains of the steps under the kernel density of the data, and log p(x; σ) along the ODE, for the selected run"

ACTIONS: tuple[ActionRow, ...] = (ActionRow(id="likelihood", menu="Run", title=TITLE, keys=("Ctrl+F9",), tip=TIP),)
