"""What a picture draws: its ink as strokes."""

from __future__ import annotations

from app.engine.context import Context
from app.rooms.plane.messages import TraceAnswer, TraceRequest
from geomodel.datasets import DataError
from geomodel.datasets.traced import traced


def trace(request: TraceRequest, _at: Context) -> TraceAnswer:
    """The ink of a picture, or why there is none."""
    try:
        strokes, width = traced(request.path, request.box)
    except DataError as error:
        return TraceAnswer(request=request, problem=str(error))
    return TraceAnswer(request=request, strokes=strokes, width=width)
