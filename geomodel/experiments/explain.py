"""Which theory predicts what a network does, level by level."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from geomodel.arrays import Array, Floats, Integers, plain
from geomodel.experiments.progress import Progress
from geomodel.formulas import Levels


@dataclass(frozen=True, slots=True, eq=False)
class Explained:
    """How well each theory predicts a model, as `explain` measures it.

    Attributes:
        names: of the T theories, in the order in which they were given.
        sigmas: (L,), as given.
        r2: (T, L): the explained share. 1 is the model itself, 0 what the data mean explains, below 0 is worse.
        median: (T, L): the median of each sample's own share, which few samples cannot move.
        distance: (T, L): the mean of ‖D_θ − D_m‖ over the samples, in data units.
        best: (L,): the name of the theory of largest r2.
        wins: (T, L): of how many samples the theory is the nearest; ties go to the first.
        itself: (L,): r2 of x itself as a prediction, the floor of every theory at small σ.
        errors: (T, L, B): ‖D_θ − D_m‖ of each sample, so that theories can be compared in pairs.
    """

    names: tuple[str, ...]
    sigmas: Levels
    r2: Floats
    median: Floats
    distance: Floats
    best: tuple[str, ...]
    wins: Integers
    itself: Floats
    errors: Floats


def explain(
    model: Any,
    theories: Mapping[str, Any],
    x: ArrayLike,
    sigmas: ArrayLike,
    mean: ArrayLike,
    *,
    labels: Any = None,
    progress: Progress | None = None,
) -> Explained:
    """The share of a model's denoising that each theory explains.

        R²(σ) = 1 − Σ_b ‖D_θ(x_b; σ) − D_m(x_b; σ)‖² / Σ_b ‖D_θ(x_b; σ) − ȳ‖²

    pooled over the samples, so that those far from the mean count most. A few samples of which a theory ends in another
    class decide the pooled number; `wins` counts the samples one by one.

    Args:
        model: the denoiser that is explained, called as `geomodel.sample` calls it.
        theories: name → denoiser of the same shape.
        x: (L, B, *shape): at each level the samples at which all are asked, such as the levels of a run or noisy data.
        sigmas: (L,), above 0.
        mean: ȳ (*shape), the mean of the data.
        labels: (B,) the classes that all are asked for, or None.
        progress: progress(number of the theory, share of its levels done) is called before every evaluation, with −1
            for the model; an exception from it cancels.

    Raises:
        ValueError: there is no theory, no level or no sample, or shapes do not fit.

    Source: the comparison of arXiv 2412.20292 and 2509.09672, which pool over pixels and samples likewise.
    """
    points, levels, centre = np.asarray(plain(x)), np.asarray(plain(sigmas), np.float64), np.asarray(plain(mean))
    if not theories:
        raise ValueError("There is no theory to compare with.")
    if levels.ndim != 1 or points.ndim < 3 or len(points) != len(levels) or 0 in points.shape:
        raise ValueError(f"x has the shape {points.shape} for {levels.size} levels; expected (levels, samples, ...).")
    if centre.shape != points.shape[2:]:
        raise ValueError(f"mean has the shape {centre.shape}; the samples have {points.shape[2:]}.")
    if not (levels > 0).all():
        raise ValueError("Theories are compared at noise levels above 0.")

    def asked(denoiser: Any, lane: int) -> Array:
        found = []
        for at, sigma in enumerate(levels.tolist()):
            if progress is not None:
                progress(lane, at / len(levels))
            answer = denoiser(points[at], sigma) if labels is None else denoiser(points[at], sigma, labels)
            found.append(np.asarray(plain(answer), np.float64).reshape(points.shape[1], -1))
        return np.stack(found)

    target = asked(model, -1)
    guesses = np.stack([asked(theory, lane) for lane, theory in enumerate(theories.values())])
    return explained_of(tuple(theories), levels, target, guesses, points, centre)


def explained_of(
    names: tuple[str, ...], sigmas: Levels, target: Array, guesses: Array, x: Array, mean: Array
) -> Explained:
    """The same from answers that are known: target D_θ and x (L, B, *shape), guesses (T, L, B, *shape), mean (*shape).

    Formula and source: `explain`.
    """
    flat = np.asarray(target, np.float64).reshape(*target.shape[:2], -1)
    scales = np.square(flat - np.reshape(mean, -1)).sum(axis=2)
    squares = np.stack([np.square(flat - np.reshape(guess, flat.shape)).sum(axis=2) for guess in guesses])
    own = np.square(flat - np.reshape(x, flat.shape)).sum(axis=(1, 2))
    with np.errstate(divide="ignore", invalid="ignore"):  # a model that always gives the mean leaves nothing to explain
        r2, itself = 1 - squares.sum(axis=2) / scales.sum(axis=1), 1 - own / scales.sum(axis=1)
        median = np.median(1 - squares / scales, axis=2)
    nearest = squares.argmin(axis=0)
    return Explained(
        names=names,
        sigmas=sigmas,
        r2=r2,
        median=median,
        distance=np.sqrt(squares).mean(axis=2),
        best=tuple(names[at] for at in squares.sum(axis=2).argmin(axis=0)),
        wins=np.stack([(nearest == number).sum(axis=1) for number in range(len(names))]),
        itself=itself,
        errors=np.sqrt(squares),
    )
