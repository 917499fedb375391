"""The numbers beside Space: what each owner's curves have in common, with the formula of every number."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from app.rooms.space.messages import Control, ControlSpace, Space
from app.rooms.space.pictures import NumberRow
from geomodel.arrays import Array
from geomodel.geometry import Shape, Subspace, shape_distance
from geomodel.geometry.procrustes import Turns
from geomodel.number_text import fixed

Number = Callable[[Subspace, Shape], str]
NONE = "–"


def _size(value: float) -> str:
    """A number that is exact to about 10⁻⁹."""
    return "0" if value < 1e-9 else fixed(value, 3)


def _percent(value: float) -> str:
    return f"{100 * value:.1f} %" if np.isfinite(value) else NONE


def shares(curves: Subspace) -> tuple[float, float]:
    """The mean share of one component, and of two; NaN where no curve has any."""
    known = curves.explained[np.isfinite(curves.explained).all(axis=1)]
    if not len(known):
        return float("nan"), float("nan")
    first, second = known.mean(axis=0).tolist()
    return first, first + second


NUMBERS: tuple[tuple[str, str, Number], ...] = (
    (
        "PC 1 of the complement",
        "λ₁/Σλ of the variance across the displacement, mean over the samples. It depends on how the levels are "
        "spaced; a random walk has 30 % and more.",
        lambda curves, _: _percent(shares(curves)[0]),
    ),
    ("PC 1 and PC 2", "(λ₁ + λ₂)/Σλ, of the complement too", lambda curves, _: _percent(shares(curves)[1])),
    (
        "Residual to the mean",
        "Root mean square of ‖A O − R‖/‖R‖ over the samples: A the coordinates in PC 1 and PC 2, O what may be turned, "
        "R the mean of the turned curves at their root mean square size",
        lambda _, shape: _size(shape.residual),
    ),
    (
        "… at equal size",
        "The same after every curve was scaled to one ‖A‖",
        lambda _, shape: _size(shape.equal_residual),
    ),
    ("Spread of sizes", "Standard deviation of ‖A‖ over its mean", lambda _, shape: _percent(shape.spread)),
    (
        "Reflections",
        "How many curves are mirrored onto the mean, det O = −1. A component's sign is arbitrary, so this says nothing "
        "of the trajectories",
        lambda _, shape: f"{shape.reflections:,} of {len(shape.sizes):,}",
    ),
)
COUNT = len(NUMBERS) + 2
TO_GAUSSIAN, SCALE = "To the Gaussian's mean", "… after the scale"
TO_GAUSSIAN_TIP = (
    "min over O and s of ‖s G O − R‖/‖R‖ and the scale s: R the mean shape, G that of the Gaussian from the same "
    "noise. Press Gaussian to compute it. Where it is small, the covariance of the data alone draws this shape."
)


def rows_of(space: Space, shown: Mapping[Control, ControlSpace], turns: Turns) -> tuple[NumberRow, ...]:
    """Every number of the run and of the controls that are shown."""
    all_of_them = [(space.curves.sampling, space.shapes[turns])]
    all_of_them += [(control.curves, control.shapes[turns]) for control in shown.values()]
    rows = [
        NumberRow(title=title, tip=tip, values=tuple(number(*each) for each in all_of_them))
        for title, tip, number in NUMBERS
    ]
    gaussian = None if "gaussian" not in shown else shown["gaussian"].shapes[turns].alignment.mean
    found = [_to_gaussian(shape.alignment.mean, gaussian) for _, shape in all_of_them]
    for title, values in zip((TO_GAUSSIAN, SCALE), zip(*found, strict=True), strict=True):
        rows.append(NumberRow(title=title, tip=TO_GAUSSIAN_TIP, values=values))
    return tuple(rows)


def _to_gaussian(mean: Array, gaussian: Array | None) -> tuple[str, str]:
    if gaussian is None:
        return NONE, NONE
    if mean is gaussian:
        return "itself", "1"
    distance, scale = shape_distance(mean, gaussian)
    return _percent(distance), fixed(scale, 3)
