"""What a family's prior ignores: the data that are left at its last time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import plain
from geomodel.families.table import row


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The law of z at a time beside N(0, prior² I), from which sampling starts.

    Attributes:
        spread: the deviation of z along the direction in which the data vary most, √(m² Λ + b²).
        prior: that of the family's prior or, at another time than the last, b: of the noise alone.
        shift: ‖E z‖ in units of the prior's deviation, m ‖E x_0 − c‖/prior.
    """

    spread: float
    prior: float
    shift: float

    @property
    def ratio(self) -> float:
        """How much wider than the prior z is; 1 where the prior ignores nothing."""
        return self.spread / self.prior


def mismatch(
    name: str, deviation: float, offset: ArrayLike = 0.0, *, sigma: float | None = None, unit: float = 1.0
) -> Mismatch:
    """What a start from noise ignores of the data.

    z = m x_0 + b ε has the variance m² Λ + b² along the direction of the data's largest variance Λ, and the mean
    m E x_0. At the family's last time the start has prior² and 0. At a σ before that it has b² and 0, so that the ratio
    is √(Λ + σ²)/σ in every family.

    deviation: √Λ in data units; offset: E x_0 − c (*shape) with c the center of the process; sigma: where a run starts,
    None for the last time; unit: as in `path`. ValueError for an unknown family, a negative deviation, or a σ that is 0
    or outside the family.
    """
    family = row(name)
    if not deviation >= 0:
        raise ValueError(f"The deviation of data is 0 or more; got {deviation:g}.")
    if sigma is not None and not sigma > 0:
        raise ValueError(f"A run starts at a noise level above 0; got {sigma:g}.")
    t = family.last if sigma is None else family.time(sigma / unit)
    mean, noise = family.mean(t), family.deviation(t)
    prior = family.prior if sigma is None else noise
    away = float(np.linalg.norm(np.asarray(plain(offset), np.float64))) / unit
    return Mismatch(float(np.hypot(mean * deviation / unit, noise)), prior, mean * away / prior)
