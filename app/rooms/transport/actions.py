"""The actions of the transport: the playhead and the selected sample."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="play", menu="Run", title="Play", keys=("Space",), tip="Play or pause the computed levels", rule=True),
    ActionRow(id="back", menu="Run", title="Step back", keys=("Left", ","), tip="One level towards the noise"),
    ActionRow(id="forward", menu="Run", title="Step forward", keys=("Right", "."), tip="One level towards the data"),
    ActionRow(id="back10", menu="Run", title="Ten back", keys=("Shift+Left",)),
    ActionRow(id="forward10", menu="Run", title="Ten forward", keys=("Shift+Right",)),
    ActionRow(id="start", menu="Run", title="To the start", keys=("Home",)),
    ActionRow(id="end", menu="Run", title="To the end", keys=("End",)),
    ActionRow(id="loop", menu="Run", title="Loop", keys=("L",), checkable=True, tip="Play again from the start"),
    ActionRow(id="slower", menu="Run", title="Slower", keys=("[",), rule=True),
    ActionRow(id="faster", menu="Run", title="Faster", keys=("]",)),
    ActionRow(id="next_sample", menu="Run", title="Next sample", keys=("N",), rule=True),
    ActionRow(id="previous_sample", menu="Run", title="Previous sample", keys=("Shift+N",)),
)
