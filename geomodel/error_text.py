"""The text of an error that anybody's code may have raised, for a sentence."""

from __future__ import annotations

MOST_CHARACTERS = 2000  # a page; a window that lays out a megabyte stalls


def cut(text: str, most: int = MOST_CHARACTERS) -> str:
    """The text; one that is longer loses its middle, because the cause often stands at the end."""
    half = most // 2
    return text if len(text) <= most else f"{text[:half]}…{text[1 - half :]}"


def message(error: BaseException) -> str:
    """What an error says; its type where it says nothing."""
    try:
        text = str(error)
    except BaseException:  # noqa: BLE001  an error of somebody's code may fail at this too, or end the program
        text = ""
    return cut(text or type(error).__name__)


def named(error: BaseException) -> str:
    """What an error says, behind its type: "SystemExit: 2"."""
    kind, text = type(error).__name__, message(error)
    return kind if text == kind else cut(f"{kind}: {text}")
