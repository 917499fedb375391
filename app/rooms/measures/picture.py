"""Makes the picture of the measures from a run. Pure functions."""

from __future__ import annotations

from app.plotting.values import MeasurePlot
from app.rooms.measures.pictures import MeasuresPicture
from app.session.state import Run, Selection


def measures_picture(run: Run | None, plots: tuple[MeasurePlot, ...], selection: Selection) -> MeasuresPicture:
    """The measures view."""
    if run is None:
        return MeasuresPicture(message="Press Run (F5) to see measures over the noise levels.")
    return MeasuresPicture(sigmas=run.sigmas, plots=plots, index=selection.index, sample=selection.sample)
