"""The measures in words: the values at the playhead."""

from __future__ import annotations

from collections.abc import Iterator
from math import nan

from app.plotting.values import MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from geomodel.number_text import fixed


def values_at(plot: MeasurePlot, picture: MeasuresPicture) -> dict[str, float]:
    """The values of a measure's curves at the playhead, by their labels; NaN where undefined."""
    at, sample = picture.index, picture.sample
    return {c.label: float(c.values[at, sample]) if at < len(c.values) else nan for c in plot.curves}


def describe(picture: MeasuresPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: MeasuresPicture) -> Iterator[str]:
    if picture.sigmas is None:
        yield picture.message
        return
    at, sigma = picture.index, fixed(float(picture.sigmas[picture.index]))
    yield f"Sample {picture.sample} at level {at} of {len(picture.sigmas) - 1}, σ = {sigma}."
    for plot in picture.plots:
        values = ", ".join(f"{label} {fixed(value)}".strip() for label, value in values_at(plot, picture).items())
        yield f"{plot.title}: {plot.waiting.rstrip('.') or values}."
