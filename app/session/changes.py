"""Says in words how two settings differ, such as a run's and the draft's, or before and after an undoable change."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from app.session.facts import DRIVER_NAMES, START_NAMES, data_title
from geomodel import schedules
from geomodel.compared import NAMES
from geomodel.datasets import DRAWING
from geomodel.number_text import general
from geomodel.options import Option
from geomodel.settings import CUSTOM, RunSettings, limits
from geomodel.solvers import row as solver_row

MOST = 3  # most changes that a line names
DIGITS = 4
ANY = "any"

ClassOf = Callable[[RunSettings], str]

MATTERS: dict[str, Callable[[RunSettings], bool]] = {  # fields that have no effect in some settings
    "blend": lambda settings: settings.driver == "blend",
    "guidance": lambda settings: settings.label >= 0,
    "beside": lambda settings: settings.compares,
    "levels": lambda settings: settings.schedule == CUSTOM,
    "rho": lambda settings: settings.schedule != CUSTOM and bool(schedules.row(settings.schedule).options),
    "drawing": lambda settings: settings.data == DRAWING,
    "drawing_width": lambda settings: settings.data == DRAWING,
    "start_index": lambda settings: settings.start == "data",
    "start_point": lambda settings: settings.start == "point",
}


@dataclass(frozen=True, slots=True)
class Change:
    """One field, and its two values in words."""

    title: str
    before: str
    after: str

    def __str__(self) -> str:
        """The change in the words of a line. If both values read the same, there is no arrow between them."""
        return f"{self.title} {self.before} → {self.after}" if self.before != self.after else f"{self.title} changed"


def _number(settings: RunSettings) -> str:
    return "" if settings.label < 0 else str(settings.label)


def changes(before: RunSettings, after: RunSettings, class_of: ClassOf = _number) -> tuple[Change, ...]:
    """The fields that differ and have an effect, in the order of the settings. A value that is left open differs from
    none.

    class_of: what the class of settings is called. It is the name that counts, because drivers number theirs
    differently.
    """
    return tuple(_changes(before, after, class_of))


def sentence(found: tuple[Change, ...], most: int = MOST) -> str:
    """The first changes, and how many more there are."""
    return _and_more(", ".join(map(str, found[:most])), len(found) - most)


def lines(found: tuple[Change, ...]) -> tuple[str, ...]:
    """The changes for a line, from the longest to the shortest, which names the first field without its values."""
    if not found:
        return ()
    named = (sentence(found, most) for most in range(min(MOST, len(found)), 0, -1))
    return (*named, _and_more(found[0].title, len(found) - 1))


def _and_more(named: str, more: int) -> str:
    return f"{named} and {more} more" if more > 0 else named


def _changes(before: RunSettings, after: RunSettings, class_of: ClassOf) -> Iterator[Change]:
    for field in fields(RunSettings):
        name = field.name
        old, new = getattr(before, name), getattr(after, name)
        if name == "options":
            kept = before.options if before.solver == after.solver else {}
            yield from _option_changes(kept, after.options, solver_row(after.solver).options)
        elif name == "driver_options":
            kept = before.driver_options if before.driver == after.driver else {}
            yield from _option_changes(kept, after.driver_options, () if after.theory is None else after.theory.options)
        elif name == "label":
            if class_of(before) != class_of(after):
                yield Change("class", class_of(before) or ANY, class_of(after) or ANY)
        elif old != new and old is not None and new is not None and MATTERS.get(name, _always)(after):
            yield Change(_in_a_line(limits(name).title), _words(name, old), _words(name, new))


def _always(_settings: RunSettings) -> bool:
    return True


def _option_changes(
    before: Mapping[str, object], after: Mapping[str, object], options: Iterable[Option]
) -> Iterator[Change]:
    """Of another solver or theory, the options start from their defaults."""
    for option in options:
        old, new = before.get(option.name, option.default), after.get(option.name, option.default)
        if old != new:
            yield Change(_in_a_line(option.title), _plain(old), _plain(new))


WORDS: dict[str, Callable[[Any], str]] = {
    "data": data_title,
    "network": lambda path: Path(path).stem or "none",
    "driver": lambda name: DRIVER_NAMES[name],
    "compared_with": lambda name: NAMES[name].symbol,
    "solver": lambda name: solver_row(name).title,
    "schedule": lambda name: "own levels" if name == CUSTOM else schedules.row(name).title,
    "levels": lambda _levels: "",
    "jump_at": lambda level: "never" if level < 0 else str(level),
    "start": lambda name: _in_a_line(START_NAMES[name]),
    "data_columns": lambda text: text or "automatic",
    "drawing": lambda strokes: f"of {len(strokes):,} stroke{'s' * (len(strokes) != 1)}",
    "start_point": lambda point: f"({', '.join(general(value, 3) for value in point)})",
}


def _words(name: str, value: Any) -> str:
    return WORDS.get(name, _plain)(value)


def _plain(value: object) -> str:
    if isinstance(value, bool):
        return "on" if value else "off"
    return general(value, DIGITS) if isinstance(value, float) else str(value).replace("-", "−")


def _in_a_line(title: str) -> str:
    """A title with a small first letter, unless it is a symbol."""
    return title[0].lower() + title[1:] if title[1:2].islower() else title
