"""How many steps a discrete sampler needs, by the theory of Li, Wei, Chi and Chen, on Gaussians where it is exact.

The numbers are those of `geomodel.pf_ode`.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from geomodel import pf_ode
from geomodel.experiments.literature.claim import Finding

if TYPE_CHECKING:
    from geomodel.experiments.literature.material import Material

VARIANCE = 0.25
TABLE = {100: 0.577, 200: 0.382, 400: 0.241, 800: 0.147, 1600: 0.0881, 3200: 0.0520}  # total variation at d = 16


def rates_vanish(material: Material) -> Finding:
    """ᾱ_T after 200 steps; all learning rates are below 1."""
    rates = pf_ode.learning_rates(200)
    return Finding(
        measured=float(np.prod(1 - rates)),
        expected=0.0,
        tolerance=1e-4,
        relation="at most",
        n=200,
        also=bool((rates < 1).all()),
        reason=f"The largest learning rate is {rates.max():.3g}.",
    )


def steps_needed(material: Material) -> Finding:
    """Total variation of the ODE's sampler on N(0, I/4) at d = 16, against the known table."""
    found = dict(zip(TABLE, pf_ode.total_variation(list(TABLE), 16, VARIANCE).tolist(), strict=True))
    errors = {steps: found[steps] / expected - 1 for steps, expected in TABLE.items()}
    return Finding(
        measured=max(map(abs, errors.values())),
        expected=0.0,
        tolerance=0.01,
        relation="at most",
        n=len(TABLE),
        reason=", ".join(f"T = {steps}: {value:.3g}" for steps, value in found.items()) + ".",
    )


def growth_in_dimension(material: Material) -> Finding:
    """The power of d with which the total variation grows at T = 3200, from 4 to 64 dimensions."""
    dimensions = np.array([4, 8, 16, 32, 64])
    values = pf_ode.total_variation(3200, dimensions, VARIANCE)
    return Finding(
        measured=float(np.polyfit(np.log(dimensions), np.log(values), 1)[0]),
        expected=0.5,
        tolerance=0.03,
        n=len(dimensions),
        reason="The bound grows like d; an isotropic target stays below it with √d.",
    )


def noise_helps(material: Material) -> Finding:
    """Total variation of the SDE's sampler over that of the ODE's, the least favourable of T = 100 … 3200 at d = 16."""
    plain, noisy = (pf_ode.total_variation(list(TABLE), 16, VARIANCE, sampler=sampler) for sampler in pf_ode.SAMPLERS)
    ratios = (noisy / plain).tolist()
    return Finding(
        measured=max(ratios),
        expected=0.2,
        tolerance=0.03,
        relation="at most",
        n=len(ratios),
        reason=f"From {min(ratios):.3g} to {max(ratios):.3g}: five to eight times below the ODE's.",
    )


def rough_scores(material: Material) -> Finding:
    """Total variation for score errors of the same size and rising frequency."""
    material.report(0.0)
    frequencies = (1.0, 3.0, 10.0, 30.0)
    found = [pf_ode.oscillating(frequency).total_variation for frequency in (0.0, *frequencies)]
    rises = all(before < after for before, after in pairwise(found))
    return Finding(
        measured=found[-1],
        expected=0.987,
        tolerance=0.01,
        n=len(found),
        reason=f"No error {found[0]:.3g}; " + ", ".join(
            f"frequency {frequency:g}: {value:.3g}" for frequency, value in zip(frequencies, found[1:], strict=True)
        ) + ". The mean square error is the same, its Jacobian is not.",
        also=rises,
    )  # fmt: skip
