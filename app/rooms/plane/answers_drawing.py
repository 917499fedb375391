"""What a drawing would be, while a person draws: its points, their density, D* over them and coarse basins."""

from __future__ import annotations

import numpy as np

from app.engine.context import Context
from app.engine.contract import frozen
from app.rooms.plane.answers_basins import COARSE, areas_of
from app.rooms.plane.messages import BasinsAnswer, BasinsRequest, DensityAnswer, SketchAnswer, SketchRequest
from geomodel import density, runs
from geomodel.arrays import Array
from geomodel.basins import Basins, carried, nearest
from geomodel.datasets.dataset import Dataset

MOST_CARRYING = 256  # points that carry the coarse basins, which then take 4 ms; they are spread evenly too


def sketch(request: SketchRequest, _at: Context) -> SketchAnswer:
    """Points, density, field and basins of the strokes, whatever the run is about."""
    shown, data = request.shown, request.key.load()
    points = np.asarray(data.points)
    image = density.density_image(points, np.zeros(len(points)), None, shown.sigma, shown.rect, shown.pixels)
    at = denoised = np.zeros((0, 2))
    if shown.arrows[0]:
        at = density.grid_points(shown.rect, *shown.arrows)
        denoised = density.grid_denoised(points, shown.sigma, shown.rect, *shown.arrows)
    background = DensityAnswer(
        request=shown, density=frozen(image), at=frozen(at), denoised=frozen(denoised), seconds=0.0
    )
    found = _basins(request, data) if request.basins else None
    return SketchAnswer(request=request, points=frozen(points), background=background, basins=found)


def _basins(request: SketchRequest, data: Dataset) -> BasinsAnswer | None:
    """The first pass of the basins of the strokes; None where there are too many for classes."""
    if data.labels is None:
        return None
    shown = request.shown
    points, labels = np.asarray(data.points)[:MOST_CARRYING], np.asarray(data.labels)
    lowest, _ = runs.recommended_sigmas(data)

    def denoise(x: Array, sigma: float) -> Array:
        return density.plane_denoised(points, 0.0, None, sigma, x)

    def classify(at: Array) -> Array:
        return np.asarray(labels[nearest(points, carried(denoise, at, shown.sigma, lowest))])

    found = Basins.unknown(shown.rect, COARSE[True])
    found = found.advanced(classify, found.known.size)
    asked = BasinsRequest(run_id=request.run_id, sigma=shown.sigma, rect=shown.rect)
    return BasinsAnswer(request=asked, basins=found, areas=areas_of(found, data), finished=False)
