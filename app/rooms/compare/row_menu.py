"""The menu of a row of the compare table."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import groupby

from app.rooms.compare.pictures import LanePicture
from app.widgets.context_menu import Entry, Row, Submenu
from geomodel import solvers


def rows_of(
    lane: LanePicture, acts: Mapping[str, Callable[[], object]], change: Callable[[str], object]
) -> tuple[Row, ...]:
    """The rows for a lane. acts: what "evaluations", "steps", "use" and "remove" do; change: takes another solver."""
    free, counted = not lane.fixed, not lane.fixed and not lane.adaptive
    others = tuple(
        Submenu(family, tuple(Entry(row.title, partial(change, row.name), tip=row.formula) for row in rows))
        for family, rows in groupby(solvers.SOLVERS, key=lambda row: row.family)
    )
    use = Entry("Use this sampler", acts["use"], keys="Ctrl+Return", tip="Take it over into the form.")
    if lane.swept:
        return (use,)
    return (
        use,
        None,
        Entry("Change evaluations", acts["evaluations"], enabled=counted, keys="Return", tip=lane.fixed),
        Entry("Change steps", acts["steps"], enabled=free, keys="Shift+Return", tip=lane.fixed),
        *((Submenu("Change solver", others),) if free else ()),
        None,
        Entry("Remove", acts["remove"], keys="Del"),
    )
