"""What links of the help pages do: a list of steps, each of them a row of a table. They run no code of their own.

A link is ``do:`` and steps with commas between them. A step is the id of an action, ``preset.NAME``, or the name of a
setting with its value, such as ``solver.euler`` or ``data.two-moons``.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, get_args

from app.shell.actions import ACTIONS
from geomodel import datasets, presets, schedules, solvers
from geomodel.settings import Driver, Option, Start

LINK = "do:"
PRESET = "preset"
WORDS: Mapping[str, tuple[str, ...]] = {  # settings and the words that they take
    "data": datasets.names(),
    "driver": get_args(Driver),
    "solver": tuple(row.name for row in solvers.SOLVERS),
    "schedule": tuple(row.name for row in schedules.SCHEDULES),
    "start": get_args(Start),
}
NUMBERS = ("steps", "seed", "count")  # settings that take a whole number


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a link: an action by its id, a preset by its name, or a setting with its value."""

    kind: Literal["action", "preset", "setting"]
    name: str
    value: Option = ""


def steps(link: str) -> tuple[Step, ...]:
    """The steps of a link. Raises ValueError where one of them is in no table."""
    if not link.startswith(LINK):
        raise ValueError(f"A link of a help page begins with {LINK}; this is {link[:80]!r}.")
    return tuple(_step(text) for text in link.removeprefix(LINK).split(","))


def _step(text: str) -> Step:
    if text in _ACTIONS:
        return Step("action", text)
    name, _, value = text.partition(".")
    if name == PRESET and value in _PRESETS:
        return Step("preset", value)
    if value in WORDS.get(name, ()):
        return Step("setting", name, value)
    if name in NUMBERS and value.isdecimal():
        return Step("setting", name, int(value))
    raise ValueError(f"A link of a help page has the step {text[:80]!r}, which is no action, preset or setting.")


_ACTIONS = frozenset(row.id for row in ACTIONS)
_PRESETS = frozenset(row.name for row in presets.PRESETS)
