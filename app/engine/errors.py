"""Turns the error of a run or a task into a sentence that says what a person can do."""

from __future__ import annotations

import re

from geomodel import error_text, memory
from geomodel.settings import RunSettings, limits

NO_MEMORY = ("out of memory", "can't allocate memory", "not enough memory")


def short(error: BaseException) -> str:
    """What an error says. One that would end a program, such as that of `sys.exit`, says hardly anything itself."""
    if isinstance(error, Exception):
        return error_text.message(error)
    return f"The denoiser's code wanted to end the program ({error_text.named(error)})."


def sentence(error: BaseException, settings: RunSettings) -> str:
    """The error as a sentence. If memory ran out, it says how much is free and which field to lower."""
    text = short(error)
    if not isinstance(error, MemoryError) and not any(word in text.lower() for word in NO_MEMORY):
        return text
    wanted = re.search(r"allocate ([\d.]+ ?\w+)", text)
    need = f" ({wanted[1]} at once)" if wanted else ""
    free = memory.text(memory.available())
    return (
        f"{settings.count:,} trajectories need more memory than is free{need}; the computer has {free} left. "
        f"Lower {limits('count').title.lower()}."
    )
