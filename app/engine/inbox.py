"""The engine's queue of commands. It keeps their order, but a newer request replaces a waiting one of its class."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Sequence

from app.engine.contract import Command, Request
from app.engine.messages import Cancel, Shutdown


class Inbox:
    """Carries commands from any thread to one reader."""

    def __init__(self) -> None:
        self._commands: deque[Command] = deque()
        self._changed = threading.Condition()

    def put(self, command: Command) -> list[Command]:
        """Add a command. If its class says that the latest wins, it replaces waiting ones of the same class, which are
        returned. A request takes the place of the one that it replaces if only requests wait behind it, because one
        that is made again at every move of the pointer would otherwise wait behind all others forever.
        """
        with self._changed:
            replaced = [item for item in self._commands if command.latest_wins and type(item) is type(command)]
            place = next((at for at, item in enumerate(self._commands) if item in replaced), len(self._commands))
            if not all(isinstance(item, Request) for item in (command, *self._split(place)[1])):
                place = len(self._commands)
            ahead, behind = ([item for item in part if item not in replaced] for part in self._split(place))
            self._commands = deque([*ahead, command, *behind])
            self._changed.notify()
        return replaced

    def _split(self, place: int) -> tuple[list[Command], list[Command]]:
        waiting = list(self._commands)
        return waiting[:place], waiting[place:]

    def put_back(self, commands: Sequence[Command]) -> None:
        """Put commands back at the front, in their order."""
        with self._changed:
            self._commands.extendleft(reversed(commands))
            self._changed.notify()

    def take(self) -> Command:
        """Return the next command, and wait until there is one."""
        with self._changed:
            while not self._commands:
                self._changed.wait()
            return self._commands.popleft()

    @property
    def waiting(self) -> bool:
        """Whether a command waits that nobody has taken yet."""
        return bool(self._commands)

    def urgent(self) -> list[Cancel | Shutdown]:
        """Take out, ahead of their turn, the cancels and the shutdown, which must not wait for answers."""
        with self._changed:
            found = [command for command in self._commands if isinstance(command, Cancel | Shutdown)]
            self._commands = deque(command for command in self._commands if not isinstance(command, Cancel | Shutdown))
            return found

    def drain(self) -> list[Command]:
        """Take all commands that wait now. It does not block."""
        with self._changed:
            commands = list(self._commands)
            self._commands.clear()
            return commands
