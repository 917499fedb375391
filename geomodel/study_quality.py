"""How good the samples of a study are, shard by shard, beside as many held-out data as there are."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from geomodel.clouds import frechet_of, nearest_of
from geomodel.hooks import Between, nothing
from geomodel.quality import Quality, Yardstick, sliced_wasserstein
from geomodel.streamed import Moments, Variance
from geomodel.study import Study

if TYPE_CHECKING:
    from geomodel.datasets import Dataset

MOST_HELD_OUT = 5_000  # data points of the control; with all of them it would cost as much as the study


def quality_of(study: Study, data: Dataset, *, between: Between = nothing) -> tuple[Quality, Quality]:
    """The numbers of the ends of a study and of the control, held-out data (`geomodel.quality`).

    Fréchet distance, spread and the median distance to the nearest data are gathered shard by shard, so memory is flat
    but for one number a sample. The sliced distance would need all samples sorted, so it is that of the first shards,
    of as many samples as the control has. Ends that are not finite are left out, and the note says so.

    Raises StudyError where a shard cannot be read, and ValueError where the data have another shape.
    """
    held_out = min(study.plan.samples, MOST_HELD_OUT)
    yardstick = Yardstick.of(data.points, held_out, between=between)
    inside, outside = Moments(yardstick.basis.count), Variance(yardstick.flat.shape[1])
    nearest, first, seen = [np.zeros(0)], np.zeros((0, *data.points.shape[1:])), 0
    for ends in study.ends():
        between()
        if ends.shape[1:] != first.shape[1:]:
            raise ValueError(f"The samples have shape {ends.shape[1:]}; the data have {first.shape[1:]}.")
        seen += len(ends)
        rows = np.asarray(ends, np.float64)
        rows = rows[np.isfinite(rows.reshape(len(rows), -1)).all(axis=1)]
        flat = rows.reshape(len(rows), -1)
        first = np.concatenate([first, rows[: max(0, held_out - len(first))]])
        inside.add(yardstick.basis.project(rows))
        outside.add(flat)
        nearest.append(nearest_of(flat, yardstick.flat, yardstick.centre, between))
    whole, count = yardstick.variance, outside.count
    found = Quality(
        sliced=sliced_wasserstein(first, yardstick.reference) if count else math.nan,
        frechet=frechet_of(inside(), yardstick.moments),
        spread=outside() / whole if whole > 0 else math.nan,
        nearest=float(np.median(np.concatenate(nearest))) if count else math.nan,
        count=count,
        note=f"{seen - count} of {seen} samples are not finite and were left out." if count < seen else "",
    )
    return found, replace(yardstick.control, note=yardstick.note)
