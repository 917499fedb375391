"""The actions of the training room."""

from __future__ import annotations

from app.rooms.row import ActionRow

NO_TRAINING = "Nothing is trained yet; Train (Ctrl+F10) begins."

ACTIONS: tuple[ActionRow, ...] = (
    ActionRow(
        id="training",
        menu="Run",
        title="Train or pause",
        keys=("Ctrl+F10",),
        tip="Train a network on the reference data, pause, or continue",
        rule=True,
    ),
    ActionRow(id="training_step", menu="Run", title="Train one iteration", tip="One optimisation step, then pause"),
    ActionRow(id="training_steps", menu="Run", title="Train 100 iterations", tip="100 optimisation steps, then pause"),
    ActionRow(id="training_anew", menu="Run", title="Train anew", tip="Forget this training and begin another"),
    ActionRow(
        id="training_save",
        menu="Run",
        title="Save trained network…",
        tip="Write the average of the weights so far as a checkpoint",
    ),
    ActionRow(
        id="training_use",
        menu="Run",
        title="Use trained network",
        tip="Let the average of the weights so far drive the sampler",
    ),
)
