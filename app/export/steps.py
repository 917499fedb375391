"""Work that pauses after each step, so that a window can do it in turns."""

from __future__ import annotations

from collections.abc import Generator
from typing import TypeVar

Result = TypeVar("Result")
Steps = Generator[None, None, Result]


def at_once(work: Steps[Result]) -> Result:
    """Do all steps, and return what comes of them."""
    while True:
        try:
            next(work)
        except StopIteration as end:
            result: Result = end.value
            return result
