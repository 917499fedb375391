"""What a family's prior ignores: the data that are left at its last time."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import plain
from geomodel.families.table import row


@dataclass(frozen=True, slots=True)
class Mismatch:
    """The law of z at the last time beside the prior N(0, prior² I), from which sampling starts.

    Attributes:
        spread: the deviation of z along the direction in which the data vary most, √(m² Λ + b²).
        prior: the deviation of the prior.
        shift: ‖E z‖ in units of the prior's deviation, m ‖E x_0 − c‖/prior.
    """

    spread: float
    prior: float
    shift: float

    @property
    def ratio(self) -> float:
        """How much wider than the prior z is; 1 where the prior ignores nothing."""
        return self.spread / self.prior


def mismatch(name: str, deviation: float, offset: ArrayLike = 0.0, *, unit: float = 1.0) -> Mismatch:
    """What the prior of a family ignores of data, at the family's last time T.

    z = m(T) x_0 + b(T) ε has the variance m² Λ + b² along the direction of the data's largest variance Λ and the mean
    m E x_0, where the prior has prior² and 0.

    deviation: √Λ in data units; offset: E x_0 − c (*shape) with c the center of the process; unit: as in `path`.
    ValueError for an unknown family or a negative deviation.
    """
    family = row(name)
    if not deviation >= 0:
        raise ValueError(f"The deviation of data is 0 or more; got {deviation:g}.")
    mean, noise = family.mean(family.last), family.deviation(family.last)
    away = float(np.linalg.norm(np.asarray(plain(offset), np.float64))) / unit
    return Mismatch(float(np.hypot(mean * deviation / unit, noise)), family.prior, mean * away / family.prior)
