"""Hand-made pictures for the tests of the plane view."""

from __future__ import annotations

import numpy as np

from app.plotting.theme import LIGHT
from app.rooms.plane.messages import (
    BasinArea,
    BasinsAnswer,
    BasinsRequest,
    DensityAnswer,
    DensityRequest,
    ProbeAnswer,
    ProbeRequest,
)
from app.rooms.plane.pictures import InsidePicture, PlaneCurves, PlanePicture
from app.rooms.plane.view import PlaneView
from app.rooms.strip.messages import NeighboursAnswer, NeighboursRequest
from geomodel.basins import UNKNOWN, Basins

SIGMAS = np.array([4.0, 2.0, 1.0, 0.5])


def make_curves(committed=4, final=False):
    rng = np.random.default_rng(1)
    sampling = rng.standard_normal((4, 3, 2)) * np.hypot(1, SIGMAS)[:, None, None]
    denoising = rng.standard_normal((3, 3, 2))
    sampling[committed:], denoising[max(0, committed - 1) :] = np.nan, np.nan
    last = rng.standard_normal((3, 2)) if final else None
    return PlaneCurves(sampling=sampling, denoising=denoising, sigmas=SIGMAS, committed=committed, final_denoised=last)


def make_background(sigma=1.0, rect=(-4.0, -3.0, 8.0, 6.0)):
    density = np.full((30, 40), -20.0)
    density[20:, 30:] = 0.0  # the upper right corner
    at = np.array([[0.0, 0.0], [1.0, 1.0], [-2.0, 1.0]])
    request = DensityRequest(run_id=1, sigma=sigma, rect=rect, pixels=(40, 30), arrows=(8, 6), field="driver")
    denoised = np.array([[1.0, 0.0], [1.0, 3.0], [-2.5, 1.0]])
    return DensityAnswer(request=request, density=density, at=at, denoised=denoised, seconds=0.0)


def make_probe(point=(0.5, -0.5), sigma=1.0):
    return ProbeAnswer(
        request=ProbeRequest(run_id=1, point=point, sigma=sigma, path=True),
        denoised=np.array([0.1, 0.2]),
        optimal=np.array([0.1, 0.2]),
        network=np.array([0.3, 0.1]),
        indices=np.array([4, 2]),
        weights=np.array([0.8, 0.2]),
        effective_neighbours=1.65,
        log_density=-2.5,
        path=np.array([[0.5, -0.5], [0.1, 0.2], [0.0, 0.3]]),
        shift=0.806,
        difference=0.224,
    )


def make_neighbours(index=1, sample=2):
    return NeighboursAnswer(NeighboursRequest(1, index, sample), np.array([7, 3, 9]), np.array([0.6, 0.3, 0.0001]), 1.9)


def make_basins(sigma=2.0, **more):
    """Left and right halves of a rectangle, in which a corner is not known."""
    classes = np.repeat([[0, 0, 1, 1]], 3, axis=0)
    classes[2, 3] = UNKNOWN
    basins = Basins((-4.0, -3.0, 8.0, 6.0), classes, classes != UNKNOWN)
    areas = (BasinArea(0, "upper moon", 0.5, (-2.0, 0.0)), BasinArea(1, "lower moon", 5 / 12, (2.0, -1.0)))
    request = BasinsRequest(run_id=1, sigma=sigma, rect=basins.rect)
    return BasinsAnswer(**{"request": request, "basins": basins, "areas": areas, "finished": False} | more)


def make_inside():
    return InsidePicture(
        x=np.array([[1.0, 0.0], [0.8, 0.1], [1.5, 0.0]]),
        denoised=np.array([[0.0, 0.0], [0.2, 0.1], [0.0, 0.0]]),
        sigmas=(1.0, 0.5, 2.0),
        stages=2,
        slope_weights=(0.5, 0.75, -0.25),
        start=np.array([1.0, 0.0]),
        end=np.array([0.7, 0.1]),
        euler=np.array([0.5, 0.0]),
        sigma=1.0,
        sigma_next=0.5,
        exact=np.linspace([1.0, 0.0], [0.7, 0.12], 33),
        exact_error=1e-8,
    )


DATA = np.random.default_rng(2).standard_normal((50, 2))
CENTER = np.array([0.1, -0.2])  # the data's mean, about which the scaled frame divides
PICTURE = PlanePicture(
    title="Two moons", data=DATA, curves=make_curves(), index=1, sample=2, center=(float(CENTER[0]), float(CENTER[1]))
)


def divided(points, by):
    """Points with their distances to the data's mean divided by a factor, as the scaled frame shows them."""
    return CENTER + (np.asarray(points) - CENTER) / by


def shown(qtbot):
    """A view on screen that shows the picture; for a fixture."""
    view = PlaneView(LIGHT)
    qtbot.addWidget(view)
    view.resize(640, 512)  # with the row of tools
    view.show()
    qtbot.waitExposed(view)
    view.display(PICTURE)
    yield view
    view.release()


def curve_of(bundle):
    return np.stack(bundle.getData(), -1)


def seen(view):
    """The range that pyqtgraph shows: x, y, width, height."""
    (left, right), (bottom, top) = view.ground.box.viewRange()
    return left, bottom, right - left, top - bottom
