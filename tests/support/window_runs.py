"""Small runs as the window sees them, for tests of what is composed from them."""

from __future__ import annotations

from functools import cache

import numpy as np

import geomodel as gm
from app.engine.library import Library
from app.engine.messages import DataOpened
from app.session.state import Run
from geomodel import runs
from geomodel.datasets import Dataset
from geomodel.projection import principal_components
from geomodel.run_measures import measure
from geomodel.settings import DataKey, RunSettings

TOY = RunSettings(data="two-moons", data_count=60, steps=5, count=4, seed=11)


@cache
def moons() -> DataOpened:
    """Sixty points in the plane."""
    return Library().data(DataKey("two-moons", 60, 0)).opened


@cache
def pictures() -> DataOpened:
    """Thirty grey images of 9 × 8 pixels: large enough that stage points are kept for one sample."""
    stored = np.random.default_rng(0).integers(0, 256, (30, 1, 9, 8), dtype=np.uint8)
    dataset = Dataset(name="pictures.npy", kind="images", stored=stored)
    plane = principal_components(dataset.points)
    return DataOpened(
        name="pictures.npy",
        count=1,
        seed=0,
        dataset=dataset,
        sigma_min=0.002,
        sigma_max=80.0,
        plane=plane,
        plane_points=plane.project(dataset.points),
    )


def computed(opened: DataOpened, settings: RunSettings = TOY, *, levels: int | None = None, keep: int = 0) -> Run:
    """A run as the engine leaves it; with `levels`, one that still grows."""
    job = runs.prepare(settings, opened.dataset)
    record = runs.new_record(job, keep)
    run = Run(1, job.settings, "computing", record=record, source=opened, linked=True, asked=job.asked)
    labels = job.labels(len(job.x))
    for step in gm.iterate(job.model, job.x, job.sigmas, solver=settings.solver, labels=labels, **settings.options):
        if record.committed == levels:
            return run
        record.append(step, measure(job, step, record.trail), passed=record.trail.take())
    run.trajectory = runs.finish(job, record)
    run.status = "complete"
    return run
