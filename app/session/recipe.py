"""The recipe of a picture or a film: how its run was made, and what was looked at.

It is the settings that a saved run carries, with an entry `SEEN` beside them. The types bound everything that a
stranger's file could say.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field, replace
from typing import Annotated, Any

import msgspec
from msgspec import Meta

from app.session.lanes import Lanes
from app.session.plane_options import LAYERS, PlaneOptions
from app.session.state import AppState
from geomodel.error_text import cut
from geomodel.origin import Origin, check, origin_of
from geomodel.run_format import LARGEST
from geomodel.settings import RunSettings, from_json, to_json

SEEN = "seen"
MOST_LANES = 50
MOST_NUMBER = 2**31 - 1
Name = Annotated[str, Meta(max_length=80)]
Count = Annotated[int, Meta(ge=0, le=MOST_NUMBER)]


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What was looked at: a room, a level and a sample, the plane's options, and the lanes of the race as JSON."""

    view: Name = ""
    workspace: Name = ""
    level: Count = 0
    sample: Count = 0
    options: PlaneOptions = field(default_factory=PlaneOptions)
    lanes: Annotated[tuple[dict[str, Any], ...], Meta(max_length=MOST_LANES)] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Recipe:
    """A recipe that was read. Its settings are such as a form can make."""

    origin: Origin
    seen: Seen | None = None  # pictures of earlier versions do not say it
    lanes: tuple[RunSettings, ...] = ()


def composed(state: AppState, lanes: Lanes, view: str, workspace: str) -> dict[str, Any]:
    """The recipe of a view as the window stands, as JSON-able values; empty where there is no finished run."""
    run, selection = state.run, state.selection
    if run is None or run.trajectory is None:
        return {}
    seen = Seen(
        view=view,
        workspace=workspace,
        level=selection.index,
        sample=selection.sample,
        options=replace(state.plane_options, branch=None),
        lanes=tuple(to_json(lane.settings) for lane in lanes.lanes[:MOST_LANES]),
    )
    return {**run.trajectory.settings, SEEN: msgspec.to_builtins(seen)}


def text(recipe: dict[str, Any]) -> str:
    """The recipe as JSON in ASCII, which every kind of file can hold."""
    return json.dumps(recipe, sort_keys=True)


def decoded(text: str) -> Recipe:
    """A recipe from its JSON. ValueError, with a clause, where no window could have written it."""
    try:
        said = msgspec.json.decode(text, type=dict[str, Any])
        seen = msgspec.convert(said[SEEN], Seen) if SEEN in said else None
    except (msgspec.MsgspecError, UnicodeError, RecursionError) as error:
        raise ValueError(f"does not fit ({cut(str(error), 200).rstrip('.')})") from error
    if not isinstance(said.get("run"), dict):
        raise ValueError("does not say how a run was made")
    try:
        made = origin_of(said)
        lanes = () if seen is None else tuple(map(_settings, seen.lanes))
    except (ValueError, RecursionError) as error:
        raise ValueError(f"holds settings that no form makes ({cut(str(error), 200).rstrip('.')})") from error
    seen = None if seen is None else replace(seen, options=_options(seen.options))
    return Recipe(origin=made, seen=seen, lanes=lanes)


def _settings(values: dict[str, Any]) -> RunSettings:
    settings = from_json(values)
    check(settings)
    return settings


def _options(options: PlaneOptions) -> PlaneOptions:
    """The plane's options with layers of this version, and without a branch or a probe at no point."""
    numbers = [*(options.probe or ()), options.probe_sigma or 1.0]
    there = all(abs(number) <= LARGEST for number in numbers) and (options.probe_sigma or 1.0) > 0  # false for NaN too
    layers = options.layers & frozenset(LAYERS)
    kept = options if there else replace(options, probe=None, probe_sigma=None)
    return replace(kept, layers=layers, branch=None)
