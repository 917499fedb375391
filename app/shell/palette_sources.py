"""What the command palette lists: one small function for each source, in one table."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from PySide6.QtGui import QKeySequence

from app.rooms import ROOMS
from app.rooms.contract import Offers
from app.shell import workspaces
from app.shell.actions import ACTIONS, MENUS, refusal
from app.shell.help_sheets import OTHERS
from app.shell.layout import LEFT_TITLE, LOG_TITLE
from app.shell.palette_search import PaletteEntry
from app.widgets.form import ChoiceField
from geomodel.presets import PRESETS
from geomodel.solvers.elsewhere import ELSEWHERE

if TYPE_CHECKING:
    from app.main_window import MainWindow

Source = Callable[["MainWindow"], Iterator[PaletteEntry]]

OWN = "palette"  # the action that opens the palette, which need not be listed there
FIELDS = (  # kind, the field of the settings whose choices are listed
    ("Solver", "solver"),
    ("Schedule", "schedule"),
    ("Start", "start"),
    ("Data", "data"),
    ("Network", "network"),
    ("Driver", "driver"),
)


def entries(window: MainWindow) -> Sequence[PaletteEntry]:
    """Everything that can be chosen, as it stands now."""
    return [entry for source in SOURCES for entry in source(window)]


def _actions(window: MainWindow) -> Iterator[PaletteEntry]:
    parents = dict(MENUS)
    for row in ACTIONS:
        if row.id == OWN:
            continue
        action, parent = window.actions_by_id[row.id], parents[row.menu]
        place = f"{parent} ▸ {row.menu}" if parent else row.menu
        yield PaletteEntry(
            kind="Workspace" if row in workspaces.ACTIONS else place,
            title=action.text(),
            act=action.trigger,
            keys=tuple(QKeySequence(key).toString(QKeySequence.SequenceFormat.NativeText) for key in row.keys),
            tip=row.tip,
            reason=refusal(action, row),
            checked=action.isChecked() if action.isCheckable() else None,
        )


def _choices(window: MainWindow) -> Iterator[PaletteEntry]:
    """The lines of the lists in the left column. A line edits the draft, as it does there."""
    fields = {**window.panels.model.fields, **window.panels.sampler.fields}
    for kind, name in FIELDS:
        field = fields[name]
        assert isinstance(field, ChoiceField)
        for choice in field.choices:
            yield PaletteEntry(
                kind=kind,
                title=choice.title,
                act=partial(window.player.drafting.edit, {name: choice.value}),
                tip=choice.help,
                reason=field.why_not(choice.value),
                checked=choice.value == field.value,
                words=f"{choice.value} {ELSEWHERE.get(choice.value, '')}",
            )


def _presets(window: MainWindow) -> Iterator[PaletteEntry]:
    for preset in PRESETS:
        act = partial(window.player.drafting.apply_preset, preset.name)
        yield PaletteEntry(kind="Preset", title=preset.title, act=act, tip=preset.help, words=preset.name)


def _recent_files(window: MainWindow) -> Iterator[PaletteEntry]:
    for path, there in window.documents.recent():
        yield PaletteEntry(
            kind="Recent file",
            title=Path(path).name,
            act=partial(window.documents.open_path, path),
            tip=path,
            reason="" if there else "This file is no longer there.",
        )


def _rooms(window: MainWindow) -> Iterator[PaletteEntry]:
    layout = window.layout_of_docks
    for row in ROOMS:
        if row.area != "foot":  # which is always in sight
            yield PaletteEntry(
                kind="View",
                title=row.title,
                act=partial(layout.visit, row.name),
                tip="Show this view and work in it by keyboard.",
                reason="It shows images, and the data are none." if row.images_only and not layout.images else "",
                words="room",
            )


def _panels(window: MainWindow) -> Iterator[PaletteEntry]:
    for title in (LEFT_TITLE, LOG_TITLE):
        act = partial(window.layout_of_docks.show_panel, title)
        yield PaletteEntry(kind="Panel", title=title, act=act, tip="Show this panel.")


def _offers(window: MainWindow) -> Iterator[PaletteEntry]:
    for room in window.building.built:  # to build the others now would keep a person waiting for a second
        if isinstance(room, Offers):
            yield from room.offers()


def _help(window: MainWindow) -> Iterator[PaletteEntry]:
    views = "What this view shows, with formulas and sources."
    pages = [*((name, title, "") for name, title, _ in OTHERS), *((row.name, row.title, views) for row in ROOMS)]
    for name, title, tip in pages:
        act = partial(window.commands.show_help, name)
        yield PaletteEntry(kind="Help", title=f"Help on {title}", act=act, tip=tip)


SOURCES: tuple[Source, ...] = (_actions, _choices, _presets, _recent_files, _rooms, _panels, _offers, _help)
