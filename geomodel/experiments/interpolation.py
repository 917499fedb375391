"""Where interpolated latents lead: runs from the points between two starts, in three ways."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import schedules, solvers
from geomodel.arrays import Array, Floats, plain
from geomodel.experiments.progress import Progress, watched
from geomodel.interpolation import KINDS, between

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser


@dataclass(frozen=True, slots=True, eq=False)
class Interpolated:
    """Ends of runs from interpolated latents, one row for each of `KINDS` and one column for each amount.

    amounts (A,); norms (3, A): ‖z‖/√d of the latents, which is near 1 for noise in many dimensions; ends (3, A,
    *shape): x_0; away (3, A): ‖x_0 − mean‖; nearest (3, A): the distance of x_0 to the nearest data, NaN where no data
    were given. An end is NaN where its way is (see `interpolation.between`).
    """

    amounts: Floats
    norms: Floats
    ends: Array
    away: Floats
    nearest: Floats


def interpolate(
    model: Any,
    z1: ArrayLike,
    z2: ArrayLike,
    amounts: ArrayLike,
    sigmas: ArrayLike,
    *,
    solver: str = "heun",
    options: Mapping[str, Any] | None = None,
    jump_at: int | None = None,
    center: ArrayLike = 0.0,
    mean: ArrayLike | None = None,
    labels: Any = None,
    optimal: OptimalDenoiser | None = None,
    data_labels: Any = None,
    progress: Progress | None = None,
) -> Interpolated:
    """Runs from center + σ_max z(a), z(a) between z1 and z2 in each of three ways, for each amount.

    model: any denoiser; z1, z2 (*shape): draws from N(0, I); amounts (A,) from 0 to 1; sigmas, solver, options,
    jump_at: of `geomodel.sample`, without noise of its own, because an end should be a function of its latent alone.
    center, mean (*shape): where the start lies, and from where the ends are measured (None: the centre). labels: one
    class for all, an integer, or None. optimal, data_labels: D* of the data in which the nearest are looked for.
    progress(0, share done) is called before every evaluation; an exception from it cancels.

    Raises ValueError for a stochastic solver or no amount, and what `between` and `geomodel.sample` raise.
    Source: A Geometric Perspective on Diffusion Models, arXiv 2305.19947, latent interpolation.
    """
    from geomodel.sampling import sample

    if solvers.row(solver).stochastic:
        raise ValueError(f"{solver} draws noise of its own, so that its end is no function of the latent alone.")
    shares = np.atleast_1d(np.asarray(plain(amounts), np.float64))
    if shares.ndim != 1 or not len(shares):
        raise ValueError(f"Amounts are numbers from 0 to 1; got an array of shape {shares.shape}.")
    latents = np.stack([between(z1, z2, shares, kind) for kind in KINDS])
    shape, levels = latents.shape[2:], schedules.custom(sigmas)
    flat = latents.reshape(-1, *shape)
    known = np.isfinite(flat.reshape(len(flat), -1)).all(axis=1)
    ends = np.full(flat.shape, math.nan)
    nearest = np.full(len(flat), math.nan)
    if known.any():
        start = np.asarray(plain(center), np.float64) + levels[0] * flat[known]
        run = sample(
            watched(model, levels, 0, progress),
            start,
            levels,
            solver=solver,
            labels=None if labels is None else np.full(len(start), labels, np.int64),
            display="off",
            record="float64",
            jump_at=jump_at,
            **dict(options or {}),
        )
        ends[known] = run.x[-1]
        if optimal is not None:
            nearest[known] = _nearest(optimal, run.x[-1], data_labels)
    origin = np.asarray(plain(center if mean is None else mean), np.float64)
    ends = ends.reshape(latents.shape)
    return Interpolated(
        amounts=shares,
        norms=_norms(latents) / math.sqrt(math.prod(shape)),
        ends=ends,
        away=_norms(ends - origin),
        nearest=nearest.reshape(len(KINDS), -1),
    )


def _nearest(optimal: OptimalDenoiser, x: Array, label: int | None) -> Floats:
    from geomodel.annealing import nearest_data

    rows = x.reshape(len(x), -1)
    found, whole = np.full(len(x), math.nan), np.isfinite(rows).all(axis=1)
    if whole.any():
        labels = None if label is None else np.full(int(whole.sum()), label, np.int64)
        data = np.asarray(optimal.points[nearest_data(optimal, x[whole], labels)], np.float64)
        found[whole] = np.linalg.norm(rows[whole] - data, axis=1)
    return found


def _norms(x: Array) -> Floats:
    """Norms of x (K, A, *shape) over all axes after the first two."""
    return np.asarray(np.linalg.norm(x.reshape(*x.shape[:2], -1), axis=2))
