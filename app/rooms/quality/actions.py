"""The actions of the quality room."""

from __future__ import annotations

from app.rooms.row import ActionRow

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="measure_jumps",
        menu="Run",
        title="Measure jumps",
        keys=("F7",),
        tip="Runs that jump to D at several noise levels, at equal cost",
        rule=True,
    ),
    ActionRow(
        id="measure_run",
        menu="Run",
        title="Measure the run",
        keys=("Ctrl+F7",),
        tip="How good x and D of the run are at every noise level",
    ),
    ActionRow(
        id="copy_jumps",
        menu="Edit",
        title="Copy jumps as Python",
        tip="A script that measures the last jumps again, with the same numbers",
    ),
    ActionRow(
        id="copy_quality",
        menu="Edit",
        title="Copy quality of the run as Python",
        tip="A script that computes the selected run and measures it again, with the same numbers",
    ),
)
