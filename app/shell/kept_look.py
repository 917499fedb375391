"""Keeps frame, tool and sampler between two starts of the window."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from app.session.snapshot import check_draft
from app.session.state import AppState
from app.shell.settings_store import KeptLook, SettingsStore
from geomodel.settings import RunSettings, from_json, to_json

SAMPLER = ("solver", "options", "schedule", "levels", "rho", "steps", "final_zero")  # fields of the settings


def restore(state: AppState, store: SettingsStore) -> None:
    """Begin as the last window ended. Nothing is shown yet."""
    look = store.settings.look
    state.plane_options = replace(state.plane_options, frame=look.frame, tool=look.tool)
    state.draft = _with_sampler(state.draft, store.settings.sampler)


def remember(state: AppState, store: SettingsStore) -> None:
    """Keep what the next window begins with."""
    options, values = state.plane_options, to_json(state.draft)
    sampler = {name: values[name] for name in SAMPLER}
    tool = "select" if options.tool == "draw" else options.tool  # a window never opens as a canvas
    store.change(look=KeptLook(frame=options.frame, tool=tool), sampler=sampler)


def _with_sampler(draft: RunSettings, sampler: dict[str, Any]) -> RunSettings:
    """The draft with this sampler; as it is where the sampler is none, because another version has kept it."""
    try:
        found = from_json({**to_json(draft), **{name: sampler[name] for name in SAMPLER if name in sampler}})
        check_draft(found)
    except ValueError:
        return draft
    return found
