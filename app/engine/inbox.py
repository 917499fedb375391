"""The engine's queue of commands: ordered, except that a newer request of a kind replaces the older one."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from app.engine.messages import Cancel, Command, MeanShiftRequest, NeighboursRequest, Shutdown
from app.rooms.compare.messages import DerivativeRequest, EndErrorRequest
from app.rooms.mean_shift.messages import AlongRequest, AnnealedRequest
from app.rooms.plane.messages import BasinsRequest, InsideRequest, PictureRequest, ProbeRequest

LATEST_WINS = (
    PictureRequest,
    ProbeRequest,
    InsideRequest,
    NeighboursRequest,
    MeanShiftRequest,
    AlongRequest,
    AnnealedRequest,
    DerivativeRequest,
    EndErrorRequest,
    BasinsRequest,
)


class Inbox:
    """Commands from any thread to one reader."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque()
        self._changed = threading.Condition()

    def put(self, command: Command) -> None:
        """Add a command; an unanswered request of the same kind is dropped."""
        with self._changed:
            if isinstance(command, LATEST_WINS):
                kept = [item for item in self._commands if type(item) is not type(command)]
                self._commands = deque(kept)
            self._commands.append(command)
            self._changed.notify()

    def put_back(self, commands: Sequence[Command]) -> None:
        """Return commands to the front, in their order."""
        with self._changed:
            self._commands.extendleft(reversed(commands))
            self._changed.notify()

    def take(self) -> Command:
        """The next command; waits for one."""
        with self._changed:
            while not self._commands:
                self._changed.wait()
            return self._commands.popleft()

    @property
    def waiting(self) -> bool:
        """Something has come that nobody has taken yet."""
        return bool(self._commands)

    def urgent(self) -> list[Cancel | Shutdown]:
        """What may not wait for answers: cancels and the shutdown, taken out of their turn."""
        with self._changed:
            found = [command for command in self._commands if isinstance(command, Cancel | Shutdown)]
            self._commands = deque(command for command in self._commands if not isinstance(command, Cancel | Shutdown))
            return found

    def drain(self) -> list[Command]:
        """All commands that are waiting, without waiting."""
        with self._changed:
            commands = list(self._commands)
            self._commands.clear()
            return commands
