"""What the inspector shows."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One number: its group, name, value with unit as text, and its formula."""

    group: str
    name: str
    value: str
    formula: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class InspectorPicture:
    """Every row, in groups."""

    rows: tuple[Row, ...] = ()
