"""Commitment: from which noise level on a sample's class is decided, measured by going back up and down again."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel import schedules
from geomodel.arrays import Array, Floats, Integers, plain
from geomodel.collapse import neighbours_and_classes
from geomodel.experiments.exact import distances
from geomodel.experiments.progress import Progress, watched
from geomodel.experiments.votes import Classify
from geomodel.formulas import Levels

if TYPE_CHECKING:
    from geomodel.denoisers.optimal import OptimalDenoiser


@dataclass(frozen=True, slots=True, eq=False)
class Commitment:
    """How far each noise level still lets a sample turn into another one, as `commitment` measures it.

    Attributes:
        sigmas: (L,), in the order in which they were given.
        same: (L,): the share of all ends and draws that came back to the class of their end.
        error: (L,): its standard error, from the spread of the ends' own shares; NaN for one end.
        chance: (L,): the control, the share that would be the same if the classes that came back were dealt out at
            random to the other ends; NaN for one end.
        distance: (L,): the mean of ‖end − what came back‖, in data units.
        shares: (L, B): the share of each end's draws that came back to its class.
        returned: (L, B, draws, *shape): what came back.
        classes: (B,) of the ends; returned_classes: (L, B, draws).
    """

    sigmas: Levels
    same: Floats
    error: Floats
    chance: Floats
    distance: Floats
    shares: Floats
    returned: Array
    classes: Integers
    returned_classes: Integers


def commitment(
    model: Any,
    ends: ArrayLike,
    sigmas: ArrayLike,
    *,
    draws: int = 8,
    steps: int = 12,
    classify: Classify,
    seed: int = 0,
    sigma_min: float = 0.002,
    labels: Any = None,
    progress: Progress | None = None,
) -> Commitment:
    """The share of samples that keep their class when they are noised to σ and denoised again.

        x = end + σz,  z ~ N(0, I),  down the ODE to σ_min and to D there:  same = P(class of what comes back = its own)

    From large σ anything comes back, so that `same` is at `chance`; from small σ nothing can change. Where the curve
    rises between the two, the class is decided. For a symmetric pair of points ±m it is Φ(‖m‖/σ).

    Args:
        model: any denoiser, called as `geomodel.sample` calls it.
        ends: (B, *shape), clean samples, such as the last x of a run.
        sigmas: (L,), levels to go back to, above 0, in any order.
        draws: how many z each end has. They are the same z at every level, so that the curve is smooth in σ.
        steps: of Heun on Karras levels (ρ = 7) from σ to sigma_min, and then to D: 2 steps − 1 evaluations.
        classify: gives the class of samples (m, *shape), whole numbers (m,), such as `nearest_classes(points, labels)`.
            −1 is no class, and no class is never the same.
        seed: of z; the draws of an end depend on the seed and its place among the ends alone.
        sigma_min: from which the last step goes to D. A level at or under it takes one step, to D.
        labels: (B,) the classes that the model is asked for, or None.
        progress: progress(index of the level, its share done) is called before every evaluation; an exception from it
            cancels.

    Raises:
        ValueError: there are no ends, levels or draws, a level is not above 0, or `classify` does not give one whole
            number for each sample. Also what `geomodel.sample` raises.

    Source: U-turns of diffusion models: Sclocchi, Favero and Wyart 2024 (arXiv 2402.16991); the level at which classes
    part: Biroli et al. 2024 (arXiv 2402.18491).
    """
    from geomodel.sampling import sample

    levels, clean = _checked(ends, sigmas, draws)
    classes = _classified(classify, clean)
    kept = None if labels is None else np.repeat(np.asarray(plain(labels)), draws)
    returned = np.zeros((len(levels), len(clean), draws, *clean.shape[1:]))
    for index, sigma in enumerate(levels.tolist()):
        down = [sigma, 0.0]
        if sigma > sigma_min and steps > 1:
            down = schedules.karras(steps, sigma_min, sigma, final_zero=True).tolist()
        x = noised(clean, sigma, draws, seed).reshape(-1, *clean.shape[1:])
        told = watched(model, np.asarray(down), index, progress)
        returned[index].reshape(x.shape)[:] = sample(
            told, x, down, solver="heun", labels=kept, display="off", record="float64"
        ).x[-1]
    flat = returned.reshape(-1, *clean.shape[1:])
    found = _classified(classify, flat).reshape(returned.shape[:3])
    agree = (found == classes[:, None]) & (classes[:, None] >= 0)
    shares = agree.mean(axis=2)
    apart = distances(returned.reshape(len(levels), -1, *clean.shape[1:]), np.repeat(clean, draws, axis=0))
    return Commitment(
        sigmas=levels,
        same=shares.mean(axis=1),
        error=_error(shares),
        chance=_chance(classes, found, agree),
        distance=apart.mean(axis=1),
        shares=shares,
        returned=returned,
        classes=classes,
        returned_classes=found,
    )


def class_commitment(
    optimal: OptimalDenoiser,
    of_points: ArrayLike,
    ends: ArrayLike,
    classes: ArrayLike,
    sigmas: ArrayLike,
    *,
    draws: int = 8,
    seed: int = 0,
    progress: Progress | None = None,
) -> Floats:
    """What the data themselves say of `commitment`: the posterior of an end's own class at its noised points, (L,).

        mean over ends and draws of p(c(end) | x_σ = end + σz) = Σ of the weights of D* over the data of that class

    It is the share that would come back to the class if what came back were drawn from the posterior p(x_0 | x_σ), and
    takes no run at all. optimal: D* of the data; of_points: (N,) their classes; ends, sigmas, draws and seed as given
    to `commitment`, whose noise it has; classes: (B,) of the ends. An end of class −1 counts as 0, as there. Raises
    ValueError as `commitment` and `class_posterior` do.
    """
    levels, clean = _checked(ends, sigmas, draws)
    own = np.repeat(np.asarray(classes, np.int64), draws)
    shares = np.zeros(len(levels))
    for index, sigma in enumerate(levels.tolist()):
        if progress is not None:
            progress(index, 0.0)
        x = noised(clean, sigma, draws, seed).reshape(-1, *clean.shape[1:])
        posterior = neighbours_and_classes(optimal, x, sigma, of_points)[1]
        assert posterior is not None
        known = (own >= 0) & (own < posterior.shape[1])
        shares[index] = posterior[known, own[known]].sum() / len(own)
    return shares


def noised(ends: ArrayLike, sigma: float, draws: int, seed: int = 0) -> Floats:
    """end + σz: (B, draws, *shape). The z of an end depend on the seed and its index alone, not on σ."""
    clean = np.asarray(plain(ends), np.float64)
    z = [np.random.default_rng([seed, at]).standard_normal((draws, *clean.shape[1:])) for at in range(len(clean))]
    return clean[:, None] + sigma * np.stack(z)


def _checked(ends: ArrayLike, sigmas: ArrayLike, draws: int) -> tuple[Levels, Floats]:
    levels, clean = np.asarray(plain(sigmas), np.float64), np.asarray(plain(ends), np.float64)
    if levels.ndim != 1 or not len(levels) or not (np.isfinite(levels) & (levels > 0)).all():
        raise ValueError(f"A sample goes back to noise levels above 0; got {levels.tolist()}.")
    if clean.ndim < 2 or not len(clean):
        raise ValueError(f"The ends are (B, *shape), one row a sample; got {clean.shape}.")
    if draws < 1:
        raise ValueError(f"Each end needs at least one draw; got {draws}.")
    return levels, clean


def _classified(classify: Classify, x: Array) -> Integers:
    found = np.asarray(classify(x))
    if found.shape != (len(x),) or found.dtype.kind not in "iu":
        raise ValueError(f"classify gave {found.dtype} {found.shape}; expected {len(x)} whole numbers, one a sample.")
    return found.astype(np.int64)


def _error(shares: Floats) -> Floats:
    count = shares.shape[1]
    if count < 2:
        return np.full(len(shares), math.nan)
    return np.asarray(shares.std(axis=1, ddof=1) / math.sqrt(count))


def _chance(classes: Integers, found: Integers, agree: Array) -> Floats:
    """The share of pairs (an end, what came back from another end) whose classes are the same, (L,)."""
    count, draws = found.shape[1:]
    if count < 2:
        return np.full(len(found), math.nan)
    known = classes[classes >= 0]
    sizes = np.bincount(known, minlength=max(int(found.max(initial=0)) + 1, 1))
    pairs = np.where(found >= 0, sizes[np.maximum(found, 0)], 0).sum(axis=(1, 2)) - agree.sum(axis=(1, 2))
    return np.asarray(pairs / (count * (count - 1) * draws))
