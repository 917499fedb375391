"""What a drawing would be, while a person draws: points, density and D* over them; and what a picture draws."""

from __future__ import annotations

import numpy as np

from app.engine.context import Context
from app.engine.contract import frozen
from app.rooms.plane.messages import DensityAnswer, SketchAnswer, SketchRequest, TraceAnswer, TraceRequest
from geomodel import density
from geomodel.datasets import DataError
from geomodel.datasets.traced import traced
from geomodel.denoisers.optimal import OptimalDenoiser


def sketch(request: SketchRequest, _at: Context) -> SketchAnswer:
    """Points, density and field of the strokes, whatever the run is about."""
    shown = request.shown
    points = np.asarray(request.key.load().points)
    image = density.density_image(points, np.zeros(len(points)), None, shown.sigma, shown.rect, shown.pixels)
    at = density.grid_points(shown.rect, *shown.arrows) if shown.arrows[0] else np.zeros((0, 2))
    denoised = np.asarray(OptimalDenoiser(points)(at, shown.sigma)) if len(at) else at
    background = DensityAnswer(
        request=shown, density=frozen(image), at=frozen(at), denoised=frozen(denoised), seconds=0.0
    )
    return SketchAnswer(request=request, points=frozen(points), background=background)


def trace(request: TraceRequest, _at: Context) -> TraceAnswer:
    """The ink of a picture."""
    try:
        strokes, width = traced(request.path, request.box)
    except DataError as error:
        return TraceAnswer(request=request, problem=str(error))
    return TraceAnswer(request=request, strokes=strokes, width=width)
