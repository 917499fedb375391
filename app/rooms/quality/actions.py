"""The actions of the quality room."""

from __future__ import annotations

from app.rooms.row import ActionRow, copied_as_code

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
    *copied_as_code("jumps", "jumps", "measures the last jumps"),
    *copied_as_code("quality", "quality of the run", "computes the selected run and measures it"),
)
