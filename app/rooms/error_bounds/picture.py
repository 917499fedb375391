"""Makes the step bounds view's picture from the places of the sliders. Pure functions."""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache

import numpy as np

from app.rooms.error_bounds.dials import D_STOPS, T_STOPS
from app.rooms.error_bounds.pictures import BoundsPicture, Chosen
from geomodel.arrays import Array
from geomodel.pf_ode import SAMPLERS, Oscillation, Sampler, bound_shape, oscillating, slopes, total_variation


@lru_cache(8)
def grid(variance: float, score_error: float, sampler: Sampler) -> Array:
    """The distance at all stops, (T, D)."""
    found = total_variation(T_STOPS[:, None], D_STOPS[None], variance, score_error=score_error, sampler=sampler)
    found.flags.writeable = False
    return found


def picture_of(chosen: Chosen, known: Mapping[float, Oscillation]) -> BoundsPicture:
    """The picture of these places. known: the frequencies that have been computed, 0 and the chosen one among them."""
    ode, sde = (grid(chosen.variance, chosen.score_error, sampler) for sampler in SAMPLERS)
    row, column = int(np.argmin(np.abs(T_STOPS - chosen.steps))), int(np.argmin(np.abs(D_STOPS - chosen.dimension)))
    in_steps, in_dimension = bound_shape(T_STOPS, chosen.dimension), bound_shape(chosen.steps, D_STOPS)
    swept = sorted((frequency, found.total_variation) for frequency, found in known.items() if frequency)
    return BoundsPicture(
        chosen=chosen,
        ode=ode,
        sde=sde,
        in_steps=in_steps * ode[0, column] / in_steps[0],
        in_dimension=in_dimension * ode[row, 0] / in_dimension[0],
        slopes=(*(_slopes(chosen, sampler) for sampler in SAMPLERS), bound_slopes(chosen)),
        oscillation=known[chosen.frequency],
        without=known[0.0].total_variation,
        swept=np.array(swept).reshape(-1, 2),
    )


def _slopes(chosen: Chosen, sampler: Sampler) -> tuple[float, float]:
    return slopes(chosen.steps, chosen.dimension, chosen.variance, score_error=chosen.score_error, sampler=sampler)


def bound_slopes(chosen: Chosen) -> tuple[float, float]:
    """The slopes of the ODE's bound between the same places as those of `slopes`."""
    low, high = bound_shape([chosen.steps // 2, 2 * chosen.steps], chosen.dimension).tolist()
    return math.log(high / low) / math.log(2 * chosen.steps / (chosen.steps // 2)), 1.0


def computed(frequency: float) -> Oscillation:
    """What the sampler makes of one frequency."""
    return oscillating(frequency)
