"""Families of diffusion processes: one picture in σ, told with many clocks and scales.

Each family noises x_0 to z = m(t) x_0 + b(t) ε, ε ~ N(0, I). With σ = b/m and x = z/m all of them follow the one
probability-flow ODE dx/dσ = (x − D)/σ, so x and D at equal σ are the same for all. What differs is the clock t(σ), the
scale m(t), and what Euler's steps in them cost. Reading the table loads no torch.
"""

from __future__ import annotations

from geomodel.families.error import FamilyError, errors
from geomodel.families.ode import Solved, nodes, path, solve, velocity
from geomodel.families.prior import Mismatch, mismatch
from geomodel.families.table import FAMILIES, FamilyRow, names, row, unit_of

__all__ = [
    "FAMILIES",
    "FamilyError",
    "FamilyRow",
    "Mismatch",
    "Solved",
    "errors",
    "mismatch",
    "names",
    "nodes",
    "path",
    "row",
    "solve",
    "unit_of",
    "velocity",
]
