"""The measures in words: the values at the playhead."""

from __future__ import annotations

from collections.abc import Iterator

from app.plotting.values import MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from geomodel.number_text import fixed


def values_at(plot: MeasurePlot, picture: MeasuresPicture) -> dict[str, float]:
    """The values of a measure's curves at the playhead, by their labels; NaN where undefined."""
    return {curve.label: curve.at(picture.index, picture.sample) for curve in plot.curves}


def left_out_text(picture: MeasuresPicture) -> str:
    """How many levels were measured where some were left out; else nothing."""
    curves = [curve for plot in picture.plots for curve in plot.curves if curve.measured is not None]
    if picture.sigmas is None or not curves:
        return ""
    return f"measured at {max(len(curve.values) for curve in curves):,} of {len(picture.sigmas):,} levels"


def describe(picture: MeasuresPicture) -> str:
    """The picture in sentences, with its numbers."""
    return " ".join(_sentences(picture))


def _sentences(picture: MeasuresPicture) -> Iterator[str]:
    if picture.sigmas is None:
        yield picture.message
        return
    at, sigma = picture.index, fixed(float(picture.sigmas[picture.index]))
    yield f"Sample {picture.sample} at level {at} of {len(picture.sigmas) - 1}, σ = {sigma}."
    if left_out := left_out_text(picture):
        yield f"{left_out[:1].upper()}{left_out[1:]}; a value is that of the last of them before the playhead."
    for plot in picture.plots:
        values = ", ".join(f"{label} {fixed(value)}".strip() for label, value in values_at(plot, picture).items())
        yield f"{plot.title}: {plot.waiting.rstrip('.') or values}."
