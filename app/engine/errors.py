"""Turns the error of a run or a task into a sentence that says what a person can do."""

from __future__ import annotations

import re

from geomodel import memory
from geomodel.settings import RunSettings, limits

NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def sentence(error: Exception, settings: RunSettings) -> str:
    """The error as a sentence. If memory ran out, it says how much is free and which field to lower."""
    text = str(error)
    if not isinstance(error, MemoryError) and not any(word in text.lower() for word in NO_MEMORY):
        return text or type(error).__name__
    wanted = re.search(r"allocate ([\d.]+ ?\w+)", text)
    need = f" ({wanted[1]} at once)" if wanted else ""
    free = memory.text(memory.available())
    return (
        f"{settings.count:,} trajectories need more memory than is free{need}; the computer has {free} left. "
        f"Lower {limits('count').title.lower()}."
    )
