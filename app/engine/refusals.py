"""What becomes of commands when the engine has ended: each that somebody waits for is answered with a sentence."""

from __future__ import annotations

from app.engine.contract import Command, Event, Task, TaskEnded
from app.engine.messages import (
    AnsweredTogether,
    AskTogether,
    LinkRun,
    OpenData,
    OpenFailed,
    OpenNetwork,
    OpenPath,
    OpenRun,
    Reopen,
    Reopened,
    RunStopped,
    Save,
    Saved,
    StartRun,
)

UNANSWERED = "The run is no longer there, or its denoiser has failed."
ENDED = "The engine has stopped; Run ▸ Restart the engine starts a new one."


def refusal(command: Command, why: str) -> Event | None:
    """The event that ends a command. None if nobody waits for one."""
    match command:
        case StartRun(run_id=run_id):
            return RunStopped(run_id, why)
        case Task():
            return TaskEnded(command, message=why)
        case AskTogether():
            return AnsweredTogether(command, message=why)
        case OpenData(name=name):
            return OpenFailed("data", name, why)
        case OpenNetwork(path=path):
            return OpenFailed("network", path, why)
        case OpenRun(path=path) | OpenPath(path=path) | LinkRun(path=path):
            return OpenFailed("run", path, why)
        case Reopen(restore_id=restore_id):
            return Reopened(restore_id=restore_id)
        case Save(path=path):
            return Saved(path, why)
    return None
