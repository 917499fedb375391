"""Points along the strokes of a drawing."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Floats, Integers
from geomodel.datasets.common import DataError
from geomodel.datasets.dataset import Dataset
from geomodel.datasets.toy import Draw
from geomodel.strokes import WIDEST, WIDTH, Strokes, problem

DRAWING = "drawing"  # the name of a set that is drawn
MOST_CLASSES = 64  # with more strokes the drawing is a picture, whose strokes are no classes
_GOLDEN = (math.sqrt(5.0) - 1.0) / 2.0


def drawing(strokes: Sequence[ArrayLike], *, count: int = 1000, seed: int = 0, width: float = WIDTH) -> Dataset:
    """Points that are spread evenly along the strokes of a drawing, with normal noise across them.

    Point i stands at the share u_i = frac(u_0 + i (√5 − 1)/2) of the drawing's weight, where u_0 comes from the seed
    and the weight of a stroke is its length + width: this is an even spacing for every count, because the gaps of any
    beginning of the sequence have at most three lengths. It is moved across its stroke by (width/2) z, z ~ N(0, 1). A
    stroke without length is a dot, whose points are moved by (width/2) z in both directions.

    Point i depends on (strokes, seed, width, i) alone, so that a smaller set is the beginning of a larger one.

    Args:
        strokes: each a polyline (vertices, 2) in data units; at most 1,000 of them, with 10,000 vertices together.
        count: how many points, at least 1.
        seed: a whole number from 0.
        width: of the lines, in data units: twice the deviation of the noise.

    Returns:
        A set of the kind "toy" with points (count, 2) in float64. Each stroke is a class, where there are not more
        than 64.

    Raises:
        DataError (a ValueError): no stroke, too many, a vertex that is no point of the plane, a negative width, or a
            count or seed that generated sets do not have; one sentence says which.

    Source of the even spacing: van Ravenstein, The three gap theorem, Journal of the Australian Mathematical Society
    (Series A) 45, 1988.
    """
    given = _polylines(strokes)
    if found := problem(given):
        raise DataError(found)
    if not 0 <= width <= WIDEST:  # or NaN
        raise DataError(f"The width of a line is a finite number from 0; got {width}.")
    draw = Draw(count, seed)
    along = (draw.uniform[0, 0] + _GOLDEN * np.arange(draw.count)) % 1.0
    points, stroke, direction = _places(given, along, width)
    across = np.stack([-direction[:, 1], direction[:, 0]], axis=1)
    dot = (direction == 0).all(axis=1)
    noise = np.where(dot[:, None], draw.normal, draw.normal[:, :1] * across)
    labelled = len(given) <= MOST_CLASSES
    return Dataset(
        name=DRAWING,
        kind="toy",
        stored=points + 0.5 * width * noise,
        labels=stroke if labelled else None,
        label_names=tuple(f"stroke {number}" for number in range(1, len(given) + 1)) if labelled else None,
    )


def _polylines(strokes: Sequence[ArrayLike]) -> Strokes:
    try:
        lines = [np.asarray(stroke, np.float64).reshape(-1, 2) for stroke in strokes if len(stroke)]  # type: ignore[arg-type]
    except (TypeError, ValueError) as error:
        raise DataError("A stroke is a list of vertices of two coordinates: ((0, 0), (1, 0.5)).") from error
    return tuple(tuple((float(x), float(y)) for x, y in line) for line in lines)


def _places(strokes: Strokes, share: Floats, width: float) -> tuple[Floats, Integers, Floats]:
    """Where each share of the drawing's weight lies: the point, its stroke, and the unit direction (0 on a dot)."""
    starts, ends, weights, owners = [], [], [], []
    for number, stroke in enumerate(strokes):
        line = np.asarray(stroke)
        first, last = (line, line) if len(line) == 1 else (line[:-1], line[1:])
        lengths = np.linalg.norm(last - first, axis=1)
        total = float(lengths.sum())
        spread = lengths / total if total else np.full(len(lengths), 1.0 / len(lengths))
        starts.append(first)
        ends.append(last)
        weights.append(spread * (total + width))
        owners.append(np.full(len(lengths), number, dtype=np.int64))
    start, end, owner = np.concatenate(starts), np.concatenate(ends), np.concatenate(owners)
    weight = np.concatenate(weights)
    weight = weight / weight.max() if weight.any() else np.ones(len(weight))  # dots of no width weigh the same
    bounds = np.cumsum(weight)
    at = np.minimum(np.searchsorted(bounds, share * bounds[-1], side="right"), len(bounds) - 1)
    within = 1.0 - (bounds[at] - share * bounds[-1]) / np.where(weight[at] > 0, weight[at], 1.0)
    along = end - start
    length = np.linalg.norm(along, axis=1, keepdims=True)
    direction = np.divide(along, length, out=np.zeros_like(along), where=length > 0)
    return start[at] + within.clip(0.0, 1.0)[:, None] * along[at], owner[at], direction[at]
