"""The actions of the compare room."""

from __future__ import annotations

from app.rooms.row import ActionRow, copied_as_code

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(id="race", menu="Run", title="Race", keys=("F6",), tip="Compare all lanes from the same noise"),
    ActionRow(
        id="add_lane",
        menu="Run",
        title="Add to the race",
        keys=("Ctrl+F6",),
        tip="Add the sampler as a lane",
    ),
    ActionRow(
        id="equal",
        menu="Run",
        title="Compare at equal evaluations",
        keys=("Shift+F6",),
        tip="Type a number of evaluations and tick solvers; each gets the steps that cost as many",
    ),
    ActionRow(
        id="sweep",
        menu="Run",
        title="Sweep evaluations",
        keys=("Ctrl+Shift+F6",),
        tip="The end error of the ticked solvers over few to many evaluations",
    ),
    ActionRow(
        id="use_lane",
        menu="Edit",
        title="Use the sampler of the comparison",
        tip="Take the chosen row of the comparison over into the form",
    ),
    *copied_as_code("race", "race", "runs the last race"),
    *copied_as_code("sweep", "sweep", "sweeps the solvers"),
)
