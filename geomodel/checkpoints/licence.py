"""Finds the licence that the program text inside a checkpoint states. The text is only searched, never run."""

from __future__ import annotations

import re

_BEGINNING = 4000  # characters; a licence stands in the first comment
_STATED = re.compile(r"licensed under (?:an? |the )?(?:terms of the )?(.{3,120}?) ?\blicense\b", re.IGNORECASE)


def stated(text: str) -> str:
    """The name of the licence in the comment at the beginning of a program's text, or ""."""
    lines = (line.strip() for line in text[:_BEGINNING].splitlines())
    comment = " ".join(line.lstrip("# ") for line in lines if line.startswith("#"))
    match = _STATED.search(comment)
    return match[1] if match else ""
