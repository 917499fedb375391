"""An engine without its thread: a worker whose events are kept in a list."""

from __future__ import annotations

from app.engine.worker import Worker


class Bench:
    """A worker with its events in a list."""

    def __init__(self) -> None:
        self.events: list = []
        self.notices = 0
        self.worker = Worker(self.events.append, self._count)

    def _count(self) -> None:
        self.notices += 1

    def handle(self, *commands):
        for command in commands:
            self.worker.handle(command)
        return self.events[-1] if self.events else None

    def kinds(self) -> list[str]:
        return [type(event).__name__ for event in self.events]

    def of(self, kind):
        return [event for event in self.events if isinstance(event, kind)]
