"""The sliders: what each of them chooses, and between which values."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

import numpy as np

from app.rooms.error_bounds.pictures import Chosen
from geomodel.number_text import fixed

Name = Literal["steps", "dimension", "variance", "score_error", "frequency"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Dial:
    """One slider. It stops at each of its values."""

    name: Name
    title: str
    tip: str
    values: tuple[float, ...]
    text: Callable[[float], str]

    def nearest(self, value: float) -> int:
        """The stop that is nearest on the slider's scale."""
        stops = np.array(self.values)
        if stops[0] > 0:
            return int(np.abs(np.log(stops / max(value, 1e-300))).argmin())
        return int(np.abs(stops - value).argmin())


def _whole(value: float) -> str:
    return f"{value:,.0f}"


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"


def _spread(value: float) -> str:
    return f"{value:.3g}"


def _frequency(value: float) -> str:
    return fixed(value, 3) if value else "0, no error"


def _doublings(first: float, doublings: int, parts: int) -> tuple[int, ...]:
    """Whole numbers, spread evenly over so many doublings."""
    return tuple(np.unique(np.round(first * 2 ** (np.arange(doublings * parts + 1) / parts)).astype(int)).tolist())


DIALS: tuple[Dial, ...] = (
    Dial(
        name="steps",
        title="Steps T",
        tip="How many steps the sampler takes.",
        values=_doublings(50, 7, 4),
        text=_whole,
    ),
    Dial(
        name="dimension",
        title="Dimensions d",
        tip="The data are N(0, v I) in so many dimensions.",
        values=_doublings(1, 10, 4),
        text=_whole,
    ),
    Dial(
        name="variance",
        title="Variance v",
        tip="Of the data in each direction. The noise, in which the sampler begins, has variance 1.",
        values=tuple((2.0 ** np.arange(-6, 4.5, 0.5)).tolist()),
        text=_spread,
    ),
    Dial(
        name="score_error",
        title="Score error p",
        tip="The sampler uses 1 + p times the right score.",
        values=tuple(np.round(np.arange(0, 0.205, 0.005), 3).tolist()),
        text=_percent,
    ),
    Dial(
        name="frequency",
        title="Frequency ω",
        tip="The score is wrong by 0.05 sin(ωx), whose mean square hardly depends on ω.",
        values=(0.0, *np.geomspace(1, 100, 41).tolist()),
        text=_frequency,
    ),
)


def at_stops(chosen: Chosen) -> Chosen:
    """The nearest place at which every slider can stand."""
    stops: dict[str, Any] = {}
    for dial in DIALS:
        value = getattr(chosen, dial.name)
        stops[dial.name] = type(value)(dial.values[dial.nearest(value)])
    return replace(chosen, **stops)


BY_NAME = {dial.name: dial for dial in DIALS}
T_STOPS, D_STOPS = (np.array(BY_NAME[name].values) for name in ("steps", "dimension"))
