"""Makes the tilt view's picture from a run's data, the knobs and an answer. Pure functions."""

from __future__ import annotations

import math
from dataclasses import replace

from app.rooms.tilt.messages import LONGEST, Knobs, TiltAnswer, TiltRequest
from app.rooms.tilt.pictures import TiltPicture
from app.session.facts import data_title
from app.session.state import Run
from geomodel import datasets
from geomodel.datasets import Dataset

KNOWN = ("gaussian-ring", "gaussian-64", "clusters-64")  # the data whose distribution is a known mixture
EMPTY = "Press Run (F5) on data whose distribution is known, such as the Gaussian ring."
MANY, SINGLE = -24, -8  # notches of β at first, for a mixture and for one Gaussian: ½ on the Gaussian ring


def undefined(run: Run) -> str:
    """Why a run has nothing to tilt, and what to do; empty where it has."""
    if run.source is None or not run.linked:
        return run.caption or "The tilt needs the data of this run, which are not open."
    if run.source.dataset.gaussians is None:
        *others, last = (datasets.row(name).title for name in KNOWN)
        return (
            f"The exact tilt needs the distribution behind the data, and that of {run.source.dataset.name} is not "
            f"known. It is known for {', '.join(others)} and {last}; choose one of them as reference data."
        )
    return ""


def unit_of(dataset: Dataset) -> float:
    """The power of 2 next to the data's largest deviation: the unit of β and, inverted, of c."""
    return float(2.0 ** round(math.log2(dataset.largest_deviation)))


def notch_of(knobs: Knobs, dataset: Dataset) -> int:
    """Where β stands."""
    assert dataset.gaussians is not None
    return knobs.notch if knobs.notch is not None else SINGLE if len(dataset.gaussians[0]) == 1 else MANY


def request_of(run: Run, knobs: Knobs) -> TiltRequest:
    """What is asked about a run that has a mixture."""
    assert run.source is not None
    dataset = run.source.dataset
    unit = unit_of(dataset)
    return TiltRequest(
        run_id=run.id,
        linear=knobs.linear(),
        quadratic=knobs.bend / (50 * unit),
        beta=unit * 2 ** (notch_of(knobs, dataset) / 8),
    )


def aimed(knobs: Knobs, picture: TiltPicture, x: float, y: float) -> Knobs:
    """The knobs with the direction and length of a for which the handle of the arrow stands at (x, y)."""
    dx, dy = x - picture.origin[0], y - picture.origin[1]
    length = min(round(20 * math.hypot(dx, dy) / picture.reach), LONGEST)
    return replace(knobs, degrees=round(math.degrees(math.atan2(dy, dx))) % 360, twentieths=length)


def picture_of(run: Run, knobs: Knobs, answer: TiltAnswer | None, *, late: bool) -> TiltPicture:
    """Everything about a run that has a mixture."""
    assert run.source is not None
    dataset = run.source.dataset
    assert dataset.gaussians is not None
    request, middle = request_of(run, knobs), run.source.plane.project(dataset.mean)
    several = len(dataset.gaussians[0]) == len(dataset.label_names or ())
    return TiltPicture(
        error=answer.message if answer is not None else "",
        knobs=knobs,
        notch=notch_of(knobs, dataset),
        beta=request.beta,
        quadratic=request.quadratic,
        title=data_title(run.settings.data),
        data=run.source.plane_points,
        origin=(float(middle[0]), float(middle[1])),
        reach=dataset.largest_deviation,
        names=tuple(dataset.class_name(k) for k in range(len(dataset.gaussians[0]))) if several else ("the Gaussian",),
        answer=answer,
        late=late,
    )
