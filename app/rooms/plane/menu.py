"""The rows of the plane's menu: what can be done at a point, and the actions that change the plane's options."""

from __future__ import annotations

from collections.abc import Callable

from app.rooms.plane.actions import ACTIONS
from app.widgets.context_menu import Entry, Row, Submenu

CHOICES = (("Tool", "tool"), ("Frame", "frame"), ("Layers", "layer"), ("Plane of images", "mode"), ("Arrows", "arrow"))
LOOK_ROWS: tuple[Row, ...] = tuple(
    Submenu(title, tuple(row.id for row in ACTIONS if row.id.startswith(f"{kind}."))) for title, kind in CHOICES
)


def point_rows(
    sample: int | None,
    pick: Callable[[int], None],
    start: Callable[[], None] | None,
    probe: Callable[[], None] | None,
) -> tuple[Row, ...]:
    """The rows for a point: the sample near it, and what can be placed there. A row that does not apply is disabled."""
    return (
        Entry(
            "Select this sample" if sample is None else f"Select sample {sample}",
            lambda: None if sample is None else pick(sample),
            enabled=sample is not None,
        ),
        Entry("Start here", start or _nothing, enabled=start is not None, keys="Ctrl+click"),
        Entry("Probe here", probe or _nothing, enabled=probe is not None),
        None,
    )


def _nothing() -> None:
    """Do nothing, because the row is disabled."""
