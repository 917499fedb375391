"""Defines the rows of the rooms' table. They are plain values, so that the engine can read the table without Qt."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Area = Literal["centre", "right", "below", "foot"]
Millimetres = tuple[float, float]
CODE = "Copy experiment as code"  # a menu


@dataclass(frozen=True, slots=True, kw_only=True)
class ActionRow:
    """One action. Menus, shortcuts, tooltips and the key sheet are made from such rows.

    Of the actions of one `group`, one is checked.
    """

    id: str
    menu: str
    title: str
    keys: tuple[str, ...] = ()
    tip: str = ""
    when_disabled: str = ""  # why it is, while it is; for actions that can be
    checkable: bool = False
    group: str = ""
    rule: bool = False  # a separator before it


def copied_as_code(id: str, what: str, again: str) -> tuple[ActionRow, ActionRow]:
    """The two actions that copy something as code. what: such as "race"; again: what the code does with it."""
    return (
        ActionRow(
            id=f"copy_{id}",
            menu=CODE,
            title=f"Copy {what} as Python",
            tip=f"A script that {again} again, with the same numbers",
            rule=True,
        ),
        ActionRow(
            id=f"copy_{id}_command",
            menu=CODE,
            title=f"Copy {what} as command line",
            tip=f"A command that {again} again without a window, and writes the same numbers as a table",
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class RoomRow:
    """A room: where its view stands, which class builds it, what the engine computes for it, and what a person can
    do in it.
    """

    name: str
    title: str
    area: Area
    room: str  # dotted path of the class that is built from Services
    answers: str = ""  # dotted path of the module with ANSWERS and TASKS; empty if the engine computes nothing for it
    early: bool = False  # it is built with the window, because it does what other parts of the window ask for
    figure: Millimetres | None = None  # size of its figure on paper; None if it has no figure
    follows: bool = True  # its picture depends on the playhead, so that a film of it moves
    images_only: bool = False  # it has nothing to show of other data
    with_run: bool = False  # `run --figures` draws its figure too
    actions: tuple[ActionRow, ...] = ()
    help: str = ""  # its page in resources/help
