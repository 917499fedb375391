"""How good x and D of a run are at every level, over as many samples as wanted, beside held-out data."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from geomodel import runs
from geomodel.arrays import Floats
from geomodel.clouds import frechet_of, nearest_of, sliced_of
from geomodel.experiments.quality import QualityLine
from geomodel.quality import Quality, Yardstick
from geomodel.streamed import Gathered, Moments, Variance
from geomodel.study import Study
from geomodel.study_shards import Tell, arrays

CLOUDS = ("x", "D")


class Sums:
    """Makes the shards: what the numbers of `Quality` need of the samples of a run, level by level.

    Fréchet distance and spread need means and scatters; the distance to the data one number a sample and level; the
    sliced distance the samples along its directions, which are kept of as many samples as the control has.
    """

    def __init__(self, yardstick: Yardstick, first: int) -> None:
        """first: the seed of the first sample of the study."""
        self._yardstick, self._first = yardstick, first

    def __call__(self, job: runs.Job, tell: Tell) -> bytes:
        """The file of a shard. Memory holds one level at a time."""
        more, steps = max(0, len(self._yardstick.held_out) - (job.settings.seed - self._first)), len(job.sigmas) - 1
        found: dict[str, Any] = {"count": len(job.x), "sigmas": job.sigmas}
        for step in runs.steps_of(job, job.model):
            found |= self._of(f"x{step.index}", step.x, more) | self._of(f"D{step.index}", step.denoised, more)
            end = step.x_next
            tell((step.index + 1) / steps)
        return arrays(found | self._of(f"x{steps}", end, more))

    def _of(self, cloud: str, rows: Any, more: int) -> dict[str, Any]:
        """Numbers of one cloud at one level: `more` of its samples still count for the sliced distance."""
        rows = np.asarray(rows, np.float64)
        rows = rows[np.isfinite(_flat(rows)).all(axis=1)]
        flat = _flat(rows)
        sticks = self._yardstick
        inside, across = Moments(sticks.basis.count), Variance(flat.shape[1])
        inside.add(sticks.basis.project(rows))
        across.add(flat)
        found = {
            "count": np.asarray(len(flat)),
            "nearest": nearest_of(flat, sticks.flat, sticks.centre),
            "along": ((flat[:more] - sticks.centre) @ sticks.lines).astype(np.float32),  # six digits are enough
            **_said("inside", inside),
            **_said("across", across),
        }
        return {f"{cloud}.{name}": values for name, values in found.items()}


def _said(name: str, gathered: Gathered) -> dict[str, Any]:
    return {f"{name}.mean": gathered.mean, f"{name}.scatter": gathered.scatter}


def _flat(values: Any) -> Floats:
    found = np.asarray(values, np.float64)
    return found.reshape(len(found), math.prod(found.shape[1:]))


def qualities_in(study: Study, yardstick: Yardstick) -> list[QualityLine]:
    """Rows of the table: x at every level and D at each but the last, over all shards of a study that are there.

    Memory is that of one cloud. StudyError where a shard cannot be read.
    """
    sigmas = runs.noise_levels(study.plan.settings).tolist()
    clouds = [(cloud, level) for cloud in CLOUDS for level in range(len(sigmas) - (cloud == "D"))]
    return [(cloud, sigmas[level], _quality(study, yardstick, f"{cloud}{level}")) for cloud, level in clouds]


def _quality(study: Study, yardstick: Yardstick, cloud: str) -> Quality:
    """The numbers of one cloud at one level."""
    basis, dimension = yardstick.basis.count, yardstick.flat.shape[1]
    shapes: Mapping[str, tuple[int, ...]] = {
        "count": (),
        "nearest": (-1,),
        "along": (-1, yardstick.directions),
        "inside.mean": (basis,),
        "inside.scatter": (basis, basis),
        "across.mean": (dimension,),
        "across.scatter": (),
    }
    inside, across = Moments(basis), Variance(dimension)
    nearest, along, seen = [np.zeros(0)], [np.zeros((0, yardstick.directions))], 0
    for shard in study.numbers({"count": (), **{f"{cloud}.{name}": shape for name, shape in shapes.items()}}):
        own = {name: shard[f"{cloud}.{name}"] for name in shapes}
        seen += int(shard["count"])
        nearest.append(own["nearest"])
        along.append(own["along"])
        inside.merge(int(own["count"]), own["inside.mean"], own["inside.scatter"])
        across.merge(int(own["count"]), own["across.mean"], own["across.scatter"])
    first, whole, count = np.sort(np.concatenate(along), axis=0), yardstick.variance, across.count
    return Quality(
        sliced=sliced_of(first, yardstick.along) if len(first) else math.nan,
        frechet=frechet_of(inside(), yardstick.moments),
        spread=across() / whole if whole > 0 else math.nan,
        nearest=float(np.median(np.concatenate(nearest))) if count else math.nan,
        count=count,
        note=f"{seen - count} of {seen} samples are not finite and were left out." if count < seen else "",
    )


def control(yardstick: Yardstick) -> Quality:
    """The numbers of the held-out data, with what the yardstick says of them."""
    return replace(yardstick.control, note=yardstick.note)
