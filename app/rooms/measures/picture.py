"""Makes the picture of the measures from a run. Pure functions."""

from __future__ import annotations

from dataclasses import replace

from app.plotting.values import MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from app.session.facts import ON_REQUEST
from app.session.state import Run, Selection


def measures_picture(
    run: Run | None, plots: tuple[MeasurePlot, ...], selection: Selection, words: str = ""
) -> MeasuresPicture:
    """The measures view. words: how far those are that are computed on request, or why they are not."""
    if run is None:
        return MeasuresPicture(message="Press Run (F5) to see measures over the noise levels.")
    if words:
        plots = tuple(replace(plot, waiting=words) if plot.waiting == ON_REQUEST else plot for plot in plots)
    return MeasuresPicture(sigmas=run.sigmas, plots=plots, index=selection.index, sample=selection.sample)
