"""Notes when a person's own code is called, so that another thread can tell that it has not returned."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has not returned: of which ``file.py:function``, and when it began by the monotonic clock."""

    spec: str
    began: float

    @property
    def seconds(self) -> float:
        """How long it has lasted."""
        return time.monotonic() - self.began


class Calls:
    """The call that is under way. One thread makes calls, any other may read `now`."""

    def __init__(self) -> None:
        self.now: Call | None = None

    @contextmanager
    def of(self, spec: str) -> Iterator[None]:
        """What happens inside is a call of this ``file.py:function``."""
        self.now = Call(spec, time.monotonic())
        try:
            yield
        finally:
            self.now = None
